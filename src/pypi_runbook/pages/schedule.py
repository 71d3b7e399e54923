"""How tests are spread over pytest-xdist's workers: a path of a page, and a test file, is one worker's."""

from __future__ import annotations

import re
from typing import Any

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

NODE = re.compile(r"^(?P<page>[^:]+\.md)::[0-9]+(?:\[(?P<label>[^\]#]*)[^\]]*\])?$")


def path_of(nodeid: str) -> tuple[str, str] | None:
    """Return page and path of a snippet's test, or nothing for another test."""
    found = NODE.match(nodeid)
    return (found["page"], found["label"] or "") if found else None


class PathScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Like xdist's loadgroup, whose group names do not reach the node ids of pytest 9; the order is that of collection."""

    def __init__(self, config: Any, log: Any) -> None:
        # The longest path comes first by its time, not by its number of snippets.
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        path = path_of(nodeid)
        return f"{path[0]}[{path[1]}]" if path else nodeid.split("::")[0]
