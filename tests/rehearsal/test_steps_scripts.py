"""`run:` steps: shells, folders, environment, names and output, as GitHub's runner has them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from bench import Bench

from pypi_runbook.rehearsal.steps.lines import LONGEST, Lines
from pypi_runbook.rehearsal.steps.tail import Tail

SHELLS = """
continue-on-error: true
defaults: {run: {shell: bash}}
steps:
  - {run: "false | true; echo on $0", continue-on-error: true}
  - {run: "false | true; echo on", shell: sh, continue-on-error: true}
  - {run: "false; echo no", shell: sh, continue-on-error: true}
  - {run: "import sys; print(sys.argv[0][-3:])", shell: python, continue-on-error: true}
  - {run: 'print "perl @ARGV\\n"; exit 3', shell: "perl -w {0} a", continue-on-error: true}
  - {run: "true", shell: "perl -w", continue-on-error: true}
  - {run: "true", shell: "nosuch {0}", continue-on-error: true}
  - {run: "echo hi\\r\\nfalse\\r\\n", continue-on-error: true}
"""


def test_shells(tmp_path: Path) -> None:
    """Each shell gets the runner's options and a script of its kind; what is no shell fails in the runner's words."""
    ran = Bench(tmp_path).run(SHELLS)
    assert [step.outcome for step in ran.result.steps] == ["failure", "success", "failure", "success", "failure", "failure", "failure", "failure"]
    assert "shell: /usr/bin/bash --noprofile --norc -e -o pipefail {0}" in ran.lines
    assert {"on", ".py", "perl a"} <= set(ran.lines)
    assert ran.reasons[0] == "Process completed with exit code 1."
    assert ran.reasons[2] == "Process completed with exit code 3."
    assert ran.reasons[3].startswith("Invalid shell option. Shell must be a valid built-in (bash, sh, cmd, powershell, pwsh) or a format string")
    assert ran.reasons[4] == "nosuch: command not found"
    assert "exit code 127" in ran.reasons[5], "a carriage return is part of the command, as on GitHub"


ORDER = """
env: {A: job, B: "${{ github.event_name }}", GITHUB_REPOSITORY: mine}
steps:
  - run: |
      echo "$A $B $C $GITHUB_REPOSITORY" "$(cat | wc -c)" "$PWD"
      echo "D=4" >> "$GITHUB_ENV"
    env: {A: step, C: "${{ env.A }} ${{ env.B }}"}
  - name: Name of ${{ env.D }}
    run: echo "$D ${{ runner.os }} ${{ job.status }}" > file
    working-directory: ${{ runner.temp }}
  - {run: "\\n  echo ${{ env.A }}\\n  echo two", shell: bash}
  - {run: "true", working-directory: app, continue-on-error: true}
  - {run: "true", if: "hashFiles('nothing') == '' && false"}
"""


def test_environment_folders_and_names(tmp_path: Path) -> None:
    """A step's env comes before the job's, the runner's own names cannot be changed, stdin is empty, and steps are named as shown."""
    ran = Bench(tmp_path).run(ORDER, GITHUB_REPOSITORY="octo/thing")
    assert f"step push job push octo/thing 0 {ran.folders.workspace}" in ran.lines
    assert (ran.folders.temp / "file").read_text() == "4 Linux success\n"
    assert [step.name for step in ran.result.steps][1:] == ["Name of 4", "Run echo job", "Run true", "Run true"]
    place = f"{ran.folders.workspace}/app"
    words = f"An error occurred trying to start process '/usr/bin/bash' with working directory '{place}'. No such file or directory"
    assert ran.reasons == [words, "its condition is false: hashFiles('nothing') == '' && false"]
    assert ran.progress[-1] == ("Run true", "skipped")
    assert ran.result.result == "success"


def test_lines_come_as_they_are_printed(tmp_path: Path) -> None:
    """A line is shown while the step still runs."""
    seen: dict[str, float] = {}
    bench = Bench(tmp_path)
    bench.show = lambda line: seen.setdefault(line, time.monotonic())  # type: ignore[method-assign, assignment]
    bench.run("steps: [{run: 'echo one; sleep 0.4; echo two'}]")
    assert seen["two"] - seen["one"] > 0.3


PIECES = [
    ([b"a\nb", b"c\n"], ["a", "bc"]),
    ([b"10%\r20%\r", b"\nend"], ["10%", "20%", "end"]),
    ([b"\xff\xfe\n"], ["\ufffd\ufffd"]),
    ([b"caf\xc3", b"\xa9\n"], ["café"]),
    ([b"\n\n"], ["", ""]),
    ([b"x" * (LONGEST + 1)], ["x" * LONGEST, "x"]),
]


@pytest.mark.parametrize(("pieces", "expected"), PIECES)
def test_lines_of_any_bytes(pieces: list[bytes], expected: list[str]) -> None:
    """Carriage returns end lines, what is not UTF-8 is replaced, pieces are put together, and no line is without end."""
    lines = Lines()
    assert [line for piece in pieces for line in lines.feed(piece)] + lines.end() == expected


def test_tail_keeps_the_end() -> None:
    """Of an endless output the last lines are kept, and what was cut is said."""
    tail = Tail(10)
    for number in range(100):
        tail.add(str(number))
    assert tail.text == "[97 lines were not kept here]\n97\n98\n99\n"


LONG = """
steps:
  - {run: "echo begin; head -c 12000000 /dev/zero | tr '\\\\0' x | fold -w 2000; echo; echo end"}
  - {run: echo next}
"""


def test_long_output_is_bounded(tmp_path: Path) -> None:
    """Of a step that prints without end the beginning and the end are shown, and how much is missing; the next step shows all."""
    ran = Bench(tmp_path).run(LONG)
    assert sum(map(len, ran.lines)) < 9_000_000
    cut = next(number for number, line in enumerate(ran.lines) if line.endswith("lines were not kept here]"))
    assert ran.printed[0] == "begin"
    assert "end" in ran.lines[cut:]
    assert ran.lines[-1] == "next"
