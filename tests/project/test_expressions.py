"""The language of `${{ }}`: a table of what GitHub does, and what holds for any expression and any text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from expression_contexts import CONTEXTS
from hypothesis import given
from hypothesis import strategies as st

from pypi_runbook.project.expressions import ExpressionError, Value, condition, evaluate, interpolate
from pypi_runbook.project.expressions.parser import parse
from pypi_runbook.project.expressions.tree import written

TABLE = re.findall(r"^\[(\w+)\]\n(.*?)(?:\n\n|\Z)", Path(__file__).with_name("expressions.txt").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def outcome(text: str, contexts: Any = CONTEXTS) -> str:
    """Return what TEXT comes to, as the table writes it; JSON tells true from 1 and '1'."""
    try:
        value = evaluate(text, contexts)
    except ExpressionError as error:
        return f"{text} =! {error.message.removesuffix(text) + '…' if error.message.endswith('expression: ' + text) else error.message}"
    return f"{text} => {json.dumps(whole(value), ensure_ascii=False)}"


def whole(value: Any) -> Any:
    """Return VALUE with numbers that have no fraction as JSON writes them."""
    if isinstance(value, list):
        return [whole(item) for item in value]
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


@pytest.mark.parametrize("cases", [cases for _, cases in TABLE], ids=[topic for topic, _ in TABLE])
def test_what_github_does(cases: str) -> None:
    """Every expression of the table comes to GitHub's value, or fails with GitHub's words."""
    wanted = cases.splitlines()
    texts = [line.split(" => ")[0].split(" =! ")[0] for line in wanted]
    assert [outcome(text) for text in texts] == wanted


@pytest.mark.parametrize(
    "text",
    ["(" * 51 + "1" + ")" * 51, "!" * 50 + "1", "1 == " * 50 + "1", "versions" + "[0]" * 50, "toJSON(" * 50 + "1" + ")" * 50, "(" * 9000],
    ids=["groups", "negations", "comparisons", "indexes", "calls", "open"],
)
def test_too_deep(text: str) -> None:
    """What is nested too deeply is refused in GitHub's words, never with Python's own error."""
    with pytest.raises(ExpressionError, match=r"^Exceeded max expression depth 50$"):
        evaluate(text, CONTEXTS)


def test_as_deep_as_github_takes() -> None:
    """Fifty levels are allowed, and a chain of one logical operator is a single level however long it is."""
    assert evaluate("!" * 49 + "true", {}) is False
    assert evaluate(" && ".join(["1"] * 4000) + " && 7", {}) == 7
    assert evaluate("(" * 50 + "1" + ")" * 50, {}) == 1


def test_too_long_and_too_large() -> None:
    """A longer text than GitHub reads, more text than it keeps, and JSON deeper than its reader goes are refused."""
    with pytest.raises(ExpressionError, match="Exceeded max expression length 21000"):
        evaluate(f"'{'x' * 21000}'", {})
    with pytest.raises(ExpressionError, match="The maximum allowed memory size was exceeded while evaluating"):
        evaluate(f"format('{'{0}' * 200}', text)", {"text": "x" * 100_000})
    for depth in (65, 9000):
        with pytest.raises(ExpressionError, match="MaxDepth of 64 has been exceeded"):
            evaluate(f"fromJSON('{'[' * depth}{']' * depth}')", {})


def test_deep_values_are_written() -> None:
    """toJSON writes values that are nested deeper than Python's own writer goes."""
    value: Value = "x"
    for _ in range(1200):
        value = [value]
    assert str(evaluate("toJSON(value)", {"value": value})).count("[") == 1200


