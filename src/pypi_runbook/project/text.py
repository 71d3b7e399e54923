"""Reading a file of the project, whatever it turns out to be, and its values when their kind is not what the format asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError

# Nobody writes a workflow or metadata of this size; what does reach it would take a reader minutes. Bytes.
LARGEST = 500_000


def is_file(path: Path) -> bool:
    """Tell whether PATH is a regular file, also through a link; a FIFO, a device, a loop of links or an impossible name is none."""
    try:
        return path.is_file()
    except (OSError, ValueError, RuntimeError):
        return False


def is_folder(path: Path) -> bool:
    """Tell whether PATH is a folder, without raising for an impossible name or a loop of links."""
    try:
        return path.is_dir()
    except (OSError, ValueError, RuntimeError):
        return False


def inside(path: Path, root: Path) -> bool:
    """Tell whether PATH, links followed, lies below ROOT."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError):
        return False


def read_text(path: Path, root: Path) -> str:
    """Return PATH's text.

    Raise RunbookError `unreadable-file` when it cannot be read, lies outside ROOT, has more than LARGEST bytes or is not UTF-8.
    """
    file = path.relative_to(root).as_posix()
    if not inside(path, root):
        raise RunbookError("unreadable-file", "the file lies outside of the project", file=file, line=1, next="put the file itself in its place")
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        raise RunbookError("unreadable-file", message, file=file, line=1, next="check the file's permissions") from error
    if len(raw) > LARGEST:
        raise RunbookError("unreadable-file", f"the file has more than {LARGEST:,} bytes", file=file, line=1, next="make the file smaller")
    return decode(raw, file)


def decode(raw: bytes, file: str) -> str:
    """Return RAW as text, or raise RunbookError with the line of the first byte that is not UTF-8."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise RunbookError("unreadable-file", "the file is not UTF-8", file=file, line=line, next="save the file as UTF-8") from error


def text_of(path: Path, root: Path) -> str | None:
    """Return the text of a file that another file names; None when it is missing, outside of ROOT, or no text."""
    try:
        return read_text(path, root) if is_file(path) else None
    except (RunbookError, ValueError):
        return None


def items(value: Any) -> list[Any]:
    """Return VALUE when it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def table(value: Any) -> dict[Any, Any]:
    """Return VALUE when it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def words(value: Any) -> list[str]:
    """Return VALUE as texts where one text and a list of them mean the same; anything else in it is left out."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]
