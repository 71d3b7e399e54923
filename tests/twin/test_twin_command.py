"""`pypi-runbook twin` as a person meets it: a command with the twin around it, or a terminal that exports its lines."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pypi_runbook.rules.sample import make_wheel
from pypi_runbook.twin import Twin
from pypi_runbook.twin.twin import own_names

pytest_plugins = ["people"]

TWIN = [sys.executable, "-m", "pypi_runbook", "twin"]
UPLOAD = 'TWINE_PASSWORD=$PYPI_RUNBOOK_TOKEN_TESTPYPI twine upload --non-interactive -u __token__ --disable-progress-bar -r {index} "$0"'


def run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `pypi-runbook twin ARGUMENTS` in FOLDER."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, **variables}
    return subprocess.run([*TWIN, *arguments], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("command", "status"),
    [(("sh", "-c", "exit 7"), 7), (("sh", "-c", "kill -9 $$"), 137), (("/etc/passwd",), 126), (("no-such-command",), 127), (("true",), 0)],
)
def test_status_is_the_commands(tmp_path: Path, command: tuple[str, ...], status: int) -> None:
    """The exit status is the command's, or 126 and 127 as env(1) uses them; nothing of ours is on stdout."""
    done = run(tmp_path, "--", *command)

    assert done.returncode == status
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_own_failure_is_125(tmp_path: Path) -> None:
    """A state folder that cannot be used ends with 125 before the command starts."""
    (tmp_path / "file").write_text("")

    done = run(tmp_path, "--state", "file/state", "--", "echo", "started")

    assert done.returncode == 125
    assert "the state folder cannot be made" in done.stderr
    assert done.stdout == ""


def test_environment_of_the_command(tmp_path: Path) -> None:
    """The command has a fresh HOME, the caller's PATH, a token for each index, and none of the caller's credentials."""
    done = run(tmp_path, "--", "env", TWINE_PASSWORD="secret", PIP_INDEX_URL="https://secret.example", SSH_AUTH_SOCK="/secret")

    variables = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert "secret" not in done.stdout
    assert variables["HOME"] != os.environ["HOME"]
    assert not Path(variables["HOME"]).exists()
    assert variables["PYPI_RUNBOOK_TOKEN_PYPI"].startswith("pypi-AgEIcHlwaS5vcmc")
    assert variables["PYPI_RUNBOOK_TOKEN_TESTPYPI"].startswith("pypi-AgENdGVzdC5weXBpLm9yZw")
    assert os.environ["PATH"] in variables["PATH"]


@pytest.mark.needs("curl")
def test_words_at_the_end(tmp_path: Path) -> None:
    """At the end stderr says what was uploaded where, what was refused and why, and which layers held."""
    wheel = make_wheel(tmp_path, "at-the-end")
    script = f"{UPLOAD.format(index='testpypi')}; {UPLOAD.format(index='pypi')}; curl -sS https://example.org/"

    done = run(tmp_path, "--", "sh", "-c", script, str(wheel))

    assert "twin: TestPyPI holds at_the_end-1.0-py3-none-any.whl" in done.stderr
    assert "twin: refused: twine/7.0.0 to https://upload.pypi.org/legacy/: 403 Invalid or non-existent authentication" in done.stderr
    assert "twin: refused: a connection to example.org, which is not part of the twin" in done.stderr
    assert "twin: layers that held: credentials, tunnel" in done.stderr


@pytest.mark.needs("curl")
def test_state_is_kept_where_asked(tmp_path: Path) -> None:
    """With --state the next twin holds the same files and makes the same token."""
    wheel = make_wheel(tmp_path, "kept-state")
    first = run(tmp_path, "--state", "state", "--", "sh", "-c", f"{UPLOAD.format(index='testpypi')} >&2; echo $PYPI_RUNBOOK_TOKEN_PYPI", str(wheel))
    second = run(
        tmp_path, "--state", "state", "--", "sh", "-c", "curl -sS https://test.pypi.org/simple/kept-state/; echo; echo $PYPI_RUNBOOK_TOKEN_PYPI"
    )

    assert first.returncode == 0, first.stderr
    assert "kept_state-1.0-py3-none-any.whl" in second.stdout
    assert second.stdout.splitlines()[-1] == first.stdout.strip()


@pytest.mark.needs("curl")
def test_terminal_exports_its_lines(tmp_path: Path) -> None:
    """Without a command the twin prints what another terminal sources to be inside, and ends with 130 after Ctrl-C."""
    environment = {**os.environ, "TWINE_PASSWORD": "secret"}
    with subprocess.Popen(TWIN, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as twin:
        assert twin.stdout
        assert twin.stderr
        lines = read_until(twin, "PYPI_RUNBOOK_TOKEN_TESTPYPI")
        script = f"{''.join(lines)}\ncurl -sS https://pypi.org/; echo ${{TWINE_PASSWORD-unset}}"
        inside = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, check=False)
        twin.send_signal(signal.SIGINT)
        words = twin.stderr.read()

    assert "PyPI (twin)" in inside.stdout
    assert inside.stdout.splitlines()[-1] == "unset"
    assert twin.returncode == 130
    assert "press Ctrl-C here to end" in words
    assert "Traceback" not in words


def read_until(process: subprocess.Popen[str], last: str) -> list[str]:
    """Return PROCESS's lines up to the one that holds LAST."""
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if last in line:
            break
    return lines


def test_json_for_programs(tmp_path: Path) -> None:
    """--json prints the environment as a document; together with a command it is a usage error."""
    with subprocess.Popen([*TWIN, "--json"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as twin:
        document = json.loads("".join(read_until(twin, '"layers"')) + "".join(read_until(twin, "}")))
        twin.terminate()

    assert document["schema"] == 1
    assert document["environment"]["HTTPS_PROXY"].startswith("http://127.0.0.1:")
    assert twin.returncode == 143
    assert run(tmp_path, "--json", "--", "true").returncode == 2


@pytest.mark.needs("curl")
def test_own_names_are_not_read_through(tmp_path: Path) -> None:
    """The project's own name starts empty, whatever the real PyPI has under it."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "iniconfig"\nversion = "1"\n')
    with Twin.start(project=tmp_path) as twin:
        home = tmp_path / "home"
        home.mkdir()
        environment = {**twin.environment(home, home), "PATH": os.environ["PATH"]}
        command = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "https://pypi.org/simple/iniconfig/"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert done.stdout == "404"


def test_own_names_do_not_need_a_workflow_that_can_be_read(tmp_path: Path) -> None:
    """The project's names are its own whatever else in the folder is broken."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "My_Own"\nversion = "1"\n')
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    (tmp_path / ".github" / "workflows" / "publish.yml").write_text("on: [\n")

    assert own_names(tmp_path) == {"my-own"}
