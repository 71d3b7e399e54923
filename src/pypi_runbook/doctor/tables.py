"""The tables of pyproject.toml: what their schema says, [project] beside [tool.poetry], and the build system."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import cache
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.places import distributions, toml_line, toml_of
from pypi_runbook.finding import Finding
from pypi_runbook.project import Distribution
from pypi_runbook.project.clients import index_of_url
from pypi_runbook.project.text import items
from pypi_runbook.project.toml import Toml

PAGE = "publishing/metadata.md"
BUILD = "troubleshooting/dependencies.md"
STANDARD = ("project", "build-system", "dependency-groups")
# Top-level tables besides the standard ones: [tool], and [external], which is PEP 725's.
TOP = ("tool", "external")
# The keys of [project]: https://packaging.python.org/en/latest/specifications/pyproject-toml/ as of 2026-11; the last two are PEP 794's.
KEYS = (
    "name",
    "version",
    "description",
    "readme",
    "requires-python",
    "license",
    "license-files",
    "authors",
    "maintainers",
    "keywords",
    "classifiers",
    "urls",
    "scripts",
    "gui-scripts",
    "entry-points",
    "dependencies",
    "optional-dependencies",
    "dynamic",
    "import-names",
    "import-namespaces",
)
# Standard tables that people write below [tool] by mistake; no tool has one of these names.
MISPLACED = (*STANDARD, "urls", "optional-dependencies", "entry-points", "gui-scripts")
# What [tool.poetry] and old setup files call a key of [project].
POETRY_KEYS = {
    "python": "`requires-python`",
    "extras": "the table [project.optional-dependencies]",
    "group": "the table [dependency-groups]",
    "dev-dependencies": "the table [dependency-groups]",
    "author": "`authors`, a list of tables",
    "maintainer": "`maintainers`, a list of tables",
    "long-description": "`readme`",
    "long_description": "`readme`",
    "install_requires": "`dependencies`",
    "extras_require": "the table [project.optional-dependencies]",
    "license-expression": "`license`",
    "entry_points": "the table [project.entry-points], or [project.scripts]",
}
TWICE = ("name", "version", "description", "license", "readme", "keywords", "classifiers")
# Backends whose own manuals ask for an upper bound, because a new major version changes what they build.
BOUNDED = ("poetry-core", "flit-core", "uv-build")


def check_tables(checkup: Checkup) -> Iterator[Finding]:
    """Yield what is wrong with the tables of each pyproject.toml that describes a distribution."""
    for project in distributions(checkup):
        toml = toml_of(checkup, project)
        if toml.data:
            file = project.file if project.file.endswith("pyproject.toml") else project.file.removesuffix("setup.cfg") + "pyproject.toml"
            yield from schema(toml, file)
            yield from unread(toml, file)
            yield from disagreements(toml, file)
            yield from build_system(toml, file, project)
    if checkup.pyproject.data:
        yield from uv_indexes(checkup)


def schema(toml: Toml, file: str) -> Iterator[Finding]:
    """Yield what validate-pyproject says against the standard tables of TOML, one finding at most: it stops at the first."""
    known: dict[str, Any] = {name: toml.data[name] for name in STANDARD if name in toml.data}
    if isinstance(known.get("project"), dict):
        # Each key that is not known becomes a finding of its own, with what to do about it.
        known["project"] = {key: value for key, value in known["project"].items() if key in KEYS}
    # Here, so that the command's help needs no extra; `tools.require` says which one is missing.
    from validate_pyproject import errors

    logging.getLogger("validate_pyproject").setLevel(logging.ERROR)
    try:
        validator()(known)
    except errors.ValidationError as error:
        place = str(error.name).strip("`")
        line = toml_line(toml, *ancestors(place)) or 1
        what = " ".join(str(error.message).split("\n")[0].rstrip(":").split())
        yield Finding("pyproject-schema", "error", f"validate-pyproject: {what}", file, line, f"correct {place}", PAGE)


def unread(toml: Toml, file: str) -> Iterator[Finding]:
    """Yield a finding for each key of [project], and for each table, that no tool reads."""
    for key, value in toml.table("project").items():
        if key not in KEYS:
            message = f"[project] has no key `{key}`: some build backends refuse it, and the others leave it out of the release without a word"
            yield Finding("key-unread", "error", message, file, toml_line(toml, f"project.{key}", "project"), instead(key, value), PAGE)
    misplaced = [("tool", name) for name in MISPLACED]
    unknown = [(name,) for name in toml.data if name not in (*STANDARD, *TOP)]
    for keys in (*misplaced, *unknown):
        if table := toml.table(*keys):
            place = ".".join(keys)
            values = ", ".join(f"`{key}`" for key in table)
            message = f"nothing reads the table [{place}], so {values} in it {'has' if len(table) == 1 else 'have'} no effect"
            line = toml_line(toml, place, *(f"{place}.{key}" for key in table))
            yield Finding("table-unread", "warning", message, file, line, right_table(keys[-1], place, table), PAGE)


def right_table(name: str, place: str, table: dict[str, Any]) -> str:
    """Return where the TABLE called NAME, which is at PLACE, belongs."""
    if all(isinstance(value, str) and "://" in value for value in table.values()):
        return "move the links to [project.urls]"
    if name in MISPLACED:
        return f"write it as [{name}]" if name in STANDARD else f"write it as [project.{name}]"
    near = get_close_matches(name, STANDARD, 1, 0.7)
    return f"write it as [{near[0]}]" if near else f"write it as [tool.{place}] when it is a tool's, or remove it"


def instead(key: str, value: Any) -> str:
    """Return what to do with VALUE, which is in [project] under a KEY that does not exist."""
    if isinstance(value, str) and "://" in value:
        return f'move it to [project.urls]: {key.capitalize()} = "{value}"'
    if key in POETRY_KEYS:
        return f"write it as {POETRY_KEYS[key]}"
    near = get_close_matches(key.replace("_", "-"), KEYS, 1, 0.8)
    return f"write it as `{near[0]}`" if near else "remove it, or move it to the table of the tool that should read it"


@cache
def validator() -> Callable[[dict[str, Any]], object]:
    """Return validate-pyproject's validator, which is compiled on first use."""
    from validate_pyproject import api

    return api.Validator()


