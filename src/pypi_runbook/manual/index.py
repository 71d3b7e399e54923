"""The two indexes, and what they serve: a reader of the simple API's JSON form, of the file host and of the integrity API."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import TypeVar
from urllib.parse import urljoin

from packaging.utils import canonicalize_name

from pypi_runbook.asking import SIMPLE, UnreachableError, open_address, pause, read_json
from pypi_runbook.manual.tools import say
from pypi_runbook.project.indexes import PYPI, TESTPYPI
from pypi_runbook.project.indexes import Index as Site

INTEGRITY = "application/vnd.pypi.integrity.v1+json"
CHUNK = 1 << 16
TRIES = 3
LONGEST_PAUSE = 30.0
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Index:
    """An index that takes uploads. `options` are what twine needs to be told about it."""

    site: Site
    options: tuple[str, ...]

    @property
    def key(self) -> str:
        """The word that people type for it."""
        return self.site.name

    @property
    def title(self) -> str:
        """Its name in a sentence."""
        return self.site.title

    def project_url(self, name: str, version: str) -> str:
        """Return the page that shows a release to people."""
        return f"{self.site.url}/project/{canonicalize_name(name)}/{version}/"


INDEXES = {site.name: Index(site, options) for site, options in ((TESTPYPI, ("--repository", "testpypi")), (PYPI, ()))}


@dataclass(frozen=True)
class Served:
    """One file that an index lists."""

    filename: str
    url: str
    sha256: str | None


def listing(index: Index, name: str) -> dict[str, Served]:
    """Return the files that INDEX lists for the project NAME, by file name; empty when it knows no such project.

    Raises UnreachableError when the index does not answer, or answers with something else than a listing.
    """
    url = f"{index.site.simple_url}{canonicalize_name(name)}/"
    content = read_json(url, SIMPLE)
    try:
        files = content["files"] if content else []
        return {file["filename"]: Served(file["filename"], urljoin(url, file["url"]), file["hashes"].get("sha256")) for file in files}
    except (LookupError, TypeError, AttributeError) as error:
        raise UnreachableError(f"{url} answered with something that is not a listing of files") from error


def publisher(index: Index, name: str, version: str, filename: str) -> str | None:
    """Return who INDEX's integrity API says published FILENAME, in words, or None when it knows of no attestation.

    Raises UnreachableError when the index does not say. Source: PEP 740.
    """
    url = f"{index.site.url}/integrity/{canonicalize_name(name)}/{version}/{filename}/provenance"
    content = read_json(url, INTEGRITY)
    try:
        found = [bundle["publisher"] for bundle in content["attestation_bundles"]] if content else []
        return ", ".join(" ".join(str(each[key]) for key in ("kind", "repository", "workflow") if each.get(key)) for each in found) or None
    except (LookupError, TypeError, AttributeError) as error:
        raise UnreachableError(f"{url} answered with something that is not a provenance") from error


def is_stored(index: Index, path: Path) -> bool:
    """Tell whether INDEX's file host has the bytes of PATH under its name, whatever the listings say that caches hold.

    The address of a file is made from its BLAKE2 hash, so that it can be asked for before it is listed.
    """
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=32)).hexdigest()
    url = f"https://{index.site.files_host}/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{path.name}"
    try:
        with open_address(url, "*/*", "HEAD"):
            return True
    except (OSError, HTTPException):
        return False


def download(served: Served) -> str:
    """Download the file and return the sha256 of the bytes that arrived; UnreachableError when they do not arrive whole."""
    digest = hashlib.sha256()
    try:
        with open_address(served.url, "*/*") as answer:
            while chunk := answer.read(CHUNK):
                digest.update(chunk)
    except (OSError, HTTPException) as error:
        raise UnreachableError(f"{served.url} could not be downloaded: {getattr(error, 'reason', error)}", pause(error)) from error
    return digest.hexdigest()


def patiently(ask: Callable[[], Answer], tries: int = TRIES) -> Answer:
    """Return what ASK returns, asking up to TRIES times with growing pauses; the last UnreachableError otherwise."""
    for turn in range(1, tries):
        try:
            return ask()
        except UnreachableError as error:
            seconds = min(error.pause or turn, LONGEST_PAUSE)
            say(f"{error}; asking again in {seconds:.0f} s")
            time.sleep(seconds)
    return ask()
