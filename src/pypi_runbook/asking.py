"""JSON and files from an address of an index, or the reason why there was no answer."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import IO, Any

# The simple API's JSON form; source: PEP 691.
SIMPLE = "application/vnd.pypi.simple.v1+json"
SECONDS = 30


class UnreachableError(Exception):
    """The index did not give an answer that says anything about the project; `pause` is how many seconds it asked to wait."""

    def __init__(self, message: str, pause: float | None = None) -> None:
        super().__init__(message)
        self.pause = pause


def read_json(url: str, accept: str) -> Any:
    """Return the JSON at URL, None for 404; UnreachableError for everything that is no answer."""
    try:
        with open_address(url, accept) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise UnreachableError(f"{url} answered {error.code} {error.reason}", pause(error)) from error
    except (OSError, HTTPException) as error:
        raise UnreachableError(f"{url} did not answer: {getattr(error, 'reason', error)}") from error
    except ValueError as error:
        raise UnreachableError(f"{url} answered with something that is not JSON") from error


def pause(error: Exception) -> float | None:
    """Return how many seconds the index that answered with ERROR asks to wait, None when it says nothing of that."""
    after = error.headers.get("Retry-After", "") if isinstance(error, urllib.error.HTTPError) else ""
    return float(after) if after.isdigit() else None


def open_address(url: str, accept: str, method: str = "GET") -> IO[bytes]:
    """Return the answer of URL, an index's https address, to METHOD; OSError or HTTPException without one."""
    # urllib takes proxies and SSL_CERT_FILE from the environment, as the tools do.
    request = urllib.request.Request(url, headers={"Accept": accept, "User-Agent": "pypi-runbook"}, method=method)  # noqa: S310 (made from an index's https address)
    answer: IO[bytes] = urllib.request.urlopen(request, timeout=SECONDS)  # noqa: S310 (the same)
    return answer
