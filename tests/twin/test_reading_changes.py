"""What installers read after a change: serials, yanks, deletions, project states, provenance, and lag."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from identities import answer_in, claims_of, exchange, register

from pypi_runbook.rules.sample import make_sdist, make_wheel
from pypi_runbook.twin import Twin

if TYPE_CHECKING:
    from people import Person

pytest_plugins = ["people"]

JSON = "Accept: application/vnd.pypi.simple.v1+json"
HOST = "https://test.pypi.org"


@pytest.fixture(autouse=True)
def cleared(twin: Twin) -> Iterator[None]:
    """Every test starts and ends without a fault, at the right time, and with an account that may upload."""
    yield
    twin.clear()
    twin.set_clock(time.time)
    # A quarantine freezes whoever owns the project.
    twin.perform("account", name="maintainer")


def ask(person: Person, path: str, *options: str) -> tuple[int, Any]:
    """Return status and JSON document (text, when it is none) at PATH of TestPyPI."""
    done = person.run("curl", "-sS", "-w", "\n%{http_code}", *options, HOST + path, enclosed=False)
    body, _, status = done.stdout.rpartition("\n")
    try:
        return int(status), json.loads(body)
    except ValueError:
        return int(status), body


def simple(person: Person, name: str) -> Any:
    """Return NAME's page of the simple index."""
    return ask(person, f"/simple/{name}/", "-H", JSON)[1]


def upload(person: Person, *files: Path) -> None:
    """Upload FILES to TestPyPI."""
    done = person.upload("testpypi", *files)
    assert done.returncode == 0, done.stdout


def test_serials_grow_with_each_change(twin: Twin, person: Person, tmp_path: Path) -> None:
    """An upload, a yank and a deletion each raise the project's serial and change its validator; nothing else does."""
    serials = []

    def note() -> None:
        serials.append(simple(person, "counted")["meta"]["_last-serial"])

    for file in (make_wheel(tmp_path, "counted"), make_sdist(tmp_path, "counted")):
        upload(person, file)
        note()
    upload(person, make_wheel(tmp_path, "another"))
    note()
    twin.perform("yank", project="counted", version="1.0", reason="broken")
    note()
    twin.perform("delete", project="counted", version="1.0", filename="counted-1.0.tar.gz")
    note()

    assert serials[1] == serials[2]
    assert sorted({*serials}) == [*serials[:2], *serials[3:]]
    root = ask(person, "/simple/", "-H", JSON)[1]
    assert {project["name"]: project["_last-serial"] for project in root["projects"]}["counted"] == serials[-1]


def test_yank_shows_everywhere(twin: Twin, person: Person, tmp_path: Path) -> None:
    """A yanked release has its reason in both forms of the simple index and in the JSON API, which then shows another version."""
    upload(person, *(make_wheel(tmp_path, "yanked", version) for version in ("1.0", "1.1", "2.0b1")))
    assert ask(person, "/pypi/yanked/json")[1]["info"]["version"] == "1.1"

    twin.perform("yank", project="yanked", version="1.1", reason='does "not" start')
    twin.perform("yank", project="yanked", version="2.0b1")

    assert [file["yanked"] for file in simple(person, "yanked")["files"]] == [False, 'does "not" start', True]
    page = ask(person, "/simple/yanked/")[1]
    assert 'data-yanked="does &quot;not&quot; start"' in page
    assert 'data-yanked=""' in page
    shown = ask(person, "/pypi/yanked/json")[1]
    assert (shown["info"]["version"], shown["releases"]["1.1"][0]["yanked_reason"]) == ("1.0", 'does "not" start')
    assert ask(person, "/pypi/yanked/1.1/json")[1]["info"]["yanked"] is True


