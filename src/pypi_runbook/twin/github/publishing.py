"""The rules by which a release is made, edited and published, and when one falls back to a draft."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pypi_runbook.twin.github import gitdata
from pypi_runbook.twin.github.notes import generate_notes
from pypi_runbook.twin.github.records import Release, Repository
from pypi_runbook.twin.github.refusals import LONGEST_BODY, already_exists, custom, invalid, not_supplied, wrong_type
from pypi_runbook.twin.github.state import GithubState

TYPES: dict[str, type] = {
    **dict.fromkeys(("tag_name", "target_commitish", "name", "body", "make_latest", "discussion_category_name"), str),
    **dict.fromkeys(("draft", "prerelease", "generate_release_notes"), bool),
}
UNTAGGED = custom("Published releases must have a valid tag")
NO_TAG = custom("tag_name is not a valid tag", "tag_name")
MALFORMED = custom("tag_name is not well-formed", "tag_name")


def create_release(state: GithubState, repository: Repository, fields: Mapping[str, Any], author: str) -> Release:
    """Make the release that FIELDS of the API describe, and its tag when it is to be public; ApiError in GitHub's words.

    Rules: https://docs.github.com/rest/releases/releases#create-a-release
    """
    given = _checked(fields)
    if "tag_name" not in given:
        raise not_supplied("tag_name")
    tag, target = given["tag_name"], given.get("target_commitish") or gitdata.default_branch(repository.origin)
    name, body = given.get("name"), given.get("body")
    if given.get("generate_release_notes"):
        name, notes = name or tag, generate_notes(repository, tag, target)
        body = f"{body}\n\n{notes}" if body else notes
    now = state.clock()
    made = Release(0, repository.id, tag, target, name, body, bool(given.get("draft")), bool(given.get("prerelease")), now, None, now, author)
    return _settle(state, repository, made, given)


def edit_release(state: GithubState, repository: Repository, release: Release, fields: Mapping[str, Any]) -> Release:
    """Change what FIELDS name in RELEASE; a draft that is one no longer is published now. ApiError in GitHub's words."""
    given = _checked(fields)
    names = {"tag_name": "tag", "target_commitish": "target", "name": "name", "body": "body", "draft": "draft", "prerelease": "prerelease"}
    changes = {ours: given[theirs] for theirs, ours in names.items() if theirs in given}
    return _settle(state, repository, replace(release, **changes, updated=state.clock()), given)


def delete_release(state: GithubState, release: Release) -> None:
    """Delete RELEASE and its files; the tag stays."""
    state.releases.delete(release)


def follow_tags(state: GithubState, repository: Repository) -> None:
    """Make drafts of the published releases whose tag is gone, as GitHub does after a tag is deleted."""
    known = {ref.name.removeprefix("refs/tags/") for ref in gitdata.refs(repository.origin, "refs/tags/")}
    for release in state.releases.all(repository):
        if not release.draft and release.tag not in known:
            state.releases.save(replace(release, draft=True, published=None))


def _settle(state: GithubState, repository: Repository, release: Release, given: Mapping[str, Any]) -> Release:
    """Check RELEASE, make its tag, keep it, and say whether it is the latest."""
    commit = _commit(repository, release)
    new = not release.draft and release.published is None
    release = replace(
        release,
        created=(gitdata.committed(repository.origin, commit) if commit else None) or release.created,
        published=None if release.draft else release.published if release.published is not None else state.clock(),
    )
    try:
        kept = state.releases.save(release)
    except sqlite3.IntegrityError as error:
        raise already_exists("Release", "tag_name") from error
    _choose_latest(state, repository, kept, given.get("make_latest", "true" if new else ""))
    return kept


def _choose_latest(state: GithubState, repository: Repository, release: Release, choice: str) -> None:
    can = not release.draft and not release.prerelease
    if choice == "true" and can:
        state.releases.set_latest(repository, release)
    elif choice == "legacy":
        state.releases.set_latest(repository, None)


def _commit(repository: Repository, release: Release) -> str | None:
    """Return the commit that RELEASE is about, after making its tag when it is public and has none yet."""
    origin, problems = repository.origin, _problems(repository, release)
    if MALFORMED in problems:
        raise invalid("Release", *problems)
    tagged = gitdata.commit_of_tag(origin, release.tag)
    target = tagged or gitdata.commit_of_target(origin, release.target)
    if target is None and not release.draft:
        problems += [NO_TAG, UNTAGGED, {"code": "invalid", "field": "target_commitish"}]
    if problems:
        raise invalid("Release", *problems)
    if not release.draft and not tagged and target:
        gitdata.set_ref(origin, f"refs/tags/{release.tag}", target)
    return target


def _problems(repository: Repository, release: Release) -> list[dict[str, str]]:
    """Return what is wrong with RELEASE by itself."""
    problems: list[dict[str, str]] = []
    if len(release.body or "") > LONGEST_BODY:
        problems.append(custom(f"body is too long (maximum is {LONGEST_BODY} characters)", "body"))
    if gitdata.is_well_formed(repository.origin, f"refs/tags/{release.tag}"):
        return problems
    start = NO_TAG if release.tag else {"code": "missing_field", "field": "tag_name"}
    return [*problems, MALFORMED] if release.draft else [*problems, start, MALFORMED, UNTAGGED]


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return FIELDS without empty and unknown ones; ApiError for one of another type."""
    for name, value in fields.items():
        wanted = TYPES.get(name)
        if wanted and not isinstance(value, wanted) and (value is not None or name == "tag_name"):
            raise wrong_type(name, value, "string" if wanted is str else "boolean")
    return {name: value for name, value in fields.items() if name in TYPES and value is not None}
