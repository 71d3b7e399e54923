"""The REST API and GraphQL as programs ask them: rules of releases, refusals in GitHub's words, pages, files, state."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hub import SLUG, Answer, Hub, make_origin

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin import Twin

pytest_plugins = ["people", "hub"]

RELEASES = f"/repos/{SLUG}/releases"
DOCS = "https://docs.github.com/rest"
NO_BOOLEAN = "Invalid request.\n\nFor 'properties/draft', \"true\" is not a boolean."
UNTAGGED = "Published releases must have a valid tag"
THREE = "Reference name must contain at least three slash-separated components."


@pytest.fixture(autouse=True)
def emptied(hub: Hub) -> Iterator[None]:
    """Every test starts without releases, and with the tags of the start."""
    yield
    token = hub.token(contents="write")
    for release in hub.ask("GET", f"{RELEASES}?per_page=100", token).json:
        hub.ask("DELETE", f"{RELEASES}/{release['id']}", token)
    for tag in set(hub.git("tag").split()) - {"1.0", "1.1"}:
        hub.git("tag", "--delete", tag)
    hub.twin.set_clock(time.time)


def make(hub: Hub, tag: str, **fields: Any) -> Any:
    """Make a release of TAG and return it."""
    answer = hub.ask("POST", RELEASES, hub.token(contents="write"), {"tag_name": tag, **fields})
    assert answer.status == 201, answer.content
    return answer.json


def message(answer: Answer) -> tuple[int, str]:
    """Return status and message of a refusal, which has every field that GitHub's have."""
    assert answer.json["status"] == str(answer.status)
    assert answer.json["documentation_url"].startswith(DOCS)
    return answer.status, answer.json["message"]


def test_a_release_tells_what_clients_read(hub: Hub) -> None:
    """Its dates are the commit's and the clock's, and its addresses are GitHub's."""
    hub.twin.set_clock(lambda: 1_800_000_000.0)
    made = make(hub, "2.0", target_commitish=hub.git("rev-parse", "1.0"), name="Two", body="Text")

    expected = {
        "tag_name": "2.0",
        "name": "Two",
        "body": "Text",
        "draft": False,
        "prerelease": False,
        "published_at": "2027-01-15T08:00:00Z",
        "html_url": f"https://github.com/{SLUG}/releases/tag/2.0",
        "upload_url": f"https://uploads.github.com{RELEASES}/{made['id']}/assets{{?name,label}}",
        "url": f"https://api.github.com{RELEASES}/{made['id']}",
        "assets": [],
    }
    assert {name: made[name] for name in expected} == expected
    assert made["created_at"] == hub.git("log", "-1", "--format=%cd", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", "1.0")
    assert hub.git("rev-parse", "2.0") == hub.git("rev-parse", "1.0")
    read = hub.ask("GET", f"{RELEASES}/tags/2.0")
    assert read.json == made
    assert (read.headers["X-RateLimit-Limit"], read.headers["X-GitHub-Media-Type"]) == ("60", "github.v3; format=json")


@pytest.mark.parametrize(
    ("method", "path", "permission", "body", "expected"),
    [
        ("POST", RELEASES, None, {"tag_name": "2.0"}, (401, "Requires authentication")),
        ("POST", RELEASES, "read", {"tag_name": "2.0"}, (403, "Resource not accessible by integration")),
        ("POST", f"{RELEASES}/generate-notes", "read", {"tag_name": "2.0"}, (403, "Resource not accessible by integration")),
        ("POST", RELEASES, "write", {}, (422, 'Invalid request.\n\n"tag_name" wasn\'t supplied.')),
        ("POST", RELEASES, "write", {"tag_name": None}, (422, "Invalid request.\n\nFor 'properties/tag_name', nil is not a string.")),
        (
            "POST",
            RELEASES,
            "write",
            {"tag_name": "2.0", "draft": "true"},
            (422, NO_BOOLEAN),
        ),
        ("POST", RELEASES, "write", b"{", (400, "Problems parsing JSON")),
        ("POST", RELEASES, "write", [], (400, "Body should be a JSON object")),
        ("GET", f"{RELEASES}/99", "write", None, (404, "Not Found")),
        ("PATCH", f"{RELEASES}/99", "write", {}, (404, "Not Found")),
        ("GET", f"{RELEASES}/latest", None, None, (404, "Not Found")),
        ("GET", "/repos/octo/none/releases", "write", None, (404, "Not Found")),
        ("GET", "/nothing", None, None, (404, "Not Found")),
        ("GET", "/user", "write", None, (403, "Resource not accessible by integration")),
        ("POST", f"/repos/{SLUG}/git/refs", "write", {"ref": "refs/tags/1.0", "sha": "1.0"}, (422, "Object does not exist")),
        ("POST", f"/repos/{SLUG}/git/refs", "write", {"ref": "x", "sha": "y"}, (422, THREE)),
        ("DELETE", f"/repos/{SLUG}/git/refs/tags/none", "write", None, (422, "Reference does not exist")),
        ("GET", f"/repos/{SLUG}/git/ref/tags/none", None, None, (404, "Not Found")),
        ("GET", f"/repos/{SLUG}/commits/none", None, None, (422, "No commit found for SHA: none")),
    ],
)
def test_refusals(hub: Hub, method: str, path: str, permission: str | None, body: object, expected: tuple[int, str]) -> None:
    """Each is refused with GitHub's status and message."""
    token = hub.token(contents=permission) if permission else ""

    assert message(hub.ask(method, path, token, body)) == expected


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"tag_name": ""}, ["missing_field", "tag_name is not well-formed", UNTAGGED]),
        ({"tag_name": "a b"}, ["tag_name is not a valid tag", "tag_name is not well-formed", UNTAGGED]),
        (
            {"tag_name": "9", "target_commitish": "refs/tags/1.0"},
            ["tag_name is not a valid tag", UNTAGGED, "invalid"],
        ),
        ({"tag_name": "1.0"}, ["already_exists"]),
        ({"tag_name": "9", "body": "x" * 125_001}, ["body is too long (maximum is 125000 characters)"]),
    ],
)
def test_releases_that_cannot_be(hub: Hub, fields: dict[str, str], codes: list[str]) -> None:
    """The errors name every field as GitHub does, and nothing is left of what was refused."""
    make(hub, "1.0")

    answer = hub.ask("POST", RELEASES, hub.token(contents="write"), fields)

    assert message(answer) == (422, "Validation Failed")
    assert [error.get("message", error["code"]) for error in answer.json["errors"]] == codes
    assert hub.git("tag").split() == ["1.0", "1.1"]


