"""Built files tried as a user would: installed into clean environments, imported, and their commands started."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from email.message import Message
from email.parser import BytesHeaderParser
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename

from pypi_runbook.finding import Finding
from pypi_runbook.manual.clean import Clean
from pypi_runbook.manual.files import File
from pypi_runbook.manual.hygiene import COMMON
from pypi_runbook.manual.release import PAGE, Release
from pypi_runbook.manual.tools import Answer
from pypi_runbook.rules.archives import read_scripts
from pypi_runbook.rules.compare import COMPILED, payload

DEPENDENCIES = "troubleshooting/dependencies.md"
MISSING = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")
BROKEN = re.compile(r"^(?:ModuleNotFoundError|ImportError|AttributeError|NameError|SyntaxError|TypeError)\b", re.MULTILINE)
COMMANDS = 10
SECONDS = 30.0


def try_out(release: Release, file: File, contents: Mapping[str, bytes], folder: Path) -> tuple[str, list[Finding]]:
    """Install the wheel FILE in FOLDER, import what it holds, and start its commands; return what was done, and what is not right.

    contents: the wheel's bytes by path. It is installed by itself; what it depends on joins only when something cannot go without,
    in an environment that RELEASE keeps until the next build.
    """
    if reason := unsuitable(file, contents):
        return reason, [Finding("not-tried", "note", f"it was not installed: {reason}", file.shown, None, "try it on a machine that it is for", PAGE)]
    room = Clean.make(folder)
    if room is None or not room.install("--quiet", "--no-deps", "--no-index", str(file.path)):
        return "not installable", [_bad("not-installable", "pip cannot install it", file, "read pip's lines above")]
    modules, commands = import_names(contents), console_scripts(contents)
    findings = list(_trials(room, file, contents, modules, commands))
    lacking = [finding for finding in findings if finding.id == "needs-dependencies"]
    if lacking:
        findings = [finding for finding in findings if finding not in lacking]
        if whole := Clean.complete(release, file):
            findings = list(_trials(whole, file, contents, modules, commands, complete=True))
        else:
            message = f"what it depends on could not be installed, so this was not tried to the end: {lacking[0].message}"
            fix = "read pip's lines above: either the index did not answer, or a dependency does not exist"
            findings.append(Finding("dependencies-not-installed", "warning", message, file.shown, None, fix, DEPENDENCIES))
    tried = [*(f"import {name}" for name in modules), *(f"{name} --help" for name in commands)]
    return ", ".join(tried) + (", with what it depends on" if lacking else "") if tried else "installed; it holds nothing to import", findings


def unsuitable(file: File, contents: Mapping[str, bytes]) -> str:
    """Return why this machine cannot try FILE, or nothing: it is for another platform, or for another Python."""
    tags = parse_wheel_filename(file.path.name)[3]
    if not tags & set(sys_tags()):
        return f"it is for another platform or Python than this one ({', '.join(sorted(map(str, tags)))})"
    try:
        wanted = SpecifierSet(str(_headers(contents).get("Requires-Python") or ""))
    except InvalidSpecifier:
        return ""
    return (
        "" if wanted.contains(platform.python_version(), prereleases=True) else f"it is for Python {wanted}, and this is {platform.python_version()}"
    )


def import_names(contents: Mapping[str, bytes]) -> list[str]:
    """Return the names that a user imports: top-level modules and packages, and the first packages below a namespace."""
    paths = payload(contents)
    packages = sorted(path.removesuffix("/__init__.py") for path in paths if path.endswith("/__init__.py"))
    outer = [package for package in packages if not any(package.startswith(f"{other}/") for other in packages)]
    modules = [path.partition(".")[0] for path in paths if "/" not in path and path.endswith((".py", *COMPILED))]
    names = {name.replace("/", ".") for name in [*outer, *modules] if name.split("/")[0] not in COMMON}
    return sorted(name for name in names if all(part.isidentifier() for part in name.split(".")))


def console_scripts(contents: Mapping[str, bytes]) -> list[str]:
    """Return the names of the commands that the wheel installs."""
    scripts = read_scripts(b"".join(content for path, content in contents.items() if path.endswith(".dist-info/entry_points.txt")))
    return sorted((scripts or {}).get("console_scripts", []))[:COMMANDS]


def requirements(contents: Mapping[str, bytes]) -> list[str]:
    """Return what a plain installation on this machine needs besides the wheel."""
    found = []
    for line in _headers(contents).get_all("Requires-Dist", []):
        try:
            requirement = Requirement(str(line))
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            found.append(requirement.name)
    return found


def _trials(
    room: Clean, file: File, contents: Mapping[str, bytes], modules: Iterable[str], commands: Iterable[str], *, complete: bool = False
) -> Iterator[Finding]:
    """Yield what does not import or start; `needs-dependencies` at once where only what it depends on is missing and not COMPLETE."""
    needs = not complete and bool(requirements(contents))
    for what, answer in _answers(room, modules, commands):
        missing = MISSING.search(answer.words)
        if needs and missing and not _holds(contents, missing[1]):
            yield Finding("needs-dependencies", "note", f"{what} needs {missing[1]}", file.shown)
            return
        if found := _judge(what, answer, file):
            yield found


def _answers(room: Clean, modules: Iterable[str], commands: Iterable[str]) -> Iterator[tuple[str, Answer]]:
    for name in modules:
        yield f"import {name}", room.ask("python", "-I", "-c", f"import {name}")
    for name in commands:
        yield f"{name} --help", room.ask(name, "--help", seconds=SECONDS)


def _judge(what: str, answer: Answer, file: File) -> Finding | None:
    if what.startswith("import "):
        if answer.status == 0:
            return None
        ended = answer.last if answer.status is not None else "it had not ended after a minute"
        missing = MISSING.search(answer.words)
        fix = f"state {missing[1]} as a dependency, or include it" if missing else "run the command above; correct the package and build again"
        return _bad("does-not-import", f"`{what}` fails in a clean environment: {ended}", file, fix, DEPENDENCIES if missing else PAGE)
    if answer.status is None:
        fix = "start it by hand once; a command should answer --help"
        return Finding("command-not-judged", "note", f"`{what}` was still running after {SECONDS:.0f} s", file.shown, None, fix, PAGE)
    if "Traceback (most recent call last)" in answer.words:
        fix = "start it in a clean environment; correct the entry point or the dependencies"
        if BROKEN.search(answer.words):
            return _bad("command-fails", f"`{what}` fails in a clean environment: {answer.last}", file, fix)
        return Finding("command-traceback", "warning", f"`{what}` ends in a traceback: {answer.last}", file.shown, None, fix, PAGE)
    return None


def _holds(contents: Mapping[str, bytes], module: str) -> bool:
    top = module.partition(".")[0]
    return any(path.startswith((f"{top}/", f"{top}.")) for path in payload(contents))


def _headers(contents: Mapping[str, bytes]) -> Message:
    content = next((content for path, content in contents.items() if path.endswith(".dist-info/METADATA")), b"")
    return BytesHeaderParser().parsebytes(content)


def _bad(id_: str, message: str, file: File, fix: str, page: str = PAGE) -> Finding:
    return Finding(id_, "error", message, file.shown, None, fix, page)
