"""A version that stands in another file as a literal: read where the build backend would read it, never computed."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from pypi_runbook.project.patterns import first_match
from pypi_runbook.project.python import assigned, only_calls_setup
from pypi_runbook.project.setup_cfg import SetupCfg
from pypi_runbook.project.text import is_file, items, table, text_of, words
from pypi_runbook.project.toml import Toml

Answer = tuple[str | None, str]
PROGRAM = "setup.py is a program; --ask-backend runs it"
ASK = "--ask-backend asks it"
FROM_GIT = f"it comes from git when the build backend runs; {ASK}"
# The backends' own patterns, in their words: hatchling's version/core.py, pdm-backend's hooks/version.
HATCH = r"(?i)^(__version__|VERSION) *= *(['\"])v?(?P<version>.+?)\2"
PDM = r"^(?:__version__|VERSION)\s*=\s*[\"'](.+?)[\"']\s*(?:#.*)?$"
FLIT_FILES = ("__init__.py", "version.py", "_version.py", "__version__.py")


@dataclass(frozen=True)
class Source:
    """What a version can be read from: the metadata files, their folder, and the repository outside of which nothing is read."""

    toml: Toml
    setup: SetupCfg
    folder: Path
    root: Path

    def text(self, path: object) -> str | None:
        """Return the text of the file at PATH, relative to the metadata."""
        return text_of(self.folder / path, self.root) if isinstance(path, str) else None

    def tool(self, *keys: str) -> dict[str, Any]:
        """Return a table below [tool]."""
        return self.toml.table("tool", *keys)


def is_indirect(version: str) -> bool:
    """Tell whether setup.cfg's VERSION says where the version stands instead of what it is."""
    return version.startswith(("attr:", "file:"))


def literal_version(source: Source, backend: str) -> Answer:
    """Return the version that stands as a literal where BACKEND looks for it, else None and the reason."""
    reader = next((reader for name, reader in READERS.items() if name in backend), otherwise)
    value, reason = reader(source)
    if value is None:
        return None, reason
    try:
        Version(value)
    except (InvalidVersion, ValueError):
        return None, f"what should say it says {value[:40]!r}, which is no version"
    return value, ""


def otherwise(source: Source) -> Answer:
    """Return why nothing says the version, for a backend whose ways are not known here."""
    if "version" in items(source.toml.table("project").get("dynamic")):
        return None, f"it is dynamic: the build backend decides; {ASK}"
    if is_program(source):
        return None, PROGRAM
    has_files = source.toml.data or source.setup.values
    return None, "the metadata says no version" if has_files else "there is no pyproject.toml, setup.cfg or setup.py"


def is_program(source: Source) -> bool:
    """Tell whether a setup.py may add to the metadata, which one that only calls `setup()` does not."""
    text = None if source.toml.table("project") else source.text("setup.py")
    return text is not None and not only_calls_setup(text)


def setuptools(source: Source) -> Answer:
    """Read `attr` or `file` from pyproject.toml, else from setup.cfg; setuptools-scm asks git."""
    place = source.tool("setuptools", "dynamic").get("version")
    written = source.setup.values.get("version", "")
    if is_indirect(written) and not isinstance(place, dict):
        kind, _, value = written.partition(":")
        place = {kind: value.strip() if kind == "attr" else re.split(r"\s*,\s*", value.strip())}
    scm = any(name in source.tool() for name in ("setuptools_scm", "setuptools-scm")) or uses_scm(source)
    if isinstance(place, dict):
        value, reason = from_attr(source, place["attr"]) if isinstance(place.get("attr"), str) else from_files(source, place.get("file"))
        return (value, reason) if value or not scm else (None, FROM_GIT)
    return (None, FROM_GIT) if scm else otherwise(source)


def uses_scm(source: Source) -> bool:
    """Tell whether the build needs setuptools-scm, which then answers for a dynamic version."""
    return any(re.match(r"setuptools[-_.]scm\b", line) for line in words(source.toml.table("build-system").get("requires")))


