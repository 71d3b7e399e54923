"""What installers read, at rest: the simple index in both forms, metadata files, the JSON API, project pages and archives."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pypi_runbook.rules.sample import make_sdist, make_wheel
from pypi_runbook.twin import Twin

if TYPE_CHECKING:
    from people import Person

pytest_plugins = ["people"]

JSON = "application/vnd.pypi.simple.v1+json"
NAME = "Read.Me_Project"


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    """A twin whose indexes hold a wheel and an sdist of one project."""
    from people import Person

    folder = tmp_path_factory.mktemp("reading")
    headers = [("Requires-Python", ">=3.8"), ("Requires-Dist", "click"), ("Classifier", "Typing :: Typed")]
    files = [make_wheel(folder, NAME, headers=headers), make_sdist(folder, NAME, headers=headers)]
    with Twin.start() as running:
        for index in ("pypi", "testpypi"):
            done = Person(running, folder).upload(index, *files)
            assert done.returncode == 0, done.stdout
        yield running


def read(person: Person, url: str, *options: str) -> tuple[dict[str, str], str]:
    """Return the headers (lower case; `status` too) and the body that curl gets."""
    done = person.run("curl", "-sS", "--suppress-connect-headers", "-D-", *options, url, enclosed=False)
    head, _, body = done.stdout.partition("\n\n")
    status, *lines = head.splitlines()
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return {**headers, "status": status}, body


def read_json(person: Person, url: str, *options: str) -> Any:
    """Return the document at URL."""
    return json.loads(read(person, url, *options)[1])


def test_simple_json(person: Person) -> None:
    """The JSON form has version 1.4 of the API, and all that PEP 691, 700, 714 and 792 ask for."""
    content = read_json(person, "https://pypi.org/simple/read-me-project/", "-H", f"Accept: {JSON}")

    assert content["meta"]["api-version"] == "1.4"
    assert content["name"] == "read-me-project"
    assert content["versions"] == ["1.0"]
    assert content["project-status"] == {"status": "active"}
    wheel, sdist = content["files"]
    assert wheel["requires-python"] == ">=3.8"
    assert wheel["size"] > 0
    assert wheel["upload-time"].endswith("Z")
    assert wheel["yanked"] is False
    assert sdist["core-metadata"] is False
    assert wheel["url"].startswith("https://files.pythonhosted.org/packages/")


def test_simple_html_and_metadata_file(person: Person) -> None:
    """The HTML form is the default; its metadata hash is that of the file beside the wheel."""
    headers, body = read(person, "https://test.pypi.org/simple/read-me-project/")
    content = read_json(person, "https://test.pypi.org/simple/read-me-project/", "-H", f"Accept: {JSON}")
    wheel = content["files"][0]
    metadata = person.run("curl", "-sS", f"{wheel['url']}.metadata", enclosed=False).stdout

    assert headers["content-type"] == "text/html; charset=UTF-8"
    assert f'href="{wheel["url"]}#sha256={wheel["hashes"]["sha256"]}"' in body
    assert wheel["url"].startswith("https://test-files.pythonhosted.org/packages/")
    assert f'data-dist-info-metadata="sha256={wheel["core-metadata"]["sha256"]}"' in body
    assert '<meta name="pypi:project-status" content="active">' in body
    assert body.endswith(f"<!--SERIAL {content['meta']['_last-serial']}-->")
    assert read(person, f"{content['files'][1]['url']}.metadata")[0]["status"] == "HTTP/1.1 404 Not Found"
    assert wheel["core-metadata"] == {"sha256": hashlib.sha256(metadata.encode()).hexdigest()}
    assert f"Name: {NAME}" in metadata


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/html"),
        ("*/*", "text/html"),
        ("application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01", "application/vnd.pypi.simple.v1+html"),
        (f"{JSON}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01", JSON),
        (f"text/html;q=0.5, {JSON};q=0.5", "text/html"),
        ("image/png", "text/html"),
    ],
)
def test_simple_index_answers_in_the_preferred_form(person: Person, accept: str, kind: str) -> None:
    """The Accept headers of pip, uv and browsers lead to the form that PyPI chooses."""
    headers, _ = read(person, "https://pypi.org/simple/read-me-project/", "-H", f"Accept: {accept}" if accept else "Accept;")

    assert headers["content-type"].split(";")[0] == kind


def test_validator_saves_the_body(person: Person) -> None:
    """A client that has the page already gets 304."""
    headers, _ = read(person, "https://pypi.org/simple/read-me-project/")
    again, body = read(person, "https://pypi.org/simple/read-me-project/", "-H", f"If-None-Match: {headers['etag']}")

    assert headers["cache-control"] == "max-age=600, public"
    assert headers["vary"] == "Accept, Accept-Encoding"
    assert headers["access-control-allow-origin"] == "*"
    assert again["status"].startswith("HTTP/1.1 304")
    assert again["etag"] == headers["etag"]
    assert body == ""


@pytest.mark.parametrize(
    ("path", "end"),
    [
        ("/simple/Read.Me_Project/", "/simple/read-me-project/"),
        ("/simple/READ-ME-PROJECT", "/simple/read-me-project/"),
        ("/pypi/Read.Me_Project/json", "/pypi/read-me-project/json"),
        ("/pypi/Read.Me_Project/1.0.0/json/", "/pypi/read-me-project/1.0.0/json/"),
    ],
)
def test_other_spellings_are_redirected(person: Person, path: str, end: str) -> None:
    """Every other spelling of a name ends at the normalized one."""
    headers, _ = read(person, f"https://pypi.org{path}")
    followed = person.run("curl", "-sSL", "-o", "/dev/null", "-w", "%{http_code} %{url_effective}", f"https://pypi.org{path}")

    assert headers["status"] == "HTTP/1.1 301 Moved Permanently"
    assert followed.stdout == f"200 https://pypi.org{end}"


def test_json_api(person: Person) -> None:
    """The JSON API describes the version, with PyPI's fields and headers, and each version by its own address."""
    headers, body = read(person, "https://pypi.org/pypi/read-me-project/json")
    content = json.loads(body)
    version = read_json(person, "https://pypi.org/pypi/read-me-project/1.0.0/json")
    info, (wheel, sdist) = content["info"], content["urls"]

    assert {name: headers[name] for name in ("content-type", "cache-control")} == {
        "content-type": "application/json",
        "cache-control": "max-age=900, public",
    }
    assert headers["x-pypi-last-serial"] == str(content["last_serial"])
    # twine writes a name without underscores into the form.
    shown = NAME.replace("_", "-")
    assert (info["name"], info["requires_dist"], info["requires_python"]) == (shown, ["click"], ">=3.8")
    assert (info["package_url"], info["yanked"], info["docs_url"]) == (f"https://pypi.org/project/{shown}/", False, None)
    assert info["downloads"] == {"last_day": -1, "last_month": -1, "last_week": -1}
    assert content["ownership"] == {"organization": None, "roles": [{"role": "Owner", "user": "maintainer"}]}
    assert [file["packagetype"] for file in content["releases"]["1.0"]] == ["bdist_wheel", "sdist"]
    assert (set(wheel["digests"]), wheel["md5_digest"]) == ({"md5", "sha256", "blake2b_256"}, wheel["digests"]["md5"])
    assert (wheel["python_version"], sdist["python_version"], sdist["core-metadata"]) == ("py3", "source", False)
    assert "releases" not in version
    assert version["urls"] == content["urls"]


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        ("/simple/no-such-project/", "text/plain; charset=UTF-8", "404 Not Found"),
        ("/pypi/no-such-project/json", "application/json", '{"message": "Not Found"}'),
        ("/pypi/read-me-project/7.0/json", "application/json", '{"message": "Not Found"}'),
    ],
)
def test_404_has_the_form_of_its_address(person: Person, path: str, kind: str, body: str) -> None:
    """A client that reads the body of a 404 finds what PyPI writes there."""
    headers, said = read(person, f"https://test.pypi.org{path}")

    assert (headers["status"], headers["content-type"], said) == ("HTTP/1.1 404 Not Found", kind, body)


