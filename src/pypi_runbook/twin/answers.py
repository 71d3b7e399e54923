"""Answers as PyPI gives them: the message in the reason phrase, and in the body that `Accept` asks for."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from contextvars import ContextVar
from http import HTTPStatus
from pathlib import Path

from aiohttp import web

# Anybody's page may read what an index tells.
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since",
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Max-Age": "86400",
    "Access-Control-Expose-Headers": "X-PyPI-Last-Serial",
}
# A client's own words come back in messages, and no status line may hold these.
UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
EXPLANATIONS = {
    400: "The server could not comply with the request since it is either malformed or otherwise incorrect.",
    403: "Access was denied to this resource.",
    404: "The resource could not be found.",
    410: "This resource is no longer available.  No forwarding address is given.",
    429: "The action could not be performed because there were too many requests by the client.",
    500: "The server has either erred or is incapable of performing the requested operation.",
    502: "Bad gateway.",
    503: "The server is currently unavailable. Please try again at a later time.",
    504: "The gateway has timed out.",
}
# Whether the answer that is being made must be complete before any of it is sent.
WHOLE = ContextVar("WHOLE", default=False)


class SentFile(web.FileResponse):
    """A file of the store or the cache; `place` is where it lies."""

    def __init__(self, place: Path, headers: dict[str, str]) -> None:
        super().__init__(place, headers=headers)
        self.place = place


class FollowedFile(web.StreamResponse):
    """A file that is handed on while it arrives; `problem` says why it did not arrive whole."""

    problem = ""


class WordedAnswer(web.Response):
    """GitHub's refusal, which is told in the body only; `words` repeats it for people."""

    words = ""


def words_of(answer: web.StreamResponse) -> str:
    """Return why ANSWER is not what was asked for, empty when it is."""
    if isinstance(answer, FollowedFile) and answer.problem:
        return answer.problem
    if isinstance(answer, WordedAnswer):
        return answer.words
    return answer.reason if answer.status >= 400 or answer.status == 308 else ""


def refusal(request: web.Request, status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    """Return the answer with STATUS and MESSAGE, in the form that REQUEST accepts."""
    reason = UNSENDABLE.sub(" ", message.encode("latin-1", "replace").decode("latin-1"))
    kind, body = _body(request.headers.get("Accept", ""), status, message)
    # uv reads `code` only from exactly this content type, without a charset.
    charset = None if kind == "application/json" else "utf-8"
    return web.Response(status=status, reason=reason, body=body.encode(), content_type=kind, charset=charset, headers=headers)


def not_found(request: web.Request, message: str = "Not Found") -> web.Response:
    """Return 404 with MESSAGE."""
    return refusal(request, 404, message)


def page(title: str, body: str, status: int = 200) -> web.Response:
    """Return a small HTML page."""
    head = f'<head><meta charset="utf-8"><title>{html.escape(title)}</title></head>'
    text = f'<!DOCTYPE html>\n<html lang="en">\n{head}\n<body>\n{body}\n</body>\n</html>\n'
    return web.Response(status=status, text=text, content_type="text/html")


def compact(content: object) -> bytes:
    """Return CONTENT as PyPI writes JSON: sorted keys, nothing between them."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def cacheable(request: web.Request, body: bytes, kind: str, headers: Mapping[str, str]) -> web.Response:
    """Return BODY of that content type with a validator, or 304 when REQUEST names the one that it has."""
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    tag = f'"{base64.b64encode(digest).decode().rstrip("=")}"'
    known = request.headers.get("If-None-Match", "")
    if tag in known or known.strip() == "*":
        return web.Response(status=304, headers={**headers, "ETag": tag})
    charset = "UTF-8" if kind == "text/html" else None
    return web.Response(body=body, content_type=kind, charset=charset, headers={**headers, "ETag": tag})


def preferred(accept: str, offers: tuple[str, ...]) -> str:
    """Return which of OFFERS the header ACCEPT prefers; the first one when it names none, "" when it excludes all."""
    weights = [_weight(part) for part in accept.split(",") if part.strip()] or [("*/*", 1.0)]
    best, best_weight = "", 0.0
    for offer in offers:
        matches = [(_specificity(kind), weight) for kind, weight in weights if _covers(kind, offer)]
        weight = max(matches)[1] if matches else 0.0
        if weight > best_weight:
            best, best_weight = offer, weight
    return best


def _weight(part: str) -> tuple[str, float]:
    kind, *parameters = [piece.strip() for piece in part.split(";")]
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return kind.lower(), float(parameter[2:])
            except ValueError:
                return kind.lower(), 0.0
    return kind.lower(), 1.0


def _covers(kind: str, offer: str) -> bool:
    return kind in ("*/*", offer) or (kind.endswith("/*") and offer.startswith(kind[:-1]))


def _specificity(kind: str) -> int:
    return 0 if kind == "*/*" else 1 if kind.endswith("/*") else 2


def _body(accept: str, status: int, message: str) -> tuple[str, str]:
    title = HTTPStatus(status).phrase
    explanation = EXPLANATIONS.get(status, title)
    kind = preferred(accept, ("text/html", "application/json", "text/plain")) or "text/plain"
    if kind == "application/json":
        return kind, json.dumps({"message": f"{explanation}\n\n\n{message}\n\n", "code": f"{status} {message}", "title": title})
    if kind == "text/plain":
        return kind, f"{status} {message}\n\n{explanation}\n\n\n{message}\n\n"
    words = html.escape(f"{status} {message}")
    head = f"<html>\n <head>\n  <title>{words}</title>\n </head>\n <body>\n  <h1>{words}</h1>\n"
    return kind, f"{head}  {explanation}<br/><br/>\n{html.escape(message)}\n\n\n </body>\n</html>"
