"""A client's desk: its locked commands, a folder to work in, a twin of its own, and a record of what each step did."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from people import Person, install_client
from transcripts import HANGS, Record

from pypi_runbook.project import read_project
from pypi_runbook.rules.sample import make_sdist, make_wheel, metadata
from pypi_runbook.twin import Request, Twin
from pypi_runbook.twin.trusted.acting import job_environment
from pypi_runbook.twin.trusted.expected import expected_publisher
from pypi_runbook.twin.trusted.jobs import read_job

NAME = "sample-project"
MODULE = "sample_project.py"
LEGACY = {"testpypi": "https://test.pypi.org/legacy/", "pypi": "https://upload.pypi.org/legacy/"}
METADATA = f"""[project]
name = "{NAME}"
version = "1.8"

[project.urls]
Repository = "https://github.com/sample-owner/{NAME}"
"""
JOB = """  {index}:
    runs-on: ubuntu-24.04
    environment: {index}
    permissions:
      id-token: write
    steps:
      - run: uv publish --publish-url {url}
"""
# Nothing in the matrix takes as long, but for a client that waits for ever.
PATIENCE = 60.0
WHEEL = "Wheel-Version: 1.0\nGenerator: sample\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass
class Desk:
    """Where one client works through its steps."""

    client: str
    twin: Twin
    folder: Path

    def __post_init__(self) -> None:
        # Python for `--python` and for Poetry is the one of the tests, not the machine's.
        self.person = Person(self.twin, self.folder, commands=(install_client(self.client),))
        self.work = self.person.work

    def step(self, name: str, command: str, variables: dict[str, str], patience: float = PATIENCE, job: str | None = None) -> Record:
        """Run COMMAND as a shell reads it, and return what became of it.

        patience: whoever waits after so many seconds hangs. job: the one of GitHub's that it runs as.
        """
        seen = len(self.twin.requests)
        with self._environment(variables, job) as environment:
            output, status = finish(self.twin.wrap(["sh", "-c", command]), environment, self.work, patience)
        return Record(self.client, name, command, status, [spoken(request) for request in self.twin.requests[seen:]], output)

    @contextmanager
    def _environment(self, variables: dict[str, str], job: str | None) -> Iterator[dict[str, str]]:
        """Give the variables of a command, as JOB of the repository's workflow has them, whose publisher PyPI knows."""
        own = self.person.environment(variables)
        if job is None:
            yield own
            return
        facts = read_project(repository(self.folder / "repository"))
        publisher = expected_publisher(facts, "pypi")
        assert publisher, "the repository's files do not say who publishes it"
        self.twin.perform("prepare-index", index="pypi", project=NAME, publisher=publisher.as_json(), spelling=[facts.repository.owner])
        with job_environment(self.twin.perform, read_job(facts, job, "release"), own, self.work) as environment:
            yield environment

    def distributions(self, version: str, content: str = "") -> None:
        """Put a wheel and an sdist of VERSION into an empty `dist`; CONTENT of the module makes other bytes."""
        dist = self.work / "dist"
        shutil.rmtree(dist, ignore_errors=True)
        dist.mkdir()
        wheel(dist, version, content)
        make_sdist(dist, NAME, version, files={MODULE: content})


def finish(argv: list[str], environment: dict[str, str], folder: Path, patience: float) -> tuple[str, str]:
    """Run ARGV in FOLDER; return its output with both streams in one, and its exit status or that it hangs."""
    # A session of its own, so that the end reaches the client and not only the shell.
    with subprocess.Popen(
        argv,
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            return process.communicate(timeout=patience)[0], str(process.returncode)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return process.communicate(timeout=60)[0], HANGS


def wheel(folder: Path, version: str, content: str) -> Path:
    """Write a wheel whose RECORD is right: Poetry reads it, and says so when it is not."""
    info = f"sample_project-{version}.dist-info"
    members = {MODULE: content, f"{info}/METADATA": metadata(NAME, version), f"{info}/WHEEL": WHEEL}
    lines = [f"{name},sha256={_digest(text)},{len(text.encode())}" for name, text in members.items()]
    record = "\n".join([*lines, f"{info}/RECORD,,", ""])
    return make_wheel(folder, NAME, version, files={MODULE: content, "WHEEL": WHEEL, "RECORD": record})


def repository(folder: Path) -> Path:
    """Make FOLDER a repository whose workflow publishes from a job for each index; return it."""
    workflows = folder / ".github" / "workflows"
    workflows.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(METADATA)
    jobs = "".join(JOB.format(index=index, url=address) for index, address in LEGACY.items())
    (workflows / "release.yml").write_text(f"name: Release\non:\n  release:\n    types: [published]\njobs:\n{jobs}")
    return folder


def spoken(request: Request) -> str:
    """Return REQUEST as a line of a transcript."""
    path = request.path or " (not part of the twin)"
    return f"{request.method} https://{request.host}{path} {request.status}"


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
