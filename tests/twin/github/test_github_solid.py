"""Requests that no client would send, by somebody who may do everything: each is answered below 500, and nothing outside the repository changes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from hub import SLUG, Hub
from hypothesis import given, settings
from hypothesis import strategies as st

from pypi_runbook.twin.github import assets, endpoints

pytest_plugins = ["people", "hub"]
ODD = [
    *("..", "../../../etc/passwd", "refs/../../x", "a\x00b", "--upload-pack=touch x", "HEAD^{tree}", "@{u}", "a..b", "é☃", "x.lock", "/x/", "//"),
    *(
        "-q",
        "0",
        "-1",
        "9" * 40,
        "1e9",
        "%",
        "%2e%2e",
        "a b",
        "refs/heads/main",
        "main",
        "1.0",
        "a" * 5000,
        "$(id)",
        "`id`",
        "\\",
        "\n",
        "",
        "\ud800",
    ),
]
VALUES: list[object] = [*ODD, None, True, 0, -1, 10**30, 1.5, [], {}, ["x"], {"a": {"b": []}}]
FIELDS = ["target_commitish", "name", "body", "draft", "prerelease", "make_latest", "generate_release_notes", "ref", "sha", "query", "variables"]
BODIES = [None, b"[" * 5000, b'{"tag_name": "\\ud800"}', b"{", b"null", b"\xff\x00", b"[]"]
HEADERS = ["Accept", "Content-Type", "Range", "If-None-Match", "X-GitHub-Api-Version"]
METHODS = ["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD"]
API, SITE = "https://api.github.com", "https://github.com"
ROUTES = [
    *((endpoint.method, API + endpoint.path) for endpoint in (*endpoints.ENDPOINTS, *assets.ENDPOINTS)),
    *[("POST", f"{API}/repos/{{owner}}/{{repo}}/releases")] * 4,
    *[("PATCH", f"{API}/repos/{{owner}}/{{repo}}/releases/{{id:[0-9]+}}")] * 4,
    *[("POST", "https://uploads.github.com/repos/{owner}/{repo}/releases/{id:[0-9]+}/assets?name={x}&label={x}")] * 4,
    *(("POST", f"{API}/graphql"), ("GET", f"{API}/repos/{{owner}}/{{repo}}/{{x}}"), ("GET", "https://codeload.github.com/{owner}/{repo}/zip/{ref}")),
    *(
        ("GET", f"{SITE}/{{owner}}/{{repo}}/{path}")
        for path in ("archive/{ref}.zip", "info/refs?service={x}", "{x}/{x}", "releases/download/{tag}/{x}")
    ),
    *(("POST", f"{SITE}/{{owner}}/{{repo}}/{path}") for path in ("git-upload-pack", "git-receive-pack")),
    ("GET", "https://release-assets.githubusercontent.com/github-production-release-asset/{id}/{id}-{x}"),
]


@dataclass(frozen=True)
class Asked:
    """One request; `trusted` says whether it comes with the token of somebody who may do everything."""

    method: str
    address: str
    body: bytes | None
    headers: dict[str, str]
    trusted: bool


@st.composite
def nonsense(draw: st.DrawFn) -> Asked:
    """Draw a request that is right in most things and wrong in some."""
    method, pattern = draw(st.sampled_from(ROUTES))
    address = ""
    for part in pattern.replace("[0-9]+", "").split("{"):
        inside, end, rest = part.partition("}")
        address += (draw(value_of(inside)) + rest) if end else part
    method = draw(st.sampled_from([method] * 50 + METHODS))
    odd = draw(st.dictionaries(st.sampled_from(HEADERS), st.sampled_from(["*/*", "x", "application/octet-stream", "bytes=5-1"]), max_size=1))
    bodies = st.sampled_from(BODIES)
    body = draw(bodies if method in ("GET", "HEAD", "DELETE") else bodies | FORMS | FORMS | FORMS)
    return Asked(method, address, body, odd, draw(st.sampled_from([True] * 9 + [False])))


FORMS = st.builds(
    lambda tag, fields: json.dumps({"tag_name": tag, **fields}).encode(),
    st.sampled_from(ODD),
    st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(VALUES), max_size=4),
)


def value_of(name: str) -> st.SearchStrategy[str]:
    """Give values for the part of an address called NAME, most of them usual."""
    odd = st.builds(lambda text, safe: quote(text.encode("utf-8", "surrogatepass"), safe=safe), st.sampled_from(ODD), st.sampled_from(["", "/"]))
    usual = {"owner": "octo", "repo": "sample", "kind": "zipball"}.get(name.partition(":")[0])
    if name.partition(":")[0] == "id":
        return st.sampled_from("012345") | st.sampled_from("012345") | odd
    return st.integers(0, 13).flatmap(lambda number: st.just(usual) if number else odd) if usual else odd


def test_nonsense(hub: Hub) -> None:
    """No request meets a fault of the twin; what the API refuses is JSON; the origin has new refs at most, and its neighbours nothing new."""
    token, statuses = hub.token(contents="write"), set()
    before = files(hub.origin.parent)

    @settings(max_examples=2 * settings().max_examples)
    @given(nonsense())
    def ask(asked: Asked) -> None:
        answer = hub.ask(asked.method, asked.address, token if asked.trusted else "", asked.body, **asked.headers)
        statuses.add(answer.status)
        assert answer.status < 500, answer.content
        if answer.status >= 400 and asked.address.startswith(API) and asked.method != "HEAD":
            assert answer.json["message"]

    ask()
    assert {200, 400, 404, 422} <= statuses
    assert {path for path in files(hub.origin.parent) - before if "refs" not in path.parts} == set()
    assert hub.git("fsck", "--strict") == ""
    assert hub.ask("GET", f"/repos/{SLUG}/releases/latest").status in (200, 404)


def test_large_numbers_and_bodies(hub: Hub) -> None:
    """A body of many megabytes, and one nested deeper than anybody reads, are refused."""
    token = hub.token(contents="write")
    path = f"/repos/{SLUG}/releases"

    assert hub.ask("POST", path, token, b'{"tag_name": "x", "body": "' + b"x" * 20_000_000 + b'"}').status == 422
    assert hub.ask("POST", path, token, b"[" * 1_000_000).status == 400
    assert hub.ask("POST", "/graphql", token, {"query": "{a" * 5000}).json["errors"]
    assert hub.ask("POST", path, token, b"x" * 70_000_000).status == 413


def files(folder: Path) -> set[Path]:
    """Return every file below FOLDER."""
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
