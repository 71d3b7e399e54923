"""Every reason for which the twin refuses an upload, as data: `rules.toml` beside this file, and the error that carries one."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Site:
    """The addresses that an index puts into its messages."""

    host: str
    docs: str = "https://docs.pypi.org"

    @property
    def help(self) -> str:
        """The index's help page."""
        return f"https://{self.host}/help/"


@dataclass(frozen=True)
class Rule:
    """One reason.

    id: kebab-case; number: its row in the fact sheet, for example `U33`; status: of the HTTP answer.
    text: PyPI's exact words, with named fields in braces; when: what makes it apply.
    source: the file in Warehouse; since: the date of a rule that came in 2026, empty for older ones.
    """

    id: str
    number: str
    status: int
    text: str
    when: str
    source: str
    since: str = ""


def load_rules() -> dict[str, Rule]:
    """Return all rules by id, in the order of the file, which is PyPI's order of checks."""
    text = resources.files(__package__).joinpath("rules.toml").read_text(encoding="utf-8")
    return {entry["id"]: Rule(**entry) for entry in tomllib.loads(text)["rule"]}


RULES = load_rules()


class Refused(Exception):  # noqa: N818 (what happened, not what went wrong in here)
    """An index says no: which rule, and the fields of its text."""

    def __init__(self, rule: Rule, fields: dict[str, Any]) -> None:
        super().__init__(rule.id)
        self.rule = rule
        self.fields = fields

    def message(self, site: Site) -> str:
        """Return the words that SITE puts into the reason phrase and the body."""
        return self.rule.text.format(help=site.help, docs=site.docs, host=site.host, **self.fields)


def refuse(id_: str, **fields: Any) -> Refused:
    """Return the error for the rule named ID_, for a `raise` statement."""
    return Refused(RULES[id_], fields)
