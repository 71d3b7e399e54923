"""Make or find the environment of this repository's scripts, with nothing but Python 3.11 and git.

`poetry.lock` says what is installed: exact versions, hashes checked by pip, no Poetry needed. The environment is
`.venv/`, shared by all scripts; it grows by the groups and extras that a script names, and it is made anew when the lock
changed or when an earlier installation was interrupted.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
RECORD = VENV / "pypi-runbook.json"
PROJECT = VENV / "pypi-runbook.sha256"
EXTRAS = ("twin", "site", "doctor")
GROUPS = ("backend", "test", "lint", "lock", "zensical")


def run(parts: Iterable[str], command: list[str]) -> NoReturn:
    """Replace this process by COMMAND, run by an environment that holds PARTS.

    parts: names of extras and Poetry groups beside the core dependencies, for example `site` or `lint`.
    command: arguments for the environment's Python, for example `["-m", "pytest"]`; relative paths are the caller's.
    """
    ensure(parts)
    activate()
    os.execv(PYTHON, [str(PYTHON), *command])  # noqa: S606 - the script becomes the command, so signals and status are its own


def activate() -> None:
    """Put the environment's commands first on PATH, as its activate script does."""
    os.environ["PATH"] = f"{PYTHON.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def ensure(parts: Iterable[str]) -> None:
    """Install what is missing of the core dependencies, the backend and PARTS; do nothing when all of it is there."""
    wanted = {"main", "backend", *parts}
    if unknown := wanted - {"main", *EXTRAS, *GROUPS}:
        fail(f"there is no group or extra named {', '.join(sorted(unknown))}", "choose from " + ", ".join((*EXTRAS, *GROUPS)))
    if installed() >= wanted and current():
        return
    with locked():
        have = installed()
        if not have >= wanted:
            install(have | wanted, fresh=not have)
        if not current():
            install_project()


def installed() -> set[str]:
    """Return the parts that the environment holds for this Python and this lock; empty when it has to be made anew."""
    try:
        record = json.loads(RECORD.read_text())
    except (OSError, ValueError):
        return set()
    return set(record["parts"]) if record["key"] == key() else set()


def key() -> str:
    """Return what an environment is valid for: Python, the lock, and the place of the checkout."""
    return hashlib.sha256(f"{sys.version} {ROOT} ".encode() + (ROOT / "poetry.lock").read_bytes()).hexdigest()


def current() -> bool:
    """Say whether the project itself is installed with the metadata that pyproject.toml has now."""
    return PROJECT.exists() and PROJECT.read_text() == metadata_key()


def metadata_key() -> str:
    """Return what the installed project was made from."""
    return hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()


def install(parts: set[str], *, fresh: bool) -> None:
    """Bring `.venv` to PARTS; without its record, an interrupted installation is made anew by the next run."""
    lines = requirements(parts)
    say(f"Setting up .venv for {', '.join(sorted(parts - {'main'}))}: up to {len(lines)} locked distributions, about a minute the first time.")
    RECORD.unlink(missing_ok=True)
    if fresh:
        shutil.rmtree(VENV, ignore_errors=True)
        call([sys.executable, "-m", "venv", str(VENV)], "install the venv module (on Debian and Ubuntu: python3-venv)")
    with tempfile.TemporaryDirectory() as folder:
        listing = Path(folder, "requirements.txt")
        listing.write_text("\n".join(lines) + "\n")
        pip("--require-hashes", "--no-deps", "--requirement", str(listing))
    RECORD.write_text(json.dumps({"key": key(), "parts": sorted(parts)}))


def install_project() -> None:
    """Install the project itself, so that its command and its metadata are those of the checkout."""
    pip("--no-deps", "--no-build-isolation", "--no-index", "--editable", str(ROOT))
    PROJECT.write_text(metadata_key())
    say("The environment is ready.")


def requirements(parts: set[str]) -> list[str]:
    """Return a hashed requirement line for each locked distribution that belongs to one of PARTS."""
    import tomllib  # not at the top: an older Python has to get as far as the message at the end

    lock = tomllib.loads((ROOT / "poetry.lock").read_text())
    return [line for package in lock["package"] for line in lines_for(package, parts)]


def lines_for(package: dict[str, Any], parts: set[str]) -> Iterator[str]:
    """Yield PACKAGE's requirement line, with the markers under which any of PARTS wants it."""
    groups = [group for group in package["groups"] if group in parts]
    markers = package.get("markers")
    wanted = [markers.get(group, "") if isinstance(markers, dict) else markers or "" for group in groups]
    wanted = [decide_extras(marker, parts) for marker in wanted]
    if wanted:
        condition = "" if "" in wanted else " ; " + " or ".join(f"({marker})" for marker in wanted)
        hashes = " ".join(f"--hash={file['hash']}" for file in package["files"])
        yield f"{package['name']}=={package['version']}{condition} {hashes}"


def decide_extras(marker: str, parts: set[str]) -> str:
    """Return MARKER with each `extra == "x"` decided, since a requirements file knows no extras of its own."""
    return re.sub(r'extra == "([^"]+)"', lambda match: f'python_version {">" if match[1] in parts else "<"} "0"', marker)


def pip(*arguments: str) -> None:
    """Run pip in the environment with its progress on stderr; a failure shows pip's last words and says what to do."""
    # Not compiled now: most modules of a hundred distributions are never imported, and Python compiles the others once.
    options = ["--disable-pip-version-check", "--no-color", "--progress-bar=off", "--no-compile"]
    command = [str(PYTHON), "-m", "pip", "install", *options, *arguments]
    lines: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            lines.append(line)
            progress(sum(seen.startswith("Collecting ") for seen in lines), line)
    if process.returncode:
        say("".join(lines[-12:]))
        fail("pip could not install what poetry.lock names", "check the network, then run the command again; it goes on from what was downloaded")


def progress(count: int, line: str) -> None:
    """Show how far pip is: each distribution on a terminal, every twenty-fifth in a log."""
    if line.startswith("Collecting ") and (sys.stderr.isatty() or count % 25 == 0):
        print(f"\r  fetched {count:3}", end="" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)
    elif line.startswith("Installing collected packages"):
        count = line.count(",") + 1
        say(f"\r  installing {count} distributions" if count > 1 else "\r  installing the project itself")


def call(command: list[str], advice: str) -> None:
    """Run COMMAND with its words on stderr, or end the script with ADVICE."""
    if subprocess.run(command, stdout=sys.stderr, check=False).returncode:
        fail(f"this command failed: {' '.join(command[:6])}", advice)


@contextmanager
def locked() -> Iterator[None]:
    """Let one script at a time change the environment."""
    with Path(ROOT, ".venv.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another script that sets up .venv.")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    """Print TEXT on stderr at once."""
    print(text, file=sys.stderr, flush=True)


def fail(what: str, advice: str) -> NoReturn:
    """End the script with status 2, saying what happened and what to do next."""
    say(f"error: {what}\n  next: {advice}\n  page: CONTRIBUTING.md")
    raise SystemExit(2)


if sys.version_info < (3, 11):  # noqa: UP036 - this file runs before anything chose a Python
    fail(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}", "run the script with a newer one: python3.12 scripts/test")
