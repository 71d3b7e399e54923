"""Whatever a workflow says, its rehearsal ends with a document or with an error that names a file; never with a traceback or not at all."""

from __future__ import annotations

import json
import resource
import tempfile
import time
from pathlib import Path

import pytest
from bench import Bench
from hostile import Files, hostile_projects, project_of
from hostile_rehearsals import BOMBS, CALLED, PUBLISH, RICH, changed, hostile_rehearsals
from hypothesis import given, settings
from hypothesis import strategies as st
from planning import plan
from small import project, rehearse

from pypi_runbook.errors import RunbookError
from pypi_runbook.rehearsal.choosing import EVENTS
from pypi_runbook.rehearsal.matrix import legs
from pypi_runbook.rehearsal.order import in_order

# What one case may cost: seconds of this process, and megabytes above what it had.
SECONDS, MEGABYTES = 10, 400
# Errors about all workflows together.
ABOUT_ALL = ("no-such-workflow", "which-workflow")


def ends_well(root: Path, event: str, file: str | None) -> bool:
    """Plan a rehearsal of the project in ROOT; tell whether it came to a document."""
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with tempfile.TemporaryDirectory() as scratch:
        error = refused(root, event, file, Path(scratch))
    assert time.process_time() - begun < SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEGABYTES * 1024
    assert error is None or (error.status == 2 and error.message and error.next and (error.file or error.id in ABOUT_ALL)), error
    return error is None


def refused(root: Path, event: str, file: str | None, scratch: Path) -> RunbookError | None:
    """Return the error with which the rehearsal of FILE in ROOT ends, None when it gives a document."""
    try:
        json.dumps(plan(root, event, file, scratch))
    except RunbookError as error:
        return error
    return None


def test_hostile_workflows() -> None:
    """Workflows with changes in what only a rehearsal reads end with a document or a message, and enough of them with a document."""
    documents = []

    @given(hostile_rehearsals(), st.sampled_from(EVENTS))
    def plan_one(files: Files, event: str) -> None:
        with project_of(files) as root:
            documents.append(ends_well(root, event, Path(PUBLISH).name))

    plan_one()
    assert sum(documents) > len(documents) / 10


# Most of them say nothing to a rehearsal that they do not say to `show`, which reads many more.
@settings(max_examples=settings().max_examples // 4)
@given(hostile_projects(), st.sampled_from(EVENTS))
def test_hostile_projects(files: Files, event: str) -> None:
    """Projects with tokens and bytes deleted, doubled, swapped, put in or cut off end with a document or a message."""
    with project_of(files) as root:
        ends_well(root, event, None)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb(tmp_path: Path, name: str) -> None:
    """Expressions that grow, matrices in matrices, patterns that no engine ends and calls without end cost neither time nor memory."""
    BOMBS[name](tmp_path)
    ends_well(tmp_path, "push" if name.startswith("paths") else "release", Path(PUBLISH).name)


def test_thousands_of_jobs_are_ordered_at_once() -> None:
    """A long row of jobs, the last of which comes first, is in order in time that grows with its length; a circle is left out."""
    row = {f"j{number}": {f"j{number + 1}"} for number in range(20_000)}
    begun = time.process_time()
    assert in_order({**row, "j20000": set()}) == [f"j{number}" for number in range(20_000, -1, -1)]
    assert in_order({"a": {"b"}, "b": {"a"}, "c": {"a"}, "d": set(), "e": {"d", "nobody"}}) == ["d"]
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("key", ["include", "exclude"])
def test_a_matrix_is_not_compared_without_end(key: str) -> None:
    """Thousands of entries for thousands of combinations are GitHub's error at once."""
    with pytest.raises(ValueError, match="Maximum events exceeded"):
        legs({"a": list(range(250)), "b": list(range(250)), key: [{"a": {"x": number}} for number in range(10_000)]})


# Jobs that go wrong for whoever runs them, and what the first step that fails, or the job, says.
JOBS = {
    "a shell that does not end": ("steps: [{run: 'true', shell: \"bash ' {0}\"}]", "Invalid shell option. no closing quotation"),
    "a folder of a name too long": (f"steps: [{{run: 'true', working-directory: {'x' * 5_000}}}]", "No such file or directory"),
    "an action of a name too long": (f"steps: [{{uses: ./{'x' * 5_000}}}]", "Can't find 'action.yml'"),
    "a word with a NUL": ('steps: [{run: "true", shell: "bash \\0 {0}"}]', "exit code 126"),
    "time without end": ("timeout-minutes: 1e400\nsteps: [{run: 'exit 3', timeout-minutes: .inf}]", "exit code 3"),
    "no time at all": ("timeout-minutes: .nan\nsteps: [{run: 'exit 3', timeout-minutes: .nan}]", "exit code 3"),
    "half a character": ('steps: [{run: "exit 3 ${{ fromJSON(\'\\"\\\\ud800\\"\') }}"}]', "exit code"),
    "garbage": ("steps: [{run: 'head -c 3000 /dev/zero | tee -a $GITHUB_ENV $GITHUB_PATH >> $GITHUB_OUTPUT'}]", "Unable to process file command"),
    "more env than a system takes": (
        f"env: {{A: \"${{{{ format('{'{0}' * 100}', '{'x' * 9_000}') }}}}\"}}\nsteps: [{{run: 'true'}}]",
        "exit code 126",
    ),
    "more env than GitHub keeps": (
        "env: {" + ", ".join(f"A{number}: \"${{{{ format('{'{0}' * 200}', '{'x' * 9_000}') }}}}\"" for number in range(9)) + "}\nsteps: [{run: x}]",
        "Maximum object size exceeded",
    ),
}


@pytest.mark.parametrize("name", JOBS)
def test_a_step_fails_in_words(tmp_path: Path, name: str) -> None:
    """What no system takes fails its step, or its job, with a message."""
    job, words = JOBS[name]
    ran = Bench(tmp_path).run(job)
    assert ran.result.result == "failure"
    assert words in f"{ran.reasons} {ran.result.reason}"


# Each example is two processes and a repository.
@settings(max_examples=max(2, settings().max_examples // 50))
@given(changed(RICH).map(lambda text: without_work(text)), st.sampled_from(EVENTS))
def test_the_command_on_hostile_workflows(text: str, event: str) -> None:
    """The command ends with a document and status 0 or 1, or with status 2 and a message, and never with a traceback."""
    with tempfile.TemporaryDirectory() as folder:
        root = project(Path(folder, "p"), text, {".github/workflows/other.yml": CALLED.decode()})
        done = rehearse(root, event, "--workflow", Path(PUBLISH).name)
    assert "Traceback" not in done.words
    assert (done.status == 2) == ("\nerror: " in f"\n{done.words}")
    assert done.status in (0, 1, 2)
    assert ("error" if done.status == 2 else "jobs") in done.document


def without_work(text: bytes) -> str:
    """Return the workflow TEXT with steps that do nothing."""
    lines = text.decode(errors="replace").replace("        with:\n", "        env:\n").splitlines()
    return "\n".join("      - run: 'true'" if line.startswith("      - uses:") else line for line in lines)
