"""Skips the tests and pages that need what this machine lacks, and says at the end what to install.

A test says it with `@pytest.mark.needs("zsh")` or, where only the running test can tell, with `require("zsh")`; a page says it in its
front matter. "user namespaces" is the one need that cannot be installed: the kernel allows them or it does not.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pypi_runbook.pages.schedule import path_of
from pypi_runbook.tools import how_to_install, lacking, reason

NAMESPACES = "user namespaces"


class LackingError(pytest.skip.Exception):  # type: ignore[name-defined, misc]  # a decorator sets it
    """Skips a test; `tools` are what this machine lacks for it."""

    def __init__(self, tools: list[str]) -> None:
        super().__init__(reason(tools))
        self.tools = tools


def require(*needs: str) -> None:
    """Skip the running test where this machine lacks any of NEEDS: commands, or "user namespaces"."""
    __tracebackhide__ = True
    missing = lacking(need for need in needs if need != NAMESPACES)
    if NAMESPACES in needs:
        # Imported here: a run of a page loads the twin only where its sessions are started.
        from pypi_runbook.twin.namespace import namespaces_work

        missing += [] if namespaces_work() else [NAMESPACES]
    if missing:
        raise LackingError(missing)


class Needs:
    """The plugin: it skips, counts, and tells.

    complete: fail the run when anything was skipped for a tool that can be installed.
    """

    def __init__(self, *, complete: bool) -> None:
        self.complete = complete
        self.skipped: dict[str, list[str]] = {}

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip ITEM before its fixtures are made."""
        for marker in item.iter_markers("needs"):
            require(*marker.args)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
        """Send what is lacking along with the report, and name the test where the skip would name this file."""
        report = (yield).get_result()
        if call.excinfo and isinstance(call.excinfo.value, LackingError):
            report.lacking = call.excinfo.value.tools
            path, line, _ = item.reportinfo()
            report.longrepr = (str(path), (line or 0) + 1, f"Skipped: {call.excinfo.value.msg}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what is skipped, page by page and test by test."""
        if tools := getattr(report, "lacking", None):
            path = path_of(report.nodeid)
            self.skipped[path[0] if path else report.nodeid] = tools

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run that has to be complete and is not."""
        if self.complete and self.installable() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say in one line what to install."""
        if tools := self.installable():
            count = sum(bool({*tools} & {*lacks}) for lacks in self.skipped.values())
            line = f"{count} tests and pages were skipped because this machine lacks tools; to run them: {how_to_install(tools)}"
            terminalreporter.write_line(f"error: {line}" if self.complete else line, red=self.complete, yellow=not self.complete)
        if count := sum(NAMESPACES in lacks for lacks in self.skipped.values()):
            terminalreporter.write_line(f"{count} tests were skipped because this machine has no user namespaces")

    def installable(self) -> list[str]:
        """Return the missing tools for which anything was skipped."""
        return sorted({tool for lacks in self.skipped.values() for tool in lacks} - {NAMESPACES})
