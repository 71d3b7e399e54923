"""Every reason for which PyPI refuses an upload or a token, as data beside this file, and the error that carries one."""

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

    id: kebab-case; number: rules of one number belong together, `U…` for uploads and `T…` for tokens; status: of the HTTP answer.
    text: PyPI's exact words, with named fields in braces; when: what makes it apply.
    source: the file in Warehouse, or the library that PyPI asks; since: the day on which it came, empty where nobody knows.
    strict: whether `twine check --strict` finds it; entry: its page among the troubleshooting entries, empty when there is none.
    code: beside the text, for tokens; unreachable: why no client can meet it here, empty for nearly all.
    """

    id: str
    number: str
    status: int
    text: str
    when: str
    source: str
    since: str = ""
    strict: bool = False
    entry: str = ""
    code: str = ""
    unreachable: str = ""


def load_rules(filename: str) -> dict[str, Rule]:
    """Return the rules of a file beside this one by id, in its order, which is PyPI's order of checks."""
    text = resources.files(__package__).joinpath(filename).read_text(encoding="utf-8")
    return {entry["id"]: Rule(**entry) for entry in tomllib.loads(text)["rule"]}


RULES = load_rules("rules.toml")
TOKEN_RULES = load_rules("tokens.toml")


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
    return Refused(RULES.get(id_) or TOKEN_RULES[id_], fields)
