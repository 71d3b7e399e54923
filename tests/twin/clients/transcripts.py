"""What clients print, kept as data: read, compared, and written when somebody accepts other words.

`tests/clients/CLIENT/transcripts/VERSION.toml` holds a table for each step: the command, its exit status (or that it hangs), the requests that
the twin saw, and the output with both streams in one. What varies stands there as the placeholders of console blocks.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from people import CLIENTS

from pypi_runbook.pages.console import Comparison, plain_lines

# The status of a client that does not end.
HANGS = "none, it hangs"
# In this order: what an earlier one has replaced, a later one no longer sees.
VARYING: tuple[tuple[str, str], ...] = (
    (r"(?<=/packages/)[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}(?=/)", "path"),
    (r"(?<![\w/])/[^\s\"':]*/(?:twin-|pytest-|accept-)[^\s\"':]*", "path"),
    (r"\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b", "hash"),
    # Also of a twin, no token belongs into a file.
    (r"pypi-[A-Za-z0-9_-]{40,}", "any"),
    (r"(?<=Python )3\.[0-9.]+[0-9]", "version"),
    (r"(?<=in )[0-9.]+(?:ms|s)\b", "time"),
    (r"(?<=\()[0-9.]+ ?(?:B|bytes|kB|KiB)(?=\))", "size"),
)
MEASURES = ("time", "size")
TRACEBACK = re.compile(r"(?<=Traceback \(most recent call last\):\n)(?:[ ].*\n)+")


@dataclass(frozen=True)
class Record:
    """What a client did at one step."""

    client: str
    step: str
    command: str
    status: str
    requests: list[str]
    output: str

    def text(self) -> str:
        """Return all of it as the lines that are compared."""
        return "\n".join([f"$ {self.command}", *plain_lines(self.output), f"exit status: {self.status}", *self.requests])


def locked_version(client: str) -> str:
    """Return the version of CLIENT that its lock names."""
    lock = (CLIENTS / client / "requirements.txt").read_text()
    package = client.removesuffix("-bundled")
    found = re.search(rf"^{re.escape(package)}==([^ ;]+)", lock, flags=re.MULTILINE)
    assert found, f"the lock of {client} does not name it"
    return found[1]


def transcript_file(client: str) -> Path:
    """Return where the transcript of CLIENT's locked version is kept."""
    return CLIENTS / client / "transcripts" / f"{locked_version(client)}.toml"


def kept(client: str) -> dict[str, Record]:
    """Return the steps of CLIENT's transcript by their names; none where nothing was accepted yet."""
    file = transcript_file(client)
    steps: dict[str, Any] = tomllib.loads(file.read_text()) if file.exists() else {}
    return {name: Record(client, name, **table) for name, table in steps.items()}


def differs(record: Record) -> str:
    """Return how RECORD differs from what was accepted, as a diff with the command that accepts it; nothing when it agrees."""
    accepted = kept(record.client).get(record.step)
    expected = accepted.text().split("\n") if accepted else []
    diff = Comparison().differs(expected, record.text())
    if not diff:
        return ""
    where = f"{record.client} {locked_version(record.client)}, step {record.step}"
    return f"{where}: not what its transcript says (- accepted, + real)\n{diff}\nread it; `tests/clients/accept {record.client}` accepts it"


def typed(text: str) -> str:
    """Return TEXT with placeholders for what varies; another text of the same kind gets another number, and so does each measure."""
    text = TRACEBACK.sub("...\n", text)
    for pattern, kind in VARYING:
        text = re.sub(pattern, _numbered(kind, text), text)
    return text


def _numbered(kind: str, text: str) -> Callable[[re.Match[str]], str]:
    # A kind may have several patterns, so counting goes on where the last one stopped.
    before, found = len(set(re.findall(rf"<{kind}(?::\d+)?>", text))), list[str]()

    def name(match: re.Match[str]) -> str:
        # Two measures that are equal today are not equal by nature.
        if match[0] not in found or kind in MEASURES:
            found.append(match[0])
        number = before + (len(found) if kind in MEASURES else found.index(match[0]) + 1)
        return f"<{kind}>" if number == 1 else f"<{kind}:{number}>"

    return name


def accept(records: list[Record]) -> Path:
    """Write RECORDS, all the steps of one client, as the transcript of its locked version; return the file."""
    file = transcript_file(records[0].client)
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{_head(records[0].client)}\n" + "\n".join(map(_table, records)))
    return file


def _head(client: str) -> str:
    return f"# What {client} {locked_version(client)} does and prints in the twin. Written by `tests/clients/accept {client}`."


def _table(record: Record) -> str:
    lines = typed("\n".join([*record.requests, "", *plain_lines(record.output)])).split("\n")
    requests, output = lines[: len(record.requests)], "\n".join(lines[len(record.requests) + 1 :])
    assert "'''" not in output, "the output holds what ends a literal string of TOML"
    listed = "".join(f"    {request!r},\n" for request in requests)
    parts = [f"[{record.step}]", f"command = {record.command!r}", f"status = {record.status!r}"]
    parts += [f"requests = [\n{listed}]" if listed else "requests = []", f"output = '''\n{output}'''", ""]
    return "\n".join(parts)
