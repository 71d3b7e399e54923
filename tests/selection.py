"""`--quick` and `--changed [REF]` of scripts/test: run less than everything, and say what was left out.

`--changed` takes what a change can affect, the closest first: changed tests, tests of changed modules, tests of modules that
import them, and the paths of pages whose published blocks, project files or used modules changed. It stops at a time limit.
"""

from __future__ import annotations

import ast
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import grimp
import pytest

from pypi_runbook.errors import RunbookError
from pypi_runbook.pages import rendered, results
from pypi_runbook.pages.accounts import name_of, seconds_by_group
from pypi_runbook.pages.guides import Guide, guides
from pypi_runbook.pages.items import SnippetItem
from pypi_runbook.pages.key import NOT_THE_PROJECT
from pypi_runbook.pages.session import PathSpec
from pypi_runbook.pages.snippet import Page, load_pages, paths
from pypi_runbook.reads import PACKAGE

ROOT = Path(__file__).resolve().parent.parent
DURATIONS = ROOT / ".runbook" / "durations.json"
# Seconds of wall time for what `--changed` runs; start and collection come on top, and 90 are promised.
LIMIT = 70.0
# Estimates for what has never run here.
PATH_SECONDS, SLOW_SECONDS, FILE_SECONDS = 15.0, 10.0, 2.0
# A change to one of these can change any test.
EVERYTHING = ("pyproject.toml", "poetry.lock", "conftest.py", "tests/conftest.py", "tests/selection.py", "scripts/test", "scripts/environment.py")
# Tests that start the product as a person does, and so reach every module through its command line.
STARTS_PRODUCT = re.compile(r"pypi[_-]runbook[\"' ]|scripts/")
# Tests that run pages as an adopter does.
RUNS_PYTEST = re.compile(r"\"-m\", \"pytest\"")
# Tests that look at all pages.
LOOKS_AT_PAGES = re.compile(r"\bguides\(ROOT|\bpublished\(ROOT|pages_of|[\"']docs[\"'/]")


@dataclass(order=True)
class Choice:
    """A test file or a path of a page that the change can affect; `distance` is how far from it."""

    distance: int
    seconds: float
    name: str = field(compare=False)
    path: tuple[str, str, str] | None = field(default=None, compare=False)

    @property
    def argument(self) -> str:
        """Return what pytest is given to collect it."""
        return self.path[1] if self.path else self.name


