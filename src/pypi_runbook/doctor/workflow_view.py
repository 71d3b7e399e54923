"""A workflow as the checks look at it: the facts beside the raw YAML of the same file, so that every finding has its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.finding import Finding
from pypi_runbook.project.facts import Job, Publish, Step, Workflow
from pypi_runbook.project.text import items
from pypi_runbook.project.yaml import line_of, plain

EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
BUILDS = re.compile(
    r"\b(poetry|uv|hatch|flit|pdm|maturin) (-\S+ )*build\b|-m build\b|\bpyproject-build\b|\bsetup\.py\b.*\b(sdist|bdist_wheel)\b|\bpublish --build\b"
)
LONGEST_LINE = 2_000
BUILDING_ACTIONS = {"hynek/build-and-inspect-python-package", "pypa/cibuildwheel", "pyo3/maturin-action"}


@dataclass(frozen=True)
class StepView:
    """One step: what facts say of it, and its mapping in the file."""

    step: Step
    raw: CommentedMap

    @property
    def action(self) -> str:
        """The action's name without its version, in lower case; empty for a command."""
        return (self.step.uses or "").partition("@")[0].lower()

    @property
    def script(self) -> str:
        """What the step runs; empty for an action."""
        return without_long_lines(self.step.run or "")

    @property
    def text(self) -> str:
        """Everything that the step's commands can see: the script, what `env:` and `with:` give it, and its condition."""
        step = self.step
        return "\n".join([self.script, *step.env.values(), *step.inputs.values(), step.condition or ""])

    @property
    def builds(self) -> bool:
        """Whether the step makes distributions."""
        return self.action in BUILDING_ACTIONS or bool(BUILDS.search(self.script))

    def line(self, *keys: str) -> int:
        """Return the line of a key below the step, of the nearest key above it that is there, or of the step."""
        return key_line(self.raw, self.step.line, *keys)

    def is_on(self, *names: str) -> str | None:
        """Return the first of the inputs NAMES that is switched on."""
        return next((name for name in names if self.step.inputs.get(name, "").strip().lower() == "true"), None)


@dataclass(frozen=True)
class JobView:
    """One job: what facts say of it, its mapping in the file, and its steps."""

    job: Job
    raw: CommentedMap
    steps: list[StepView]

    @property
    def uploads(self) -> list[Publish]:
        """What the job uploads to PyPI, to TestPyPI, or to where only a run can tell."""
        return [upload for upload in self.job.publishes if upload.index in ("pypi", "testpypi", None)]

    @property
    def trusted(self) -> list[Publish]:
        """The uploads that prove who they are by an OIDC token."""
        return [upload for upload in self.uploads if upload.auth == "trusted-publishing"]

    def step_of(self, upload: Publish) -> StepView | None:
        """Return the step that does UPLOAD."""
        return next((view for view in self.steps if view.step.line == upload.line), None)

    def line(self, *keys: str) -> int:
        """Return the line of a key below the job, or of the nearest key above it that is there."""
        return key_line(self.raw, self.job.line, *keys)

    def runners(self) -> Iterator[tuple[str, int]]:
        """Yield each label of `runs-on` with its line; a matrix name gives the values that stand in the matrix."""
        value = self.raw.get("runs-on")
        labels = value.get("labels") if isinstance(value, CommentedMap) else value
        for label in labels if isinstance(labels, list) else [labels]:
            match = re.search(r"matrix\.([\w-]+)", plain(label))
            found = list(matrix_values(self.raw, match[1])) if match else []
            yield from found or [(plain(label), self.line("runs-on"))]


