"""Which publisher claims belong to, in PyPI's order and with its words; and what the twin says beyond that."""

from __future__ import annotations

import pytest
from identities import claims_of

from pypi_runbook.project.indexes import PYPI
from pypi_runbook.rules import Refused, Site
from pypi_runbook.twin.trusted.differences import differences, form_address, nearest
from pypi_runbook.twin.trusted.matching import find_publisher
from pypi_runbook.twin.trusted.publishers import Publisher, Registration, made_up_id, read_publisher

FILE = "octo/project/.github/workflows/publish.yml"
NOT_FOUND = "Publisher with matching claims was not found"


def registered(*publishers: str, owner_id: str = made_up_id("octo")) -> list[Registration]:
    """Return PUBLISHERS as an index keeps them."""
    return [Registration(text, "pypi", read_publisher(text), owner_id, ("project",), False, "", 0.0) for text in publishers]


def match(known: list[Registration], **changes: str | None) -> str:
    """Return the publisher for a job's claims with CHANGES plus `jti`, or what PyPI says in brackets."""
    try:
        return find_publisher(known, {"jti": "1", **claims_of("project", **changes)}, lambda jti: jti == "used").id
    except Refused as error:
        code, words = error.rule.code, error.message(Site(PYPI.host))
        return words.partition("(")[2].removesuffix(")") if code == "invalid-publisher" else f"{code}: {words}"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "octo/project/publish.yml@pypi"),
        ({"environment": "PyPI"}, "octo/project/publish.yml@pypi"),
        ({"environment": None}, NOT_FOUND),
        ({"environment": "testpypi"}, NOT_FOUND),
        ({"repository": "octo/Project"}, NOT_FOUND),
        ({"repository": "Octo/project"}, NOT_FOUND),
        ({"repository": "octo"}, NOT_FOUND),
        ({"repository_owner_id": "1"}, NOT_FOUND),
        ({"job_workflow_ref": f"{FILE}@refs/tags/1.0".replace("publish.yml", "Publish.yml")}, NOT_FOUND),
        ({"job_workflow_ref": f"{FILE}@refs/heads/release.yml", "ref": "refs/heads/release.yml"}, "octo/project/publish.yml@pypi"),
        ({"job_workflow_ref": f"{FILE}@{'a' * 40}"}, "octo/project/publish.yml@pypi"),
        ({"job_workflow_ref": f"{FILE}@{'a' * 40}", "ref": ""}, "octo/project/publish.yml@pypi"),
        ({"job_workflow_ref": FILE}, "Could not job extract workflow filename from OIDC claims"),
        (
            {"job_workflow_ref": "octo/project/.github/workflows/publish.txt@refs/tags/1.0"},
            "Could not job extract workflow filename from OIDC claims",
        ),
        ({"repository_owner": "Octo"}, "Check failed for required claim 'repository_owner'"),
        ({"ref": "", "sha": ""}, "The ref and sha claims are empty"),
        ({"jti": "used"}, "invalid-reuse-token: invalid token: already used"),
        ({"event_name": "pull_request_target"}, "Publishing from a workflow invoked via 'pull_request_target' is not supported."),
        ({"event_name": None}, "Missing claim 'event_name'"),
        ({"sub": "anything"}, "octo/project/publish.yml@pypi"),
    ],
)
def test_claims_match_as_on_pypi(changes: dict[str, str | None], words: str) -> None:
    """Each claim is compared as PyPI compares it: which letters count, which part of a reference, and what it says when they differ."""
    assert match(registered("octo/project/publish.yml@pypi"), **changes) == words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sha": None, "job_workflow_ref": "nothing"}, "Missing claim 'sha'"),
        ({"job_workflow_ref": "nothing", "environment": None}, "Could not job extract workflow filename from OIDC claims"),
        ({"environment": None, "repository_owner": "Octo"}, NOT_FOUND),
        ({"repository_owner": "Octo", "ref": "", "sha": ""}, "Check failed for required claim 'repository_owner'"),
        ({"ref": "", "sha": "", "jti": "used"}, "The ref and sha claims are empty"),
        ({"jti": "used", "event_name": "pull_request_target"}, "invalid-reuse-token: invalid token: already used"),
    ],
)
def test_first_reason_only(changes: dict[str, str | None], words: str) -> None:
    """Of two things that are wrong, PyPI names the one that it looks at first."""
    assert match(registered("octo/project/publish.yml@pypi"), **changes) == words


