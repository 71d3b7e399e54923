"""The indexes that the project itself gives a name: for uv, Poetry, Hatch and twine."""

from __future__ import annotations

import configparser
import tomllib
from pathlib import Path
from typing import Any

from pypi_runbook.project.text import items, table, text_of


def configured(root: Path) -> dict[str, str]:
    """Return the upload address of each index that ROOT's files name; a file that cannot be read names none."""
    tools = table(toml(text_of(root / "pyproject.toml", root)).get("tool"))
    uv = items(table(tools.get("uv")).get("index")) + items(toml(text_of(root / "uv.toml", root)).get("index"))
    poetry = items(table(tools.get("poetry")).get("source"))
    hatch: Any = tools
    for key in ("hatch", "publish", "index", "repos"):
        hatch = table(hatch).get(key)
    found = {name: table(body).get("url") for name, body in table(hatch).items()}
    found |= {table(entry).get("name"): table(entry).get("publish-url") or table(entry).get("url") for entry in [*poetry, *uv]}
    return pypirc(text_of(root / ".pypirc", root)) | {str(name): url for name, url in found.items() if isinstance(url, str)}


def toml(text: str | None) -> dict[str, Any]:
    """Return TEXT as TOML, empty when it is none."""
    try:
        return tomllib.loads(text or "")
    except (ValueError, RecursionError):
        return {}


def pypirc(text: str | None) -> dict[str, str]:
    """Return the repositories of a .pypirc that stands in the project, without its secrets."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text or "")
    except configparser.Error:
        return {}
    return {name: parser[name]["repository"] for name in parser.sections() if parser[name].get("repository")}
