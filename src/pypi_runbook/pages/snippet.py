"""What a page publishes: its fences in published order, and the paths that a reader can take through its tabs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pypi_runbook.pages.fences import RUN

DEFAULT_TIMEOUT = 30


@dataclass(frozen=True)
class Snippet:
    """One published fence.

    guide: the name of the project that the page is rendered for.
    page: the page's file from the root of the repository, for example `docs/publishing/manual.md`.
    number: 1, 2, … in published order; the built HTML carries it as `data-snippet`.
    line: line of the opening fence in the page's source.
    text: what a reader copies, without its final newline.
    tabs: labels of the tabs around it, the outermost first.
    """

    guide: str
    page: str
    number: int
    line: int
    language: str
    text: str
    options: dict[str, str]
    tabs: tuple[str, ...] = ()
    title: str = ""

    @property
    def runnable(self) -> bool:
        """Say whether the snippet's language is one that is run."""
        return self.language in RUN

    @property
    def timeout(self) -> int:
        """The seconds that the snippet may take."""
        return int(self.options.get("timeout", DEFAULT_TIMEOUT))


@dataclass(frozen=True)
class TabSet:
    """Alternatives of a page: the labels of one set of tabs, and the labels of the tabs that it lies in."""

    labels: tuple[str, ...]
    inside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """One page, rendered for one guide.

    path: the source from the root of the repository; source: the same file on this machine.
    meta: the front matter.
    alternatives: the page's tab sets in published order, an outer set before those inside it.
    html: the page's content as the site publishes it.
    """

    guide: str
    path: str
    source: Path
    meta: dict[str, Any]
    snippets: list[Snippet]
    html: str
    title: str
    alternatives: tuple[TabSet, ...] = ()

    @property
    def faults(self) -> list[str]:
        """The twin's faults that are on when the page is run: its front matter names one, or lists several."""
        named = self.meta.get("fault") or []
        return [str(fault) for fault in (named if isinstance(named, list) else [named])]


@dataclass(frozen=True)
class PagePath:
    """One way down a page; its name joins the labels chosen, and is empty for a page without alternatives."""

    name: str
    snippets: list[Snippet]


def paths(page: Page) -> list[PagePath]:
    """Return every way down PAGE, one for each choice among its tabs.

    Tab sets with the same labels are linked, as on the site; sets that hold nothing to run make no path of their own.
    """
    choices: list[tuple[str, ...]] = [()]
    for tabs in page.alternatives:
        if _runs(page, tabs):
            choices = [longer for chosen in choices for longer in _choose(chosen, tabs)]
    free = {label for tabs in page.alternatives if not _runs(page, tabs) for label in tabs.labels}
    return [PagePath(" / ".join(chosen), [s for s in page.snippets if set(s.tabs) <= {*chosen, *free}]) for chosen in choices]


def _runs(page: Page, tabs: TabSet) -> bool:
    """Say whether any tab with one of TABS' labels holds something to run."""
    return any(snippet.runnable and set(snippet.tabs) & set(tabs.labels) for snippet in page.snippets)


def _choose(chosen: tuple[str, ...], tabs: TabSet) -> list[tuple[str, ...]]:
    """Return CHOSEN with each choice that TABS leaves open: none inside another tab, or when a linked set has decided."""
    if not set(tabs.inside) <= set(chosen) or set(chosen) & set(tabs.labels):
        return [chosen]
    return [(*chosen, label) for label in tabs.labels]


def dump_pages(pages: list[Page], file: Path) -> None:
    """Write PAGES to FILE as JSON, for another process."""
    file.write_text(json.dumps({"schema": 1, "pages": [asdict(page) for page in pages]}, default=str))


def load_pages(file: Path) -> list[Page]:
    """Return the pages that `dump_pages` wrote."""
    return [page_from_json(fields) for fields in json.loads(file.read_text())["pages"]]


def page_from_json(fields: dict[str, Any]) -> Page:
    """Return the page whose fields are FIELDS, as `asdict` gives them."""
    snippets = [Snippet(**{**snippet, "tabs": tuple(snippet["tabs"])}) for snippet in fields["snippets"]]
    alternatives = tuple(TabSet(tuple(tabs["labels"]), tuple(tabs["inside"])) for tabs in fields["alternatives"])
    return Page(**{**fields, "source": Path(fields["source"]), "snippets": snippets, "alternatives": alternatives})
