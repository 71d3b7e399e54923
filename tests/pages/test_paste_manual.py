"""Manual publishing as a reader does it: the page's first path, pasted block by block into an interactive shell, with real clients."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from paste_bench import BRACKETED, EACH_SHELL, SHELLS, pasted_text

from pypi_runbook.pages.sandbox import Sandbox
from pypi_runbook.pages.session import PathSpec
from pypi_runbook.pages.snippet import Snippet
from pypi_runbook.pages.sybil import published
from pypi_runbook.twin import Twin

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
MANUAL = "docs/publishing/manual.md"


class Reader:
    """Somebody with an interactive shell in a fresh clone, an empty HOME, and only the twin for a network."""

    def __init__(self, shell: str, sandbox: Sandbox, twin: Twin) -> None:
        self.twin = twin
        self.count = 0
        # What `env -i HOME=<empty> PATH=/usr/bin:/bin` leaves, where the machine's git and Python may lie elsewhere.
        environment = {**twin.environment(sandbox.home, sandbox.tmp), "PATH": str(sandbox.bin), "TERM": "xterm", "PS1": "$ "}
        program = shutil.which(shell)
        assert program
        command, *arguments = twin.wrap([program, *SHELLS[shell]])
        self.shell = pexpect.spawn(command, arguments, env=environment, cwd=str(sandbox.project), encoding="utf-8", timeout=30, dimensions=(50, 400))
        self.shown = ""

    def paste(self, snippet: Snippet) -> int:
        """Paste SNIPPET, type what it asks for, and return the exit status that the shell then knows."""
        if snippet.language == "python":
            return self._paste(f"python3 -c {shell_quoted(snippet.text)}", snippet)
        return self._paste(pasted_text(snippet), snippet)

    def _paste(self, text: str, snippet: Snippet) -> int:
        self.count += 1
        self.shell.send(f"{BRACKETED[0]}{text.replace(os.linesep, chr(13))}{BRACKETED[1]}\r")
        if typed := snippet.options.get("input"):
            # After the question; what is typed before it could be thrown away.
            time.sleep(1)
            self.shell.send((self.twin.token(typed.removeprefix("token:")) if typed.startswith("token:") else typed) + "\r")
        self.shell.send(f"printf 'pasted-%s=%s=\\n' {self.count} $?\r")
        self.shell.expect(rf"pasted-{self.count}=(\d+)=", timeout=float(snippet.options.get("timeout", 30)) * 2)
        self.shown += self.shell.before or ""
        assert isinstance(self.shell.match, re.Match)
        return int(self.shell.match[1])


def shell_quoted(text: str) -> str:
    """Return TEXT in single quotes."""
    return "'" + text.replace("'", "'\\''") + "'"


@pytest.fixture
def path() -> PathSpec:
    """The first path of the page."""
    return next(spec for spec in published(ROOT).specs if spec.page == MANUAL)


@pytest.fixture(params=EACH_SHELL)
def reader(request: pytest.FixtureRequest, path: PathSpec) -> Iterator[tuple[Reader, Sandbox]]:
    """A reader with bash, and one with zsh."""
    sandbox = Sandbox.make(path.project_root, path.guide, path.needs)
    with Twin.start(project=sandbox.project) as twin:
        person = Reader(request.param, sandbox, twin)
        yield person, sandbox
        person.shell.close(force=True)
    sandbox.remove()


def test_the_first_path_ends_in_a_verified_upload(reader: tuple[Reader, Sandbox], path: PathSpec) -> None:
    """Each block succeeds in its turn; both indexes then hold exactly the files that were built, and the page has compared them."""
    person, sandbox = reader
    for snippet in path.snippets:
        status = person.paste(snippet)
        assert status == int(snippet.options.get("exit", 0)), f"{path.page}:{snippet.line}: status {status}\n{person.shown[-3000:]}"
    built = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in (sandbox.project / "dist").glob("[!.]*")}
    assert len(built) == 2
    for index in ("testpypi", "pypi"):
        assert {file.filename: file.sha256 for file in person.twin.uploads(index)} == built
    assert re.search(r"PyPI serves \S+\.whl as it was built", person.shown)