def test_bad_credentials_and_who_is_no_client(hub: Hub) -> None:
    """A token that is none is refused everywhere, one of a past job too, and so is a request that does not say who sends it."""
    token = hub.token(contents="write")
    now = time.time()
    hub.twin.set_clock(lambda: now + 25 * 3600)

    for given in ("ghs_x", token):
        assert [message(hub.ask("GET", path, given)) for path in ("/", RELEASES, "/nothing")] == [(401, "Bad credentials")] * 3
    assert message(hub.ask("GET", "/", **{"User-Agent": ""}))[0] == 403


def test_the_latest_release(hub: Hub) -> None:
    """It is the one published last that is neither a draft nor a pre-release, unless somebody says otherwise."""
    token = hub.token(contents="write")

    def latest() -> str:
        return str(hub.ask("GET", f"{RELEASES}/latest").json["tag_name"])

    first = make(hub, "1.1")
    make(hub, "2.0", prerelease=True)
    make(hub, "3.0", draft=True)
    assert latest() == "1.1"
    make(hub, "1.0", make_latest="false")
    assert latest() == "1.1"
    make(hub, "0.9", target_commitish=hub.git("rev-parse", "1.0"))
    assert latest() == "0.9"
    hub.ask("PATCH", f"{RELEASES}/{first['id']}", token, {"make_latest": "true"})
    assert latest() == "1.1"
    hub.ask("DELETE", f"{RELEASES}/{first['id']}", token)
    assert latest() == "0.9"


def test_pages_have_links(hub: Hub) -> None:
    """A list comes in pages, and each leads to its neighbours."""
    for number in range(5):
        make(hub, f"2.{number}")

    second = hub.ask("GET", f"{RELEASES}?per_page=2&page=2")
    strange = hub.ask("GET", f"{RELEASES}?per_page=-1&page=x")

    assert [each["tag_name"] for each in second.json] == ["2.2", "2.1"]
    address = f"https://api.github.com{RELEASES}?per_page=2&page="
    links = {f'<{address}{number}>; rel="{name}"' for name, number in {"prev": 1, "next": 3, "last": 3, "first": 1}.items()}
    assert set(second.headers["Link"].split(", ")) == links
    assert len(strange.json) == 5


