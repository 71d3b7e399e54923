#!/usr/bin/env python3
"""What a rehearsal of a release costs beside its own steps, run bare: the commands of the same workflow file in one shell.

    .venv/bin/python tests/benchmarks/rehearsal.py [--rounds 3] [--write]

Both publish a release of this repository in a clone, a HOME and a twin of their own, one after the other in each round; the machine's
speed drifts, so the ratio of each pair counts. Bare are the texts of the file's `run:` steps, and one command for each action: git for the
checkout, venv for Python, cp for the artifact, twine for the upload. A run counts only when the twin holds both files at its end.
`--write` keeps the result for the site.
"""

from __future__ import annotations

import os
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from keeping import keep, read_options

from pypi_runbook.pages.sandbox import Sandbox
from pypi_runbook.project import Facts, Step, read_project
from pypi_runbook.twin import Twin

ROOT = Path(__file__).resolve().parents[2]
JOBS = ("build", "pypi", "notes")
BEGIN = """\
set -e
export RUNNER_TEMP=$TMPDIR/runner GITHUB_PATH=$TMPDIR/path GITHUB_OUTPUT=$TMPDIR/output GITHUB_STEP_SUMMARY=$TMPDIR/summary
mkdir "$RUNNER_TEMP"
touch "$GITHUB_PATH"
"""
# After a step, what it put on PATH is there for the next.
NEXT = 'while read -r folder; do PATH=$folder:$PATH; done <"$GITHUB_PATH"; : >"$GITHUB_PATH"\n'
ACTIONS = {
    "actions/checkout": 'git clone --quiet --depth 1 "file://$ORIGIN" "$TMPDIR/workspace"; cd "$TMPDIR/workspace"',
    "actions/setup-python": 'python3 -m venv "$TMPDIR/python"; PATH=$TMPDIR/python/bin:$PATH',
    "actions/upload-artifact": 'cp -R dist "$TMPDIR/artifact"',
    "actions/download-artifact": 'mkdir "$TMPDIR/second"; cd "$TMPDIR/second"; cp -R "$TMPDIR/artifact" dist',
    "pypa/gh-action-pypi-publish": "twine check --strict dist/*; TWINE_USERNAME=__token__ twine upload dist/*",
}


def bare(facts: Facts, folder: Path) -> str:
    """Return the steps of the jobs that a release runs as one script, their texts in files in FOLDER."""
    (workflow,) = (workflow for workflow in facts.workflows if any(job.publishes for job in workflow.jobs))
    jobs = {job.id: job for job in workflow.jobs}
    steps = [step for name in JOBS for step in jobs[name].steps]
    return BEGIN + NEXT.join(command_of(step, folder / f"step{number}") for number, step in enumerate(steps))


def command_of(step: Step, file: Path) -> str:
    """Return what STEP does as one line for bash."""
    if step.uses:
        return ACTIONS[step.uses.partition("@")[0]] + "\n"
    file.write_text(step.run or "")
    shell = "python" if step.shell == "python" else "bash --noprofile --norc -eo pipefail"
    return f"{shell} {shlex.quote(str(file))}\n"


def variables(facts: Facts, twin: Twin, origin: Path) -> dict[str, str]:
    """Return what the steps' expressions stand for when this version is released, with the release made."""
    name, version = str(facts.project.name), str(facts.project.version)
    slug = f"{facts.repository.owner}/{facts.repository.name}"
    twin.perform("github-repository", repository=slug, origin=str(origin))
    token = twin.perform("github-token", repository=slug, permissions={"contents": "write"})["token"]
    release = twin.perform("github-release", repository=slug, tag=version, name=version, body="", prerelease=False, draft=False, target="")
    place = {"RELEASE": f"repos/{slug}/releases/{release['id']}", "ORIGIN": str(origin), "POETRY_VIRTUALENVS_CREATE": "false"}
    step = {"TESTPYPI": "false", "TAG": version, "PRERELEASE": "false", "VERSION": version, "NAME": name}
    return {**place, **step, "GH_TOKEN": token, "TWINE_PASSWORD": twin.token("pypi")}


def run_bare(sandbox: Sandbox, twin: Twin) -> subprocess.CompletedProcess[str]:
    """Run the bare steps to their end."""
    facts = read_project(sandbox.project)
    script = sandbox.driver / "all"
    script.write_text(bare(facts, sandbox.driver))
    environment = {**twin.environment(sandbox.home, sandbox.tmp), **variables(facts, twin, sandbox.folder / "origin.git"), "PATH": str(sandbox.bin)}
    return finished(twin.wrap(["bash", str(script)]), sandbox.project, environment)


def run_rehearsal(sandbox: Sandbox, twin: Twin) -> subprocess.CompletedProcess[str]:
    """Rehearse in the same twin, as the bare steps run."""
    path = os.pathsep.join([str(sandbox.bin), os.environ["PATH"]])
    environment = {**twin.environment(sandbox.home, sandbox.tmp), "PATH": path}
    command = [sys.executable, "-m", "pypi_runbook", "rehearse", "release", "--yes", "--project", str(sandbox.project)]
    return finished(twin.wrap(command), sandbox.project, environment)


def finished(command: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run COMMAND and return it when it has ended."""
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


WAYS = {"rehearsal": run_rehearsal, "bare": run_bare}


def seconds(way: str) -> float:
    """Return how long the release takes on that WAY; ends with its last words when it did not publish."""
    sandbox = Sandbox.make(ROOT, "pypi-runbook", ["git", "python3"])
    try:
        with Twin.start(project=sandbox.project) as twin:
            began = time.monotonic()
            done = WAYS[way](sandbox, twin)
            took = time.monotonic() - began
            if len(twin.uploads("pypi")) != 2:
                raise SystemExit(f"{way} did not publish:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
            return took
    finally:
        sandbox.remove()


def rounds(count: int) -> Iterator[float]:
    """Yield the ratio of each of COUNT pairs, printing what it is made of."""
    for number in range(count):
        took = {way: seconds(way) for way in WAYS}
        ratio = took["rehearsal"] / took["bare"]
        print(f"round {number + 1}: rehearsal {took['rehearsal']:.1f} s, bare {took['bare']:.1f} s, ratio {ratio:.2f}", flush=True)
        yield ratio


def main() -> None:
    """Print one line a round, then the median of the ratios, and perhaps keep it."""
    options = read_options(__doc__, 3)
    keep("rehearsal", options, {"ratio": round(statistics.median(rounds(options.rounds)), 2)})


if __name__ == "__main__":
    main()
