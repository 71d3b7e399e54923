"""What would travel in the wheel and should not, what should travel and will not, and versions that stayed behind in code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import PurePosixPath

from packaging.version import Version

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.places import distributions, toml_line, toml_of
from pypi_runbook.finding import Finding
from pypi_runbook.project import Distribution
from pypi_runbook.project.text import items, table
from pypi_runbook.project.toml import Toml

PAGE = "publishing/metadata.md"
NAMES = ("__version__", "VERSION", "version")
MODULES = ("__init__.py", "_version.py", "__about__.py", "version.py", "__version__.py")
TESTS = ("tests", "test")


def check_contents(checkup: Checkup) -> Iterator[Finding]:
    """Yield what the files say about the wheel before it is built, for each distribution."""
    for project in distributions(checkup):
        toml = toml_of(checkup, project)
        yield from never_there(checkup, project, toml)
        yield from tests_inside(checkup, project, toml)
        yield from left_behind(checkup, project)


def never_there(checkup: Checkup, project: Distribution, toml: Toml) -> Iterator[Finding]:
    """Yield a finding for each pattern of files to take along that matches none and that no workflow makes."""
    for key, pattern in patterns(toml):
        folder = project.file.rpartition("/")[0]
        full = f"{folder}/{pattern}" if folder else pattern
        if any(matches(file, full) for file in checkup.files) or is_made(checkup, pattern):
            continue
        ignored = checkup.tracked and checkup.git("check-ignore", "--quiet", "--no-index", "--", re.sub(r"\*+", "x", full)) is not None
        why = "git ignores it and no workflow makes it" if ignored else "no file matches it"
        message = f"`{pattern}` is taken along, but {why}: what is built from a checkout is without it"
        fix = "let the workflow make it before the build, or take the line out"
        yield Finding("include-matches-nothing", "warning", message, project.file, item_line(checkup, project, toml, key, pattern), fix, PAGE)


def patterns(toml: Toml) -> Iterator[tuple[str, str]]:
    """Yield key and pattern of everything that the build backend is told to take along besides packages."""
    for entry in items(toml.table("tool", "poetry").get("include")):
        path = entry.get("path") if isinstance(entry, dict) else entry
        if isinstance(path, str):
            yield "tool.poetry.include", path
    for entry in items(toml.table("tool", "poetry").get("packages")):
        if isinstance(entry, dict) and isinstance(entry.get("include"), str):
            yield "tool.poetry.packages", str(PurePosixPath(str(entry.get("from") or "."), entry["include"]))
    for name in ("wheel", "sdist"):
        key = f"tool.hatch.build.targets.{name}.force-include"
        yield from ((key, str(path)) for path in toml.table(*key.split(".")))


def matches(file: str, pattern: str) -> bool:
    """Tell whether PATTERN, a glob with `**` or a folder, takes FILE along."""
    pattern = pattern.strip("/").removeprefix("./")
    loose = pattern.replace("**/", "*").replace("/**", "*")
    return file == pattern or file.startswith(f"{pattern}/") or fnmatch(file, pattern) or fnmatch(file, loose)


def is_made(checkup: Checkup, pattern: str) -> bool:
    """Tell whether a step of a workflow names the folder or the file that PATTERN begins with."""
    fixed = re.split(r"[*?\[]", pattern)[0].strip("/")
    runs = (step.run or "" for workflow in checkup.facts.workflows for job in workflow.jobs for step in job.steps)
    return bool(fixed) and any(fixed in run for run in runs)


def item_line(checkup: Checkup, project: Distribution, toml: Toml, key: str, words: str) -> int | None:
    """Return the line inside KEY's lines that holds WORDS, else KEY's first."""
    lines = (checkup.text(project.file) or "").splitlines()
    first, last = toml.spans.get(key, (0, 0))
    return next(
        (number for number in range(first, last + 1) if number and words in lines[number - 1]), first or checkup.line_with(project.file, words)
    )


def tests_inside(checkup: Checkup, project: Distribution, toml: Toml) -> Iterator[Finding]:
    """Yield a finding for each importable package with a folder of tests that nothing keeps out of the wheel."""
    if "tests" in exclusions(toml):
        return
    for package in package_folders(checkup, project):
        for name in TESTS:
            if any(file.startswith(f"{package}/{name}/") and file.endswith(".py") for file in checkup.files):
                line = toml_line(
                    toml, "tool.poetry.packages", "tool.setuptools.packages", "tool.hatch.build.targets.wheel", "project.name", "tool.poetry.name"
                )
                message = f"the tests in {package}/{name} travel in the wheel, and everybody installs them"
                yield Finding(
                    "tests-in-wheel", "note", message, project.file, line, "move them beside the package, or exclude them from the wheel", PAGE
                )


def exclusions(toml: Toml) -> str:
    """Return in one text everything that the build backend is told to leave out."""
    tools = toml.table("tool")
    poetry, flit = table(tools.get("poetry")), table(table(tools.get("flit")).get("sdist"))
    wheel = toml.table("tool", "hatch", "build", "targets", "wheel")
    found = toml.table("tool", "setuptools", "packages", "find")
    places = [
        poetry.get("exclude"),
        wheel.get("exclude"),
        found.get("exclude"),
        flit.get("exclude"),
        toml.table("tool", "pdm", "build").get("excludes"),
    ]
    places += [toml.table("tool", "hatch", "build").get("exclude"), toml.table("tool", "uv", "build-backend").get("wheel-exclude")]
    return " ".join(str(place) for place in places if place)


def package_folders(checkup: Checkup, project: Distribution) -> list[str]:
    """Return the folders of the packages that PROJECT installs, as far as the files tell."""
    folder = project.file.rpartition("/")[0]
    bases = [f"{folder}/" if folder else "", f"{folder}/src/" if folder else "src/"]
    found = [f"{base}{name.replace('.', '/')}" for name in project.import_names for base in bases]
    return [path for path in found if any(file.startswith(f"{path}/") for file in checkup.files)]


def left_behind(checkup: Checkup, project: Distribution) -> Iterator[Finding]:
    """Yield a finding for each version in the package's code that is not the metadata's."""
    try:
        released = Version(project.version or "")
    except ValueError:
        return
    for package in package_folders(checkup, project):
        for name in MODULES:
            for line, text in literals(checkup.text(f"{package}/{name}") or ""):
                if is_other(text, released):
                    message = f"the code says version {text} where the metadata are not found, and the metadata say {released}"
                    fix = "raise both together, or let the code say that it does not know"
                    yield Finding("version-left-behind", "warning", message, f"{package}/{name}", line, fix, PAGE)


def literals(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of each string literal that SOURCE assigns to a version's name, at any depth."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in nodes:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        value = getattr(node, "value", None)
        named = any(isinstance(target, ast.Name) and target.id in NAMES for target in targets)
        if named and isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.lineno, value.value


def is_other(text: str, released: Version) -> bool:
    """Tell whether TEXT is a version that was released once, and not RELEASED; zeros and a local part say that it is not known."""
    try:
        version = Version(text)
    except ValueError:
        return False
    return version != released and any(version.release) and not version.local