def test_references(hub: Hub) -> None:
    """A reference is made once, read, listed, and deleted; an annotated tag is told from a commit."""
    token, sha = hub.token(contents="write"), hub.git("rev-parse", "main")
    refs = f"/repos/{SLUG}/git"

    made = hub.ask("POST", f"{refs}/refs", token, {"ref": "refs/tags/2.0", "sha": sha})
    again = hub.ask("POST", f"{refs}/refs", token, {"ref": "refs/tags/2.0", "sha": sha})
    inside = hub.ask("POST", f"{refs}/refs", token, {"ref": "refs/tags/2.0/x", "sha": sha})

    assert (made.status, made.json["object"]["sha"]) == (201, sha)
    assert [message(answer) for answer in (again, inside)] == [(422, "Reference already exists"), (422, "Reference update failed")]
    assert hub.ask("GET", f"{refs}/ref/tags/1.1").json["object"]["type"] == "tag"
    assert [each["ref"] for each in hub.ask("GET", f"{refs}/matching-refs/tags/").json] == ["refs/tags/1.0", "refs/tags/1.1", "refs/tags/2.0"]
    assert hub.ask("DELETE", f"{refs}/refs/tags/2.0", token).status == 204
    assert hub.ask("GET", f"/repos/{SLUG}/commits/1.1").json["sha"] == hub.git("rev-parse", "1.1^{commit}")


def test_a_draft_in_an_empty_repository(hub: Hub, tmp_path: Path) -> None:
    """Before the first commit there can be a draft, whose date is the clock's, and nothing can be published."""
    hub.git("init", "--quiet", "--bare", str(tmp_path))
    hub.twin.perform("github-repository", repository="octo/empty", origin=str(tmp_path))
    hub.twin.set_clock(lambda: 1_800_000_000.0)
    token = hub.token("octo/empty", contents="write")

    made = hub.ask("POST", "/repos/octo/empty/releases", token, {"tag_name": "1.0", "draft": True, "generate_release_notes": True})
    refused = hub.ask("PATCH", f"/repos/octo/empty/releases/{made.json['id']}", token, {"draft": False})

    assert (made.status, made.json["created_at"], made.json["published_at"]) == (201, "2027-01-15T08:00:00Z", None)
    assert [error.get("field") for error in refused.json["errors"]] == ["tag_name", None, "target_commitish"]


def test_files_of_a_release(hub: Hub) -> None:
    """A file is sent to the host of uploads, shown with its digest, and read from a host of its own; a second of its name is refused."""
    token, made = hub.token(contents="write"), make(hub, "2.0")
    address = made["upload_url"].partition("{")[0]

    sent = hub.ask("POST", f"{address}?name=.a%20%C3%A9b.txt&label=L", token, b"content", **{"Content-Type": "text/plain"})
    again = hub.ask("POST", f"{address}?name=default.a.b.txt", token, b"content")
    empty = hub.ask("POST", f"{address}?name=c", token, b"")
    reading = hub.ask("POST", f"{address}?name=c", hub.token(contents="read"), b"x")

    shown = sent.json
    assert (sent.status, shown["name"], shown["label"], shown["content_type"]) == (201, "default.a.b.txt", "L", "text/plain")
    assert shown["digest"] == f"sha256:{hashlib.sha256(b'content').hexdigest()}"
    assert again.json["errors"] == [{"resource": "ReleaseAsset", "code": "already_exists", "field": "name"}]
    assert empty.json["errors"][0]["message"] == "size must be greater than or equal to 1"
    assert reading.status == 403
    api = hub.ask("GET", shown["url"], Accept="application/octet-stream")
    site = hub.ask("GET", shown["browser_download_url"])
    assert (api.status, site.status) == (302, 302)
    assert {hub.ask("GET", answer.headers["Location"]).content for answer in (api, site)} == {b"content"}
    assert hub.ask("GET", f"{RELEASES}/{made['id']}/assets").json[0]["download_count"] == 2
    assert hub.ask("DELETE", shown["url"], token).status == 204
    assert hub.ask("GET", shown["browser_download_url"]).status == 404


