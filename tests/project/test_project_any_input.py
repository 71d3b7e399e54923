"""Whatever a file says, reading ends with facts or with an error that names the file; never with a traceback."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pypi_runbook.errors import RunbookError
from pypi_runbook.project import read_project

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
    """Return the error with which reading FOLDER ended; None when it gave a document."""
    try:
        json.dumps(read_project(folder).as_json())
    except RunbookError as error:
        return error
    return None


@settings(max_examples=50, deadline=None)
@given(PYPROJECT)
def test_any_pyproject(document: dict[str, Any]) -> None:
    """Values of the wrong kind anywhere in pyproject.toml."""
    read({"pyproject.toml": "\n".join(f"{key} = {toml(value)}" for key, value in document.items())})


@settings(max_examples=50, deadline=None)
@given(WORKFLOW)
def test_any_workflow(document: dict[str, Any]) -> None:
    """Values of the wrong kind anywhere in a workflow; JSON is YAML."""
    read({".github/workflows/x.yml": json.dumps(document)})


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet="ab:=-[]{}\"'#\\$(&|;)< \n\t%", max_size=60))
def test_any_text(text: str) -> None:
    """Text that may be no TOML, no YAML, no setup.cfg and no shell at all."""
    for name in ("pyproject.toml", "setup.cfg", ".github/workflows/x.yml"):
        read({name: text})
    step = json.dumps({"on": "push", "jobs": {"a": {"steps": [{"run": f"bash x.sh; {text}"}]}}})
    read({".github/workflows/x.yml": step, "x.sh": text, "setup.py": text})