@pytest.mark.parametrize(
    ("environment", "found"), [("pypi", "octo/project/publish.yml@pypi"), ("other", "octo/project/publish.yml"), (None, "octo/project/publish.yml")]
)
def test_environment_of_its_own_comes_first(environment: str | None, found: str) -> None:
    """A publisher with the job's environment is preferred to one that takes any, whichever was registered first."""
    assert match(registered("octo/project/publish.yml", "octo/project/publish.yml@pypi"), environment=environment) == found


def test_workflow_of_another_repository() -> None:
    """A called workflow of another repository is found by its file's name, and then refused with both references."""
    words = match(registered("octo/project/publish.yml@pypi"), job_workflow_ref="octo/shared/.github/workflows/publish.yml@refs/heads/main")
    assert words.startswith("The job_workflow_ref claim does not match, expecting one of ['octo/project/.github/workflows/publish.yml@aaa")
    assert words.endswith("got 'octo/shared/.github/workflows/publish.yml@refs/heads/main'")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, []),
        ({"environment": None}, ["Environment name: the job has none, the publisher 'pypi'"]),
        ({"environment": "PYPI"}, []),
        ({"repository": "octo/Project"}, ["Repository name: the job has 'Project', the publisher 'project' (upper and lower case count)"]),
        ({"repository_owner_id": "7"}, ["repository_owner_id: the job has '7', the publisher"]),
        ({"event_name": "pull_request_target"}, ["event_name: the job has 'pull_request_target', the publisher none"]),
        (
            {"job_workflow_ref": "octo/shared/.github/workflows/upload.yml@refs/heads/main"},
            [
                "Workflow name: the job has 'upload.yml', the publisher 'publish.yml' (called by publish.yml)",
                "the repository of the workflow: the job has 'octo/shared', the publisher 'octo/project' (called by publish.yml)",
            ],
        ),
        (
            {"job_workflow_ref": f"{FILE}@refs/heads/main"},
            ["the ref of the workflow: the job has 'refs/heads/main', the publisher 'refs/tags/1.0'"],
        ),
    ],
)
def test_differences_are_named(changes: dict[str, str | None], words: list[str]) -> None:
    """Every claim that differs is named with both values, and nothing that agrees."""
    found = differences(claims_of("project", **changes), read_publisher("octo/project/publish.yml@pypi"), made_up_id("octo"))
    assert len(found) == len(words)
    assert all(str(each).startswith(start) for each, start in zip(found, words, strict=True)), [str(each) for each in found]


def test_any_environment_is_no_difference() -> None:
    """To a publisher without an environment, a job in one and a job in none are the same."""
    publisher = read_publisher("octo/project/publish.yml")
    assert [differences(claims_of("project", environment=name), publisher) for name in ("pypi", None)] == [[], []]


def test_nearest_is_the_one_that_is_meant() -> None:
    """Of several publishers the one of the job's own repository and file is shown, and the page on which it is changed."""
    known = registered("octo/other/publish.yml@pypi", "octo/project/other.yml@pypi", "octo/project/publish.yml@testpypi")
    found = nearest(claims_of("project"), known)
    assert found
    assert (found[0].id, [each.field for each in found[1]]) == ("octo/project/publish.yml@testpypi", ["Environment name"])
    assert form_address(PYPI, found[0]) == "https://pypi.org/manage/project/project/settings/publishing/"


def test_publishers_are_written_as_they_are_shown() -> None:
    """What the commands print can be given to them again, with an environment, without one, and with marks inside it."""
    for text in ("o/r/w.yml", "o/r/w.yaml@env", "o/r/w.yml@a@b c", "o/r/dir/w.yml@env", "o/r/w.txt@env"):
        assert str(read_publisher(text)) == text
    assert read_publisher("o/r/dir/w.yml@env") == Publisher("o", "r", "dir/w.yml", "env")
