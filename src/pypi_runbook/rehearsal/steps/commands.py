"""What the workflow commands in a step's output do, in the words of GitHub's runner where they fail."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from pypi_runbook.rehearsal.results import Annotation
from pypi_runbook.rehearsal.steps.message import Message, read_message

if TYPE_CHECKING:
    from pypi_runbook.rehearsal.steps.job import RunningJob

DEPRECATED = (
    "The `{}` command is deprecated and will be disabled soon. Please upgrade to using Environment Files. For more information see: "
    "https://github.blog/changelog/2022-10-11-github-actions-deprecating-save-state-and-set-output-commands/"
)
DISABLED = (
    "The `{}` command is disabled. Please upgrade to using Environment Files or opt into unsecure command execution by setting the "
    "`ACTIONS_ALLOW_UNSECURE_COMMANDS` environment variable to `true`. For more information see: "
    "https://github.blog/changelog/2020-10-01-github-actions-deprecating-set-env-and-add-path-commands/"
)
WRONG_STOP = (
    "You cannot use a endToken that is an empty string, the string 'pause-logging', or another workflow command. For more information see: "
    "https://docs.github.com/actions/learn-github-actions/workflow-commands-for-github-actions#example-stopping-and-starting-workflow-commands "
    "or opt into insecure command execution by setting the `ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS` environment variable to `true`."
)
STOP = "stop-commands"
SILENT = ("add-mask", "debug", "warning", "error", "notice")
# A name that this runner does not set for the steps that follow (actions/runner#2256).
BLOCKED = "node_options"


class Refused(Exception):  # noqa: N818 (a workflow command that the runner does not carry out)
    """A workflow command that fails, in the runner's words."""


class Commands:
    """Carries out the workflow commands of a job; a stop lasts from step to step."""

    def __init__(self, job: RunningJob) -> None:
        self._job = job
        self._stopped = ""
        self.echo = False
        self._known: dict[str, Callable[[Message], None]] = {
            "set-env": self._set_env,
            "set-output": self._set_output,
            "save-state": self._save_state,
            "add-path": self._add_path,
            "add-mask": self._add_mask,
            # Problem matchers only add annotations to what is shown anyway.
            "add-matcher": lambda _: None,
            "remove-matcher": lambda _: None,
            "debug": lambda message: job.debug(message.data),
            "warning": self._annotate,
            "error": self._annotate,
            "notice": self._annotate,
            "group": lambda message: job.say(f"##[group]{message.data}"),
            "endgroup": lambda _: job.say("##[endgroup]"),
            "echo": self._echo,
        }

    def take(self, line: str) -> None:
        """Carry out the workflow command in LINE, or show the line."""
        # Nearly every line has neither, and output can be long.
        if ("::" in line or "##[" in line) and (message := read_message(line, self._names())) and self._process(message, line):
            return
        self._job.say(line)

    def _names(self) -> set[str]:
        return {*self._known, STOP, *([self._stopped.lower()] if self._stopped else [])}

    def _process(self, message: Message, line: str) -> bool:
        """Carry out MESSAGE and return whether it was one that the runner takes at this time."""
        if self._stopped:
            if message.name != self._stopped.lower():
                return False
            self._stopped = ""
            self._job.say(line)
            return True
        if self.echo and message.name not in SILENT:
            self._job.say(line)
        try:
            self._stop(message, line) if message.name == STOP else self._known[message.name](message)
        except Refused as error:
            self._job.fail(f"Unable to process command '{message.name if message.name in SILENT else line}' successfully.")
            self._job.fail(str(error))
        return True

    def _stop(self, message: Message, line: str) -> None:
        token = message.data
        unsafe = _true(self._job.variable("ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS"))
        if (not token or token.lower() in {*self._known, STOP, "pause-logging"}) and not unsafe:
            raise Refused(WRONG_STOP)
        self._stopped = token
        if len(token) > 6:
            self._job.mask(token)
        self._job.say(line)

    def _allow(self, message: Message) -> None:
        if not _true(self._job.variable("ACTIONS_ALLOW_UNSECURE_COMMANDS")):
            raise Refused(DISABLED.format(message.name))

    def _set_env(self, message: Message) -> None:
        self._allow(message)
        name = _required(message)
        if name.lower() == BLOCKED:
            self._job.annotate(Annotation("error", "Can't update NODE_OPTIONS environment variable using ::set-env:: command."))
        else:
            self._job.export(name, message.data)

    def _add_path(self, message: Message) -> None:
        self._allow(message)
        if not message.data:
            raise Refused("Value cannot be null. (Parameter 'path')")
        self._job.put_first(message.data)

    def _set_output(self, message: Message) -> None:
        self._job.annotate(Annotation("warning", DEPRECATED.format(message.name)))
        self._job.outputs[_required(message)] = message.data

    def _save_state(self, message: Message) -> None:
        """Only warn: state is for an action's own later parts, which no stand-in has."""
        self._job.annotate(Annotation("warning", DEPRECATED.format(message.name)))
        _required(message)

    def _add_mask(self, message: Message) -> None:
        if not message.data.strip():
            self._job.annotate(Annotation("warning", "Can't add secret mask for empty string in ##[add-mask] command."))
            return
        if self.echo:
            self._job.say("::add-mask::***")
        self._job.mask(message.data)

    def _annotate(self, message: Message) -> None:
        given = message.properties
        line = next((int(text) for name in ("line", "endline") if (text := given.get(name, "").strip()).isdecimal()), None)
        file = self._job.relative(given["file"]) if given.get("file") else None
        self._job.annotate(Annotation(message.name, message.data, file, line, given.get("title")))

    def _echo(self, message: Message) -> None:
        match message.data.strip().upper():
            case "ON":
                self.echo = True
            case "OFF":
                self.echo = False
            case "":
                raise Refused("Value cannot be null. (Parameter 'value')")
            case _:
                allowed = "Possible values can be: 'on', 'off'."
                raise Refused(f"Invalid echo command value. {allowed} Current value is: '{message.data}'.")


def _required(message: Message) -> str:
    if name := message.properties.get("name"):
        return name
    raise Refused(f"Required field 'name' is missing in ##[{message.name}] command.")


def _true(text: str) -> bool:
    return text.strip().lower() == "true"


def relative_file(file: str, workspace: str) -> str:
    """Return FILE as a path of the workspace, unchanged when it lies elsewhere."""
    full = os.path.normpath(os.path.join(workspace, file))  # noqa: PTH118 (what a step prints need not be a path of this machine)
    return os.path.relpath(full, workspace) if full.startswith(f"{workspace}{os.sep}") else file
