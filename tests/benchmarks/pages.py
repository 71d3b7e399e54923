#!/usr/bin/env python3
"""How much a run of a page costs beside its commands: the tests' run of each path against the same blocks in a bare bash.

    .venv/bin/python tests/benchmarks/pages.py docs/publishing/metadata.md [RUNS]

Both sides have the same sandbox, twin and environment; the bare side has no Sybil, no pytest, no checks and no results.
The machine's speed drifts, so both run in turn and the ratio of each pair counts, not the seconds.
"""

from __future__ import annotations

import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

from pypi_runbook.pages.guides import guides
from pypi_runbook.pages.render import render_guide
from pypi_runbook.pages.sandbox import Sandbox
from pypi_runbook.pages.session import PathSpec
from pypi_runbook.pages.snippet import Snippet, paths
from pypi_runbook.twin import Twin

ROOT = Path(__file__).resolve().parents[2]


def specs_of(page_path: str) -> list[PathSpec]:
    """Return what the tests run of one page: each path of each guide."""
    found = []
    for guide in guides(ROOT):
        page = next(page for page in render_guide(guide) if page.path == page_path)
        found += [PathSpec.of(guide, page, path) for path in paths(page)]
    return [spec for spec in found if spec.snippets]


def lines_of(snippet: Snippet, folder: Path, tokens: dict[str, str]) -> str:
    """Return the line of shell that runs SNIPPET as it stands, with what a reader types on its standard input."""
    block, typed = folder / f"{snippet.number}.block", folder / f"{snippet.number}.input"
    wanted = snippet.options.get("input", "")
    typed.write_text(f"{tokens.get(wanted, wanted)}\n" if wanted else "")
    text = snippet.text
    if snippet.language == "console":
        text = "\n".join(line[2:] for line in text.splitlines() if line.startswith(("$ ", "> ")))
    block.write_text(text + "\n")
    command = f"python3 {block}" if snippet.language == "python" else f". {block}"
    return f"{command} <{shlex.quote(str(typed))}"


def bare(spec: PathSpec) -> float:
    """Return the seconds that the commands of SPEC take by themselves, sandbox and twin made before."""
    sandbox = Sandbox.make(spec.project_root, spec.guide, spec.needs)
    try:
        with Twin.start(project=sandbox.project) as twin:
            tokens = {f"token:{index}": twin.token(index) for index in ("pypi", "testpypi")}
            script = sandbox.driver / "all"
            script.write_text("\n".join(lines_of(snippet, sandbox.driver, tokens) for snippet in spec.snippets if "skip" not in snippet.options))
            environment = {**twin.environment(sandbox.home, sandbox.tmp), "PATH": str(sandbox.bin)}
            started = time.monotonic()
            subprocess.run(twin.wrap(["bash", str(script)]), cwd=sandbox.project, env=environment, capture_output=True, check=False)
            return time.monotonic() - started
    finally:
        sandbox.remove()


def tested(page_path: str) -> float:
    """Return the seconds that the tests take for the page, one path after the other."""
    started = time.monotonic()
    subprocess.run([sys.executable, "-m", "pytest", "-q", "-n", "0", page_path], cwd=ROOT, capture_output=True, check=True)
    return time.monotonic() - started


def main() -> None:
    """Print one line a pair, and the median of the ratios."""
    page_path, runs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    specs, ratios = specs_of(page_path), []
    for number in range(runs):
        floor, whole = sum(map(bare, specs)), tested(page_path)
        ratios.append(whole / floor)
        print(f"run {number + 1}: commands alone {floor:.2f} s, tested {whole:.2f} s, ratio {ratios[-1]:.2f}", flush=True)
    print(f"{page_path}: {len(specs)} paths, median ratio {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
