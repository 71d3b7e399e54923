"""Keeps the accounts of a run: what became of each snippet, page by page into the results, and whether any was left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pypi_runbook import reads
from pypi_runbook.pages import results
from pypi_runbook.pages.key import page_key, state_of
from pypi_runbook.pages.outcome import FAILED, NOT_RUN, PASSED, SKIPPED, Outcome
from pypi_runbook.pages.session import PathSpec
from pypi_runbook.pages.sybil import Publication

WORDS = {PASSED: "passed", FAILED: "failed", SKIPPED: "skipped", NOT_RUN: "not run"}
PathName = tuple[str, str, str]


@dataclass
class PathAccount:
    """One path in this run: what became of its snippets so far, by number."""

    spec: PathSpec
    outcomes: dict[int, Outcome] = field(default_factory=dict)

    def summary(self) -> str:
        """Return one line for a person: what became of the snippets, and how long it took."""
        counts = [(sum(outcome.result == result for outcome in self.outcomes.values()), word) for result, word in WORDS.items()]
        seconds = sum(outcome.seconds for outcome in self.outcomes.values())
        return f"{self.spec.label}: {', '.join(f'{count} {word}' for count, word in counts if count)} in {seconds:.1f} s"


class Accounts:
    """The accounts of one run of PUBLICATION's pages, kept by the process that hears of every report."""

    def __init__(self, publication: Publication) -> None:
        self.publication = publication
        self.paths: dict[PathName, PathAccount] = {name_of(spec): PathAccount(spec) for spec in publication.specs}
        self._open: set[PathName] = set()
        # As the run begins: what is edited meanwhile is not what the run has proven.
        self._states = {guide.name: state_of(guide.project_root) for guide in publication.guides}
        self._package = reads.digests(reads.PACKAGE, reads.package_files())

    def add(self, name: PathName, outcomes: Iterable[dict[str, Any]]) -> None:
        """Note the OUTCOMES of snippets of a path."""
        account = self.paths[name]
        account.outcomes.update((fields["number"], Outcome(**fields)) for fields in outcomes)
        self._open.add(name)

    def close(self, name: PathName, about: dict[str, Any]) -> str:
        """Write what became of a path into the results; return its summary."""
        account = self.paths[name]
        page = self.publication.page(account.spec)
        numbers = {snippet.number: snippet for snippet in account.spec.snippets}
        rows = [results.row(account.spec, numbers[number], outcome) for number, outcome in account.outcomes.items()]
        key = page_key(page, account.spec.project_root, self._states[account.spec.guide])
        # Without a word about what was used, as after an interruption, anything may have been.
        used = about.pop("reads", None) or list(self._package)
        read = {name: self._package[name] for name in used if name in self._package}
        results.merge(self.publication.root, results.PageResult(account.spec.guide, account.spec.page, key, rows, about, read))
        self._open.discard(name)
        return account.summary()

    def close_all(self) -> None:
        """Write what an interrupted run has found out."""
        for name in sorted(self._open):
            self.close(name, {})

    def left_out(self, pages: set[str]) -> list[str]:
        """Return, for PAGES, each published runnable snippet that became no test: page, line, and path."""
        missing = []
        for account in self.paths.values():
            if account.spec.page in pages:
                lines = [snippet.line for snippet in account.spec.snippets if snippet.number not in account.outcomes]
                missing += [f"{account.spec.page}:{line}: published, but not run ({account.spec.label})" for line in lines]
        return missing

    def total(self) -> str:
        """Return the sum over all paths that took part."""
        outcomes = [outcome for account in self.paths.values() for outcome in account.outcomes.values()]
        counts = [f"{sum(outcome.result == result for outcome in outcomes)} {word}" for result, word in WORDS.items()]
        return f"snippets: {len(outcomes)} on all paths = {' + '.join(counts)}"


def name_of(spec: PathSpec) -> PathName:
    """Return what identifies a path within a publication."""
    return spec.guide, spec.page, spec.path


def seconds_by_group(root: Path) -> dict[PathName, float]:
    """Return how long each path took when it last ran, so that the longest can start first."""
    seconds: dict[PathName, float] = {}
    for entry in results.load(root)["pages"].values():
        for row in entry["snippets"]:
            name = (row["project"], row["page"], row["path"])
            seconds[name] = seconds.get(name, 0.0) + row["seconds"]
    return seconds
