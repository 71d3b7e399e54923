"""Requests that no client would send, by somebody who may do everything: each is answered below 500, and nothing outside the repository changes."""

from __future__ import annotations

import json
import random
from pathlib import Path
from urllib.parse import quote

from hub import SLUG, Hub

from pypi_runbook.twin.github import assets, endpoints

pytest_plugins = ["people", "hub"]

REQUESTS = 500
SEED = 20261122
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


class Nonsense:
    """Makes requests from a seed: right in most things and wrong in some."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 (it must make the same again)

    def request(self) -> tuple[str, str, bytes | None, dict[str, str]]:
        """Return method, address, body and a header or none."""
        method, pattern = self._random.choice(ROUTES)
        address = ""
        for part in pattern.replace("[0-9]+", "").split("{"):
            inside, end, rest = part.partition("}")
            address += (self._part(inside) + rest) if end else part
        if self.chance(0.1):
            method = self._random.choice(METHODS)
        headers = {self._random.choice(HEADERS): self._random.choice(["*/*", "x", "application/octet-stream", "bytes=5-1"])}
        return method, address, self._body(method), headers if self.chance(0.3) else {}

    def chance(self, share: float) -> bool:
        """Return True in that share of cases."""
        return self._random.random() < share

    def _body(self, method: str) -> bytes | None:
        if method in ("GET", "HEAD", "DELETE") or self.chance(0.2):
            return self._random.choice(BODIES)
        fields = {self._random.choice(FIELDS): self._random.choice(VALUES) for _ in range(self._random.choice([0, 0, 1, 1, 2, 4]))}
        return json.dumps({"tag_name": self._random.choice(ODD), **fields}).encode()

    def _part(self, name: str) -> str:
        usual = {"owner": "octo", "repo": "sample", "kind": "zipball", "id": str(self._random.randrange(6))}.get(name.partition(":")[0])
        if usual and self.chance(0.93):
            return usual
        return quote(self._random.choice(ODD).encode("utf-8", "surrogatepass"), safe=self._random.choice(["", "/"]))


def test_nonsense(hub: Hub) -> None:
    """No request meets a fault of the twin; what the API refuses is JSON; the origin has new refs at most, and its neighbours nothing new."""
    token, nonsense = hub.token(contents="write"), Nonsense(SEED)
    before = files(hub.origin.parent)
    statuses = set()
    for number in range(REQUESTS):
        method, address, body, headers = nonsense.request()
        answer = hub.ask(method, address, token if nonsense.chance(0.9) else "", body, **headers)
        statuses.add(answer.status)
        assert answer.status < 500, (number, method, address, body, answer.content)
        if answer.status >= 400 and address.startswith(API) and method != "HEAD":
            assert answer.json["message"], (number, method, address)
    assert {200, 201, 204, 302, 400, 404, 405, 422} <= statuses
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
