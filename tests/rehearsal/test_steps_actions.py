"""`uses:` steps: actions of the repository itself, and actions that nothing stands in for."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from bench import Bench

GREET = """
inputs:
  who: {default: "${{ github.event_name }}"}
  fail: {default: "no"}
outputs:
  said: {value: "${{ steps.say.outputs.line }}"}
runs:
  using: composite
  steps:
    - id: say
      shell: bash
      run: |
        echo "hello ${{ inputs.who }} $OWN $JOB ${{ env.OWN }}"
        test "${{ github.action_path }}" = "$GITHUB_ACTION_PATH" && cat "$GITHUB_ACTION_PATH/data.txt"
        echo "line=${{ inputs.who }}" >> "$GITHUB_OUTPUT"
        echo "LATER=1" >> "$GITHUB_ENV"
    - {run: exit 5, shell: sh, if: inputs.fail == 'yes'}
    - {run: echo "not after a failure", shell: sh}
    - {run: 'echo "cleaned ${{ steps.say.outcome }}"', shell: bash, if: failure()}
    - {uses: ./inner, if: always()}
"""
INNER = """
runs:
  using: composite
  steps:
    - {uses: octo/unknown@v1, id: unknown}
    - {run: 'echo "inner ${{ steps.unknown.outcome }} [${{ inputs.who }}]"', shell: bash}
"""
JOB = """
env: {JOB: job}
steps:
  - {uses: ./greet, id: one, env: {OWN: own}, with: {WHO: Ann, typo: 1}}
  - {run: 'echo "said ${{ steps.one.outputs.said }} $LATER [$OWN]"'}
  - {uses: ./greet, id: two, with: {fail: "yes"}, continue-on-error: true}
  - {run: 'echo "${{ steps.two.outcome }}"'}
"""


def write(bench: Bench, **actions: str) -> None:
    """Write ACTIONS, by folder, into the workspace."""
    for name, text in actions.items():
        folder = bench.folders.workspace / name
        folder.mkdir(parents=True)
        (folder / "action.yml").write_text(textwrap.dedent(text))
        (folder / "data.txt").write_text("its own file\n")


def test_composite_actions(tmp_path: Path) -> None:
    """An action's steps have its inputs and steps, the environment around them, and one result; its outputs and failures are its step's."""
    bench = Bench(tmp_path)
    write(bench, greet=GREET, inner=INNER)
    ran = bench.run(JOB)
    assert ran.outcomes == ["success", "success", "success", "success"]
    assert {"hello Ann own job own", "its own file", "said Ann 1 []", "hello push  job ", "cleaned success", "failure"} <= set(ran.printed)
    assert ran.printed.count("not after a failure") == 1
    assert ran.printed.count("inner success []") == 2
    assert ran.messages[0] == "warning: Unexpected input(s) 'typo', valid inputs are ['who', 'fail']"
    assert ran.result.steps[2].reason == "Process completed with exit code 5."
    assert [(note.where, note.what) for note in ran.notes] == [("job / Run ./greet", "octo/unknown@v1")] * 2


NOT_COMPOSITE = [
    ("runs: {using: node24, main: x.js}", "not-rehearsed", "it is a JavaScript action (node24), which the rehearsal does not run"),
    ("runs: {using: docker, image: Dockerfile}", "not-rehearsed", "it is an action that runs in a container"),
    ("name: x", "failure", "Top level 'runs:' section is required"),
    (
        "runs: {using: composite, steps: [{run: x}]}",
        "failure",
        "The template is not valid. {0}/x/action.yml (Line: 1): Required property is missing: shell",
    ),
    ("runs: {using: composite, steps: [{uses: ./x}]}", "failure", "Composite action depth exceeded max depth 9"),
    ("runs: [", "failure", "this is not valid YAML"),
]


@pytest.mark.parametrize(("text", "outcome", "reason"), NOT_COMPOSITE)
def test_other_actions_of_the_repository(tmp_path: Path, text: str, outcome: str, reason: str) -> None:
    """An action that needs Node or a container is not rehearsed; one that GitHub could not read fails."""
    bench = Bench(tmp_path)
    write(bench, x=text)
    ran = bench.run("steps: [{uses: ./x}]")
    assert ran.outcomes == [outcome]
    assert reason.format(ran.folders.workspace) in ran.reasons[0]


UNKNOWN = """
steps:
  - {uses: ./x, continue-on-error: true}
  - {uses: octo/unknown@v1, id: u, with: {a: "${{ github.token }}"}}
  - {uses: "docker://alpine:3"}
  - {run: 'echo "[${{ steps.u.outputs.x }}] ${{ steps.u.outcome }}"'}
"""


def test_actions_that_are_not_here(tmp_path: Path) -> None:
    """Without a checkout a local action fails as on GitHub; an unknown one is not rehearsed, has no outputs, and the job goes on."""
    ran = Bench(tmp_path).run(UNKNOWN)
    assert ran.outcomes == ["success", "not-rehearsed", "not-rehearsed", "success"]
    place = ran.folders.workspace / "x"
    missing = f"Can't find 'action.yml', 'action.yaml' or 'Dockerfile' under '{place}'."
    assert ran.reasons[0] == f"{missing} Did you forget to run actions/checkout before running your local action?"
    assert ran.printed[-1] == "[] success"
    assert [note.essential for note in ran.notes] == [True, True]
