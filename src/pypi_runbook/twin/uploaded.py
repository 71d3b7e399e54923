"""What a rehearsal asks of a twin: what the indexes took, under which identity, and how many runs there were."""

from __future__ import annotations

import json
from typing import Any

from pypi_runbook.twin.hosts import INDEXES
from pypi_runbook.twin.lookup import Action, Arguments
from pypi_runbook.twin.provenance import publisher_of
from pypi_runbook.twin.world import World


def list_uploads(world: World, _: Arguments) -> dict[str, Any]:
    """Answer with every file that an index holds, in the order of the uploads; `publisher` is empty for a person's token."""
    files = [file for name in INDEXES for file in world.store.files(name)]
    return {"uploads": [{"index": file.index, "filename": file.filename, "sha256": file.sha256, "publisher": publisher_of(file)} for file in files]}


def begin_run(world: World, arguments: Arguments) -> dict[str, Any]:
    """Count a run of `workflow`; answer with its number, which is one more than that of the last in this state."""
    path = world.store.folder / "runs.json"
    counted: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
    name = str(arguments["workflow"])
    counted[name] = counted.get(name, 0) + 1
    path.write_text(json.dumps(counted))
    return {"number": counted[name]}


ACTIONS: dict[str, Action] = {"list-uploads": list_uploads, "begin-run": begin_run}
