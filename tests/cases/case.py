"""Failures that maintainers reported, as small projects in tests/projects/case-*: the command that a person would try first."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECTS = Path(__file__).resolve().parents[1] / "projects"
DATE = "2026-01-02T03:04:05Z"
# No settings of the person's git, which would make the project another person's, and the same commits in every run.
GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "A"), ("EMAIL", "a@example.invalid"), ("DATE", DATE))},
}


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said."""

    status: int
    stdout: str
    stderr: str

    @property
    def words(self) -> str:
        """Everything that a person reads, in one line, so that a test need not know where lines end."""
        return " ".join(f"{self.stdout}\n{self.stderr}".split())

    @property
    def document(self) -> dict[str, Any]:
        """The document of a command with --json."""
        document: dict[str, Any] = json.loads(self.stdout)
        return document

    def findings(self, name: str) -> list[dict[str, Any]]:
        """Return the findings NAME of `doctor --json`."""
        return [each for each in self.document["findings"] if each["id"] == name]

    def jobs(self) -> dict[str, dict[str, Any]]:
        """Return the jobs of `rehearse --json` by name."""
        return {job["name"]: job for job in self.document["jobs"]}


class Case:
    """A project of tests/projects as a git repository with one commit and `origin`."""

    def __init__(self, name: str, folder: Path, *prepare: str) -> None:
        """Copy the project NAME to FOLDER, and run the lines of PREPARE (for example `git tag v1`) there after the first commit.

        NAME is the whole name, `case-…`: `scripts/test --changed` looks for it in the tests.
        """
        self.root = folder / "project"
        shutil.copytree(PROJECTS / name, self.root)
        self.sh("git init -q -b main .", "git add -A", "git commit -q -m Start")
        self.sh(f"git remote add origin https://github.com/example-org/{self.project_name()}.git", *prepare)

    def project_name(self) -> str:
        """Return the name in pyproject.toml."""
        lines = (self.root / "pyproject.toml").read_text().splitlines()
        return next(line.split('"')[1] for line in lines if line.startswith("name = "))

    def sh(self, *lines: str) -> None:
        """Run LINES in the project; the first that fails ends it."""
        subprocess.run(["sh", "-ec", "\n".join(lines)], cwd=self.root, check=True, env=os.environ | GIT)

    def change(self, file: str, old: str, new: str) -> None:
        """Replace OLD by NEW in FILE, as a commit; an error where OLD is missing, so that no test goes on with an unchanged project."""
        text = (self.root / file).read_text()
        assert old in text
        (self.root / file).write_text(text.replace(old, new))
        self.sh("git commit -q -a -m Change")

    def line(self, file: str, words: str) -> int:
        """Return the number of the only line of FILE that holds WORDS."""
        (found,) = [number for number, line in enumerate((self.root / file).read_text().splitlines(), 1) if words in line]
        return found

    def run(self, *arguments: str) -> Said:
        """Run `pypi-runbook ARGUMENTS` for the project, as a person does outside of GitHub Actions."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")} | GIT
        command = [sys.executable, "-m", "pypi_runbook", *arguments, "--project", str(self.root)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, stdin=subprocess.DEVNULL)
        return Said(done.returncode, done.stdout, done.stderr)
