"""Jobs run, are skipped, multiply and hand on what they found as on GitHub: real rehearsals of workflows that build nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from planning import plan
from small import Rehearsed, commit, project, rehearse

from pypi_runbook.errors import RunbookError

NEEDS = """
name: Needs
on: workflow_dispatch
permissions: {}
jobs:
  good:
    runs-on: ubuntu-latest
    outputs:
      list: ${{ steps.s.outputs.list }}
    steps:
      - id: s
        run: echo 'list=["x","y"]' >> "$GITHUB_OUTPUT"
  bad:
    runs-on: ubuntu-latest
    steps:
      - run: echo broken; exit 3
      - run: echo never
  forgiven:
    runs-on: ubuntu-latest
    continue-on-error: true
    steps:
      - run: exit 1
  not-today:
    runs-on: ubuntu-latest
    if: github.event_name == 'release'
    steps:
      - run: echo never
  after-bad: {needs: bad, runs-on: u, steps: [{run: echo never}]}
  after-skipped: {needs: not-today, runs-on: u, steps: [{run: echo never}]}
  after-forgiven: {needs: forgiven, runs-on: u, steps: [{run: 'echo after'}]}
  cleanup:
    needs: [good, bad]
    if: failure() && needs.good.result == 'success' && needs.bad.result == 'failure'
    runs-on: ubuntu-latest
    steps:
      - run: echo cleaned
  always:
    needs: [after-bad, not-today]
    if: always()
    runs-on: ubuntu-latest
    steps:
      - run: echo "${{ needs.after-bad.result }} ${{ needs.not-today.result }}"
  after-always: {needs: always, runs-on: u, steps: [{run: echo never}]}
  many:
    needs: good
    name: many of ${{ matrix.item }}
    strategy:
      fail-fast: false
      matrix:
        item: ${{ fromJSON(needs.good.outputs.list) }}
        include:
          - item: y
            more: plus
    runs-on: ubuntu-latest
    steps:
      - run: echo "item ${{ matrix.item }} ${{ matrix.more }} of ${{ strategy.job-total }}"
  fast:
    strategy:
      matrix: {n: [1, 2, 3]}
    runs-on: ubuntu-latest
    steps:
      - run: test ${{ matrix.n }} = 1
"""


@pytest.fixture(scope="module")
def needs(tmp_path_factory: pytest.TempPathFactory) -> Rehearsed:
    """Return the rehearsal of a workflow whose jobs wait for each other in every way."""
    return rehearse(project(tmp_path_factory.mktemp("needs") / "p", NEEDS), "workflow_dispatch", "--workflow", "publish.yml")


def test_jobs_end_as_on_github(needs: Rehearsed) -> None:
    """Each job succeeds, fails or is skipped as `needs` and `if` say, skipped ones before it included."""
    assert needs.results == {
        "good": "success",
        "bad": "failure",
        "forgiven": "success",
        "not-today": "skipped",
        "after-bad": "skipped",
        "after-skipped": "skipped",
        "after-forgiven": "success",
        "cleanup": "success",
        "always": "success",
        "after-always": "skipped",
        "many of x": "success",
        "many of y": "success",
        "fast (1)": "success",
        "fast (2)": "failure",
        "fast (3)": "cancelled",
    }
    assert (needs.status, needs.document["result"]) == (1, "failure")


def test_a_skipped_job_says_why(needs: Rehearsed) -> None:
    """The reason is the need that did not succeed, the condition that does not hold, or the failed leg before it."""
    reasons = {job["name"]: job["reason"] for job in needs.document["jobs"]}
    assert reasons["after-bad"] == "it needs bad (failure)"
    assert reasons["not-today"] == "its `if` does not hold: github.event_name == 'release'"
    assert reasons["after-always"] == (
        "not all jobs further up succeeded: after-bad (skipped), bad (failure), not-today (skipped); it has no `if`, so all of them have to"
    )
    assert reasons["fast (3)"] == "another job of its matrix failed, and `fail-fast` is on"
    assert reasons["forgiven"].startswith("it failed, and may")


def test_outputs_and_matrix_reach_the_steps(needs: Rehearsed) -> None:
    """A matrix may come from another job's output; `include` adds to the legs that it fits."""
    assert "item x  of 2" in needs.log
    assert "item y plus of 2" in needs.log
    assert "skipped skipped" in needs.log


