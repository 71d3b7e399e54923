"""pypa/gh-action-pypi-publish's stand-in: real twine, and the twin's PyPI, TestPyPI and identities."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from standing import Ran, Scene, claims_of, sh, tried, uses

from pypi_runbook.rehearsal.running import Folders
from pypi_runbook.rehearsal.standins.pypi_publish import PAGES
from pypi_runbook.rehearsal.standins.trusted import page_of
from pypi_runbook.rules.sample import make_sdist, make_wheel
from pypi_runbook.twin import Twin

ROOT = Path(__file__).resolve().parents[2]
PUBLISH = "pypa/gh-action-pypi-publish@release/v1"
TESTPYPI = "https://test.pypi.org/legacy/"
QUIET = {"verbose": "false", "print-hash": "false", "attestations": "false", "verify-metadata": "false"}
PUBLISHER = {"owner": "octo", "repository": "thing", "workflow": "publish.yml", "environment": "pypi"}


@pytest.fixture(scope="module")
def twin() -> Iterator[Twin]:
    """A twin that knows a pending publisher for `thing` on PyPI."""
    with Twin.start() as running:
        running.perform("add-publisher", index="pypi", project="thing", pending=True, publisher=PUBLISHER)
        yield running


@pytest.fixture
def scene(twin: Twin, tmp_path: Path) -> Scene:
    """Jobs of the repository that the publisher names."""
    return Scene(tmp_path, twin)


def built(scene: Scene, version: str = "1.0", name: str = "thing") -> Folders:
    """Return folders with a wheel and an sdist in the workspace."""
    folders = scene.folders()
    (folders.workspace / "dist").mkdir()
    make_wheel(folders.workspace / "dist", name, version)
    make_sdist(folders.workspace / "dist", name, version)
    return folders


def names(twin: Twin, index: str, version: str) -> list[str]:
    """Return the names of the files of a version that INDEX took."""
    return sorted(file.filename for file in twin.uploads(index) if file.version == version)


def secrets_in(ran: Ran) -> list[str]:
    """Return what looks like an upload token in all that RAN shows or keeps."""
    said = [ran.text, ran.job.summary, *(str(step) for step in ran.job.steps), *map(str, ran.noted)]
    return re.findall(r"pypi-[A-Za-z0-9_-]{20,}", "\n".join(said))


def test_a_job_publishes_by_its_identity(twin: Twin, scene: Scene) -> None:
    """Without a password the job's identity becomes a token that nobody sees; attestations are recorded, so a second time fails as on GitHub."""
    folders = built(scene)
    look = sh("ls -A dist; env | grep -c ^TWINE_ || true; ps -eo args | grep -c '[p]ypi-Ag' || true")
    ran = scene.run(uses(PUBLISH), look, tried(PUBLISH, {"verbose": "false"}), folders=folders, permissions={"id-token": "write"}, claims=claims_of())
    assert ran.of_actions[0].outcome == "success", ran.text
    assert names(twin, "pypi", "1.0") == ["thing-1.0-py3-none-any.whl", "thing-1.0.tar.gz"]
    assert twin.uploads("pypi")[0].metadata[":publisher"] == ["octo/thing/publish.yml@pypi"]
    assert [each.message for each in ran.of_actions[0].annotations] == ["Generating and uploading digital attestations"]
    assert [(each.what, each.essential) for each in ran.noted if "attestations" in each.what] == [("attestations", False)]
    assert "Showing hash values of files to be uploaded:" in ran.lines
    assert any(line.startswith("SHA256: ") for line in ran.lines)
    assert "thing-1.0.tar.gz.publish.attestation" in ran.lines
    again = ran.of_actions[1].reason
    assert again.startswith("Attestation generation failure: The following distributions already have publish attestations: * ")
    assert secrets_in(ran) == []


def test_without_the_permission(scene: Scene) -> None:
    """A job without `id-token: write` fails with the action's explanation, in the log and in the summary."""
    ran = scene.run(uses(PUBLISH), folders=built(scene))
    assert ran.last.reason.startswith(
        "Trusted publishing exchange failure: \nOpenID Connect token retrieval failed: GitHub: missing or insufficient OIDC token permissions, "
        "the ACTIONS_ID_TOKEN_REQUEST_TOKEN environment variable was unset\n"
    )
    assert "Make sure that your workflow has `id-token: write` configured\nat the job level" in ran.last.reason
    assert "You're seeing this because the action wasn't given the inputs needed to" in ran.job.summary


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        (claims_of(None), "* `environment`: `MISSING`"),
        (claims_of(job_workflow_ref="octo/shared/.github/workflows/publish.yml@refs/heads/main"), "* `ref`: `refs/tags/1.0.0`"),
    ],
)
def test_an_identity_that_no_publisher_has(scene: Scene, claims: dict[str, str], words: str) -> None:
    """PyPI's refusal comes with the claims, as the action renders them; a reusable workflow is warned about before."""
    ran = scene.run(uses(PUBLISH), folders=built(scene), claims=claims)
    assert "Token request failed: the server refused the request for the following reasons:\n\n* `invalid-publisher`: " in ran.last.reason
    assert words in ran.last.reason
    reusable = "Potential workflow misconfiguration: \nThe claims in this token suggest that the calling workflow is a reusable workflow."
    warned = any(message.startswith(reusable) for message in ran.messages)
    assert warned == (claims["job_workflow_ref"] != claims["workflow_ref"])


