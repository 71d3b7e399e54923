"""What the indexes took, under which identity: for whoever has to tell what a run published."""

from __future__ import annotations

from typing import Any

from pypi_runbook.twin.hosts import INDEXES
from pypi_runbook.twin.lookup import Action, Arguments
from pypi_runbook.twin.provenance import publisher_of
from pypi_runbook.twin.world import World


def list_uploads(world: World, _: Arguments) -> dict[str, Any]:
    """Answer with every file that an index holds, in the order of the uploads; `publisher` is empty for a person's token."""
    files = [file for name in INDEXES for file in world.store.files(name)]
    return {"uploads": [{"index": file.index, "filename": file.filename, "sha256": file.sha256, "publisher": publisher_of(file)} for file in files]}


ACTIONS: dict[str, Action] = {"list-uploads": list_uploads}
