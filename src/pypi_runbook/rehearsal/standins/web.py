"""Requests from inside a job: the program that makes them, and GitHub's REST API as the release actions use it."""

from __future__ import annotations

import json
import mimetypes
import sys
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from pypi_runbook.rehearsal.running import Job, StepError
from pypi_runbook.rehearsal.standins.action import variables

PROGRAM = Path(__file__).with_name("inside.py")
API = "https://api.github.com"


class ApiError(StepError):
    """GitHub said no: `status` and `body` are its answer, the message is octokit's."""

    def __init__(self, status: int, body: Any) -> None:
        self.status = status
        self.body = body if isinstance(body, dict) else {}
        super().__init__(_octokit_message(status, self.body))


def _octokit_message(status: int, body: dict[str, Any]) -> str:
    message = str(body.get("message") or f"Unknown error: {status}")
    if errors := body.get("errors"):
        message += f": {', '.join(json.dumps(error, separators=(',', ':')) for error in errors)}"
    page = body.get("documentation_url")
    return f"{message} - {page}" if page else message


def ask_inside(job: Job, *arguments: str, **more: str) -> dict[str, Any]:
    """Run the program inside JOB with ARGUMENTS and the variables MORE, and return what it prints; StepError when it prints nothing."""
    status, output = job.call([sys.executable, "-I", str(PROGRAM), *arguments], env=variables(job, **more), quiet=True)
    try:
        came: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    except (IndexError, ValueError) as error:
        raise StepError(f"the request of this step ended with exit code {status}") from error
    return came


def _kind(file: Path) -> str:
    guessed, packed = mimetypes.guess_type(f"file{file.suffix}")
    return "application/gzip" if packed == "gzip" else guessed or "application/octet-stream"


class Api:
    """The REST API of one repository, asked with one token."""

    def __init__(self, job: Job, repository: str, token: str) -> None:
        self._job = job
        self._base = f"{API}/repos/{repository}"
        self._token = token

    def ask(self, method: str, path: str, content: dict[str, Any] | None = None) -> Any:
        """Return the answer to METHOD on PATH below the repository, sending CONTENT without what is None; ApiError from 400 on."""
        if content is None:
            return self._send(method, f"{self._base}{path}")
        # A file, since release notes can be longer than an argument may be.
        file = self._job.folders.temp / f"request-{uuid.uuid4()}.json"
        file.write_text(json.dumps({name: value for name, value in content.items() if value is not None}))
        try:
            return self._send(method, f"{self._base}{path}", str(file))
        finally:
            file.unlink()

    def release(self, tag: str) -> dict[str, Any] | None:
        """Return the published release of TAG; None when there is none."""
        try:
            found: dict[str, Any] = self.ask("GET", f"/releases/tags/{quote(tag, safe='')}")
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        return found

    def upload(self, release: dict[str, Any], file: Path, kind: str | None = None) -> dict[str, Any]:
        """Attach FILE to RELEASE and return the asset; KIND is its type, guessed unless given."""
        address = str(release["upload_url"]).partition("{")[0]
        kind = kind or _kind(file)
        asset: dict[str, Any] = self._send("POST", f"{address}?{urlencode({'name': file.name})}", str(file), kind)
        return asset

    def notes(self, tag: str, target: str | None, previous: str | None) -> str:
        """Return the notes that GitHub writes for TAG by itself."""
        wanted = {"tag_name": tag, "target_commitish": target, "previous_tag_name": previous}
        return str(self.ask("POST", "/releases/generate-notes", wanted)["body"])

    def _send(self, method: str, address: str, *more: str) -> Any:
        came = ask_inside(self._job, "request", method, address, *more, STAND_IN_TOKEN=self._token)
        if not 200 <= came["status"] < 300:
            raise ApiError(came["status"], came["body"])
        return came["body"]
