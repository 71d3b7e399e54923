"""A tag and a branch of each kind that a workflow tells apart, so that its conditions can be worked out for them."""

from __future__ import annotations

import re

from pypi_runbook.project.facts import Trigger, Workflow
from pypi_runbook.project.refs import matches

STABLE = ("1.0.0", "v1.0.0", "1.0", "v1.0", "release-1.0.0", "release/1.0.0", "rel-1.0.0", "r1.0.0", "ver1.0.0", "version-1.0.0")
MARKS = ("rc1", "-rc1", "b1", "-rc.1", "-beta.1", "a1", "-alpha.1", ".dev1")
BRANCH, OTHER_BRANCH, PULL = "refs/heads/main", "refs/heads/another-branch", "refs/pull/1/merge"
TAG_TEXT = re.compile(r"refs/tags/([\w./-]+)|ref_name\s*,\s*'([\w./-]+)'")
BRANCH_TEXT = re.compile(r"refs/heads/([\w./-]+)")


def tags(workflow: Workflow) -> tuple[str | None, str | None]:
    """Return a tag of a stable version and one of a pre-release as WORKFLOW takes them; None where none of the usual forms is let through."""
    push = next((trigger for trigger in workflow.triggers if trigger.event == "push"), None)
    begun = [first or second for first, second in TAG_TEXT.findall(texts(workflow))]
    liked = [*(start if start[-1].isdigit() else f"{start}1.0.0" for start in begun), *STABLE]
    stable = next((tag for tag in liked if passes(push, tag)), None)
    marked = (f"{stable or liked[0]}{mark}" for mark in MARKS)
    return stable, next((tag for tag in marked if passes(push, tag)), None)


def passes(push: Trigger | None, tag: str) -> bool:
    """Tell whether the filters of PUSH let TAG through; without filters for tags every tag is let through."""
    if push is None or not (push.tags or push.tags_ignore):
        return True
    return matches(push.tags, tag) if push.tags else not matches(push.tags_ignore, tag)


def home(workflow: Workflow) -> str:
    """Return the branch, in full, on which WORKFLOW is at home: `main`, unless it names other branches only."""
    named = BRANCH_TEXT.findall(texts(workflow))
    return BRANCH if not named or "main" in named else f"refs/heads/{named[0]}"


def branches(workflow: Workflow, push: Trigger) -> list[str]:
    """Return the branches, in full, whose pushes can make a difference: those that WORKFLOW names, and another one."""
    named = [f"refs/heads/{each}" for each in [*push.branches, *BRANCH_TEXT.findall(texts(workflow))] if not re.search(r"[*?+!\[\]\\]", each)]
    every = dict.fromkeys([*named, BRANCH, OTHER_BRANCH])
    found = [branch for branch in every if _lets(push, branch.removeprefix("refs/heads/"))]
    patterned = push.branches and OTHER_BRANCH not in found and any(re.search(r"[*?+\[]", each) for each in push.branches)
    return found + ([OTHER_BRANCH] if patterned else [])


def _lets(push: Trigger, branch: str) -> bool:
    return matches(push.branches, branch) if push.branches else not matches(push.branches_ignore, branch)


def texts(workflow: Workflow) -> str:
    """Return every text of WORKFLOW that can hold an expression which decides what runs."""
    found = [job.condition or "" for job in workflow.jobs]
    for step in (step for job in workflow.jobs for step in job.steps):
        found += [step.condition or "", *step.inputs.values(), *step.env.values()]
    return "\n".join(found)
