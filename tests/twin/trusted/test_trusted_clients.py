"""`pypi-runbook twin --job` around real clients: twine and uv publish without a token, and say PyPI's words when they may not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from people import Person

from pypi_runbook.rules.sample import make_wheel
from pypi_runbook.twin import Twin

pytest_plugins = ["people"]

SPECIMEN = Path(__file__).resolve().parents[2] / "projects" / "nautobot-ai-ops"
NAME = "nautobot-ai-ops"
PUBLISHER = f"kvncampos/{NAME}/publish-pypi.yml"
TESTPYPI = "https://test.pypi.org/legacy/"
RELEASE = ("--job", "pypi", "--event", "release")
DISPATCH = ("--job", "testpypi", "--event", "workflow_dispatch")
TWINE = ("twine", "upload", "--non-interactive", "--disable-progress-bar")
NOT_FOUND = "`invalid-publisher`: valid token, but no corresponding publisher (Publisher with matching claims was not found)"
# Whatever holds no credential.
SHOWN = ("sh", "-c", "env | grep -E '^(GITHUB_|RUNNER_|ACTIONS_ID_TOKEN_REQUEST_URL=)'")
TOKEN = re.compile(r"(?<!add-mask::)pypi-[\w-]{30}|eyJ[\w-]{30}")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """The specimen's files with a wheel of its own."""
    folder = tmp_path / "work"
    shutil.copytree(SPECIMEN, folder)
    (folder / "dist").mkdir()
    make_wheel(folder / "dist", NAME, "1.0.0")
    yield folder
    assert not list(folder.glob("*.env"))


