"""The pytest side of the pages: selection by line, one worker per path, progress, and the accounts.

A repository loads it in its root conftest.py: `pytest_plugins = ["pypi_runbook.pages.pytest_plugin"]`.
"""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pypi_runbook.errors import RunbookError
from pypi_runbook.pages.accounts import Accounts, name_of, seconds_by_group
from pypi_runbook.pages.guides import CONFIG, read_config
from pypi_runbook.pages.items import SnippetItem
from pypi_runbook.pages.needs import Needs
from pypi_runbook.pages.sandbox import session_parent
from pypi_runbook.pages.schedule import PathScheduling, path_of
from pypi_runbook.pages.session import zygote
from pypi_runbook.pages.sybil import Publication, hand_over, published
from pypi_runbook.signals import restore_signals

AT_LINE = re.compile(r"^(?P<page>.+\.md):(?P<line>[0-9]+)$")


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Run a single test file or a single snippet in this process: starting workers would take longer than the test."""
    arguments = [argument for argument in config.args if config.args_source is not pytest.Config.ArgsSource.TESTPATHS]
    single = len(arguments) == 1 and (AT_LINE.match(arguments[0]) or "::" in arguments[0] or arguments[0].endswith(".py"))
    return 0 if single else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> PathScheduling:
    """Keep a path in one worker."""
    return PathScheduling(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for CI, where no skip may become normal."""
    parser.addoption("--complete", action="store_true", help="fail when tests or pages were skipped because this machine lacks a tool")


def pytest_configure(config: pytest.Config) -> None:
    """Start every child with default signal handlers, render the pages once, understand `page.md:40`, and keep the accounts."""
    restore_signals()
    config.addinivalue_line("markers", "needs(*tools): skipped where this machine lacks one of the tools; 'user namespaces' counts as one")
    config.pluginmanager.register(Needs(complete=config.getoption("complete")), "runbook-needs")
    config.addinivalue_line("markers", "long: takes more than half a minute, and starts before the others")
    if handed := getattr(config, "workerinput", {}).get("runbook"):
        published(Path(handed["root"]), Path(handed["folder"]))
        config.pluginmanager.register(Worker(handed["seconds"]), "runbook-worker")
        return
    if hasattr(config, "workerinput") or not _wants_pages(config):
        return
    folder = tempfile.TemporaryDirectory(prefix="pypi-runbook-run-", dir=session_parent())
    only = _pages_asked_for(config)
    if only and not config.option.collectonly:
        # It imports the twin while this process collects.
        zygote()
    try:
        publication = published(config.rootpath, Path(folder.name), only)
    except RunbookError as error:
        raise pytest.UsageError(str(error)) from error
    config.args[:] = [_at_line(config, publication, argument) for argument in config.args]
    seconds = {"|".join(name): value for name, value in seconds_by_group(publication.root).items()}
    config.pluginmanager.register(Controller(config, publication, seconds, folder), "runbook-controller")
    config.pluginmanager.register(Worker(seconds), "runbook-worker")


def _wants_pages(config: pytest.Config) -> bool:
    """Say whether any argument can lead to a page."""
    if not (config.rootpath / CONFIG).exists():
        return False
    docs = config.rootpath / read_config(config.rootpath).get("docs_dir", "docs")
    places = [_place(config, argument) for argument in config.args]
    return any(place.is_relative_to(docs) or docs.is_relative_to(place) for place in places)


def _pages_asked_for(config: pytest.Config) -> set[str] | None:
    """Return the pages that the arguments name, by path from the root; None when one of them names a folder."""
    places = [_place(config, argument) for argument in config.args]
    if any(place.suffix != ".md" for place in places):
        return None
    return {place.relative_to(config.rootpath).as_posix() for place in places if place.is_relative_to(config.rootpath)}


def _place(config: pytest.Config, argument: str) -> Path:
    """Return the file or folder that a command line argument names."""
    name = re.sub(r"(\.md):[0-9]+$", r"\1", argument.split("::")[0])
    return (config.invocation_params.dir / name).resolve()


def _at_line(config: pytest.Config, publication: Publication, argument: str) -> str:
    """Return `page.md::40` for `page.md:40`, where line 40 is the snippet's first line or any below it."""
    if not (found := AT_LINE.match(argument)):
        return argument
    file, line = _place(config, argument), int(found["line"])
    snippets = [snippet for page in publication.pages if page.source == file for snippet in page.snippets if snippet.runnable]
    for snippet in snippets:
        if snippet.line <= line <= snippet.line + snippet.text.count("\n") + 2:
            return f"{found['page']}::{snippet.line}"
    lines = ", ".join(str(line) for line in sorted({snippet.line for snippet in snippets})) or "none"
    raise pytest.UsageError(f"{argument}: no snippet that is run stands on line {line}\n  next: choose one of the lines {lines}")


