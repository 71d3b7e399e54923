"""Which guide a build is for: its project's facts, the site's name and addresses, and the page that is being rendered."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.pages.config import PROJECT_KEY, PROJECT_VARIABLE
from pypi_runbook.pages.guides import Guide, guides
from pypi_runbook.pages.values import GuideValues
from pypi_runbook.project import Facts, read_project

MADE_OF = (
    "mkdocs.yml",
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    ".git/HEAD",
    ".git/config",
    ".github/workflows/*",
    "*/__init__.py",
    "src/*/__init__.py",
)


@dataclass(frozen=True)
class Guidance:
    """One guide: what its project's files say, what those of the repository with the pages say, and where the site is published."""

    guide: Guide
    facts: Facts
    own: Facts
    values: GuideValues
    address: str

    def name_site(self, conf: Any) -> None:
        """Set names and addresses of the site, and tell the templates of docs/_theme which guide it is; pages are edited where they lie."""
        repository, pages, docs = self.facts.repository, self.own.repository, _docs_of(conf, self.guide.root)
        conf["site_name"] = f"Publishing {self.guide.name}"
        conf["site_description"] = f"How {self.guide.name} is published, with every command run before it was shown"
        conf["site_url"] = self.address or conf.get("site_url")
        if repository.url:
            conf["repo_url"], conf["repo_name"] = repository.url, f"{repository.owner}/{repository.name}"
        if pages.url:
            conf["edit_uri"] = f"{pages.url}/edit/{pages.default_branch or 'HEAD'}/{docs.relative_to(self.guide.root).as_posix()}/"
        other = {"name": self.values.other_name, "url": self.values.other_url} if self.values.other_url else None
        conf["extra"].update(runbook_name=self.guide.name, runbook_own=self.guide.own, runbook_other=other)


def of(env: Any) -> Guidance:
    """Return the guide that ENV, a pluglet's environment, builds: the own one unless site.py or a variable asks for another."""
    root = Path(env.project_dir).resolve()
    wanted = (env.conf.get("extra") or {}).get(PROJECT_KEY) or os.environ.get(PROJECT_VARIABLE) or root
    project_root = Path(wanted).resolve()
    return _read(root, project_root, _stamp(root), _stamp(project_root))


@functools.lru_cache(maxsize=4)
def _read(root: Path, project_root: Path, *stamps: tuple[Any, ...]) -> Guidance:  # noqa: ARG001 (a changed file makes another call of it)
    """Read everything once for as long as the files stay as they are: Zensical asks for every page."""
    every = guides(root)
    guide = next((guide for guide in every if guide.project_root == project_root), None)
    if guide is None:
        raise RunbookError("no-such-guide", f"{project_root} is no guide of this site", "mkdocs.yml", next="name it under `extra.guides`")
    own = read_project(root)
    facts = own if guide.own else read_project(project_root)
    return Guidance(guide, facts, own, _values(guide, every, site_url(own)), site_url(own) and site_url(own) + guide.url_prefix)


def _stamp(root: Path) -> tuple[Any, ...]:
    """Return what changes when one of the files changes that facts are read from."""
    files = sorted(file for pattern in MADE_OF for file in root.glob(pattern))
    return tuple((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files)


def _values(guide: Guide, every: list[Guide], address: str) -> GuideValues:
    """Return what pages know about GUIDE; the other one is the first that it is not."""
    other = next((other for other in every if other is not guide), None)
    return GuideValues(guide.name, guide.own, other.name if other else None, address + other.url_prefix if other else None)


def site_url(own: Facts) -> str:
    """Return where the site is published, from the project's own link to its documentation."""
    urls = {label.lower(): url for label, url in own.project.urls.items()}
    address = urls.get("documentation") or urls.get("homepage") or ""
    return address.rstrip("/") + "/" if address else ""


def docs(env: Any) -> Path:
    """Return the docs folder."""
    return _docs_of(env.conf, Path(env.project_dir).resolve())


def _docs_of(conf: Any, root: Path) -> Path:
    return Path(root, conf["docs_dir"]).resolve()


def source_of(env: Any) -> str:
    """Return the rendered page's file, from the docs folder."""
    page = env.page
    source: str = page.file.src_uri if hasattr(page, "file") else page.path
    return source


def page_path(env: Any) -> str:
    """Return the rendered page's file, from the root of the repository."""
    return (docs(env) / source_of(env)).relative_to(Path(env.project_dir).resolve()).as_posix()
