"""A `run:` step: its shell, its folder and its script."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pypi_runbook.project.text import is_file, is_folder
from pypi_runbook.rehearsal.running import StepError
from pypi_runbook.rehearsal.steps.shells import Shell
from pypi_runbook.rehearsal.steps.values import text

if TYPE_CHECKING:
    from pypi_runbook.rehearsal.steps.job import RunningJob


def run_script(job: RunningJob) -> None:
    """Run the script of the step that runs; what goes wrong fails the step in the runner's words."""
    step, known = job.running.definition, job.running.contexts
    level = job.running.level
    script = text(job, level, step.run or "", known)
    shell = Shell(text(job, level, step.shell or level.shell, known), job.environment["PATH"])
    _show(job, script, shell)
    # As the runner joins them, so that its error has the same path.
    folder = os.path.join(job.folders.workspace, text(job, level, step.working_directory or level.folder, known))  # noqa: PTH118
    command = shell.prepare(script, job.folders.temp)
    if not is_folder(Path(folder)):
        reason = "Not a directory" if is_file(Path(folder)) else "No such file or directory"
        raise StepError(f"An error occurred trying to start process '{shell.command}' with working directory '{folder}'. {reason}")
    if status := job.start(command, job.environment, Path(folder), job.commands.take):
        job.fail(f"Process completed with exit code {status}.")


def _show(job: RunningJob, script: str, shell: Shell) -> None:
    """Show what is going to run, as every log on GitHub begins."""
    lines = script.replace("\r\n", "\n").rstrip("\n").split("\n")
    env = [f"  {name}: {value}" for name, value in job.running.env.items()]
    head = [f"##[group]{first_line('Run ', script)}", *lines, f"shell: {shell.shown}", *(["env:", *env] if env else [])]
    for line in [*head, "##[endgroup]"]:
        job.say(line)


def first_line(prefix: str, script: str) -> str:
    """Return the name of a step that has none: PREFIX and the first line of SCRIPT."""
    trimmed = script.lstrip(" \t\r\n")
    return prefix + (trimmed.replace("\r", "\n").split("\n")[0])
