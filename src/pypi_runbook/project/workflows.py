"""GitHub's workflow files: triggers, jobs and steps, with their lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.expressions import Scope, is_expression
from pypi_runbook.project.facts import Job, Step, Trigger, Unknown, Workflow
from pypi_runbook.project.publishing import find_uploads
from pypi_runbook.project.text import read_text
from pypi_runbook.project.yaml import item_line, last_line, line_of, plain, read_yaml

FOLDER = Path(".github/workflows")


def read_workflows(root: Path) -> tuple[list[Workflow], list[Unknown]]:
    """Return every workflow of ROOT, by file name, and what only a run can tell; raise RunbookError for a file that is no workflow."""
    unknown: list[Unknown] = []
    files = sorted(path for path in (root / FOLDER).glob("*") if path.suffix in (".yml", ".yaml") and path.is_file())
    workflows = [_WorkflowReader(path, root, f"workflows[{index}]", unknown).read() for index, path in enumerate(files)]
    return workflows, unknown


def strings(value: Any) -> list[str]:
    """Return VALUE as GitHub takes it where one string and a list of strings mean the same."""
    if value is None:
        return []
    return [plain(item) for item in value] if isinstance(value, list) else [plain(value)]


def mapping(value: Any) -> CommentedMap:
    """Return VALUE when it is a mapping, else an empty one."""
    return value if isinstance(value, CommentedMap) else CommentedMap()


def env_of(value: Any) -> dict[str, str]:
    """Return an `env:` or `with:` as strings; where the whole of it is an expression nothing is known."""
    return {str(key): plain(item) for key, item in mapping(value).items()}


class _WorkflowReader:
    """Reads one file; `unknown` collects what stands in it only as an expression."""

    def __init__(self, path: Path, root: Path, place: str, unknown: list[Unknown]) -> None:
        self.root = root
        self.file = path.relative_to(root).as_posix()
        self.place = place
        self.unknown = unknown
        self.lines = read_text(path, root).splitlines()
        self.data = read_yaml(path, root)

    def read(self) -> Workflow:
        if not isinstance(self.data, CommentedMap):
            raise self.wrong("a workflow must be a mapping", 1)
        jobs = self.data.get("jobs")
        if not isinstance(jobs, CommentedMap):
            raise self.wrong("a workflow needs `jobs:` with at least one job", line_of(self.data, "jobs") if "jobs" in self.data else 1)
        name = plain(self.data["name"]) if self.data.get("name") else self.file
        line = line_of(self.data, "name") if "name" in self.data else 1
        found = [self.job(jobs, job_id, index) for index, job_id in enumerate(jobs)]
        return Workflow(self.file, name, line, self.triggers(), found)

    def wrong(self, message: str, line: int) -> RunbookError:
        return RunbookError("malformed-workflow", message, file=self.file, line=line, next="correct the line, then run the command again")

    def triggers(self) -> list[Trigger]:
        """Return the events of `on:`, which is one name, a list of names, or a mapping."""
        on = self.data.get("on")
        if isinstance(on, CommentedMap):
            return [trigger(str(event), value) for event, value in on.items()]
        return [trigger(event, None) for event in strings(on)]

    def job(self, jobs: CommentedMap, job_id: Any, index: int) -> Job:
        body, line = jobs[job_id], line_of(jobs, job_id)
        if not isinstance(body, CommentedMap):
            raise self.wrong(f"job {job_id} must be a mapping", line)
        place = f"{self.place}.jobs[{index}]"
        scope = Scope.of(self.data, body)
        environment, url = self.environment(body.get("environment"), place, scope)
        id_token = self.id_token(body)
        steps = self.steps(body)
        uploads = find_uploads(steps, scope, self.root, trusted=id_token is not None)
        for number, upload in enumerate(uploads):
            if upload.index is None:
                self.unknown.append(Unknown(f"{place}.publishes[{number}].index", "the index is an expression that only a run can resolve"))
        return Job(
            id=str(job_id),
            name=plain(body.get("name") or job_id),
            line=line,
            end_line=last_line(self.lines, line, self.after(jobs, line)),
            needs=strings(body.get("needs")),
            environment=environment,
            environment_url=url,
            id_token=id_token,
            python_versions=self.pythons(steps, scope, place),
            publishes=uploads,
            steps=steps,
            condition=plain(body["if"]) if "if" in body else None,
            calls=plain(body["uses"]) if "uses" in body else None,
        )

    def after(self, siblings: CommentedMap, line: int) -> int:
        """Return the line of the next key after LINE, among SIBLINGS or the file's own keys; one past the end when there is none."""
        keys = [line_of(siblings, key) for key in siblings] + [line_of(self.data, key) for key in self.data]
        return min((number for number in keys if number > line), default=len(self.lines) + 1)

    def environment(self, value: Any, place: str, scope: Scope) -> tuple[str | None, str | None]:
        """Return name and URL of the job's environment, which is a name or a mapping."""
        table = value if isinstance(value, CommentedMap) else {"name": value}
        name = plain(table.get("name")) or None
        if name and is_expression(name):
            values = scope.values(name)
            if values is None or len(values) != 1:
                self.unknown.append(Unknown(f"{place}.environment", f"it is the expression {name}"))
                name = None
            else:
                name = values[0]
        return name, plain(table.get("url")) or None

    def id_token(self, body: CommentedMap) -> str | None:
        """Return where the job's permission to ask for an OIDC token is granted; a job's own `permissions` replace the workflow's."""
        if "permissions" in body:
            return "job" if grants_id_token(body["permissions"]) else None
        return "workflow" if grants_id_token(self.data.get("permissions")) else None

    def steps(self, body: CommentedMap) -> list[Step]:
        """Return the job's steps; the last line of each is the one before the next."""
        steps = body.get("steps")
        if not isinstance(steps, CommentedSeq) or not steps:
            return []
        starts = [item_line(steps, index) for index in range(len(steps))]
        ends = [*starts[1:], self.end_of_steps(body, starts[-1])]
        return [self.step(item, start, last_line(self.lines, start, end)) for item, start, end in zip(steps, starts, ends, strict=True)]

    def end_of_steps(self, body: CommentedMap, start: int) -> int:
        jobs = mapping(self.data.get("jobs"))
        return min(self.after(jobs, start), self.after(body, start))

    def step(self, item: Any, line: int, end_line: int) -> Step:
        if not isinstance(item, CommentedMap):
            raise self.wrong("a step must be a mapping", line)
        texts = {key: plain(item[key]) for key in ("name", "id", "uses", "run", "if", "shell", "working-directory") if item.get(key) is not None}
        return Step(
            name=texts.get("name"),
            id=texts.get("id"),
            uses=texts.get("uses"),
            run=texts.get("run"),
            inputs=env_of(item.get("with")),
            env=env_of(item.get("env")),
            condition=texts.get("if"),
            shell=texts.get("shell"),
            working_directory=texts.get("working-directory"),
            line=line,
            end_line=end_line,
        )

    def pythons(self, steps: list[Step], scope: Scope, place: str) -> list[str]:
        """Return the Python versions that the job's setup steps ask for, matrix values included."""
        found: list[str] = []
        for step in steps:
            if step.uses and step.uses.split("@")[0] in ("actions/setup-python", "astral-sh/setup-uv"):
                found += self.python_of(step, scope, place)
        return list(dict.fromkeys(found))

    def python_of(self, step: Step, scope: Scope, place: str) -> list[str]:
        wanted = [line.strip() for line in step.inputs.get("python-version", "").splitlines() if line.strip()]
        if not wanted and (file := step.inputs.get("python-version-file")):
            return self.python_file(file, place)
        resolved = [scope.values(version) for version in wanted]
        if None in resolved:
            self.unknown.append(Unknown(f"{place}.python_versions", f"it is the expression {' '.join(wanted)}"))
        return [version for versions in resolved for version in versions or []]

    def python_file(self, file: str, place: str) -> list[str]:
        path = self.root / file
        if path.is_file() and path.suffix != ".toml":
            return [line.strip() for line in read_text(path, self.root).splitlines() if line.strip() and not line.startswith("#")]
        self.unknown.append(Unknown(f"{place}.python_versions", f"the runner takes it from {file}"))
        return []


def jsonable(value: Any) -> Any:
    """Return an input's property as JSON can hold it."""
    if isinstance(value, list):
        return [jsonable(item) for item in value]
    return value if isinstance(value, bool | int | str) else plain(value)


def grants_id_token(permissions: Any) -> bool:
    """Tell whether PERMISSIONS let a job ask GitHub for an OIDC token."""
    return permissions == "write-all" or bool(mapping(permissions).get("id-token") == "write")


def trigger(event: str, value: Any) -> Trigger:
    """Return one event with its filters; `schedule` is a list of crons."""
    if isinstance(value, CommentedSeq):
        return Trigger(event, [], [], [], {}, [], [], [plain(item.get("cron")) for item in value if isinstance(item, CommentedMap)])
    table = mapping(value)
    inputs = {str(name): {str(key): jsonable(item) for key, item in mapping(body).items()} for name, body in mapping(table.get("inputs")).items()}
    types, branches, tags = (strings(table.get(key)) for key in ("types", "branches", "tags"))
    return Trigger(event, types, branches, tags, inputs, strings(table.get("branches-ignore")), strings(table.get("tags-ignore")), [])