@dataclass
class Plan:
    """What runs, and what is left out for lack of time; everything else is not affected."""

    chosen: list[Choice]
    left_out: list[Choice]
    unaffected: int

    @property
    def paths(self) -> list[tuple[str, str, str]]:
        """Return the paths of pages that run."""
        return [choice.path for choice in self.chosen if choice.path]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the two options."""
    group = parser.getgroup("selection", "run less than everything")
    group.addoption("--quick", action="store_true", help="leave out pages, and tests marked as slow")
    group.addoption("--changed", nargs="?", const="HEAD", metavar="REF", help="run what changes since REF (default: HEAD) can affect, for 90 seconds")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose before anything is rendered or collected."""
    if all(re.search(r"\.md(:\d+|::.*)?$", argument) for argument in config.args):
        # A run of pages alone need not load Hypothesis, which its plugin does even to report nothing.
        config.pluginmanager.unregister(name="hypothesispytest")
    if handed := getattr(config, "workerinput", {}).get("selection"):
        config.pluginmanager.register(Chosen(handed), "runbook-chosen")
        return
    if hasattr(config, "workerinput"):
        return
    if config.option.quick:
        config.args[:] = [argument for argument in config.args if not Path(argument).resolve().is_relative_to(ROOT / "docs")]
        config.option.markexpr = config.option.markexpr or "not slow"
    elif config.option.changed:
        try:
            plan = plan_for(config.option.changed, workers=2 if config.option.numprocesses else 1)
        except RunbookError as error:
            raise pytest.UsageError(str(error)) from error
        config.args[:] = list(dict.fromkeys(choice.argument for choice in plan.chosen))
        handed = {"paths": plan.paths, "until": time.time() + LIMIT + 10}
        config.pluginmanager.register(Told(config, plan, handed), "runbook-selection")
        config.pluginmanager.register(Chosen(handed), "runbook-chosen")


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Keep how long each test file took, for the next choice; a part of a file says nothing about the whole."""
    option = terminalreporter.config.option
    if option.keyword or option.markexpr or any("::" in argument for argument in terminalreporter.config.args):
        return
    durations = json.loads(DURATIONS.read_text()) if DURATIONS.is_file() else {}
    seconds: dict[str, float] = {}
    for report in (report for kind in ("passed", "failed", "") for report in terminalreporter.stats.get(kind, [])):
        file = report.nodeid.split("::")[0]
        seconds[file] = seconds.get(file, 0.0) + getattr(report, "duration", 0.0)
    if seconds and DURATIONS.parent.is_dir():
        DURATIONS.write_text(json.dumps(durations | {file: round(taken, 2) for file, taken in seconds.items() if file.endswith(".py")}))


class Chosen:
    """Where tests run: only the chosen paths of a page, and nothing more once the time is up."""

    def __init__(self, handed: dict[str, Any]) -> None:
        self.paths = {tuple(path) for path in handed["paths"]}
        self.until: float = handed["until"]

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out the paths of a page that the change does not affect."""
        out = [item for item in items if isinstance(item, SnippetItem) and name_of(item.place.spec) not in self.paths]
        items[:] = [item for item in items if item not in set(out)]
        config.hook.pytest_deselected(items=out)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip what would start after the limit; a path that has begun goes on."""
        begun = isinstance(item, SnippetItem) and item.place.session.outcomes
        if time.time() > self.until and not begun:
            pytest.skip("the time of --changed is up: scripts/test runs it")


class Told:
    """Where the run is reported: hand the choice to the workers, and name what was left out."""

    def __init__(self, config: pytest.Config, plan: Plan, handed: dict[str, Any]) -> None:
        self.config = config
        self.plan = plan
        self.handed = handed

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Hand a worker the choice."""
        node.workerinput["selection"] = self.handed

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what ran, what is left, and how to run that."""
        write, plan = terminalreporter.write_line, self.plan
        terminalreporter.section(f"changed since {self.config.option.changed}")
        write(f"{len(plan.chosen)} test files and paths of pages were chosen; {plan.unaffected} are not affected.")
        if plan.left_out:
            write(f"{len(plan.left_out)} may be affected and were left out for lack of time; scripts/test runs them:")
            for line in textwrap.wrap("  ".join(sorted({choice.argument for choice in plan.left_out})), 148, break_on_hyphens=False):
                write(f"  {line}")


def plan_for(ref: str, workers: int) -> Plan:
    """Return what the changes since REF can affect, the closest first, as much as fits into the time of WORKERS."""
    changed = changed_files(ref)
    if not changed:
        raise RunbookError("nothing-changed", f"no file differs from {ref}", next="name an older commit: scripts/test --changed origin/main")
    tests, every = affected_tests(changed), test_files()
    found, all_paths = affected_paths(ref, changed)
    chosen: list[Choice] = []
    left_out: list[Choice] = []
    seconds = 0.0
    for choice in sorted([*tests, *found]):
        # The first one runs in any case: an empty choice would prove nothing.
        fits = not chosen or seconds + choice.seconds <= LIMIT * workers
        (chosen if fits else left_out).append(choice)
        seconds += choice.seconds if fits else 0
    return Plan(chosen, left_out, len(every) + all_paths - len(tests) - len(found))


def changed_files(ref: str) -> set[str]:
    """Return the files that differ from REF, new ones included, as paths from the root."""
    known = _git("diff", "--name-only", "-z", "--no-renames", ref, "--")
    return {name for name in (known + _git("ls-files", "-z", "--others", "--exclude-standard")).split("\0") if name}


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RunbookError("git-failed", f"`git {arguments[0]}` failed: {done.stderr.strip()}", next="name a commit, a branch or a tag")
    return done.stdout


def test_files() -> list[Path]:
    """Return every file with tests."""
    return sorted(path for path in (ROOT / "tests").rglob("test_*.py") if "projects" not in path.relative_to(ROOT / "tests").parts)


def affected_tests(changed: set[str]) -> list[Choice]:
    """Return the test files that CHANGED can affect."""
    modules = module_distances(changed)
    helpers = {Path(name).stem: name for name in changed if name.startswith("tests/") and name.endswith(".py")}
    seconds: dict[str, float] = json.loads(DURATIONS.read_text()) if DURATIONS.is_file() else {}
    found = []
    for file in test_files():
        name, text = file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")
        distances = list(_distances(name, text, changed, modules, helpers))
        if distances:
            estimate = SLOW_SECONDS if "mark.slow" in text or "mark.long" in text else FILE_SECONDS
            found.append(Choice(min(distances), seconds.get(name, estimate), name))
    return found


def _distances(name: str, text: str, changed: set[str], modules: dict[str, int], helpers: dict[str, str]) -> Iterator[int]:
    """Yield how far the test file NAME is from each change that can affect it."""
    if name in changed:
        yield 0
    if changed.intersection(EVERYTHING):
        yield 9
    for module in imported_with_helpers(text):
        if module in helpers or module.removeprefix("tests.") in helpers:
            yield 1
        if module in modules:
            yield modules[module] + 1
    if modules and STARTS_PRODUCT.search(text):
        yield modules.get("pypi_runbook.cli", 8) + 2
    if LOOKS_AT_PAGES.search(text) and any(each.startswith("docs/") or each == "mkdocs.yml" for each in changed):
        yield 1
    if any(names(each, text) for each in changed if not each.endswith(".py")):
        yield 2


def names(changed: str, text: str) -> bool:
    """Tell whether a test with TEXT speaks of the file CHANGED, or of the project in tests/projects that it belongs to."""
    path = Path(changed)
    return path.name in text or (changed.startswith("tests/projects/") and path.parts[2] in text)


def imported_with_helpers(text: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """Return the modules that a file with TEXT imports, and those that the tests' own helpers among them import."""
    found = imported(text)
    if RUNS_PYTEST.search(text):
        found.add("pypi_runbook.pages.pytest_plugin")
    for name in found & set(helper_files()) - seen:
        found |= imported_with_helpers(helper_files()[name].read_text(encoding="utf-8"), seen | {name})
    return found


