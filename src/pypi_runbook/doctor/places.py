"""Where in a metadata file something stands, so that a finding leads to its line."""

from __future__ import annotations

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.project import Distribution
from pypi_runbook.project.published import is_private, published, usual
from pypi_runbook.project.toml import Toml, read_toml


def distributions(checkup: Checkup) -> list[Distribution]:
    """Return the distributions of the repository that metadata describe: the root's and those below it, but none that is never published."""
    facts = checkup.facts
    wanted = [project.file for project in published(facts)] or [project.file for project in usual(facts)]
    described = [project for project in (facts.project, *facts.projects) if project.name or (checkup.root / project.file).is_file()]
    return [project for project in described if project.file in wanted or not is_private(facts, project)]


def line_of(checkup: Checkup, project: Distribution, field: str, words: str | None = None) -> int | None:
    """Return the line of PROJECT's FIELD; with WORDS the line in FIELD's lines that holds them, when one does."""
    first, last = project.spans.get(field, (0, 0))
    if words and first:
        lines = (checkup.text(project.file) or "").splitlines()
        last = max(last, end_of_table(lines, first))
        first = next((number for number in range(first, min(last, len(lines)) + 1) if words in lines[number - 1]), first)
    return first or None


def end_of_table(lines: list[str], first: int) -> int:
    """Return the last line of the table whose header stands on FIRST; FIRST itself when no header stands there."""
    if first > len(lines) or not lines[first - 1].lstrip().startswith("["):
        return first
    rest = range(first, len(lines))
    return next((number for number in rest if lines[number].lstrip().startswith("[")), len(lines))


def toml_of(checkup: Checkup, project: Distribution) -> Toml:
    """Return the pyproject.toml beside PROJECT's metadata file with the line of each key, empty when there is none."""
    path = (checkup.root / project.file).parent / "pyproject.toml"
    return read_toml(path, checkup.root) if path.is_file() else Toml({}, {})


def toml_line(toml: Toml, *keys: str) -> int | None:
    """Return the line of the first of the dotted KEYS that TOML has."""
    return next((toml.spans[key][0] for key in keys if key in toml.spans), None)
