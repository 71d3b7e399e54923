"""The two indexes, and what they serve: a reader of the simple API's JSON form."""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import IO
from urllib.parse import urljoin

from packaging.utils import canonicalize_name

from pypi_runbook.project.indexes import PYPI, TESTPYPI

ACCEPT = "application/vnd.pypi.simple.v1+json"
SECONDS = 30
CHUNK = 1 << 16


@dataclass(frozen=True)
class Index:
    """An index that takes uploads. `options` are what twine needs to be told about it."""

    key: str
    title: str
    simple: str
    options: tuple[str, ...]


INDEXES = {
    index.name: Index(index.name, index.title, index.simple_url, options) for index, options in ((TESTPYPI, ("--repository", "testpypi")), (PYPI, ()))
}


@dataclass(frozen=True)
class Served:
    """One file that an index lists."""

    filename: str
    url: str
    sha256: str | None


class UnreachableError(Exception):
    """The index did not give an answer that says anything about the project."""


def listing(index: Index, name: str) -> dict[str, Served]:
    """Return the files that INDEX lists for the project NAME, by file name; empty when it knows no such project.

    Raises UnreachableError when the index does not answer, or answers with something else than a listing.
    """
    url = f"{index.simple}{canonicalize_name(name)}/"
    try:
        with _open(url, ACCEPT) as answer:
            files = json.load(answer)["files"]
            return {file["filename"]: Served(file["filename"], urljoin(url, file["url"]), file["hashes"].get("sha256")) for file in files}
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return {}
        raise UnreachableError(f"{url} answered {error.code} {error.reason}") from error
    except (OSError, HTTPException) as error:
        raise UnreachableError(f"{url} did not answer: {getattr(error, 'reason', error)}") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UnreachableError(f"{url} answered with something that is not a listing of files") from error


def download(served: Served) -> str:
    """Download the file and return the sha256 of the bytes that arrived; UnreachableError when they do not arrive whole."""
    digest = hashlib.sha256()
    try:
        with _open(served.url, "*/*") as answer:
            while chunk := answer.read(CHUNK):
                digest.update(chunk)
    except (OSError, HTTPException) as error:
        raise UnreachableError(f"{served.url} could not be downloaded: {getattr(error, 'reason', error)}") from error
    return digest.hexdigest()


def _open(url: str, accept: str) -> IO[bytes]:
    # urllib takes proxies and SSL_CERT_FILE from the environment, as the tools do. The addresses are https, as the index gives them.
    request = urllib.request.Request(url, headers={"Accept": accept, "User-Agent": "pypi-runbook"})  # noqa: S310 (made from an index's https address)
    answer: IO[bytes] = urllib.request.urlopen(request, timeout=SECONDS)  # noqa: S310 (the same)
    return answer
