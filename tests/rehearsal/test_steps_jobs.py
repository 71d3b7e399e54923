"""A job's state from step to step: conditions, failures that may be, time limits, interruption, and what is left at the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from bench import Bench

STATE = r"""
outputs: {seen: "${{ steps.soft.outcome }}/${{ steps.soft.conclusion }}/${{ job.status }}"}
steps:
  - {id: soft, run: exit 2, continue-on-error: "${{ github.event_name == 'push' }}"}
  - {id: next, run: 'echo "${{ steps.soft.outcome }} ${{ job.status }}"'}
  - {id: hard, run: exit 3}
  - {id: after, run: echo never}
  - {id: fail, if: failure() && steps.hard.conclusion == 'failure', run: 'echo "failure ${{ job.status }}"'}
  - {id: always, if: always(), run: 'echo "always ${{ steps.after.outcome }}"'}
  - {id: cancelled, if: cancelled(), run: echo never}
  - {id: broken, if: "always() && fromJSON(env.EMPTY)", run: echo never}
env: {EMPTY: ""}
"""


def test_state(tmp_path: Path) -> None:
    """What failed stops what follows unless it may fail or a condition asks; a condition that cannot be worked out fails its step."""
    ran = Bench(tmp_path).run(STATE)
    assert ran.outcomes == ["success", "success", "failure", "skipped", "success", "success", "skipped", "failure"]
    assert {"failure success", "failure failure", "always skipped"} <= set(ran.lines)
    assert "never" not in ran.printed
    assert ran.result.outputs == {"seen": "failure/success/failure"}
    assert ran.result.result == "failure"
    assert ran.result.reason == "Run exit 3: Process completed with exit code 3."
    assert ran.result.steps[3].reason == "an earlier step failed"
    assert ran.reasons[-1].startswith("The template is not valid. w.yml (Line: 15): ")


HASHES = r"""
steps:
  - {run: 'mkdir -p a .git; echo 1 > a/one.txt; echo 2 > two.lock; printf "%s" "${{ hashFiles(''a/**'') }}" > first'}
  - id: hashes
    run: printf '%s %s %s' "${{ hashFiles('**/*.txt') }}" "${{ hashFiles('**/*.lock', 'a/one.txt') }}" "${{ hashFiles('no') }}" > second
"""


def test_hash_of_files(tmp_path: Path) -> None:
    """hashFiles is worked out when the step begins, as the hash of the files' hashes; nothing found is empty."""
    ran = Bench(tmp_path).run(HASHES)
    one, two, none = (ran.folders.workspace / "second").read_text().split(" ")
    script = "for f; do sha256sum $f | cut -c-64 | xxd -r -p; done | sha256sum | cut -c-64"
    expected = [
        subprocess.run(["sh", "-c", script, "x", *files], cwd=ran.folders.workspace, capture_output=True, text=True, check=True).stdout.strip()
        for files in (["a/one.txt"], ["a/one.txt", "two.lock"])
    ]
    assert [one, two, none] == [*expected, ""]
    assert (ran.folders.workspace / "first").read_text() == ""


TIMES = r"""
steps:
  - {name: slow, run: "echo begins; sleep 31.5 & sleep 31.5", timeout-minutes: 1, continue-on-error: true}
  - {name: later, run: "pgrep -f 'sleep 31[.]5' || echo ended"}
  - {name: endless, run: "yes", timeout-minutes: 1}
"""


def test_time_limit_of_a_step(tmp_path: Path) -> None:
    """A step's limit ends its whole process group and fails it, even when it prints without end."""
    bench = Bench(tmp_path, minute=0.3)
    bench.show = lambda line: bench.lines.append(line) if len(bench.lines) < 1000 else None  # type: ignore[method-assign]
    began = time.monotonic()
    bench.run(TIMES)
    assert time.monotonic() - began < 20
    assert bench.outcomes == ["success", "success", "failure"]
    assert "ended" in bench.lines
    assert bench.reasons == [f"The action '{name}' has timed out after 1 minutes." for name in ("slow", "endless")]


TIME = r"""
timeout-minutes: 1
steps:
  - {name: whole, run: sleep 60}
  - {name: usual, run: echo never}
  - {name: cleaning, if: cancelled(), run: 'echo "cleaning ${{ job.status }}"'}
"""


def test_time_limit_of_the_job(tmp_path: Path) -> None:
    """The job's limit cancels the step that runs, and steps for that case still run."""
    bench = Bench(tmp_path, minute=1.0).run(TIME, RUNNER_NAME="GitHub Actions 7")
    assert bench.outcomes == ["cancelled", "skipped", "success"]
    assert bench.reasons == ["The operation was canceled.", "the job was cancelled"]
    assert "cleaning cancelled" in bench.lines
    assert bench.result.result == "cancelled"
    assert bench.result.reason == "The job running on runner GitHub Actions 7 has exceeded the maximum execution time of 1 minutes."


HIDING = "(setsid env -i PATH=/usr/bin:/bin sleep 4711 >/dev/null 2>&1 &); sleep 4712 >/dev/null 2>&1 & echo on; kill -0 $!"


def running(command: str) -> bool:
    """Tell whether a process with that command line runs."""
    listed = subprocess.run(["ps", "-A", "-o", "args="], capture_output=True, text=True, check=True).stdout.splitlines()
    return any(line.strip() == command for line in listed)


def test_nothing_is_left_running(tmp_path: Path) -> None:
    """A step's background processes live on for the steps that follow, and end with the job, also those that hid."""
    job = f"steps:\n  - run: {HIDING!r}\n  - run: pgrep -f 'sleep 471' | wc -l"
    ran = Bench(tmp_path).run(job.replace("'(", '"(').replace("$!'", '$!"'))
    assert ran.outcomes == ["success", "success"]
    assert sum(line.startswith("Terminate orphan process: pid (") and line.endswith("(sleep)") for line in ran.lines) == 2
    assert not running("sleep 4711")
    assert not running("sleep 4712")


def test_interruption_ends_everything(tmp_path: Path) -> None:
    """Ctrl-C ends the step with its whole group, says so in the results, and comes out."""
    bench = Bench(tmp_path)

    def interrupt_when_begun(line: str) -> None:
        bench.lines.append(line)
        if line == "begun":
            threading.Timer(0.1, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT]).start()

    bench.show = interrupt_when_begun  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        bench.run("steps:\n  - run: echo begun; sleep 4713\n  - {run: echo never, if: always()}")
    assert bench.outcomes == ["cancelled"]
    assert bench.result.result == "cancelled"
    assert not running("sleep 4713")


DRIVER = """
import sys
from pathlib import Path
from bench import Bench
bench = Bench(Path(sys.argv[1]))
bench.show = lambda line: print(line, flush=True)
bench.run("steps: [{run: 'echo begun; sleep 4714'}]")
"""


def test_death_of_the_rehearsal_ends_everything(tmp_path: Path) -> None:
    """When the rehearsal itself is killed, no process of the job outlives it."""
    here = str(Path(__file__).parent)
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(tmp_path / "job")], stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": here}
    )
    assert driver.stdout
    while driver.stdout.readline() != "begun\n":
        assert driver.poll() is None
    driver.kill()
    driver.wait(30)
    driver.stdout.close()
    limit = time.monotonic() + 10
    while running("sleep 4714") and time.monotonic() < limit:
        time.sleep(0.02)
    assert not running("sleep 4714")
