"""What happened in a twin, in words for the person who ran something inside it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from string import Formatter

from pypi_runbook.rules import RULES
from pypi_runbook.twin.hosts import INDEXES
from pypi_runbook.twin.records import Request
from pypi_runbook.twin.world import World


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
    # The rule that shares the most of its own text with them: some texts are the start of others.
    found = max((form for form in _forms() if form[1].match(words)), default=None, key=lambda form: form[0])
    return f"troubleshooting/{found[2]}.md" if found and found[2] else ""


@cache
def _forms() -> list[tuple[int, re.Pattern[str], str]]:
    """Return for each rule the length of its own text, what finds it, and the name of its page."""
    forms = []
    for rule in RULES.values():
        parts = list(Formatter().parse(rule.text))
        pattern = "".join(re.escape(text) + (".*?" if field is not None else "") for text, field, _, _ in parts)
        forms.append((sum(len(text) for text, *_ in parts), re.compile(pattern, re.DOTALL), rule.entry))
    return forms


def _refusals(requests: Iterable[Request]) -> list[str]:
    refused: Counter[str] = Counter()
    for request in requests:
        address = f"https://{request.host}{request.path}"
        if request.method == "POST" and request.status >= 400:
            page = page_of(request.reason)
            refused[f"refused: {request.client} to {address}: {request.status} {request.reason}{page and f' ({page})'}"] += 1
        elif not request.path:
            refused[f"refused: a connection to {request.host}, which is not part of the twin"] += 1
        elif request.status >= 500:
            refused[f"failed: {request.method} {address}: {request.status} {request.reason}"] += 1
    return [f"{words} ({count} times)" if count > 1 else words for words, count in refused.items()]
