"""A Hypothesis strategy for requests that no client would send: every route of every site, right in most things and wrong in some."""

from __future__ import annotations

import base64
import io
import json
import tarfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from hypothesis import strategies as st
from wire import UPLOADS, Door, form, right_fields

from pypi_runbook.rules.sample import metadata
from pypi_runbook.twin.hosts import HOSTS

T = TypeVar("T")

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
TEXTS = st.sampled_from([trick.replace("{}", "") for trick in TRICKS]) | st.text(
    st.sampled_from([*map(chr, range(32, 127)), "\xe9", "\u2603", "\U0001f600"]), max_size=30
).map(lambda text: text.replace("{}", ""))
EXTRAS = [
    "x/__init__.py",
    "x/a.py",
    "x/b.py",
    "x/c.py",
    "../../../escaped",
    "/tmp/escaped",
    "x/../../escaped",
    "C:\\escaped",
    "x\x00y",
    "é☃",
    "a" * 300,
    "x-1.0/PKG-INFO",
]
BOUNDARIES = [b"", b"boundary=", b"boundary=y", b'boundary="x', b"boundary=x;boundary=z"]
KEYS = ["name", "user", "project", "index", "requests", "offset", "seconds", "version", "reason", "status", "since", "token"]
ARGUMENTS: st.SearchStrategy[Any] = st.sampled_from(["slow", "x", "pypi", "testpypi", -1, 1.5, None, [], {}, True, 10**30]) | TEXTS


@dataclass(frozen=True)
class Sent:
    """One request: what goes to which host; `alone` needs a connection that nothing else uses."""

    host: str
    data: bytes
    method: str
    alone: bool = False


@st.composite
def requests(draw: st.DrawFn, door: Door, secret: str) -> Sent:
    """Draw a request to the twin of DOOR, whose local control has the SECRET."""
    garbage = Garbage(draw, door, secret)
    # Twice what a client does most.
    return garbage.pick([garbage.page, garbage.page, garbage.page, garbage.upload, garbage.upload, garbage.token, garbage.local, garbage.broken])()


