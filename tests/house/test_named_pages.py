"""Every page that the library names is there, and everything in the code that a page for newcomers names."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE, DOCS = ROOT / "src" / "pypi_runbook", ROOT / "docs"
PAGE = re.compile(r"(?:start|publishing|incident|troubleshooting|reference|explanation|decisions)/[\w{}-]+\.md")
CODE = re.compile(r"`([^`]+)`")


def named_pages(text: str) -> set[str]:
    """Return the pages that strings of a module's TEXT are, or begin with."""
    strings = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return {found[0] for string in strings if (found := PAGE.match(string))}


def named_code(page: Path) -> set[tuple[str, str]]:
    """Return each file that a table of PAGE names in its first column, with each name that follows it there."""
    rows = (CODE.findall(line.split("|")[1]) for line in page.read_text().splitlines() if line.startswith("| `"))
    return {(file, name) for file, *names in rows for name in names}


def is_there(file: str, name: str) -> bool:
    """Say whether FILE, of the library or of the repository, defines NAME, such as `Shell.run`."""
    path = next((folder / file for folder in (SOURCE, ROOT) if (folder / file).is_file()), None)
    if path is None:
        return False
    if path.suffix != ".py":
        return re.search(rf"^{re.escape(name)}\b", path.read_text(), re.MULTILINE) is not None
    body = ast.parse(path.read_text()).body
    for part in name.split("."):
        body = next((members(node) for node in body if part in names_of(node)), [])
        if not body:
            return False
    return True


def names_of(node: ast.stmt) -> set[str]:
    """Return the names that a statement defines."""
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {node.name} if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) else set()


def members(node: ast.stmt) -> list[ast.stmt]:
    """Return the statements inside NODE; NODE itself when it holds none."""
    return getattr(node, "body", None) or [node]


def test_every_page_that_an_error_names_exists() -> None:
    """An error, a finding, a rule or a failed step leads to a page of the site, never to one that was renamed."""
    named = {page: module for module in SOURCE.rglob("*.py") for page in named_pages(module.read_text())}
    named |= {page: rules for rules in SOURCE.rglob("*.toml") for page in PAGE.findall(rules.read_text())}
    assert len(named) > 40
    assert {page: module.name for page, module in named.items() if not (DOCS / page).is_file()} == {}


def test_the_walkthrough_names_files_and_functions_that_exist() -> None:
    """A reader of the walkthrough finds each file in its place, and in it each class, function and method."""
    page = DOCS / "explanation" / "walkthrough.md"
    named = named_code(page)
    assert len(named) > 50
    assert {(file, name) for file, name in named if not is_there(file, name)} == set()
    files = {text for text in CODE.findall(page.read_text()) if re.fullmatch(r"[\w/]+\.(py|bash|toml)", text)}
    assert {file for file in files if not any((folder / file).is_file() for folder in (SOURCE, ROOT))} == set()
