"""The practices of good package metadata, each with this project's own value or with what is missing."""

from __future__ import annotations

from collections.abc import Callable

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.utils import canonicalize_name
from packaging.version import Version

from pypi_runbook.pages.tables import link, table
from pypi_runbook.pages.values import RepositoryValues
from pypi_runbook.project.facts import Distribution

Answer = tuple[bool, str]
GOOD, LACKING = '<span class="good">✓</span> ', '<span class="lacking">✗</span> '


def practices_table(project: Distribution, repository: RepositoryValues) -> str:
    """Return one row for each practice: what it asks, and how this project meets it."""
    rows = []
    for name, (asks, field, judge) in PRACTICES.items():
        good, words = judge(project)
        line = project.lines.get(field)
        where = f" ({link(f'line {line}', repository.blob(project.file, line))})" if line else ""
        rows.append([f"**{name}**", asks, (GOOD if good else LACKING) + words + where])
    return table(["Practice", "What it asks", "This project"], rows)


def name(project: Distribution) -> Answer:
    """Judge whether the name is the one that people type to install it."""
    if not project.name:
        return False, "has no name"
    normalized = canonicalize_name(project.name)
    return normalized == project.name, f"`{project.name}`" + ("" if normalized == project.name else f": PyPI lists it as `{normalized}`")


def metadata(project: Distribution) -> Answer:
    """Judge whether description, authors and links are there."""
    urls = {label.lower() for label in project.urls}
    wanted = {"a description": bool(project.description), "authors": bool(project.authors), "a license": bool(project.license)}
    wanted |= {f"the link {label.title()}": label in urls or f"{label} url" in urls for label in ("homepage", "repository", "documentation")}
    absent = [what for what, there in wanted.items() if not there]
    words = ", ".join(
        [
            "description",
            f"{len(project.authors)} author{'s' * (len(project.authors) != 1)}",
            *(f"[{label}]({url})" for label, url in project.urls.items()),
        ]
    )
    return not absent, f"lacks {', '.join(absent)}" if absent else words


def keywords(project: Distribution) -> Answer:
    """Judge whether there are words to search for."""
    return bool(project.keywords), ", ".join(f"`{word}`" for word in project.keywords) or "has none"


def classifiers(project: Distribution) -> Answer:
    """Judge whether Python versions and the development status are classified."""
    pythons = [entry.rsplit(" :: ", 1)[1] for entry in project.classifiers if entry.startswith("Programming Language :: Python :: 3.")]
    status = next((entry.split(" :: ", 1)[1] for entry in project.classifiers if entry.startswith("Development Status ::")), None)
    if not project.classifiers:
        return False, "has none"
    words = [f"Python {', '.join(pythons)}" if pythons else "lacks the Python versions", status or "lacks the development status"]
    return bool(pythons and status), "; ".join(words)


def readme(project: Distribution) -> Answer:
    """Judge whether the index has something to show."""
    return bool(project.readme), f"`{project.readme}`" if project.readme else "the project's page on PyPI stays empty"


def licence(project: Distribution) -> Answer:
    """Judge whether the license is one that tools can read."""
    if not project.license:
        return False, "names none"
    try:
        canonicalize_license_expression(project.license)
    except InvalidLicenseExpression:
        return False, f"`{project.license}` is no SPDX expression"
    return True, f"`{project.license}`, an SPDX expression"


def version(project: Distribution) -> Answer:
    """Judge whether versions can be ordered and say what a change means."""
    if project.version is None:
        return project.version_dynamic, "comes from the build backend" if project.version_dynamic else "has none"
    try:
        parts = len(Version(project.version).release)
    except ValueError:
        return False, f"`{project.version}` is no version that PyPI takes"
    return parts == 3, f"`{project.version}`" + (": major, minor and patch" if parts == 3 else ": semantic versions have three numbers")


PRACTICES: dict[str, tuple[str, str, Callable[[Distribution], Answer]]] = {
    "Clear package name": ("the same on PyPI, in `pip install` and in the repository", "name", name),
    "Comprehensive metadata": ("description, authors, license; homepage, repository and documentation", "description", metadata),
    "Keywords": ("words by which people find it on PyPI", "keywords", keywords),
    "Classifiers": ("the Python versions that it supports, and how finished it is", "classifiers", classifiers),
    "README": ("the text of its page on PyPI", "readme", readme),
    "License": ("an SPDX expression, so that tools can read it", "license", licence),
    "Version management": ("semantic versions, one for each release", "version", version),
}