def test_progress_shows_each_step_and_the_failed_one_in_full(needs: Rehearsed) -> None:
    """Standard error names each job with its line, the state of each step, the log of the failed one, and what came of it all."""
    assert "rehearse: bad in .github/workflows/publish.yml:13" in needs.words
    assert "| ##[error]Process completed with exit code 3." in needs.words
    assert "at .github/workflows/publish.yml:16, job bad" in needs.words
    assert "nothing was published" in needs.words
    assert "echo never: an earlier step failed" in needs.words


def test_the_document_is_what_the_design_says(needs: Rehearsed) -> None:
    """Every key of the contract is there, steps with `run` or `uses`, and where each thing stands."""
    document = needs.document
    assert (document["schema"], document["event"], document["ref"]) == (1, "workflow_dispatch", "refs/heads/main")
    assert document["uploads"] == []
    assert document["release"] is None
    job = needs.job("bad")
    first, second = job["steps"]
    assert first["run"] == "echo broken; exit 3"
    assert "uses" not in first
    assert (first["result"], second["result"]) == ("failure", "skipped")
    assert (job["id"], job["line"], first["line"], first["file"]) == ("bad", 13, 16, ".github/workflows/publish.yml")
    assert first["seconds"] >= 0
    assert document["seconds"] >= sum(job["seconds"] for job in document["jobs"])


CALLED = """
on:
  workflow_call:
    inputs:
      flag: {type: boolean, required: true}
      text: {type: string, default: fallback}
    secrets:
      NAME: {required: false}
    outputs:
      answer: {value: '${{ jobs.inner.outputs.answer }}'}
jobs:
  inner:
    runs-on: ubuntu-latest
    permissions: {id-token: write}
    environment: pypi
    outputs: {answer: '${{ steps.s.outputs.answer }}'}
    steps:
      - run: echo "${{ inputs.flag && 'on' || 'off' }} ${{ inputs.text }} secret=[${{ secrets.NAME }}]"
      - id: s
        run: |
          echo answer=42 >> "$GITHUB_OUTPUT"
          token=$(curl -sS -H "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=pypi" | jq -r .value)
          printf '%s' "$token" | cut -d. -f2 | tr '_-' '/+' | base64 -d 2>/dev/null | jq -r '.job_workflow_ref, .workflow_ref, .environment'
"""
CALLER = """
on: workflow_dispatch
permissions: {}
jobs:
  call:
    uses: ./.github/workflows/called.yml
    permissions: {id-token: write}
    with: {flag: true}
    secrets: {NAME: '${{ secrets.NOTHING }}'}
  after:
    needs: call
    runs-on: ubuntu-latest
    steps:
      - run: echo "the answer is ${{ needs.call.outputs.answer }}"
  no-identity:
    runs-on: ubuntu-latest
    steps:
      - run: test -z "$ACTIONS_ID_TOKEN_REQUEST_URL"; echo "token length ${#TOKEN}, in the log ${{ github.token }}"
        env: {TOKEN: '${{ secrets.GITHUB_TOKEN }}'}
  foreign:
    uses: other/tools/.github/workflows/publish.yml@v1
  after-foreign: {needs: foreign, runs-on: u, steps: [{run: 'echo after foreign'}]}
"""