@pytest.mark.parametrize(
    ("code", "description", "claims", "page"),
    [
        ("invalid-publisher", "", {"environment": "pypi"}, "invalid-publisher"),
        ("invalid-publisher", "", {}, "environment-missing"),
        ("invalid-publisher", "", {"workflow_ref": "a", "job_workflow_ref": "b"}, "reusable-workflow"),
        ("invalid-publisher", "a workflow invoked via 'pull_request_target' is not supported", {}, "pull-request-target"),
        ("invalid-payload", "The name 'os' isn't allowed", {}, "name-not-allowed"),
        ("invalid-token", "malformed or invalid token", {}, None),
    ],
)
def test_refusals_lead_to_their_pages(code: str, description: str, claims: dict[str, str], page: str | None) -> None:
    """A refusal names the page that explains it, and that page is there."""
    found = page_of({"errors": [{"code": code, "description": description}], "claims": claims})
    assert found == (f"troubleshooting/{page}.md" if page else None)
    assert found is None or (ROOT / "docs" / found).is_file()


def test_an_index_that_is_down(twin: Twin, scene: Scene) -> None:
    """An index that answers with an error is named in the action's words."""
    twin.fault("outage", index="pypi")
    try:
        ran = scene.run(uses(PUBLISH), folders=built(scene), claims=claims_of())
    finally:
        twin.clear()
    assert "audience retrieval failed: repository at upload.pypi.org responded with unexpected 503: Service Unavailable" in ran.last.reason


def test_tokens_of_a_person(twin: Twin, scene: Scene) -> None:
    """A token uploads to the index that it is for, with the action's nudges; a wrong one fails in PyPI's words."""
    token = twin.token("testpypi")
    secrets = {"RIGHT": token, "WRONG": "pypi-wrong", "STRANGE": "wrong"}
    steps = [tried(PUBLISH, {**QUIET, "password": f"${{{{ secrets.{name} }}}}", "repository-url": TESTPYPI}) for name in secrets]
    right, wrong, strange = (ran := scene.run(*steps, folders=built(scene, "2.0"), secrets=secrets)).of_actions
    assert right.outcome == "success", ran.text
    assert names(twin, "testpypi", "2.0") == ["thing-2.0-py3-none-any.whl", "thing-2.0.tar.gz"]
    assert [annotation.title for annotation in right.annotations] == ["Upgrade to Trusted Publishing", "Create a Trusted Publisher"]
    place = "https://test.pypi.org/manage/project/thing/settings/publishing"
    link = f"- {place}/?provider=github&owner=octo&repository=thing&workflow_filename=publish.yml"
    assert link in ran.lines
    assert link in ran.job.summary
    assert wrong.reason.startswith("HTTPError: 403 Forbidden from https://test.pypi.org/legacy/ Invalid or non-existent authentication information.")
    assert [annotation.file for annotation in strange.annotations if annotation.file] == [
        "# >> PyPA publish to PyPI GHA: POTENTIALLY INVALID TOKEN << "
    ]
    assert secrets_in(ran) == []


def test_what_an_index_has_already(twin: Twin, scene: Scene) -> None:
    """Another file of the same name fails in PyPI's words, unless existing ones are skipped."""
    folders = built(scene, "3.0")
    common = {**QUIET, "password": twin.token("testpypi"), "repository-url": TESTPYPI}
    change = sh("cd dist && python3 -c \"import zipfile; zipfile.ZipFile('thing-3.0-py3-none-any.whl', 'a').writestr('more.py', '')\"")
    ran = scene.run(uses(PUBLISH, common), change, tried(PUBLISH, common), uses(PUBLISH, {**common, "skip-existing": "true"}), folders=folders)
    assert ran.of_actions[1].reason.startswith("HTTPError: 400 Bad Request from https://test.pypi.org/legacy/ File already exists (")
    assert ran.job.result == "success", ran.text
    assert "Skipping thing-3.0-py3-none-any.whl because it appears to already exist" in ran.text
    assert "Checking dist" not in ran.text


def test_pages_of_twines_errors_are_there() -> None:
    """Every page that explains an error of twine exists."""
    assert [page for page in PAGES.values() if not (ROOT / "docs" / page).is_file()] == []


def test_inputs_that_cannot_work(scene: Scene) -> None:
    """Passwords are refused by the action itself; an empty folder is said first and then fails in twine; other indexes are not here."""
    folders = built(scene)
    (folders.workspace / "dist" / "thing-1.0.tar.gz").write_bytes(b"")
    asked = (
        {"user": "me", "password": "secret"},
        {**QUIET, "password": "pypi-x", "packages_dir": "nothing/"},
        {"repository-url": "https://example.org/legacy/"},
        {**QUIET, "password": "pypi-x", "verify-metadata": "true"},
    )
    password, empty, elsewhere, broken = scene.run(*(tried(PUBLISH, inputs) for inputs in asked), folders=folders).of_actions
    assert password.reason.startswith("Password-based uploads disabled: As of 2024, PyPI requires all users to enable Two-Factor Authentication.")
    assert "attestations input ignored" in [annotation.title for annotation in password.annotations]
    assert empty.reason == "InvalidDistribution: Cannot find file (or expand pattern): 'nothing/*'"
    said = [annotation.message for annotation in empty.annotations]
    assert said[0].startswith("Input 'packages_dir' has been deprecated with message: The inputs have been normalized to use kebab-case.")
    assert any('there are no Python distribution packages to publish in the directory "nothing/"' in message for message in said)
    assert (elsewhere.outcome, elsewhere.reason) == ("not-rehearsed", "the rehearsal has PyPI and TestPyPI, but no index at example.org")
    assert broken.outcome == "failure"
    assert broken.reason == "tarfile.ReadError: empty file"
