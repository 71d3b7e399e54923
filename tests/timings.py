"""What takes long: the mark `slow`, which `--quick` leaves out, and the slowest tests and paths of pages at the end of a full run."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

SLOWEST = 20
# Real clients, browsers, namespaces, builds, and modules that take many seconds. A single slow test in another module has the mark itself.
SLOW_MODULES = (
    "tests/doctor/test_doctor_command.py",
    "tests/doctor/test_doctor_distributions.py",
    "tests/doctor/test_doctor_release.py",
    "tests/house/test_environment.py",
    "tests/house/test_packaging.py",
    "tests/house/test_selection.py",
    "tests/manual/",
    "tests/pages/test_lint.py",
    "tests/pages/test_no_value_is_typed.py",
    "tests/pages/test_paste_",
    "tests/pages/test_reads.py",
    "tests/pages/test_rehearsed.py",
    "tests/pages/test_session_",
    "tests/pages/test_site",
    "tests/pages/test_sybil_pages.py",
    "tests/project/test_project_publish_workflow.py",
    "tests/project/test_project_show.py",
    "tests/rehearsal/test_rehearse_any_input.py",
    "tests/rehearsal/test_rehearse_broken.py",
    "tests/rehearsal/test_rehearse_events.py",
    "tests/rehearsal/test_rehearse_jobs.py",
    "tests/rehearsal/test_rehearse_machine.py",
    "tests/rehearsal/test_rehearse_projects.py",
    "tests/rehearsal/test_standins_publish.py",
    "tests/rehearsal/test_standins_ranges.py",
    "tests/rehearsal/test_standins_releases.py",
    "tests/rules/test_rules_reproductions.py",
    "tests/twin/clients/",
    "tests/twin/github/test_github_gh.py",
    "tests/twin/github/test_github_git.py",
    "tests/twin/solid/test_solid_killed.py",
    "tests/twin/solid/test_solid_large.py",
    "tests/twin/solid/test_solid_loopback.py",
    "tests/twin/test_faults_clients.py",
    "tests/twin/test_twin_command.py",
    "tests/twin/test_twin_safety.py",
    "tests/twin/test_twin_upload.py",
    "tests/twin/trusted/test_trusted_clients.py",
    "tests/twin/trusted/test_trusted_tokens.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark and, in the process that hears of every test, the list of the slowest."""
    config.addinivalue_line("markers", "slow: real clients, browsers, namespaces or builds, or more than a second; --quick leaves it out")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Timings(config), "runbook-timings")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of a slow module, before `-m` chooses."""
    for item in items:
        if item.nodeid.startswith(SLOW_MODULES):
            item.add_marker(pytest.mark.slow)


class Timings:
    """The seconds of each test and of each path of a page; what a module's tests share counts for the first of them."""

    def __init__(self, config: pytest.Config) -> None:
        chosen = any(getattr(config.option, name, None) for name in ("keyword", "markexpr", "changed"))
        self._full = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not chosen
        self._seconds: dict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add the time of a test's setup, call or teardown; the snippets of a path are one."""
        sent = getattr(report, "runbook", None)
        guide, page, path = sent["path"] if sent else ("", report.nodeid, "")
        self._seconds[f"{page}{f' [{path}]' if path else ''}{f', {guide}' if guide else ''}"] += report.duration

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the slowest ones of a full run."""
        if not self._full:
            return
        terminalreporter.section(f"{SLOWEST} slowest tests and paths of pages")
        for name, seconds in sorted(self._seconds.items(), key=lambda item: -item[1])[:SLOWEST]:
            terminalreporter.write_line(f"{seconds:7.1f} s  {name}")
