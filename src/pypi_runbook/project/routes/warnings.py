"""Routes that are not safe: a release that is published twice, a run by hand that publishes too much, a gate behind a public tag."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml.comments import CommentedMap

from pypi_runbook.finding import Finding
from pypi_runbook.project.expressions import ExpressionError, names
from pypi_runbook.project.facts import Facts, Job, Workflow
from pypi_runbook.project.indexes import INDEXES
from pypi_runbook.project.routes.answers import Jobs
from pypi_runbook.project.routes.gates import late_gates
from pypi_runbook.project.routes.routing import Route, RoutedUpload, routes
from pypi_runbook.project.routes.samples import texts
from pypi_runbook.project.routes.ways import Way, without_markup
from pypi_runbook.project.text import table
from pypi_runbook.project.workflows import mapping
from pypi_runbook.project.yaml import item_line, line_of, read_yaml

# The activities that publishing one release can set off; a draft that is published sends no `created`.
PUBLISHING = ("published", "created", "released", "prereleased")
ASKED = re.compile(r"workflow_dispatch|\binputs\b", re.IGNORECASE)
# What a condition may use when every value that it can have is among the ways.
DECIDED = re.compile(r"github\.(event_name|event\.action|event\.release\.(prerelease|draft)|ref_type)|(github\.event\.)?inputs\..*", re.IGNORECASE)


def warnings(facts: Facts) -> list[Finding]:
    """Return what is not safe about the ways in which the workflows of FACTS publish, each with file, line, fix and page."""
    publishing = any(job.publishes for workflow in facts.workflows for job in workflow.jobs)
    found = routes(facts) if publishing else []
    by_workflow = [[route for route in found if route.workflow is workflow] for workflow in facts.workflows]
    return [
        *_twice(facts, found),
        *_drafts(facts, found),
        *(finding for each in by_workflow for finding in _by_hand(facts, each)),
        *(finding for each in by_workflow for finding in _gates(each, found)),
        *(finding for each in by_workflow for finding in _never(facts, each)),
        *(finding for each in by_workflow for finding in _skipped(facts, each)),
        *(finding for workflow in facts.workflows for finding in _hops(facts, workflow)),
    ]


def _twice(facts: Facts, found: list[Route]) -> Iterator[Finding]:
    """Find the indexes to which one release is published by several runs: of its tag, and of the release's activities."""
    told: set[str] = set()
    for prerelease in (False, True):
        set_off = [route for route in found if _by_release(route.way) and route.way.prerelease is prerelease]
        for index in dict.fromkeys(index for route in set_off for index in route.indexes()):
            there = sorted((route for route in set_off if index in route.indexes()), key=lambda route: route.way.action != "published")
            if len(there) > 1 and index not in told:
                told.add(index)
                yield _published_twice(facts, index, there)


def _by_release(way: Way) -> bool:
    return (way.event == "push" and way.on_tag) or (way.event == "release" and way.action in PUBLISHING)


def _published_twice(facts: Facts, index: str, there: list[Route]) -> Finding:
    """Return the finding at the trigger to remove: not the published release, where that is one of them."""
    several = len({route.workflow.file for route in there}) > 1
    words = [without_markup(route.way.words) + (f" ({route.workflow.file.rsplit('/', 1)[-1]})" if several else "") for route in there]
    kind = "pre-release" if there[0].way.prerelease else "release"
    surplus = there[1]
    return Finding(
        "publishes-twice",
        "warning",
        f"one {kind} is published to {title(index)} by {len(there)} runs: {' and '.join(_lower(each) for each in words)}",
        surplus.workflow.file,
        trigger_line(facts, surplus.workflow, surplus.way),
        "let one event publish: keep the published release, and remove this one",
        "troubleshooting/runs-twice.md",
    )


def _drafts(facts: Facts, found: list[Route]) -> Iterator[Finding]:
    """Find uploads that start for a created release only: GitHub does not send that for a draft, nor when the draft is published."""
    set_off = [route for route in found if _by_release(route.way)]
    told: set[str] = set()
    for route in (route for route in set_off if route.way.action == "created"):
        for index in route.indexes(surely=False):
            others = (other for other in set_off if other.way.action != "created")
            if index not in told and not any(index in other.indexes(surely=False) for other in others):
                told.add(index)
                yield Finding(
                    "misses-drafts",
                    "warning",
                    f"GitHub does not send `created` when a draft is published, so no upload to {title(index)} starts for a release that was a draft",
                    route.workflow.file,
                    trigger_line(facts, route.workflow, route.way),
                    "write `types: [published]`, which GitHub sends for a draft too",
                    "troubleshooting/workflow-does-not-start.md",
                )


