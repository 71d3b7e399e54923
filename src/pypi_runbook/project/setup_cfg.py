"""`setup.cfg`, in the words of pyproject.toml."""

from __future__ import annotations

import configparser
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.text import is_file, read_text


@dataclass(frozen=True)
class SetupCfg:
    """The fields that setup.cfg gives, under PEP 621's names, and the line of each; `package_dir` is where packages stand."""

    values: dict[str, Any]
    lines: dict[str, int]
    package_dir: dict[str, str] = field(default_factory=dict)


def read_setup_cfg(path: Path, root: Path) -> SetupCfg:
    """Return PATH's metadata, empty when the file is missing; raise RunbookError `malformed-setup-cfg` when it cannot be read."""
    if not is_file(path):
        return SetupCfg({}, {})
    text = read_text(path, root)
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text, path.name)
    except configparser.Error as error:
        raise malformed(error, path.relative_to(root).as_posix()) from error
    metadata = dict(parser["metadata"]) if parser.has_section("metadata") else {}
    options = dict(parser["options"]) if parser.has_section("options") else {}
    folders = dict(pair(line) for line in listed(options.get("package_dir", "")))
    return SetupCfg(convert(metadata, options), dict(lines(text)), folders)


def malformed(error: configparser.Error, file: str) -> RunbookError:
    """Return the error for a file that is not in setup.cfg's format, with the line that ERROR names."""
    numbers = re.findall(r"line:? +(\d+)", str(error))
    what = str(error).splitlines()[0].rstrip(":.")
    line = getattr(error, "lineno", None) or int(numbers[0] if numbers else 1)
    return RunbookError("malformed-setup-cfg", f"this is not a valid setup.cfg: {what}", file=file, line=line, next="correct the line")


def convert(metadata: dict[str, str], options: dict[str, str]) -> dict[str, Any]:
    """Return setup.cfg's METADATA and OPTIONS under PEP 621's names; its keys may have `-` or `_`."""
    given = {key.replace("-", "_"): value for key, value in metadata.items()}
    urls = dict(pair(line) for line in listed(given.get("project_urls", "")))
    homepage = {"Homepage": given["url"]} if given.get("url") else {}
    author = " ".join(filter(None, [given.get("author"), f"<{given['author_email']}>" if given.get("author_email") else None]))
    readme = re.match(r"file:\s*([^,\s]+)", given.get("long_description", ""))
    packages = [name for key in ("packages", "py_modules") for name in re.split(r"[,\s]+", options.get(key, "")) if name]
    values = {
        "modules": packages if not any(name.startswith("find") for name in packages) else None,
        **{name: given.get(name) for name in ("name", "version", "description", "license")},
        "requires-python": options.get("python_requires"),
        "readme": readme[1] if readme else None,
        "authors": [author] if author else None,
        "keywords": [word for line in listed(given.get("keywords", "")) for word in re.split(r",\s*", line) if word] or None,
        "classifiers": listed(given.get("classifiers", "")) or None,
        "urls": homepage | urls or None,
        "dependencies": listed(options.get("install_requires", "")) or None,
    }
    return {name: value for name, value in values.items() if value}


def listed(value: str) -> list[str]:
    """Return the lines of a value that setup.cfg writes as a list."""
    return [line.strip() for line in value.splitlines() if line.strip() and not line.strip().startswith("#")]


def pair(line: str) -> tuple[str, str]:
    """Return label and value of `label = value`."""
    label, _, value = line.partition("=")
    return label.strip(), value.strip()


NAMES = {"python-requires": "requires-python", "install-requires": "dependencies", "url": "urls", "author": "authors", "long-description": "readme"}


def lines(text: str) -> list[tuple[str, int]]:
    """Return the field that each key of setup.cfg gives, with its line."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if key := re.match(r"([\w-]+)\s*[=:]", line):
            name = key[1].replace("_", "-").lower()
            found.append((NAMES.get(name, name), number))
    return found
