"""A job that runs: what its steps and stand-ins see and do, and what becomes of its outputs."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pypi_runbook.rehearsal.definition import JobDefinition
from pypi_runbook.rehearsal.results import Annotation, JobResult, NotRehearsed
from pypi_runbook.rehearsal.running import StepError
from pypi_runbook.rehearsal.steps.commands import Commands, relative_file
from pypi_runbook.rehearsal.steps.image import Image
from pypi_runbook.rehearsal.steps.level import Level, Running
from pypi_runbook.rehearsal.steps.masks import Masks
from pypi_runbook.rehearsal.steps.processes import Command, Place, Processes
from pypi_runbook.rehearsal.steps.setting import Setting
from pypi_runbook.rehearsal.steps.tail import Tail
from pypi_runbook.rehearsal.steps.values import RUNNER_NAME

# As many annotations of a kind as GitHub keeps for a step, and as long as it keeps them.
MOST_ANNOTATIONS, LONGEST_ANNOTATION = 10, 4096
# A job's own limit, and the time that is left to steps that run after it. Minutes.
LONGEST, CANCELLING = 360, 5
# Of one step's output, from its beginning and from its end, so that an endless one does not fill the memory. Characters.
MOST_SHOWN, END_SHOWN = 8 * 1024 * 1024, 256 * 1024
NO_EXECUTABLE = (
    "Unable to locate executable file: {}. Please verify either the file path exists or the file can be found within a directory specified by "
    "the PATH environment variable. Also check the file mode to verify the file is executable."
)


class RunningJob:
    """The job as `rehearsal.running.Job` describes it, and what its runner needs beside that."""

    def __init__(self, definition: JobDefinition, setting: Setting, result: JobResult) -> None:
        self.definition, self.setting, self.result = definition, setting, result
        self.world, self.folders = setting.world, setting.folders
        self.permissions: Mapping[str, str] = setting.permissions
        self.token = setting.token
        self.masks = Masks()
        self.commands = Commands(self)
        self.tracking = f"github_{uuid.uuid4()}"
        self.image = Image(setting.folders)
        self.processes = Processes(self._place())
        self.level = Level()
        self.exported: dict[str, str] = {}
        self.first_folders: list[str] = []
        self.deadline: float | None = None
        self.over = False
        self.github: Mapping[str, Any] = {}
        self.environment: Mapping[str, str] = {}
        self.outputs: dict[str, str] = {}
        self._running: list[Running] = []
        self._shown, self._end_shown = 0, Tail(END_SHOWN)
        self._mask_secrets()

    def _place(self) -> Place:
        """Return where commands run: what is not the job's own cannot be written, above all not the project and the person's HOME."""
        folders = self.folders
        writable = [folders.workspace, folders.temp, folders.tools, folders.home, folders.tmp, self.image.folder]
        protected = [folder for folder in (Path.home(), self.world.root) if folder.is_dir()]
        return Place(self.setting.wrap, writable, protected, self.setting.base)

    def _mask_secrets(self) -> None:
        self.masks.add(self.token)
        self.masks.add(self.setting.base.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", ""))
        secrets = self.setting.contexts.get("secrets")
        for secret in secrets.values() if isinstance(secrets, dict) else ():
            self.masks.add(str(secret))

    # The step that runs.

    @property
    def running(self) -> Running:
        """The innermost step that runs."""
        return self._running[-1]

    def enter(self, running: Running) -> None:
        """Let RUNNING be the step that runs."""
        self._running.append(running)
        self.look()

    def leave(self) -> None:
        """Let the step around this one be the one that runs again."""
        self._running.pop()
        if self._running:
            self.look()
            return
        for line in self._end_shown.text.splitlines():
            self.setting.show(line)
        self._shown, self._end_shown = 0, Tail(END_SHOWN)

    def look(self) -> None:
        """Let stand-ins see the step that runs."""
        github = self.running.contexts.get("github")
        self.github = github if isinstance(github, dict) else {}
        self.environment, self.outputs = self.running.environment, self.running.outputs

    # What steps and stand-ins do.

    def call(self, command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None, quiet: bool = False) -> tuple[int, str]:
        """Run COMMAND inside the twin, as `Job.call` says; what it keeps of an endless output is the end."""
        environment = self.environment if env is None else env
        found = shutil.which(command[0], path=environment.get("PATH", ""))
        if not found:
            raise StepError(NO_EXECUTABLE.format(command[0]))
        kept = Tail()

        def take(line: str) -> None:
            kept.add(line)
            if not quiet:
                self.commands.take(line)

        status = self.start([found, *command[1:]], environment, cwd or self.folders.workspace, take)
        return status, kept.text

    def start(self, argv: list[str], env: Mapping[str, str], cwd: Path, take: Callable[[str], None]) -> int:
        """Run ARGV inside the twin, give TAKE its lines and return its status; TimeOver when the step's time is over."""
        deadlines = [each for each in (self.deadline, *(step.deadline for step in self._running)) if each is not None]
        command = Command(argv, env, cwd, min(deadlines, default=None))
        return self.processes.run(command, take)

    def say(self, line: str) -> None:
        """Show LINE, masked; a line of several is shown as several."""
        for each in self.masks.hide(line).split("\n"):
            self._show(each.removesuffix("\r"))

    def _show(self, line: str) -> None:
        """Show LINE; of a step that prints without end, only the beginning now and the end when it is there."""
        if self._running:
            self._shown += len(line) + 1
            if self._shown > MOST_SHOWN:
                self._end_shown.add(line)
                return
        self.setting.show(line)

    def debug(self, text: str) -> None:
        """Show TEXT if the repository's variables ask for debug output."""
        settings = (self.setting.contexts.get(name) for name in ("secrets", "vars"))
        if any(isinstance(each, dict) and each.get("ACTIONS_STEP_DEBUG") == "true" for each in settings):
            self.say(f"##[debug]{text}")

    def annotate(self, annotation: Annotation) -> None:
        """Add ANNOTATION to the step, and show it."""
        message = self.masks.hide(annotation.message)[:LONGEST_ANNOTATION]
        self.say(f"##[{annotation.level}]{message}")
        kept = self.running.result.annotations
        if sum(each.level == annotation.level for each in kept) < MOST_ANNOTATIONS:
            title = self.masks.hide(annotation.title) if annotation.title else None
            file = self.masks.hide(annotation.file) if annotation.file else None
            kept.append(Annotation(annotation.level, message, file, annotation.line, title))

    def fail(self, message: str) -> None:
        """Let the step fail, with an error that says MESSAGE."""
        self.annotate(Annotation("error", message))
        self.running.failed = True
        self.running.reasons.append(message)

    def cancel(self) -> None:
        """Let the job be cancelled because its time is over: steps for that case still run, for a while."""
        self.over = self.level.status == "cancelled"
        if not self.over:
            limit = f"has exceeded the maximum execution time of {self.definition.timeout_minutes or LONGEST} minutes."
            self.result.reason = f"The job running on runner {self.setting.base.get('RUNNER_NAME', RUNNER_NAME)} {limit}"
            self.say(f"##[error]{self.result.reason}")
        self.level.status = "cancelled"
        self.deadline = time.monotonic() + CANCELLING * self.setting.minute

    def mask(self, secret: str) -> None:
        """Show *** instead of SECRET from now on."""
        self.masks.add(secret)

    def export(self, name: str, value: str) -> None:
        """Set variable NAME for the steps that follow."""
        self.exported[name] = value

    def add_path(self, folder: Path) -> None:
        """Put FOLDER first on PATH for the steps that follow."""
        self.put_first(str(folder))

    def put_first(self, folder: str) -> None:
        """Put FOLDER first on PATH for the steps that follow; it need not be an absolute one."""
        self.first_folders = [folder, *(each for each in self.first_folders if each != folder)]

    def summarize(self, markdown: str) -> None:
        """Append to the job's summary."""
        self.result.summary += "".join(f"{self.masks.hide(line)}\n" for line in markdown.splitlines())

    def not_rehearsed(self, what: str, reason: str, *, essential: bool = False) -> None:
        """Note what GitHub would do here beside what was done."""
        where = f"{self.result.name} / {self.running.result.name}" if self._running else self.result.name
        self.setting.note(NotRehearsed(where, self.masks.hide(what), self.masks.hide(reason), essential))

    def variable(self, name: str) -> str:
        """Return a variable of the step's `env`, empty when it has none."""
        return self.running.env.get(name, "")

    def relative(self, file: str) -> str:
        """Return FILE as a path of the workspace."""
        return relative_file(file, str(self.folders.workspace))