@functools.cache
def helper_files() -> dict[str, Path]:
    """Return the modules that tests share, by the name under which they import them."""
    files = (path for path in (ROOT / "tests").rglob("*.py") if "projects" not in path.relative_to(ROOT / "tests").parts)
    return {path.stem: path for path in files if not path.name.startswith(("test_", "conftest"))}


def imported(text: str) -> set[str]:
    """Return the modules that a file with TEXT imports; a name imported from a package counts as a module of it, too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)])
    return found


def module_distances(changed: set[str]) -> dict[str, int]:
    """Return the changed modules of the library with distance 0, and all that import them with the number of imports between."""
    graph = grimp.build_graph("pypi_runbook", cache_dir=str(ROOT / ".runbook" / "grimp"))
    distances = {module: 0 for name in changed if (module := module_of(name)) in graph.modules}
    # A data file belongs to the modules next to it.
    for name in changed:
        if name.startswith("src/") and not name.endswith(".py"):
            package = module_of(f"{Path(name).parent.as_posix()}/__init__.py")
            distances.update({module: 0 for module in graph.modules if module.rpartition(".")[0] == package})
    layer = set(distances)
    while layer:
        importers = {each for module in layer for each in graph.find_modules_that_directly_import(module)} - set(distances)
        distances.update(dict.fromkeys(importers, distances[next(iter(layer))] + 1))
        layer = importers
    return distances


def module_of(name: str) -> str:
    """Return the dotted name of the module in the file NAME, or nothing for another file."""
    found = re.fullmatch(r"src/(.+?)(?:/__init__)?\.py", name)
    return found[1].replace("/", ".") if found else ""


def affected_paths(ref: str, changed: set[str]) -> tuple[list[Choice], int]:
    """Return the paths of pages that CHANGED can affect, and how many paths there are."""
    data, seconds = results.load(ROOT), seconds_by_group(ROOT)
    used = {name: set(data.get("reads", {}).get(entry.get("reads"), ())) for name, entry in data["pages"].items()}
    package = {Path(name).relative_to("src/pypi_runbook").as_posix() for name in changed if name.startswith("src/pypi_runbook/")}
    found, count = [], 0
    for guide in guides(ROOT):
        pages = rendered.pages_of(guide)
        before = pages_at(ref, guide, candidates(guide, changed))
        project = _of_project(guide, changed)
        for page in pages:
            uses = used.get(f"{guide.name}:{page.path}")
            for spec in specs_of(guide, page):
                count += 1
                distance = _path_distance(spec, before, project, package, uses)
                if distance is not None:
                    name = name_of(spec)
                    found.append(Choice(distance, seconds.get(name, PATH_SECONDS), spec.label, name))
    return found, count


def _path_distance(
    spec: PathSpec, before: dict[tuple[str, str], PathSpec], project: set[str], package: set[str], uses: set[str] | None
) -> int | None:
    """Return how far a path is from the change, or None when that cannot affect it."""
    name = (spec.page, spec.path)
    if name in before and told(before[name]) != told(spec):
        return 0
    text = "\n".join(snippet.text for snippet in spec.snippets)
    if any(Path(each).name in text for each in project):
        return 2
    if project:
        return 5 if re.search(r"rehearse|doctor|--job|pypi-runbook show|git |build", text) else 6
    if uses is None and package:
        # It never ran here, so nobody knows what it uses.
        return 7
    return 4 if uses and uses & package else None


def told(spec: PathSpec) -> list[Any]:
    """Return what a path's run depends on of its page."""
    return [spec.needs, spec.fault, [(snippet.language, snippet.text, snippet.options) for snippet in spec.snippets]]


