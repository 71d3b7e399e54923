"""What Sybil is given: a parser that yields exactly the published snippets, and a Document that keeps their order.

A page yields one example for each runnable snippet of each path of each guide. Nothing is read from its source but places.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sybil import Document, Example, Region

from pypi_runbook.pages.guides import Guide, guides
from pypi_runbook.pages.needs import require
from pypi_runbook.pages.outcome import FAILED, NOT_RUN, SKIPPED, Outcome
from pypi_runbook.pages.rendered import pages_of
from pypi_runbook.pages.session import PathSpec, Session
from pypi_runbook.pages.snippet import Page, Snippet, dump_pages, load_pages, paths

PAGES = "pages.json"
_PUBLISHED: dict[Path, Publication] = {}


@dataclass(frozen=True)
class Publication:
    """Every page of every guide of ROOT, as published, and the paths that have something to run."""

    root: Path
    guides: list[Guide]
    pages: list[Page]
    specs: list[PathSpec]

    @classmethod
    def of(cls, root: Path, folder: Path | None = None, only: Collection[str] | None = None) -> Publication:
        """Render the pages ONLY of ROOT's guides, all unless given, or take those that another process has handed over in FOLDER."""
        found = guides(root)
        handed = folder and (folder / PAGES).exists()
        pages = load_pages(folder / PAGES) if folder and handed else [page for guide in found for page in pages_of(guide, only)]
        by_name = {guide.name: guide for guide in found}
        specs = [PathSpec.of(by_name[page.guide], page, path, folder) for page in pages for path in paths(page)]
        return cls(root, found, pages, [spec for spec in specs if spec.snippets])

    def page(self, spec: PathSpec) -> Page:
        """Return the page that SPEC is a path of."""
        return next(page for page in self.pages if (page.guide, page.path) == (spec.guide, spec.page))


def published(root: Path, folder: Path | None = None, only: Collection[str] | None = None) -> Publication:
    """Return what ROOT publishes, decided once per run: all pages, or those of ONLY (paths from the root).

    folder: what the processes of one run share, the rendered pages and the projects' first clones; made by `hand_over`.
    """
    root = root.resolve()
    if root not in _PUBLISHED:
        _PUBLISHED[root] = Publication.of(root, folder, only)
    return _PUBLISHED[root]


def hand_over(publication: Publication, folder: Path) -> None:
    """Write PUBLICATION for `published` in another process."""
    if not (folder / PAGES).exists():
        dump_pages(publication.pages, folder / PAGES)


@dataclass
class Place:
    """One snippet on one path, and what became of it.

    label: what tells it from the same line elsewhere: guide, path, and a number where one line made several snippets.
    fresh: the outcomes that evaluating it brought about, those of the snippets before it included.
    """

    session: Session
    snippet: Snippet
    label: str
    fresh: list[Outcome] = field(default_factory=list)

    @property
    def spec(self) -> PathSpec:
        """The path."""
        return self.session.spec


def _slug(label: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")


class SnippetParser:
    """A Sybil parser: yields an empty region where each published snippet begins.

    root: the repository with mkdocs.yml. Empty regions do not overlap, though one line of a macro may make several snippets.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, document: Document) -> Iterable[Region]:
        """Yield the regions of DOCUMENT, path by path."""
        publication = published(self.root)
        sources = {(page.guide, page.path) for page in publication.pages if page.source == Path(document.path)}
        for spec in publication.specs:
            if (spec.guide, spec.page) in sources:
                prefix = [spec.guide] if len(publication.guides) > 1 else []
                yield from self._path(document, Session(spec), [*prefix, *map(_slug, spec.path.split(" / "))])

    def _path(self, document: Document, session: Session, label: list[str]) -> Iterator[Region]:
        lines: list[int] = []
        for snippet in session.spec.snippets:
            start, above = _start_of(document.text, snippet.line), lines.count(snippet.line)
            name = "/".join(part for part in label if part) + (f"#{above + 1}" if above else "")
            yield Region(start, start, parsed=Place(session, snippet, name), evaluator=evaluate)
            lines.append(snippet.line)


def _start_of(text: str, line: int) -> int:
    """Return where LINE begins in TEXT."""
    return sum(len(part) for part in text.splitlines(keepends=True)[: line - 1])


class PageDocument(Document):
    """A page whose examples come path by path, as a reader takes them; Sybil would mix the paths line by line."""

    def add(self, region: Region) -> None:
        """Keep REGION in the order in which the parser yields it."""
        self.regions.append((region.start, region))

    def examples(self) -> Iterator[Example]:
        """Yield the page's examples in that order."""
        for start, region in self.regions:
            yield Example(self, self.text.count("\n", 0, start) + 1, 1, region, self.namespace)


def evaluate(example: Example) -> str | None:
    """Run what EXAMPLE needs and the example itself; return what is wrong with it, for Sybil to report."""
    __tracebackhide__ = True
    place: Place = example.parsed
    place.fresh = place.session.reach(place.snippet.number)
    outcome = place.session.outcomes[place.snippet.number]
    if outcome.result == SKIPPED:
        require(*place.spec.needs)
        pytest.skip(outcome.reason)
    if outcome.result == NOT_RUN:
        return _not_run(place, outcome)
    return _tell(place, outcome) if outcome.result == FAILED else None


def _not_run(place: Place, outcome: Outcome) -> str | None:
    """Skip when the failure before has been told by its own test; tell it here when that was not selected."""
    __tracebackhide__ = True
    failure = place.session.failure_before(place.snippet.number)
    if failure is None or failure.number in place.session.told:
        pytest.skip(outcome.reason)
    return _tell(place, failure)


def _tell(place: Place, outcome: Outcome) -> str:
    place.session.told.add(outcome.number)
    return f"{outcome.message}\n  path: {place.spec.label}"