def act(project: Path, *arguments: str, tools: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `pypi-runbook twin ARGUMENTS` in PROJECT, outside of any twin."""
    path = os.pathsep.join([str(Path(sys.executable).parent), *([str(tools)] if tools else []), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "COLUMNS": "1000", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "pypi_runbook", "twin", *arguments]
    done = subprocess.run(command, cwd=project, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert not TOKEN.search(done.stdout + done.stderr)
    return done


def test_uv_publishes_as_the_job(project: Path, client: Callable[[str], Path]) -> None:
    """uv does the same on TestPyPI, gives the token back afterwards, and does not complain about that."""
    command = ("uv", "publish", "--trusted-publishing", "always", "--publish-url", TESTPYPI, "dist/*")
    done = act(project, *DISPATCH, "--", *command, tools=client("uv"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "twin: TestPyPI holds nautobot_ai_ops-1.0.0-py3-none-any.whl" in done.stderr
    assert "Failed to invalidate" not in done.stderr


def test_clients_say_what_pypi_says(project: Path, client: Callable[[str], Path]) -> None:
    """With another publisher registered, both clients show PyPI's words, and the twin says which values differ."""
    wrong = ("--publisher", f"kvncampos/{NAME}/release.yml@production")
    twine = act(project, *RELEASE, *wrong, "--", *TWINE, "dist/nautobot_ai_ops-1.0.0-py3-none-any.whl")
    assert twine.returncode == 1
    assert NOT_FOUND in twine.stdout
    command = ("uv", "publish", "--trusted-publishing", "always", "--publish-url", TESTPYPI, "dist/*")
    uv = act(project, *DISPATCH, *wrong, "--", *command, tools=client("uv"))
    assert uv.returncode == 2
    assert "Server returned error code 422 Unprocessable Entity" in uv.stderr
    for said in (twine.stderr, uv.stderr):
        assert "twin:   Workflow name: the job has 'publish-pypi.yml', the publisher 'release.yml' (troubleshooting/invalid-publisher.md)" in said
    assert "twin:   Environment name: the job has 'testpypi', the publisher 'production' (troubleshooting/environment-missing.md)" in uv.stderr
    # The dump that uv prints is what people paste.
    claims = subprocess.run(
        [sys.executable, "-m", "pypi_runbook", "explain-claims", "--publisher", wrong[1]],
        cwd=project,
        input=uv.stderr,
        capture_output=True,
        text=True,
    )
    assert (claims.returncode, "DIFFERENT  Workflow name" in claims.stdout) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--job", "build", "--event", "release"), "publish-pypi.yml:30: the job build lacks `id-token: write`"),
        ((*RELEASE, "--publisher", "none"), "no publisher is registered on PyPI"),
    ],
)
def test_job_that_may_not_ask_and_index_that_knows_nobody(project: Path, arguments: tuple[str, ...], words: str) -> None:
    """twine says what it says on GitHub without the permission, and without any publisher; the twin names the line, or the page."""
    done = act(project, *arguments, "--", *TWINE, "dist/nautobot_ai_ops-1.0.0-py3-none-any.whl")
    assert done.returncode == 1
    missing = "missing or insufficient OIDC token permissions, the ACTIONS_ID_TOKEN_REQUEST_TOKEN environment variable was unset"
    assert (missing if "build" in arguments else NOT_FOUND) in done.stdout
    assert words in done.stderr
    assert ("registered a pending" in done.stderr) is ("build" in arguments)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("--job", "nope", "--event", "release", "--", "true"), 125, "publish-pypi.yml:30: no workflow has a job nope"),
        (("--job", "pypi", "--", "true"), 2, "--job needs --event"),
        (("--event", "push", "--", "true"), 2, "give --job too"),
        ((*RELEASE, "--publisher", "nonsense", "--", "true"), 125, "write it as OWNER/REPOSITORY/WORKFLOW[@ENVIRONMENT]"),
    ],
)
def test_what_cannot_be_meant(project: Path, arguments: tuple[str, ...], status: int, words: str) -> None:
    """A job, an event or a publisher that does not exist ends before COMMAND starts, and the words say what there is."""
    done = act(project, *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_twine_publishes_as_the_job(project: Path, tmp_path: Path) -> None:
    """Nothing is registered and no token is given: the publisher that the files say is registered, and twine uploads.

    Where an index knows a publisher already, nothing is registered by itself, and the second release needs nothing.
    """
    state = ("--state", str(tmp_path / "state"))
    done = act(project, *state, *RELEASE, "--", *TWINE, "dist/nautobot_ai_ops-1.0.0-py3-none-any.whl")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Minted upload token for trusted publishing" in done.stdout
    assert f"twin: registered a pending publisher for {NAME} on PyPI: {PUBLISHER}@pypi" in done.stderr
    assert "twin: PyPI holds nautobot_ai_ops-1.0.0-py3-none-any.whl" in done.stderr
    make_wheel(project / "dist", NAME, "1.0.1")
    again = act(project, *state, *RELEASE, "--", *TWINE, "dist/nautobot_ai_ops-1.0.1-py3-none-any.whl")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "registered" not in again.stderr


@pytest.mark.parametrize("enclosed", [True, False])
def test_job_joins_the_twin_around_it(twin: Twin, person: Person, project: Path, enclosed: bool) -> None:
    """Inside a twin nothing is registered by itself; what was registered there counts, in the namespace and outside."""
    assert project == person.work
    index, file = ("testpypi", "nautobot_ai_ops-1.0.0-py3-none-any.whl") if enclosed else ("pypi", "nautobot_ai_ops-1.0.0-py3-none-any.whl")
    options = DISPATCH if enclosed else RELEASE
    command = ("pypi-runbook", "twin", *options, "--", *TWINE, "--repository", index, f"dist/{file}")
    refused = person.run(*command, enclosed=enclosed)
    assert refused.returncode == 1
    assert NOT_FOUND in refused.stdout
    added = person.run("pypi-runbook", "pretend", "pending-publisher", "add", NAME, f"KvnCampos/{NAME}/publish-pypi.yml@{index}", "--index", index)
    assert f"{NAME}: {PUBLISHER}@{index} (pending until " in added.stdout
    done = person.run(*command, enclosed=enclosed)
    assert done.returncode == 0, done.stdout
    assert "registered a" not in done.stdout
    assert [each.filename for each in twin.uploads(index)] == [file]


def test_command_sees_the_jobs_variables(project: Path) -> None:
    """COMMAND sees GitHub's variables and files of the job, and a job without the permission sees no way to an identity."""
    variables = dict(line.split("=", 1) for line in act(project, *RELEASE, "--", *SHOWN).stdout.splitlines())
    assert (variables["GITHUB_JOB"], variables["GITHUB_REF"], variables["GITHUB_EVENT_NAME"]) == ("pypi", "refs/tags/1.0.0", "release")
    assert variables["ACTIONS_ID_TOKEN_REQUEST_URL"].startswith("http://127.0.0.1:")
    assert variables["ACTIONS_ID_TOKEN_REQUEST_URL"].endswith("?api-version=2.0")
    script = 'test -f "$GITHUB_EVENT_PATH" && test -d "$RUNNER_TEMP" && echo a=b >>"$GITHUB_OUTPUT" && env | grep -E "^(GITHUB|ACTIONS)"'
    without = act(project, "--job", "build", "--event", "release", "--", "sh", "-c", script).stdout
    assert "GITHUB_JOB=build" in without
    assert "ACTIONS_ID_TOKEN" not in without
