"""A rule's text as a pattern: which rule a message is, and what stood in its fields."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from string import Formatter

from pypi_runbook.rules.catalogue import Refused, Rule


@cache
def pattern(rule: Rule) -> re.Pattern[str]:
    """Return what matches RULE's text with anything in its fields; a field's first place is a group with its name."""
    found, seen = "", set()
    for literal, field, _, _ in Formatter().parse(rule.text):
        found += re.escape(literal)
        if field:
            found += ".*?" if field in seen else f"(?P<{field}>.*?)"
            seen.add(field)
    return re.compile(found, re.DOTALL)


def recognize(message: str, rules: Iterable[Rule]) -> Refused:
    """Return which of RULES has MESSAGE as its whole text, with what stands in its fields; a LookupError when none has.

    Of several it is the one with the most words of its own.
    """
    found = [Refused(rule, match.groupdict()) for rule in rules if (match := pattern(rule).fullmatch(message))]
    if not found:
        raise LookupError(message)
    return max(found, key=lambda refused: sum(len(literal) for literal, *_ in Formatter().parse(refused.rule.text)))
