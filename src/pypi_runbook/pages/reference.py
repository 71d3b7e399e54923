"""The reference pages, made from what they describe: macros, variables, fences, commands, troubleshooting entries."""

from __future__ import annotations

import functools
import inspect
import posixpath
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mkdocs.utils.meta import get_data

from pypi_runbook import reads
from pypi_runbook.errors import RunbookError
from pypi_runbook.pages import fences, values
from pypi_runbook.pages.tables import table

HEADINGS = {
    "build-failures": "Build failures",
    "publishing-failures": "Publishing failures",
    "package-not-found-after-publishing": "Package not found after publishing",
}


def fences_reference() -> str:
    """Return the closed lists of languages and options."""
    run = [(f"`{name}`", meaning) for name, meaning in fences.RUN.items()]
    shown = [(f"`{name}`", meaning) for name, meaning in fences.SHOWN.items()]
    options = [(f"`{name}`", f"`{option.example}`", option.meaning) for name, option in fences.OPTIONS.items()]
    parts = ["### Languages that are run", table(["Language", "What becomes of a block"], run)]
    parts += ["### Languages that are shown", table(["Language", "For"], shown)]
    parts += ["### Options", table(["Option", "For example", "What it does"], options)]
    return "\n\n".join(parts)


def macros_reference(macros: dict[str, Callable[..., str]], variables: dict[str, Any]) -> str:
    """Return every macro with its parameters, and every variable with the value that it has for this project."""
    rows = [(f"`{name}{signature(macro)}`", first_line(macro).removeprefix("Return ")) for name, macro in macros.items()]
    parts = ["### Macros", table(["Macro", "What it returns"], rows), "### Variables"]
    for name, value in variables.items():
        known = [(f"`{name}.{attribute}`", shown(inner)) for attribute, inner in values.attributes(value)]
        parts += [f"`{name}`: {first_line(type(value)).split(': ', 1)[-1]}", table(["Variable", "Here"], known)]
    return "\n\n".join(parts)


def shown(value: Any) -> str:
    """Return VALUE as a page would show it, shortened, or why it is not known."""
    if isinstance(value, values.Missing):
        return f"not known: {value.reason}"
    if isinstance(value, values.JobValues):
        return f"`{value.id}`, with `.id`, `.name`, `.environment` and `.url`"
    text = (
        ", ".join(f"{key}: {inner}" for key, inner in value.items())
        if isinstance(value, dict)
        else ", ".join(value)
        if isinstance(value, list)
        else str(value)
    )
    return f"`{text if len(text) <= 80 else text[:79] + '…'}`"


def signature(macro: Callable[..., str]) -> str:
    """Return MACRO's parameters as a page writes them, without annotations."""
    parameters = inspect.signature(macro).parameters.values()
    return "(" + ", ".join(str(parameter.replace(annotation=inspect.Parameter.empty)) for parameter in parameters) + ")"


def first_line(thing: object) -> str:
    """Return the first sentence of THING's docstring."""
    return (inspect.getdoc(thing) or "").split("\n")[0]


def commands_reference() -> str:
    """Return each command with the help that it prints itself."""
    # The help is printed by other processes, and kept in this one for the next guide.
    reads.note(*reads.PACKAGE.rglob("*.py"))
    overview = help_of()
    names = re.findall(r"^  (\w[\w-]*)  +\S", overview.split("Commands:")[-1], flags=re.MULTILINE)
    if not names:
        raise RunbookError("no-commands", "`pypi-runbook --help` lists no commands", next="run it and see")
    with ThreadPoolExecutor(2) as pool:
        helps = list(pool.map(help_of, names))
    parts = [f"## `pypi-runbook {name}`\n\n```text\n{text}\n```" for name, text in zip(names, helps, strict=True)]
    return "\n\n".join([f"```text\n{overview}\n```", *parts])


@functools.cache
def help_of(*command: str) -> str:
    """Return what `pypi-runbook COMMAND --help` prints; where the environment lacks the command's extra, what it says about that."""
    argv = [sys.executable, "-m", "pypi_runbook", *command, "--help"]
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env={"PATH": "", "LC_ALL": "C.UTF-8", "COLUMNS": "80", "TERMINAL_WIDTH": "80"}
    )
    lacking = re.search(r"error: (.* needs the extra .*(?:\n  next: .*)?)", done.stderr)
    if done.returncode and not lacking:
        raise RunbookError("no-help", f"`pypi-runbook {' '.join(command)} --help` fails: {done.stderr.strip()}", next="run it and see")
    return lacking[1] if lacking else done.stdout.replace("python -m pypi_runbook", "pypi-runbook").strip("\n")


def entries(docs: Path, page: str) -> str:
    """Return the troubleshooting entries below the three headings that people look for, with links as PAGE writes them."""
    parts = []
    for anchor, heading in HEADINGS.items():
        rows = [
            (f"[{meta['title']}]({posixpath.relpath(path, posixpath.dirname(page))})", str(meta.get("description", "")))
            for path, meta in entries_below(docs, anchor)
        ]
        parts.append(f"## {heading} {{ #{anchor} }}\n\n" + (table(["What you see", "What it is"], rows) if rows else "No entry yet.\n"))
    return "\n\n".join(parts)


def entries_below(docs: Path, anchor: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the entries that belong under ANCHOR: path from the docs folder, front matter; those of the seed first, then by title."""
    found = []
    for file in sorted((docs / "troubleshooting").glob("*.md")):
        meta = get_data(file.read_text(encoding="utf-8"))[1]
        if "heading" not in meta:
            continue
        if meta["heading"] not in HEADINGS:
            wrong = f"`heading: {meta['heading']}` is none of {', '.join(HEADINGS)}"
            raise RunbookError("bad-entry", wrong, f"{docs.name}/troubleshooting/{file.name}", 1, next="correct the front matter")
        if meta["heading"] == anchor:
            found.append((not meta.get("seed"), str(meta.get("title", file.stem)), f"troubleshooting/{file.name}", meta))
    yield from ((path, meta) for _, _, path, meta in sorted(found, key=lambda entry: entry[:2]))