def graphql(hub: Hub, operation: str, query: str, **variables: object) -> Any:
    """Ask one of gh's queries and return the answer."""
    return hub.ask("POST", "/graphql", hub.token(contents="read"), {"query": f"query {operation}{query}", "variables": variables}).json


def test_queries_of_newer_gh(hub: Hub) -> None:
    """Newer releases of gh ask for an order, for other fields, and which fields there are; each gets exactly what it selects."""
    make(hub, "1.0", make_latest="true")
    make(hub, "1.1", make_latest="false")
    names = {"owner": "octo", "name": "sample"}
    listed = (
        "($direction:OrderDirection!$endCursor:String$name:String!$owner:String!$perPage:Int!){repository(owner: $owner, name: $name)"
        "{releases(first: $perPage, orderBy: {field: CREATED_AT, direction: $direction}, after: $endCursor)"
        "{nodes{tagName,isLatest,isImmutable:immutable},pageInfo{hasNextPage,endCursor}}}}"
    )
    first = graphql(hub, "RepositoryReleaseList", listed, **names, perPage=1, endCursor=None, direction="ASC")
    page = first["data"]["repository"]["releases"]
    assert page["nodes"] == [{"tagName": "1.0", "isLatest": True, "isImmutable": False}]
    last = graphql(hub, "RepositoryReleaseList", listed, **names, perPage=1, endCursor=page["pageInfo"]["endCursor"], direction="ASC")
    assert last["data"]["repository"]["releases"]["pageInfo"]["hasNextPage"] is False

    fields = graphql(hub, "Release_fields", '{Release: __type(name: "Release"){fields(includeDeprecated: true){name}}}')
    assert {"name": "immutable"} in fields["data"]["Release"]["fields"]
    unknown = graphql(hub, "RepositoryReleaseByTag", "{repository(owner: $owner){release(tagName: $t){what}}}", **names, tagName="1.0")
    assert unknown["errors"][0]["message"].endswith("Field 'what' doesn't exist on type 'Release'")
    nowhere = graphql(hub, "RepositoryFindRef", "{repository{ref{id}}}", owner="octo", name="none", tagName="refs/tags/1.0")
    assert nowhere["errors"][0]["message"] == "Could not resolve to a Repository with the name 'octo/none'."


def test_a_person_makes_a_release(hub: Hub) -> None:
    """The action does what the page of releases does: the owner is its author; what GitHub refuses is an error in its words."""
    made = hub.twin.perform("github-release", repository=SLUG, tag="2.0", name="Two", body="Text", prerelease=True)

    assert made["author"]["login"] == "octo"
    assert hub.twin.perform("github-releases", repository=SLUG)["releases"] == [made]
    with pytest.raises(RunbookError, match="GitHub refuses this release: Validation Failed: tag_name already_exists"):
        hub.twin.perform("github-release", repository=SLUG, tag="2.0")
    with pytest.raises(RunbookError, match="the twin has no repository octo/none"):
        hub.twin.perform("github-token", repository="octo/none", permissions={})
    with pytest.raises(RunbookError, match="contents: all is not a permission"):
        hub.token(contents="all")


def test_a_state_keeps_repositories_and_releases(tmp_path: Path) -> None:
    """They, and the files beside them, are there when the state is opened again; a job's token is not."""
    with Twin.start(tmp_path / "state") as twin:
        first = Hub(twin, make_origin(tmp_path / "hub"))
        twin.perform("github-repository", repository=SLUG, origin=str(first.origin))
        token = first.token(contents="write")
        made = make(first, "2.0", body="Kept")
        first.ask("POST", f"{made['upload_url'].partition('{')[0]}?name=a", token, b"content")
    (tmp_path / "state" / "assets" / "99").write_bytes(b"left by a killed twin")

    with Twin.start(tmp_path / "state") as twin:
        again = Hub(twin, first.origin)
        release = again.ask("GET", f"{RELEASES}/latest").json
        assert (release["body"], [asset["name"] for asset in release["assets"]]) == ("Kept", ["a"])
        assert again.ask("GET", f"{RELEASES}/latest", token).status == 401
        assert json.loads(again.ask("GET", "/rate_limit").content)["rate"]["limit"] == 60
    assert [path.name for path in (tmp_path / "state" / "assets").iterdir()] == ["1"]
