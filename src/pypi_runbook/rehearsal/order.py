"""The order of things of which some need others, in time that grows with their number only."""

from __future__ import annotations

import heapq
from collections.abc import Mapping


def in_order(needs: Mapping[str, set[str]]) -> list[str]:
    """Return the names of NEEDS, each after those that it needs, otherwise as they stand there.

    What waits for a circle, or for something unknown, is not among them.
    """
    names = list(needs)
    waiting = {name: set(wanted) for name, wanted in needs.items()}
    after: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        for need in waiting[name]:
            after.setdefault(need, []).append(number)
    ready = [number for number, name in enumerate(names) if not waiting[name]]
    found = []
    while ready:
        done = names[heapq.heappop(ready)]
        found.append(done)
        for number in after.get(done, ()):
            waiting[names[number]].discard(done)
            if not waiting[names[number]]:
                heapq.heappush(ready, number)
    return found
