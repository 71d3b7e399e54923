"""A session ends with everything that belongs to it, however it ends; and what one path sees is not another's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pypi_runbook import processes
from pypi_runbook.pages import leftovers
from pypi_runbook.pages.ready import ready_ensurepip
from pypi_runbook.pages.sandbox import Sandbox, session_parent
from pypi_runbook.pages.session import PathSpec, Session
from pypi_runbook.pages.snippet import Snippet
from pypi_runbook.twin.namespace import namespaces_work

ROOT = Path(__file__).resolve().parents[2]
# A time to sleep that is this process's own.
SECONDS = 1_000_000 + os.getpid()
PROJECT = ROOT / "tests/projects/tiny"


def path_of(*texts: str, needs: tuple[str, ...] = ("git", "python3"), fault: str = "", templates: Path | None = None, **options: str) -> PathSpec:
    """Return a path of bash fences."""
    snippets = [Snippet("tiny", "docs/page.md", number, number * 10, "bash", text, options) for number, text in enumerate(texts, 1)]
    return PathSpec("tiny", "docs/page.md", "", ROOT, PROJECT, needs, fault, snippets, templates)


def results(spec: PathSpec) -> list[tuple[str, str]]:
    """Run a whole path; return each result with its reason."""
    session = Session(spec)
    outcomes = session.reach(len(spec.snippets))
    session.close()
    return [(outcome.result, outcome.reason) for outcome in outcomes]


def test_whoever_asked_is_killed(tmp_path: Path) -> None:
    """Nothing of a session outlives the process that asked for it: no process, no folder."""
    detached = f'python3 -c \'import subprocess; subprocess.Popen(["sleep", "{SECONDS}"], start_new_session=True)\'\nsleep {SECONDS}'
    program = f"from test_session_end import Session, path_of; Session(path_of({detached!r})).reach(1)"
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parent)}
    asking = subprocess.Popen([sys.executable, "-c", program], env=environment)
    wait_until(lambda: len(sleeping()) == 2)
    asking.send_signal(signal.SIGKILL)
    asking.wait(30)
    wait_until(lambda: not sleeping() and not list(tmp_path.iterdir()))


def test_a_session_that_does_not_answer_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A path has a limit; a supervisor that cannot even end is killed with its processes and its folder, and the page and the limit are named."""
    for name, seconds in (("START", 10), ("BETWEEN", 0), ("END", 1)):
        monkeypatch.setattr(f"pypi_runbook.pages.session.{name}", seconds)
    before = set(Path(session_parent()).glob("rb-*"))
    spec = path_of(f"kill -STOP $PPID; sleep {SECONDS}", "true", timeout="1")
    assert results(spec) == [("failed", f"docs/page.md:{line}: this path did not answer within 12 s, and was ended; see stderr") for line in (10, 20)]
    assert not sleeping()
    assert set(Path(session_parent()).glob("rb-*")) <= before


def test_a_block_starts_with_default_signal_handlers() -> None:
    """A pipe that nobody reads ends its writer silently, as in a terminal: nothing that our Python ignores is inherited."""
    assert results(path_of("yes | head -n 1 >/dev/null", exit="141")) == [("passed", "")]


def sleeping() -> list[str]:
    """Return the commands of this test that still run."""
    return [process.command for process in processes.running() if process.command == f"sleep {SECONDS}"]


def wait_until(condition: object, seconds: float = 30) -> None:
    """Wait until CONDITION holds, or fail."""
    assert callable(condition)
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, f"after {seconds} s: {sleeping()}"
        time.sleep(0.05)


def test_a_closed_session_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that ends as it should takes its folders with it, read-only ones too."""
    made = Path(session_parent())
    before = set(made.glob("rb-*"))
    monkeypatch.chdir(tmp_path)
    assert results(path_of("mkdir locked && touch locked/file && chmod 500 locked")) == [("passed", "")]
    assert set(made.glob("rb-*")) <= before


def test_a_path_sees_what_its_page_promises() -> None:
    """PATH holds the page's needs and base tools, HOME and TMPDIR are empty, and no credential is set."""
    checks = [
        'git rev-parse --is-inside-work-tree && git remote get-url origin && test -z "$(git status --porcelain)"',
        'test -z "$(ls "$TMPDIR")" && test "$(ls -A "$HOME")" = .gitconfig',
        "! command -v twine && ! command -v pip && ! command -v cc",
        'test -z "$TWINE_PASSWORD$UV_PUBLISH_TOKEN$POETRY_PYPI_TOKEN_PYPI$GH_TOKEN"',
        "python3 -m venv inner && inner/bin/python -c 'import sys; assert sys.prefix != sys.base_prefix'",
    ]
    assert results(path_of(*checks)) == [("passed", "")] * 5


def test_paths_of_a_run_see_one_state_of_the_project(tmp_path: Path) -> None:
    """The first clone is shared and copied, so that no path changes another's."""
    for _ in range(2):
        spec = path_of("test ! -e mine && touch mine && git add mine && git commit --quiet --message mine && git push --quiet", templates=tmp_path)
        assert results(spec) == [("passed", "")]


