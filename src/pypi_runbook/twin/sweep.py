"""What a killed twin left half-done in a state folder, removed before the next one serves it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pypi_runbook.twin.hosts import INDEXES

if TYPE_CHECKING:
    from pypi_runbook.twin.store import Store


def sweep_store(store: Store) -> None:
    """Remove uploads that never ended, and bytes that came into place without the transaction that records them.

    A deleted file's bytes stay, as on PyPI: its name was recorded once.
    """
    for path in (store.folder / "incoming").iterdir():
        path.unlink()
    for site in INDEXES:
        top = store.folder / "files" / site
        for folder, _, names in os.walk(top, topdown=False):
            for name in names:
                if not store.was_used(site, name.removesuffix(".metadata")):
                    (Path(folder) / name).unlink()
            _remove_empty(Path(folder))


def _remove_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()
