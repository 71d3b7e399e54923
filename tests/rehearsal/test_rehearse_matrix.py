"""The legs of a matrix are those that GitHub documents."""

from __future__ import annotations

import pytest

from pypi_runbook.rehearsal.matrix import leg_name, legs

MATRICES = [
    (None, [{}]),
    ({"a": [1, 2], "b": ["x"]}, [{"a": 1, "b": "x"}, {"a": 2, "b": "x"}]),
    ({"a": [1, 2], "b": ["x", "y"], "exclude": [{"a": 1, "b": "x"}, {"a": 2}]}, [{"a": 1, "b": "y"}]),
    ({"include": [{"a": 1}, {"a": 2}]}, [{"a": 1}, {"a": 2}]),
    (
        # The case of GitHub's documentation.
        {
            "fruit": ["apple", "pear"],
            "animal": ["cat", "dog"],
            "include": [
                {"color": "green"},
                {"color": "pink", "animal": "cat"},
                {"fruit": "apple", "shape": "circle"},
                {"fruit": "banana"},
                {"fruit": "banana", "animal": "cat"},
            ],
        },
        [
            {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
            {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
            {"fruit": "pear", "animal": "cat", "color": "pink"},
            {"fruit": "pear", "animal": "dog", "color": "green"},
            {"fruit": "banana"},
            {"fruit": "banana", "animal": "cat"},
        ],
    ),
]


@pytest.mark.parametrize(("matrix", "wanted"), MATRICES)
def test_a_matrix_has_the_legs_that_github_documents(matrix: object, wanted: object) -> None:
    """Combinations, without those excluded, with what `include` adds to them or beside them."""
    assert legs(matrix) == wanted


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        ([1], "A sequence was not expected"),
        ("x", "Unexpected value 'x'"),
        ({"a": "x"}, "Unexpected value 'x'"),
        ({}, "Matrix must define at least one vector"),
        ({"a": list(range(20)), "b": list(range(20))}, "at most 256 jobs"),
        ({letter: list(range(200)) for letter in "abcdef"}, "at most 256 jobs"),
    ],
)
def test_a_matrix_that_github_would_not_take_is_refused(matrix: object, words: str) -> None:
    """A matrix that is none, has nothing in it or too much ends with words."""
    with pytest.raises(ValueError, match=words):
        legs(matrix)


def test_a_leg_is_named_by_its_values() -> None:
    """GitHub puts a leg's scalars behind the job's name."""
    assert leg_name({"a": 3.1, "b": True, "c": {"d": 1}}) == " (3.1, true)"
    assert leg_name({}) == ""