def from_attr(source: Source, attr: str) -> Answer:
    """Return what a module assigns to an attribute, if setuptools can read it without importing the module."""
    module, _, name = attr.strip().rpartition(".")
    path = next((path for path in module_files(source, module) if is_file(source.folder / path)), None)
    if path is None:
        return None, f"the module that should say it was not found: {module}"
    value = assigned(source.text(path) or "", name)
    try:
        literal = ast.literal_eval(value) if value else None
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        literal = None
    if isinstance(literal, list | tuple):
        return ".".join(str(part) for part in literal), ""
    return (str(literal), "") if isinstance(literal, str | int | float) else (None, f"{path} computes it; --ask-backend runs it")


def module_files(source: Source, module: str) -> list[str]:
    """Return where MODULE can stand: below `package-dir` if there is one, else in src/ or beside the metadata."""
    folders = table(source.tool("setuptools").get("package-dir")) or source.setup.package_dir
    base = folders.get("")
    path = module.replace(".", "/")
    return [f"{start}{path}{end}" for start in ([f"{base}/"] if base else ["src/", ""]) for end in (".py", "/__init__.py")]


def from_files(source: Source, files: object) -> Answer:
    """Return what FILES hold, one or several, as setuptools joins them."""
    texts = [text for file in words(files) if (text := source.text(file)) is not None]
    return ("\n".join(texts).strip(), "") if texts else (None, f"the file that should say it does not exist: {', '.join(words(files))}")


def hatch(source: Source) -> Answer:
    """Read the file of [tool.hatch.version] with its pattern; other sources than `regex` run something."""
    settings = source.tool("hatch", "version")
    kind = settings.get("source", "regex")
    if kind == "vcs":
        return None, FROM_GIT
    if not settings:
        return otherwise(source)
    if kind != "regex":
        return None, f"hatch's version source {kind!r} runs something; {ASK}"
    return from_pattern(source, settings, HATCH, "version")


def pdm(source: Source) -> Answer:
    """Read the file of [tool.pdm.version] with its pattern; `scm` asks git and `call` runs a function."""
    settings = source.tool("pdm", "version")
    kind = settings.get("source", "file" if "path" in settings else None)
    if kind == "scm":
        return None, FROM_GIT
    if kind == "file":
        return from_pattern(source, settings, PDM, 1)
    return (None, f"pdm calls {settings.get('getter')} for it; {ASK}") if kind == "call" else otherwise(source)


def from_pattern(source: Source, settings: dict[str, Any], usual: str, group: str | int) -> Answer:
    """Return what the pattern of SETTINGS, else the USUAL one, finds in their file."""
    path, pattern = settings.get("path"), settings.get("pattern")
    text = source.text(path)
    if text is None:
        return None, f"the file that should say it cannot be read: {path}"
    value = first_match(pattern, text, group) if isinstance(pattern, str) else search(usual, text, group)
    return (value, "") if value else (None, f"{path} does not say it as a literal")


def search(pattern: str, text: str, group: str | int) -> str | None:
    """Return GROUP of a PATTERN of ours in TEXT."""
    found = re.search(pattern, text, re.MULTILINE)
    return found[group] if found else None


def flit(source: Source) -> Answer:
    """Read `__version__` from the module; flit itself imports it only where that is no literal."""
    name = str(source.tool("flit", "module").get("name") or source.toml.table("project").get("name") or "")
    path = name.replace("-", "_").replace(".", "/")
    for base in ("", "src/"):
        package = [f"{base}{path}/{file}" for file in FLIT_FILES] if is_file(source.folder / f"{base}{path}/__init__.py") else [f"{base}{path}.py"]
        for file in package:
            value = assigned(source.text(file) or "", "__version__")
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                return value.value, ""
        if source.text(package[0]) is not None:
            return None, f"{package[0]} computes it; --ask-backend runs it"
    return None, f"the module that should say it was not found: {name}"


def uv(source: Source) -> Answer:
    """Return why uv's backend has no version: it takes none that is dynamic."""
    return None, "uv_build takes no dynamic version" if "version" in items(source.toml.table("project").get("dynamic")) else otherwise(source)[1]


READERS: dict[str, Callable[[Source], Answer]] = {
    "hatchling": hatch,
    "flit": flit,
    "pdm": pdm,
    "uv_build": uv,
    "setuptools": setuptools,
}
