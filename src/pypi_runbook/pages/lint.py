"""Rules of pages that nothing has to be run for."""
from __future__ import annotations
from pypi_runbook.pages.snippet import Page

def check(pages: list[Page]) -> None: ...
