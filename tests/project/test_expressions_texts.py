"""Texts with `${{ }}`, conditions, what only a run can tell, and every value that a text of a workflow file can take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from expression_contexts import CONTEXTS

from pypi_runbook.project.expressions import (
    UNKNOWN,
    CaseSensitive,
    ExpressionError,
    Open,
    Scope,
    Value,
    as_text,
    condition,
    evaluate,
    interpolate,
    names,
    truthy,
)
from pypi_runbook.project.expressions.matrix import legs
from pypi_runbook.project.yaml import read_yaml


def test_texts_with_expressions() -> None:
    """A whole expression gives its value itself; around others their text is filled in, and braces inside a string end nothing."""
    assert interpolate("${{ versions }}", CONTEXTS) is CONTEXTS["versions"]
    assert interpolate("v${{ versions[0] }}-${{github.run_number}}${{ null }}.", CONTEXTS) == "v3.11-7."
    assert interpolate("${{ format('{{0}}') }} ${{ '}}' }}", CONTEXTS) == "{0} }}"
    assert interpolate("echo $VERSION ${VERSION}", CONTEXTS) == "echo $VERSION ${VERSION}"
    assert interpolate("", CONTEXTS) == ""


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("a ${{ github.ref ", "The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not found.", 3),
        ("${{ github.ref }} ${{   }}", "An expression was expected", 22),
        ("a ${{ b }}", "Unrecognized named-value: 'b'. Located at position 1 within expression: b", 7),
        ("${{ github.ref ==  }}", "Unexpected end of expression: '=='. Located at position 12 within expression: github.ref ==", 16),
    ],
)
def test_errors_of_a_text(text: str, message: str, column: int) -> None:
    """An error inside a text names the position within its expression, and the column within the text."""
    with pytest.raises(ExpressionError) as caught:
        interpolate(text, CONTEXTS)
    assert (caught.value.message, caught.value.column) == (message, column)


def status(*, succeeded: bool, stopped: bool = False) -> dict[str, Any]:
    """Return the status functions of a job in which everything SUCCEEDED so far, or not."""
    return {"success": lambda: succeeded, "failure": lambda: not succeeded, "always": lambda: True, "cancelled": lambda: stopped}


@pytest.mark.parametrize(
    ("text", "after_success", "after_failure"),
    [
        ("", True, False),
        ("github.event_name == 'release'", True, False),
        ("${{ github.event_name == 'push' }}", False, False),
        ("always()", True, True),
        ("failure()", False, True),
        ("!cancelled() && needs.build.result == 'success'", True, True),
        ("${{ Success() || inputs.testpypi }}", True, False),
        ("contains('always()', 'a')", True, False),
        ("${{ github.event_name }} == 'push'", True, False),
        ("${{ false }} ", True, False),
        ("${{ '' }}${{ null }}", False, False),
    ],
)
def test_conditions(text: str, after_success: bool, after_failure: bool) -> None:
    """success() is implied unless a status function is called, and text around braces makes a condition that always holds."""
    answers = [condition(text, CONTEXTS, status(succeeded=succeeded)) for succeeded in (True, False)]
    assert answers == [after_success, after_failure]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("run", UNKNOWN),
        ("run.anything[0].deeper", UNKNOWN),
        ("run == 'x'", UNKNOWN),
        ("run != run", UNKNOWN),
        ("!run", UNKNOWN),
        ("run && false", False),
        ("false && run", False),
        ("run || true", True),
        ("true || run", True),
        ("run || false", UNKNOWN),
        ("!(run && false)", True),
        ("run && fromJSON('')", UNKNOWN),
        ("contains(run, 'x')", UNKNOWN),
        ("contains(list, 'known')", True),
        ("contains(list, 'other')", UNKNOWN),
        ("github.event_name == 'push' && run", False),
        ("partly.known == 1 || run", True),
        ("partly.missing == null", UNKNOWN),
        ("partly.*", UNKNOWN),
        ("case(run, true, true)", UNKNOWN),
        ("toJSON(partly) == ''", UNKNOWN),
    ],
)
def test_what_only_a_run_can_tell(text: str, wanted: object) -> None:
    """A condition is decided by what is known where that is enough, and stays unknown otherwise."""
    contexts = CONTEXTS | {"run": UNKNOWN, "list": [UNKNOWN, "known"], "partly": Open(known=1)}
    assert condition(text, contexts) is wanted


def test_the_value_of_what_is_unknown_is_unknown() -> None:
    """`unknown && false` is not true, but its value (false, or an empty text) nobody knows; an unknown piece makes a text unknown."""
    contexts: dict[str, Value] = {"run": UNKNOWN}
    assert evaluate("run && false", contexts) is UNKNOWN
    assert interpolate("v${{ run }}", contexts) is UNKNOWN
    assert not truthy(UNKNOWN)


def test_names_of_the_environment_keep_their_case() -> None:
    """`env` tells names apart by case where the runner's system does; no other context does."""
    contexts: dict[str, Value] = {"env": CaseSensitive(Path="x"), "vars": {"Path": "y"}}
    assert interpolate("${{ env.PATH }}|${{ env.Path }}|${{ vars.PATH }}", contexts) == "|x|y"


