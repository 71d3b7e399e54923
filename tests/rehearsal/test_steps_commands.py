"""Workflow commands in a step's output, and what they must not let out."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from pathlib import Path

import pytest
from bench import TOKEN, Bench

from pypi_runbook.rehearsal.results import Annotation
from pypi_runbook.rehearsal.steps.masks import Masks
from pypi_runbook.rehearsal.steps.message import Message, read_message

KNOWN = {"error", "set-output", "group"}
MESSAGES = [
    ("::error::no", Message("error", {}, "no")),
    ("  ::ERROR file=a.py,line=1,title=T%2C %3A%25::x%0Ay%25", Message("error", {"file": "a.py", "line": "1", "title": "T, :%"}, "x\ny%")),
    ("before ::error::no", None),
    ("::error no", None),
    ("::warning::no", None),
    ("::group::a::b", Message("group", {}, "a::b")),
    ("text ##[error line=3;title=a%5D]x%3B", Message("error", {"line": "3", "title": "a]"}, "x;")),
    ("::set-output name=a,=b,c=::1", Message("set-output", {"name": "a"}, "1")),
]


@pytest.mark.parametrize(("line", "expected"), MESSAGES)
def test_messages(line: str, expected: Message | None) -> None:
    """A command is found where the runner finds it, with its properties unescaped."""
    assert read_message(line, KNOWN) == expected


COMMANDS = r"""
steps:
  - run: |
      echo "::group::Build"; echo inside; echo "::endgroup::"; echo "::debug::hidden"
      echo "::error file=$GITHUB_WORKSPACE/src/a.py,line=3,col=4,title=Wrong::one%0Atwo"
      echo "::warning endLine=7::careful" >&2
      echo "::notice::known"; echo "::unknown::shown"; echo "::add-matcher::x.json"
      for n in $(seq 12); do echo "::notice::n$n"; done
  - id: old
    run: |
      echo "::set-output name=x::1"
      echo "::set-env name=A::1"
    continue-on-error: true
  - run: |
      echo "::stop-commands::endtoken"; echo "::error::not one"; echo "::endtoken::"; echo "::warning::again"
  - {run: 'echo "::stop-commands::"; echo "::add-mask::"; echo "::echo::maybe"', continue-on-error: true}
  - {run: 'echo "::echo::on"; echo "::set-output name=y::${{ steps.old.outputs.x }}"', env: {ACTIONS_ALLOW_UNSECURE_COMMANDS: true}}
  - {run: 'echo "::set-env name=A::2"; echo "::add-path::/x"', env: {ACTIONS_ALLOW_UNSECURE_COMMANDS: true}}
  - run: echo "$A" "${PATH#*refused:}"
"""


def test_commands(tmp_path: Path) -> None:
    """Annotations, groups, stops and the old commands do what they do on GitHub."""
    ran = Bench(tmp_path).run(COMMANDS)
    first = ran.result.steps[0].annotations
    assert first[:2] == [Annotation("error", "one\ntwo", "src/a.py", 3, "Wrong"), Annotation("warning", "careful", None, 7)]
    assert sum(each.level == "notice" for each in first) == 10, "GitHub keeps ten of a kind"
    assert {"##[group]Build", "inside", "##[error]one", "two", "::unknown::shown"} <= set(ran.printed)
    assert "hidden" not in "\n".join(ran.printed)
    assert ran.outcomes == ["success", "success", "success", "success", "success", "success", "success"]
    assert [step.outcome for step in ran.result.steps][1:4] == ["failure", "success", "failure"]
    assert ran.reasons[0] == "Unable to process command '::set-env name=A::1' successfully."
    assert any(message.startswith("error: The `set-env` command is disabled. Please upgrade") for message in ran.messages)
    assert sum(message.startswith("warning: The `set-output` command is deprecated") for message in ran.messages) == 2
    assert ran.messages.count("warning: again") == 1
    assert "error: not one" not in ran.messages
    assert "::error::not one" in ran.printed
    assert "warning: Can't add secret mask for empty string in ##[add-mask] command." in ran.messages
    assert any("You cannot use a endToken that is an empty string" in message for message in ran.messages)
    assert "error: Invalid echo command value. Possible values can be: 'on', 'off'. Current value is: 'maybe'." in ran.messages
    assert "::set-output name=y::1" in ran.printed
    assert ran.lines[-1].startswith("2 /x:")


HIDE = [
    ("the secret", "the ***"),
    ("secretsecret", "***"),
    ("token-a token-ab", "*** ***"),
    (base64.b64encode(b"secret").decode(), "***"),
    (base64.b64encode(b"user:secret-is-long").decode(), "***"),
    ("a%2Bb%3D", "***"),
    ("two", "***"),
    ("nothing", "nothing"),
]


@pytest.mark.parametrize(("text", "expected"), HIDE)
def test_hidden_forms(text: str, expected: str) -> None:
    """A secret is hidden as it is, in each of its lines, and in the forms that encoders give it; those that touch become one."""
    masks = Masks()
    for secret in ("secret", "token-a", "token-ab", "user:secret-is-long", "a+b=", "one line\n  two  \n"):
        masks.add(secret)
    assert masks.hide(text) == expected
    assert masks.holds(text) == (text != expected)


SECRETS = r"""
outputs: {leak: "${{ steps.a.outputs.leak }}", fine: "${{ steps.a.outputs.fine }}"}
environment: {name: e, url: "https://example.org/${{ steps.a.outputs.leak }}"}
steps:
  - id: a
    run: |
      echo "token ${{ github.token }}"; echo "password $P" >&2; echo "::add-mask::generated"; echo "::error title=$P,file=$P::$P here"
      printf 'leak=%s-generated\nfine=1\n' x >> "$GITHUB_OUTPUT"; echo "generated" >> "$GITHUB_STEP_SUMMARY"
      mkdir generated
    env: {P: "${{ secrets.PASSWORD }}"}
  - {run: 'test "${{ steps.a.outputs.leak }}" = "x-gene""rated" && echo whole'}
  - {name: "Use ${{ env.P }}", run: "exit 1", working-directory: generated/none, env: {P: "${{ secrets.PASSWORD }}"}}
"""


def test_no_secret_comes_out(tmp_path: Path) -> None:
    """What is masked is in no line, annotation, summary, name, reason or output, and yet reaches the next step."""
    ran = Bench(tmp_path, secrets={"PASSWORD": "pass-word-1"}).run(SECRETS)
    everything = json.dumps([ran.lines, asdict(ran.result), [asdict(note) for note in ran.notes], ran.progress])
    for secret in (TOKEN, "pass-word-1", "x-generated"):
        assert secret not in everything
    assert {"token ***", "password ***", "whole", "##[warning]Skip output 'leak' since it may contain secret."} <= set(ran.lines)
    assert "##[warning]Skip setting environment url as environment 'None' may contain secret." in ran.lines
    assert ran.result.outputs == {"fine": "1"}
    assert ran.result.environment_url is None
    assert ran.result.steps[2].name == "Use ***"
    assert ran.result.summary == "***\n"
