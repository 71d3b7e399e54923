"""One process per session: it holds the path's twin, sandbox and shell, and no process of the path can outlive it.

It is told a PathSpec on its first line, then answers `reach` and `close`, one line of JSON each. When the line ends without
`close`, whoever asked is dead: everything is ended at once.
"""

from __future__ import annotations

import faulthandler
import json
import os
import platform
import shutil
import signal
import socket
import sys
import tempfile
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TextIO

from pypi_runbook import processes, reads
from pypi_runbook.errors import RunbookError
from pypi_runbook.pages import leftovers
from pypi_runbook.pages.outcome import FAILED, Complaint, Outcome, failed, not_run, skipped
from pypi_runbook.pages.pathrun import PathRun
from pypi_runbook.pages.ready import compile_clients, ready_ensurepip
from pypi_runbook.pages.rehearsed import read_record
from pypi_runbook.pages.sandbox import Sandbox, session_parent
from pypi_runbook.pages.session import PathSpec
from pypi_runbook.pages.snippet import Snippet
from pypi_runbook.pages.traces import Traces
from pypi_runbook.signals import restore_signals
from pypi_runbook.tools import base_tools, lacking, reason
from pypi_runbook.twin import Twin
from pypi_runbook.twin.namespace import namespaces_work


class Supervisor:
    """Runs a path's snippets in order; the first failure ends the path, and the rest is not run."""

    def __init__(self, spec: PathSpec) -> None:
        self.spec = spec
        self.outcomes: list[Outcome] = []
        self._open = ExitStack()
        # One folder for all that the session and its twin make, so that nothing stays when they are ended from outside.
        self.folder = Path(tempfile.mkdtemp(prefix="rb-", dir=session_parent())).resolve()
        tempfile.tempdir = str(self.folder)
        # From now on, not since this process was forked: what was loaded before is said again.
        self._reads = self.folder / "reads"
        reads.write_to(str(self._reads))
        self._run: PathRun | None = None
        self._traces: Traces | None = None
        self._twin: Twin | None = None
        self._sandbox: Sandbox | None = None

    def reach(self, number: int) -> list[Outcome]:
        """Run what is still missing up to snippet NUMBER."""
        done = len(self.outcomes)
        for snippet in self.spec.snippets[done:]:
            if snippet.number <= number:
                self.outcomes.append(self._next(snippet))
        return self.outcomes[done:]

    def close(self) -> dict[str, Any]:
        """End everything; return how the session was isolated and what ran in it."""
        about: dict[str, Any] = {"isolation": self._twin.layers, "clients": self._clients()} if self._twin else {"isolation": [], "clients": {}}
        if self._sandbox and (rehearsal := read_record(self._sandbox.project)):
            about["rehearsal"] = rehearsal
        about["reads"] = sorted(reads.names_in(self._reads))
        self._open.close()
        self.abandon()
        return {**about, "python": platform.python_version(), "platform": platform.platform(terse=True)}

    def abandon(self) -> None:
        """End every process and delete the sandbox, in whatever state the session is."""
        processes.end()
        if self._sandbox:
            self._sandbox.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _next(self, snippet: Snippet) -> Outcome:
        """Return what becomes of the next snippet; after the path's last one comes what the path left behind."""
        before = [outcome for outcome in self.outcomes if outcome.result == FAILED]
        if before:
            return not_run(snippet, f"not run, since an earlier snippet failed: {before[0].reason}")
        if missing := lacking(self.spec.needs):
            return skipped(snippet, reason(missing))
        if "skip" in snippet.options:
            outcome = skipped(snippet, snippet.options["skip"])
        else:
            try:
                outcome = (self._run or self._start()).run(snippet)
            except RunbookError as error:
                complaint = Complaint(error.message, snippet.page, snippet.line, output=error.next or "")
                return failed(snippet, complaint, 0.0)
        if snippet == self.spec.snippets[-1] and outcome.result != FAILED:
            outcome = self._with_traces(snippet, outcome)
        elif self._traces:
            self._traces.look(snippet)
        return outcome

    def _with_traces(self, snippet: Snippet, outcome: Outcome) -> Outcome:
        """Return OUTCOME, or a failure when the path that ends with SNIPPET left anything behind."""
        if not self._traces or not self._run:
            return outcome
        self._traces.look(snippet)
        self._run.end_background()
        if not (left := self._traces.left()):
            return outcome
        first = left[0]
        complaint = Complaint(f"this path left behind {first.what}", first.page, first.line, output="\n".join(trace.sentence for trace in left))
        return replace(failed(snippet, complaint, outcome.seconds), seconds=outcome.seconds)

    def _start(self) -> PathRun:
        """Make the sandbox, the twin and the shell; the clone comes first, since the twin reads the project."""
        self._sandbox = Sandbox.make(self.spec.project_root, self.spec.guide, self.spec.needs, self.spec.templates)
        self._twin = self._open.enter_context(Twin.start(project=self._sandbox.project, brief=True))
        for fault in self.spec.fault.split():
            self._twin.fault(fault)
        self._run = PathRun(self.spec, self._sandbox, self._twin, self._reads)
        self._open.callback(self._run.close)
        self._traces = Traces(self.spec, None if self._run.protected else leftovers.Files.now(self.spec.root, Path.home()))
        return self._run

    def _clients(self) -> dict[str, str]:
        """Return the clients that the twin met, by name: their versions."""
        assert self._twin is not None
        pairs = (request.client.partition("/") for request in self._twin.requests if "/" in request.client)
        return {name: version for name, _, version in pairs}


