"""Each way to start a workflow: what a person or a clock does, and the contexts that the jobs see then."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pypi_runbook.project.expressions import UNKNOWN, Open, Value
from pypi_runbook.project.expressions.scope import CONTEXTS
from pypi_runbook.project.facts import Trigger, Workflow
from pypi_runbook.project.routes.inputs import choices_of, given_words
from pypi_runbook.project.routes.samples import OTHER_BRANCH, PULL, branches, home, tags

Answer = TypeVar("Answer")
MARKUP = re.compile(r"`([^`]*)`|\*+")
RELEASE_TYPES = ("published", "created", "released", "prereleased", "edited", "unpublished", "deleted")
# What an event's payload does not hold is empty, not unknown.
NOT_THERE = ("action", "inputs", "release", "pull_request", "schedule", "workflow_run", "client_payload", "issue")


@dataclass(frozen=True)
class Way:
    """One way to start a workflow.

    words: what happens, as a sentence; variant: what tells it from other ways of the same words, empty where there is none.
    ref: in full, None when only a run can tell. prerelease: whether the tag or the release is one. fork: whether it comes from a fork.
    contexts: what an expression can read in its run; an `Open` one says only part.
    """

    event: str
    words: str
    variant: str = ""
    action: str = ""
    ref: str | None = None
    prerelease: bool = False
    fork: bool = False
    inputs: dict[str, Value] = field(default_factory=dict)
    contexts: dict[str, Value] = field(default_factory=dict, repr=False)

    @property
    def sentence(self) -> str:
        """What happens and in which variant, in Markdown as the words are."""
        return f"{self.words}, {self.variant}" if self.variant else self.words

    @property
    def on_tag(self) -> bool:
        """Whether the run is one of a tag."""
        return (self.ref or "").startswith("refs/tags/") or self.event == "release"


def without_markup(words: str) -> str:
    """Return WORDS of a way for a terminal: a pattern of tags keeps its stars."""
    return MARKUP.sub(lambda match: match[1] or "", words)


def ways(workflow: Workflow, repository: str | None = None) -> list[Way]:
    """Return each way to start WORKFLOW of REPOSITORY (owner/name); a call by another workflow is none, since that one's event starts it."""
    found = (way for trigger in workflow.triggers for way in _of(workflow, trigger))
    return [replace(way, contexts=way.contexts | {"github": _in(repository, way.contexts["github"])}) for way in found]


def _in(repository: str | None, github: Value) -> Open:
    """Return the context GITHUB of a run in REPOSITORY."""
    known = {"repository": repository, "repository_owner": repository.partition("/")[0]} if repository else {}
    return Open({**_table(github), **known})


def contexts_of(
    event: str,
    ref: str | None = None,
    payload: dict[str, Value] | None = None,
    inputs: Value = None,
    repository: str | None = None,
) -> dict[str, Value]:
    """Return what a run by EVENT on REF (in full) sees; what is not given only a run can tell.

    payload: what is known of `github.event`; inputs: those of a dispatch, by name; repository: owner/name.
    """
    of_event = Open({**dict.fromkeys(NOT_THERE), **(payload or {})})
    github = Open({"event_name": event, "event": of_event})
    if ref:
        github |= {"ref": ref, "ref_name": ref.split("/", 2)[2], "ref_type": "tag" if ref.startswith("refs/tags/") else "branch"}
    if not event.startswith("pull_request"):
        github |= {"head_ref": "", "base_ref": ""}
    known: dict[str, Value] = {"github": _in(repository, github), "inputs": {} if inputs is None else inputs}
    return dict.fromkeys(CONTEXTS, UNKNOWN) | known


def _of(workflow: Workflow, trigger: Trigger) -> Iterator[Way]:
    if trigger.event == "release":
        yield from _releases(workflow, trigger)
    elif trigger.event == "workflow_dispatch":
        yield from _dispatches(workflow, trigger)
    elif trigger.event == "push":
        yield from _pushes(workflow, trigger)
    elif trigger.event in ("pull_request", "pull_request_target"):
        yield from _pulls(workflow, trigger.event)
    elif trigger.event == "schedule":
        for cron in trigger.crons or [""]:
            words = f"On schedule: `{cron}`" if cron else "On schedule"
            contexts = contexts_of("schedule", home(workflow), {"schedule": cron or UNKNOWN})
            yield Way("schedule", words, ref=home(workflow), contexts=contexts)
    elif trigger.event != "workflow_call":
        yield Way(trigger.event, f"The event `{trigger.event}`", contexts=contexts_of(trigger.event, payload=dict.fromkeys(NOT_THERE, UNKNOWN)))


