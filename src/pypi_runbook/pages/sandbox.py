"""The place where one path runs: a fresh clone, HOME and TMPDIR, and a PATH that holds what the page says a reader needs."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypi_runbook.project.checkout import materialize
from pypi_runbook.tools import fill_path

# Where Linux keeps files in memory, and how much of it a session may need: environments, a clone, a cache.
MEMORY, ENOUGH = "/dev/shm", 3 << 30  # noqa: S108 (each session makes a folder of its own in it)
ST_NOEXEC = 8
GITCONFIG = """\
[user]
\tname = A Maintainer
\temail = maintainer@example.invalid
[init]
\tdefaultBranch = main
[advice]
\tdetachedHead = false
"""


@dataclass(frozen=True)
class Sandbox:
    """The folders of one path's session; `driver` is the runner's own and no part of what a reader has."""

    folder: Path
    home: Path
    tmp: Path
    bin: Path
    project: Path
    driver: Path

    @classmethod
    def make(cls, source: Path, name: str, needs: Iterable[str], templates: Path | None = None) -> Sandbox:
        """Make a sandbox with a clone of the project in SOURCE, in a folder called NAME, and with the commands NEEDS.

        templates: a folder that all sessions of a run share. The first clone is kept there and the others are its copies, so
        that every path of the run sees the same project, whatever is edited meanwhile.
        """
        folder = Path(tempfile.mkdtemp(prefix="pypi-runbook-")).resolve()
        sandbox = cls(folder, folder / "home", folder / "tmp", folder / "bin", folder / name, folder / "driver")
        try:
            for made in (sandbox.home, sandbox.tmp, sandbox.bin, sandbox.driver):
                made.mkdir()
            # A reader who has git has told it who they are.
            (sandbox.home / ".gitconfig").write_text(GITCONFIG)
            fill_path(sandbox.bin, needs)
            clone(source, sandbox.project, folder / "origin.git", templates / name if templates else None)
        except BaseException:
            sandbox.remove()
            raise
        return sandbox

    def remove(self) -> None:
        """Delete everything, also what a command made read-only."""
        shutil.rmtree(self.folder, onerror=_make_writable)


def session_parent() -> str:
    """Return where sessions make their folders: in memory where there is plenty, else where temporary files go; TMPDIR decides if it is set.

    A session makes and deletes some ten thousand small files, and its clients wait for each cached answer to be on the disk.
    """
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK | os.X_OK):
        return tempfile.gettempdir()
    room = os.statvfs(MEMORY)
    told = re.search(r"^MemAvailable: +(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE)
    fits = told and min(room.f_bavail * room.f_frsize, int(told[1]) << 10) >= ENOUGH and not room.f_flag & ST_NOEXEC
    return MEMORY if fits else tempfile.gettempdir()


def clone(source: Path, project: Path, origin: Path, template: Path | None) -> None:
    """Make PROJECT a clone of SOURCE with its ORIGIN, or a copy of TEMPLATE, which the first caller makes."""
    if template is None:
        materialize(source, project, origin)
        return
    with template.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.exists():
            draft = template.with_suffix(".new")
            draft.mkdir()
            materialize(source, draft / "project", draft / "origin.git")
            draft.rename(template)
    # cp(1) takes a tenth of the time of shutil's copytree.
    for part, target in (("project", project), ("origin.git", origin)):
        subprocess.run(["cp", "-RPp", str(template / part), str(target)], check=True)
    subprocess.run(["git", "-C", str(project), "remote", "set-url", "origin", str(origin)], check=True)


def _make_writable(_delete: Callable[[str], Any], name: str, _error: Any) -> None:
    """Delete once more after taking away what forbade it."""
    path = Path(name)
    for locked in (path.parent, path):
        if locked.exists() and not locked.is_symlink():
            locked.chmod(locked.stat().st_mode | stat.S_IRWXU)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
