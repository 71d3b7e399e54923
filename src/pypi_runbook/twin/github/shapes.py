"""The REST API's JSON objects, with the fields that clients read."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from pypi_runbook.twin.github import gitdata
from pypi_runbook.twin.github.gitdata import Ref
from pypi_runbook.twin.github.records import BOT, Asset, Release, Repository
from pypi_runbook.twin.trusted.publishers import made_up_id

API, SITE, UPLOADS = "https://api.github.com", "https://github.com", "https://uploads.github.com"


def moment(seconds: float | None) -> str | None:
    """Return a time as GitHub writes it."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def user(login: str) -> dict[str, Any]:
    """Return a person, or the one who every job is."""
    if login == BOT:
        known = {"id": 41898282, "node_id": "MDM6Qm90NDE4OTgyODI=", "html_url": f"{SITE}/apps/github-actions", "type": "Bot"}
        return {"login": login, **known, "url": f"{API}/users/{quote(login)}", "site_admin": False}
    number = int(made_up_id(login))
    shown = {"login": login, "id": number, "node_id": f"U_{number}", "html_url": f"{SITE}/{login}", "type": "User"}
    return {**shown, "url": f"{API}/users/{login}", "site_admin": False}


def repository(shown: Repository, *, push: bool) -> dict[str, Any]:
    """Return a repository; PUSH: whether who asks may change it."""
    url, page = f"{API}/repos/{shown.slug}", f"{SITE}/{shown.slug}"
    return {
        "id": shown.id,
        "node_id": f"R_{shown.id}",
        "name": shown.name,
        "full_name": shown.slug,
        "private": False,
        "visibility": "public",
        "owner": user(shown.owner),
        "html_url": page,
        "description": None,
        "fork": False,
        "archived": False,
        "disabled": False,
        "url": url,
        "clone_url": f"{page}.git",
        "ssh_url": f"git@github.com:{shown.slug}.git",
        "git_url": f"git://github.com/{shown.slug}.git",
        "releases_url": f"{url}/releases{{/id}}",
        "tags_url": f"{url}/tags",
        "commits_url": f"{url}/commits{{/sha}}",
        "default_branch": gitdata.default_branch(shown.origin),
        "permissions": {"admin": False, "maintain": False, "push": push, "triage": push, "pull": True},
    }


def release(of: Repository, shown: Release, assets: list[Asset]) -> dict[str, Any]:
    """Return a release with its files."""
    url, tag = f"{API}/repos/{of.slug}/releases/{shown.id}", quote(shown.tag)
    # GitHub shows a draft under a made-up name, since its tag may not be there.
    named = f"untagged-{hashlib.sha1(str(shown.id).encode(), usedforsecurity=False).hexdigest()[:20]}" if shown.draft else tag
    return {
        "url": url,
        "assets_url": f"{url}/assets",
        "html_url": f"{SITE}/{of.slug}/releases/tag/{named}",
        "id": shown.id,
        "upload_url": f"{UPLOADS}/repos/{of.slug}/releases/{shown.id}/assets{{?name,label}}",
        "author": user(shown.author),
        "node_id": f"RE_{shown.id}",
        "tag_name": shown.tag,
        "target_commitish": shown.target,
        "name": shown.name,
        "draft": shown.draft,
        "immutable": False,
        "prerelease": shown.prerelease,
        "created_at": moment(shown.created),
        "updated_at": moment(shown.updated),
        "published_at": moment(shown.published),
        "assets": [asset(of, shown, each) for each in assets],
        "tarball_url": None if shown.draft else f"{API}/repos/{of.slug}/tarball/{tag}",
        "zipball_url": None if shown.draft else f"{API}/repos/{of.slug}/zipball/{tag}",
        "body": shown.body,
    }


def asset(of: Repository, beside: Release, shown: Asset) -> dict[str, Any]:
    """Return a file of a release."""
    return {
        "url": f"{API}/repos/{of.slug}/releases/assets/{shown.id}",
        "id": shown.id,
        "node_id": f"RA_{shown.id}",
        "name": shown.name,
        "label": shown.label,
        "uploader": user(shown.uploader),
        "content_type": shown.kind,
        "state": "uploaded",
        "size": shown.size,
        "digest": f"sha256:{shown.sha256}",
        "download_count": shown.downloads,
        "created_at": moment(shown.created),
        "updated_at": moment(shown.created),
        "browser_download_url": f"{SITE}/{of.slug}/releases/download/{quote(beside.tag)}/{quote(shown.name)}",
    }


def ref(of: Repository, shown: Ref) -> dict[str, Any]:
    """Return a reference."""
    url = f"{API}/repos/{of.slug}/git"
    named = {"ref": shown.name, "node_id": f"REF_{made_up_id(f'{of.slug} {shown.name}')}", "url": f"{url}/{quote(shown.name)}"}
    return {**named, "object": {"sha": shown.sha, "type": shown.kind, "url": f"{url}/{shown.kind}s/{shown.sha}"}}


def tag(of: Repository, shown: Ref) -> dict[str, Any]:
    """Return a tag as the list of tags has it."""
    name, url = shown.name.removeprefix("refs/tags/"), f"{API}/repos/{of.slug}"
    archives = {f"{kind}_url": f"{url}/{kind}/{quote(shown.name)}" for kind in ("zipball", "tarball")}
    commit_url = f"{url}/commits/{shown.commit}"
    return {"name": name, **archives, "commit": {"sha": shown.commit, "url": commit_url}, "node_id": f"REF_{made_up_id(f'{of.slug} {shown.name}')}"}


def commit(of: Repository, sha: str) -> dict[str, Any]:
    """Return a commit, without its files."""
    known, url = gitdata.details(of.origin, sha), f"{API}/repos/{of.slug}"
    people = {
        role: {"name": known[f"{role}_name"], "email": known[f"{role}_email"], "date": _utc(known[f"{role}_date"])}
        for role in ("author", "committer")
    }
    tree = {"sha": known["tree"], "url": f"{url}/git/trees/{known['tree']}"}
    return {
        "sha": sha,
        "node_id": f"C_{sha}",
        "url": f"{url}/commits/{sha}",
        "html_url": f"{SITE}/{of.slug}/commit/{sha}",
        "commit": {**people, "message": known["message"].rstrip("\n"), "tree": tree, "url": f"{url}/git/commits/{sha}"},
        "author": None,
        "committer": None,
        "parents": [{"sha": parent, "url": f"{url}/commits/{parent}"} for parent in known["parents"].split()],
    }


def _utc(date: str) -> str | None:
    return moment(datetime.fromisoformat(date).timestamp()) if date else None