def test_pip_skips_what_is_yanked(twin: Twin, person: Person, tmp_path: Path) -> None:
    """pip takes the version before a yanked one, takes the yanked one when it is named, and then says why it was yanked."""
    upload(person, *(make_wheel(tmp_path, "skipped", version) for version in ("1.0", "1.1")))
    twin.perform("yank", project="skipped", version="1.1", reason="does not start")
    pip = ("pip", "download", "--no-deps", "--index-url", f"{HOST}/simple/")

    assert "skipped-1.0-py3" in person.run(*pip, "skipped").stdout
    named = person.run(*pip, "skipped==1.1").stdout
    assert "skipped-1.1-py3" in named
    assert "Reason for being yanked: does not start" in named


def test_release_without_files_is_listed(twin: Twin, person: Person, tmp_path: Path) -> None:
    """A project whose files were all deleted has an empty page, and its release an empty entry; once deleted it is not there."""
    upload(person, make_wheel(tmp_path, "emptied"))
    twin.perform("delete", project="emptied", version="1.0", filename="emptied-1.0-py3-none-any.whl")

    assert simple(person, "emptied")["files"] == []
    assert ask(person, "/pypi/emptied/json")[1]["releases"] == {"1.0": []}
    assert "has no files" in ask(person, "/project/emptied/")[1]
    twin.perform("delete", project="emptied")
    assert [ask(person, path)[0] for path in ("/simple/emptied/", "/pypi/emptied/json")] == [404, 404]


@pytest.mark.parametrize(("status", "files", "answer"), [("archived", 1, 200), ("quarantined", 0, 404)])
def test_project_status_is_told(twin: Twin, person: Person, tmp_path: Path, status: str, files: int, answer: int) -> None:
    """An archived project says so and keeps its files; a quarantined one lists none, and is neither in the root nor in the JSON API."""
    upload(person, make_wheel(tmp_path, f"a-{status}"))
    twin.perform("project", name=f"a-{status}", status=status)

    content = simple(person, f"a-{status}")
    assert (content["project-status"], len(content["files"])) == ({"status": status}, files)
    assert f'<meta name="pypi:project-status" content="{status}">' in ask(person, f"/simple/a-{status}/")[1]
    assert ask(person, f"/pypi/a-{status}/json")[0] == answer
    listed = {project["name"] for project in ask(person, "/simple/", "-H", JSON)[1]["projects"]}
    assert (f"a-{status}" in listed) == bool(files)


def test_lag_is_not_a_failure(twin: Twin, person: Person, tmp_path: Path) -> None:
    """While caches hold an old list, pip finds nothing; the version's own page and the file itself are there at once."""
    upload(person, make_wheel(tmp_path, "lagging", "1.0"))
    twin.fault("lag:seconds=3600", index="testpypi")
    twin.set_clock(lambda: time.time() + 7200)
    upload(person, make_wheel(tmp_path, "lagging", "1.1"))
    pip = ("pip", "download", "--no-deps", "--index-url", f"{HOST}/simple/", "lagging==1.1")

    late = person.run(*pip)
    assert "No matching distribution found for lagging==1.1" in late.stdout
    assert [file["filename"] for file in simple(person, "lagging")["files"]] == ["lagging-1.0-py3-none-any.whl"]
    assert list(ask(person, "/pypi/lagging/json")[1]["releases"]) == ["1.0"]
    status, version = ask(person, "/pypi/lagging/1.1/json")
    assert (status, person.run("curl", "-sSfo", "file", version["urls"][0]["url"], enclosed=False).returncode) == (200, 0)
    twin.clear()
    assert person.run(*pip).returncode == 0


