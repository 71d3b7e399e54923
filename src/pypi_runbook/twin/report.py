"""What happened in a twin, in words for the person who ran something inside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pypi_runbook.rules import RULES
from pypi_runbook.rules.words import recognize
from pypi_runbook.twin.hosts import INDEXES
from pypi_runbook.twin.records import Request
from pypi_runbook.twin.world import World

# Besides the server's errors: too many requests, and an answer that was cut.
FAILURES = (429, 499)


def report(world: World, since: int = 0) -> list[str]:
    """Return what WORLD's indexes hold, and what was refused and why among its requests from number SINCE on."""
    lines = []
    for name, index in INDEXES.items():
        files = [file.filename for file in world.store.files(name)]
        if files:
            lines.append(f"{index.title} holds {', '.join(files)}")
    lines += [*_refusals(world.requests[since:]), *world.trusted.explained(since)]
    return lines or ["nothing was uploaded, nothing was refused"]


def page_of(words: str) -> str:
    """Return the troubleshooting page about a refusal in these WORDS of an index, or nothing."""
    # An index joins by commas what several limits of a token forbid.
    for text in (words, words.partition(", ")[0]):
        try:
            entry = recognize(text, RULES.values()).rule.entry
        except LookupError:
            continue
        return f"troubleshooting/{entry}.md" if entry else ""
    return ""


def _refusals(requests: Iterable[Request]) -> list[str]:
    refused: Counter[str] = Counter()
    for request in requests:
        address = f"https://{request.host}{request.path}"
        if request.method == "POST" and request.status >= 400:
            page = page_of(request.reason)
            refused[f"refused: {request.client} to {address}: {request.status} {request.reason}{page and f' ({page})'}"] += 1
        elif not request.path:
            refused[f"refused: a connection to {request.host}, which is not part of the twin"] += 1
        elif request.status >= 500 or request.status in FAILURES:
            refused[f"failed: {request.method} {address}: {request.status} {request.reason}"] += 1
    return [f"{words} ({count} times)" if count > 1 else words for words, count in refused.items()]
