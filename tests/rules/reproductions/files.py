"""Rules that a distribution or a request breaks, whoever sends it: the files of `rules/faulty.py`, and forms that no client fills in so."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from people import Person, install_client

from pypi_runbook.rules import Refused
from pypi_runbook.rules.distribution import form_of, read_metadata
from pypi_runbook.rules.faulty import FAULTY, write_faulty
from pypi_runbook.rules.sample import make_sdist, make_wheel
from reproductions import Finished, Reproduction

UPLOAD = "https://upload.pypi.org/legacy/"
Fields = list[tuple[str, str]]
Change = Callable[[Fields], Fields]

# twine stops at these by itself: some because it reads metadata more strictly, some because it finds none.
BY_UV = {"name-field", "metadata-version", "version-invalid", "field-too-new", "license-expression", "license-file-path", "sdist-top-level"}
BY_UV |= {"content-type-malformed", "content-type-unreadable", "content-type-unknown", "content-type-charset", "content-type-variant"}
BY_UV |= {"dynamic-forbidden", "dynamic-unknown", "provides-extra", "requires-dist", "requires-python"}
# And so does uv, or it does not send what is wrong.
BY_CURL = {"field-data", "version-missing", "import-name", "summary-lines", "wheel-metadata", "extension"}
BY_CURL |= {"archive-not-zip", "archive-not-tar", "sdist-pkg-info", "archive-broken"}


def upload_faulty(rule: str, person: Person) -> Finished:
    """Upload the distribution that breaks RULE alone, with the first client that lets it through."""
    path = write_faulty(rule, person.work)
    if rule in BY_CURL:
        return post(person, fields_of(path), path)
    return upload_with_uv(person, path) if rule in BY_UV else person.upload("pypi", path)


def upload_with_uv(person: Person, path: Path) -> Finished:
    """Upload PATH with uv."""
    person.commands = (*person.commands, install_client("uv"))
    command = ["uv", "publish", "--publish-url", UPLOAD, "--trusted-publishing", "never", str(path)]
    return person.run(*command, UV_PUBLISH_TOKEN=person.twin.token("pypi"))


def post(
    person: Person, fields: Fields, path: Path | None = None, *, options: str = "", url: str = UPLOAD, token: str = "", **files: Path
) -> Finished:
    """Post the form of FIELDS and the file at PATH with curl.

    options: curl's for the file, for example `;type=image/png`. token: the user's own unless given. files: for other fields than `content`.
    """
    login = person.work / "login"
    login.write_text(f'user = "__token__:{token or person.twin.token("pypi")}"\n')
    texts = [part for name, value in fields for part in ("--form-string", f"{name}={value}")]
    sent = {name: f'@"{other}"' for name, other in files.items()} | ({"content": f'@"{path}"{options}'} if path else {})
    texts += [part for name, value in sent.items() for part in ("--form", f"{name}={value}")]
    return person.run("curl", "--silent", "--show-error", "--include", "--config", str(login), *texts, url)


def fields_of(path: Path) -> Fields:
    """Return the form for PATH as clients fill it in; that of the sample when the file holds no metadata."""
    try:
        return form_of(path, read_metadata(path)).fields
    except Refused:
        with tempfile.TemporaryDirectory() as folder:
            sample = (make_wheel if path.suffix == ".whl" else make_sdist)(Path(folder))
            fields = form_of(sample, read_metadata(sample)).fields
        return changed(sha256_digest=hashlib.sha256(path.read_bytes()).hexdigest())(fields)


def changed(**values: str) -> Change:
    """Return what gives fields of a form other VALUES; the field `action` is the form's `:action`."""
    wanted = {name.replace("action", ":action"): value for name, value in values.items()}
    return lambda fields: [(name, value) for name, value in fields if name not in wanted] + list(wanted.items())


def without(names: Iterable[str]) -> Change:
    """Return what leaves the fields called NAMES out of a form."""
    return lambda fields: [(name, value) for name, value in fields if name not in names]


def request(change: Change = list, *, options: str = "", url: str = UPLOAD, sends_file: bool = True) -> Reproduction:
    """Return the reproduction that posts the sample's form after CHANGE, and without it the form as it is."""

    def refused(person: Person) -> Finished:
        wheel = make_wheel(person.work, "request-sample")
        return post(person, change(fields_of(wheel)), wheel if sends_file else None, options=options, url=url)

    return Reproduction(refused, accepted)


def accepted(person: Person) -> Finished:
    """Post the sample's form as it is."""
    wheel = make_wheel(person.work, "request-sample")
    return post(person, fields_of(wheel), wheel)


def summary_as_file(person: Person) -> Finished:
    """Post the sample's form with the summary as a file."""
    wheel = make_wheel(person.work, "request-sample")
    (person.work / "summary.txt").write_text("A sample")
    return post(person, without(["summary"])(fields_of(wheel)), wheel, summary=person.work / "summary.txt")


REQUESTS = {
    "trailing-slash": request(url=UPLOAD.rstrip("/")),
    "pre-registration": request(changed(action="submit")),
    "documentation-upload": request(changed(action="doc_upload")),
    "field-tuple": Reproduction(summary_as_file, accepted),
    "protocol-version": request(changed(protocol_version="2")),
    "form-field": request(changed(filetype="bdist_egg")),
    "no-digest": request(without(["sha256_digest"])),
    "no-file": request(sends_file=False),
    "filename-characters": request(options=";filename=request\x01sample-1.0-py3-none-any.whl"),
    "filename-path": request(options=";filename=dist/request_sample-1.0-py3-none-any.whl"),
    "extension-filetype": request(changed(filetype="sdist", pyversion="source")),
    "content-type": request(options=";type=image/png"),
    "digest": request(changed(sha256_digest="0" * 64)),
}
REPRODUCTIONS = {rule: Reproduction(partial(upload_faulty, rule)) for rule in FAULTY} | REQUESTS
