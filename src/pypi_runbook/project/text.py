"""Reading a file of the project, and its values when their kind is not what the format asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError


def read_text(path: Path, root: Path) -> str:
    """Return PATH's text; raise RunbookError `unreadable-file` when it cannot be read or is not UTF-8."""
    file = path.relative_to(root).as_posix()
    try:
        raw = path.read_bytes()
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        raise RunbookError("unreadable-file", message, file=file, next="check the file's permissions") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise RunbookError("unreadable-file", "the file is not UTF-8", file=file, line=line, next="save the file as UTF-8") from error


def items(value: Any) -> list[Any]:
    """Return VALUE when it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def table(value: Any) -> dict[Any, Any]:
    """Return VALUE when it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}
