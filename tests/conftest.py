"""Register the site's pages with Sybil, so that every snippet of a page is a test, and the profiles of the generated tests."""

import os
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


def pytest_configure() -> None:
    """Choose the profile of the generated tests; a run of pages alone does not load this file as a plugin, and goes without Hypothesis."""
    from hypothesis import HealthCheck, Phase, settings

    # The same examples in every run. A failing one is shown as it was found: to shrink it can take longer than a test may, so `large` does that.
    settings.register_profile(
        "small",
        max_examples=100,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        # One example may start a process or read a broken archive, so its time says nothing about the strategy.
        suppress_health_check=[HealthCheck.too_slow],
    )
    # Different examples in every run; the report of a failure has the line that repeats it.
    settings.register_profile(
        "large",
        settings.get_profile("small"),
        max_examples=5_000,
        derandomize=False,
        print_blob=True,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
    )
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "small"))
