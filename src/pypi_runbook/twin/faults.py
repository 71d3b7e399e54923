"""Named ways in which the twin fails on purpose, for the next requests or until cleared."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin.hosts import INDEXES

DESCRIPTIONS = {
    "outage": "every request is answered with 503 Service Unavailable",
    "too-many-requests": "every request is answered with 429 and Retry-After; `seconds` (1) says how long",
    "read-only": "uploads are refused in PyPI's words for its read-only mode",
    "slow": "every answer waits `seconds` (2)",
    "cut": "the connection ends after `bytes` (100) of an answer or of an upload",
    "lag": "files become visible `seconds` (5) after their upload",
}
DEFAULTS: dict[str, dict[str, float]] = {
    "too-many-requests": {"seconds": 1},
    "slow": {"seconds": 2},
    "cut": {"bytes": 100},
    "lag": {"seconds": 5},
}


@dataclass
class Fault:
    """A fault that is on: for how many more requests (None: until cleared), on which index (None: both), and its numbers."""

    name: str
    left: int | None
    index: str | None
    options: dict[str, float]

    def __getitem__(self, option: str) -> float:
        return self.options[option]


class Faults:
    """The faults that are on. `read-only` and `lag` are asked for by name, the others by the next request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._on: list[Fault] = []

    def add(self, name: str, requests: int | None, index: str | None, options: dict[str, Any]) -> None:
        """Switch a fault on; unknown names, indexes and options raise a RunbookError."""
        if name not in DESCRIPTIONS:
            raise RunbookError("unknown-fault", f"there is no fault named {name}", next=f"choose from {', '.join(DESCRIPTIONS)}")
        if index is not None and index not in INDEXES:
            raise RunbookError("unknown-index", f"there is no index named {index}", next=f"choose from {', '.join(INDEXES)}")
        known = DEFAULTS.get(name, {})
        if unknown := set(options) - set(known):
            raise RunbookError("unknown-option", f"the fault {name} has no option {min(unknown)}", next=DESCRIPTIONS[name])
        with self._lock:
            self._on.append(Fault(name, requests, index, {**known, **options}))

    def clear(self) -> None:
        """Switch every fault off."""
        with self._lock:
            self._on.clear()

    def take(self, index: str | None) -> Fault | None:
        """Return the fault that meets the next request for INDEX, and count it."""
        return self._find(index, ("outage", "too-many-requests", "slow", "cut"), count=True)

    def is_read_only(self, index: str) -> bool:
        """Tell whether an upload to INDEX meets its read-only mode, and count it."""
        return self._find(index, ("read-only",), count=True) is not None

    def lag(self, index: str) -> float:
        """Return how many seconds INDEX hides a new file."""
        fault = self._find(index, ("lag",), count=False)
        return fault["seconds"] if fault else 0.0

    def _find(self, index: str | None, names: tuple[str, ...], *, count: bool) -> Fault | None:
        with self._lock:
            for fault in self._on:
                if fault.name in names and (fault.index is None or fault.index == index):
                    if count and fault.left is not None:
                        fault.left -= 1
                        if fault.left <= 0:
                            self._on.remove(fault)
                    return fault
        return None
