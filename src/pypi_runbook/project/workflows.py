"""GitHub's workflow files: triggers, jobs and steps, with their lines."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.callers import Call, Callers, id_token, local_file
from pypi_runbook.project.expressions import is_expression
from pypi_runbook.project.facts import Job, Publish, Step, Trigger, Unknown, Workflow
from pypi_runbook.project.publishing import Site
from pypi_runbook.project.repositories import configured
from pypi_runbook.project.text import is_file, read_text, text_of
from pypi_runbook.project.variants import Variant, environment, uploads, variants
from pypi_runbook.project.yaml import item_line, last_line, line_of, plain, read_yaml

FOLDER = Path(".github/workflows")
ONLY_A_RUN = "the index is an expression that only a run can resolve"


def read_workflows(root: Path) -> tuple[list[Workflow], list[Unknown]]:
    """Return every workflow of ROOT, by file name, and what only a run can tell; raise RunbookError for a file that is no workflow."""
    unknown: list[Unknown] = []
    readers = [_WorkflowReader(path, root, f"workflows[{index}]", unknown) for index, path in enumerate(workflow_files(root))]
    callers = Callers({reader.file: reader.data for reader in readers})
    site = Site(root, configured(root))
    return [reader.read(callers, site) for reader in readers], unknown


def workflow_files(root: Path) -> list[Path]:
    """Return the files that GitHub takes for workflows, by name; a folder or a pipe of such a name is none."""
    try:
        return sorted(path for path in (root / FOLDER).iterdir() if path.suffix in (".yml", ".yaml") and is_file(path))
    except OSError:
        return []


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
        self.keys: list[int] = []
        self.check()

    def check(self) -> None:
        """Raise RunbookError unless the file has what every workflow has."""
        if not isinstance(self.data, CommentedMap):
            raise self.wrong("a workflow must be a mapping", 1)
        if not isinstance(self.data.get("jobs"), CommentedMap):
            raise self.wrong("a workflow needs `jobs:` with at least one job", line_of(self.data, "jobs") if "jobs" in self.data else 1)

    def read(self, callers: Callers, site: Site) -> Workflow:
        jobs = self.data["jobs"]
        self.keys = sorted(line_of(table, key) for table in (self.data, jobs) for key in table)
        name = plain(self.data["name"]) if self.data.get("name") else self.file
        line = line_of(self.data, "name") if "name" in self.data else 1
        ways = callers.of(self.file)
        found = [self.job(jobs, job_id, f"{self.place}.jobs[{index}]", ways, site) for index, job_id in enumerate(jobs)]
        return Workflow(self.file, name, line, self.triggers(), found)

    def wrong(self, message: str, line: int) -> RunbookError:
        return RunbookError("malformed-workflow", message, file=self.file, line=line, next="correct the line, then run the command again")

    def triggers(self) -> list[Trigger]:
        """Return the events of `on:`, which is one name, a list of names, or a mapping."""
        on = self.data.get("on")
        if isinstance(on, CommentedMap):
            return [trigger(str(event), value) for event, value in on.items()]
        return [trigger(event, None) for event in strings(on)]

    def job(self, jobs: CommentedMap, job_id: Any, place: str, calls: list[Call], site: Site) -> Job:
        body, line = jobs[job_id], line_of(jobs, job_id)
        if not isinstance(body, CommentedMap):
            raise self.wrong(f"job {job_id} must be a mapping", line)
        ways = variants(self.data, body, calls)
        steps = self.steps(body)
        name, url = environment_of(body.get("environment"))
        runs_in = environment(name, ways)
        self.leave_open(f"{place}.environment", runs_in.reason)
        running = [way for way in ways if not way.given.never(plain(body["if"]) if "if" in body else None)]
        found = self.uploads(steps, name, running, site, line)
        for number, upload in enumerate(found):
            self.leave_open(f"{place}.publishes[{number}].index", None if upload.index else ONLY_A_RUN)
        self.leave_open(f"{place}.publishes", self.elsewhere(body.get("uses"), site.root) if running else None)
        return Job(
            id=str(job_id),
            name=plain(body.get("name") or job_id),
            line=line,
            end_line=last_line(self.lines, line, self.after(line)),
            needs=strings(body.get("needs")),
            environment=runs_in.name,
            environment_url=url,
            id_token=id_token(self.data, body),
            python_versions=self.pythons(steps, ways, place),
            publishes=found,
            steps=steps,
            condition=plain(body["if"]) if "if" in body else None,
            calls=plain(body["uses"]) if "uses" in body else None,
        )

    def uploads(self, steps: list[Step], name: str, ways: list[Variant], site: Site, line: int) -> list[Publish]:
        """Return what STEPS upload; an error that knows no place gets the file, and the job's LINE."""
        try:
            return uploads(steps, name, ways, site)
        except RunbookError as error:
            error.line = error.line or line
            error.file = error.file or self.file
            raise

    def leave_open(self, path: str, reason: str | None) -> None:
        """Note that PATH is unknown, when there is a REASON."""
        if reason:
            self.unknown.append(Unknown(path, reason))

    def elsewhere(self, uses: Any, root: Path) -> str | None:
        """Return why nobody can tell here what a job that calls another workflow uploads; what a local one does, it says itself."""
        if uses is None:
            return None
        file = local_file(uses)
        if file is None:
            return f"what it does stands in another repository: {plain(uses)}"
        return None if is_file(root / file) else f"the workflow that it calls does not exist: {file}"

    def after(self, line: int) -> int:
        """Return the line of the next job or key of the file after LINE; one past the end when there is none."""
        place = bisect_right(self.keys, line)
        return self.keys[place] if place < len(self.keys) else len(self.lines) + 1

    def steps(self, body: CommentedMap) -> list[Step]:
        """Return the job's steps; the last line of each is the one before the next."""
        steps = body.get("steps")
        if not isinstance(steps, CommentedSeq) or not steps:
            return []
        starts = [item_line(steps, index) for index in range(len(steps))]
        ends = [*starts[1:], self.end_of_steps(body, starts[-1])]
        found = [self.step(item, start, last_line(self.lines, start, end)) for item, start, end in zip(steps, starts, ends, strict=True)]
        defaults = [mapping(mapping(table.get("defaults")).get("run")).get("working-directory") for table in (body, self.data)]
        folder = next((plain(each) for each in defaults if each is not None), None)
        return [replace(step, working_directory=step.working_directory or folder) if step.run else step for step in found]

    def end_of_steps(self, body: CommentedMap, start: int) -> int:
        return min([self.after(start), *(line for key in body if (line := line_of(body, key)) > start)])

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

    def pythons(self, steps: list[Step], ways: list[Variant], place: str) -> list[str]:
        """Return the Python versions that the job's setup steps ask for, matrix values included."""
        found: list[str] = []
        for step in steps:
            if step.uses and step.uses.split("@")[0] in ("actions/setup-python", "astral-sh/setup-uv"):
                found += self.python_of(step, ways, place)
        return list(dict.fromkeys(found))

    def python_of(self, step: Step, ways: list[Variant], place: str) -> list[str]:
        wanted = [line.strip() for line in step.inputs.get("python-version", "").splitlines() if line.strip()]
        if not wanted and (file := step.inputs.get("python-version-file")):
            return self.python_file(file, place)
        resolved = [way.values(version) for version in wanted for way in ways]
        if None in resolved:
            self.unknown.append(Unknown(f"{place}.python_versions", f"it is the expression {' '.join(wanted)}"))
        return [version for versions in resolved for version in versions or [] if version]

    def python_file(self, file: str, place: str) -> list[str]:
        text = text_of(self.root / file, self.root) if not file.endswith(".toml") and not is_expression(file) else None
        if text is not None:
            return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
        self.unknown.append(Unknown(f"{place}.python_versions", f"the runner takes it from {file}"))
        return []


