"""The table of rules: every reason for which PyPI refuses an upload or a token, in its order of checks."""

from __future__ import annotations

import re

from pypi_runbook.rules import RULES, TOKEN_RULES, Rule, Site
from pypi_runbook.rules.faulty import FAULTY

# Each group starts with a rule, because the order of the rules is PyPI's.
GROUPS = {
    "trailing-slash": "The request and its form",
    "field-data": "The metadata",
    "non-user-identity": "A new project",
    "token-malformed": "What the token may do",
    "description-content-type": "The description, the file's name, its size and its history",
    "archive-both": "The archive",
    "sdist-filename": "The file's name and contents, held against the metadata",
    "attestations-publisher": "Attestations",
    "oidc-not-enabled": "A token for a GitHub job",
}


def rules_table() -> str:
    """Return all rules below the headings of their groups, each with its words, its date, and its entry; Markdown."""
    groups: dict[str, list[Rule]] = {}
    for rule in (RULES | TOKEN_RULES).values():
        title = GROUPS.get(rule.id) or list(groups)[-1]
        groups.setdefault(title, []).append(rule)
    return "\n".join(f"### {title}\n\n" + "\n".join(map(_listed, rules)) + "\n" for title, rules in groups.items())


def gap_list() -> str:
    """Return the rules that a built file can break while `twine check --strict` says PASSED, as one line of links."""
    return ", ".join(f"[{rule.id}](#rule-{rule.id})" for rule in RULES.values() if rule.id in FAULTY and not rule.strict)


def _listed(rule: Rule) -> str:
    # A list and no table: the words are long, and a narrow screen would have to scroll sideways.
    said = " ".join(filter(None, (str(rule.status), rule.code and f"{rule.code}:", shown(rule))))
    lines = [f'<span id="rule-{rule.id}"></span>{_notes(rule)}', f"`{said}`", f"When {rule.when}."]
    lines += [f"Not met here: {rule.unreachable}."] if rule.unreachable else []
    return "- " + "<br>\n  ".join(lines)


def _notes(rule: Rule) -> str:
    notes = [f"**{rule.id}**", f"since {rule.since or '—'}"]
    if rule.id in FAULTY:
        notes.append("strict: " + ("yes" if rule.strict else "**no**"))
    if rule.entry:
        notes.append(f"[what to do](../troubleshooting/{rule.entry}.md)")
    return " · ".join(notes)


def shown(rule: Rule) -> str:
    """Return RULE's text as PyPI shows it, with its fields in angle brackets."""
    site = Site("pypi.org")
    text = rule.text.replace("{help}", site.help).replace("{docs}", site.docs)
    text = re.sub(r"\{(\w+)!r\}", r"'<\1>'", text)
    return re.sub(r"\{(\w+)\}", r"<\1>", text)
