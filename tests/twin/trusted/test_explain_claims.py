"""`pypi-runbook explain-claims`: what people paste, compared with the publisher that their files say."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pypi_runbook.cli import cli
from pypi_runbook.errors import RunbookError
from pypi_runbook.twin.trusted.log import read_claims

SPECIMEN = Path(__file__).resolve().parents[2] / "projects" / "nautobot-ai-ops"
SLUG = "kvncampos/nautobot-ai-ops"
REF = f"{SLUG}/.github/workflows/publish-pypi.yml@refs/tags/1.0.0"
CLAIMS = {"sub": "x", "repository": SLUG, "repository_owner": "kvncampos", "job_workflow_ref": REF, "ref": "refs/tags/1.0.0", "environment": "pypi"}
# The packages of the extra `twin`, as if they were not installed.
CORE_ONLY = "import sys; sys.modules.update(jwt=None, aiohttp=None, trustme=None, cryptography=None); from pypi_runbook.cli import main; main()"


def token(claims: Mapping[str, str]) -> str:
    """Return a token with CLAIMS that nobody signed."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "RS256"}, claims)]
    return ".".join([*parts, "c2lnbmF0dXJl"])


def bullets(claims: dict[str, str]) -> str:
    """Return CLAIMS as the publishing action prints them into GitHub's log."""
    lines = [f"2026-11-22T10:00:00.1234567Z * `{name}`: `{value or 'MISSING'}`" for name, value in claims.items()]
    return "\n".join(["2026-11-22T10:00:00.0000000Z The claims rendered below are:", "", *lines])


def dump(claims: dict[str, str], end: str = " ") -> str:
    """Return CLAIMS as uv prints them, on one line, or on many with a line END."""
    fields = [f'{name}: "{value}"' for name, value in claims.items() if name != "environment"]
    environment = f'environment: Some({end}"{claims["environment"]}",{end})' if claims["environment"] else "environment: None"
    return f"  cause: Token claims: GitHub({end}GitHubTokenClaims {{{end}{f',{end}'.join([*fields, environment])},{end}}},{end})"


def explain(text: str, *options: str) -> Result:
    """Give TEXT to `explain-claims` in the specimen."""
    return CliRunner().invoke(cli, ["explain-claims", "--project", str(SPECIMEN), *options], input=text, standalone_mode=False)


@pytest.mark.parametrize("environment", ["pypi", ""])
@pytest.mark.parametrize("form", ["bullets", "dump", "wrapped dump", "object", "token", "object in a log"])
def test_every_form_is_read(form: str, environment: str) -> None:
    """The publishing action's list, uv's dump, JSON and a token give the same claims; a missing environment is one that is empty."""
    claims = CLAIMS | {"environment": environment}
    present = {name: value for name, value in claims.items() if value}
    texts = {
        "bullets": bullets(claims),
        "dump": dump(claims),
        "wrapped dump": dump(claims, "\n2026-11-22T10:00:00.1234567Z       "),
        "object": json.dumps(present | {"iat": 1, "environment": environment or None}),
        "token": f"Authorization: bearer {token(present)}",
        "object in a log": f"2026 {{not json}} the claims are {json.dumps(present)} and more",
    }
    found = read_claims(texts[form])
    assert {name: value for name, value in found.items() if value and name != "iat"} == present


@pytest.mark.parametrize("text", ["", "nothing", "{}", '{"a": {"repository": 1}}', "eyJ.eyJ.x", "* `sub`: `x`", "{" * 5000, '["x"]'])
def test_nothing_to_read(text: str) -> None:
    """What holds no claims gives none."""
    assert read_claims(text) == {}


def test_all_agrees() -> None:
    """Claims that are what the files say end with 0, and with where to see what is registered in fact; no extra is needed for that."""
    command = [sys.executable, "-c", CORE_ONLY, "explain-claims", "--project", str(SPECIMEN)]
    done = subprocess.run(command, input=bullets(CLAIMS), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "DIFFERENT" not in done.stdout
    assert "PyPI knows another publisher than your files say, or none." in done.stdout
    assert "https://pypi.org/manage/project/nautobot-ai-ops/settings/publishing/" in done.stdout


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"environment": ""}, "Environment name: the job has none, the publisher 'pypi'\n             page: troubleshooting/environment-missing.md"),
        (
            {"repository": "kvncampos/Nautobot-AI-Ops"},
            "Repository name: the job has 'Nautobot-AI-Ops', the publisher 'nautobot-ai-ops' (upper and lower",
        ),
        ({"job_workflow_ref": REF.replace("publish-pypi", "release")}, "Workflow name: the job has 'release.yml', the publisher 'publish-pypi.yml'"),
    ],
)
def test_differences_have_both_values_and_a_page(change: dict[str, str], words: str) -> None:
    """A claim that differs ends with 1, both values, and the page about it."""
    done = explain(dump(CLAIMS | change))
    assert done.return_value == 1, done.exception
    assert words in done.stdout


def test_called_workflow_leads_to_its_page() -> None:
    """A job of a called workflow is recognised by its two references."""
    called = {"job_workflow_ref": "octo/shared/.github/workflows/upload.yml@refs/heads/main", "workflow_ref": REF}
    done = explain(bullets(CLAIMS | called), "--json")
    found = json.loads(done.stdout)
    assert (done.return_value, found["agrees"], found["page"]) == (1, False, "troubleshooting/reusable-workflow.md")
    assert [each["field"] for each in found["differences"]] == ["Workflow name", "the repository of the workflow"]


def test_token_is_read_and_never_shown() -> None:
    """A pasted token chooses the index by its audience, and nothing of it is printed."""
    text = token(CLAIMS | {"aud": "testpypi", "environment": "testpypi"})
    for options in ((), ("--json",)):
        done = explain(text, *options)
        assert done.return_value == 0, done.exception
        assert "testpypi" in done.stdout.lower()
        assert not any(part in done.stdout + done.stderr for part in text.split("."))


def test_publisher_and_index_can_be_said() -> None:
    """What the index's page shows takes the place of what the files say."""
    done = explain(bullets(CLAIMS), "--index", "testpypi", "--publisher", f"{SLUG}/publish-pypi.yml@testpypi")
    assert done.return_value == 1
    assert "Environment name: the job has 'pypi', the publisher 'testpypi'" in done.stdout


def test_pieces_are_compared_as_far_as_they_go() -> None:
    """What was not pasted is called unknown, and is no difference."""
    done = explain("* `repository`: `kvncampos/nautobot-ai-ops`\n")
    assert done.return_value == 0, done.exception
    assert "unknown    Workflow name: not in what you gave" in done.stdout


def test_nothing_readable_ends_with_2(tmp_path: Path) -> None:
    """Without claims the words say what to paste; the same holds for a project without a publishing job."""
    with pytest.raises(RunbookError, match="no claims can be read") as caught:
        raise explain("no claims here").exception or AssertionError
    assert (caught.value.status, "twine does not print them" in str(caught.value)) == (2, True)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "sample"\nversion = "1.0"\n')
    with pytest.raises(RunbookError, match="do not say which publisher"):
        raise explain(bullets(CLAIMS), "--project", str(tmp_path)).exception or AssertionError