class Worker:
    """What happens where snippets run: the order of paths, the end of sessions, and outcomes in reports."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self.seconds = seconds

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put what is marked as long first, then the paths, the longest of the last run before the others; their own order stays."""
        items.sort(key=self._rank)

    def _rank(self, item: pytest.Item) -> float:
        """Return the smaller number for what has to start earlier, so that no worker is left alone with it at the end."""
        if isinstance(item, SnippetItem):
            return -self.seconds.get("|".join(name_of(item.place.spec)), 0.0)
        return -math.inf if item.get_closest_marker("long") else 1.0

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """End the session when the next test belongs to another."""
        if isinstance(item, SnippetItem) and not (isinstance(nextitem, SnippetItem) and nextitem.place.session is item.place.session):
            item.place.session.close()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
        """Send outcomes along with the report, and name the page where a skip would name this file."""
        report = (yield).get_result()
        if not isinstance(item, SnippetItem):
            return
        place = item.place
        report.runbook = {"path": list(name_of(place.spec)), "outcomes": [], "ended": False, "about": place.session.about}
        if call.when == "call":
            report.runbook["outcomes"] = [outcome.as_json() for outcome in place.fresh]
            if report.skipped and isinstance(report.longrepr, tuple):
                report.longrepr = (place.spec.page, place.snippet.line, report.longrepr[2])
        if call.when == "teardown":
            report.runbook["ended"] = bool(place.session.about)


class Controller:
    """What happens once per run: rendered pages for the workers, progress, results, and the check that nothing was left out."""

    def __init__(self, config: pytest.Config, publication: Publication, seconds: dict[str, float], folder: tempfile.TemporaryDirectory[str]) -> None:
        self.config = config
        self.publication = publication
        self.seconds = seconds
        self.accounts = Accounts(publication)
        self.left_out: list[str] = []
        self._folder = folder
        self._begun: set[tuple[str, str]] = set()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Hand a worker the rendered pages, so that it need not render them again."""
        hand_over(self.publication, Path(self._folder.name))
        node.workerinput["runbook"] = {"root": str(self.publication.root), "folder": self._folder.name, "seconds": self.seconds}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Name the page when its first snippet starts."""
        if (path := path_of(nodeid)) and path not in self._begun:
            self._begun.add(path)
            self._say(f"{path[0]} [{path[1]}] …" if path[1] else f"{path[0]} …")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the outcomes of a report into the accounts; the last report of a path writes its results."""
        if not (sent := getattr(report, "runbook", None)):
            return
        guide, page, path = sent["path"]
        self.accounts.add((guide, page, path), sent["outcomes"])
        if sent["ended"]:
            self._say(self.accounts.close((guide, page, path), sent["about"]))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run that left out a published snippet of a page that it was asked for as a whole."""
        self.accounts.close_all()
        self._folder.cleanup()
        option = self.config.option
        # `changed` is an option of this repository's own tests; the others are pytest's.
        partial = any(getattr(option, name, None) for name in ("keyword", "markexpr", "collectonly", "lf", "failedfirst", "changed"))
        stopped = session.shouldstop or session.shouldfail or session.exitstatus in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.USAGE_ERROR)
        if not partial and not stopped:
            self.left_out = self.accounts.left_out(self._whole_pages())
        if self.left_out:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what became of all snippets, and which were left out."""
        if self.left_out:
            terminalreporter.section("published, but not run", red=True, bold=True)
            for line in self.left_out:
                terminalreporter.write_line(f"{line}\n  next: see that tests/conftest.py registers the page with Sybil")
        if self._begun:
            terminalreporter.write_line(self.accounts.total())

    def _whole_pages(self) -> set[str]:
        """Return the pages that the arguments name whole."""
        places = [_place(self.config, argument) for argument in self.config.args if "::" not in argument]
        return {page.path for page in self.publication.pages if any(page.source.is_relative_to(place) for place in places)}

    def _say(self, text: str) -> None:
        """Write a line of progress, unless the run is asked to be quiet."""
        if self.config.get_verbosity() >= 0 and (reporter := self.config.pluginmanager.get_plugin("terminalreporter")):
            reporter.write_line(text)
