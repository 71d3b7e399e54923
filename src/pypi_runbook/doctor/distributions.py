"""What an index would refuse of built files, and what check-wheel-contents says of wheels."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.tools import find, run
from pypi_runbook.errors import RunbookError
from pypi_runbook.finding import Finding
from pypi_runbook.project import Distribution
from pypi_runbook.project.checkout import materialize
from pypi_runbook.project.published import main_distribution
from pypi_runbook.rules import Refused
from pypi_runbook.rules.built import refused_by_twine, refused_file
from pypi_runbook.rules.compare import Inside, compare
from pypi_runbook.rules.contents import committed, members
from pypi_runbook.rules.distribution import check_distribution

PAGE = "publishing/manual.md"
NOTHING = "troubleshooting/no-dists.md"
BUILD_SECONDS = 600
# Copies of a file, and several top-level names, are how some projects are made; nothing breaks.
NOTES = ("W002", "W009")


def check_distributions(checkup: Checkup) -> Iterator[Finding]:
    """Yield what speaks against the built files of the folder that the checkup names; nothing when it names none.

    PyPI's own rules go first, because `twine check --strict` lets files pass that PyPI refuses.
    """
    files = built_files(checkup.dist) if checkup.dist else []
    for path in files:
        shown = name_of(checkup, path)
        try:
            check_distribution(path)
        except Refused as refused:
            yield refused_file(refused, shown)
    yield from with_twine(checkup, files)
    yield from compared(checkup, files)
    for path in files:
        if path.suffix == ".whl":
            yield from contents_of_wheel(checkup, path)


def with_twine(checkup: Checkup, files: list[Path]) -> Iterator[Finding]:
    """Yield a finding for each of FILES that `twine check --strict` refuses."""
    if not files:
        return
    done = run([find("twine") or "twine", "check", "--strict", *map(str, files)], checkup.root)
    # Its last words may be an error's, on the other stream.
    for finding in refused_by_twine(done.returncode, f"{done.stdout}\n{done.stderr}"):
        yield replace(finding, file=finding.file and name_of(checkup, Path(finding.file)))


def compared(checkup: Checkup, files: list[Path]) -> Iterator[Finding]:
    """Yield how wheel and sdist among FILES differ from each other, and from the commit when they were built from it just now."""
    folder = (checkup.root / main_distribution(checkup.facts).file).parent
    inside, shown = Inside(folder), {}
    for path in files:
        name = name_of(checkup, path)
        try:
            contents = dict(members(path, name))
        except RunbookError:
            continue  # PyPI's rules have told
        if path.suffix == ".whl":
            inside.wheels[path.name] = contents
        else:
            inside.sdist = contents
        shown[path.name if path.suffix == ".whl" else "sdist"] = name
    if checkup.fresh and checkup.own_git and not checkup.git("status", "--porcelain") and (head := checkup.git("rev-parse", "--verify", "HEAD")):
        inside.tracked = committed(folder, head)
    yield from compare(inside, shown, "warning")


def contents_of_wheel(checkup: Checkup, path: Path) -> Iterator[Finding]:
    """Yield what check-wheel-contents says of the wheel at PATH; the project's own settings for it count."""
    done = run([find("check-wheel-contents") or "check-wheel-contents", str(path)], checkup.root)
    said = re.findall(r": (W\d{3}): (.+)$", done.stdout, re.MULTILINE)
    for code, words in said:
        severity = "note" if code in NOTES else "warning"
        message = f"check-wheel-contents {code}: {words}"
        fix = "tell the build backend which files to take"
        yield Finding(f"wheel-{code.lower()}", severity, message, name_of(checkup, path), None, fix, PAGE)
    if done.returncode and not said:
        message = f"check-wheel-contents could not read it: {last_line(done)}"
        yield Finding("wheel-unreadable", "error", message, name_of(checkup, path), None, "build again", PAGE)


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the last thing that a command said."""
    words = (done.stderr or done.stdout).strip().splitlines()
    return words[-1].strip() if words else "it said nothing"


def name_of(checkup: Checkup, path: Path) -> str:
    """Return PATH relative to the project when it lies there, else its name."""
    return path.relative_to(checkup.root).as_posix() if path.is_relative_to(checkup.root) else path.name


def built_files(folder: Path) -> list[Path]:
    """Return the wheels and sdists in FOLDER, by name."""
    return sorted(path for path in folder.iterdir() if path.is_file() and path.name.endswith((".whl", ".tar.gz"))) if folder.is_dir() else []


def own_dist(root: Path, project: Distribution) -> Path | None:
    """Return ROOT's `dist/` when it holds a file of PROJECT's version and nothing else, None otherwise."""
    folder = root / "dist"
    try:
        files = [release_of(path) for path in built_files(folder)]
        wanted = (canonicalize_name(project.name or ""), Version(project.version or ""))
    except ValueError:
        return None
    return folder if files and set(files) == {wanted} else None


def release_of(path: Path) -> tuple[str, Version]:
    """Return name and version that PATH's name says; packaging's errors when it is no distribution's."""
    parsed = parse_wheel_filename(path.name)[:2] if path.suffix == ".whl" else parse_sdist_filename(path.name)
    return str(parsed[0]), parsed[1]


def given_dist(folder: Path) -> Path:
    """Return FOLDER, which a person named; RunbookError `no-dists` when it holds no distribution."""
    if not built_files(folder):
        raise RunbookError("no-dists", f"{folder} holds no wheel and no sdist", next="build first, or leave --dist out", page=NOTHING)
    return folder.resolve()


@contextmanager
def fresh_dist(root: Path, project: Distribution) -> Iterator[Path]:
    """Yield a folder with sdist and wheel of PROJECT, one of the repository at ROOT, built in a clone of it that is thrown away.

    Local edits are built too. This installs build requirements and runs the project's build backend, without any credential.
    Raises RunbookError `build-failed` with the build's last words.
    """
    with tempfile.TemporaryDirectory(prefix="pypi-runbook-") as name:
        folder = Path(name)
        materialize(root, folder / "clone", folder / "origin.git")
        done = run(
            [sys.executable, "-m", "build", "--outdir", str(folder / "dist"), str((folder / "clone" / project.file).parent)], folder, BUILD_SECONDS
        )
        if done.returncode:
            advice = "run python -m build to see all of its words"
            raise RunbookError("build-failed", f"the project does not build: {last_line(done)}", None, None, advice, NOTHING, status=1)
        yield folder / "dist"
