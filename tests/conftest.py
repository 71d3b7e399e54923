"""Register the site's pages with Sybil: every snippet that a page publishes is a test, run as it stands there."""

import sys
from pathlib import Path

import pytest
from sybil import Sybil

from pypi_runbook.pages.items import collect_pages
from pypi_runbook.pages.sybil import PageDocument, SnippetParser

ROOT = Path(__file__).resolve().parent.parent
# pytest makes only a test file's own folder importable, and some folders share what is in another.
sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("", "project", "twin")]
# Test modules import from these and load them as plugins: without this, pytest warns that it comes too late for their asserts.
pytest.register_assert_rewrite("people", "hub", "manual_bench", "build_bench", "upload_bench")

# Specimens may have tests of their own, for whoever builds them.
collect_ignore = ["projects"]

pytest_collect_file = collect_pages(
    Sybil(
        parsers=[SnippetParser(ROOT)],
        path=str(ROOT / "docs"),
        pattern="*.md",
        document_types={".md": PageDocument},
    )
)
