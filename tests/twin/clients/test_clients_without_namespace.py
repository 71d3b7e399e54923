"""Where no namespace is allowed, a client that ignores proxies is refused by name before it starts, however it is started."""

from __future__ import annotations

import itertools
import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin.proxies import check_command

LAYERS = ["credentials", "tunnel"]
STARTS_HATCH = [
    "hatch publish",
    "/usr/local/bin/hatch publish",
    ".venv/bin/hatch publish",
    "hatch.exe publish",
    "python -m hatch publish",
    "python3.12 -W error -I -m hatch publish",
    "python3 -Im hatch publish",
    "python -mhatch publish",
    "python /opt/bin/hatch publish",
    "uvx hatch publish",
    "uvx hatch@1.18.2 publish",
    "uvx --quiet --from 'hatch>=1.18' hatch publish",
    "uv tool run hatch publish",
    "uv --offline run --with hatch hatch publish",
    "uv run python -m hatch publish",
    "pipx run --spec hatch==1.18.2 hatch publish",
    "pipx run hatch==1.18.2 publish",
    "poetry run hatch publish",
    "env HATCH_INDEX_USER=__token__ hatch publish",
    "env -u HOME nice -n 5 hatch publish",
    "timeout -k 5 60s hatch publish",
    "sh -c 'hatch publish'",
    "bash -lc 'cd x && HATCH_INDEX_USER=__token__ hatch publish; echo done'",
    "bash -e -c 'if true; then hatch publish; fi'",
    "sh -c 'echo $(hatch version)'",
    "sh -c 'hatch build\nhatch publish'",
    "sh -c \"bash -c 'uvx hatch publish'\"",
]
STARTS_ANOTHER = [
    "twine upload dist/hatch-1.0.tar.gz",
    "pip install hatch",
    "uv pip install hatch",
    "uv tool install hatch",
    "uvx --with hatch twine check dist/hatch-1.0.tar.gz",
    "python -m pip install hatch",
    "python -m hatchling build",
    "python -c 'import hatch' -m hatch",
    "python build.py hatch",
    "sh -c 'echo hatch'",
    "sh -c 'pip install hatch && twine upload dist/*'",
    "sh -c 'echo \"unfinished'",
    "sh release.sh hatch",
    "env hatchery",
    "env",
    "timeout 5",
]


@pytest.mark.parametrize("command", STARTS_HATCH)
def test_hatch_is_refused_however_it_is_started(command: str) -> None:
    """The refusal names hatch, says what would happen, and where to read about it; inside a namespace nothing is refused."""
    with pytest.raises(RunbookError, match=r"hatch ignores proxy variables.*would reach the real PyPI") as caught:
        check_command(shlex.split(command), LAYERS)

    assert (caught.value.id, caught.value.status, caught.value.page) == ("ignores-proxies", 125, "explanation/twin.md")
    check_command(shlex.split(command), [*LAYERS, "namespace"])


@pytest.mark.parametrize("command", STARTS_ANOTHER)
def test_other_commands_are_not_refused(command: str) -> None:
    """A command that only has the word among its own is let through."""
    check_command(shlex.split(command), LAYERS)


def test_hatch_under_another_name_is_refused(tmp_path: Path) -> None:
    """A link is known by what it leads to."""
    (tmp_path / "hatch").write_text("")
    (tmp_path / "release").symlink_to(tmp_path / "hatch")

    with pytest.raises(RunbookError, match="hatch"):
        check_command([str(tmp_path / "release")], LAYERS)


# The twin finds out by trying: here what it tries fails.
NO_NAMESPACES = """
import sys
from pypi_runbook.twin import namespace
namespace.COMMAND = ["false"]
from pypi_runbook.cli import main
main()
"""


def without_namespaces(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `pypi-runbook ARGUMENTS` in FOLDER as on a machine whose attempt at a namespace fails."""
    hatch = folder / "bin" / "hatch"
    hatch.parent.mkdir()
    hatch.write_text("#!/bin/sh\necho started\n")
    hatch.chmod(0o755)
    environment = {**os.environ, "PATH": f"{hatch.parent}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-c", NO_NAMESPACES, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", ["hatch publish", "python -m hatch publish", "sh -c 'true; hatch publish'"])
def test_command_is_refused_before_it_starts(tmp_path: Path, command: str) -> None:
    """`twin -- COMMAND` ends with 125 and the reason; nothing of the client ran."""
    done = without_namespaces(tmp_path, "twin", "--", *shlex.split(command))

    assert done.returncode == 125
    assert "hatch ignores proxy variables" in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_script_that_starts_hatch_meets_the_refusal(tmp_path: Path) -> None:
    """What a script starts cannot be seen beforehand: there, a command of that name says why, and the rest goes on."""
    (tmp_path / "release.sh").write_text("hatch publish\necho status $?\n")
    done = without_namespaces(tmp_path, "twin", "--", "sh", "release.sh")

    assert done.stdout == "status 125\n"
    assert "error: hatch ignores proxy variables" in done.stderr
    assert "layers that held: credentials, tunnel\n" in done.stderr


def test_joining_a_twin_refuses_too(tmp_path: Path) -> None:
    """A command that joins the twin around it is refused like one that started it."""
    own = f"{shlex.quote(sys.executable)} -m pypi_runbook"
    done = without_namespaces(tmp_path, "twin", "--", "sh", "-c", f"{own} twin -- python3 -m hatch publish; echo status $?")

    assert done.stdout == "status 125\n"
    assert "hatch ignores proxy variables" in done.stderr


def test_terminal_that_exports_the_lines_refuses_too(tmp_path: Path) -> None:
    """A terminal has no namespace around it, whatever the machine allows: its PATH begins with the refusals."""
    with subprocess.Popen([sys.executable, "-m", "pypi_runbook", "twin", "--json"], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        try:
            text = iter(process.stdout or ())
            environment = json.loads("".join([next(text), *itertools.takewhile(lambda line: line != "}\n", text), "}"]))["environment"]
            done = subprocess.run(["hatch", "--version"], env=environment, capture_output=True, text=True, check=False)
        finally:
            process.send_signal(signal.SIGINT)

    assert done.returncode == 125
    assert "error: hatch ignores proxy variables" in done.stderr
