"""Sybil's examples as pytest items: named by page and line, one group per path, failures told in the page's words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sybil import Example, Sybil
from sybil.example import SybilFailure
from sybil.integration.pytest import SybilFile, SybilItem

from pypi_runbook.pages.sybil import Place


class SnippetItem(SybilItem):
    """One published snippet on one path, for example `docs/publishing/manual.md::40[pypi-runbook/uv]`.

    What stands in brackets comes after the line, so that `docs/publishing/manual.md::40` names the snippet on every path.
    """

    def __init__(self, parent: pytest.File, sybil: Sybil, example: Example) -> None:
        place: Place = example.parsed
        pytest.Item.__init__(self, f"{place.snippet.line}[{place.label}]" if place.label else str(place.snippet.line), parent)
        self.example = example
        self.place = place
        if self.config.pluginmanager.hasplugin("timeout"):
            # The session has limits of its own, and says which page did not end; this one is for a session that cannot.
            self.add_marker(pytest.mark.timeout(place.spec.limit))
        self.request_fixtures(sybil.fixtures)  # type: ignore[no-untyped-call]  # Sybil does not annotate it

    def reportinfo(self) -> tuple[Path, int, str]:
        """Name page and line; pytest counts lines from 0."""
        return self.path, self.place.snippet.line - 1, f"{self.place.spec.label} line {self.place.snippet.line}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return what the session says, without a traceback of the machinery."""
        if isinstance(excinfo.value, SybilFailure):
            return excinfo.value.result
        return super().repr_failure(excinfo, style)


class SnippetFile(SybilFile):
    """A page that pytest collects."""

    def collect(self) -> Iterator[SnippetItem]:
        """Yield the page's snippets, path by path."""
        for sybil in self.sybils:
            document = sybil.parse(self.path)
            self.documents.append(document)
            for example in document.examples():
                yield SnippetItem.from_parent(self, sybil=sybil, example=example)


def collect_pages(sybil: Sybil) -> Callable[[Path, pytest.Collector], SnippetFile | None]:
    """Return the `pytest_collect_file` hook that collects SYBIL's pages."""

    def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SnippetFile | None:
        if not sybil.should_parse(file_path):
            return None
        file: SnippetFile = SnippetFile.from_parent(parent, path=file_path, sybils=[sybil])
        return file

    return pytest_collect_file