def main() -> None:
    """Fork a supervisor for each connection that comes over the socket that is this process's only argument."""
    restore_signals()
    control = socket.socket(fileno=int(sys.argv[1]))
    # Asked once, here: every fork inherits the answers.
    namespaces_work()
    base_tools()
    ready_ensurepip()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    if os.fork() == 0:
        # Next to the first sessions, which gain by it already.
        control.close()
        os.nice(5)
        compile_clients()
        os._exit(0)
    while handles := socket.recv_fds(control, 1, 1)[1]:
        if os.fork() == 0:
            control.close()
            serve(socket.socket(fileno=handles[0]))
            os._exit(0)
        os.close(handles[0])


def serve(connection: socket.socket) -> None:
    """Supervise one session; what commands print by accident goes to standard error."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.dup2(2, 1)
    processes.adopt_orphans()
    requests, answers = connection.makefile("r", encoding="utf-8"), connection.makefile("w", encoding="utf-8")
    supervisor = Supervisor(PathSpec.loads(requests.readline()))
    answers.write(f"{os.getpid()} {supervisor.folder}\n")
    answers.flush()
    waiting: SimpleQueue[dict[str, Any]] = SimpleQueue()
    listener = threading.Thread(target=_listen, args=(requests, waiting, supervisor), daemon=True)
    listener.start()
    try:
        while "close" not in (request := waiting.get()):
            # The asking process ends this one a moment later; the stacks then show where it hangs.
            faulthandler.dump_traceback_later(request["limit"] * 0.95)
            outcomes = [outcome.as_json() for outcome in supervisor.reach(request["reach"])]
            faulthandler.cancel_dump_traceback_later()
            _answer(answers, {"outcomes": outcomes})
        _answer(answers, supervisor.close())
    except BrokenPipeError:
        # Whoever asked is dead: the listener is ending everything, and then this process.
        listener.join(60)


def _listen(requests: TextIO, waiting: SimpleQueue[dict[str, Any]], supervisor: Supervisor) -> None:
    """Pass requests on; the end of them means that nobody waits for an answer any more."""
    for line in requests:
        request = json.loads(line)
        waiting.put(request)
        if "close" in request:
            return
    supervisor.abandon()
    os._exit(1)


def _answer(stream: TextIO, answer: dict[str, Any]) -> None:
    stream.write(json.dumps(answer) + "\n")
    stream.flush()


if __name__ == "__main__":
    main()
