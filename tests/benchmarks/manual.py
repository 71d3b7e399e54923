#!/usr/bin/env python3
"""What the helper scripts cost beside the tools typed by hand: both ways of the page about manual publishing, from a fresh clone to the end.

    .venv/bin/python tests/benchmarks/manual.py [--rounds 3] [--write]

Both run their published blocks in a bare bash, each in a clone, a HOME and a twin of its own, one after the other in each round; the
machine's speed drifts, so the ratio of each pair counts. The scripts begin without their environment and make it; by hand the tools
are installed. A run counts only when the twin holds both files on both indexes at its end. `--write` keeps the result for the site.
"""

from __future__ import annotations

import statistics
import subprocess
import time

from keeping import keep, read_options

from pages import lines_of, specs_of
from pypi_runbook.pages.sandbox import Sandbox
from pypi_runbook.pages.session import PathSpec
from pypi_runbook.project import read_project
from pypi_runbook.twin import Twin

PAGE = "docs/publishing/manual.md"
WAYS = {"scripts": "Helper scripts", "by-hand": "build + twine"}


def seconds(spec: PathSpec) -> float:
    """Return how long the blocks of SPEC take, sandbox and twin made before; ends with the last words when they did not publish."""
    sandbox = Sandbox.make(spec.project_root, spec.guide, spec.needs)
    try:
        with Twin.start(project=sandbox.project) as twin:
            tokens = {f"token:{index}": twin.token(index) for index in ("pypi", "testpypi")}
            script = sandbox.driver / "all"
            blocks = [lines_of(snippet, sandbox.driver, tokens) for snippet in spec.snippets if "skip" not in snippet.options]
            script.write_text("\n".join(f"{block} || exit" for block in blocks))
            environment = {**twin.environment(sandbox.home, sandbox.tmp), "PATH": str(sandbox.bin)}
            began = time.monotonic()
            command = twin.wrap(["bash", str(script)])
            done = subprocess.run(command, cwd=sandbox.project, env=environment, capture_output=True, text=True, check=False)
            took = time.monotonic() - began
            name = str(read_project(sandbox.project).project.name)
            held = [len(twin.files(index, name)) for index in ("testpypi", "pypi")]
            if held != [2, 2]:
                raise SystemExit(f"{spec.label} did not publish ({held}):\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
            return took
    finally:
        sandbox.remove()


def main() -> None:
    """Print one line a round, then the median of the ratios, and perhaps keep it."""
    options = read_options(__doc__, 3)
    own = {spec.path: spec for spec in specs_of(PAGE) if spec.guide in ("", "pypi-runbook")}
    specs = {way: next(spec for path, spec in own.items() if label in path) for way, label in WAYS.items()}
    ratios = []
    for number in range(options.rounds):
        took = {way: seconds(spec) for way, spec in specs.items()}
        ratios.append(took["scripts"] / took["by-hand"])
        print(f"round {number + 1}: scripts {took['scripts']:.1f} s, by hand {took['by-hand']:.1f} s, ratio {ratios[-1]:.2f}", flush=True)
    keep("manual", options, {"ratio": round(statistics.median(ratios), 2)})


if __name__ == "__main__":
    main()
