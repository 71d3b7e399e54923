"""The session's one live bash: each block is sourced into it as published and stops at its first failing command."""

from __future__ import annotations

import os
import re
import select
import shlex
import shutil
import subprocess
import time
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pypi_runbook import processes
from pypi_runbook.pages.terminal import Terminal

BASH = shutil.which("bash") or "/bin/bash"
COMMAND = (BASH, "--norc", "--noprofile", "-s")
RUNTIME = Path(__file__).with_name("session.bash")
# How many fields follow the word that a record begins with.
FIELDS = {"failed": 4, "ended": 2, "started": 2, "finished": 1}
OWN_WORDS = r"^{file}: (?:line (\d+): )?"


@dataclass(frozen=True)
class Failure:
    """The command that failed first: in which block, on which of its lines, its text as it stands there, and its status."""

    block: int
    line: int
    command: str
    status: int


@dataclass(frozen=True)
class Result:
    """What became of a block.

    status: its exit status; None when it did not end by itself.
    trouble: why it did not: "syntax", "timeout", "shell-ended", "background-ended"; empty when it did.
    """

    output: str
    seconds: float
    status: int | None = None
    failure: Failure | None = None
    trouble: str = ""


class Shell:
    """A bash that lives as long as its session; folder, variables, functions, aliases and jobs pass from block to block.

    folder: where the driver keeps blocks and outputs; the blocks' own folders are elsewhere.
    command: how bash is started, usually COMMAND with the twin's isolation around it.
    """

    def __init__(self, folder: Path, command: list[str], environment: dict[str, str], cwd: Path) -> None:
        self.folder = folder
        self.ended = False
        self.background: set[int] = set()
        self.blocks = 0
        self._records = b""
        self._others = [process.pid for process in processes.descendants()]
        pipe = folder / "records"
        os.mkfifo(pipe)
        # Opened for both directions: neither side waits for the other, and the pipe has no end of file.
        self._pipe = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        # A group of its own, but no session: only a session's leader would take the first terminal that it opens as its own.
        self._bash = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=cwd, env=environment, stdout=subprocess.DEVNULL, process_group=0)
        self._tell(f"__runbook_records={shlex.quote(str(pipe))}")
        self._tell(f"source {shlex.quote(str(RUNTIME))}")

    def run(self, text: str, *, timeout: float = 30, typed: str | None = None, until: str | None = None) -> Result:
        """Run TEXT as one block and return what became of it.

        timeout: seconds after which the shell and everything that it started are ended.
        typed: what a reader types while the block runs; without it the block's standard input is empty.
        until: leave the block running in the background, and return when its output holds this text.
        """
        number, file, output = self._next(text)
        if trouble := self._syntax(file, number):
            return trouble
        started, limit = time.monotonic(), time.monotonic() + timeout
        with Terminal(typed) if typed is not None else nullcontext() as terminal:
            word = "__runbook_run" if until is None else "__runbook_background"
            self._tell(word, str(number), str(file), str(output), terminal.path if terminal else os.devnull)
            result = self._wait(number, limit, terminal, output, until)
        return self._finish(replace(result, seconds=time.monotonic() - started), file, output)

    def state(self) -> tuple[Path, dict[str, str]]:
        """Return the folder in which the shell is now, and its exported variables."""
        number, file, _ = self._next("")
        self._tell("__runbook_state", str(number), str(file))
        result = self._wait(number, time.monotonic() + 10, None, file, None)
        if result.trouble:
            raise ChildProcessError("the shell does not answer")
        folder, _, variables = file.read_bytes().partition(b"\n")
        pairs = (item.partition("=") for item in os.fsdecode(variables).split("\0") if item)
        return Path(os.fsdecode(folder)), {name: value for name, _, value in pairs}

    def close(self) -> None:
        """End the shell; what it started and left running is the caller's to find."""
        self.ended = True
        with suppress(OSError):
            self._bash.stdin and self._bash.stdin.close()
        self._bash.kill()
        self._bash.wait()
        os.close(self._pipe)

    def _next(self, text: str) -> tuple[int, Path, Path]:
        """Write TEXT as the next block; return its number, its file and the file for its output."""
        self.blocks += 1
        file, output = self.folder / f"block-{self.blocks}", self.folder / f"output-{self.blocks}"
        file.write_text(f"{text}\n", encoding="utf-8")
        output.touch()
        return self.blocks, file, output

    def _syntax(self, file: Path, number: int) -> Result | None:
        """Return the result of a block that bash cannot read: nothing of it runs."""
        check = subprocess.run([BASH, "-n", str(file)], capture_output=True, text=True, errors="replace", check=False)
        if not check.returncode:
            return None
        words = _own_words(check.stderr, file)
        return Result(words.text, 0.0, check.returncode, Failure(number, words.line, "", check.returncode), "syntax")

    def _tell(self, *words: str) -> None:
        """Give bash one line to run; a single word is a line already."""
        line = words[0] if len(words) == 1 else shlex.join(words)
        with suppress(BrokenPipeError):
            assert self._bash.stdin is not None
            self._bash.stdin.write(f"{line}\n".encode())
            self._bash.stdin.flush()

    def _wait(self, number: int, limit: float, terminal: Terminal | None, output: Path, until: str | None) -> Result:
        """Follow block NUMBER until it ended, said UNTIL, ran out of time or took the shell with it."""
        seen = Result("", 0.0)
        while True:
            alive = self._bash.poll() is None
            for name, *fields in self._read():
                if int(fields[0]) == number:
                    seen = self._note(seen, name, fields, in_background=until is not None)
            if seen.status is not None or seen.trouble:
                return seen
            if not alive:
                self.ended = True
                return replace(seen, status=self._bash.returncode, trouble="shell-ended")
            if until is not None and until in output.read_text(encoding="utf-8", errors="replace"):
                return Result("", 0.0, 0)
            if time.monotonic() > limit:
                self.end_all()
                return replace(seen, trouble="timeout")
            self._pause(terminal)

    def _note(self, seen: Result, name: str, fields: list[str], *, in_background: bool) -> Result:
        """Return what is known of a block after one more record; a background block may go on after its own end."""
        if name == "failed":
            return replace(seen, failure=seen.failure or self._failure(fields))
        if name == "started":
            self.background.add(int(fields[1]))
        elif name == "ended" and not in_background:
            return replace(seen, status=int(fields[1]))
        elif name == "finished":
            return replace(seen, trouble="background-ended")
        return seen

    def _pause(self, terminal: Terminal | None) -> None:
        """Wait a moment, or until there is a record to read."""
        select.select([self._pipe], [], [], 0.02)
        if terminal:
            terminal.attend()

    def _read(self) -> list[list[str]]:
        """Return the records that came in whole."""
        with suppress(BlockingIOError):
            while chunk := os.read(self._pipe, 65536):
                self._records += chunk
        found = []
        while (name := self._records.partition(b"\0")[0].decode()) and self._records.count(b"\0") > FIELDS[name]:
            *words, self._records = self._records.split(b"\0", FIELDS[name] + 1)
            found.append([word.decode(errors="replace") for word in words])
        return found

    def end_all(self) -> None:
        """End the shell with its whole tree, also what left its process group."""
        self.ended = True
        processes.end(without=self._others)
        self._bash.wait()

    def _finish(self, result: Result, file: Path, output: Path) -> Result:
        """Add what the block wrote, and for a shell that ended itself the line that its last words name."""
        words = _own_words(output.read_text(encoding="utf-8", errors="replace"), file)
        failure = result.failure
        if result.trouble == "shell-ended" and failure is None and words.line:
            failure = Failure(self.blocks, words.line, _command_at(file, words.line), result.status or 1)
        return replace(result, output=words.text, failure=failure)

    def _failure(self, fields: list[str]) -> Failure:
        """Return the failure that a record tells of; a function may have been defined in an earlier block."""
        number, status, line, source = fields
        found = re.search(r"/block-(\d+)$", source)
        block = int(found[1] if found else number)
        place = int(line) if found else 1
        return Failure(block, place, _command_at(self.folder / f"block-{block}", place), int(status))


@dataclass(frozen=True)
class Words:
    """Output in which bash speaks as in a reader's terminal, and the last line number that it named."""

    text: str
    line: int


def _own_words(output: str, file: Path) -> Words:
    """Return OUTPUT with the block's file name, which no reader sees, taken out of bash's own messages."""
    pattern = re.compile(OWN_WORDS.format(file=re.escape(str(file))), re.MULTILINE)
    lines = [int(number) for number in pattern.findall(output) if number]
    return Words(pattern.sub("bash: ", output), lines[-1] if lines else 0)


def _command_at(file: Path, line: int) -> str:
    """Return the command that begins on LINE of FILE, as it stands there, with the lines that continue it."""
    lines = file.read_text(encoding="utf-8").splitlines()
    end = line
    while end < len(lines) and lines[end - 1].endswith("\\"):
        end += 1
    return "\n".join(lines[line - 1 : end]).strip()
