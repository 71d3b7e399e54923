"""Wheel, sdist and commit compared with each other: what is missing, what is too much, and what has other bytes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from pathlib import Path

from pypi_runbook.finding import Finding
from pypi_runbook.project.text import is_file
from pypi_runbook.project.toml import read_toml
from pypi_runbook.rules.contents import GENERATED, PAGE, altered, blob

COMPILED = (".so", ".pyd", ".dylib", ".dll")
# Tests inside a package are left out on purpose as often as not; the others never do anything in an installed package.
ASIDE = {"tests", "test", ".gitignore", ".gitkeep", ".gitattributes"}
BELONGING = ("license", "licence", "copying", "notice", "readme", "pyproject.toml")
FIELDS = ("Name", "Version", "Requires-Python", "Requires-Dist", "Provides-Extra")
# What a build backend takes into the sdist, and what into the wheel: the first that the project has is the one to change.
LISTS = {
    "sdist": (
        *("tool.hatch.build.targets.sdist.include", "tool.hatch.build.targets.sdist.only-include", "tool.hatch.build.targets.sdist.exclude"),
        *("tool.hatch.build.include", "tool.hatch.build.exclude", "tool.poetry.exclude", "tool.poetry.include", "tool.poetry.packages"),
        *("tool.flit.sdist.exclude", "tool.pdm.build.includes", "tool.pdm.build.excludes", "tool.uv.build-backend.source-exclude"),
        *("tool.maturin.exclude", "tool.scikit-build.sdist.exclude"),
    ),
    "wheel": (
        *("tool.hatch.build.targets.wheel.include", "tool.hatch.build.targets.wheel.only-include", "tool.hatch.build.targets.wheel.exclude"),
        *("tool.hatch.build.targets.wheel.packages", "tool.hatch.build.include", "tool.hatch.build.exclude", "tool.setuptools.package-data"),
        *("tool.setuptools.exclude-package-data", "tool.setuptools.packages.find.include", "tool.setuptools.packages.find.exclude"),
        *("tool.setuptools.packages", "tool.poetry.exclude", "tool.poetry.include", "tool.poetry.packages", "tool.pdm.build.includes"),
        *("tool.pdm.build.excludes", "tool.uv.build-backend.wheel-exclude", "tool.maturin.exclude", "tool.scikit-build.wheel.exclude"),
    ),
}
AGAIN = "make both in one build; when one did, the version tool works out another version in the sdist, which has no tags: let the sdist carry it"
SHOWN = 5
SAMPLE = 200


@dataclass
class Inside:
    """What was read of a release's files: bytes by path, of the sdist and of its wheels, and what the commit holds.

    tracked: git's name for the bytes by path, None where there is no commit to compare with; root: the folder that git is asked in.
    """

    root: Path
    sdist: Mapping[str, bytes] | None = None
    wheels: dict[str, Mapping[str, bytes]] = field(default_factory=dict)
    tracked: Mapping[str, str] | None = None


def compare(inside: Inside, shown: Mapping[str, str], severity: str) -> list[Finding]:
    """Return how the files differ from each other and from the commit.

    shown: the path of each file as a person types it, by `sdist` or the wheel's name; severity: of sources that the commit has otherwise.
    """
    findings: list[Finding] = []
    if inside.sdist is not None and inside.tracked is not None:
        findings += _sdist_and_commit(inside, shown["sdist"], severity)
    for name, wheel in inside.wheels.items():
        findings += _native(name, wheel, shown[name])
        if inside.sdist is not None:
            findings += [*_wheel_and_sdist(wheel, inside.sdist, shown[name]), *_metadata(wheel, inside.sdist, shown[name])]
        if inside.tracked is not None:
            findings += _wheel_and_commit(inside, wheel, inside.tracked, shown[name])
    return findings


def payload(wheel: Iterable[str]) -> list[str]:
    """Return the paths of WHEEL that become files of a package, without its metadata and data folders."""
    return [path for path in wheel if not path.partition("/")[0].endswith((".dist-info", ".data"))]


def metadata_of(contents: Mapping[str, bytes], ending: str) -> dict[str, list[str]]:
    """Return the fields that decide what is installed, from the file of CONTENTS whose path ends with ENDING."""
    found = next((content for path, content in contents.items() if path.endswith(ending) and path.count("/") <= 1), b"")
    headers = BytesHeaderParser().parsebytes(found)
    return {name: sorted(str(value) for value in headers.get_all(name, [])) for name in FIELDS}


def listing(names: Iterable[str]) -> str:
    """Return the first NAMES in a line, and how many more there are."""
    every = sorted(names)
    return ", ".join(every[:SHOWN]) + (f" and {len(every) - SHOWN} more" if len(every) > SHOWN else "")


def _sdist_and_commit(inside: Inside, shown: str, severity: str) -> Iterator[Finding]:
    sdist, tracked = inside.sdist or {}, inside.tracked or {}
    if changed := altered(inside.root, sdist, tracked):
        message = f"the commit has other bytes for {listing(changed)}"
        yield Finding("sources-differ", severity, message, shown, None, "build the commit, with nothing changed", PAGE)
    surplus = [path for path in sdist if path not in tracked and path.rpartition("/")[2] not in GENERATED and ".egg-info/" not in path]
    if surplus:
        message = f"no commit holds {listing(surplus)}, so nobody can build this again from the repository"
        yield Finding("not-in-git", "warning", message, shown, None, "commit these files, or leave them out of the sdist", PAGE)
    top = [path for path in tracked if "/" not in path and path.lower().startswith(BELONGING) and path not in sdist]
    if top:
        message = f"it lacks {listing(top)}, which the commit has"
        yield Finding("missing-from-sdist", "warning", message, shown, None, "let the build backend include these files", PAGE)


def _wheel_and_sdist(wheel: Mapping[str, bytes], sdist: Mapping[str, bytes], shown: str) -> Iterator[Finding]:
    known = {blob(content) for content in sdist.values()}
    strange = [path for path in payload(wheel) if blob(wheel[path]) not in known and path.rpartition("/")[2] not in GENERATED]
    differing = {path for path in strange if any(other == path or other.endswith(f"/{path}") for other in sdist)}
    if differing:
        message = f"the sdist has other bytes for {listing(differing)}: the two were not built from the same files"
        yield Finding("wheel-and-sdist-differ", "error", message, shown, None, "build both anew, in one go", PAGE)
    if surplus := [path for path in strange if path not in differing and not path.endswith(COMPILED)]:
        message = f"the sdist does not hold {listing(surplus)}; whoever builds from it gets something else"
        yield Finding("not-in-sdist", "warning", message, shown, None, "let the sdist carry what the wheel is built from", PAGE)


def _metadata(wheel: Mapping[str, bytes], sdist: Mapping[str, bytes], shown: str) -> Iterator[Finding]:
    inside, outside = metadata_of(wheel, ".dist-info/METADATA"), metadata_of(sdist, "PKG-INFO")
    differing = [name for name in FIELDS if inside[name] != outside[name]]
    if "Version" in differing:
        differing.remove("Version")
        yield versions_differ(", ".join(inside["Version"]) or "none", ", ".join(outside["Version"]) or "none", shown)
    if differing:
        message = f"wheel and sdist say different things about {', '.join(differing)}"
        severity = "error" if "Name" in differing else "warning"
        yield Finding("metadata-differ", severity, message, shown, None, "build both anew, in one go; state dependencies statically", PAGE)


def versions_differ(wheel: str, sdist: str, shown: str) -> Finding:
    """Return the finding for a wheel of version WHEEL next to an sdist of version SDIST."""
    message = f"the wheel is version {wheel} and the sdist is version {sdist}, so an install from the sdist gives another version"
    return Finding("versions-differ", "error", message, shown, None, AGAIN, "troubleshooting/tag-and-version.md")


def _native(name: str, wheel: Mapping[str, bytes], shown: str) -> Iterator[Finding]:
    native = [path for path in payload(wheel) if path.endswith(COMPILED)]
    if native and name.endswith("-any.whl"):
        message = f"its name says that it is for any platform, but {listing(native)} is compiled for one"
        yield Finding(
            "native-in-any", "error", message, shown, None, "let the build backend name the platform, or leave the compiled files out", PAGE
        )


def _wheel_and_commit(inside: Inside, wheel: Mapping[str, bytes], tracked: Mapping[str, str], shown: str) -> Iterator[Finding]:
    missing = {path: source for path, source in expected(wheel, tracked).items() if path not in wheel}
    code = [source for path, source in missing.items() if path.endswith(".py")]
    data = [source for path, source in missing.items() if not path.endswith(".py")]
    if code:
        message = f"the package lacks modules that the commit has: {listing(code)}{dropped(inside, code)}"
        yield Finding("missing-modules", "error", message, shown, None, _include(inside, code), PAGE)
    if data:
        reader = next((found for source in data if (found := _reader(wheel, source))), "")
        message = f"the package lacks files that the commit has: {listing(data)}{dropped(inside, data)}{reader}"
        yield Finding("missing-from-wheel", "error" if reader else "warning", message, shown, None, _include(inside, data), PAGE)


def dropped(inside: Inside, sources: list[str]) -> str:
    """Return what else a person should know of SOURCES, files that a wheel lacks: that the sdist lacks them too, when it does."""
    if inside.sdist is None or any(source in inside.sdist for source in sources):
        return ""
    return f"; the sdist, which the wheel is built from, lacks {'it' if len(sources) == 1 else 'them'} too"


def _include(inside: Inside, sources: list[str]) -> str:
    """Return what to do about SOURCES, which a wheel lacks: where the project lists what is taken along."""
    fix = "let the build backend include them, or leave them out of the package's folder"
    kind = "sdist" if dropped(inside, sources) else "wheel"
    if is_file(inside.root / "pyproject.toml"):
        toml = read_toml(inside.root / "pyproject.toml", inside.root)
        if key := next((key for key in LISTS[kind] if key in toml.spans), None):
            return f"correct `{key}` (pyproject.toml:{toml.spans[key][0]}), which decides what the {kind} takes along"
    if kind == "sdist" and is_file(inside.root / "MANIFEST.in"):
        return "add them to MANIFEST.in, which decides what the sdist takes along"
    return fix


def _reader(wheel: Mapping[str, bytes], source: str) -> str:
    """Return which module of WHEEL names the file SOURCE, in words; nothing when none does."""
    name = source.rpartition("/")[2]
    named = re.compile(rb"[\"'/]" + re.escape(name.encode()) + rb"[\"']")
    module = next((path for path in wheel if path.endswith(".py") and named.search(wheel[path])), None)
    return f"; {module} names {name}, so the package fails when it reads it" if module else ""


def expected(wheel: Mapping[str, bytes], tracked: Mapping[str, str]) -> dict[str, str]:
    """Return the paths at which WHEEL should have what TRACKED holds below the folders that its packages come from, each with its source there."""
    paths = payload(wheel)
    found: dict[str, str] = {}
    for top in sorted({path.partition("/")[0] for path in paths if "/" in path}):
        own = [path for path in paths if path.startswith(f"{top}/")]
        # Where the package lies in the repository: the place before it that most of its files have.
        places = Counter(other.removesuffix(path) for path in own[:SAMPLE] for other in tracked if other == path or other.endswith(f"/{path}"))
        if places:
            place = places.most_common(1)[0][0]
            own = [other for other in tracked if other.startswith(f"{place}{top}/") and not ASIDE & set(other.split("/"))]
            found |= {other.removeprefix(place): other for other in own}
    return found
