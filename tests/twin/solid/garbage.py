"""A seeded source of requests that no client would send: every route of every face, right in most things and wrong in some."""

from __future__ import annotations

import base64
import io
import json
import random
import tarfile
import zipfile
from dataclasses import dataclass
from typing import Literal

from wire import UPLOADS, Door, form, right_fields

from pypi_runbook.rules.sample import metadata
from pypi_runbook.twin.hosts import HOSTS

LOCAL = "127.0.0.1"
TRICKS = [
    *("..", "../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "/etc/passwd", "a%00b", "%0d%0aX:%20y", "%", "%zz", "é☃", "\x7f", "C:\\x", "//x", "."),
    *("a" * 300, "-" * 50, "{}", "'; DROP TABLE files; --", "<script>", "%s%n", "0", "-1", "1e999", "NaN", "null", "[]", "\\", "~", "$HOME", ""),
]
ROUTES = [
    *("/", "/simple", "/simple/", "/simple/{}", "/simple/{}/", "/pypi/{}/json", "/pypi/x/{}/json", "/project/{}/", "/project/{}/{}/", "/legacy"),
    *("/legacy/", "/packages/{}", "/packages/aa/bb/{}", "/packages/{}.metadata", "/integrity/x/{}/{}/provenance", "/_/oidc/audience", "/{}"),
    *("/_/oidc/mint-token", "/_/oidc/github/mint-token", "/_/oidc/burn-token", "/.well-known/openid-configuration", "/.well-known/jwks"),
    *("/repos/{}/{}/releases/tags/{}", "/{}/{}/archive/{}", "/x/y/tar.gz/{}", "/danger-api/echo", "/help/", "/rss/{}"),
]
LOCAL_ROUTES = ["/", "/control", "/control/{}", "/control/{}/fault", "/control/SECRET/{}", "/actions/{}", "/actions/{}/{}", "/simple/", "/{}"]
ACTIONS = ["fault", "clear", "clock", "report", "yank", "account", "token", "project", "publisher", "status", "delete", "user", "register", "flag"]
METHODS = ["GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"]
HEADERS = ["Accept", "Range", "If-None-Match", "If-Modified-Since", "Authorization", "Cookie", "Content-Type", "Expect", "X-Forwarded-For", "Host"]
FIELDS = [
    *(":action", "protocol_version", "metadata_version", "name", "version", "filetype", "pyversion", "md5_digest", "sha256_digest"),
    *("blake2_256_digest", "summary", "description", "description_content_type", "classifiers", "project_urls", "requires_dist", "license_file"),
    *("license_expression", "requires_python", "author_email", "keywords", "attestations", "content", "gpg_signature", "platform", "dynamic"),
]
VALUES = ["1", "2.4", "x", "1.0", "sdist", "bdist_wheel", "source", "py3", "file_upload", "submit", "UNKNOWN", "text/x-rst", ":: x", "MIT", "[{}]"]


@dataclass(frozen=True)
class Sent:
    """One request: what goes to which host; `alone` needs a connection that nothing else uses."""

    host: str
    data: bytes
    method: str
    alone: bool = False


class Garbage:
    """Makes requests from a SEED; the same seed makes the same requests for the same DOOR and local SECRET."""

    def __init__(self, seed: int, door: Door, secret: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 (it must make the same again)
        self._door = door
        self._secret = secret

    def request(self) -> Sent:
        """Return the next request."""
        make = self._random.choices([self._page, self._upload, self._token, self._local, self._broken], [45, 25, 12, 12, 6])[0]
        return make()

    def _page(self) -> Sent:
        host, method = self._random.choice(HOSTS), self._random.choice(METHODS)
        body = self._bytes(200) if method in ("POST", "PUT", "PATCH") else b""
        return self._sent(host, method, self._filled(self._random.choice(ROUTES)), self._headers(), body)

    def _upload(self) -> Sent:
        name, content = self._archive()
        fields = right_fields(content, **({"filetype": "sdist", "pyversion": "source"} if name.endswith("gz") else {}))
        for _ in range(self._random.choice([0, 0, 1, 1, 2, 5])):
            fields.append((self._random.choice(FIELDS), self._random.choice([*VALUES, self._text()])))
        self._random.shuffle(fields)
        if self._random.random() < 0.3:
            name = self._random.choice([self._text(), f"{self._text()}-1.0-py3-none-any.whl", f"x-{self._text()}.tar.gz"])
        body = self._cut(form(fields, name, content))
        head = self._door.upload_head(len(body)).replace(b"Connection: close\r\n", b"")
        if self._random.random() < 0.15:
            head = head.replace(b"boundary=x", self._random.choice([b"", b"boundary=", b"boundary=y", b'boundary="x', b"boundary=x;boundary=z"]))
        return Sent(self._random.choice([UPLOADS, UPLOADS, "test.pypi.org"]), head + body, "POST")

    def _token(self) -> Sent:
        path = self._random.choice(["/_/oidc/mint-token", "/_/oidc/github/mint-token", "/_/oidc/burn-token", "/legacy/"])
        host = self._random.choice([UPLOADS, "pypi.org", "test.pypi.org"])
        given: object = self._random.choice([self._jwt(), self._macaroon(), self._text(), 1, None, [], {"a": 1}])
        body = self._random.choice([json.dumps({"token": given}), json.dumps(given), self._text(), "[" * 5000, '{"token": NaN}']).encode(
            "utf-8", "replace"
        )
        return self._sent(host, "POST", path, [("Authorization", f"Bearer {given}"), ("Content-Type", "application/json")], body)

    def _local(self) -> Sent:
        route = self._random.choice([self._random.choice(LOCAL_ROUTES), f"/control/SECRET/{self._random.choice(ACTIONS)}"])
        path = self._filled(route).replace("SECRET", self._secret)
        keys = ["name", "user", "project", "index", "requests", "offset", "seconds", "version", "reason", "status", "since", "token"]
        values = ["slow", "x", "pypi", "testpypi", -1, 1.5, None, [], {}, True, self._text(), 10**30]
        arguments = {self._random.choice(keys): self._random.choice(values) for _ in range(self._random.randrange(4))}
        # Those that would only switch on what the tests of faults are about.
        body = "" if "fault" in path or "clock" in path else json.dumps(self._random.choice([arguments, arguments, [], 1, "x", None]))
        headers = [("Content-Type", "application/json"), ("Authorization", f"bearer {self._jwt()}")]
        return self._sent(LOCAL, self._random.choice(["POST", "POST", "GET"]), path, headers, self._random.choice([body.encode(), self._bytes(50)]))

    def _broken(self) -> Sent:
        host = self._random.choice([*HOSTS, LOCAL])
        start = f"POST /legacy/ HTTP/1.1\r\nHost: {host}\r\n".encode()
        data = self._random.choice(
            [
                self._bytes(200) + b"\r\n\r\n",
                start + b"X-A: " + b"a" * self._random.randrange(20_000) + b"\r\n\r\n",
                start + b"".join(b"X-%d: y\r\n" % number for number in range(self._random.randrange(3000))) + b"\r\n",
                start + b"Transfer-Encoding: chunked\r\n\r\n" + self._bytes(10) + b"\r\n\r\n",
                start + b"Content-Length: " + self._random.choice([b"-1", b"1e3", b"9" * 30, b"+5", b"5, 6"]) + b"\r\n\r\n",
                start + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                start + b"Content-Type: multipart/form-data; boundary=x\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde",
                b"GET /" + b"a" * self._random.randrange(20_000) + f" HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(),
                b"GET / HTTP/" + self._random.choice([b"0.9", b"1.2", b"x", b""]) + b"\r\n\r\n",
                b"GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\n\r\n",
            ]
        )
        return Sent(host, data, "", alone=True)

    def _sent(self, host: str, method: str, path: str, headers: list[tuple[str, str]], body: bytes) -> Sent:
        named = host if self._random.random() < 0.97 else self._text()
        lines = [f"{method} {path} HTTP/1.1", f"Host: {named}", f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers)]
        head = "\r\n".join(line.replace("\r", "").replace("\n", "") for line in lines)
        return Sent(host, head.encode("utf-8", "replace") + b"\r\n\r\n" + body, method)

    def _headers(self) -> list[tuple[str, str]]:
        return [(self._random.choice(HEADERS), self._text()) for _ in range(self._random.choice([0, 0, 1, 3]))]

    def _filled(self, route: str) -> str:
        while "{}" in route:
            route = route.replace("{}", self._text() or "x", 1) if self._random.random() < 0.5 else route.replace("{}", "x", 1)
        return route.replace(" ", "%20")

    def _text(self) -> str:
        if self._random.random() < 0.6:
            return self._random.choice(TRICKS).replace("{}", "")
        return "".join(chr(self._random.choice([*range(32, 127), 0xE9, 0x2603, 0x1F600])) for _ in range(self._random.randrange(30))).replace(
            "{}", ""
        )

    def _bytes(self, most: int) -> bytes:
        return self._random.randbytes(self._random.randrange(most))

    def _cut(self, body: bytes) -> bytes:
        """Return BODY, now and then cut short or with some bytes changed."""
        if self._random.random() < 0.7:
            return body
        if self._random.random() < 0.5:
            return body[: self._random.randrange(len(body))]
        changed = bytearray(body)
        for _ in range(self._random.randrange(1, 10)):
            changed[self._random.randrange(len(changed))] = self._random.randrange(256)
        return bytes(changed)

    def _archive(self) -> tuple[str, bytes]:
        """Return a small wheel or sdist that is wrong in its members, in its bytes, or not at all but for its name."""
        extra = self._random.choice(
            ["../../../escaped", "/tmp/escaped", "x/../../escaped", "C:\\escaped", "x\x00y", "é☃", "a" * 300, "x-1.0/PKG-INFO"]
        )
        name, content = self._wheel(extra) if self._random.random() < 0.5 else self._sdist(extra)
        return name, self._cut(content) if self._random.random() < 0.6 else content

    def _wheel(self, extra: str) -> tuple[str, bytes]:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", self._random.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])) as wheel:
            for member in ("METADATA", "WHEEL", "RECORD", "entry_points.txt"):
                wheel.writestr(f"x-1.0.dist-info/{member}", metadata("x", "1.0") if member == "METADATA" else self._text())
            wheel.writestr(extra, "y")
        return "x-1.0-py3-none-any.whl", file.getvalue()

    def _sdist(self, extra: str) -> tuple[str, bytes]:
        file = io.BytesIO()
        modes: list[Literal["w:gz", "w:bz2"]] = ["w:gz", "w:gz", "w:bz2"]
        with tarfile.open(fileobj=file, mode=self._random.choice(modes)) as sdist:
            for name, kind in (
                ("x-1.0/PKG-INFO", tarfile.REGTYPE),
                (extra, self._random.choice([tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.FIFOTYPE])),
            ):
                member = tarfile.TarInfo(name.replace("\x00", ""))
                member.type, member.linkname = kind, "../../../../etc/passwd"
                sdist.addfile(member)
        return "x-1.0.tar.gz", file.getvalue()

    def _jwt(self) -> str:
        """Return a token of three parts whose claims nobody signed."""
        header = {"alg": self._random.choice(["none", "HS256", "RS256", 5, None]), "kid": self._text(), "typ": "JWT"}
        claims = {
            "iss": self._random.choice(["https://token.actions.githubusercontent.com", self._text(), 7]),
            "aud": "pypi",
            "exp": 1e400,
            "jti": [],
        }
        parts = [json.dumps(header).encode(), json.dumps(claims).encode(), self._bytes(300)]
        return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts[: self._random.randrange(1, 4)])

    def _macaroon(self) -> str:
        """Return the door's token with some bytes changed, or bytes that look like one."""
        text = self._door.token.removeprefix("pypi-")
        data = self._random.choice([self._cut(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))), b"\x02" + self._bytes(60)])
        return "pypi-" + base64.urlsafe_b64encode(data).decode().rstrip("=")
