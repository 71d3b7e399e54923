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
    """Return the first of RULES whose whole text MESSAGE is, with its fields; a LookupError when it is none of them."""
    for rule in rules:
        if match := pattern(rule).fullmatch(message):
            return Refused(rule, match.groupdict())
    raise LookupError(message)
