"""Small projects with one workflow, and their rehearsal through the real command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

METADATA = """\
[project]
name = "small-rehearsed"
version = "1.2.0"
urls = {Repository = "https://github.com/octo/small"}
"""
IDENTITY = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.invalid", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.invalid"}


def project(root: Path, workflow: str, files: dict[str, str] | None = None, *, commits: bool = True) -> Path:
    """Make a project in ROOT with one publishing WORKFLOW and further FILES by path; return ROOT."""
    written = {"pyproject.toml": METADATA, ".github/workflows/publish.yml": workflow} | (files or {})
    for name, text in written.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(textwrap.dedent(text))
    commit(root, "git init -q -b main" + ("; git add -A; git commit -qm start" if commits else ""))
    return root


def commit(root: Path, script: str) -> str:
    """Run SCRIPT in ROOT and return the commit that it leaves there; empty before the first."""
    env = os.environ | IDENTITY | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["sh", "-ec", script], cwd=root, check=True, env=env)
    return subprocess.run(["git", "rev-parse", "--quiet", "HEAD"], cwd=root, capture_output=True, text=True, check=False, env=env).stdout.strip()


@dataclass(frozen=True)
class Rehearsed:
    """One rehearsal: its status, the document that it printed, and its words."""

    status: int
    document: dict[str, Any]
    words: str

    @property
    def results(self) -> dict[str, str]:
        """The result of each job by name."""
        return {job["name"]: job["result"] for job in self.document["jobs"]}

    def job(self, name: str) -> dict[str, Any]:
        """Return the job of that name."""
        return next(job for job in self.document["jobs"] if job["name"] == name)

    @property
    def log(self) -> str:
        """The transcript as one text."""
        return "\n".join(self.document["transcript"])


def command(*words: str) -> list[str]:
    """Return the command line of `pypi-runbook WORDS`."""
    return [sys.executable, "-m", "pypi_runbook", *words]


def rehearse(root: Path, *words: str, env: dict[str, str] | None = None) -> Rehearsed:
    """Rehearse the project in ROOT with the arguments WORDS, as a person does."""
    done = subprocess.run(
        command("rehearse", *words, "--json", "--project", str(root)), capture_output=True, text=True, check=False, env=env, stdin=subprocess.DEVNULL
    )
    return Rehearsed(done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr)
