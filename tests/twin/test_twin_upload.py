"""What twine sees when it uploads to the twin: acceptance, repetition, and refusals in PyPI's words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pypi_runbook.rules.sample import make_sdist, make_wheel
from pypi_runbook.twin import Twin

if TYPE_CHECKING:
    from people import Person

pytest_plugins = ["people"]


def test_upload_to_both_indexes_with_separate_tokens(twin: Twin, person: Person, tmp_path: Path) -> None:
    """The same files go to TestPyPI and to PyPI, each with its own token, and each index holds the very bytes."""
    files = [make_sdist(tmp_path, "both-indexes"), make_wheel(tmp_path, "both-indexes")]

    for index, view in (("testpypi", "https://test.pypi.org/project/both-indexes/1.0/"), ("pypi", "https://pypi.org/project/both-indexes/1.0/")):
        done = person.upload(index, *files)

        assert done.returncode == 0, done.stdout
        assert view in done.stdout
        held = twin.files(index, "both-indexes")
        assert {file.filename: twin.content(file) for file in held} == {file.name: file.read_bytes() for file in files}


@pytest.mark.parametrize(
    ("index", "password", "words"),
    [
        (
            "testpypi",
            "pypi",
            "Invalid or non-existent authentication information. See https://test.pypi.org/help/#invalid-auth for more information.",
        ),
        ("pypi", "testpypi", "Invalid or non-existent authentication information. See https://pypi.org/help/#invalid-auth for more information."),
    ],
)
def test_other_index_token_is_refused(twin: Twin, person: Person, tmp_path: Path, index: str, password: str, words: str) -> None:
    """A token of one index is nothing to the other one."""
    done = person.upload(index, make_wheel(tmp_path, "other-index"), password=twin.token(password))

    assert done.returncode == 1
    assert words in done.stdout
    assert twin.files(index, "other-index") == []


@pytest.mark.parametrize("password", ["pypi-", "pypi-AgEIcHlwaS5vcmc", "not a token", "pypi-%%%%"])
def test_malformed_token_is_refused(person: Person, tmp_path: Path, password: str) -> None:
    """Whatever is not a token gets the same answer as an unknown one."""
    done = person.upload("pypi", make_wheel(tmp_path, "malformed-token"), password=password)

    assert "403 Forbidden" in done.stdout
    assert "Invalid or non-existent authentication information." in done.stdout


def test_user_name_and_password_are_refused(person: Person, tmp_path: Path) -> None:
    """A user name other than __token__ is told to migrate."""
    wheel = make_wheel(tmp_path, "old-password")

    done = person.run("twine", "upload", "--non-interactive", str(wheel), TWINE_USERNAME="me", TWINE_PASSWORD="secret")

    assert "Username/Password authentication is no longer supported. Migrate to API Tokens or Trusted Publishers instead." in done.stdout


def test_changed_token_is_refused(twin: Twin, person: Person, tmp_path: Path) -> None:
    """A token whose limits somebody edited no longer carries a valid signature."""
    token = twin.token("pypi")

    done = person.upload("pypi", make_wheel(tmp_path, "changed-token"), password=token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB"))

    assert "403 Forbidden" in done.stdout
    assert "Invalid API Token: signatures do not match" in done.stdout


def test_same_file_again_is_accepted_and_other_bytes_are_not(twin: Twin, person: Person, tmp_path: Path) -> None:
    """A repeated upload is a no-op; a rebuilt file is refused with its name and hash."""
    wheel = make_wheel(tmp_path, "repeated")
    assert person.upload("pypi", wheel).returncode == 0
    assert person.upload("pypi", wheel).returncode == 0
    make_wheel(tmp_path, "repeated", files={"more.py": "x = 1\n"})

    done = person.upload("pypi", wheel)

    assert done.returncode == 1
    assert "File already exists ('repeated-1.0-py3-none-any.whl', with blake2_256 hash '" in done.stdout
    assert "See https://pypi.org/help/#file-name-reuse for more information." in done.stdout
    assert len(twin.files("pypi", "repeated")) == 1


def test_skip_existing_skips(person: Person, tmp_path: Path) -> None:
    """twine's --skip-existing asks the old address, and skips what is there with other bytes."""
    wheel = make_wheel(tmp_path, "skipped")
    assert person.upload("pypi", wheel).returncode == 0
    make_wheel(tmp_path, "skipped", files={"more.py": "x = 1\n"})

    done = person.upload("pypi", wheel, options=("--skip-existing",))

    assert done.returncode == 0
    assert "Skipping skipped-1.0-py3-none-any.whl because it appears to already exist" in done.stdout


