"""Measure which branches of the library a command runs, in every process that it starts: scripts/test --coverage.

Tests start most of the library in processes of their own, with environments that are replaced on purpose. A variable would
get lost there, or be seen by the commands of a page. So a .pth file in the environment starts coverage instead. While it
is there, every other script of this checkout is measured too: do not run one meanwhile.
"""

from __future__ import annotations

import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from environment import PYTHON, ROOT, activate, ensure, fail, say

DATA, REPORT = ROOT / ".runbook" / "coverage", ROOT / ".runbook" / "coverage-report.md"
# Python runs single lines of a .pth file. This one takes its variables back once coverage has read them, and does nothing
# without the folder: a file that a killed run left behind is harmless.
START = """\
import os, coverage; os.path.isdir({folder!r}) and [os.environ.update({settings!r}), coverage.process_startup(), *map(os.environ.pop, {settings!r})]
"""


def measure(parts: list[str], command: list[str]) -> int:
    """Run COMMAND with the environment's Python, report what it covered, and return its exit status.

    parts: as for `environment.run`; one of them has to bring coverage.
    """
    ensure(parts)
    activate()
    # Not in the checkout: a page's commands cannot write there.
    with tempfile.TemporaryDirectory(prefix="pypi-runbook-coverage-") as folder:
        with coverage_everywhere(Path(folder)):
            process = subprocess.Popen([PYTHON, *command])
            # Ctrl-C is for the tests; what they covered until then is still reported.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, lambda number, _: process.send_signal(number))
            status = process.wait()
        report(folder)
    return status if status >= 0 else 128 - status


@contextmanager
def coverage_everywhere(folder: Path) -> Iterator[None]:
    """Let each process of the environment's Python write what it covered to FOLDER."""
    file = Path(python("-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip(), "pypi_runbook_coverage.pth")
    file.write_text(START.format(folder=str(folder), settings=settings(folder)))
    try:
        yield
    finally:
        file.unlink()


def settings(folder: Path) -> dict[str, str]:
    """Return the variables for coverage in a process that may work anywhere."""
    return {"COVERAGE_PROCESS_START": str(ROOT / "pyproject.toml"), "PYPI_RUNBOOK_COVERAGE": str(folder / DATA.name), "PYPI_RUNBOOK_ROOT": str(ROOT)}


def report(folder: str) -> None:
    """Combine what the processes wrote to FOLDER, write the table for CI's summary, and say the total."""
    DATA.parent.mkdir(exist_ok=True)
    python("-m", "coverage", "combine", "--quiet", folder)
    total = python("-m", "coverage", "report", "--format=total").strip()
    table = python("-m", "coverage", "report", "--format=markdown", "--skip-covered", "--sort=-miss")
    REPORT.write_text(f"Branch coverage: **{total} %**\n\n<details>\n<summary>File by file</summary>\n\n{table}\n</details>\n")
    say(f"Branch coverage: {total} %, file by file in {REPORT.relative_to(ROOT)}; `.venv/bin/coverage html` shows the lines")


def python(*arguments: str) -> str:
    """Return what the environment's Python prints, or end the script when it fails."""
    done = subprocess.run([PYTHON, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        fail(f"coverage failed: {done.stdout.strip() or ' '.join(arguments)}", "see above what the tests said; without tests there is no coverage")
    return done.stdout
