"""Reading an upstream's page of one project: HTML with PEP 503's attributes, or PEP 691's JSON."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from pypi_runbook.twin.listing import EXTENSIONS, Listed, foreign_path


def read_page(body: str, content_type: str, address: str) -> list[Listed]:
    """Return the files that BODY lists; relative addresses start at ADDRESS. A ValueError when it cannot be read."""
    if "json" in content_type:
        found: list[Listed] = [_from_json(file, address) for file in json.loads(body)["files"]]
    else:
        parser = _Anchors()
        parser.feed(body)
        found = [_from_html(attributes, urljoin(address, parser.base)) for attributes in parser.anchors]
    return [item for item in found if item.filename.endswith(EXTENSIONS)]


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.base = ""
        self.anchors: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "a" and attributes.get("href"):
            self.anchors.append(attributes)
        elif tag == "base" and not self.base:
            self.base = attributes.get("href", "")


def _from_html(attributes: dict[str, str], address: str) -> Listed:
    url, fragment = urldefrag(urljoin(address, attributes["href"]))
    filename = unquote(urlsplit(url).path.rsplit("/", 1)[-1])
    kind, _, digest = fragment.partition("=")
    sha256 = digest.lower() if kind == "sha256" else ""
    return Listed(
        filename=filename,
        path=foreign_path(url, sha256, filename),
        url=url,
        sha256=sha256,
        requires_python=attributes.get("data-requires-python", ""),
        uploaded=attributes.get("data-upload-time", ""),
        yanked=attributes.get("data-yanked"),
        metadata_sha256=_html_metadata(attributes.get("data-core-metadata") or attributes.get("data-dist-info-metadata")),
    )


def _html_metadata(value: str | None) -> str | None:
    if value is None or value == "false":
        return None
    return value.removeprefix("sha256=") if value.startswith("sha256=") else ""


def _from_json(file: dict[str, Any], address: str) -> Listed:
    url = urljoin(address, file["url"])
    sha256 = file.get("hashes", {}).get("sha256", "")
    yanked = file.get("yanked", False)
    metadata = file.get("core-metadata", file.get("dist-info-metadata", file.get("data-dist-info-metadata", False)))
    return Listed(
        filename=file["filename"],
        path=foreign_path(url, sha256, file["filename"]),
        url=url,
        sha256=sha256,
        requires_python=file.get("requires-python") or "",
        size=file.get("size"),
        uploaded=file.get("upload-time") or "",
        yanked=None if yanked is False else "" if yanked is True else str(yanked),
        metadata_sha256=None if metadata is False else metadata.get("sha256", "") if isinstance(metadata, dict) else "",
    )
