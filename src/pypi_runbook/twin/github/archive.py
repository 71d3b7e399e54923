"""GitHub's part, as far as it goes: the archive of this repository that `pip install https://github.com/…` reads."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from aiohttp import web

from pypi_runbook.twin.answers import not_found
from pypi_runbook.twin.hosts import GITHUB_ARCHIVES
from pypi_runbook.twin.world import World

FORMATS = {"zip": "zip", "tar.gz": "tar.gz"}
DISTRIBUTION = "pypi-runbook"


class Github:
    """github.com, api.github.com and the host of archives."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._slug = own_slug()

    async def archive(self, request: web.Request) -> web.StreamResponse:
        """Send the client from github.com to the host of archives."""
        slug, name = self._request_slug(request), request.match_info["archive"]
        for end, kind in FORMATS.items():
            if slug == self._slug and name.endswith(f".{end}"):
                raise web.HTTPFound(f"https://{GITHUB_ARCHIVES}/{slug}/{kind}/{name.removesuffix(f'.{end}')}")
        return not_found(request, f"The twin has no archives of {slug}")

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Send the repository's tree as it stands on this machine, edits included."""
        slug, kind = self._request_slug(request), request.match_info["kind"]
        if slug != self._slug or kind not in FORMATS or self._world.checkout is None:
            return not_found(request, f"The twin has no archives of {slug}")
        prefix = f"{slug.split('/')[1]}-{request.match_info['ref'].replace('/', '-')}"
        body = await asyncio.to_thread(archive_of, self._world.checkout, prefix, kind)
        return web.Response(body=body, content_type="application/zip" if kind == "zip" else "application/x-gzip")

    async def api(self, _: web.Request) -> web.StreamResponse:
        """Answer 404 as the REST API does; it has no other part here yet."""
        return web.json_response({"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}, status=404)

    @staticmethod
    def _request_slug(request: web.Request) -> str:
        return f"{request.match_info['owner']}/{request.match_info['name']}"


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