@dataclass(frozen=True)
class WorkflowView:
    """One workflow file: what facts say of it, its YAML, its lines."""

    workflow: Workflow
    raw: CommentedMap
    lines: list[str]
    jobs: dict[str, JobView] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The file, relative to the root."""
        return self.workflow.file

    def finding(self, name: str, severity: str, message: str, line: int, fix: str, page: str) -> Finding:
        """Return a finding NAME on LINE of this workflow; PAGE is the one of our guide that explains it."""
        return Finding(name, severity, message, self.file, line, fix, page)

    @property
    def events(self) -> set[str]:
        """The names of the events that start the workflow."""
        return {trigger.event for trigger in self.workflow.triggers}

    @property
    def publishing(self) -> list[JobView]:
        """The jobs that upload to an index."""
        return [job for job in self.jobs.values() if job.uploads]

    def before(self, job: JobView) -> list[JobView]:
        """Return the jobs that JOB waits for, directly or not, in the file's order."""
        wanted, todo = set(), list(job.job.needs)
        while todo:
            name = todo.pop()
            if name not in wanted and name in self.jobs:
                wanted.add(name)
                todo += self.jobs[name].job.needs
        return [view for name, view in self.jobs.items() if name in wanted]

    def chain(self) -> list[JobView]:
        """Return the jobs that make or upload what is published: those that upload, and what they wait for."""
        wanted = {view.job.id for job in self.publishing for view in [job, *self.before(job)]}
        return [view for name, view in self.jobs.items() if name in wanted]

    def line_in(self, step: StepView, pattern: re.Pattern[str]) -> int:
        """Return the first line of STEP that PATTERN finds, else that of what the step runs."""
        numbers = range(step.step.line, step.step.end_line + 1)
        found = (number for number in numbers if pattern.search(self.lines[number - 1].partition(" #")[0]))
        return next(found, step.line("run" if step.step.run else "uses"))

    def line(self, *keys: str) -> int:
        """Return the line of a key of the file, or of the nearest key above it that is there."""
        return key_line(self.raw, 1, *keys)


def workflow_views(checkup: Checkup) -> Iterator[WorkflowView]:
    """Yield every workflow of the repository."""
    for workflow in checkup.facts.workflows:
        raw = checkup.yaml(workflow.file)
        if isinstance(raw, CommentedMap):
            bodies = raw.get("jobs") or {}
            jobs = {job.id: job_view(job, body) for job, body in zip(workflow.jobs, bodies.values(), strict=False)}
            yield WorkflowView(workflow, raw, checkup.lines(workflow.file), jobs)


def publishing_workflows(checkup: Checkup) -> Iterator[WorkflowView]:
    """Yield the workflows in which a job uploads to an index."""
    return (view for view in workflow_views(checkup) if view.publishing)


def job_view(job: Job, raw: CommentedMap) -> JobView:
    """Return JOB with its mapping."""
    steps = items(raw.get("steps"))
    return JobView(job, raw, [StepView(step, body) for step, body in zip(job.steps, steps, strict=False) if isinstance(body, CommentedMap)])


def without_long_lines(text: str) -> str:
    """Return TEXT with lines emptied that nobody has typed, since looking for a command in one can take minutes."""
    return "\n".join(line if len(line) <= LONGEST_LINE else "" for line in text.split("\n"))


def key_line(node: Any, line: int, *keys: str) -> int:
    """Return the line of the key that KEYS lead to from NODE; where one is missing, that of the last one found, else LINE."""
    for key in keys:
        if not isinstance(node, CommentedMap) or key not in node:
            break
        line, node = line_of(node, key), node[key]
    return line


def matrix_values(job: CommentedMap, name: str) -> Iterator[tuple[str, int]]:
    """Yield the values that JOB's matrix lists for NAME, with their lines."""
    strategy = job.get("strategy")
    matrix = strategy.get("matrix") if isinstance(strategy, CommentedMap) else None
    if not isinstance(matrix, CommentedMap):
        return
    values = matrix.get(name)
    if isinstance(values, CommentedSeq):
        yield from ((plain(value), int(values.lc.item(place)[0]) + 1) for place, value in enumerate(values))
    include = matrix.get("include")
    for entry in include if isinstance(include, list) else []:
        if isinstance(entry, CommentedMap) and name in entry:
            yield plain(entry[name]), line_of(entry, name)


def may_equal(one: str, other: str) -> bool:
    """Tell whether two texts can be the same once GitHub has put values into their expressions."""
    patterns = [EXPRESSION.sub("*", re.sub(r"([\[\]?*])", r"[\1]", text)) for text in (one, other)]
    return fnmatchcase(EXPRESSION.sub("x", one), patterns[1]) or fnmatchcase(EXPRESSION.sub("x", other), patterns[0])