def specs_of(guide: Guide, page: Page) -> list[PathSpec]:
    """Return the paths of PAGE that have something to run."""
    return [spec for path in paths(page) if (spec := PathSpec.of(guide, page, path)).snippets]


def _of_project(guide: Guide, changed: set[str]) -> set[str]:
    """Return the changed files of GUIDE's project that a path's commands can meet; the library's own are known by use."""
    prefix = guide.project_root.relative_to(ROOT).as_posix()
    below = {name if prefix == "." else name.removeprefix(f"{prefix}/") for name in changed if prefix == "." or name.startswith(f"{prefix}/")}
    return {name for name in below if not name.startswith(NOT_THE_PROJECT) and not (ROOT / name).is_relative_to(PACKAGE)}


def candidates(guide: Guide, changed: set[str]) -> set[str]:
    """Return the pages whose published blocks CHANGED can have changed."""
    kept = rendered.load(guide)
    if changed.intersection(kept.shared):
        return set(kept.pages)
    return {path for path, (made_from, _) in kept.pages.items() if changed.intersection(made_from)}


RENDER = """\
import sys
from pathlib import Path
from pypi_runbook.pages.guides import guides
from pypi_runbook.pages.rendered import pages_of
from pypi_runbook.pages.snippet import dump_pages
guide = next(guide for guide in guides(Path(sys.argv[1])) if guide.project_root == Path(sys.argv[1], sys.argv[2]).resolve())
dump_pages(pages_of(guide, set(sys.argv[4:])), Path(sys.argv[3]))
"""


def pages_at(ref: str, guide: Guide, wanted: set[str]) -> dict[tuple[str, str], PathSpec]:
    """Return the paths of the pages WANTED as they were at REF, by page and path; a page that was not there has none."""
    if not wanted:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        clone, out = Path(folder, "clone"), Path(folder, "pages.json")
        tree_at(ref, clone)
        project = guide.project_root.relative_to(ROOT)
        command = [sys.executable, "-c", RENDER, str(clone), str(project), str(out), *sorted(wanted)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(clone / "src")})
        pages = load_pages(out) if done.returncode == 0 else []
    before = {(spec.page, spec.path): spec for page in pages for spec in specs_of(guide, page)}
    # What REF cannot render counts as changed.
    now = [spec for page in rendered.pages_of(guide, wanted) for spec in specs_of(guide, page)]
    nothing = {(spec.page, spec.path): replace(spec, snippets=[]) for spec in now}
    return nothing | before


def tree_at(ref: str, clone: Path) -> None:
    """Make CLONE a repository that knows what this one knows, with the files of REF and the pages that are rendered already."""
    _git("init", "--quiet", str(clone))
    common = Path(ROOT, _git("rev-parse", "--git-common-dir").strip())
    (clone / ".git/objects/info/alternates").write_text(f"{common / 'objects'}\n")
    shutil.copy(common / "config", clone / ".git/config")
    head = subprocess.run(["git", "-C", str(ROOT), "symbolic-ref", "--quiet", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    commands = [["fetch", "--quiet", "--no-tags", "--update-head-ok", str(ROOT), "+refs/heads/*:refs/heads/*", "+refs/remotes/*:refs/remotes/*"]]
    commands += [["symbolic-ref", "HEAD", head]] if head else []
    commands += [["read-tree", "-u", "--reset", _git("rev-parse", f"{ref}^{{commit}}").strip()]]
    for command in commands:
        subprocess.run(["git", "-C", str(clone), *command], check=True)
    shutil.copytree(ROOT / rendered.FOLDER, clone / rendered.FOLDER, dirs_exist_ok=True)
