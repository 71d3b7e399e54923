"""Every page that the library sends people to is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE, DOCS = ROOT / "src" / "pypi_runbook", ROOT / "docs"
PAGE = re.compile(r"(?:start|publishing|incident|troubleshooting|reference|explanation|decisions)/[\w{}-]+\.md")


def named_pages(text: str) -> set[str]:
    """Return the pages that strings of a module's TEXT are, or begin with."""
    strings = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return {found[0] for string in strings if (found := PAGE.match(string))}


def test_every_page_that_an_error_names_exists() -> None:
    """An error, a finding, a rule or a failed step leads to a page of the site, never to one that was renamed."""
    named = {page: module for module in SOURCE.rglob("*.py") for page in named_pages(module.read_text())}
    named |= {page: rules for rules in SOURCE.rglob("*.toml") for page in PAGE.findall(rules.read_text())}
    assert len(named) > 40
    assert {page: module.name for page, module in named.items() if not (DOCS / page).is_file()} == {}
