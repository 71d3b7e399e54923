"""A job that runs: its folders, its permissions, its identity, and how its steps and stand-ins start commands and speak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.expressions import ExpressionError, Value, evaluate, taken_for_booleans
from pypi_runbook.rehearsal.results import Annotation


class StepError(Exception):
    """A step fails, with the words that GitHub or its action would print; `page` explains it."""

    def __init__(self, message: str, page: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.page = page


class NotHereError(Exception):
    """A step cannot be rehearsed on this machine, and why; its job goes on as if it had succeeded, the rehearsal is incomplete."""


@dataclass(frozen=True)
class Folders:
    """The folders of one job: `workspace` (GITHUB_WORKSPACE), `temp` (RUNNER_TEMP), `tools` (RUNNER_TOOL_CACHE), `home`, `tmp`."""

    workspace: Path
    temp: Path
    tools: Path
    home: Path
    tmp: Path


class World(Protocol):
    """What all jobs of one rehearsal share."""

    event: Mapping[str, Any]  # the payload, `github.event`
    repository: str  # owner/name
    origin: Path  # the bare repository behind https://github.com/owner/name
    artifacts: Path  # a folder with one folder for each artifact name
    root: Path  # the project's own folder on this machine; read-only

    def ask(self, action: str, **arguments: Any) -> dict[str, Any]:
        """Perform an action of the twin, as `twin.control` lists them; RunbookError when it cannot be done."""


class Job(Protocol):
    """What a step or a stand-in sees of the job that it runs in."""

    world: World
    folders: Folders
    permissions: Mapping[str, str]  # for example {"contents": "read", "id-token": "write"}; what is absent is "none"
    token: str  # github.token, masked in every line
    github: Mapping[str, Any]  # the `github` context
    environment: Mapping[str, str]  # what a command of this step gets, PATH and the step's own env included
    outputs: dict[str, str]  # of the step that runs

    def call(self, command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None, quiet: bool = False) -> tuple[int, str]:
        """Run COMMAND inside the twin and return its status and output (both streams); its lines are shown unless QUIET, masked, as they come."""

    def say(self, line: str) -> None:
        """Show LINE, masked, as output of the step."""

    def annotate(self, annotation: Annotation) -> None:
        """Add ANNOTATION to the step, and show it as GitHub does."""

    def mask(self, secret: str) -> None:
        """Show *** instead of SECRET from now on."""

    def export(self, name: str, value: str) -> None:
        """Set variable NAME for the steps that follow, as a line of GITHUB_ENV does."""

    def add_path(self, folder: Path) -> None:
        """Put FOLDER first on PATH for the steps that follow, as a line of GITHUB_PATH does."""

    def summarize(self, markdown: str) -> None:
        """Append to the job's summary."""

    def not_rehearsed(self, what: str, reason: str, *, essential: bool = False) -> None:
        """Note what GitHub would do here beside what was done."""


class StandIn(Protocol):
    """The local implementation of one action: does what the action does with INPUTS (those of `with:`, worked out), or raises StepError."""

    def __call__(self, job: Job, inputs: Mapping[str, str]) -> None:
        """Do it."""


def about_texts(condition: str, contexts: Mapping[str, Value]) -> str:
    """Return the rest of a sentence about the texts 'true' and 'false' that CONDITION takes for booleans; empty when there are none."""
    found = []
    for name in taken_for_booleans(condition):
        try:
            value = evaluate(name, contexts)
        except ExpressionError:
            continue
        if isinstance(value, str) and value.lower() in ("true", "false"):
            found.append(f"; {name} is the text '{value}', which counts as true and equals no boolean")
    return "".join(found)


def wrong(message: str, file: str, line: int, *, next: str, page: str = "publishing/rehearsal.md") -> RunbookError:  # noqa: A002 (RunbookError's own name)
    """Return the error for a workflow that GitHub would not start."""
    return RunbookError("invalid-workflow", message, file=file, line=line, next=next, page=page)