def test_json_api_of_read_through_packages(person: Person) -> None:
    """Where the upstream has only a simple index, the answer is made from it and from the metadata in the wheel."""
    content = read_json(person, "https://pypi.org/pypi/iniconfig/2.0.0/json")

    assert content["info"]["name"] == "iniconfig"
    assert content["info"]["requires_python"] == ">=3.7"
    assert {file["filename"] for file in content["urls"]} == {"iniconfig-2.0.0-py3-none-any.whl", "iniconfig-2.0.0.tar.gz"}


@pytest.mark.parametrize("path", ["/project/read-me-project/7.0/", "/nope", "/integrity/read-me-project/1.0/other-1.0.tar.gz/provenance"])
def test_what_is_not_there_is_404(person: Person, path: str) -> None:
    """Unknown versions, files and addresses are not found."""
    assert read(person, f"https://test.pypi.org{path}")[0]["status"] == "HTTP/1.1 404 Not Found"


def test_project_page(person: Person) -> None:
    """The address that twine prints at the end shows the version and its files."""
    assert "read_me_project-1.0.tar.gz" in read(person, "https://test.pypi.org/project/read-me-project/1.0/")[1]


def test_archive_of_this_repository(person: Person) -> None:
    """github.com leads to an archive of the working tree, edits included, without what git ignores."""
    person.run("curl", "-sSL", "-o", "head.zip", "https://github.com/kvncampos/pypi-runbook/archive/HEAD.zip")

    with zipfile.ZipFile(io.BytesIO((person.work / "head.zip").read_bytes())) as archive:
        names = archive.namelist()
        here = f"pypi-runbook-HEAD/tests/twin/{Path(__file__).name}"
        assert archive.read(here) == Path(__file__).read_bytes()
    assert not [name for name in names if "/.venv/" in name]


@pytest.mark.parametrize("url", ["https://github.com/somebody/else/archive/HEAD.zip", "https://api.github.com/repos/a/b"])
def test_other_parts_of_github_are_404(person: Person, url: str) -> None:
    """What the twin has no part of is not found."""
    assert read(person, url)[0]["status"].startswith("HTTP/1.1 404")
