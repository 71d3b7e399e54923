"""The metadata in an upload form, held against packaging's rules and then against PyPI's own."""

from __future__ import annotations

import email.utils
import re
import typing
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import urlsplit

from packaging.metadata import InvalidMetadata, Metadata, RawMetadata
from packaging.requirements import InvalidRequirement, Requirement
from trove_classifiers import classifiers as known_classifiers
from trove_classifiers import deprecated_classifiers

from pypi_runbook.rules.catalogue import Refused, refuse
from pypi_runbook.rules.form import Form

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
# PyPI asks the package email-validator; this is the part of it that real addresses get wrong.
LOCAL = re.compile("The use of local versions in '(.*)' is not allowed[.]")
ADDRESS = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


def check_metadata(form: Form) -> Metadata:
    """Return FORM's metadata, or raise PyPI's first complaint: metadata version, name, version, then the rest by name."""
    metadata, errors = _read(form)
    if metadata:
        errors = [error for check in CHECKS for error in check(metadata)]
    if errors:
        raise _refusal(errors)
    assert metadata
    return metadata


def _read(form: Form) -> tuple[Metadata | None, list[InvalidMetadata]]:
    raw: dict[str, typing.Any] = {}
    errors = []
    for name in form.names():
        field = SINGULAR.get(name, name)
        if name in SINGULAR or (field in KINDS and field not in SINGULAR.values()):
            try:
                raw[field] = _convert(field, form.all(name))
            except ValueError:
                errors.append(InvalidMetadata(name, f"{name!r} has invalid data"))
    if errors:
        return None, errors
    try:
        return Metadata.from_raw(typing.cast(RawMetadata, raw)), []
    except ExceptionGroup as group:
        return None, [error for error in group.exceptions if isinstance(error, InvalidMetadata)]


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


def _refusal(errors: list[InvalidMetadata]) -> Refused:
    fields = {error.field for error in errors}
    field = next((name for name in FIRST if name in fields), min(fields))
    words = str(next(error for error in errors if error.field == field))
    words += "" if words.endswith(".") else "."
    if match := LOCAL.fullmatch(words):
        return refuse("local-version", version=match[1])
    return refuse("metadata", error=words)


def _versions(metadata: Metadata) -> Iterator[InvalidMetadata]:
    if metadata.metadata_version not in VERSIONS:
        yield InvalidMetadata("metadata-version", f"{metadata.metadata_version!r} is not a valid metadata version")
    if metadata.version.local:
        yield InvalidMetadata("version", f"The use of local versions in '{metadata.version}' is not allowed.")


def _texts(metadata: Metadata) -> Iterator[InvalidMetadata]:
    if metadata.summary and len(metadata.summary) > SUMMARY_LIMIT:
        yield InvalidMetadata("summary", f"'summary' field must be {SUMMARY_LIMIT} characters or less.")
    if metadata.license and metadata.license_expression:
        words = "License is deprecated when License-Expression is present. Only License-Expression should be present."
        yield InvalidMetadata("license", words)


def _addresses(metadata: Metadata) -> Iterator[InvalidMetadata]:
    for field, value in (("author-email", metadata.author_email), ("maintainer-email", metadata.maintainer_email)):
        address = email.utils.parseaddr(value or "")[1]
        if address and not ADDRESS.fullmatch(address):
            yield InvalidMetadata(field, f"{address!r} is not a valid email address: {_address_error(address)}")


def _address_error(address: str) -> str:
    if "@" not in address:
        return "An email address must have an @-sign."
    return "The part after the @-sign is not valid. It should have a period."


def _classifiers(metadata: Metadata) -> Iterator[InvalidMetadata]:
    for classifier in sorted(set(metadata.classifiers or ())):
        # Private classifiers are how people keep a project off PyPI: trove-classifiers does not list them.
        if classifier not in known_classifiers and classifier not in deprecated_classifiers:
            yield InvalidMetadata("classifier", f"{classifier!r} is not a valid classifier.")
    for classifier in sorted(set(metadata.classifiers or ()) & set(deprecated_classifiers)):
        instead = f", use one of {deprecated_classifiers[classifier]} instead." if deprecated_classifiers[classifier] else "."
        yield InvalidMetadata("classifier", f"The classifier {classifier!r} has been deprecated{instead}")


def _urls(metadata: Metadata) -> Iterator[InvalidMetadata]:
    for field, value in (("home-page", metadata.home_page), ("download-url", metadata.download_url)):
        if value is not None and not _is_url(value):
            yield InvalidMetadata(field, f"{value!r} is not a valid url.")
    for label, url in (metadata.project_urls or {}).items():
        if problem := _project_url_error(label, url):
            yield InvalidMetadata("project-url", problem)


def _project_url_error(label: str, url: str) -> str:
    if not label:
        return "Must have a label"
    if len(label) > LABEL_LIMIT:
        return f"{label!r} must be {LABEL_LIMIT} characters or less."
    if not url:
        return "Must have a URL"
    return "" if _is_url(url) else f"{url!r} is not a valid url"


def _is_url(value: str) -> bool:
    try:
        return urlsplit(value).scheme in ("http", "https")
    except ValueError:
        return False


def _requirements(metadata: Metadata) -> Iterator[InvalidMetadata]:
    for field, values in (("provides-dist", metadata.provides_dist), ("obsoletes-dist", metadata.obsoletes_dist)):
        yield from _old_requirements(field, values or ())
    for requirement in metadata.requires_dist or ():
        if requirement.url is not None:
            # PyPI runs packaging 26, which puts a space before the @; older ones do not.
            shown = re.sub(r"(?<! )@ ", " @ ", str(requirement), count=1)
            yield InvalidMetadata("requires-dist", f"Can't have direct dependency: {shown}")


def _old_requirements(field: str, values: Iterable[str]) -> Iterator[InvalidMetadata]:
    for value in values:
        try:
            requirement = Requirement(value)
        except InvalidRequirement as error:
            yield InvalidMetadata(field, f"{value!r} is invalid: {error}")
        else:
            if requirement.url is not None:
                yield InvalidMetadata(field, f"Can't have direct dependency: {value!r}")


CHECKS: tuple[Callable[[Metadata], Iterator[InvalidMetadata]], ...] = (_versions, _texts, _addresses, _classifiers, _urls, _requirements)
