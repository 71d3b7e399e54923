"""Each rule, met by a real client: it shows exactly this rule's words with their status, and the same without the one thing is taken."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from reproductions import Finished, Reproduction, files, refusal_in

from pypi_runbook.rules import RULES, Rule
from pypi_runbook.rules.faulty import FAULTY, write_right
from pypi_runbook.rules.sample import make_wheel
from pypi_runbook.rules.words import pattern, recognize
from pypi_runbook.twin import Twin

if TYPE_CHECKING:
    from people import Person

pytest_plugins = ["people"]
pytestmark = pytest.mark.xdist_group("rules-reproductions")
REACHABLE = [rule for rule in RULES.values() if not rule.unreachable]


def shows(done: Finished, rule: Rule) -> None:
    """Hold that a client showed RULE's words, and those of no rule that fits them better."""
    status, words = refusal_in(done.stdout)
    assert pattern(rule).fullmatch(words), words
    assert (recognize(words, REACHABLE).rule.id, status) == (rule.id, rule.status)


@pytest.fixture(scope="module", autouse=True)
def sample(twin: Twin, tmp_path_factory: pytest.TempPathFactory) -> None:
    """An older release of the sample, as most projects have: an index lets one user make twenty projects an hour."""
    from people import Person

    folder = tmp_path_factory.mktemp("sample")
    assert Person(twin, folder).upload("pypi", make_wheel(folder, version="0.1")).returncode == 0


@pytest.mark.parametrize("rule", files.REPRODUCTIONS)
def test_file_or_request_is_refused(person: Person, rule: str) -> None:
    """A distribution or a request that is right but for one thing is refused for that thing; without it it is taken."""
    meets(person, files.REPRODUCTIONS[rule], RULES[rule])


def test_without_the_one_thing(person: Person, tmp_path: Path) -> None:
    """The samples are faulty in nothing else: without the fault each is one of two files, which an index takes."""
    right = {rule: write_right(rule, tmp_path) for rule in FAULTY}

    assert person.upload("testpypi", *sorted(set(right.values()))).returncode == 0
    assert len(set(right.values())) == 2


def meets(person: Person, reproduction: Reproduction, rule: Rule) -> None:
    """Hold that REPRODUCTION shows RULE, and succeeds without the one thing."""
    shows(reproduction.refused(person), rule)
    if reproduction.accepted:
        taken(reproduction.accepted(person))


def taken(done: Finished) -> None:
    """Hold that the index took what a client sent."""
    assert done.returncode == 0, done.stdout
    assert "HTTP/1.1 4" not in done.stdout, done.stdout
