"""Archives of a repository's tree: of a registered one as it is at a ref, of this package's own as it stands on this machine."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from pypi_runbook.twin.answers import not_found
from pypi_runbook.twin.github import gitdata
from pypi_runbook.twin.github.backend import git_environment
from pypi_runbook.twin.hosts import GITHUB_ARCHIVES
from pypi_runbook.twin.world import World

FORMATS = {"zip": "zip", "tar.gz": "tar.gz"}
TYPES = {"zip": "application/zip", "tar.gz": "application/x-gzip"}
DISTRIBUTION = "pypi-runbook"


class Archives:
    """What `pip install https://github.com/…/archive/…` and a release's `Source code` read."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._slug = own_slug()

    async def lead(self, request: web.Request) -> web.StreamResponse:
        """Send the client from github.com to the host of archives."""
        slug, name = _request_slug(request), request.match_info["archive"]
        for end, kind in FORMATS.items():
            if name.endswith(f".{end}") and (slug == self._slug or self._origin(request)):
                raise web.HTTPFound(f"https://{GITHUB_ARCHIVES}/{slug}/{kind}/{quote(name.removesuffix(f'.{end}'))}")
        return not_found(request, f"The twin has no archives of {slug}")

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Send the tree of a registered repository at a ref; else this package's own, edits included."""
        slug, kind, ref = _request_slug(request), request.match_info["kind"].removeprefix("legacy."), request.match_info["ref"]
        origin = self._origin(request)
        name = f"{request.match_info['name']}-{_short(ref)}"
        body = None
        if kind in FORMATS and origin:
            body = await asyncio.to_thread(archive_at, origin, ref, name, kind)
        if kind in FORMATS and body is None and slug == self._slug and self._world.checkout:
            body = await asyncio.to_thread(archive_of, self._world.checkout, name, kind)
        if body is None:
            return not_found(request, f"The twin has no archives of {slug}")
        return web.Response(body=body, content_type=TYPES[kind], headers={"Content-Disposition": f"attachment; filename={name}.{kind}"})

    def _origin(self, request: web.Request) -> Path | None:
        found = self._world.github.repositories.find(request.match_info["owner"], request.match_info["name"])
        return found.origin if found else None


def _request_slug(request: web.Request) -> str:
    return f"{request.match_info['owner']}/{request.match_info['name']}"


def _short(ref: str) -> str:
    """Return REF as it stands in an archive's name: without a tag's `v`, and as one word of harmless characters."""
    name = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    return re.sub(r"[^A-Za-z0-9@._+-]", "-", re.sub(r"^v(?=[0-9])", "", name))


def own_slug() -> str:
    """Return `owner/name` of this package's own repository, from its metadata."""
    for line in metadata.metadata(DISTRIBUTION).get_all("Project-URL") or []:
        label, _, url = line.partition(", ")
        if label.lower() == "repository":
            return "/".join(url.rstrip("/").split("/")[-2:])
    return ""


def own_checkout() -> Path | None:
    """Return the repository that this package runs from, or None when it is installed elsewhere."""
    root = Path(__file__).resolve().parents[4]
    return root if (root / ".git").exists() and (root / "pyproject.toml").is_file() else None


def archive_at(origin: Path, ref: str, prefix: str, kind: str) -> bytes | None:
    """Return an archive of the bare repository ORIGIN at REF, or None when it has no such ref."""
    commit = gitdata.commit_of_any(origin, ref)
    if commit is None:
        return None
    command = ["git", "--git-dir", str(origin), "archive", f"--format={kind}", f"--prefix={prefix}/", commit]
    return subprocess.run(command, env=git_environment(), check=True, capture_output=True).stdout


def archive_of(root: Path, prefix: str, kind: str) -> bytes:
    """Return an archive of what git sees in ROOT: commits and edits, without what it ignores. ROOT stays untouched."""
    with tempfile.TemporaryDirectory() as folder:
        objects = _git(root, {}, "rev-parse", "--path-format=absolute", "--git-path", "objects").decode().strip()
        # The index and the objects of this snapshot live elsewhere, so that nothing changes in the repository.
        own = {"GIT_INDEX_FILE": f"{folder}/index", "GIT_OBJECT_DIRECTORY": folder, "GIT_ALTERNATE_OBJECT_DIRECTORIES": objects}
        _git(root, own, "add", "--all", ".")
        tree = _git(root, own, "write-tree").decode().strip()
        return _git(root, own, "archive", f"--format={kind}", f"--prefix={prefix}/", tree)


def _git(root: Path, variables: Mapping[str, str], *arguments: str) -> bytes:
    command = ["git", "-c", "safe.directory=*", *arguments]
    return subprocess.run(command, cwd=root, env={**os.environ, **variables}, check=True, capture_output=True).stdout
