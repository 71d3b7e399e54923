"""An interactive shell on a pseudo terminal, and blocks pasted into it; every program is a stand-in that records its call.

What is held here is how a reader's shell goes on after a failure, which does not depend on what the programs do. Stand-ins
make it quick enough to fail each command of each page in turn. A mktemp that fails still prints its folder: with an empty
variable in front, paths and PATH would lead to this machine's own programs.
"""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pytest

from pypi_runbook.pages.console import read_console
from pypi_runbook.pages.shelltext import Block, Command
from pypi_runbook.pages.snippet import Snippet

SHELLS = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"]}
# Both shells as parameters; the tests for one that this machine lacks are skipped.
EACH_SHELL = [pytest.param(shell, marks=pytest.mark.needs(shell)) for shell in SHELLS]
BUILTINS = ". : [ alias break cd continue echo eval export false printf pwd read return set shift source test true type umask unset wait"
# What a shell says about text that it does not take as it was meant.
COMPLAINTS = re.compile(
    r"command not found|parse error|syntax error|no matches found: \S*(?:://|\[)|event not found|bad substitution|unmatched|quote>|dquote>"
)
VARIABLE = re.compile(r"\$\{?(\w+)\}?(?=/)|~(?=/)")
BRACKETED = ("\x1b[200~", "\x1b[201~")
STAND_IN = """\
#!/bin/sh
read -r count <{bench}/count; count=$((count + 1)); printf '%s\\n' "$count" >{bench}/count
printf '%s %s\\n' "$0" "$*" >>{bench}/calls
read -r failing <{bench}/failing
case "${{0##*/}} $*" in
mktemp*) printf '%s\\n' {bench}/work ;;
git*) printf '1700000000\\n' ;;
esac
if [ "$count" = "$failing" ]; then printf 'failed\\n' >>{bench}/calls; exit 1; fi
"""
SYNC = "#!/bin/sh\nprintf '%s\\n' \"$1\" >{bench}/reached\n"


def pasted_text(snippet: Snippet) -> str:
    """Return what a reader copies: a bash block whole, of a console fence its commands."""
    if snippet.language == "console":
        return "\n".join(command.text for command in read_console(snippet.text))
    return snippet.text


def commands_of(text: str) -> list[Command]:
    """Return every command of a block."""
    return list(Block(text).commands)


@dataclass(frozen=True)
class Calls:
    """What the stand-ins recorded: before the failing call, and after it."""

    before: list[str]
    after: list[str]


class Bench:
    """A folder with stand-ins for every program of TEXTS, and an interactive SHELL in which they are all there is."""

    def __init__(self, folder: Path, shell: str, texts: list[str]) -> None:
        self.folder = folder
        self.project = folder / "project"
        (folder / "bin").mkdir(parents=True)
        # zsh refuses a pattern that matches nothing.
        (self.project / "dist").mkdir(parents=True)
        for name in ("small-1.0.tar.gz", "small-1.0-py3-none-any.whl"):
            (self.project / "dist" / name).touch()
        for text in texts:
            for command in commands_of(text):
                self._stand_in(command)
        self._write(folder / "bin" / "pasted", SYNC)
        self._pastes = 0
        program = shutil.which(shell)
        assert program
        # A variable in front of a program's path is a throw-away folder of the page; here they are all one.
        folders = {name: str(folder / "work") for text in texts for name in VARIABLE.findall(text) if name}
        environment = {**folders, "PATH": str(folder / "bin"), "HOME": str(folder / "work"), "TERM": "xterm", "PS1": "$ "}
        self.shell = pexpect.spawn(program, SHELLS[shell], env=environment, cwd=str(self.project), encoding="utf-8", echo=True, dimensions=(50, 400))
        # pexpect would wait before each line for a password prompt that turns the echo off.
        self.shell.delaybeforesend = None
        self.paste("", bracketed=False)

    def close(self) -> None:
        """End the shell."""
        self.shell.close(force=True)

    def paste(self, text: str, *, bracketed: bool, failing: int = 0) -> tuple[Calls, str]:
        """Paste TEXT, with the FAILING-th call of a stand-in failing; return the calls and what the terminal showed."""
        for name, content in (("count", "0\n"), ("failing", f"{failing}\n"), ("calls", "")):
            (self.folder / name).write_text(content)
        begin, end = BRACKETED if bracketed else ("", "")
        self.shell.send(begin + text.replace("\n", "\r") + end + "\r")
        shown = self._wait()
        before, _, after = (self.folder / "calls").read_text().partition("failed\n")
        return Calls(before.splitlines(), after.splitlines()), shown

    def _wait(self) -> str:
        """Wait until the shell takes commands again; a prompt of a pasted block is answered meanwhile."""
        self._pastes += 1
        reached, limit, shown = self.folder / "reached", time.monotonic() + 20, ""
        while not reached.exists() or reached.read_text() != f"{self._pastes}\n":
            if time.monotonic() > limit:
                raise AssertionError(f"the shell does not come back:\n{shown}")
            self.shell.send(f"pasted {self._pastes}\r")
            shown += self._drain(0.04)
        return shown + self._drain(0.02)

    def _drain(self, seconds: float) -> str:
        """Return what the terminal shows within SECONDS, or until the shell has come back."""
        shown, limit = "", time.monotonic() + seconds
        while time.monotonic() < limit:
            try:
                shown += self.shell.read_nonblocking(65536, timeout=0.01)
            except pexpect.TIMEOUT:
                if (reached := self.folder / "reached").exists() and reached.read_text() == f"{self._pastes}\n":
                    break
        return shown

    def _stand_in(self, command: Command) -> None:
        """Make a stand-in where COMMAND's program would be."""
        words = [re.sub(r"['\"]", "", word) for word in command.words]
        while words and re.match(r"[A-Za-z_]\w*=|then$|else$|do$|if$|while$|until$|!$|\{$|\($", words[0]):
            words.pop(0)
        if not words or words[0] in BUILTINS.split() or not re.fullmatch(r"[\w./~$+-]+", words[0]):
            return
        name = VARIABLE.sub(str(self.folder / "work"), words[0])
        file = Path(self.project, name) if "/" in name else self.folder / "bin" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        self._write(file, STAND_IN)

    def _write(self, file: Path, text: str) -> None:
        file.write_text(text.format(bench=self.folder))
        file.chmod(0o755)
