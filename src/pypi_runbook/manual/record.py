"""The local record: what was built, checked, sent and compared, when and with which result; ready to attach to an incident.

One JSON object a line, only ever appended. No token and no value of the environment enters it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.manifest import read_manifest
from pypi_runbook.manual.release import Release, open_state
from pypi_runbook.manual.tools import say
from pypi_runbook.project.git import git
from pypi_runbook.secrets import mask

NAME = "record.jsonl"
SCHEMA = 1


def append(
    release: Release, command: str, files: Mapping[str, str], result: str, reason: str = "", index: str | None = None, *, commit: str | None = None
) -> None:
    """Add one line to the record and wait until it is on the disk.

    command: `build`, `check`, `upload` or `verify`; files: the sha256 of each file that it was about, by name.
    result: `passed`, `failed` or `interrupted`; reason: why, in a sentence; index: `pypi`, `testpypi` or None.
    commit: None for the one that the manifest names. A disk that is full costs the line, not the command: a note says so.
    """
    name, version, built = _built(release)
    entry = {
        "schema": SCHEMA,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "commit": commit or built,
        "index": index,
        "project": name,
        "version": version,
        "files": dict(files),
        "result": result,
        "reason": mask(reason),
    }
    try:
        _write(open_state(release) / NAME, json.dumps(entry))
    except OSError as error:
        say(f"note: this run could not be written to .pypi-runbook/{NAME}: {error.strerror}")


def passed(release: Release, command: str, files: Mapping[str, str], index: str | None = None) -> bool:
    """Say whether the latest run of COMMAND over exactly FILES, by name and sha256, and for INDEX, passed."""
    wanted = {"command": command, "index": index, "files": dict(files)}
    same = [entry for entry in entries(release) if all(entry.get(key) == value for key, value in wanted.items())]
    return bool(same) and same[-1].get("result") == "passed"


def entries(release: Release) -> Iterator[dict[str, Any]]:
    """Yield the entries of the record, oldest first; a line that was cut off by a crash is passed over."""
    path = release.state / NAME
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else ():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            yield entry


def _built(release: Release) -> tuple[str | None, str | None, str | None]:
    """Return name, version and commit of what the manifest lists; before there is one, what the checkout says."""
    try:
        manifest = read_manifest(release)
    except RunbookError:
        return release.name, str(release.version) if release.version else None, git(release.root, "rev-parse", "HEAD")
    return manifest.name, manifest.version, manifest.commit


def _write(path: Path, line: str) -> None:
    with path.open("ab+") as stream:
        if size := stream.seek(0, os.SEEK_END):
            stream.seek(size - 1)
        # What a crash cut off stays a line of its own, and does not swallow this one.
        torn = b"\n" if stream.read(1) not in (b"", b"\n") else b""
        stream.write(torn + line.encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