def test_a_need_that_the_machine_lacks_skips_the_path() -> None:
    """The reason names the tool; nothing of the path is run."""
    assert results(path_of("false", needs=("no-such-tool",))) == [("skipped", "this machine has no no-such-tool")]


def test_a_fault_that_the_twin_does_not_know_fails_the_path() -> None:
    """The message names page, line and fault."""
    reason = "there is no fault named no-such-fault"
    assert results(path_of("true", fault="no-such-fault")) == [("failed", f"docs/page.md:10: {reason}")]


def test_a_fault_is_on_while_the_path_runs() -> None:
    """The page's `fault:` breaks the twin: its index answers as during an outage."""
    ask = "python3 -c 'import urllib.request as r; r.urlopen(\"https://pypi.org/simple/\")' 2>said || grep 'HTTP Error 503' said"
    assert results(path_of(ask, fault="outage")) == [("passed", "")]
    assert results(path_of(ask, fault="slow:seconds=0 outage:index=pypi")) == [("passed", "")]


def test_files_outside_the_sandbox_are_compared(tmp_path: Path) -> None:
    """Where folders cannot be made read-only, what was made or deleted meanwhile is found."""
    checkout, home = tmp_path / "checkout", tmp_path / "home"
    (checkout / "src").mkdir(parents=True)
    home.mkdir()
    (checkout / "src" / "old.py").touch()
    before = leftovers.Files.now(checkout, home)
    (checkout / "src" / "new.py").touch()
    (checkout / "src" / "old.py").unlink()
    (home / ".pypirc").touch()
    after = leftovers.Files.now(checkout, home)
    expected = [f"{checkout}/src/new.py was made", f"{checkout}/src/old.py was deleted", f"{home}/.pypirc was made"]
    assert before.changes(after) == sorted(expected)


def test_a_missing_tool_is_named_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox that cannot be made leaves no folder behind."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(Exception, match="no-such-tool"):
        Sandbox.make(PROJECT, "tiny", ["no-such-tool"])
    assert not list(tmp_path.iterdir())


# Lists an environment: each name, its rights, and where it leads or what it holds, with PLACE for its own place; compiled files hold times.
DESCRIBE = """
import os, stat, sys
from pathlib import Path

place = Path(sys.argv[1])
for path in sorted(place.rglob("*")):
    held = os.readlink(path) if path.is_symlink() else b"" if path.is_dir() or path.suffix == ".pyc" else path.read_bytes()
    held = held.replace(str(place).encode(), b"PLACE") if isinstance(held, bytes) else held
    is_record = path.name == "RECORD"
    lines = sorted(line for line in held.splitlines() if b"/bin/" not in line) if is_record else held
    print(path.relative_to(place), stat.filemode(path.lstat().st_mode), lines)
"""
# Says whether each command that pip's RECORD names is the one that lies there, by its hash and size.
VERIFY = """
import base64, hashlib, sys
from importlib.metadata import distribution

commands = [file for file in distribution("pip").files if "bin" in file.parts]
for file in commands:
    content = file.locate().read_bytes()
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    assert (file.hash.value, file.size) == (digest, len(content)), file
assert len(commands) == 3
"""


@pytest.mark.parametrize("options", ["", "--system-site-packages", "--without-pip"])
def test_an_environment_is_the_one_that_a_reader_makes(options: str, tmp_path: Path) -> None:
    """`python3 -m venv` in a session makes the same files as anywhere, with the same rights; only the place in them differs."""
    plain, describe, verify = tmp_path / "env", tmp_path / "describe.py", tmp_path / "verify.py"
    describe.write_text(DESCRIBE)
    verify.write_text(VERIFY)
    subprocess.run([sys._base_executable, "-m", "venv", *options.split(), plain], check=True)  # type: ignore[attr-defined]
    checks = [
        f'python3 -m venv {options} "$TMPDIR/env"',
        f'python3 {describe} "$TMPDIR/env" > made && python3 {describe} {plain} > plain && diff plain made && grep -q activate made',
        f'test "{options}" = --without-pip || "$TMPDIR/env/bin/pip" --version | grep -F " $TMPDIR/env/"',
        f'test "{options}" = --without-pip || "$TMPDIR/env/bin/python" {verify}',
    ]
    assert results(path_of(*checks, timeout="120")) == [("passed", "")] * 4


@pytest.mark.skipif(ready_ensurepip() is None or not namespaces_work(), reason="without namespaces, Python installs pip itself")
@pytest.mark.parametrize(("folder", "is_copy"), [("env", True), ("two words", False), ("e" * 130, False)])
def test_pip_is_copied_where_that_changes_nothing(folder: str, is_copy: bool) -> None:
    """A new environment gets the pip that was installed before; where pip's commands would begin differently, Python installs it."""
    pip = '"$TMPDIR/$folder"/lib/python*/site-packages/pip/__init__.py'
    made = f'folder="{folder}" && python3 -m venv "$TMPDIR/$folder" && "$TMPDIR/$folder/bin/pip" --version'
    older = f'{"" if is_copy else "! "}test {pip} -ot "$TMPDIR/$folder/pyvenv.cfg"'
    assert results(path_of(made, older, timeout="120")) == [("passed", "")] * 2
