"""The metadata in an upload form, held against packaging's rules and then against PyPI's own."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterable, Iterator

from packaging.metadata import InvalidMetadata, Metadata, RawMetadata
from packaging.requirements import InvalidRequirement, Requirement
from trove_classifiers import all_classifiers, deprecated_classifiers

from pypi_runbook.rules.addresses import address_in, address_problem
from pypi_runbook.rules.catalogue import RULES, Refused, refuse
from pypi_runbook.rules.form import Form
from pypi_runbook.rules.urls import is_url
from pypi_runbook.rules.words import recognize

VERSIONS = {"1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5"}
SUMMARY_LIMIT = 512
LABEL_LIMIT = 32
# The form has these in the singular; every other field has packaging's name.
SINGULAR = {
    "platform": "platforms",
    "supported_platform": "supported_platforms",
    "license_file": "license_files",
    "import_name": "import_names",
    "import_namespace": "import_namespaces",
}
KINDS = typing.get_type_hints(RawMetadata)
FIRST = ("metadata-version", "name", "version")
CORE = " See https://packaging.python.org/specifications/core-metadata for more information."
PACKAGING = [rule for rule in RULES.values() if rule.source == "packaging.metadata"]

# What is wrong with which field, by the field's name in the metadata file.
Complaint = tuple[str, Refused]


def check_metadata(form: Form) -> Metadata:
    """Return FORM's metadata, or raise PyPI's first complaint: metadata version, name, version, then the rest by name."""
    try:
        metadata = Metadata.from_raw(_raw(form))
    except ExceptionGroup as group:
        errors = [error for error in group.exceptions if isinstance(error, InvalidMetadata)]
        raise _first((error.field, _recognized(error)) for error in errors) from None
    except ValueError:
        # Python reads no number of thousands of digits; packaging lets that through for the version, the only field that it reads as numbers.
        raise refuse("version-invalid", value=repr(form.get("version"))) from None
    complaints = [complaint for check in CHECKS for complaint in check(metadata)]
    if complaints:
        raise _first(complaints)
    return metadata


def _first(complaints: Iterable[Complaint]) -> Refused:
    # `min` keeps the first of equals, and so the first complaint about a field.
    return min(complaints, key=lambda complaint: (FIRST.index(complaint[0]) if complaint[0] in FIRST else len(FIRST), complaint[0]))[1]


def _recognized(error: InvalidMetadata) -> Refused:
    words = str(error)
    return recognize(words + ("" if words.endswith(".") else ".") + CORE, PACKAGING)


def _raw(form: Form) -> RawMetadata:
    raw: dict[str, typing.Any] = {}
    wrong = []
    for name in form.names():
        field, values = SINGULAR.get(name, name), form.all(name)
        # An empty value counts as none; uv sends `requires_python` always.
        if values != [""] and (name in SINGULAR or (field in KINDS and field not in SINGULAR.values())):
            try:
                raw[field] = _convert(field, values)
            except ValueError:
                wrong.append((name, refuse("field-data", field=name)))
    if wrong:
        raise _first(wrong)
    return typing.cast(RawMetadata, raw)


def _convert(field: str, values: list[str]) -> str | list[str] | dict[str, str]:
    """Return a field's values in the form that packaging reads; a ValueError when they cannot be it."""
    if field == "project_urls":
        pairs = [value.partition(",") for value in values]
        urls = {label.strip(): url.strip() for label, _, url in pairs}
        if len(urls) < len(pairs):
            raise ValueError(field)
        return urls
    if field == "keywords" and len(values) == 1:
        return [word.strip() for word in values[0].split(",")]
    if KINDS[field] == list[str] and field != "keywords":
        return values
    if len(values) > 1:
        raise ValueError(field)
    return values[0]


def _version(metadata: Metadata) -> Iterator[Complaint]:
    if metadata.metadata_version not in VERSIONS:
        yield "metadata-version", refuse("metadata-version", value=repr(metadata.metadata_version))
    if metadata.version.local:
        yield "version", refuse("local-version", version=str(metadata.version))


def _texts(metadata: Metadata) -> Iterator[Complaint]:
    if metadata.summary and len(metadata.summary) > SUMMARY_LIMIT:
        yield "summary", refuse("summary-length")
    if metadata.license and metadata.license_expression:
        yield "license", refuse("license-twice")
    for name in metadata.dynamic or ():
        if name == "dynamic":
            yield "dynamic", refuse("dynamic-unlisted", value=name)


def _addresses(metadata: Metadata) -> Iterator[Complaint]:
    for field, value in (("author-email", metadata.author_email), ("maintainer-email", metadata.maintainer_email)):
        address = address_in(value or "")
        if address and (problem := address_problem(address)):
            # PyPI puts the full stop only where there is none.
            yield field, refuse("email", address=address, error=problem.removesuffix(".") + ".")


def _classifiers(metadata: Metadata) -> Iterator[Complaint]:
    given = set(metadata.classifiers or ())
    for classifier in sorted(given - set(all_classifiers)):
        # Private classifiers are how people keep a project off PyPI: trove-classifiers does not list them.
        yield "classifier", refuse("classifier-unknown", classifier=classifier)
    for classifier in sorted(given & set(deprecated_classifiers)):
        instead = deprecated_classifiers[classifier]
        kind = "classifier-replaced" if instead else "classifier-deprecated"
        yield "classifier", refuse(kind, classifier=classifier, instead=instead)


def _urls(metadata: Metadata) -> Iterator[Complaint]:
    for field, value in (("home-page", metadata.home_page), ("download-url", metadata.download_url)):
        if value is not None and not is_url(value):
            yield field, refuse("url", url=value)
    for label, url in (metadata.project_urls or {}).items():
        if not label:
            yield "project-url", refuse("label-missing")
        elif len(label) > LABEL_LIMIT:
            yield "project-url", refuse("label-length", label=label)
        elif not url:
            yield "project-url", refuse("url-missing")
        elif not is_url(url):
            yield "project-url", refuse("url", url=url)


def _requirements(metadata: Metadata) -> Iterator[Complaint]:
    for field, values in (("provides-dist", metadata.provides_dist), ("obsoletes-dist", metadata.obsoletes_dist)):
        for value in values or ():
            yield from _old_requirement(field, value)
    for requirement in metadata.requires_dist or ():
        if requirement.url is not None:
            # PyPI runs packaging 26, which puts a space before the @; older ones do not.
            shown = re.sub(r"(?<! )@ ", " @ ", str(requirement), count=1)
            yield "requires-dist", refuse("direct-dependency", requirement=shown.removesuffix("."))


def _old_requirement(field: str, value: str) -> Iterator[Complaint]:
    try:
        requirement = Requirement(value)
    except InvalidRequirement as error:
        yield field, refuse("old-requirement", value=value, error=str(error).removesuffix("."))
    else:
        if requirement.url is not None:
            yield field, refuse("direct-dependency", requirement=repr(value))


CHECKS: tuple[Callable[[Metadata], Iterator[Complaint]], ...] = (_version, _texts, _addresses, _classifiers, _urls, _requirements)
