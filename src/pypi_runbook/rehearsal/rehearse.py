"""A rehearsal from the request to the report: the project's clone, the twin's GitHub and indexes around it, and the run of its workflow."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.version import Version

from pypi_runbook.errors import RunbookError
from pypi_runbook.project import Facts, read_project
from pypi_runbook.project.expressions import ExpressionError, Value, as_text, interpolate
from pypi_runbook.project.indexes import INDEXES
from pypi_runbook.project.routes import warnings
from pypi_runbook.rehearsal.called import Callees, Level
from pypi_runbook.rehearsal.choosing import PAGE, choose_workflow, named, no_event, pushes_tags, starts
from pypi_runbook.rehearsal.definition import WorkflowDefinition
from pypi_runbook.rehearsal.inputs import read_inputs
from pypi_runbook.rehearsal.machine import Machine, inside, outside
from pypi_runbook.rehearsal.payload import dispatch_event, person, push_event, release_event, repository_of
from pypi_runbook.rehearsal.purpose import Ends, missed
from pypi_runbook.rehearsal.reading import read_workflow
from pypi_runbook.rehearsal.results import NotRehearsed, Report, Upload
from pypi_runbook.rehearsal.run import Run
from pypi_runbook.rehearsal.runner import Runner, SharedWorld
from pypi_runbook.rehearsal.source import Source, changed_paths, choose_ref, take
from pypi_runbook.rehearsal.speaker import Speaker
from pypi_runbook.rehearsal.validation import not_valid
from pypi_runbook.rehearsal.visibility import Visibility
from pypi_runbook.twin import Twin
from pypi_runbook.twin.remote import is_inside
from pypi_runbook.twin.scratch import Scratch
from pypi_runbook.twin.trusted.acting import prepare_indexes
from pypi_runbook.twin.trusted.jobs import Started, job_claims, new_run_id
from pypi_runbook.twin.trusted.publishers import Publisher

DEFAULT_NOTES = "What changed in this release, written by hand."


@dataclass(frozen=True)
class Request:
    """What a person asks for.

    ref, workflow: None for what the event has by itself. prerelease: None for what the tag's version is. notes: the release's text.
    registers: whether publishers are registered; publisher: this one instead of those that the files say.
    repositories: folders that stand for other repositories, by owner/name in lower case.
    """

    event: str = "release"
    ref: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    workflow: str | None = None
    working_tree: bool = False
    prerelease: bool | None = None
    notes: str = DEFAULT_NOTES
    registers: bool = True
    publisher: Publisher | None = None
    run_number: int | None = None
    repositories: Mapping[str, Path] = field(default_factory=dict)


def rehearse(root: Path, request: Request, say: Callable[[str], None]) -> Report:
    """Rehearse the workflow of the project in ROOT as REQUEST asks for, telling progress through SAY; RunbookError when it cannot begin."""
    try:
        return _rehearse(root, request, say)
    except OSError as error:
        message = f"this machine could not go on: {error.strerror or error}"
        raise RunbookError(
            "machine", message, error.filename and str(error.filename), next="free the disk or the folder, then rehearse again", page=PAGE
        ) from error


def _rehearse(root: Path, request: Request, say: Callable[[str], None]) -> Report:
    begun = time.monotonic()
    facts = read_project(root)
    workflow = choose_workflow(facts, request.event, request.workflow)
    if request.event not in [trigger.event for trigger in workflow.triggers]:
        raise no_event(facts, workflow, request.event)
    with Scratch("twin-rehearsal-") as scratch, machine_for(facts.root) as machine:
        source = take(facts, scratch.path, working_tree=request.working_tree)
        choose_ref(source, facts, request.event, request.ref, on_tags=pushes_tags(workflow), working_tree=request.working_tree)
        definition = workflow_at(source, workflow.file)
        report = Report(request.event, source.ref, workflow.file, source.commit, layers=machine.layers, notes=source.notes)
        _Rehearsal(request, source, source.facts(facts), definition, machine, scratch.path, report, Speaker(say)).perform()
    report.seconds = round(time.monotonic() - begun, 3)
    return report


@contextmanager
def machine_for(root: Path) -> Iterator[Machine]:
    """Give the machine with the twin around it that is there, or with a new one for the time of the rehearsal."""
    if is_inside():
        yield inside(os.environ)
        return
    with Twin.start(project=root) as twin:
        yield outside(twin)


def workflow_at(source: Source, file: str) -> WorkflowDefinition:
    """Return the workflow in FILE as it is at the commit that is rehearsed."""
    path = source.checkout / file
    if not path.is_file():
        message = f"{source.ref} has no such workflow"
        raise RunbookError("no-such-workflow", message, file, next="rehearse another --ref, or commit the workflow", page=PAGE)
    return read_workflow(path, source.checkout)


@dataclass
class _Rehearsal:
    """One rehearsal between its clone and its report."""

    request: Request
    source: Source
    facts: Facts
    definition: WorkflowDefinition
    machine: Machine
    folder: Path
    report: Report
    speaker: Speaker

    def perform(self) -> None:
        """Run the workflow as often as GitHub would, and put all that came of it into the report."""
        inputs, prerelease = self.inputs(), self.prerelease()
        ways = starts(self.definition, self.request.event, self.source.ref, changed_paths(self.source), prerelease=prerelease)
        self.machine.ask("github-repository", repository=self.repository, origin=str(self.source.origin))
        if len(ways) > 1:
            each = ", ".join(f"{event} ({action})" if action else event for event, action in ways)
            self.report.notes.append(f"GitHub starts this workflow {len(ways)} times for one {self.request.event}: {each}")
        about_routes = (each for each in warnings(self.facts) if each.file == self.definition.file)
        self.report.notes += (f"{each.file}:{each.line}: {each.message}; {each.fix}" for each in about_routes)
        for note in self.report.notes:
            self.speaker.say(note)
        for line in prepare_indexes(self.machine.ask, self.facts, self.request.publisher) if self.request.registers else ():
            self.speaker.say(line)
        release = self.release(prerelease) if self.request.event == "release" else None
        before, since = self.uploads(), self.machine.ask("report")["requests"]
        tags, there = self.source.tags(), [each["id"] for each in self.releases()]
        try:
            for number, (event, action) in enumerate(ways):
                self.run(event, action, inputs, release, number)
        finally:
            self.report.uploads = [upload for upload in self.uploads() if upload not in before]
            self.report.release = self.released(release, there)
            self.report.refused = self.refused(since)
            self.report.transcript = self.speaker.transcript
        workflow = named(self.facts, self.definition.file)
        self.report.findings = list(missed(self.report, workflow, Ends(before, tags, self.source.tags())))

    @property
    def repository(self) -> str:
        """The repository, owner/name; RunbookError when neither git nor the project's links name it."""
        owner, name = self.facts.repository.owner, self.facts.repository.name
        if not owner or not name:
            message = "neither the project's URLs nor git's `origin` name a repository on GitHub"
            raise RunbookError("no-repository", message, self.facts.project.file, next="add the repository to the project's URLs", page=PAGE)
        return f"{owner}/{name}"

    def inputs(self) -> dict[str, Value]:
        """Return the inputs of a run by hand, typed; RunbookError for inputs of another event."""
        if self.request.event != "workflow_dispatch":
            if self.request.inputs:
                message = f"--input belongs to workflow_dispatch, and this is {self.request.event}"
                raise RunbookError("bad-input", message, next="leave it out, or rehearse workflow_dispatch", page=PAGE)
            return {}
        declared = self.definition.triggers.get("workflow_dispatch", {}).get("inputs") or {}
        return read_inputs(declared, self.request.inputs, self.definition.file, self.definition.lines.get("workflow_dispatch", 1))

    def prerelease(self) -> bool:
        """Tell whether the release is a pre-release: as asked for, else as the tag's version is."""
        if self.request.prerelease is not None:
            return self.request.prerelease
        try:
            return Version(self.source.ref.rpartition("/")[2]).is_prerelease
        except ValueError:
            return False

    def release(self, prerelease: bool) -> dict[str, Any]:
        """Return the release that the event is about, published now unless the twin has one of the tag already."""
        tag = self.source.ref.removeprefix("refs/tags/")
        known = next((each for each in self.releases() if each["tag_name"] == tag), None)
        if known:
            self.speaker.say(f"the twin has a release {tag} already; the event is about that one")
            return known
        wanted = {"tag": tag, "name": tag, "body": self.request.notes, "prerelease": prerelease, "draft": False, "target": self.source.branch}
        return self.machine.ask("github-release", repository=self.repository, **wanted)

    def releases(self) -> list[dict[str, Any]]:
        """Return the releases that the twin's GitHub has of this repository."""
        found: list[dict[str, Any]] = self.machine.ask("github-releases", repository=self.repository)["releases"]
        return found

    def released(self, release: Mapping[str, Any] | None, there: list[int]) -> dict[str, Any] | None:
        """Return RELEASE as it is now; for another event one of the rehearsed tag, or one that was not THERE (ids) before the jobs."""
        tag = self.source.ref.removeprefix("refs/tags/")
        now = next((each for each in self.releases() if (each["id"] == release["id"] if release else each["tag_name"] == tag)), None)
        now = now or next((each for each in self.releases() if each["id"] not in there), None)
        kept = {key: now[key] for key in ("name", "prerelease", "draft")} if now else {}
        return {"tag": now["tag_name"], "body": now["body"] or "", **kept} if now else None

    def uploads(self) -> list[Upload]:
        """Return what the indexes hold."""
        return [Upload(**each) for each in self.machine.ask("list-uploads")["uploads"]]

    def refused(self, since: int) -> list[str]:
        """Return what was refused and why, from the twin's request number SINCE on, in its words."""
        lines: list[str] = self.machine.ask("report", since=since)["lines"]
        return [line for line in lines if not line.startswith(("nothing was", *(f"{index.title} holds" for index in INDEXES.values())))]

    def run(self, event: str, action: str, inputs: dict[str, Value], release: Mapping[str, Any] | None, number: int) -> None:
        """Run the workflow once, as EVENT with the activity ACTION starts it."""
        folder = self.folder / f"run-{number}"
        artifacts = folder / "artifacts"
        artifacts.mkdir(parents=True)
        run_number = str(self.request.run_number or self.machine.ask("begin-run", workflow=f"{self.repository}/{self.definition.file}")["number"])
        started = Started(
            self.repository, event, self.source.ref, self.source.commit, self.definition.name, self.definition.file, new_run_id(), run_number
        )
        self.report.run_number = run_number
        what = f"{event} ({action})" if action else event
        self.speaker.say(f"{self.definition.name}: {what} on {self.source.ref}, commit {self.source.commit[:12]}, run number {run_number}")
        payload = self.payload(started, action, inputs, release)
        world = SharedWorld(payload, self.repository, self.source.origin, artifacts, self.facts.root, self.machine)
        runner = Runner(started, world, folder, self.report, self.speaker, Visibility(artifacts))
        run = Run(runner, Callees(self.request.repositories, folder / "called"), self.report)
        level = Level(self.definition, self.source.checkout, self.definition.file, inputs, {}, prefix=f"{what}: " if number else "")
        run.check(level)
        if self.definition.concurrency:
            what = f"concurrency: {self.group(run.start(level))}"
            self.report.not_rehearsed.append(
                NotRehearsed(self.definition.file, what, "there is no other run here that it could wait for", essential=False)
            )
        run.workflow(level)

    def group(self, contexts: Mapping[str, Value]) -> str:
        """Return the workflow's concurrency group; RunbookError in GitHub's words when it cannot be worked out."""
        try:
            return as_text(interpolate(self.definition.concurrency, contexts))
        except ExpressionError as error:
            raise not_valid(self.definition.file, 1, 1, error.message) from error

    def payload(self, started: Started, action: str, inputs: dict[str, Value], release: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return `github.event`."""
        claims = job_claims(started, "", started.file, "")
        about = {"repository": repository_of(claims, self.source.branch), "sender": person(claims)}
        if started.event == "release":
            return {**release_event(release or {}, action), **about}
        if started.event == "workflow_dispatch":
            return {**dispatch_event(self.source.ref, self.definition.file, inputs), **about}
        return {**push_event(self.source, claims), **about}
