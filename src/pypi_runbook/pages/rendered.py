"""Rendered pages, kept in `.runbook/rendered/` with what each was made from, so that only what changed is rendered again.

All pages of a guide are made from the shared part: the macros, MkDocs and its extensions, mkdocs.yml, the project's files
and the names that git knows. A page is also made from its own file and from the pages that its macros read.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from pypi_runbook import reads
from pypi_runbook.pages.guides import Guide, read_config
from pypi_runbook.pages.snippet import Page, page_from_json
from pypi_runbook.project.checkout import files_of, git_environment
from pypi_runbook.project.git import git

FOLDER = Path(".runbook/rendered")
# What rendering opens here is Python's and the tools' own; their versions count instead.
NOT_SOURCES = (".git/", ".venv/", ".runbook/", "site/")


@dataclass
class Kept:
    """One guide's pages as they were last rendered, None for a file that the site leaves out; digests are by path from the root."""

    setup: str = ""
    shared: dict[str, str] = field(default_factory=dict)
    pages: dict[str, tuple[dict[str, str], Page | None]] = field(default_factory=dict)

    def fresh(self, root: Path) -> dict[str, Page | None]:
        """Return the pages that would come out the same today."""
        if self.shared != reads.digests(root, self.shared):
            return {}
        return {path: page for path, (made_from, page) in self.pages.items() if made_from == reads.digests(root, made_from)}


def pages_of(guide: Guide, only: Collection[str] | None = None) -> list[Page]:
    """Return GUIDE's pages by path, or those of ONLY (paths from the repository's root); only what changed is rendered.

    Raises the errors of all pages that have to be rendered, as `render_guide` does.
    """
    setup, kept = setup_of(guide), load(guide)
    fresh = kept.fresh(guide.root) if kept.setup == setup else {}
    wanted = sources(guide) if only is None else [path for path in sources(guide) if path in only]
    if missing := [path for path in wanted if path not in fresh]:
        made = _render(guide, missing)
        kept = Kept(setup, (kept.shared if fresh else {}) | made.shared, {path: kept.pages[path] for path in fresh} | made.pages)
        save(guide, kept)
    return [page for path in wanted if (page := kept.pages[path][1])]


def sources(guide: Guide) -> list[str]:
    """Return the Markdown files of GUIDE's docs folder; what the site excludes is rendered to nothing."""
    return sorted(path.relative_to(guide.root).as_posix() for path in docs_of(guide).rglob("*.md"))


def _render(guide: Guide, paths: list[str]) -> Kept:
    """Render PATHS and note what was read for each; what is read outside the docs folder counts for all pages."""
    # Imported here: without anything to render, a run goes without MkDocs.
    from pypi_runbook.pages.render import render_guide

    shared: set[Path] = {guide.config}
    read: dict[str, set[Path]] = {}
    with reads.recording(shared):
        pages = {page.path: page for page in render_guide(guide, paths, read)}
    docs = docs_of(guide)
    kept = Kept()
    for path in paths:
        own = {place for place in read.get(path, ()) if place.is_relative_to(docs) or place.is_relative_to(reads.PACKAGE)}
        kept.pages[path] = (_digests(guide, {*own, guide.root / path}), pages.get(path))
    outside = {place for place in shared if not place.is_relative_to(docs) and not place.is_dir()}
    # A process reads the package's data once, for many pages.
    package_data = (reads.PACKAGE / name for name in reads.package_files() if not name.endswith(".py"))
    kept.shared = _digests(guide, {*outside, *reads.loaded(), *package_data})
    return kept


def docs_of(guide: Guide) -> Path:
    """Return the folder of GUIDE's pages."""
    return guide.root / str(read_config(guide.root).get("docs_dir", "docs"))


def _digests(guide: Guide, places: Collection[Path]) -> dict[str, str]:
    """Return the digests of the files and folders among PLACES that belong to the repository or to this package."""
    return reads.digests(guide.root, {_name(guide, place) for place in places if place.is_relative_to(reads.PACKAGE) or _is_source(guide, place)})


def _name(guide: Guide, place: Path) -> str:
    return Path(os.path.relpath(place, guide.root)).as_posix()


def _is_source(guide: Guide, place: Path) -> bool:
    """Tell whether PLACE is the repository's own, and not made by a tool."""
    return not _name(guide, place).startswith(("../", *NOT_SOURCES))


def setup_of(guide: Guide) -> str:
    """Return the digest of what rendering depends on besides the contents of files: tools, names of files, names in git."""
    docs = docs_of(guide)
    with git_environment() as environment:
        places = (guide.project_root / name for name in files_of(guide.project_root, environment))
        names = sorted(_name(guide, place) for place in places if _is_source(guide, place) and not place.is_relative_to(docs))
    remotes = git(guide.root, "config", "--get-regexp", r"^remote\.") or ""
    branches = git(guide.root, "for-each-ref", "--format=%(refname) %(symref)", "refs/heads", "refs/remotes") or ""
    parts = [sys.version, *_distributions(), *names, remotes, branches, git(guide.root, "symbolic-ref", "--quiet", "HEAD") or ""]
    return sha256("\n".join(parts).encode(errors="surrogateescape")).hexdigest()[:32]


def _distributions() -> Iterator[str]:
    """Yield name and version of each installed distribution, as its folder's name says them."""
    for folder in map(Path, sys.path):
        if folder.is_dir():
            yield from sorted(path.name for path in folder.glob("*.dist-info"))


def _file(guide: Guide) -> Path:
    return guide.root / FOLDER / f"{sha256(_name(guide, guide.project_root).encode()).hexdigest()[:16]}.json"


def load(guide: Guide) -> Kept:
    """Return what is kept of GUIDE; a missing, broken or foreign file counts as nothing."""
    try:
        data: dict[str, Any] = json.loads(_file(guide).read_text(encoding="utf-8"))
        pages = {path: (entry["made_from"], _read_page(guide, path, entry["page"])) for path, entry in data["pages"].items()}
        return Kept(data["setup"], data["shared"], pages)
    except (OSError, ValueError, LookupError, TypeError):
        return Kept()


def _read_page(guide: Guide, path: str, fields: dict[str, Any] | None) -> Page | None:
    # The repository may have been moved or copied since.
    return page_from_json(fields | {"source": guide.root / path}) if fields else None


def save(guide: Guide, kept: Kept) -> None:
    """Replace what is kept of GUIDE in one step."""
    file = _file(guide)
    file.parent.mkdir(parents=True, exist_ok=True)
    pages = {path: {"made_from": made_from, "page": page and asdict(page)} for path, (made_from, page) in kept.pages.items()}
    draft = file.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps({"setup": kept.setup, "shared": kept.shared, "pages": pages}, default=str), encoding="utf-8")
    draft.replace(file)