def test_names() -> None:
    """The names that a text uses come as they are written, indexes that are texts as part of them."""
    text = "x ${{ github.event.inputs['dry-run'] || needs.*.result }} ${{ matrix[env.AXIS][0] && format('{0}', github.ref) == 'github.sha' }}"
    assert names(text) == ["github.event.inputs.dry-run", "needs.*.result", "matrix", "env.AXIS", "github.ref"]
    assert names("always() && steps.build.outcome == 'success'") == ["steps.build.outcome"]
    assert names("${{ github.ref }} ${{ github.ref }}") == ["github.ref"]


def test_functions_of_the_caller() -> None:
    """A caller's functions are found without regard to case, and their arguments are counted."""
    assert evaluate("HashFiles('a', 'b')", {}, {"hashFiles": lambda *patterns: "+".join(map(as_text, patterns))}) == "a+b"
    with pytest.raises(ExpressionError, match="Too few parameters supplied: 'hashFiles'"):
        evaluate("hashFiles()", {}, {"hashFiles": lambda *_: ""})


WORKFLOW = """\
on:
  release:
  workflow_dispatch:
    inputs:
      index: {type: choice, options: [pypi, testpypi]}
      test: {type: boolean}
      free: {type: string}
env:
  LEG: ${{ matrix.python }}-${{ matrix.os }}
  OUTER: <${{ env.LEG }}>
  WHERE: ${{ github.event.release.prerelease && 'testpypi' || 'pypi' }}
jobs:
  job:
    if: IF
    strategy:
      matrix:
        python: ["3.11", 3.12]
        os: [linux]
        include: [{python: "3.13", os: mac, more: extra}]
"""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("plain", ["plain"]),
        ("${{ env.OUTER }}", ["<3.11-linux>", "<3.12-linux>", "<3.13-mac>"]),
        ("${{ matrix.more || 'none' }}", ["none", "extra"]),
        ("${{ github.event_name == 'release' && 'pypi' || 'testpypi' }}", ["pypi", "testpypi"]),
        ("${{ inputs.index || 'pypi' }}", ["pypi", "testpypi"]),
        ("${{ inputs.test && 'testpypi' || 'pypi' }}", ["pypi", "testpypi"]),
        ("${{ github.event.inputs.test == 'true' && 'testpypi' || 'pypi' }}", ["pypi", "testpypi"]),
        ("${{ contains(github.ref, 'rc') && 'testpypi' || 'pypi' }}", ["testpypi", "pypi"]),
        ("${{ format('{0}.org', env.WHERE) }}", ["pypi.org", "testpypi.org"]),
        ("${{ case(secrets.TOKEN == '', 'a', 'b') }}", ["a", "b"]),
        ("${{ secrets.TOKEN && format('{0}', inputs.test) }}", None),
        ("${{ inputs.free }}", None),
        ("${{ vars.INDEX || 'pypi' }}", None),
        ("${{ needs.build.outputs.version }}", None),
        ("${{ not an expression }}", None),
    ],
)
def test_every_value_that_a_text_can_take(tmp_path: Path, text: str, wanted: list[str] | None) -> None:
    """The file says all values of a text through the event, inputs, the matrix and env, or that they cannot be listed."""
    assert scope(tmp_path, "true").values(text) == wanted


@pytest.mark.parametrize(("held", "wanted"), [("github.event_name == 'release'", ["pypi"]), ("inputs.index == 'testpypi'", ["testpypi"])])
def test_the_condition_of_the_job_counts(tmp_path: Path, held: str, wanted: list[str]) -> None:
    """A value that the job's own `if:` rules out is none that the text can take."""
    assert scope(tmp_path, held).values("${{ inputs.index || 'pypi' }}") == wanted


def scope(folder: Path, held: str) -> Scope:
    """Return the scope of the workflow's job when its `if:` is HELD."""
    path = folder / "workflow.yml"
    path.write_text(WORKFLOW.replace("IF", f'"{held}"'))
    workflow = read_yaml(path, folder)
    return Scope.of(workflow, workflow["jobs"]["job"])


def test_legs_of_a_matrix() -> None:
    """Excluded legs go first, an inclusion joins each leg that it does not contradict, and is a leg of its own where there is none."""
    include = [{"os": "mac", "python": "3.13"}, {"extra": 1}, {"os": "linux", "extra": 2}]
    matrix = {"os": ["linux", "mac"], "python": ["3.11", "3.12"], "exclude": [{"os": "mac", "python": "3.11"}], "include": include}
    assert legs(matrix) == [
        {"os": "linux", "python": "3.11", "extra": 2},
        {"os": "linux", "python": "3.12", "extra": 2},
        {"os": "mac", "python": "3.12", "extra": 1},
        {"os": "mac", "python": "3.13"},
    ]
    assert legs({"include": [{"a": 1}, {"b": 2}]}) == [{"a": 1}, {"b": 2}]
    assert len(legs({"a": list(range(100)), "b": list(range(100))})) == 256
