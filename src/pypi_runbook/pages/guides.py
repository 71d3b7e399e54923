"""The guides that are built from one set of pages: this repository's own, then one for each project that mkdocs.yml names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.metadata import read_distribution

CONFIG = "mkdocs.yml"


@dataclass(frozen=True)
class Guide:
    """One site to build.

    name: the project whose publishing it describes.
    root: the repository that holds the pages; project_root: the one that the pages are about.
    config: the MkDocs configuration; site_dir: where the site goes; url_prefix: its path below the own guide, with a final slash.
    """

    name: str
    root: Path
    project_root: Path
    config: Path
    site_dir: Path
    url_prefix: str

    @property
    def own(self) -> bool:
        """Say whether this is the guide of the repository that holds the pages."""
        return not self.url_prefix


def guides(root: Path) -> list[Guide]:
    """Return the guides that ROOT's mkdocs.yml asks for: its own first, then those of `extra.guides`."""
    root = root.resolve()
    own = Guide(_name(root), root, root, root / CONFIG, root / "site", "")
    return [own, *(_other(root, folder) for folder in _folders(root))]


def _other(root: Path, folder: str) -> Guide:
    project_root = (root / folder).resolve()
    if not project_root.is_dir():
        raise RunbookError(
            "no-such-guide", f"`extra.guides` names {folder}, which is no folder", file=CONFIG, next="name a folder of this repository"
        )
    name = _name(project_root)
    return Guide(name, root, project_root, root / CONFIG, root / "site" / name, f"{name}/")


def _name(project_root: Path) -> str:
    """Return the project's name, or its folder's where the metadata says none."""
    return read_distribution(project_root, project_root)[0].name or project_root.name


def _folders(root: Path) -> list[str]:
    """Return the folders under `extra.guides`."""
    extra = read_config(root).get("extra") or {}
    return [str(folder) for folder in extra.get("guides") or []]


def read_config(root: Path) -> dict[str, Any]:
    """Return ROOT's mkdocs.yml as plain data; tags that only MkDocs understands are let through."""
    file = root / CONFIG
    try:
        stat = file.stat()
    except FileNotFoundError as error:
        raise RunbookError(
            "no-mkdocs-yml", f"there is no {CONFIG} in {root}", next="run the command in the repository that holds the guide"
        ) from error
    return dict(_read_config(file, stat.st_size, stat.st_mtime_ns))


@lru_cache(maxsize=8)
def _read_config(file: Path, *_stamp: int) -> dict[str, Any]:
    """Return what FILE says; it is read again only when it was touched."""
    try:
        data = YAML(typ="rt").load(file.read_text(encoding="utf-8"))
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        raise RunbookError("bad-mkdocs-yml", f"this is not YAML: {getattr(error, 'problem', error)}", file=CONFIG, line=line) from error
    return dict(data or {})
