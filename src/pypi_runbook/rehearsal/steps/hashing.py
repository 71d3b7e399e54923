"""`hashFiles`: one hash over the files that patterns find in the workspace."""

from __future__ import annotations

import hashlib

from pypi_runbook.rehearsal.running import Folders
from pypi_runbook.rehearsal.standins.globs import find_files, read_patterns


def hash_files(folders: Folders, patterns: list[str]) -> str:
    """Return the SHA-256 of the hashes of the files of the workspace that PATTERNS find, empty when there are none (@actions/glob)."""
    workspace = folders.workspace.resolve()
    found = find_files(read_patterns("\n".join(patterns), workspace, folders.home), hidden=True)
    whole = hashlib.sha256()
    files = [file for file in found if file.is_file() and file.resolve().is_relative_to(workspace)]
    for file in files:
        with file.open("rb") as stream:
            whole.update(hashlib.file_digest(stream, "sha256").digest())
    return whole.hexdigest() if files else ""
