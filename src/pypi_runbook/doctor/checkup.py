"""What a check of the doctor may look at, read once for all of them; `checks.py` lists them. Nothing of the project is run or changed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.finding import Finding
from pypi_runbook.project import Facts
from pypi_runbook.project.git import git
from pypi_runbook.project.text import read_text
from pypi_runbook.project.toml import Toml, read_toml
from pypi_runbook.project.yaml import read_yaml

# A file beyond this is data; nobody types a secret or a command into it.
LARGEST = 5 * 2**20
CACHES = {"__pycache__", "node_modules", "dist", "build", "site"}


def _silent(words: str) -> None:
    """Take WORDS for somebody who does not listen."""


@dataclass
class Checkup:
    """One repository on the couch: the facts, and everything below their root.

    dist: the folder with built files to look at, None when there is none; fresh: whether they were built just now.
    history: whether git's history is searched too;
    online: whether PyPI may be asked; say: takes one line about what takes long.
    """

    facts: Facts
    dist: Path | None = None
    fresh: bool = False
    history: bool = True
    online: bool = False
    say: Callable[[str], None] = _silent
    _bytes: dict[str, bytes | None] = field(default_factory=dict, repr=False)
    _yaml: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.facts.root

    @cached_property
    def names(self) -> list[str]:
        """Every file below the root that git knows or would add, relative to it and sorted; without git, all that are no cache.

        A symbolic link is among them when it leads to a file inside the root.
        """
        listed = git(self.root, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
        names = walk(self.root) if listed is None else [name for name in listed.split("\0") if name]
        return sorted({name for name in names if is_inside(self.root / name, self.root)})

    @cached_property
    def files(self) -> list[str]:
        """The names that are no symbolic links, so that each text is read once."""
        return [name for name in self.names if not (self.root / name).is_symlink()]

    @cached_property
    def pyproject(self) -> Toml:
        """The root's pyproject.toml with the line of each key, empty when there is none."""
        path = self.root / "pyproject.toml"
        return read_toml(path, self.root) if path.is_file() else Toml({}, {})

    @cached_property
    def own_git(self) -> bool:
        """Whether the root is a git repository's own, so that its tags and commits are the project's."""
        return (self.root / ".git").exists() and git(self.root, "rev-parse", "--git-dir") is not None

    @cached_property
    def tracked(self) -> bool:
        """Whether git lists the files, so that its ignore rules can be asked."""
        return git(self.root, "rev-parse", "--is-inside-work-tree") == "true"

    def git(self, *arguments: str) -> str | None:
        """Return what git prints about the root, None when it fails."""
        return git(self.root, *arguments)

    def raw(self, file: str) -> bytes | None:
        """Return FILE's bytes, None when it is missing, too large, or cannot be read."""
        if file not in self._bytes:
            self._bytes[file] = read_bytes(self.root / file)
        return self._bytes[file]

    def text(self, file: str) -> str | None:
        """Return FILE's text, None when there is none or it is not UTF-8."""
        raw = self.raw(file)
        try:
            return None if raw is None or b"\0" in raw[:8000] else raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            return None

    def yaml(self, file: str) -> Any:
        """Return FILE's YAML with lines (see project/yaml.py), each file read once; RunbookError when it is malformed."""
        if file not in self._yaml:
            self._yaml[file] = read_yaml(self.root / file, self.root)
        return self._yaml[file]

    def lines(self, file: str) -> list[str]:
        """Return FILE's lines; RunbookError `unreadable-file` when it cannot be read as text."""
        return read_text(self.root / file, self.root).splitlines()

    def line_with(self, file: str, words: str) -> int | None:
        """Return the first line of FILE that holds WORDS, counted from 1; None when none does."""
        lines = (self.text(file) or "").splitlines()
        return next((number for number, line in enumerate(lines, 1) if words in line), None)


Check = Callable[[Checkup], Iterable[Finding]]


def read_bytes(path: Path) -> bytes | None:
    """Return the bytes of a file that is no data."""
    try:
        return path.read_bytes() if path.is_file() and path.stat().st_size <= LARGEST else None
    except OSError:
        return None


def is_inside(path: Path, root: Path) -> bool:
    """Tell whether PATH is a file, or a link to one, that is inside ROOT."""
    return path.is_file() and (not path.is_symlink() or path.resolve().is_relative_to(root))


def walk(root: Path) -> list[str]:
    """Return the files below ROOT where git cannot list them, without caches and hidden folders other than `.github`."""
    found = []
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if name not in CACHES and (not name.startswith(".") or name == ".github")]
        found += [Path(folder, name).relative_to(root).as_posix() for name in files]
    return found


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return FINDINGS by file and line, each once."""
    return sorted(dict.fromkeys(findings), key=lambda finding: (finding.file or "", finding.line or 0))


def unfinished(check: Check, error: RunbookError | subprocess.SubprocessError | OSError) -> Finding:
    """Return the finding for a CHECK that could not be carried out, so that the others still are."""
    if isinstance(error, RunbookError):
        return Finding.of(error, "warning")
    name = check.__name__.removeprefix("check_").replace("_", " ")
    message = f"the check of {name} could not be carried out: {error}"
    return Finding("not-checked", "warning", message, fix="see to what it says, then run the command again", page="publishing/doctor.md")
