"""A workflow file is taken as GitHub takes it, and refused in its words with line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from pypi_runbook.errors import RunbookError
from pypi_runbook.rehearsal.definition import WorkflowDefinition
from pypi_runbook.rehearsal.reading import read_workflow

ROOT = Path(__file__).resolve().parents[2]
FILE = ".github/workflows/w.yml"
JOB = "    runs-on: ubuntu-latest\n    steps:\n      - run: 'true'\n"
HEAD = f"on: push\njobs:\n  a:\n{JOB}"


def read(root: Path, text: str | bytes) -> WorkflowDefinition:
    """Return the workflow that TEXT is, in a repository at ROOT."""
    path = root / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_workflow(path, root)


def refused(root: Path, text: str | bytes) -> RunbookError:
    """Return the error for TEXT."""
    with pytest.raises(RunbookError) as caught:
        read(root, text)
    assert caught.value.status == 2
    assert caught.value.file == FILE
    return caught.value


WRONG = {
    "unknown key": (f"{HEAD}fools: 1\n", 7, 1, "Unexpected value 'fools'"),
    "unknown key of a job": (HEAD.replace("    steps", "    step: 1\n    steps"), 5, 5, "Unexpected value 'step'"),
    "no runner": ("on: push\njobs:\n  a:\n    steps:\n      - run: x\n", 4, 5, "Required property is missing: runs-on"),
    "no jobs": ("on: push\n", 1, 1, "Required property is missing: jobs"),
    "no on": (f"jobs:\n  a:\n{JOB}", 1, 1, "Required property is missing: on"),
    "unknown event": (HEAD.replace("push", "pushed"), 1, 5, "Unexpected value 'pushed'"),
    "unknown event in a list": (HEAD.replace("push", "[push, pushed]"), 1, 12, "Unexpected value 'pushed'"),
    "unknown activity": (HEAD.replace("push", "{release: {types: [publish]}}"), 1, 24, "Unexpected value 'publish'"),
    "filter that the event lacks": (HEAD.replace("push", "{release: {branches: [main]}}"), 1, 16, "Unexpected value 'branches'"),
    "unknown permission": (f"permissions:\n  id-tokens: write\n{HEAD}", 2, 3, "Unexpected value 'id-tokens'"),
    "unknown level": (f"permissions:\n  contents: admin\n{HEAD}", 2, 13, "Unexpected value 'admin'"),
    "id-token cannot be read": (f"permissions:\n  id-token: read\n{HEAD}", 2, 13, "Unexpected value 'read'"),
    "list where a mapping belongs": ("on: push\njobs:\n  - a\n", 3, 3, "A sequence was not expected"),
    "mapping where a text belongs": (HEAD.replace("'true'", "{a: b}"), 6, 14, "A mapping was not expected"),
    "text where a mapping belongs": ("on: push\njobs:\n  a: b\n", 3, 6, "Unexpected value 'b'"),
    "text where a number belongs": (HEAD.replace("    steps", "    timeout-minutes: long\n    steps"), 5, 22, "Unexpected value 'long'"),
    "both run and uses": (HEAD.replace("'true'", "x\n        uses: a/b@v1"), 7, 9, "Unexpected value 'uses'"),
    "neither run nor uses": (
        HEAD.replace("run: 'true'", "name: x"),
        6,
        9,
        "There's not enough info to determine what you meant. Add one of these properties: run, shell, uses, with, working-directory",
    ),
    "bad job id": (
        HEAD.replace("  a:", "  a b:"),
        3,
        3,
        "The identifier 'a b' is invalid. IDs may only contain alphanumeric characters, '_', and '-'. "
        "IDs must start with a letter or '_' and must be less than 100 characters.",
    ),
    "reserved job id": (HEAD.replace("  a:", "  __a:"), 3, 3, "The identifier '__a' is invalid. IDs starting with '__' are reserved."),
    "step id twice": (
        f"{HEAD}      - {{run: x, id: s}}\n      - {{run: x, id: S}}\n",
        8,
        22,
        "The identifier 'S' may not be used more than once within the same scope.",
    ),
    "unknown need": (f"{HEAD}  b:\n    needs: c\n{JOB}", 8, 12, "Job 'b' depends on unknown job 'c'."),
    "circle": (
        f"{HEAD}  b:\n    needs: c\n{JOB}  c:\n    needs: [a, b]\n{JOB}",
        8,
        12,
        "Job 'b' depends on job 'c' which creates a cycle in the dependency graph.",
    ),
    "no first job": (
        f"on: push\njobs:\n  a:\n    needs: a\n{JOB}",
        3,
        3,
        "The workflow must contain at least one job with no dependencies.",
    ),
    "no steps": (
        "on: push\njobs:\n  a:\n    runs-on: x\n",
        3,
        3,
        "No steps defined in `steps` and no workflow called in `uses` for the following jobs: a",
    ),
    "unknown context": (
        HEAD.replace("'true'", "echo ${{ githb.ref }}"),
        6,
        14,
        "Unrecognized named-value: 'githb'. Located at position 1 within expression: githb.ref",
    ),
    "secrets in an if": (
        HEAD.replace("'true'", "x\n        if: secrets.A != ''"),
        7,
        13,
        "Unrecognized named-value: 'secrets'. Located at position 1 within expression: secrets.A != ''",
    ),
    "steps before there are any": (
        HEAD.replace("    steps", "    if: steps.a.outputs.b\n    steps"),
        5,
        9,
        "Unrecognized named-value: 'steps'. Located at position 1 within expression: steps.a.outputs.b",
    ),
    "status function of a step with names": (
        HEAD.replace("'true'", "x\n        if: success('a')"),
        7,
        13,
        "Too many parameters supplied: 'success'. Located at position 1 within expression: success('a')",
    ),
    "status function outside an if": (
        HEAD.replace("'true'", "echo ${{ success() }}"),
        6,
        14,
        "Unrecognized function: 'success'. Located at position 1 within expression: success()",
    ),
    "expression where none may be": (f"name: ${{{{ github.ref }}}}\n{HEAD}", 1, 7, "A template expression is not allowed in this context"),
    "expression that does not end": (
        HEAD.replace("'true'", "echo ${{ github.ref }"),
        6,
        14,
        "The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not found.",
    ),
    "branches and branches-ignore": (
        HEAD.replace("push", "{push: {branches: [a], branches-ignore: [b]}}"),
        1,
        28,
        "you may only define one of `branches` and `branches-ignore` for a single event",
    ),
    "merge key": (f"x: &x {{contents: read}}\npermissions: {{<<: *x}}\n{HEAD}".replace("x: &x", "env: &x"), 2, 14, "Unexpected value '<<'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_github_would_not_start_is_refused_in_its_words(name: str, tmp_path: Path) -> None:
    """Each mistake is named as GitHub names it, with file, line and column."""
    text, line, column, words = WRONG[name]
    error = refused(tmp_path, text)
    assert error.message == f"The workflow is not valid. {FILE} (Line: {line}, Col: {column}): {words}"
    assert (error.id, error.line) == ("invalid-workflow", line)


def test_the_real_workflows_are_valid() -> None:
    """What GitHub runs every day is not refused: this repository's workflows and those of the projects under test."""
    files = [*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("tests/projects/nautobot-ai-ops*/.github/workflows/*.yml")]
    assert len(files) > 3
    for path in files:
        root = path.parents[2]
        assert read_workflow(path, root).jobs


