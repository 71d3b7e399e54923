"""The events that start a workflow, as GitHub tells a run of them: `github.event`, and the `github` context around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pypi_runbook.project.expressions import Value, as_text
from pypi_runbook.rehearsal.source import Source
from pypi_runbook.twin.trusted.jobs import API, SERVER

NOWHERE = "0" * 40


def repository_of(claims: Mapping[str, str], branch: str) -> dict[str, Any]:
    """Return the repository as events hold it."""
    slug = claims["repository"]
    name = slug.partition("/")[2]
    return {
        "id": int(claims["repository_id"]),
        "name": name,
        "full_name": slug,
        "private": False,
        "visibility": "public",
        "fork": False,
        "owner": person(claims),
        "html_url": f"{SERVER}/{slug}",
        "url": f"{API}/repos/{slug}",
        "clone_url": f"{SERVER}/{slug}.git",
        "git_url": f"git://github.com/{slug}.git",
        "ssh_url": f"git@github.com:{slug}.git",
        "default_branch": branch,
        "description": None,
        "topics": [],
    }


def person(claims: Mapping[str, str]) -> dict[str, Any]:
    """Return who started the run, as events hold an account."""
    login = claims["actor"]
    return {"login": login, "name": login, "id": int(claims["actor_id"]), "type": "User", "site_admin": False, "html_url": f"{SERVER}/{login}"}


def release_event(release: Mapping[str, Any], action: str) -> dict[str, Any]:
    """Return what a release event says beside repository and sender; RELEASE is the REST API's object."""
    return {"action": action, "release": dict(release)}


def dispatch_event(ref: str, file: str, inputs: Mapping[str, Value]) -> dict[str, Any]:
    """Return what a start by hand says; inputs are strings there, whatever their type."""
    return {"ref": ref, "workflow": file, "inputs": {name: as_text(value) for name, value in inputs.items()} or None}


def push_event(source: Source, claims: Mapping[str, str]) -> dict[str, Any]:
    """Return what a push of SOURCE's ref says: a new tag, or one commit on a branch."""
    is_tag = source.ref.startswith("refs/tags/")
    before = NOWHERE if is_tag else _parent(source)
    commit = _commit(source, claims)
    return {
        "ref": source.ref,
        "base_ref": f"refs/heads/{source.branch}" if is_tag else None,
        "before": before,
        "after": source.commit,
        "created": before == NOWHERE,
        "deleted": False,
        "forced": False,
        "compare": f"{SERVER}/{claims['repository']}/compare/{before[:12]}...{source.commit[:12]}",
        "head_commit": commit,
        "commits": [] if is_tag else [commit],
        "pusher": {"name": claims["actor"], "email": f"{claims['actor']}@users.noreply.github.com"},
    }


def github_context(claims: Mapping[str, str], event: Mapping[str, Any], *, job: str, token: str, workspace: str, event_path: str) -> dict[str, Value]:
    """Return the `github` context of a job with CLAIMS; what belongs to a step is for the step to add."""
    shared = (
        "actor actor_id base_ref event_name head_ref ref ref_type repository repository_id repository_owner repository_owner_id run_attempt run_id "
        "run_number sha workflow workflow_ref workflow_sha"
    )
    return {
        **{name: claims[name] for name in shared.split()},
        "action": "",
        "action_path": "",
        "action_ref": "",
        "action_repository": "",
        "api_url": API,
        "event": dict(event),
        "event_path": event_path,
        "graphql_url": f"{API}/graphql",
        "job": job,
        "job_workflow_sha": claims["job_workflow_sha"],
        "ref_name": claims["ref"].split("/", 2)[2],
        "ref_protected": False,
        "repositoryUrl": f"git://github.com/{claims['repository']}.git",
        "repository_visibility": "public",
        "retention_days": "90",
        "secret_source": "Actions",
        "server_url": SERVER,
        "token": token,
        "triggering_actor": claims["actor"],
        "workspace": workspace,
    }


def _parent(source: Source) -> str:
    parents = source.git("rev-list", "--parents", "--max-count=1", source.commit).split()
    return parents[1] if len(parents) > 1 else NOWHERE


def _commit(source: Source, claims: Mapping[str, str]) -> dict[str, Any]:
    tree, when, author, author_mail, committer, committer_mail, message = source.git(
        "log", "-1", "--format=%T%n%cI%n%an%n%ae%n%cn%n%ce%n%B", source.commit
    ).split("\n", 6)
    return {
        "id": source.commit,
        "tree_id": tree,
        "distinct": True,
        "message": message.strip(),
        "timestamp": when,
        "url": f"{SERVER}/{claims['repository']}/commit/{source.commit}",
        "author": {"name": author, "email": author_mail},
        "committer": {"name": committer, "email": committer_mail},
    }
