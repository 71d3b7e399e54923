"""What PyPI would refuse of the metadata as the files say them, field by field, before anything is built."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parseaddr

from packaging.requirements import Requirement

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.places import distributions, line_of, toml_of
from pypi_runbook.finding import Finding
from pypi_runbook.project import Distribution
from pypi_runbook.project.indexes import PYPI
from pypi_runbook.project.text import items, table
from pypi_runbook.rules import Form, Refused, Site, check_form, check_metadata

PAGE = "publishing/metadata.md"
FIXES = {
    "classifier-unknown": "take the classifier from the list of PyPI, or leave it out",
    "classifier-replaced": "write the classifier that replaces it",
    "direct-dependency": "depend on a release that an index has, and keep the address for development only",
    "local-version": "take the + and what follows out of the version",
    "version-invalid": "write a version that PEP 440 allows, for example 1.2.0 or 1.2.0rc1",
}
# Fields whose values are looked at one by one; the form's name for each field of the metadata.
Value = tuple[str, str, str]


def check_refused(checkup: Checkup) -> Iterator[Finding]:
    """Yield a finding for each value for which PyPI would refuse the distribution, in PyPI's words.

    Each value goes alone through the rules, because PyPI tells only the first of several.
    """
    for project in distributions(checkup):
        for field, name, value in values(checkup, project):
            if refused := refusal(name, value):
                yield finding(checkup, project, field, value, refused)


def values(checkup: Checkup, project: Distribution) -> Iterator[Value]:
    """Yield field, name in an upload's form, and value, for each value of PROJECT that PyPI would judge."""
    single = (("name", "name", project.name), ("version", "version", project.version), ("description", "summary", project.description))
    yield from ((field, name, value) for field, name, value in single if value)
    yield from (("classifiers", "classifiers", value) for value in project.classifiers)
    yield from (("urls", "project_urls", f"{label}, {url}") for label, url in project.urls.items())
    yield from (("authors", "author_email", value) for value in project.authors if parseaddr(value)[1] and "@" in value)
    yield from (("dependencies", "requires_dist", value) for value in project.dependencies if value.strip())
    yield from optional(checkup, project)
    if project.requires_python:
        yield "requires-python", "requires_python", project.requires_python
    # A table, and Poetry's own key, become no expression.
    if isinstance(expression := toml_of(checkup, project).table("project").get("license"), str):
        yield "license", "license_expression", expression


def optional(checkup: Checkup, project: Distribution) -> Iterator[Value]:
    """Yield the dependencies of PROJECT's extras; those of [project] only, since Poetry's name its dependencies."""
    extras = table(toml_of(checkup, project).table("project").get("optional-dependencies"))
    for requirements in extras.values():
        yield from (("optional-dependencies", "requires_dist", str(value)) for value in items(requirements))


def refusal(name: str, value: str) -> Refused | None:
    """Return PyPI's reason against VALUE in the field NAME of an otherwise right form."""
    fields = {"name": "x", "version": "1", "metadata_version": "2.4", "filetype": "sdist", "pyversion": "source", "sha256_digest": "0" * 64}
    try:
        form = Form([*({**fields, name: value}).items()])
        check_form(form)
        check_metadata(form)
    except Refused as refused:
        return refused
    except (LookupError, ValueError):
        return None  # packaging has a sentence that no rule holds yet, or Python refuses a number of thousands of digits
    return None


def finding(checkup: Checkup, project: Distribution, field: str, value: str, refused: Refused) -> Finding:
    """Return the finding for a VALUE of FIELD that PyPI refuses."""
    # As it is written first; a link's label, and Poetry's way to write requirements, are not in the value.
    words = next((text for text in (value, sought(field, value)) if checkup.line_with(project.file, text)), value)
    line = line_of(checkup, project, field, words) or checkup.line_with(project.file, words)
    page = f"troubleshooting/{refused.rule.entry}.md" if refused.rule.entry else PAGE
    message = f"PyPI would refuse the release: {refused.message(Site(PYPI.host))}"
    return Finding(refused.rule.id, "error", message, project.file, line, FIXES.get(refused.rule.id, "correct the value"), page)


def sought(field: str, value: str) -> str:
    """Return the part of VALUE that stands in the file as it is."""
    if field == "urls":
        return value.split(", ", 1)[1]
    if field == "authors":
        return parseaddr(value)[1]
    if field in ("dependencies", "optional-dependencies"):
        try:
            return Requirement(value).name
        except ValueError:
            return value.split(" ")[0]
    return value