def _by_hand(facts: Facts, found: list[Route]) -> Iterator[Finding]:
    """Find runs by hand that publish to both indexes, or to PyPI though nothing asks for that."""
    by_hand = [route for route in found if route.way.event == "workflow_dispatch"]
    both = [route for route in by_hand if {"pypi", "testpypi"} <= set(route.indexes())]
    if both:
        upload = _to("pypi", both[0])
        message = f"a run by hand can publish to both {title('pypi')} and {title('testpypi')}: {_lower(without_markup(both[0].way.sentence))}"
        fix = "let the jobs exclude each other: publish to PyPI for `github.event_name == 'release'` only"
        yield Finding("publishes-to-both", "warning", message, *_condition_place(facts, upload), fix, "publishing/testing.md")
    elsewhere = any("pypi" in route.indexes() for route in found if route not in by_hand)
    unasked = [route for route in by_hand if "pypi" in route.indexes() and not _asked_for(route, _to("pypi", route).caller)]
    if elsewhere and unasked:
        yield _unasked(facts, by_hand, unasked)


def _unasked(facts: Facts, by_hand: list[Route], unasked: list[Route]) -> Finding:
    variants = " or ".join(dict.fromkeys(route.way.variant for route in unasked))
    for_tests = any("testpypi" in route.indexes() for route in by_hand)
    return Finding(
        "dispatch-publishes",
        "warning" if for_tests or any(not route.way.on_tag for route in unasked) else "note",
        f"a run by hand {variants} publishes to {title('pypi')}, though no input asks for it",
        *_condition_place(facts, _to("pypi", unasked[0])),
        "add `github.event_name != 'workflow_dispatch'` to the job's condition, or an input that asks for it",
        "publishing/testing.md",
    )


def _to(index: str, route: Route) -> RoutedUpload:
    return next(upload for upload in route.uploads if upload.index == index and upload.answer)


def _asked_for(route: Route, job: Job) -> bool:
    """Tell whether JOB, or one that it waits for, looks at who started the run or at an input."""
    by_id = {each.id: each for each in route.workflow.jobs}
    waiting, seen = [job], set[str]()
    while waiting:
        each = waiting.pop()
        if each.id in seen:
            continue
        seen.add(each.id)
        uploading = [step.condition or "" for step in each.steps if any(upload.line == step.line for upload in each.publishes)]
        if any(ASKED.search(text) for text in [each.condition or "", *uploading]):
            return True
        waiting += [by_id[name] for name in each.needs if name in by_id]
    return False


def _gates(found: list[Route], every: list[Route]) -> Iterator[Finding]:
    """Find checks that a pushed tag runs, and nothing before it."""
    route = next((route for route in found if route.way.event == "push" and route.way.on_tag and "pypi" in route.indexes()), None)
    for job, step in late_gates(route, every) if route else ():
        name = step.name or (step.run or "").strip().split("\n")[0]
        yield Finding(
            "gate-after-tag",
            "warning",
            f"the step “{name}” of job {job.id} runs for a tag only, and when it fails the tag is public already",
            route.workflow.file if route else None,
            step.line,
            "run it for pull requests or pushes to the branch too, so that it fails before you tag",
            "publishing/release_checklist.md",
        )


def _never(facts: Facts, found: list[Route]) -> Iterator[Finding]:
    """Find publishing jobs that no event starts, although the workflow has events."""
    workflow = found[0].workflow if found else None
    if workflow is None or any(trigger.event == "workflow_call" for trigger in workflow.triggers):
        return
    for job in workflow.jobs:
        if job.publishes and all(route.jobs[job.id] is False for route in found) and _decided(workflow, job):
            yield Finding(
                "never-publishes",
                "warning",
                f"no event that starts this workflow lets job {job.id} run, so it never publishes",
                workflow.file,
                condition_line(facts, workflow, job),
                "compare the job's condition with the events of `on:`",
                "troubleshooting/workflow-does-not-start.md",
            )


