"""The upload form, and what PyPI says about its fields before it looks at the metadata."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pypi_runbook.rules.catalogue import Refused, refuse

EXTENSIONS = {"sdist": (".zip", ".tar.gz"), "bdist_wheel": (".whl",)}
NAME = re.compile(r"([A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9])", re.IGNORECASE | re.ASCII)
HEX_DIGEST = re.compile(r"[A-F0-9]{64}", re.IGNORECASE)
NAME_ERROR = "Start and end with a letter or numeral containing only ASCII numeric and '.', '_' and '-'."


class Form:
    """The text fields of an upload, in their order; a field may come more than once."""

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        # PyPI drops this value, which old tools sent for "nothing", and makes NULs visible.
        self.fields = [(name, value.replace("\x00", "\\x00")) for name, value in fields if value.strip() != "UNKNOWN"]

    def get(self, name: str, default: str = "") -> str:
        """Return the last value of NAME, or DEFAULT."""
        return next((value for key, value in reversed(self.fields) if key == name), default)

    def all(self, name: str) -> list[str]:
        """Return every value of NAME."""
        return [value for key, value in self.fields if key == name]

    def names(self) -> list[str]:
        """Return each field's name once, sorted."""
        return sorted({name for name, _ in self.fields})


def check_form(form: Form) -> None:
    """Raise PyPI's first complaint about FORM's own fields, or return."""
    if form.get("protocol_version", "1") != "1":
        raise refuse("protocol-version")
    if problems := _problems(form):
        raise problems.get("name") or problems[min(problems)]


def _problems(form: Form) -> dict[str, Refused]:
    found: dict[str, Refused] = {}
    name = form.get("name")
    if not NAME.fullmatch(name):
        error = NAME_ERROR if name else "This field is required."
        found["name"] = refuse("name-field", value=_shortened(name), error=error)
    if form.get("filetype") not in EXTENSIONS:
        error = "Use a known file type." if form.get("filetype") else "This field is required."
        found["filetype"] = refuse("form-field", field="filetype", error=error)
    for field, kind in (("sha256_digest", "SHA256"), ("blake2_256_digest", "BLAKE2")):
        if form.get(field) and not HEX_DIGEST.fullmatch(form.get(field)):
            found[field] = refuse("form-field", field=field, error=f"Use a valid, hex-encoded, {kind} message digest.")
    # Only a form whose fields are right one by one is looked at as a whole.
    return found or _whole(form)


def _whole(form: Form) -> dict[str, Refused]:
    filetype, pyversion = form.get("filetype"), form.get("pyversion")
    if filetype != "sdist" and not pyversion:
        return {"pyversion": refuse("form-field", field="pyversion", error="Python version is required for binary distribution uploads.")}
    if filetype == "sdist" and pyversion not in ("", "source"):
        return {"pyversion": refuse("form-field", field="pyversion", error="Use 'source' as Python version for an sdist.")}
    if not any(form.get(f"{name}_digest") for name in ("md5", "sha256", "blake2_256")):
        return {"__all__": refuse("no-digest")}
    return {}


def _shortened(value: str) -> str:
    return value if len(value) <= 60 else f"{value[:30]}...{value[-30:]}"
