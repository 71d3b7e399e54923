"""Data, reproductions, entries and the published table, held against each other in all directions."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import yaml
from reproductions import accounts, attested, files, tokens

from pypi_runbook.pages.ruletable import rules_table
from pypi_runbook.rules import RULES, TOKEN_RULES, Rule, Site
from pypi_runbook.rules.faulty import FAULTY

ROOT = Path(__file__).resolve().parents[2]
WORDS = Path(__file__).with_name("words.txt")
UPLOADS = (files.REPRODUCTIONS, accounts.REPRODUCTIONS, attested.REPRODUCTIONS)
ALL = RULES | TOKEN_RULES


class Anything(Formatter):
    """Formats a text with the same short word in every field that is not given."""

    def get_value(self, key: int | str, _args: Any, kwargs: Any) -> Any:
        """Return what KWARGS say of KEY, or the word."""
        return kwargs.get(key, "example")


def example(rule: Rule) -> str:
    """Return RULE's text with something in its fields."""
    site = Site("pypi.org")
    return Anything().format(rule.text, help=site.help, docs=site.docs, code=rule.code, claim="environment")


def test_words_and_order() -> None:
    """Status, order and words are those that were read in PyPI's source: written down twice, so that none changes by mistake."""
    assert [f"{rule.status} {rule.id}: {rule.text}" for rule in ALL.values()] == WORDS.read_text(encoding="utf-8").splitlines()


def test_each_rule_has_one_reproduction() -> None:
    """Each rule has one reproduction, or says why it can have none, and each reproduction has a rule."""
    met = [rule for each in UPLOADS for rule in each]

    assert len(met) == len(set(met))
    assert set(met) == {rule.id for rule in RULES.values() if not rule.unreachable}
    assert set(tokens.REPRODUCTIONS) == {rule.id for rule in TOKEN_RULES.values() if not rule.unreachable}


def test_each_rule_of_a_file_has_a_sample() -> None:
    """What the samples break are rules, and `files.py` meets each of them."""
    assert set(FAULTY) <= set(files.REPRODUCTIONS)


def test_each_rule_has_a_row() -> None:
    """The published table has each rule once, with its words, its date and its entry."""
    table = rules_table()

    assert sorted(re.findall(r'id="rule-([a-z0-9-]+)"', table)) == sorted(ALL)
    for rule in ALL.values():
        row = table.split(f'id="rule-{rule.id}"')[1].split('id="rule-')[0]
        assert (rule.since or "—") in row
        assert (f"../troubleshooting/{rule.entry}.md" in row) == bool(rule.entry)


@pytest.mark.parametrize("rule", [rule for rule in ALL.values() if rule.entry], ids=lambda rule: str(rule.id))
def test_entry_knows_the_words(rule: Rule) -> None:
    """A rule's entry exists, and one of its patterns finds the rule's words."""
    page = (ROOT / "docs" / "troubleshooting" / f"{rule.entry}.md").read_text(encoding="utf-8")
    patterns = yaml.safe_load(page.split("---")[1])["patterns"]

    assert any(re.search(pattern, example(rule)) or re.search(pattern, f"{rule.code}: {example(rule)}") for pattern in patterns)


def test_no_entry_knows_other_words() -> None:
    """A rule without an entry is known to none: an entry that finds its words is the one to name."""
    pages = {path: yaml.safe_load(path.read_text(encoding="utf-8").split("---")[1]) for path in (ROOT / "docs" / "troubleshooting").glob("*.md")}
    known = [pattern for page in pages.values() for pattern in page.get("patterns", ())]

    assert [rule.id for rule in ALL.values() if not rule.entry and any(re.search(pattern, example(rule)) for pattern in known)] == []


def test_data_is_whole() -> None:
    """Each rule has a number, a status that PyPI uses, named fields only, a source, and a date or none."""
    for rule in ALL.values():
        assert re.fullmatch(r"[UT]\d+", rule.number)
        assert rule.status in (308, 400, 403, 409, 410, 422, 429)
        assert all(field is None or field.isidentifier() for _, field, _, _ in Formatter().parse(rule.text))
        assert rule.source.startswith(("warehouse/", "packaging."))
        assert re.fullmatch(r"(20\d\d-\d\d-\d\d)?", rule.since)