def _skipped(facts: Facts, found: list[Route]) -> Iterator[Finding]:
    """Find uploads that do not happen because of a skipped job which they do not need themselves."""
    told: set[str] = set()
    for route in found:
        jobs = Jobs(route.workflow, route.way.contexts)
        for job in (each for each in route.workflow.jobs if each.publishes and each.id not in told):
            if ancestor := jobs.skipped_by(job.id):
                told.add(job.id)
                yield _by_ancestor(facts, route, job, ancestor)


def _by_ancestor(facts: Facts, route: Route, job: Job, ancestor: str) -> Finding:
    way, own = _lower(without_markup(route.way.sentence)), "its `if` calls no status function" if job.condition else "it has no `if`"
    return Finding(
        "skipped-by-ancestor",
        "warning",
        f"job {job.id} is skipped when {way}: job {ancestor}, an ancestor, is skipped then, and {own}, so that `success()` asks all ancestors",
        route.workflow.file,
        condition_line(facts, route.workflow, job),
        "begin the condition with `!cancelled() && !failure() &&`, or with `always() &&` where it looks at every result itself",
        "troubleshooting/not-on-the-index.md",
    )


def _hops(facts: Facts, workflow: Workflow) -> Iterator[Finding]:
    """Find uploads that look for the tag in a run which is itself started by `workflow_run`: such a run is one of the default branch."""
    commands = (step.run or "" for job in workflow.jobs for step in job.steps)
    if not any(job.publishes for job in workflow.jobs) or "workflow_run.head_branch" not in "\n".join([texts(workflow), *commands]):
        return
    between = next((each for each in before(facts, workflow) if any(trigger.event == "workflow_run" for trigger in each.triggers)), None)
    if between:
        branch = facts.repository.default_branch or "the default branch"
        yield Finding(
            "tag-lost-by-workflow-run",
            "warning",
            f"after “{between.name}”, which `workflow_run` starts itself, `head_branch` is {branch} and not the tag, so nothing publishes it",
            workflow.file,
            trigger_line(facts, workflow, Way("workflow_run", "")),
            f"follow the workflow that the tag starts, without “{between.name}” between, or publish in that workflow",
            "troubleshooting/not-on-the-index.md",
        )


def before(facts: Facts, workflow: Workflow) -> list[Workflow]:
    """Return the workflows whose runs start WORKFLOW by `workflow_run`."""
    followed = {name for trigger in workflow.triggers for name in trigger.workflows}
    return [each for each in facts.workflows if each.name in followed]


def _decided(workflow: Workflow, job: Job) -> bool:
    """Tell whether the conditions of JOB and of all others use nothing but what the ways say."""
    try:
        used = [name for each in workflow.jobs if each is job or each.id in job.needs for name in names(each.condition or "")]
    except ExpressionError:
        return False
    return all(DECIDED.fullmatch(name) for name in used)


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]


def title(index: str) -> str:
    """Return the name of INDEX as people write it."""
    return INDEXES[index].title if index in INDEXES else index


def trigger_line(facts: Facts, workflow: Workflow, way: Way) -> int:
    """Return the line in WORKFLOW of the event of WAY, or of the filter by which it is started."""
    data = read_yaml(facts.root / workflow.file, facts.root)
    on = data.get("on")
    if not isinstance(on, CommentedMap) or way.event not in on:
        return line_of(data, "on") if "on" in data else workflow.line
    filters: Any = on[way.event]
    key = {"push": "tags", "workflow_run": "workflows"}.get(way.event, "types")
    if key not in table(filters):
        return line_of(on, way.event)
    return item_line(filters[key], 0) if isinstance(filters[key], list) and filters[key] else line_of(filters, key)


def _condition_place(facts: Facts, upload: RoutedUpload) -> tuple[str, int]:
    workflow = next(each for each in facts.workflows if upload.caller in each.jobs)
    return workflow.file, condition_line(facts, workflow, upload.caller)


def condition_line(facts: Facts, workflow: Workflow, job: Job) -> int:
    """Return the line of the `if:` of JOB, or of the job where it has none."""
    data = read_yaml(facts.root / workflow.file, facts.root)
    body = mapping(mapping(mapping(data).get("jobs")).get(job.id))
    return line_of(body, "if") if "if" in body else job.line