def ancestors(place: str) -> list[str]:
    """Return PLACE, a dotted key with indexes, and the keys around it, inner ones first."""
    keys = re.sub(r"\[\d+\]", "", place).split(".")
    return [".".join(keys[:count]) for count in range(len(keys), 0, -1)]


def disagreements(toml: Toml, file: str) -> Iterator[Finding]:
    """Yield a finding for each field that [project] and [tool.poetry] both give, with different values."""
    pep621, poetry = toml.table("project"), toml.table("tool", "poetry")
    for field in TWICE:
        if field in pep621 and field in poetry and not same(field, pep621[field], poetry[field]):
            message = f"{field} is {shown(poetry[field])} here and {shown(pep621[field])} in [project], which is what Poetry 2 builds"
            fix = "take it out of [tool.poetry]"
            yield Finding("tables-disagree", "warning", message, file, toml_line(toml, f"tool.poetry.{field}"), fix, PAGE)


def same(field: str, one: Any, other: Any) -> bool:
    """Tell whether both values of FIELD say the same; a readme or a license may be a table in one of them."""
    if field == "name":
        return canonicalize_name(str(one)) == canonicalize_name(str(other))
    plain = [next(iter(value.values()), None) if isinstance(value, dict) else value for value in (one, other)]
    return bool(plain[0] == plain[1])


def shown(value: Any) -> str:
    """Return VALUE short enough for a sentence."""
    text = str(value)
    return f"`{text if len(text) <= 40 else text[:39] + '…'}`"


def build_system(toml: Toml, file: str, project: Distribution) -> Iterator[Finding]:
    """Yield what is wrong with the build system: none, no backend in it, or one without an upper bound whose manual asks for it."""
    table = toml.table("build-system")
    if "build-system" not in toml.data:
        if project.name:
            message = "there is no [build-system], so every tool falls back to setuptools as it is that day"
            fix = "name the build backend that you mean, with its versions"
            yield Finding("no-build-system", "warning", message, file, toml_line(toml, "project", "tool.poetry") or 1, fix, BUILD)
        return
    # A backend that is in the repository itself needs nothing to be installed.
    if not items(table.get("requires")) and not table.get("backend-path"):
        line = toml_line(toml, "build-system.requires", "build-system")
        yield Finding(
            "no-build-requires", "error", "[build-system] requires nothing, so nothing can build", file, line, "name the build backend", BUILD
        )
    if not table.get("build-backend") and items(table.get("requires")):
        message = "[build-system] names no build-backend, so tools fall back to setuptools' old way"
        yield Finding("no-build-backend", "warning", message, file, toml_line(toml, "build-system"), "add build-backend = …", BUILD)
    for text in items(table.get("requires")):
        if name := unbounded(str(text)):
            line = toml_line(toml, "build-system.requires", "build-system")
            message = f"{name} has no upper bound: its next major version builds the release, whether anybody tried it or not"
            fix = f"bound it as the manual of {name} does"
            yield Finding("build-requirement-unbounded", "note", message, file, line, fix, BUILD)


def unbounded(text: str) -> str | None:
    """Return the name in the requirement TEXT when its manual asks for an upper bound and it has none."""
    try:
        requirement = Requirement(text)
    except ValueError:
        return None
    name = canonicalize_name(requirement.name)
    bounded = any(clause.operator in ("<", "<=", "==", "===", "~=") for clause in requirement.specifier)
    return name if name in BOUNDED and not bounded else None


def uv_indexes(checkup: Checkup) -> Iterator[Finding]:
    """Yield a finding for each index of uv that is there to publish to, and from which dependencies are taken as well."""
    for index in items(checkup.pyproject.table("tool", "uv").get("index")):
        if not isinstance(index, dict) or not index.get("publish-url") or index.get("explicit") is True:
            continue
        name, url = str(index.get("name") or index.get("url")), str(index["publish-url"])
        anyone = index_of_url(url) == "testpypi"
        danger = ", where anyone can upload a package with the name of one" if anyone else ""
        message = f"the index {name} has a `publish-url`, but without `explicit = true` uv also takes dependencies from it{danger}"
        line = checkup.line_with("pyproject.toml", url)
        severity = "warning" if anyone else "note"
        yield Finding("uv-index-not-explicit", severity, message, "pyproject.toml", line, "add `explicit = true` to the index", BUILD)