def _releases(workflow: Workflow, trigger: Trigger) -> Iterator[Way]:
    """Yield each activity of a release that TRIGGER listens to, for a stable release and for a pre-release."""
    stable, pre = tags(workflow)
    for action in trigger.types or RELEASE_TYPES:
        for tag, prerelease in ((stable, False), (pre, True)):
            if action != ("released" if prerelease else "prereleased"):
                yield _release(action, tag, prerelease=prerelease)


def _release(action: str, tag: str | None, *, prerelease: bool) -> Way:
    single = action in ("released", "prereleased")
    kind = "pre-release" if single and prerelease else "release"
    words = f"A GitHub {kind} is {f'published (`{action}`)' if single else action}"
    ref = f"refs/tags/{tag}" if tag else None
    release = Open(prerelease=prerelease, draft=False, tag_name=tag or UNKNOWN)
    contexts = contexts_of("release", ref, {"action": action, "release": release})
    variant = "" if single else "as a pre-release" if prerelease else "as a stable one"
    return Way("release", words, variant, action, ref, prerelease, contexts=contexts)


def _dispatches(workflow: Workflow, trigger: Trigger) -> Iterator[Way]:
    """Yield a run by hand with each choice of inputs that matters, on a branch and on a tag."""
    stable, _ = tags(workflow)
    tag = f"refs/tags/{stable}" if stable else None
    for choice in choices_of(workflow, trigger):
        words = ", ".join(["Someone selects **Run workflow**", *given_words(trigger, choice)])
        known = Open({name: choice.get(name, UNKNOWN) for name in trigger.inputs})
        texts = Open({name: str(value).lower() if isinstance(value, bool) else value for name, value in known.items()})
        for variant, ref in (("on a branch", home(workflow)), ("on a tag", tag)):
            contexts = contexts_of("workflow_dispatch", ref, {"inputs": texts}, known)
            yield Way("workflow_dispatch", words, variant, ref=ref, inputs=choice, contexts=contexts)


def _pushes(workflow: Workflow, trigger: Trigger) -> Iterator[Way]:
    """Yield a push of a tag and of a branch, as far as TRIGGER's filters let each through."""
    of_tags, of_branches = (
        bool(wanted or unwanted) for wanted, unwanted in ((trigger.tags, trigger.tags_ignore), (trigger.branches, trigger.branches_ignore))
    )
    if of_tags or not of_branches:
        words = f"A tag{_like(trigger.tags, ' like')} is pushed"
        for tag, prerelease in zip(tags(workflow), (False, True), strict=True):
            if tag or not prerelease:
                yield _push(
                    words, "for a pre-release" if prerelease else "for a stable version", f"refs/tags/{tag}" if tag else None, prerelease=prerelease
                )
    if of_branches or not of_tags:
        for branch in branches(workflow, trigger):
            variant = "another branch" if branch == OTHER_BRANCH else branch.removeprefix("refs/heads/")
            yield _push(f"Someone pushes to a branch{_like(trigger.branches, '')}", variant, branch)


def _push(words: str, variant: str, ref: str | None, *, prerelease: bool = False) -> Way:
    known: dict[str, Value] = {} if ref else {"ref_type": "tag"}
    contexts = contexts_of(
        "push", ref, {"ref": ref or UNKNOWN, "created": UNKNOWN if ref and ref.startswith("refs/heads/") else True, "deleted": False}
    )
    contexts["github"] = Open({**_table(contexts["github"]), **known})
    return Way("push", words, variant, ref=ref, prerelease=prerelease, contexts=contexts)


def _table(value: Value) -> dict[str, Value]:
    return value if isinstance(value, dict) else {}


def _like(patterns: list[str], word: str) -> str:
    return f"{word} {', '.join(f'`{each}`' for each in patterns)}" if patterns else ""


def _pulls(workflow: Workflow, event: str) -> Iterator[Way]:
    """Yield a pull request from the repository itself and one from a fork."""
    ref = PULL if event == "pull_request" else home(workflow)
    for fork in (False, True):
        pull = Open(head=Open(repo=Open(fork=fork)))
        contexts = contexts_of(event, ref, {"pull_request": pull})
        words = "Someone opens or changes a pull request"
        yield Way(event, words, "from a fork" if fork else "from a branch of the repository", ref=ref, fork=fork, contexts=contexts)


def merged(found: list[tuple[Way, Answer]]) -> Iterator[tuple[str, Answer]]:
    """Yield each way in words with its answer; variants of one thing that have the same answer are told as one."""
    for _, group in itertools.groupby(found, key=lambda pair: (pair[0].event, pair[0].words)):
        same = list(group)
        answers = [answer for index, (_, answer) in enumerate(same) if answer not in [other for _, other in same[:index]]]
        for answer in answers:
            variants = [way.variant for way, each in same if each == answer and way.variant]
            yield same[0][0].words + (f", {' or '.join(variants)}" if variants and len(answers) > 1 else ""), answer