def test_a_workflow_is_taken_apart(tmp_path: Path) -> None:
    """Defaults, `env` and permissions of the workflow reach its jobs; short forms are spelled out; every step has its line."""
    found = read(
        tmp_path,
        """
on: [push, workflow_dispatch]
env: {A: 1, B: x}
permissions: read-all
defaults: {run: {shell: bash}}
concurrency: {group: g}
jobs:
  one:
    runs-on: [self-hosted, linux]
    needs: []
    env: {B: y}
    environment: {name: pypi, url: https://x}
    defaults: {run: {working-directory: src}}
    strategy: {matrix: {python: [3.10, "3.10"]}}
    steps:
      - uses: actions/checkout@v5
        with: {fetch-depth: 0}
      - name: run
        run: |
          a
  two:
    needs: one
    uses: ./.github/workflows/x.yml
    with: {n: 3, flag: true}
    secrets: inherit
    permissions: {id-token: write}
""",
    )
    one, two = found.jobs
    assert found.name == FILE
    assert found.triggers == {"push": {}, "workflow_dispatch": {}}
    assert found.lines == {"push": 2, "workflow_dispatch": 2}
    assert one.env == {"A": "1", "B": "y"}
    assert (one.shell, one.working_directory, one.environment, one.environment_url) == ("bash", "src", "pypi", "https://x")
    assert one.permissions is not None
    assert one.permissions["contents"] == "read"
    assert "id-token" not in one.permissions
    assert one.runs_on == "self-hosted, linux"
    assert one.strategy == {"matrix": {"python": [3.1, "3.10"]}}
    assert [step.line for step in one.steps] == [16, 18]
    assert one.steps[0].inputs == {"fetch-depth": "0"}
    assert (two.calls, two.inputs, two.secrets, two.permissions) == (
        "./.github/workflows/x.yml",
        {"n": 3, "flag": True},
        "inherit",
        {"id-token": "write"},
    )


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe\x00",
        "",
        "- a\n",
        "a: [",
        "on: push\njobs: &j\n  a: *j\n",
        f"on: push\njobs: {'[' * 5000}",
        f"on: push\njobs:\n  a: {'{a: ' * 3000}",
        "on: push\njobs: !!python/object:os.system {}\n",
        "on: push\njobs:\n  ? [a, b]\n  : {runs-on: x, steps: [{run: x}]}\n",
        "on: !!set {push}\njobs: {}\n",
        "on: push\njobs:\n  1: {runs-on: x, steps: {run: x}}\n",
        "on: {schedule: {cron: x}}\njobs: {}\n",
        "on: push\njobs:\n  a: {runs-on: x, steps: [1, 2]}\n",
        "on: push\njobs:\n  a: {runs-on: x, needs: {a: b}, steps: [{run: x}]}\n",
        "on: push\njobs: {}\n---\non: push\n",
        "x: &a [1]\ny: &b [" + "*a," * 9 + "]\n" + "".join(f"z{n}: &{chr(99 + n)} [{f'*{chr(98 + n)},' * 9}]\n" for n in range(9)),
    ],
)
def test_what_is_no_workflow_ends_with_a_message(text: str | bytes, tmp_path: Path) -> None:
    """Broken, nested, hostile: every such file ends with an error that names the file, never with a traceback."""
    refused(tmp_path, text)


