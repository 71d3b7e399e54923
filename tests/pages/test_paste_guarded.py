"""A whole runbook path pasted at once, with this product's real commands: after a build or a check that fails, nothing is uploaded."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest
from paste_bench import BRACKETED, SHELLS, pasted_text

from pypi_runbook.pages.session import PathSpec
from pypi_runbook.pages.sybil import published
from pypi_runbook.project.checkout import materialize
from pypi_runbook.twin import Twin

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("docs/publishing/manual.md", "docs/incident/half-uploaded.md")
COMMAND = "scripts/upload"
END = "the paste has ended"
REFUSED = re.compile("dist/ holds no distribution|have not passed a check|have not been verified on TestPyPI")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
QUIET = 0.5
LIMIT = 120


def guarded_paths() -> list[PathSpec]:
    """Return the paths of this repository's own runbooks that upload with its own command."""
    publication = published(ROOT)
    own = [spec for spec in publication.specs if spec.page in PAGES and spec.guide == publication.guides[0].name]
    return [spec for spec in own if any(COMMAND in snippet.text for snippet in spec.snippets)]


def no_build(project: Path) -> None:
    """Take away a file that the build needs."""
    (project / "README.md").unlink()


def no_check(project: Path) -> None:
    """Write a description that no index renders."""
    (project / "README.md").unlink()
    (project / "README.rst").write_text("Title\n=\n\n.. no-such-directive::\n\n`broken <\n")
    metadata = project / "pyproject.toml"
    metadata.write_text(metadata.read_text().replace("README.md", "README.rst"))


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Path:
    """Clone the tiny project, which carries scripts as this repository does."""
    project = tmp_path / "tiny"
    materialize(ROOT / "tests" / "projects" / "tiny", project, tmp_path / "origin")
    (project / "scripts").mkdir()
    for verb in ("build", "check", "upload", "verify"):
        script = project / "scripts" / verb
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m pypi_runbook {verb} "$@"\n')
        script.chmod(0o755)
    return project


class Terminal:
    """An interactive shell in which somebody pastes everything at once, and gives a right token whenever one is asked for."""

    def __init__(self, shell: str, project: Path, twin: Twin) -> None:
        self._twin = twin
        home, tmp = project.parent / "home", project.parent / "tmp"
        home.mkdir()
        tmp.mkdir()
        environment = {**twin.environment(home, tmp), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "TERM": "xterm", "PS1": "$ "}
        program = shutil.which(shell)
        assert program
        command, *arguments = twin.wrap([program, *SHELLS[shell]])
        self.shell = pexpect.spawn(command, arguments, env=environment, cwd=str(project), encoding="utf-8", dimensions=(50, 400))

    def paste(self, text: str) -> str:
        """Paste TEXT, answer what is asked, and return what the terminal showed until the shell has come to the end of it."""
        whole = f"{text}\nprintf '%s%s\\n' 'the paste ' 'has ended'"
        self.shell.send(f"{BRACKETED[0]}{whole.replace(os.linesep, chr(13))}{BRACKETED[1]}\r")
        shown, answered, limit = "", 0, time.monotonic() + LIMIT
        while END not in shown:
            assert time.monotonic() < limit, f"the shell does not come to the end:\n{shown[-3000:]}"
            try:
                shown += self.shell.read_nonblocking(65536, timeout=QUIET)
            except pexpect.TIMEOUT:
                if len(shown) > answered:
                    answered = self._answer(shown)
        return shown

    def _answer(self, shown: str) -> int:
        """Give what the end of SHOWN asks for, and return how much of it is answered then."""
        end = ESCAPES.sub("", shown)
        for question, answer in (
            ("TestPyPI token: ", self._twin.token("testpypi")),
            ("PyPI token: ", self._twin.token("pypi")),
            ("Type the version to upload it: ", "1.0.0"),
        ):
            if end.endswith(question):
                self.shell.send(f"{answer}\r")
                return len(shown)
        return 0


# Each shell once: what refuses is the helper, and test_paste_stand_ins.py fails every command in both shells.
@pytest.mark.parametrize(
    ("shell", "break_it", "pages"), [("bash", no_build, PAGES), pytest.param("zsh", no_check, PAGES[:1], marks=pytest.mark.needs("zsh"))]
)
def test_a_page_pasted_whole_uploads_nothing_after_a_failure(
    shell: str, project: Path, break_it: Callable[[Path], None], pages: tuple[str, ...]
) -> None:
    """Every helper path runs to its end, with right tokens and answers; each upload refuses, and the twin saw none."""
    break_it(project)
    subprocess.run(["git", "add", "--all"], cwd=project, check=True)
    identity = ["-c", "user.name=A Maintainer", "-c", "user.email=maintainer@example.invalid"]
    subprocess.run(["git", *identity, "commit", "--quiet", "--message", "Break it"], cwd=project, check=True)
    paths = [spec for spec in guarded_paths() if spec.page in pages]
    assert {spec.page for spec in paths} == set(pages)
    with Twin.start(project=project) as twin:
        terminal = Terminal(shell, project, twin)
        for spec in paths:
            blocks = [pasted_text(snippet) for snippet in spec.snippets if snippet.language != "python"]
            shown = terminal.paste("\n".join(blocks))
            wanted = sum(COMMAND in block for block in blocks)
            assert wanted
            assert len(REFUSED.findall(shown)) >= wanted, shown[-4000:]
        terminal.shell.close(force=True)
        assert not [request for request in twin.requests if request.method == "POST"]
