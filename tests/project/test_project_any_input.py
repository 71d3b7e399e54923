"""Whatever a project holds, reading it ends with facts or with an error that names file and line; never with a traceback or not at all."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hostile import Files, hostile_projects, project_of
from hostile_specials import SPECIALS
from hypothesis import given
from hypothesis import strategies as st

from pypi_runbook.errors import RunbookError
from pypi_runbook.project import read_project
from pypi_runbook.project.routes import warnings

# What one case may cost: seconds of this process, and megabytes above what it had.
SECONDS, MEGABYTES = 8, 400
SCALARS = st.sampled_from(["", "a", "1.0", "^3.11", "${{ matrix.a }}", "${{ env.A }}", "x" * 50, 0, 3.1, True])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "a", "b.c", "version", "file"]), inner, max_size=3)
)


def tables(*keys: str) -> st.SearchStrategy[dict[str, Any]]:
    """Give some of KEYS any value."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(keys, VALUES))


PROJECT = tables(
    "name", "version", "description", "license", "requires-python", "authors", "keywords", "urls", "readme", "dependencies", "dynamic", "import-names"
)
POETRY = tables("name", "version", "license", "authors", "keywords", "urls", "readme", "homepage", "dependencies", "packages")
PYPROJECT = st.fixed_dictionaries(
    {},
    optional={
        "project": PROJECT | VALUES,
        "build-system": tables("build-backend", "requires"),
        "tool": st.fixed_dictionaries({}, optional={"poetry": POETRY | VALUES, "setuptools": VALUES}),
    },
)
STEP = tables("name", "uses", "run", "with", "env", "if", "shell", "working-directory") | VALUES
JOB = (
    st.fixed_dictionaries(
        {"steps": st.lists(STEP, max_size=3)},
        optional=dict.fromkeys(("needs", "env", "environment", "permissions", "strategy", "if", "name"), VALUES),
    )
    | VALUES
)
WORKFLOW = st.fixed_dictionaries(
    {},
    optional={"on": VALUES, "env": VALUES, "permissions": VALUES, "name": VALUES, "jobs": st.dictionaries(st.sampled_from(["a", "b"]), JOB) | VALUES},
)


def toml(value: Any) -> str:
    """Return VALUE as an inline TOML value."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(map(toml, value)) + "]" if isinstance(value, list) else json.dumps(value)


def read(files: dict[str, str]) -> None:
    """Read a project of FILES; a RunbookError must name one of them."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
            Path(folder, name).write_text(text)
        error = refused(Path(folder))
        assert error is None or (error.file in files and error.line)


def refused(folder: Path) -> RunbookError | None:
    """Return the error with which `show` on FOLDER ends, None when it gives a document."""
    try:
        facts = read_project(folder)
        json.dumps(facts.as_json() | {"warnings": [finding.as_json() for finding in warnings(facts)]})
    except RunbookError as error:
        return error
    return None


@given(PYPROJECT)
def test_any_pyproject(document: dict[str, Any]) -> None:
    """Values of the wrong kind anywhere in pyproject.toml."""
    read({"pyproject.toml": "\n".join(f"{key} = {toml(value)}" for key, value in document.items())})


@given(WORKFLOW)
def test_any_workflow(document: dict[str, Any]) -> None:
    """Values of the wrong kind anywhere in a workflow; JSON is YAML."""
    read({".github/workflows/x.yml": json.dumps(document)})


@given(st.text(alphabet="ab:=-[]{}\"'#\\$(&|;)< \n\t%", max_size=60))
def test_any_text(text: str) -> None:
    """Text that may be no TOML, no YAML, no setup.cfg and no shell at all."""
    for name in ("pyproject.toml", "setup.cfg", ".github/workflows/x.yml"):
        read({name: text})
    step = json.dumps({"on": "push", "jobs": {"a": {"steps": [{"run": f"bash x.sh; {text}"}]}}})
    read({".github/workflows/x.yml": step, "x.sh": text, "setup.py": text})


@contextmanager
def limited(name: str) -> Iterator[None]:
    """Fail when what is done inside takes more than SECONDS of processor time; git's own time is bounded by its caller."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"{name} takes more than {SECONDS} s")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def ends_well(folder: Path, name: str) -> None:
    """Read the project in FOLDER: facts that JSON can hold, or an error with file, line and what to do."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with limited(name):
        error = refused(folder)
    assert error is None or (error.status == 2 and error.message and error.file and error.line and error.next), error
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEGABYTES * 1024


@given(hostile_projects())
def test_hostile_projects(files: Files) -> None:
    """Specimens with tokens and bytes deleted, doubled, swapped, put in or cut off."""
    with project_of(files) as folder:
        ends_well(folder, "the project")


@pytest.mark.parametrize("name", SPECIALS)
def test_a_special_project(tmp_path: Path, name: str) -> None:
    """Pipes, devices, loops of links, bombs, values in values without end, and names that no terminal shows."""
    SPECIALS[name](tmp_path)
    ends_well(tmp_path, name)


@pytest.mark.parametrize("name", ["surrogate", "name-of-bytes", "name-of-a-broken-file", "laughs", "pipe-3", "bomb-toml"])
def test_the_command_on_a_special_project(tmp_path: Path, name: str) -> None:
    """The command line ends with tables or with status 2 and a message, and sends no control characters to the terminal."""
    SPECIALS[name](tmp_path)
    command = [sys.executable, "-m", "pypi_runbook", "show", "--project", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert done.returncode in (0, 2)
    assert b"Traceback" not in done.stderr
    assert (done.returncode == 2) == done.stderr.startswith(b"error: ")
    assert b"\x1b" not in done.stdout + done.stderr