@pytest.fixture(scope="module")
def calling(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project whose workflow calls two others, one of them of another repository."""
    return project(tmp_path_factory.mktemp("calling") / "p", CALLER, {".github/workflows/called.yml": CALLED})


@pytest.mark.needs("curl", "jq")
def test_a_called_workflow_runs_as_a_part_of_its_caller(calling: Path) -> None:
    """It gets inputs and secrets, gives outputs, its identity names both files, and another repository's is not rehearsed."""
    done = rehearse(calling, "workflow_dispatch", "--workflow", "publish.yml")
    assert done.results == {
        "call / inner": "success",
        "after": "success",
        "no-identity": "success",
        "foreign": "not-rehearsed",
        "after-foreign": "success",
    }
    assert "on fallback secret=[]" in done.log
    assert "octo/small/.github/workflows/called.yml@refs/heads/main\nocto/small/.github/workflows/publish.yml@refs/heads/main\npypi" in done.log
    assert "the answer is 42" in done.log
    assert "in the log ***" in done.log
    assert "token length 40" in done.log
    assert (done.status, done.document["result"]) == (1, "incomplete")
    essential = [each for each in done.document["not_rehearsed"] if each["essential"]]
    assert [each["what"] for each in essential] == ["the job foreign: other/tools/.github/workflows/publish.yml@v1"]
    assert "--repository other/tools=FOLDER" in done.words


@pytest.mark.needs("curl", "jq")
def test_a_folder_stands_for_another_repository(tmp_path: Path) -> None:
    """A workflow of another repository is rehearsed from a folder at the ref that is named, with the identity that GitHub would give it."""
    name = ".github/workflows/publish.yml"
    folder = project(tmp_path / "other", CALLED)
    commit(folder, f"git tag v1; echo broken > {name}; git commit -qam later")
    jobs = {"a": {"uses": f"other/tools/{name}@v1", "with": {"flag": True}}}
    caller = project(tmp_path / "p", json.dumps({"on": "push", "permissions": {"id-token": "write"}, "jobs": jobs}))
    done = rehearse(caller, "push", "--workflow", "publish.yml", "--repository", f"other/tools={folder}")
    assert done.results == {"a / inner": "success"}
    assert f"other/tools/{name}@refs/tags/v1\nocto/small/{name}@refs/heads/main\npypi" in done.log
    assert done.status == 0


WRONG = {
    "unknown input": ("with: {flag: true}", "with: {flags: true}", "Invalid input, flags is not defined in the referenced workflow."),
    "missing input": ("with: {flag: true}", "with: {text: x}", "Input flag is required, but not provided while calling."),
    "no such file": ("called.yml", "call.yml", 'error parsing called workflow "./.github/workflows/call.yml": workflow was not found.'),
    "not callable": (
        "./.github/workflows/called.yml",
        "./.github/workflows/publish.yml",
        "workflow_call key is not defined in the referenced workflow.",
    ),
    "too little permission": (
        "    permissions: {id-token: write}\n    with",
        "    with",
        "Error calling workflow './.github/workflows/called.yml'. The nested job 'inner' is requesting 'id-token: write', but is only allowed "
        "'id-token: none'.",
    ),
    "matrix without values": (
        "runs-on: ubuntu-latest",
        "strategy: {matrix: {a: []}}\n    runs-on: u",
        "Matrix vector 'a' does not contain any values",
    ),
    "condition of a wrong type": (
        "uses: ./",
        "if: fromJSON('{')\n    uses: ./",
        "Error when evaluating 'if' for job 'call'. .github/workflows/publish.yml (Line: 5)",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_workflow_that_github_would_not_run_says_so(name: str, tmp_path: Path) -> None:
    """What only shows when the run is put together ends with GitHub's words: before any job, or at the job."""
    before, after, words = WRONG[name]
    root, scratch = tmp_path / "p", tmp_path / "scratch"
    project(root, CALLER.replace(before, after, 1), {".github/workflows/called.yml": CALLED}, commits=False)
    scratch.mkdir()
    try:
        told = " ".join(job["reason"] for job in plan(root, "workflow_dispatch", "publish.yml", scratch)["jobs"])
    except RunbookError as error:
        told = error.message
    assert words in told
