"""One job on this machine: its folders, its token and identity, its contexts; then its steps."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pypi_runbook.project.expressions import ExpressionError, Value, as_text, interpolate
from pypi_runbook.rehearsal.definition import JobDefinition, StepDefinition
from pypi_runbook.rehearsal.machine import Machine
from pypi_runbook.rehearsal.payload import github_context
from pypi_runbook.rehearsal.results import JobResult, NotRehearsed, Report, StepResult
from pypi_runbook.rehearsal.running import Folders
from pypi_runbook.rehearsal.speaker import Speaker
from pypi_runbook.rehearsal.steps import run_steps
from pypi_runbook.rehearsal.steps.setting import Setting
from pypi_runbook.rehearsal.visibility import Visibility
from pypi_runbook.twin.trusted.acting import identity_variables
from pypi_runbook.twin.trusted.jobs import Started, job_claims, job_variables

UBUNTU = re.compile(r"(?i)\bubuntu-(\d\d)\.04\b")
# What `ubuntu-latest` means, and what is taken for a runner whose label says nothing.
USUAL_UBUNTU = "24"
OTHER_SYSTEMS = re.compile(r"(?i)\b(windows|macos)")
# GitHub's limit for an environment's name, and what is told of a value that is wrong. Characters.
LONGEST_ENVIRONMENT, LONGEST_REASON = 255, 2_000
Contexts = dict[str, Value]


@dataclass
class SharedWorld:
    """What all jobs of one rehearsal share; see `running.World`."""

    event: Mapping[str, Any]
    repository: str
    origin: Path
    artifacts: Path
    root: Path
    machine: Machine

    def ask(self, action: str, **arguments: Any) -> dict[str, Any]:
        """Perform an action of the twin."""
        return self.machine.ask(action, **arguments)


@dataclass
class Runner:
    """Runs the jobs of one run, each in a folder of its own below FOLDER."""

    started: Started
    world: SharedWorld
    folder: Path
    report: Report
    speaker: Speaker
    artifacts: Visibility
    _count: int = field(default=0)

    def github(self, job: str, token: str, workspace: str, event_path: str = "") -> Value:
        """Return the `github` context, of no job where JOB is empty."""
        claims = job_claims(self.started, job, self.started.file, "")
        return {**github_context(claims, self.world.event, job=job, token=token, workspace=workspace, event_path=event_path)}

    def run(self, job: JobDefinition, result: JobResult, contexts: Contexts, permissions: dict[str, str], file: str) -> None:
        """Run the steps of JOB, which stands in FILE as claims name it, and put into RESULT what became of them."""
        self.speaker.job_begins(result)
        key = "environment"
        try:
            result.environment = as_text(interpolate(job.environment or "", contexts)) or None
            if len(result.environment or "") > LONGEST_ENVIRONMENT:
                result.environment = None
                raise ExpressionError(f"The name of an environment has at most {LONGEST_ENVIRONMENT} characters.")
            key = "runs-on"
            runner = as_text(interpolate(job.runs_on, contexts))
        except ExpressionError as error:
            result.result, result.reason = "failure", not_evaluated(key, job, error)
        else:
            self.note_limits(job, result, runner)
            if OTHER_SYSTEMS.search(runner):
                result.result, result.reason = "not-rehearsed", f"it runs on {runner}"
            else:
                self.steps(job, result, contexts, permissions, file, image_of(runner))
        self.speaker.job_ended(result)

    def steps(self, job: JobDefinition, result: JobResult, contexts: Contexts, permissions: dict[str, str], file: str, image: str) -> None:
        """Give JOB its token and its identity, run its steps, and take the token back."""
        self._count += 1
        claims = job_claims(self.started, f"{job.id} {self._count}", file, result.environment or "")
        folders, event_path = self.folders(f"{self._count}-{job.id}")
        own = {name: level for name, level in permissions.items() if name != "id-token"}
        token = str(self.world.ask("github-token", repository=self.world.repository, permissions=own)["token"])
        try:
            base = self.world.machine.environment(folders.home, folders.tmp) | job_variables(claims, job.id)
            base |= self.places(folders, event_path) | {"ImageOS": image}
            if permissions.get("id-token") == "write":
                base |= identity_variables(self.world.ask, claims, self.world.machine.address)
            github = self.github(job.id, token, str(folders.workspace), str(event_path))
            secrets: Value = {**_table(contexts.get("secrets")), "GITHUB_TOKEN": token}
            given: Contexts = {**contexts, "github": github, "secrets": secrets}
            run_steps(job, self.setting(result, folders, given, permissions, token, base), result)
        finally:
            self.world.ask("github-token-end", token=token)

    def setting(
        self, result: JobResult, folders: Folders, contexts: Contexts, permissions: dict[str, str], token: str, base: dict[str, str]
    ) -> Setting:
        """Return what the steps of the job that RESULT is about are given."""
        return Setting(
            world=self.world,
            folders=folders,
            contexts=contexts,
            permissions=permissions,
            token=token,
            base=base,
            wrap=self.world.machine.wrap,
            show=self.speaker.line,
            progress=lambda name, step, ended: self.progress(result, name, step, ended),
            note=self.report.not_rehearsed.append,
        )

    def progress(self, job: JobResult, name: str, step: StepDefinition, ended: StepResult | None) -> None:
        """Tell that a step begins or has ended."""
        if ended is None:
            self.speaker.step_begins(job, name)
        else:
            self.speaker.step_ended(job, step, ended)

    def folders(self, name: str) -> tuple[Folders, Path]:
        """Make the folders of a job, laid out as on a hosted runner, and the file with the event."""
        base = self.folder / name
        repository = self.world.repository.partition("/")[2]
        folders = Folders(base / "work" / repository / repository, base / "work" / "_temp", base / "tools", base / "home", base / "tmp")
        for folder in (folders.workspace, folders.temp, folders.tools, folders.home, folders.tmp):
            folder.mkdir(parents=True)
        event_path = folders.temp / "_github_workflow" / "event.json"
        event_path.parent.mkdir()
        event_path.write_text(json.dumps(self.world.event, indent=2))
        return folders, event_path

    @staticmethod
    def places(folders: Folders, event_path: Path) -> dict[str, str]:
        """Return the variables that name a folder or a file of a job."""
        return {
            "GITHUB_EVENT_PATH": str(event_path),
            "GITHUB_WORKSPACE": str(folders.workspace),
            "GITHUB_RETENTION_DAYS": "90",
            "RUNNER_NAME": f"GitHub Actions {int(time.time()) % 1000}",
            "RUNNER_TEMP": str(folders.temp),
            "RUNNER_TOOL_CACHE": str(folders.tools),
            "RUNNER_WORKSPACE": str(folders.workspace.parent),
        }

    def note_limits(self, job: JobDefinition, result: JobResult, runner: str) -> None:
        """Note what GitHub would do around JOB and this machine does not."""
        where = f"{job.file}:{job.line}"

        def note(what: str, reason: str, *, essential: bool = True) -> None:
            self.report.not_rehearsed.append(NotRehearsed(where, what, reason, essential))

        if OTHER_SYSTEMS.search(runner):
            note(f"the job {result.name}", f"it runs on {runner}, and this machine stands for ubuntu only")
        if job.container:
            note(f"the container of the job {result.name}: {job.container}", "its steps ran on this machine instead")
        if job.services:
            note(f"the services of the job {result.name}: {', '.join(job.services)}", "no container is started here")
        if job.concurrency:
            note(f"concurrency: {job.concurrency}", "there is no other run here that it could wait for", essential=False)
        if result.environment:
            note(f"the protection rules of the environment {result.environment}", "they are settings of the repository, in no file", essential=False)
        if job.permissions is None and not any(each.what == _DEFAULT for each in self.report.not_rehearsed):
            note(_DEFAULT, "a setting of the repository; taken here as contents and packages: read", essential=False)


_DEFAULT = "the permissions that a job has without `permissions:`"


def image_of(runner: str) -> str:
    """Return `ImageOS` of a hosted RUNNER, the text of `runs-on`."""
    found = UBUNTU.search(runner)
    return f"ubuntu{found[1] if found else USUAL_UBUNTU}"


def not_evaluated(key: str, job: JobDefinition, error: Exception) -> str:
    """Return GitHub's words for an expression of JOB that only shows in a run that it is wrong."""
    return (
        f"Error when evaluating '{key}' for job '{job.id}'. {job.file} (Line: {job.line}): {str(getattr(error, 'message', error))[:LONGEST_REASON]}"
    )


def _table(value: Value) -> dict[str, Value]:
    return value if isinstance(value, dict) else {}
