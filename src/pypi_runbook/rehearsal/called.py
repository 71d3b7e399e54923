"""Workflows that jobs call: where they stand, what they are given, and whether GitHub lets them have it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.checkout import git, git_environment
from pypi_runbook.project.expressions import Value
from pypi_runbook.rehearsal.definition import JobDefinition, WorkflowDefinition
from pypi_runbook.rehearsal.reading import read_workflow
from pypi_runbook.rehearsal.validation import not_valid

FOREIGN = re.compile(r"(?P<owner>[^/@\s]+)/(?P<name>[^/@\s]+)/(?P<path>\.github/workflows/[^/@\s]+\.ya?ml)@(?P<ref>\S+)")
LEVELS = ("none", "read", "write")
DEEPEST = 10
# What a token may do where neither the workflow nor the job says it: the restricted one of the two defaults that a repository can choose.
DEFAULT = {"contents": "read", "packages": "read"}


@dataclass(frozen=True)
class Level:
    """A workflow of a run: the one that the event starts, or one that a job calls.

    root: the folder that its own `./` leads to; repository: whose it is, owner/name; file: how claims name it, a path or `owner/…@ref`.
    limit: what its caller may do, None at the top. prefix: what stands before its jobs' names; key: before their ids.
    before: the keys of the jobs that its caller waits for.
    """

    definition: WorkflowDefinition
    root: Path
    file: str
    inputs: dict[str, Value]
    secrets: dict[str, str]
    limit: dict[str, str] | None = None
    prefix: str = ""
    depth: int = 1
    key: str = ""
    before: frozenset[str] = frozenset()

    def beside(self, where: str) -> str:
        """Return how claims name the file WHERE in the same repository at the same ref."""
        repository, ref = self.file.partition("/.github/")[0], self.file.rpartition("@")[2]
        return f"{repository}/{where}@{ref}" if "@" in self.file else where


@dataclass
class Callees:
    """Finds called workflows: in the repository itself, or in the folders that stand for other ones.

    folders: by owner/name in lower case; work: where a folder's other commits are put.
    """

    folders: Mapping[str, Path]
    work: Path
    _taken: dict[tuple[str, str], tuple[Path, str]] = field(default_factory=dict)
    _read: dict[Path, WorkflowDefinition] = field(default_factory=dict)

    def find(self, caller: Level, job: JobDefinition) -> tuple[WorkflowDefinition, Path, str] | None:
        """Return the workflow that JOB calls, its root, and how claims name its file; None when it is another repository's that is not here."""
        uses = job.calls or ""
        if uses.startswith("./"):
            where = uses.removeprefix("./")
            root, file = caller.root, caller.beside(where)
        elif parts := FOREIGN.fullmatch(uses):
            there = self.take(f"{parts['owner']}/{parts['name']}", parts["ref"])
            if there is None:
                return None
            root, where = there[0], parts["path"]
            file = f"{parts['owner']}/{parts['name']}/{where}@{there[1]}"
        else:
            raise not_valid(job.file, job.line, 1, f"Invalid workflow reference '{uses}'")
        path = root / where
        if "@" in where or not where.startswith(".github/workflows/") or not path.is_file():
            raise not_valid(job.file, job.line, 1, f'error parsing called workflow "{uses}": workflow was not found.')
        if path not in self._read:
            self._read[path] = read_workflow(path, root)
        definition = self._read[path]
        if "workflow_call" not in definition.triggers:
            raise not_valid(job.file, job.line, 1, "workflow_call key is not defined in the referenced workflow.")
        return definition, root, file

    def take(self, repository: str, ref: str) -> tuple[Path, str] | None:
        """Return a folder with REPOSITORY at REF and the ref in full; a folder without git is taken as it is."""
        folder = self.folders.get(repository.lower())
        if folder is None:
            return None
        if not (folder / ".git").exists():
            return folder.resolve(), f"refs/tags/{ref}"
        key = (repository.lower(), ref)
        if key not in self._taken:
            self._taken[key] = self._clone(folder, ref, self.work / f"{len(self._taken)}")
        return self._taken[key]

    @staticmethod
    def _clone(folder: Path, ref: str, target: Path) -> tuple[Path, str]:
        target.parent.mkdir(parents=True, exist_ok=True)
        with git_environment() as env:
            git(env, target.parent, "clone", "--quiet", str(folder.resolve()), str(target))
            for full in (f"refs/tags/{ref}", f"refs/remotes/origin/{ref}", ref):
                try:
                    git(env, target, "checkout", "--quiet", "--detach", full)
                except RunbookError:
                    continue
                shutil.rmtree(target / ".git")
                return target, full.replace("refs/remotes/origin/", "refs/heads/")
        raise RunbookError("no-such-ref", f"{folder} has no branch, tag or commit {ref}", next="fetch it there", page="publishing/rehearsal.md")


def permissions_of(job: JobDefinition, limit: Mapping[str, str] | None) -> dict[str, str]:
    """Return what JOB's token may do: at most LIMIT, what the caller of its workflow may."""
    if job.permissions is None:
        return dict(DEFAULT if limit is None else limit)
    wanted = {name: level for name, level in job.permissions.items() if level != "none"}
    return wanted if limit is None else {name: min(level, limit.get(name, "none"), key=LEVELS.index) for name, level in wanted.items()}


def check_permissions(job: JobDefinition, called: WorkflowDefinition, limit: Mapping[str, str]) -> None:
    """Raise GitHub's error when a job of the workflow that JOB calls asks for more than LIMIT."""
    for inner in called.jobs:
        asked = {name: level for name, level in (inner.permissions or {}).items() if LEVELS.index(level) > LEVELS.index(limit.get(name, "none"))}
        if asked:
            wanted = ", ".join(f"{name}: {level}" for name, level in sorted(asked.items()))
            allowed = ", ".join(f"{name}: {limit.get(name, 'none')}" for name in sorted(asked))
            message = f"The nested job '{inner.id}' is requesting '{wanted}', but is only allowed '{allowed}'."
            raise not_valid(job.file, job.line, 3, f"Error calling workflow '{job.calls}'. {message}")