@pytest.mark.parametrize(
    ("before", "after"), [("    steps", "    env: X\n    steps"), ("    steps", "    strategy: X\n    steps"), ("'true'", "x\n        env: X")]
)
def test_a_mapping_that_is_one_expression_is_refused_by_name(before: str, after: str, tmp_path: Path) -> None:
    """GitHub takes it, and a rehearsal does not: it says so instead of leaving it out."""
    error = refused(tmp_path, HEAD.replace(before, after.replace("X", "${{ fromJSON('{}') }}")))
    assert "is one expression here" in error.message


def file_of(root: Path, text: str) -> str | None:
    """Return the file that the definition, or the error, of TEXT names."""
    try:
        return read(root, text).file
    except RunbookError as error:
        return error.file


NOISE = ("[", "{", "- ", "&a ", "*a", "!!x ", "? ", ": :", "\t", "${{ ", "'", "|", "<<: *a", "%", "\x00", "needs: ")


def test_a_file_that_was_cut_or_changed_anywhere_is_read_or_refused(tmp_path: Path) -> None:
    """Whatever single cut or change hits the real workflow, reading ends with a definition or with an error that names the file."""
    lines = (ROOT / ".github/workflows/publish-pypi.yml").read_text().splitlines()
    for at in range(0, len(lines), 4):
        noise = NOISE[at // 4 % len(NOISE)]
        changed = [*lines[:at], noise + lines[at][at % 7 :], *lines[at + at % 3 :]]
        assert file_of(tmp_path, "\n".join(changed)) == FILE
