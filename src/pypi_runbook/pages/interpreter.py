"""The child interpreter of a session: a page's Python fences run in it one after another, as the shell stands at that time."""

from __future__ import annotations

import json
import os
import shlex
import socket
import time
from pathlib import Path
from typing import Any

from pypi_runbook.pages.shell import Failure, Result, Shell

CHILD = Path(__file__).with_name("child.py")
START_LIMIT = 20.0


class Interpreter:
    """A Python that the live shell starts when the first fence needs it: same sandbox, same PATH, same isolation."""

    def __init__(self, shell: Shell, folder: Path) -> None:
        self.shell = shell
        self.folder = folder
        self._connection: socket.socket | None = None
        self._runs = 0

    def run(self, text: str, file: str, line: int, *, timeout: float = 30) -> Result:
        """Run TEXT, which stands below LINE of the page FILE, and return what became of it.

        A failure's block is 0 and its line is the page's: it may lie in a function of an earlier fence.
        """
        started = time.monotonic()
        if self._connection is None and (trouble := self._start()):
            return trouble
        cwd, environment = self.shell.state()
        self._runs += 1
        output = self.folder / f"python-{self._runs}"
        output.touch()
        request = {"file": file, "line": line, "text": text, "cwd": str(cwd), "environment": environment, "output": str(output)}
        answer = self._ask(request, timeout)
        return _result(answer, output.read_text(encoding="utf-8", errors="replace"), time.monotonic() - started, line)

    def close(self) -> None:
        """Let the child end: its socket is closed."""
        if self._connection is not None:
            self._connection.close()

    def _start(self) -> Result | None:
        """Start the child from the shell, forked twice so that a reader's `wait` and `jobs` do not see it."""
        address = str(self.folder / "python")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(address)
            listener.listen(1)
            listener.settimeout(START_LIMIT)
            command = f"( python3 {shlex.quote(str(CHILD))} {shlex.quote(address)} & )"
            started = self.shell.run(f"command -v python3 >/dev/null && {command}", timeout=START_LIMIT)
            if started.status or started.trouble:
                return Result("python3: command not found\n", 0.0, 127, Failure(0, 0, "python3", 127))
            try:
                self._connection, _ = listener.accept()
            except TimeoutError:
                return Result("", START_LIMIT, None, None, "timeout")
        return None

    def _ask(self, request: dict[str, Any], timeout: float) -> dict[str, Any]:
        """Send REQUEST and return the answer, or the word for why none came."""
        assert self._connection is not None
        self._connection.settimeout(timeout)
        stream = self._connection.makefile("rw")
        try:
            stream.write(json.dumps(request) + "\n")
            stream.flush()
            line = stream.readline()
        except TimeoutError:
            self.shell.end_all()
            return {"trouble": "timeout"}
        except OSError:
            line = ""
        answer: dict[str, Any] = json.loads(line) if line.endswith(os.linesep) else {"trouble": "python-ended"}
        return answer


def _result(answer: dict[str, Any], output: str, seconds: float, line: int) -> Result:
    """Return ANSWER as a block's result."""
    status = answer.get("status")
    failure = Failure(0, answer.get("line") or line + 1, answer.get("error", ""), status) if status else None
    return Result(output, seconds, status, failure, answer.get("trouble", ""))
