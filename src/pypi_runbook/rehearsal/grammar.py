"""What a workflow file may hold, key by key, and which contexts an expression may use there.

The table says what GitHub's own does (workflow-v1.0.json in actions/languageservices), in the shapes that `validation` walks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Shape:
    """What a value may be; contexts: what `${{ }}` in it may use, beside what the value around it allows."""

    contexts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Nothing(Shape):
    """No value, as behind `push:`."""


@dataclass(frozen=True)
class Anything(Shape):
    """A value that GitHub does not look into."""


@dataclass(frozen=True)
class Flag(Shape):
    """true or false."""


@dataclass(frozen=True)
class Number(Shape):
    """A number."""


@dataclass(frozen=True)
class Text(Shape):
    """A string; values: the only ones, any when empty. condition: the whole of it is an expression, as in `if:`."""

    empty: bool = True
    values: tuple[str, ...] = ()
    condition: bool = False


@dataclass(frozen=True)
class Sequence(Shape):
    """A list of ITEM."""

    item: Shape = field(default_factory=Anything)


@dataclass(frozen=True)
class Table(Shape):
    """A mapping; fields: its known keys; required: those that must be there; others: what any other key may hold, None for none."""

    fields: dict[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    others: Shape | None = None


@dataclass(frozen=True)
class Either(Shape):
    """One of several."""

    choices: tuple[Shape, ...] = ()


START = ("github", "inputs", "vars")
NEEDS = (*START, "needs")
LEG = (*NEEDS, "strategy", "matrix")
RUNNING = (*LEG, "steps", "job", "runner", "env")
STEP = (*RUNNING, "secrets", "hashFiles")
STATUS = ("always", "failure", "cancelled", "success")

ANY, FLAG, NOTHING, STRING, NAME = Anything(), Flag(), Nothing(), Text(), Text(empty=False)
NAMES = Either(choices=(NAME, Sequence(item=NAME)))
SCALAR = (STRING, FLAG, Number())
STRINGS = Table(others=STRING)


def one_of(*choices: Shape, contexts: tuple[str, ...] = ()) -> Either:
    """Return the shape of a value that is one of CHOICES."""
    return Either(contexts, choices)


def words(text: str) -> tuple[str, ...]:
    """Return the words of TEXT."""
    return tuple(text.split())


def activity(*names: str, **more: Shape) -> Either:
    """Return the shape of an event with the activities NAMES and filters MORE."""
    kind = Text(values=names)
    types = {"types": one_of(kind, Sequence(item=kind))} if names else {}
    return one_of(NOTHING, Table(fields=types | {key.replace("_", "-"): shape for key, shape in more.items()}))


READ, WRITE = ("read", "none"), ("write", "none")
BOTH = ("read", "write", "none")
PERMISSIONS = dict.fromkeys(
    words(
        "actions artifact-metadata attestations checks contents deployments discussions issues "
        "packages pages pull-requests repository-projects security-events statuses"
    ),
    BOTH,
) | {"id-token": WRITE, "models": READ}

PULL_TYPES = words(
    "assigned unassigned labeled unlabeled opened edited closed reopened synchronize converted_to_draft locked unlocked enqueued "
    "dequeued milestoned demilestoned ready_for_review review_requested review_request_removed auto_merge_enabled "
    "auto_merge_disabled "
)
ISSUE_TYPES = words(
    "opened edited deleted transferred pinned unpinned closed reopened assigned unassigned labeled unlabeled locked unlocked "
    "milestoned demilestoned typed untyped "
)
DISCUSSION_TYPES = words(
    "created edited deleted transferred pinned unpinned labeled unlabeled locked unlocked category_changed answered unanswered closed reopened "
)
CHANGED = ("created", "edited", "deleted")
BRANCHES = {"branches": NAMES, "branches_ignore": NAMES}
PATHS = {"paths": NAMES, "paths_ignore": NAMES}

INPUT_TYPES = ("string", "boolean", "number")
DISPATCH_INPUT = Table(
    fields={
        "description": STRING,
        "deprecationMessage": STRING,
        "type": Text(values=(*INPUT_TYPES, "environment", "choice")),
        "required": FLAG,
        "default": one_of(*SCALAR),
        "options": Sequence(item=STRING),
    }
)
CALL_INPUT = Table(
    fields={
        "description": STRING,
        "deprecationMessage": STRING,
        "type": Text(values=INPUT_TYPES),
        "required": FLAG,
        "default": one_of(*SCALAR, contexts=START),
    },
    required=("type",),
)
CALL = Table(
    fields={
        "inputs": Table(others=CALL_INPUT),
        "secrets": Table(others=one_of(NOTHING, Table(fields={"description": STRING, "required": FLAG}))),
        "outputs": Table(others=Table(fields={"description": STRING, "value": Text((*START, "jobs"))}, required=("value",))),
    }
)
EVENTS: dict[str, Shape] = {
    **dict.fromkeys(("create", "delete", "deployment", "deployment_status", "fork", "gollum", "page_build", "public", "status"), NOTHING),
    "branch_protection_rule": activity(*CHANGED),
    "check_run": activity("completed", "created", "rerequested", "requested_action"),
    "check_suite": activity("completed"),
    "discussion": activity(*DISCUSSION_TYPES),
    "discussion_comment": activity(*CHANGED),
    "image_version": activity("created", "ready", "deleted", names=NAMES, versions=NAMES),
    "issue_comment": activity(*CHANGED),
    "issues": activity(*ISSUE_TYPES),
    "label": activity(*CHANGED),
    "merge_group": activity("checks_requested", **BRANCHES),
    "milestone": activity("created", "closed", "opened", "edited", "deleted"),
    "project": activity("created", "closed", "reopened", "edited", "deleted"),
    "project_card": activity("created", "moved", "converted", "edited", "deleted"),
    "project_column": activity("created", "updated", "moved", "deleted"),
    "pull_request": activity(*PULL_TYPES, **BRANCHES, **PATHS),
    "pull_request_comment": activity(*CHANGED),
    "pull_request_review": activity("submitted", "edited", "dismissed"),
    "pull_request_review_comment": activity(*CHANGED),
    "pull_request_target": activity(*PULL_TYPES, **BRANCHES, **PATHS),
    "push": activity(**BRANCHES, **PATHS, tags=NAMES, tags_ignore=NAMES),
    "registry_package": activity("published", "updated"),
    "release": activity("published", "unpublished", "created", "edited", "deleted", "prereleased", "released"),
    "repository_dispatch": activity(types=NAMES),
    "schedule": Sequence(item=Table(fields={"cron": NAME, "timezone": NAME}, required=("cron",))),
    "watch": activity("started"),
    "workflow_call": one_of(NOTHING, CALL),
    "workflow_dispatch": one_of(NOTHING, Table(fields={"inputs": Table(others=DISPATCH_INPUT)})),
    "workflow_run": activity("requested", "completed", "in_progress", workflows=NAMES, **BRANCHES),
}
EVENT = Text(values=tuple(EVENTS))
ON = one_of(EVENT, Sequence(item=EVENT), Table(fields=EVENTS))

PERMISSION = one_of(Text(values=("read-all", "write-all")), Table(fields={name: Text(values=levels) for name, levels in PERMISSIONS.items()}))
CONCURRENCY = Table(fields={"group": NAME, "cancel-in-progress": FLAG}, required=("group",))
RUN_DEFAULTS = {"shell": NAME, "working-directory": NAME}
CONTAINER_FIELDS: dict[str, Shape] = {
    "image": NAME,
    "options": STRING,
    "env": Table(RUNNING, others=STRING),
    "ports": Sequence(item=NAME),
    "volumes": Sequence(item=NAME),
    "credentials": Table((*START, "secrets", "env"), fields={"username": NAME, "password": NAME}),
}
SERVICE = one_of(NAME, Table(fields=CONTAINER_FIELDS | {"entrypoint": STRING, "command": STRING}), contexts=NEEDS)

MATRIX = Table(
    fields={key: Sequence(item=Table(others=ANY)) for key in ("include", "exclude")},
    others=Sequence(item=ANY),
)
STRATEGY = Table(NEEDS, fields={"fail-fast": FLAG, "max-parallel": Number(), "matrix": MATRIX})
STEP_FIELDS: dict[str, Shape] = {
    "name": Text(STEP),
    "id": NAME,
    "if": Text((*RUNNING, "hashFiles", *STATUS), condition=True),
    "timeout-minutes": Number(STEP),
    "continue-on-error": Flag(STEP),
    "env": Table(STEP, others=STRING),
}
RUN_STEP = Table(
    fields=STEP_FIELDS | {"run": Text(STEP), "working-directory": Text(STEP), "shell": NAME},
    required=("run",),
)
ACTION_STEP = Table(fields=STEP_FIELDS | {"uses": NAME, "with": Table(STEP, others=STRING)}, required=("uses",))
JOB_FIELDS: dict[str, Shape] = {
    "name": Text(LEG),
    "needs": NAMES,
    "if": Text((*NEEDS, *STATUS), condition=True),
    "permissions": PERMISSION,
    "concurrency": one_of(NAME, CONCURRENCY, contexts=LEG),
    "strategy": STRATEGY,
}
OWN_JOB = Table(
    fields=JOB_FIELDS
    | {
        "runs-on": one_of(NAME, Sequence(item=NAME), Table(fields={"group": NAME, "labels": one_of(NAME, Sequence(item=NAME))}), contexts=LEG),
        "timeout-minutes": Number(LEG),
        "cancel-timeout-minutes": Number(LEG),
        "continue-on-error": Flag(LEG),
        "container": one_of(STRING, Table(fields=CONTAINER_FIELDS), contexts=LEG),
        "services": Table(LEG, others=SERVICE),
        "env": Table((*LEG, "secrets"), others=STRING),
        "environment": one_of(STRING, Table(fields={"name": Text(LEG), "url": Text(RUNNING), "deployment": FLAG}, required=("name",)), contexts=LEG),
        "outputs": Table(others=Text((*RUNNING, "secrets"))),
        "defaults": Table(fields={"run": Table((*LEG, "env"), fields=RUN_DEFAULTS)}),
        "steps": Sequence(item=one_of(RUN_STEP, ACTION_STEP)),
    },
    required=("runs-on",),
)
CALLING_JOB = Table(
    fields=JOB_FIELDS
    | {
        "uses": NAME,
        "with": Table(others=one_of(*SCALAR, contexts=LEG)),
        "secrets": one_of(Text(values=("inherit",)), Table(others=one_of(*SCALAR, contexts=(*LEG, "secrets")))),
    },
    required=("uses",),
)
WORKFLOW = Table(
    fields={
        "on": ON,
        "name": STRING,
        "run-name": Text(START),
        "defaults": Table(fields={"run": Table(fields=RUN_DEFAULTS)}),
        "env": Table((*START, "secrets"), others=STRING),
        "permissions": PERMISSION,
        "concurrency": one_of(STRING, CONCURRENCY, contexts=START),
        "jobs": Table(others=one_of(OWN_JOB, CALLING_JOB)),
    },
    required=("on", "jobs"),
)
