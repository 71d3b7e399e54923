"""The commands that this machine has, those that it lacks, and how to install these.

Standard library only: .ci/run uses it before anything is installed.
"""

from __future__ import annotations

import functools
import re
import shlex
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from pypi_runbook.errors import RunbookError

# What README's "You need" names: without these nothing works, so no test is ever skipped for them.
REQUIRED = ("git", "python3")
# POSIX's utilities that a bare system really has, and the few beside them that every Linux and macOS has.
BASE_TOOLS = """
awk basename bc cat chgrp chmod chown cksum cmp comm cp cut date dd df diff dirname du ed env expand expr false file find fold getconf grep
head id join kill ln locale logname ls mkdir mkfifo mv nice nl nohup od paste pathchk pr printf ps pwd rm rmdir sed sh sleep sort split stty
tail tee test time touch tr true tsort tty uname unexpand uniq wc which who xargs
bash clear egrep fgrep gunzip gzip hostname less mktemp readlink realpath seq stat tar yes
"""
# Other names and places under which a machine may have a tool.
ALSO = {"chromium": ("google-chrome", "chromium-browser", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")}
# Tools whose package has the same name everywhere, and the packages that have another name.
PACKAGED = {"cmake", "curl", "gh", "git", "jq", "make", "rsync", "shellcheck", "tree", "unzip", "wget", "yamllint", "zip", "zsh"}
PACKAGES = {
    "apt-get": {"chromedriver": "chromium-driver", "chromium": "chromium", "unshare": "util-linux"},
    "brew": {"chromedriver": "chromedriver", "chromium": "google-chrome"},
}


def find(tool: str) -> str | None:
    """Return the path of TOOL, or None; `python3` is the Python that runs this process, without its virtual environment."""
    if re.fullmatch(r"python3?", tool):
        return str(getattr(sys, "_base_executable", sys.executable))
    # The locked clients of the environment that runs the tests come before those of the machine.
    places = (shutil.which(name, path=path) for name in (tool, *ALSO.get(tool, ())) for path in (str(Path(sys.executable).parent), None))
    return next(filter(None, places), None)


def lacking(tools: Iterable[str]) -> list[str]:
    """Return those of TOOLS that this machine does not have."""
    return [tool for tool in tools if find(tool) is None]


def reason(tools: Iterable[str]) -> str:
    """Return why something that needs TOOLS does not run here."""
    return f"this machine has no {' and no '.join(tools)}"


def how_to_install(tools: Iterable[str]) -> str:
    """Return what to do to have TOOLS: one command for this platform, and the names of those that it has no known package for."""
    manager = "brew" if sys.platform == "darwin" else "apt-get"
    packages = {tool: PACKAGES[manager].get(tool, tool if tool in PACKAGED else "") for tool in tools}
    command = " ".join([manager, "install", *filter(None, packages.values())])
    others = f"install {', '.join(tool for tool in packages if not packages[tool])}"
    parts = [command] * any(packages.values()) + [others] * (not all(packages.values()))
    return "; ".join(parts)


@functools.cache
def base_tools() -> dict[str, str]:
    """Return where this machine has the base tools; looked up once per process and its forks."""
    return {tool: found for tool in BASE_TOOLS.split() if (found := shutil.which(tool))}


def fill_path(folder: Path, needs: Iterable[str]) -> None:
    """Put the base tools and NEEDS into FOLDER; a need that this machine lacks raises RunbookError `missing-need`."""
    for tool, found in base_tools().items():
        (folder / tool).symlink_to(found)
    for need in needs:
        target = find(need)
        if target is None:
            raise RunbookError("missing-need", f"this machine has no {need}", next=f"install it: {how_to_install([need])}")
        (folder / need).unlink(missing_ok=True)
        # A wrapper, not a link: an interpreter that is started through a link makes broken virtual environments.
        (folder / need).write_text(f'#!/bin/sh\nexec {shlex.quote(target)} "$@"\n')
        (folder / need).chmod(0o755)
