"""Each rule, met by a real client: it shows exactly this rule's words with their status, and the same without the one thing is taken."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from reproductions import Finished, Reproduction, accounts, attested, files, refusal_in, token_refusal_in, tokens

from pypi_runbook.rules import RULES, TOKEN_RULES, Rule
from pypi_runbook.rules.faulty import FAULTY, write_right
from pypi_runbook.rules.sample import make_wheel
from pypi_runbook.rules.words import pattern, recognize
from pypi_runbook.twin import Twin

if TYPE_CHECKING:
    from people import Person

pytest_plugins = ["people"]
REACHABLE = [rule for rule in RULES.values() if not rule.unreachable]


def shows(done: Finished, rule: Rule) -> None:
    """Hold that a client showed RULE's words, and those of no rule that fits them better."""
    status, words = refusal_in(done.stdout)
    assert pattern(rule).fullmatch(words), words
    assert (recognize(words, REACHABLE).rule.id, status) == (rule.id, rule.status)


@pytest.fixture(scope="module")
def sample(twin: Twin, tmp_path_factory: pytest.TempPathFactory) -> None:
    """An older release of the sample, as most projects have: an index lets one user make twenty projects an hour."""
    from people import Person

    folder = tmp_path_factory.mktemp("sample")
    assert Person(twin, folder).upload("pypi", make_wheel(folder, version="0.1")).returncode == 0


@pytest.mark.usefixtures("sample")
@pytest.mark.parametrize("rule", files.REPRODUCTIONS)
def test_file_or_request_is_refused(person: Person, rule: str) -> None:
    """A distribution or a request that is right but for one thing is refused for that thing; without it it is taken."""
    meets(person, files.REPRODUCTIONS[rule], RULES[rule])


def test_without_the_one_thing(person: Person, tmp_path: Path) -> None:
    """The samples are faulty in nothing else: without the fault each is one of two files, which an index takes."""
    right = {rule: write_right(rule, tmp_path) for rule in FAULTY}

    assert person.upload("testpypi", *sorted(set(right.values()))).returncode == 0
    assert len(set(right.values())) == 2


@pytest.mark.parametrize("rule", accounts.REPRODUCTIONS)
def test_people_projects_and_state(person: Person, rule: str) -> None:
    """A user, a token, a project or an index that is not right refuses an upload that is; once it is right, the upload is taken."""
    meets(person, accounts.REPRODUCTIONS[rule], RULES[rule])


@pytest.mark.parametrize("rule", attested.REPRODUCTIONS)
def test_attestation_is_refused(person: Person, rule: str) -> None:
    """Attestations that are right but for one thing are refused for that thing."""
    meets(person, attested.REPRODUCTIONS[rule], RULES[rule])


@pytest.mark.parametrize("rule", tokens.REPRODUCTIONS)
def test_token_is_refused(person: Person, rule: str) -> None:
    """A job whose identity is right but for one thing gets no token, with this rule's code, status and words."""
    reproduction, expected = tokens.REPRODUCTIONS[rule], TOKEN_RULES[rule]

    status, code, words = token_refusal_in(reproduction.refused(person).stdout)

    assert (status, code) == (expected.status, expected.code)
    assert pattern(expected).fullmatch(words), words
    # Two rules have no words of their own: those of pydantic, and those of an upload that makes a project.
    assert recognize(words, TOKEN_RULES.values() if expected.text != "{error}" or rule == "mint-payload" else RULES.values())
    assert (recognize(words, TOKEN_RULES.values()).rule.id == rule) == (rule != "mint-project")
    if reproduction.accepted:
        taken(reproduction.accepted(person))


def meets(person: Person, reproduction: Reproduction, rule: Rule) -> None:
    """Hold that REPRODUCTION shows RULE, and succeeds without the one thing."""
    shows(reproduction.refused(person), rule)
    if reproduction.accepted:
        taken(reproduction.accepted(person))


def taken(done: Finished) -> None:
    """Hold that the index took what a client sent."""
    assert done.returncode == 0, done.stdout
    assert "HTTP/1.1 4" not in done.stdout, done.stdout
