"""gh, unmodified, makes and changes releases in the twin; who may not gets GitHub's words."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from hub import SLUG, Hub

if TYPE_CHECKING:
    from people import Person

pytest_plugins = ["people", "hub"]
pytestmark = pytest.mark.needs("gh")

LONG = "body is too long (maximum is 125000 characters)"
API = f"https://api.github.com/repos/{SLUG}"


def gh(person: Person, token: str, *arguments: str, enclosed: bool = False) -> tuple[int, str]:
    """Run gh with TOKEN and return its status and what it prints."""
    done = person.run("gh", *arguments, enclosed=enclosed, GH_TOKEN=token, GH_REPO=SLUG)
    return done.returncode, done.stdout.strip()


def field(person: Person, token: str, tag: str, name: str) -> str:
    """Return one field of the release of TAG, as gh reads it."""
    status, said = gh(person, token, "release", "view", tag, "--json", name, "--jq", f".{name}")
    assert status == 0, said
    return said


def test_a_release_from_its_making_to_its_end(hub: Hub, person: Person) -> None:
    """Create with files, view, edit, add and replace a file, download, delete with the tag: as on GitHub."""
    token, release = hub.token(contents="write"), f"https://github.com/{SLUG}/releases/tag/3.0"
    (person.work / "a.whl").write_bytes(b"wheel" * 100)
    (person.work / "the notes.txt").write_text("Text")

    made = gh(person, token, "release", "create", "3.0", "--title", "Three", "--notes", "First", "--target", "other", "a.whl", "the notes.txt")
    assert made == (0, release)
    assert hub.git("rev-parse", "3.0") == hub.git("rev-parse", "other")
    assert field(person, token, "3.0", "body") == "First"
    assert json.loads(field(person, token, "3.0", "author"))["login"] == "github-actions[bot]"
    # gh sends several at a time.
    assert {each["name"] for each in json.loads(field(person, token, "3.0", "assets"))} == {"a.whl", "the.notes.txt"}

    (person.work / "body.md").write_text("Second\n\n- line\n")
    assert gh(person, token, "release", "edit", "3.0", "--notes-file", "body.md", "--prerelease") == (0, release)
    assert field(person, token, "3.0", "body") == "Second\n\n- line"
    (person.work / "a.whl").write_bytes(b"other" * 100)
    assert gh(person, token, "release", "upload", "3.0", "a.whl") == (1, "asset under the same name already exists: [a.whl]")
    assert gh(person, token, "release", "upload", "3.0", "a.whl", "--clobber") == (0, "")

    assert gh(person, token, "release", "download", "3.0", "--dir", "down") == (0, "")
    assert (person.work / "down" / "a.whl").read_bytes() == b"other" * 100
    assert gh(person, token, "release", "delete", "3.0", "--yes", "--cleanup-tag") == (0, "")
    assert gh(person, token, "release", "view", "3.0") == (1, "release not found")
    assert "3.0" not in hub.git("tag").split()


def test_drafts_are_for_those_who_may_edit_them(hub: Hub, person: Person) -> None:
    """A draft makes no tag and nobody else sees it; published, it has both."""
    writer, reader = hub.token(contents="write"), hub.token(contents="read")
    gh(person, writer, "release", "create", "4.0", "--draft", "--generate-notes")

    assert "Draft\t4.0" in gh(person, writer, "release", "list")[1]
    assert "4.0" not in gh(person, reader, "release", "list")[1]
    assert gh(person, reader, "release", "view", "4.0") == (1, "release not found")
    assert "4.0" not in hub.git("tag").split()

    assert gh(person, writer, "release", "edit", "4.0", "--draft=false")[0] == 0
    assert "Latest\t4.0" in gh(person, reader, "release", "list")[1]
    assert "https://github.com/octo/sample/compare/1.1...4.0" in field(person, reader, "4.0", "body")
    assert hub.git("rev-parse", "4.0") == hub.git("rev-parse", "main")


def test_api_reads_and_changes(hub: Hub, person: Person) -> None:
    """`gh api` with `--jq`, a field from a file, and pages; one that may only read is refused."""
    hub.twin.perform("github-release", repository=SLUG, tag="1.0", name="One", body="By hand")
    writer, reader = hub.token(contents="write"), hub.token(contents="read")
    (person.work / "body.md").write_text("By hand\n<!-- marked -->\n")
    status, number = gh(person, reader, "api", "repos/{owner}/{repo}/releases/tags/1.0", "--jq", ".id")
    change = ["api", "--method", "PATCH", f"repos/{SLUG}/releases/{number}", "-F", "body=@body.md", "--jq", ".body"]

    assert (status, gh(person, writer, *change)) == (0, (0, "By hand\n<!-- marked -->"))
    status, said = gh(person, reader, *change)
    assert status == 1
    assert said.endswith("gh: Resource not accessible by integration (HTTP 403)")
    assert field(person, reader, "1.0", "name") == "One"
    pages = gh(person, reader, "api", f"repos/{SLUG}/tags?per_page=1", "--paginate", "--jq", ".[].name")
    assert {"1.1", "1.0"} <= set(pages[1].split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("create", "1.1"), f"HTTP 422: Validation Failed ({API}/releases)\nRelease.tag_name already exists"),
        (
            ("create", "5.0", "--target", "nowhere"),
            f"HTTP 422: Validation Failed ({API}/releases)\ntag_name is not a valid tag\n"
            "Published releases must have a valid tag\nRelease.target_commitish is invalid",
        ),
        (
            ("create", "5.0", "--notes", "x" * 125_001),
            f"HTTP 422: Validation Failed ({API}/releases)\n{LONG}",
        ),
        (("create", "5.0", "--verify-tag"), f"tag 5.0 doesn't exist in the repo {SLUG}, aborting due to --verify-tag flag"),
        (("view", "5.0"), "release not found"),
        (("delete", "5.0", "--yes"), "release not found"),
    ],
    ids=["twice", "no-target", "long", "no-tag", "view", "delete"],
)
def test_refusals(hub: Hub, person: Person, arguments: tuple[str, ...], words: str) -> None:
    """What GitHub refuses, the twin refuses, and gh says it in the same words; no tag is left behind."""
    token = hub.token(contents="write")
    gh(person, token, "release", "create", "1.1", "--notes", "There")

    status, said = gh(person, token, "release", *arguments, *(["--title", "T"] if arguments[0] == "create" else []))

    assert (status, said) == (1, words)
    assert "5.0" not in hub.git("tag").split()


@pytest.mark.parametrize("permissions", [{"contents": "read"}, {}, {"id-token": "write", "packages": "write"}], ids=["read", "none", "others"])
def test_a_token_without_the_permission(hub: Hub, person: Person, permissions: dict[str, str]) -> None:
    """It reads a public repository and makes nothing."""
    done = gh(person, hub.token(**permissions), "release", "create", "6.0", "--notes", "x")

    assert done == (1, f"HTTP 403: Resource not accessible by integration ({API}/releases)")
    assert gh(person, hub.token(**permissions), "api", f"repos/{SLUG}", "--jq", ".default_branch") == (0, "main")


def test_status_of_a_token(hub: Hub, person: Person) -> None:
    """gh takes a job's token for who it is, also inside the namespace, and says when it is dead."""
    token = hub.token(contents="read")

    status, said = gh(person, token, "auth", "status", enclosed=True)
    hub.twin.perform("github-token-end", token=token)
    ended = gh(person, token, "auth", "status")

    assert status == 0
    assert "Logged in to github.com as github-actions[bot] (GH_TOKEN)" in said
    assert ended[0] == 1
    assert "The github.com token in GH_TOKEN is no longer valid." in ended[1]


def test_other_parts_of_github_are_refused_by_name(hub: Hub, person: Person) -> None:
    """What gh asks beside releases is not in the twin, and the answer says whose it is."""
    status, said = gh(person, hub.token(contents="write"), "repo", "view", SLUG)

    assert status == 1
    assert said.startswith("GraphQL: The twin's GitHub answers only what gh asks about releases: the query RepositoryInfo is none of ")


def test_no_token_is_kept(hub: Hub, person: Person) -> None:
    """Neither what the twin saw, nor what it reports, nor what lies on its disk has a token in it."""
    token = hub.token(contents="write")
    (person.work / "a.txt").write_text("x")
    assert gh(person, token, "release", "create", "7.0", "--notes", "x", "a.txt")[0] == 0
    assert gh(person, token, "release", "create", "7.0", "--notes", "x")[0] == 1

    state = hub.twin._scratch.path
    held = b"".join(path.read_bytes() for path in state.rglob("*") if path.is_file())
    assert token not in repr(hub.twin.requests)
    assert token not in "\n".join(hub.twin.report())
    assert token.encode() not in held
    assert hashlib.sha256(b"x").hexdigest().encode() in held