def jsonable(value: Any) -> Any:
    """Return an input's property as JSON can hold it."""
    if isinstance(value, list):
        return [jsonable(item) for item in value]
    return value if isinstance(value, bool | int | str) else plain(value)


def environment_of(value: Any) -> tuple[str, str | None]:
    """Return name and URL of a job's `environment`, which is a name or a mapping; an empty name is none."""
    table = value if isinstance(value, CommentedMap) else {"name": value}
    return plain(table.get("name")), plain(table.get("url")) or None


def trigger(event: str, value: Any) -> Trigger:
    """Return one event with its filters; `schedule` is a list of crons."""
    if isinstance(value, CommentedSeq):
        return Trigger(event, [], [], [], {}, [], [], [plain(item.get("cron")) for item in value if isinstance(item, CommentedMap)])
    table = mapping(value)
    inputs = {str(name): {str(key): jsonable(item) for key, item in mapping(body).items()} for name, body in mapping(table.get("inputs")).items()}
    types, branches, tags = (strings(table.get(key)) for key in ("types", "branches", "tags"))
    branches_ignore, tags_ignore, workflows = (strings(table.get(key)) for key in ("branches-ignore", "tags-ignore", "workflows"))
    return Trigger(event, types, branches, tags, inputs, branches_ignore, tags_ignore, [], workflows)