def test_wrong_digest_is_refused(twin: Twin, person: Person, tmp_path: Path) -> None:
    """Bytes that changed on their way do not match the digest beside them."""
    wheel = make_wheel(tmp_path, "digest")
    form = [f"{name}={value}" for name, value in (*form_of("digest"), ("sha256_digest", "0" * 64))]

    done = person.run(
        "curl", "-sS", "-D-", *(part for field in form for part in ("-F", field)), "-F", f"content=@{wheel}",
        "-u", f"__token__:{twin.token('pypi')}", "https://upload.pypi.org/legacy/",
    )  # fmt: skip

    assert "HTTP/1.1 400 The digest supplied does not match a digest calculated from the uploaded file." in done.stdout


@pytest.mark.parametrize(
    ("accept", "kind", "words"),
    [
        ("text/html", "text/html", "<h1>403 Invalid or non-existent"),
        ("application/json", "application/json", '"code": "403 Invalid or non-existent'),
        ("text/plain", "text/plain", "403 Invalid or non-existent"),
    ],
)
def test_refusal_has_the_form_that_was_asked_for(person: Person, accept: str, kind: str, words: str) -> None:
    """The body is HTML, JSON with a code, or plain text; the reason phrase is always there."""
    form = [part for name, value in form_of("form") for part in ("-F", f"{name}={value}")]

    done = person.run("curl", "-sS", "-D-", "-H", f"Accept: {accept}", *form, "https://upload.pypi.org/legacy/")

    assert "HTTP/1.1 403 Invalid or non-existent authentication information. See https://pypi.org/help/#invalid-auth" in done.stdout
    assert f"Content-Type: {kind}" in done.stdout
    assert words in done.stdout


def test_missing_slash_is_explained(person: Person) -> None:
    """The upload address without its slash redirects with an explanation."""
    done = person.run("curl", "-sS", "-D-", "-X", "POST", "https://upload.pypi.org/legacy")

    assert "HTTP/1.1 308 An upload was attempted to /legacy but the expected upload URL is /legacy/ (with a trailing slash)" in done.stdout
    assert "Location: https://upload.pypi.org/legacy/" in done.stdout


@pytest.mark.parametrize(("host", "audience"), [("upload.pypi.org", "pypi"), ("test.pypi.org", "testpypi")])
def test_each_index_names_its_audience(person: Person, host: str, audience: str) -> None:
    """A client asks what to put into an identity token before it finds out that this machine has none."""
    done = person.run("curl", "-sS", f"https://{host}/_/oidc/audience")

    assert done.stdout == f'{{"audience": "{audience}"}}'


def test_twine_without_a_token_says_what_it_lacks(person: Person, tmp_path: Path) -> None:
    """Off CI there is no identity to offer, so twine wants a token and, where nobody can type one, says so."""
    done = person.run("twine", "upload", "--non-interactive", str(make_sdist(tmp_path, "tokenless")))

    assert done.returncode == 1
    assert "Credential not found for API token" in done.stdout


def test_closed_release_takes_no_more_files(person: Person, twin: Twin, tmp_path: Path) -> None:
    """Fourteen days after its first file a release is closed, but the same file again is still a no-op."""
    sdist, wheel = make_sdist(tmp_path, "closed"), make_wheel(tmp_path, "closed")
    assert person.upload("pypi", sdist).returncode == 0
    started = twin.files("pypi", "closed")[0].uploaded
    try:
        twin.set_clock(lambda: started + 15 * 24 * 3600)
        late, again = person.upload("pypi", wheel), person.upload("pypi", sdist)
    finally:
        twin.set_clock(__import__("time").time)

    assert "Uploading new files to releases older than 14 days is not allowed." in late.stdout
    assert again.returncode == 0


def test_a_version_of_thousands_of_digits_is_no_version(person: Person, twin: Twin, tmp_path: Path) -> None:
    """A number that Python does not read is refused as any other wrong version, and asking for it finds nothing."""
    digits = "1" * 5000
    form = [f"{name}={digits if name == 'version' else value}" for name, value in (*form_of("digits"), ("sha256_digest", "0" * 64))]
    fields = [part for field in form for part in ("--form-string", field)]
    login = ("-u", f"__token__:{twin.token('pypi')}")

    file = f"content=@{make_wheel(tmp_path, 'digits')}"
    refused = person.run("curl", "-sS", "-H", "Accept: text/plain", *login, *fields, "-F", file, "https://upload.pypi.org/legacy/")
    asked = person.run("curl", "-sS", "-o", "-", "-w", "%{http_code}", f"https://pypi.org/pypi/iniconfig/{digits}/json")

    assert "400 '111" in refused.stdout
    assert "111' is invalid for 'version'. See https://packaging.python.org/specifications/core-metadata" in refused.stdout
    assert asked.stdout.endswith("404")


def form_of(name: str) -> list[tuple[str, str]]:
    """Return the fields of a right upload form for a wheel of the project NAME."""
    fields = {":action": "file_upload", "metadata_version": "2.4", "name": name, "version": "1.0", "filetype": "bdist_wheel", "pyversion": "py3"}
    return list(fields.items())