class Garbage:
    """Builds one request from what DRAW gives."""

    def __init__(self, draw: st.DrawFn, door: Door, secret: str) -> None:
        self._draw = draw
        self._door = door
        self._secret = secret

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of CHOICES."""
        return self._draw(st.sampled_from(choices))

    def page(self) -> Sent:
        """Return a request for a page, which may have a body."""
        method = self.pick(METHODS)
        body = self._bytes(200) if method in ("POST", "PUT", "PATCH") else b""
        headers = self._draw(st.lists(st.tuples(st.sampled_from(HEADERS), TEXTS), max_size=3))
        return self._sent(self.pick(HOSTS), method, self._filled(self.pick(ROUTES)), headers, body)

    def upload(self) -> Sent:
        """Return an upload with some fields changed, another name, or another boundary."""
        name, content = self._archive()
        fields = right_fields(content, **({"filetype": "sdist", "pyversion": "source"} if name.endswith("gz") else {}))
        fields += [(self.pick(FIELDS), self._draw(st.sampled_from(VALUES) | TEXTS)) for _ in range(self.pick([0, 0, 0, 1, 2, 5]))]
        fields = self.pick([fields, fields[::-1]])
        text = self._draw(TEXTS)
        name = self.pick([name] * 7 + [text, f"{text}-1.0-py3-none-any.whl", f"x-{text}.tar.gz"])
        body = self._cut(form(fields, name, content))
        head = self._door.upload_head(len(body)).replace(b"Connection: close\r\n", b"")
        head = head.replace(b"boundary=x", self.pick([b"boundary=x"] * 25 + BOUNDARIES))
        return Sent(self.pick([UPLOADS, UPLOADS, "test.pypi.org"]), head + body, "POST")

    def token(self) -> Sent:
        """Return a request with a token that is none, to where tokens are read."""
        path = self.pick(["/_/oidc/mint-token", "/_/oidc/github/mint-token", "/_/oidc/burn-token", "/legacy/"])
        given: object = self.pick([self._jwt(), self._macaroon(), self._draw(TEXTS), 1, None, [], {"a": 1}])
        body = self.pick([json.dumps({"token": given}), json.dumps(given), self._draw(TEXTS), "[" * 5000, '{"token": NaN}'])
        headers = [("Authorization", f"Bearer {given}"), ("Content-Type", "application/json")]
        return self._sent(self.pick([UPLOADS, "pypi.org", "test.pypi.org"]), "POST", path, headers, body.encode("utf-8", "replace"))

    def local(self) -> Sent:
        """Return a request to the twin's local control."""
        route = self.pick([self.pick(LOCAL_ROUTES), f"/control/SECRET/{self.pick(ACTIONS)}"])
        path = self._filled(route).replace("SECRET", self._secret)
        arguments = self._draw(st.dictionaries(st.sampled_from(KEYS), ARGUMENTS, max_size=3))
        # Other tests are about faults and the clock; here they would only be switched on.
        body = "" if "fault" in path or "clock" in path else json.dumps(self.pick([arguments, arguments, [], 1, "x", None]))
        headers = [("Content-Type", "application/json"), ("Authorization", f"bearer {self._jwt()}")]
        return self._sent(LOCAL, self.pick(["POST", "POST", "GET"]), path, headers, self.pick([body.encode(), self._bytes(50)]))

    def broken(self) -> Sent:
        """Return what is hardly HTTP."""
        host, many = self.pick([*HOSTS, LOCAL]), self._draw(st.integers(0, 20_000))
        start = f"POST /legacy/ HTTP/1.1\r\nHost: {host}\r\n".encode()
        ends = [
            b"X-A: " + b"a" * many + b"\r\n\r\n",
            b"".join(b"X-%d: y\r\n" % number for number in range(many // 7)) + b"\r\n",
            b"Transfer-Encoding: chunked\r\n\r\n" + self._bytes(10) + b"\r\n\r\n",
            b"Content-Length: " + self.pick([b"-1", b"1e3", b"9" * 30, b"+5", b"5, 6"]) + b"\r\n\r\n",
            b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"Content-Type: multipart/form-data; boundary=x\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde",
        ]
        whole = [
            # HTTP lets a server wait for a request behind empty lines.
            self._draw(st.binary(max_size=200).filter(lambda data: data.strip(b"\r\n"))) + b"\r\n\r\n",
            b"GET /" + b"a" * many + f" HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(),
            b"GET / HTTP/" + self.pick([b"0.9", b"1.2", b"x", b""]) + b"\r\n\r\n",
            b"GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\n\r\n",
        ]
        return Sent(host, self.pick([*(start + end for end in ends), *whole]), "", alone=True)

    def _sent(self, host: str, method: str, path: str, headers: list[tuple[str, str]], body: bytes) -> Sent:
        named = self.pick([host] * 30 + [self._draw(TEXTS)])
        lines = [f"{method} {path} HTTP/1.1", f"Host: {named}", f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers)]
        head = "\r\n".join(line.replace("\r", "").replace("\n", "") for line in lines)
        return Sent(host, head.encode("utf-8", "replace") + b"\r\n\r\n" + body, method)

    def _filled(self, route: str) -> str:
        while "{}" in route:
            route = route.replace("{}", self._draw(st.just("x") | TEXTS) or "x", 1)
        return route.replace(" ", "%20")

    def _bytes(self, most: int) -> bytes:
        return self._draw(st.binary(max_size=most))

    def _cut(self, body: bytes) -> bytes:
        """Return BODY, now and then cut short or with some bytes changed."""
        how = self.pick(["whole"] * 8 + ["short", "changed"])
        if how == "short":
            return body[: self._draw(st.integers(0, len(body) - 1))]
        changed = bytearray(body)
        if how == "changed":
            for place, byte in self._draw(st.lists(st.tuples(st.integers(0, len(body) - 1), st.integers(0, 255)), min_size=1, max_size=10)):
                changed[place] = byte
        return bytes(changed)

    def _archive(self) -> tuple[str, bytes]:
        """Return a small wheel or sdist that is wrong in its members, in its bytes, or only in its name."""
        name, content = self.pick([self._wheel, self._sdist])(self.pick(EXTRAS))
        return name, self.pick([content, self._cut(content)])

    def _wheel(self, extra: str) -> tuple[str, bytes]:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", self.pick([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])) as wheel:
            wheel.writestr("x-1.0.dist-info/METADATA", metadata("x", "1.0"))
            for member in ("WHEEL", "RECORD", "entry_points.txt"):
                wheel.writestr(f"x-1.0.dist-info/{member}", self.pick(["", "", self._draw(TEXTS)]))
            wheel.writestr(extra, "y")
        return "x-1.0-py3-none-any.whl", file.getvalue()

    def _sdist(self, extra: str) -> tuple[str, bytes]:
        file = io.BytesIO()
        modes: list[Literal["w:gz", "w:bz2"]] = ["w:gz", "w:gz", "w:bz2"]
        kind = self.pick([tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.FIFOTYPE])
        with tarfile.open(fileobj=file, mode=self.pick(modes)) as sdist:
            for name, what in (("x-1.0/PKG-INFO", tarfile.REGTYPE), (extra, kind)):
                member = tarfile.TarInfo(name.replace("\x00", ""))
                member.type, member.linkname = what, "../../../../etc/passwd"
                sdist.addfile(member)
        return "x-1.0.tar.gz", file.getvalue()

    def _jwt(self) -> str:
        """Return up to three parts of a token that no issuer signed."""
        header = {"alg": self.pick(["none", "HS256", "RS256", 5, None]), "kid": self._draw(TEXTS), "typ": "JWT"}
        issuer = self.pick(["https://token.actions.githubusercontent.com", self._draw(TEXTS), 7])
        claims = {"iss": issuer, "aud": "pypi", "exp": 1e400, "jti": []}
        parts = [json.dumps(header).encode(), json.dumps(claims).encode(), self._bytes(300)]
        return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts[: self._draw(st.integers(1, 3))])

    def _macaroon(self) -> str:
        """Return the door's token with some bytes changed, or bytes that look like one."""
        text = self._door.token.removeprefix("pypi-")
        data = self.pick([self._cut(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))), b"\x02" + self._bytes(60)])
        return "pypi-" + base64.urlsafe_b64encode(data).decode().rstrip("=")
