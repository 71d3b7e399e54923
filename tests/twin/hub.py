"""A repository that a twin serves as GitHub's, tokens for it, and requests as a program sends them."""

from __future__ import annotations

import json
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pypi_runbook.twin import Twin

SLUG = "octo/sample"
GIT = ["git", "-c", "user.name=Octo", "-c", "user.email=octo@example.org", "-c", "init.defaultBranch=main"]
# A build backend that needs nothing, so that pip can install the repository as it stands.
BACKEND = """\
import zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(f"{folder}/octo_sample-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("octo_sample.py", "")
        wheel.writestr("octo_sample-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: octo-sample\\nVersion: 1.0\\n")
        wheel.writestr("octo_sample-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("octo_sample-1.0.dist-info/RECORD", "")
    return "octo_sample-1.0-py3-none-any.whl"
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


@dataclass(frozen=True)
class Answer:
    """What the API answered."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """The body's JSON."""
        return json.loads(self.content)


class Stay(urllib.request.HTTPRedirectHandler):
    """Follows nothing: where an answer leads is what the tests ask about."""

    def redirect_request(self, *_: Any) -> None:
        """Return no request."""


@dataclass
class Hub:
    """The repository `octo/sample` with the tags 1.0 and 1.1, three commits, and the branch `other`."""

    twin: Twin
    origin: Path

    def token(self, repository: str = SLUG, **permissions: str) -> str:
        """Return a token of a job with these permissions."""
        made: str = self.twin.perform("github-token", repository=repository, permissions=permissions)["token"]
        return made

    def ask(self, method: str, path: str, token: str = "", body: object = None, **headers: str) -> Answer:
        """Send one request, to the API unless PATH is a whole address; BODY is JSON unless it is bytes."""
        url = path if path.startswith("https:") else f"https://api.github.com{path}"
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        given = {"User-Agent": "tests", **({"Authorization": f"Bearer {token}"} if token else {}), **headers}
        request = urllib.request.Request(url, data, given, method=method)  # noqa: S310 (the scheme stands above)
        tls = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.twin.authority))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({"https": self.twin.proxy}), tls, Stay)
        try:
            with opener.open(request, timeout=60) as answer:
                return Answer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def git(self, *arguments: str) -> str:
        """Return what git says inside the origin."""
        return git(self.origin, *arguments)


def git(folder: Path, *arguments: str) -> str:
    """Run git in FOLDER and return what it prints."""
    return subprocess.run([*GIT, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def make_origin(folder: Path) -> Path:
    """Make the repository below FOLDER and return the bare one."""
    work = folder / "made"
    work.mkdir(parents=True)
    git(work, "init", "--quiet")
    for number, (name, text) in enumerate({"pyproject.toml": PROJECT, "backend.py": BACKEND, "README.md": "Read me\n"}.items()):
        (work / name).write_text(text)
        git(work, "add", name)
        git(work, "-c", "core.hooksPath=/dev/null", "commit", "--quiet", "--message", f"Add {name}", "--date", f"2026-01-0{number + 1}T12:00:00Z")
        if number < 2:
            git(work, "tag", *(["--annotate", "--message", "Tagged"] if number else []), f"1.{number}")
    git(work, "branch", "other")
    git(folder, "clone", "--quiet", "--bare", str(work), "origin.git")
    return folder / "origin.git"


@pytest.fixture(scope="module")
def hub(twin: Twin, tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """The repository, registered in the module's twin."""
    made = Hub(twin, make_origin(tmp_path_factory.mktemp("hub")))
    twin.perform("github-repository", repository=SLUG, origin=str(made.origin))
    return made
