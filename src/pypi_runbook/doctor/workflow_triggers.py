"""What starts a publishing workflow: runs that can meet at one index, and uploads that a later run cuts off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.version import Version
from ruamel.yaml.comments import CommentedMap

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.workflow_view import JobView, WorkflowView, publishing_workflows
from pypi_runbook.finding import Finding
from pypi_runbook.project.routes import Route, routes
from pypi_runbook.project.routes.routing import uploads_in
from pypi_runbook.project.routes.samples import passes
from pypi_runbook.project.routes.warnings import warnings
from pypi_runbook.project.routes.ways import contexts_of

OF_ONE_RUN = re.compile(r"github\.(sha|run_id|run_number)\b")
OF_ONE_REF = re.compile(r"github\.(ref|ref_name|event\.release\.tag_name)\b")
# Where in a tag its version can begin, besides at the first digit: `pkg2-v1.0`, `release2/1.0`.
BEGINS = re.compile(r"(?<![0-9A-Za-z.])[vV]?\d")
# More tags that are no version would not make the finding clearer.
MOST_TAGS = 20
NAMES = {"pypi": "PyPI", "testpypi": "TestPyPI"}


def check_concurrency(checkup: Checkup) -> Iterator[Finding]:
    """Find jobs that several events start and that nothing keeps from publishing to one index at the same time."""
    for view in publishing_workflows(checkup):
        found = routes(checkup.facts, view.workflow) if "concurrency" not in view.raw else []
        for job in view.publishing:
            for index, events in meeting(found, job).items():
                if "concurrency" not in job.raw and len(events) > 1:
                    yield view.finding(
                        "no-concurrency-group",
                        "warning",
                        f"{' and '.join(events)} can start job {job.job.id} twice at the same time, for {NAMES.get(index, index)}",
                        job.job.line,
                        "add a `concurrency:` group with the ref in its name, and `cancel-in-progress: false`",
                        "troubleshooting/runs-twice.md",
                    )


def meeting(found: list[Route], job: JobView) -> dict[str, list[str]]:
    """Return for each index to which JOB publishes the events that lead there, each once."""
    events: dict[str, list[str]] = {}
    for route in found:
        for upload in route.uploads:
            if upload.job.id == job.job.id and upload.index and upload.answer and route.way.event not in events.setdefault(upload.index, []):
                events[upload.index].append(route.way.event)
    return events


def check_cancelled_uploads(checkup: Checkup) -> Iterator[Finding]:
    """Find uploads that a later run of the same group stops in the middle, so that half of a release is published."""
    for view in publishing_workflows(checkup):
        ending = [owner for owner in (view.raw, *(job.raw for job in view.publishing)) if ends_runs(owner)]
        found = routes(checkup.facts, view.workflow) if ending else []
        if cancels(view.raw, [route for job in view.publishing for route in leading(found, job)]):
            yield cancelled(view, view.line("concurrency", "cancel-in-progress"), "an earlier one")
        for job in view.publishing:
            if cancels(job.raw, leading(found, job)):
                yield cancelled(view, job.line("concurrency", "cancel-in-progress"), f"job {job.job.id} of an earlier one")


def leading(found: list[Route], job: JobView) -> list[Route]:
    """Return which of the ways to start a workflow lead to an upload of JOB."""
    return [route for route in found if any(upload.job.id == job.job.id for upload in route.uploads)]


def cancels(owner: CommentedMap, leading_there: list[Route]) -> bool:
    """Tell whether the `concurrency` of OWNER ends runs that still upload: two can be in one group, and the later one ends the earlier."""
    if not ends_runs(owner):
        return False
    name = str(owner["concurrency"].get("group"))
    once = len({route.way.event for route in leading_there}) < 2 and all(route.way.on_tag or route.way.event == "release" for route in leading_there)
    # A tag is pushed once; a branch gets a further commit while the first is being published.
    return not OF_ONE_RUN.search(name) and not (once and OF_ONE_REF.search(name))


def ends_runs(owner: CommentedMap) -> bool:
    """Tell whether the `concurrency` of OWNER ends what is running."""
    group = owner.get("concurrency")
    return isinstance(group, CommentedMap) and group.get("cancel-in-progress") is True


def cancelled(view: WorkflowView, line: int, who: str) -> Finding:
    """Return the finding at LINE."""
    message = f"a later run of the same group ends {who}, also in the middle of an upload"
    page = "incident/half-uploaded.md"
    return view.finding("cancels-uploads", "warning", message, line, "write `cancel-in-progress: false`, so that the later run waits", page)


def check_routes(checkup: Checkup) -> Iterator[Finding]:
    """Find what is not safe about the ways to start a publishing workflow; `show` warns of the same."""
    yield from warnings(checkup.facts)


def check_tag_patterns(checkup: Checkup) -> Iterator[Finding]:
    """Find tags in git that say no version and would all the same start a run that publishes."""
    tags = (checkup.git("tag") or "").splitlines() if checkup.own_git else []
    others = [tag for tag in tags if not says_version(tag)]
    for view in publishing_workflows(checkup) if others else ():
        push = next((trigger for trigger in view.workflow.triggers if trigger.event == "push" and (trigger.tags or not trigger.branches)), None)
        starting = [tag for tag in others if push and passes(push, tag)][:MOST_TAGS]
        tag = next((tag for tag in starting if uploads_in(checkup.facts, view.workflow, contexts_of("push", f"refs/tags/{tag}"))), None)
        if tag:
            yield view.finding(
                "tag-is-no-version",
                "warning",
                f"the tag {tag} says no version, and a push of it starts this workflow, which publishes",
                view.line("on", "push", "tags"),
                "narrow the pattern to versions, for example `v[0-9]+.[0-9]+.[0-9]+*`",
                "troubleshooting/tag-and-version.md",
            )


def says_version(tag: str) -> bool:
    """Tell whether TAG ends with a version, whatever stands before it."""
    for begin in re.search(r"\d", tag), *BEGINS.finditer(tag):
        try:
            Version(tag[begin.start() :] if begin else "")
        except ValueError:
            continue
        return True
    return False