ATOMS = st.one_of(
    st.sampled_from(["true", "false", "null", "github.ref", "versions", "needs.*.result", "inputs.testpypi", "NaN", "-Infinity"]),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.text(max_size=5).map(lambda text: "'" + text.replace("'", "''") + "'"),
)


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return expressions that are built from INNER."""
    operators = st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "&&", "||"])
    calls = st.sampled_from(["contains", "startsWith", "endsWith", "join", "format", "case", "toJSON", "fromJSON", "nothing"])
    return st.one_of(
        st.tuples(inner, operators, inner).map(" ".join),
        inner.map("({})".format),
        inner.map("!{}".format),
        st.tuples(st.sampled_from(["github", "versions"]), inner).map(lambda pair: f"{pair[0]}[{pair[1]}]"),
        st.tuples(calls, st.lists(inner, max_size=3)).map(lambda pair: f"{pair[0]}({', '.join(pair[1])})"),
    )


EXPRESSIONS = st.recursive(ATOMS, larger, max_leaves=12)


@given(text=EXPRESSIONS)
def test_a_tree_reads_as_it_is_written(text: str) -> None:
    """Reading, writing and reading again gives the same tree, and so the same value or error."""
    try:
        tree = parse(text)
    except ExpressionError:
        return
    assert tree is not None
    again = parse(written(tree))
    assert again is not None
    assert written(again) == written(tree)
    if evaluated(text) != "fails":
        assert evaluated(written(tree)) == evaluated(text)


def evaluated(text: str) -> str:
    """Return the value of TEXT in a form that two can be compared in."""
    try:
        return repr(evaluate(text, CONTEXTS))
    except ExpressionError:
        return "fails"


SOUP = st.lists(st.sampled_from([*"()[].,*!'=<>&| \n\t$-+0x1eé{}", "${{", "}}", "github", "ref", "true", "format", "&&", "||", "=="]), max_size=25)


@given(text=st.one_of(SOUP.map("".join), st.text(max_size=30), EXPRESSIONS))
def test_any_text_ends(text: str) -> None:
    """Any text comes to a value or to an ExpressionError whose column is inside of it, in each of the ways to read it."""
    errors = [error for error in (error_of(read, text) for read in (evaluate, interpolate, condition)) if error]
    assert all(error.message and 1 <= error.column <= len(text) + 1 for error in errors)


def error_of(read: Callable[..., object], text: str) -> ExpressionError | None:
    """Return the error with which READ answers TEXT, None when it has a value."""
    try:
        read(text, CONTEXTS)
    except ExpressionError as error:
        return error
    return None


PRIMITIVES = st.one_of(st.none(), st.booleans(), st.integers(-20, 20), st.sampled_from(["", " ", "a", "A", "b", "1", " 01 ", "1.5", "true"]))


def plain_number(value: Any) -> float:
    """Return VALUE as a number by an own, naive reading of the rules."""
    if isinstance(value, str):
        try:
            return float(value.strip() or 0)
        except ValueError:
            return float("nan")
    return float(value or 0)


def plain_equal(left: Any, right: Any) -> bool:
    """Compare by an own, naive reading of the rules."""
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    return left == right if left is None and right is None else plain_number(left) == plain_number(right)


@given(left=PRIMITIVES, right=PRIMITIVES)
def test_operators_against_naive_ones(left: Any, right: Any) -> None:
    """Operators agree with a second, naive implementation for every pair of simple values."""
    contexts = {"a": left, "b": right}
    got = [evaluate(f"a {operator} b", contexts) for operator in ("==", "!=", "&&", "||")]
    assert got == [plain_equal(left, right), not plain_equal(left, right), left and right, left or right]
    if not (isinstance(left, str) and isinstance(right, str)):
        order = [evaluate(f"a {operator} b", contexts) for operator in ("<", ">")]
        assert order == [plain_number(left) < plain_number(right), plain_number(left) > plain_number(right)]


JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(-1e9, 1e9).map(lambda number: round(number, 3)), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)),
    max_leaves=10,
)


@given(value=JSON_VALUES)
def test_json_goes_there_and_back(value: Any) -> None:
    """What toJSON writes is JSON that means the value, and fromJSON reads it again."""
    assert json.loads(str(evaluate("toJSON(value)", {"value": value}))) == value
    assert evaluate("fromJSON(toJSON(value))", {"value": value}) == value
