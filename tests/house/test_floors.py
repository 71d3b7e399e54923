"""The floors of the library: a module imports only from its own folder or from a lower floor."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "pypi_runbook"
FLOORS = {
    # The ground below floor 0: a finding is made of an error, and reading a project makes findings.
    "errors": -1,
    "asking": 0,
    "finding": 0,
    "locks": 0,
    "processes": 0,
    "reads": 0,
    "secrets": 0,
    "signals": 0,
    "tools": 0,
    "project": 1,
    "rules": 2,
    "twin": 3,
    "pages": 4,
    "rehearsal": 5,
    "manual": 5,
    "doctor": 5,
    "explain": 5,
    "cli": 6,
}
MODULES = sorted(SOURCE.rglob("*.py"))


def part_of(module: str) -> str | None:
    """Return the floor's name in a dotted module name, or nothing for other people's modules."""
    parts = module.split(".")
    return parts[1] if parts[0] == "pypi_runbook" and len(parts) > 1 else None


def imports(tree: ast.AST) -> list[tuple[int, str]]:
    """Return each imported module of ours with its line; a name imported from the package itself counts as a module."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "pypi_runbook":
            found += [(node.lineno, f"pypi_runbook.{alias.name}") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"relative import in line {node.lineno}"
            found.append((node.lineno, node.module or ""))
    return found


def breaches(path: Path) -> list[str]:
    """Return the imports of PATH that reach upwards or sideways."""
    own = path.relative_to(SOURCE).with_suffix("").parts[0]
    found = []
    for line, module in imports(ast.parse(path.read_text())):
        other = part_of(module)
        if other and other != own and FLOORS[other] >= FLOORS[own]:
            found.append(f"{path.name}:{line} ({own}) imports {module}")
    return found


@pytest.mark.parametrize("path", [path for path in MODULES if path.name != "__main__.py"], ids=lambda path: str(path.relative_to(SOURCE)))
def test_module_imports_only_downwards(path: Path) -> None:
    """No module imports from a higher floor or from another part of its own floor."""
    if path.parent == SOURCE and path.name == "__init__.py":
        # Only what records which modules are used, since it has to come before them.
        assert {name.partition(".write_to")[0] for _, name in imports(ast.parse(path.read_text()))} <= {"os", "pypi_runbook.reads"}
    else:
        assert not breaches(path)


def test_every_part_has_a_floor() -> None:
    """A new folder or module of the library has to be given its floor first."""
    parts = {path.relative_to(SOURCE).with_suffix("").parts[0] for path in MODULES} - {"__init__", "__main__"}
    assert parts <= FLOORS.keys()