@pytest.fixture
def job(twin: Twin) -> dict[str, str]:
    """The variables of a job of octo/signed, which TestPyPI trusts with the project that its name is."""
    begun = twin.perform("begin-job", claims=claims_of("signed"))
    address = {"ACTIONS_ID_TOKEN_REQUEST_URL": f"{twin.proxy}{begun['path']}", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": begun["credential"]}
    return {"GITHUB_ACTIONS": "true", **address}


def as_job(person: Person, job: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Upload to TestPyPI with twine as the JOB, which has no token of its own."""
    return person.run("twine", "upload", "--non-interactive", "--disable-progress-bar", "-r", "testpypi", *arguments, enclosed=True, **job)


def attested(path: Path) -> Path:
    """Write an attestation for the file at PATH, signed by nobody, and return it."""
    subject = {"name": path.name, "digest": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}}
    statement = {"_type": "https://in-toto.io/Statement/v1", "subject": [subject], "predicateType": "https://docs.pypi.org/attestations/publish/v1"}
    envelope = {"statement": base64.b64encode(json.dumps(statement).encode()).decode(), "signature": "bm9uZQ=="}
    material = {"certificate": "bm9uZQ==", "transparency_entries": [{}]}
    beside = path.with_name(f"{path.name}.publish.attestation")
    beside.write_text(json.dumps({"version": 1, "verification_material": material, "envelope": envelope}))
    return beside


def test_provenance_of_a_trusted_publisher(person: Person, tmp_path: Path, job: dict[str, str]) -> None:
    """What came with an attestation has its provenance in the integrity API, and its address in both forms of the simple index."""
    register(person, "signed", "octo/signed/publish.yml@pypi", index="testpypi")
    wheel = make_wheel(tmp_path, "signed")
    done = as_job(person, job, "--attestations", str(wheel), str(attested(wheel)))
    assert done.returncode == 0, done.stdout
    upload(person, make_sdist(tmp_path, "unsigned"))

    url = simple(person, "signed")["files"][0]["provenance"]
    assert url == f"{HOST}/integrity/signed/1.0/{wheel.name}/provenance"
    assert f'data-provenance="{url}"' in ask(person, "/simple/signed/")[1]
    status, content = ask(person, url.removeprefix(HOST))
    (bundle,) = content["attestation_bundles"]
    assert (status, content["version"], len(bundle["attestations"])) == (200, 1, 1)
    assert bundle["publisher"] == {"claims": None, "environment": "pypi", "kind": "GitHub", "repository": "octo/signed", "workflow": "publish.yml"}
    assert simple(person, "unsigned")["files"][0]["provenance"] is None


def test_integrity_refuses_in_its_own_words(twin: Twin, person: Person, tmp_path: Path) -> None:
    """Nothing signed, a form that nobody has, and attestations switched off are three different answers."""
    upload(person, make_sdist(tmp_path, "not-signed"))
    path = "/integrity/Not_Signed/1.0.0/not_signed-1.0.tar.gz/provenance"

    assert ask(person, path) == (404, {"message": "No provenance available for not_signed-1.0.tar.gz"})
    assert ask(person, path, "-H", "Accept: text/html") == (406, {"message": "Request not acceptable"})
    twin.perform("flag", name="disable-pep740", on=True)
    assert ask(person, path) == (403, {"message": "Attestations temporarily disabled"})
    twin.perform("flag", name="disable-pep740", on=False)


def test_token_that_is_too_old(twin: Twin, person: Person, tmp_path: Path, job: dict[str, str]) -> None:
    """A token that was right when it was given is refused when it is used too late; a user's token does not age."""
    register(person, "too-late", "octo/signed/publish.yml@pypi", index="testpypi")
    wheel = make_wheel(tmp_path, "too-late")
    twin.fault("expired-token", index="testpypi")
    late = as_job(person, job, str(wheel))

    assert late.returncode == 1
    assert "Invalid API Token: token is expired" in " ".join(late.stdout.split())
    upload(person, make_wheel(tmp_path, "never-too-late"))


def test_clock_that_is_wrong(twin: Twin, person: Person) -> None:
    """An index whose clock is behind takes a fresh identity for one from the future, and one that is ahead for an expired one."""
    for seconds in (-600, 3600):
        twin.fault("clock-skew", seconds=seconds)
        answer = answer_in(exchange(person, claims_of("signed"), index="testpypi").stdout)
        twin.clear()
        assert (answer.status, answer.code) == (422, "invalid-token"), answer
