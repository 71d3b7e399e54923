"""A workflow file as definitions: read, checked as GitHub checks it, and taken apart with the line of everything that runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from pypi_runbook.project.yaml import item_line, line_of, plain, read_yaml
from pypi_runbook.rehearsal.definition import JobDefinition, StepDefinition, WorkflowDefinition
from pypi_runbook.rehearsal.grammar import PERMISSIONS
from pypi_runbook.rehearsal.running import wrong
from pypi_runbook.rehearsal.validation import not_valid, validate


def read_workflow(path: Path, root: Path) -> WorkflowDefinition:
    """Return the workflow in PATH, below ROOT; RunbookError `invalid-workflow` with GitHub's words, file and line when GitHub would not start it."""
    file = path.relative_to(root).as_posix()
    try:
        data = read_yaml(path, root)
    except RecursionError as error:
        raise not_valid(file, 1, 1, "Maximum object depth exceeded") from error
    validate(data, file)
    return _Reader(data, file).workflow()


class _Reader:
    """Takes a valid file apart."""

    def __init__(self, data: CommentedMap, file: str) -> None:
        self.data = data
        self.file = file

    def workflow(self) -> WorkflowDefinition:
        _whole(self.data, self.file, "env")
        on = self.data["on"]
        events = on if isinstance(on, CommentedMap) else dict.fromkeys(texts(on))
        triggers = {str(event): _trigger(filters) for event, filters in events.items()}
        lines = {event: line_of(on, event) if isinstance(on, CommentedMap) else line_of(self.data, "on") for event in triggers}
        jobs = [self.job(str(id_), body, line_of(self.data["jobs"], id_)) for id_, body in self.data["jobs"].items()]
        return WorkflowDefinition(
            file=self.file,
            name=plain(self.data.get("name")) or self.file,
            triggers=triggers,
            jobs=jobs,
            concurrency=_group(self.data.get("concurrency")),
            lines=lines,
        )

    def job(self, id_: str, body: CommentedMap, line: int) -> JobDefinition:
        _whole(body, self.file, "env", "strategy", "services")
        run = _table(self.data, "defaults", "run") | _table(body, "defaults", "run")
        environment = body.get("environment")
        named = environment if isinstance(environment, CommentedMap) else {"name": environment}
        container = body.get("container")
        image = container.get("image") if isinstance(container, CommentedMap) else container
        steps = body.get("steps") or CommentedSeq()
        given = body.get("secrets")
        return JobDefinition(
            file=self.file,
            line=line,
            id=id_,
            name=_text(body, "name"),
            needs=texts(body.get("needs")),
            condition=_text(body, "if"),
            permissions=_permissions(body["permissions"] if "permissions" in body else self.data.get("permissions")),
            environment=plain(named.get("name")) or None,
            environment_url=plain(named.get("url")) or None,
            env=_strings(self.data.get("env")) | _strings(body.get("env")),
            shell=_text(run, "shell"),
            working_directory=_text(run, "working-directory"),
            outputs=_strings(body.get("outputs")),
            strategy=_strategy(body.get("strategy")),
            steps=[self.step(each, item_line(steps, number)) for number, each in enumerate(steps)],
            continue_on_error=plain(body.get("continue-on-error")),
            timeout_minutes=plain(body.get("timeout-minutes")),
            runs_on=_runner(body.get("runs-on")),
            container=plain(image),
            services=[str(name) for name in body.get("services") or ()],
            calls=_text(body, "uses"),
            inputs=_plain(body.get("with")) or {},
            secrets=given if isinstance(given, str) else _strings(given),
            concurrency=_group(body.get("concurrency")),
        )

    def step(self, body: CommentedMap, line: int) -> StepDefinition:
        _whole(body, self.file, "env", "with")
        return StepDefinition(
            file=self.file,
            line=line,
            id=_text(body, "id"),
            name=_text(body, "name"),
            condition=_text(body, "if"),
            uses=_text(body, "uses"),
            run=_text(body, "run"),
            inputs=_strings(body.get("with")),
            env=_strings(body.get("env")),
            shell=_text(body, "shell"),
            working_directory=_text(body, "working-directory"),
            continue_on_error=plain(body.get("continue-on-error")),
            timeout_minutes=plain(body.get("timeout-minutes")),
        )


def texts(value: Any) -> list[str]:
    """Return VALUE, one scalar or a list of them, as strings."""
    if value is None:
        return []
    return [plain(each) for each in value] if isinstance(value, list) else [plain(value)]


def _text(table: Any, key: str) -> str | None:
    """Return the scalar KEY as a string; None where it is absent."""
    return plain(table[key]) if key in table else None


def _strings(table: Any) -> dict[str, str]:
    return {str(key): plain(value) for key, value in table.items()} if isinstance(table, dict) else {}


def _whole(body: CommentedMap, file: str, *keys: str) -> None:
    """Raise for a mapping of BODY below one of KEYS that is a single expression: GitHub takes it, and a rehearsal does not."""
    for key in keys:
        if isinstance(body.get(key), str):
            message = f"`{key}` is one expression here, and a rehearsal reads mappings only"
            raise wrong(message, file, line_of(body, key), next=f"write the keys of `{key}` out")


def _table(data: Any, *keys: str) -> dict[str, Any]:
    """Return the mapping below KEYS, empty where there is none."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return dict(data) if isinstance(data, dict) else {}


def _permissions(value: Any) -> dict[str, str] | None:
    """Return what a token may do, the two short forms spelled out."""
    if isinstance(value, str):
        level = value.removesuffix("-all")
        return {name: level for name, levels in PERMISSIONS.items() if level in levels}
    return _strings(value) if value is not None else None


def _runner(value: Any) -> str:
    """Return `runs-on`, which may be a list or a mapping, as one text."""
    return ", ".join(texts(value.get("labels") or value.get("group")) if isinstance(value, dict) else texts(value))


def _group(value: Any) -> str:
    """Return the group of `concurrency`."""
    return plain(value.get("group") if isinstance(value, dict) else value)


def _trigger(filters: Any) -> dict[str, Any]:
    """Return the filters of an event; `schedule` is a list."""
    return _table(_plain(filters)) if isinstance(filters, dict) else {"schedule": _plain(filters)} if filters else {}


def _strategy(value: Any) -> dict[str, Any]:
    plain_ = _plain(value)
    return plain_ if isinstance(plain_, dict) else {}


def _plain(value: Any) -> Any:
    """Return VALUE without what the YAML reader remembers about its lines; what GitHub's language has no type for becomes a string."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return float(value) if isinstance(value, float) else int(value)
    return str(value)
