"""The files through which a step speaks to its job, and their errors in GitHub's words."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench import Bench

from pypi_runbook.rehearsal.steps.pairs import PairsError, read_pairs

PAIRS = [
    ("a=1\nb=x=y\n\nc=", [("a", "1"), ("b", "x=y"), ("c", "")]),
    ("a<<E\n1\n\n2\nE\nb=2\n", [("a", "1\n\n2"), ("b", "2")]),
    ("a<<E\nE", [("a", "")]),
    ("a<<E\n b=1\nE \nE\n", [("a", " b=1\nE ")]),
    ("a=b<<c\n", [("a", "b<<c")]),
    ("a<<=\n1\n=\n", [("a", "1")]),
    ("a=1\r\n", [("a", "1\r")]),
]
WRONG = [
    ("word\n", "Invalid format 'word'"),
    ("<<E\n", "Invalid format '<<E'. Name must not be empty and delimiter must not be empty"),
    ("a<<\n", "Invalid format 'a<<'. Name must not be empty and delimiter must not be empty"),
    ("a<<E\n1\n", "Invalid value. Matching delimiter not found 'E'"),
    ("a<<E\n1", "Invalid value. EOF marker missing new line."),
]


@pytest.mark.parametrize(("text", "expected"), PAIRS)
def test_pairs(text: str, expected: list[tuple[str, str]]) -> None:
    """Names and values are read as actions/runner reads them."""
    assert list(read_pairs(text)) == expected


@pytest.mark.parametrize(("text", "words"), WRONG)
def test_wrong_pairs(text: str, words: str) -> None:
    """What cannot be read has the runner's words."""
    with pytest.raises(PairsError) as caught:
        list(read_pairs(text))
    assert str(caught.value) == words


ALL = r"""
outputs: {lines: "${{ steps.a.outputs.lines }}", none: "${{ steps.a.outputs.none }}"}
steps:
  - id: a
    run: |
      printf 'lines<<X\none\ntwo\nX\n' >> "$GITHUB_OUTPUT"
      echo "NAME=value" >> "$GITHUB_ENV"
      mkdir -p one two; printf '#!/bin/sh\necho first\n' > one/tool; printf '#!/bin/sh\necho second\n' > two/tool; chmod +x */tool
      printf "$PWD/two\n$PWD/one\n" >> "$GITHUB_PATH"
      echo "# Title" >> "$GITHUB_STEP_SUMMARY"
      echo "s=1" >> "$GITHUB_STATE"
  - run: tool; echo "$NAME ${{ env.NAME }}"; cat "$GITHUB_ENV" "$GITHUB_OUTPUT"; echo "- item" >> "$GITHUB_STEP_SUMMARY"
  - run: echo "NODE_OPTIONS=x" >> "$GITHUB_ENV"; head -c 1100000 /dev/zero >> "$GITHUB_STEP_SUMMARY"; rm "$GITHUB_OUTPUT"
  - run: echo "OK=1" >> "$GITHUB_ENV"; echo broken >> "$GITHUB_OUTPUT"
  - {run: 'echo "still $OK"', if: failure()}
"""


def test_every_file(tmp_path: Path) -> None:
    """Outputs, variables, folders of PATH and summaries reach the steps and the job; a file that cannot be read fails its step alone."""
    ran = Bench(tmp_path).run(ALL)
    assert ran.outcomes == ["success", "success", "success", "failure", "success"]
    assert ran.result.outputs == {"lines": "one\ntwo"}
    assert ran.result.summary == "# Title\n- item\n"
    assert {"first", "value value", "still 1"} <= set(ran.lines), "the folder that was put first last comes first"
    assert ran.messages == [
        "error: Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.",
        "error: $GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got 1074k. For more information see: "
        "https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions#adding-a-markdown-summary",
        "error: Unable to process file command 'output' successfully.",
        "error: Invalid format 'broken'",
    ]
