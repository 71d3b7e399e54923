"""One path's session as the tests hold it: a supervisor process of its own, which is asked to run the path up to a snippet."""

from __future__ import annotations

import functools
import json
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from pypi_runbook import processes
from pypi_runbook.pages.guides import Guide
from pypi_runbook.pages.outcome import NOT_RUN, Outcome, failed_session
from pypi_runbook.pages.snippet import Page, PagePath, Snippet

# What a path may take besides its snippets' own times: to make its sandbox, around each snippet, and to end. Seconds.
START, BETWEEN, END = 180, 30, 120
SUPERVISOR = (sys.executable, "-m", "pypi_runbook.pages.supervisor")


@dataclass(frozen=True)
class PathSpec:
    """What a supervisor is told: which path of which page runs, and what the page says about its reader.

    root: the repository that holds the pages; project_root: the project that is cloned.
    templates: where the sessions of one run share the project's first clone.
    needs, fault: from the page's front matter, several faults with spaces between them. snippets: the path's runnable ones, in published order.
    """

    guide: str
    page: str
    path: str
    root: Path
    project_root: Path
    needs: tuple[str, ...]
    fault: str
    snippets: list[Snippet]
    templates: Path | None = None

    @classmethod
    def of(cls, guide: Guide, page: Page, path: PagePath, templates: Path | None = None) -> PathSpec:
        """Return the specification of PATH."""
        needs = tuple(str(need) for need in page.meta.get("needs") or ())
        runnable = [snippet for snippet in path.snippets if snippet.runnable]
        return cls(guide.name, page.path, path.name, guide.root, guide.project_root, needs, " ".join(page.faults), runnable, templates)

    @property
    def label(self) -> str:
        """How a person calls it: the page, for whom, and which way."""
        return f"{self.page} ({', '.join(part for part in (self.guide, self.path) if part)})"

    @property
    def limit(self) -> int:
        """The seconds that the whole path may take."""
        return limit_of(self.snippets) + END

    def dumps(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def loads(cls, text: str) -> PathSpec:
        """Return what `dumps` wrote."""
        fields = json.loads(text)
        snippets = [Snippet(**{**snippet, "tabs": tuple(snippet["tabs"])}) for snippet in fields["snippets"]]
        folders = {name: Path(fields[name]) for name in ("root", "project_root", "templates") if fields[name]}
        return cls(**{**fields, **folders, "needs": tuple(fields["needs"]), "snippets": snippets})


def limit_of(snippets: list[Snippet]) -> int:
    """Return the seconds that a new session may take to run SNIPPETS."""
    return START + sum(snippet.timeout + BETWEEN for snippet in snippets)


@functools.cache
def zygote() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Start the process that all sessions of this one are forked from; it ends when this process does.

    It has imported the twin already, which takes longer than all the rest of a session's start.
    """
    mine, its = socket.socketpair()
    # Its own session: Ctrl-C reaches pytest alone, which then closes each of them in order.
    process = subprocess.Popen([*SUPERVISOR, str(its.fileno())], pass_fds=[its.fileno()], stdin=subprocess.DEVNULL, start_new_session=True)
    its.close()
    return mine, process


@dataclass
class Session:
    """A running path; `reach` runs what is still missing up to a snippet, `close` ends everything.

    outcomes: what became of each snippet so far, by number.
    told: the failures that a test has reported; about: after `close`, the session's isolation, Python and clients.
    """

    spec: PathSpec
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)
    about: dict[str, Any] = field(default_factory=dict)
    _stream: TextIO | None = None
    _connection: socket.socket | None = None
    _supervisor: int = 0
    _folder: str = ""
    _lost: str = ""

    def reach(self, number: int) -> list[Outcome]:
        """Run the path up to snippet NUMBER; return what became of the snippets that ran now."""
        missing = [snippet for snippet in self.spec.snippets if snippet.number <= number and snippet.number not in self.outcomes]
        if not missing:
            return []
        limit = limit_of(missing)
        answer = self._ask({"reach": number, "limit": limit}, limit)
        new = [Outcome(**fields) for fields in answer["outcomes"]] if answer else [failed_session(snippet, self._lost) for snippet in missing]
        self.outcomes.update((outcome.number, outcome) for outcome in new)
        return new

    def failure_before(self, number: int) -> Outcome | None:
        """Return the failure for which snippet NUMBER was not run."""
        outcome = self.outcomes[number]
        before = [other for other in self.outcomes.values() if other.result == "failed" and other.number < number]
        return before[0] if outcome.result == NOT_RUN and before else None

    def close(self) -> None:
        """End the session with all its processes, and wait until its sandbox is gone."""
        if self._stream is None:
            return
        self.about = self._ask({"close": True}, END) or {}
        self._wait()
        with suppress(OSError):
            self._stream.close()
        self._stream = None

    def _ask(self, request: dict[str, Any], limit: float) -> dict[str, Any] | None:
        """Return the supervisor's answer, or nothing when it is gone or did not answer within LIMIT seconds."""
        if self._lost:
            return None
        try:
            stream = self._stream or self._start()
            assert self._connection
            self._connection.settimeout(limit)
            stream.write(json.dumps(request) + "\n")
            stream.flush()
            if line := stream.readline():
                answer: dict[str, Any] = json.loads(line)
                return answer
            self._lost = "the session ended while this snippet ran or waited"
        except TimeoutError:
            self._lost = f"this path did not answer within {limit:.0f} s, and was ended"
        except OSError as error:
            self._lost = f"the session cannot be reached: {error}"
        self._wait()
        return None

    def _start(self) -> TextIO:
        """Have a supervisor forked, and tell it the path."""
        self._connection, its = socket.socketpair()
        self._connection.settimeout(START)
        socket.send_fds(zygote()[0], [b"!"], [its.fileno()])
        its.close()
        self._stream = self._connection.makefile("rw", encoding="utf-8")
        self._stream.write(self.spec.dumps() + "\n")
        self._stream.flush()
        number, _, self._folder = self._stream.readline().strip().partition(" ")
        self._supervisor = int(number or 0)
        return self._stream

    def _wait(self) -> None:
        """Wait until the supervisor has ended, which closes its end of the line; one that does not end is killed with all that it started."""
        assert self._connection
        with suppress(OSError), self._connection:
            # Tells it that nobody asks any more.
            self._connection.shutdown(socket.SHUT_WR)
            self._connection.settimeout(END)
            try:
                while self._connection.recv(65536):
                    pass
            except TimeoutError:
                if self._supervisor:
                    processes.end(self._supervisor, itself=True)
                    # It may be in memory, which it would fill until the machine restarts.
                    shutil.rmtree(self._folder, ignore_errors=True)
