"""One file as a simple index lists it, whoever holds its bytes."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote, urlsplit

from packaging.utils import canonicalize_name
from packaging.version import Version

from pypi_runbook.twin.provenance import provenance
from pypi_runbook.twin.records import File

EXTENSIONS = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz", ".egg")
CONTENT_PATH = re.compile(r"/?(packages/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}/[^/]+)")


# What begins the platform tag of a wheel for a system, by the name that pip gives that system.
PLATFORMS = {"Linux": ("linux", "manylinux", "musllinux"), "Darwin": ("macosx",)}


@dataclass(frozen=True)
class Listed:
    """A line of a project's page.

    path: on the index's file host. url: where the bytes come from, empty for the twin's own files.
    metadata_sha256: None when there is no metadata file, "" when its hash is not known.
    uploaded: ISO 8601, or empty. yanked: None, or the reason, which may be empty.
    has_provenance: whether attestations came with it; nobody tells that of other people's files.
    """

    filename: str
    path: str
    url: str = ""
    sha256: str = ""
    requires_python: str = ""
    size: int | None = None
    uploaded: str = ""
    yanked: str | None = None
    metadata_sha256: str | None = None
    has_provenance: bool = False

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel."""
        return self.filename.endswith(".whl")

    def version(self, project: str) -> str:
        """Return the version in the file's name, PROJECT being its normalized name; "" when there is none."""
        stem = next((self.filename.removesuffix(end) for end in EXTENSIONS if self.filename.endswith(end)), "")
        if self.filename.endswith((".whl", ".egg")):
            parts = stem.split("-")
            return parts[1] if len(parts) > 1 else ""
        for match in re.finditer("-", stem):
            if canonicalize_name(stem[: match.start()]) == project:
                return stem[match.end() :]
        return ""


def usable(listing: list[Listed], agent: str) -> list[Listed]:
    """Return LISTING without the wheels that the pip which sent AGENT could never install; all of it for any other client.

    A pip compares each wheel with some 900 tags, so a page with 3 000 wheels of other Pythons and systems costs it a second.
    When in doubt a wheel stays: pip itself decides.
    """
    try:
        about = json.loads(agent.removeprefix("pip/").partition(" ")[2]) if agent.startswith("pip/") else {}
        if about.get("implementation", {}).get("name") != "CPython" or (name := about["system"]["name"]) not in PLATFORMS:
            return listing
        python, cpu = "cp" + "".join(about["python"].split(".")[:2]), about["cpu"] if name == "Linux" else ""
    except (AttributeError, KeyError, ValueError):
        return listing
    return [item for item in listing if not item.is_wheel or _fits(item.filename, python, PLATFORMS[name], cpu)]


def _fits(wheel: str, python: str, platforms: tuple[str, ...], cpu: str) -> bool:
    tags = [tag.split(".") for tag in wheel.removesuffix(".whl").split("-")[-3:]]
    pythons, abis, systems = tags if len(tags) == 3 else ([python], [], ["any"])
    runs = any(tag.startswith("py") or tag == python or (tag.startswith("cp3") and "abi3" in abis) for tag in pythons)
    return runs and any(tag == "any" or (tag.startswith(platforms) and tag.endswith(cpu)) for tag in systems)


def own_listing(file: File) -> Listed:
    """Return the line for a FILE that the twin holds."""
    metadata = file.metadata_sha256 or None
    uploaded = datetime.fromtimestamp(file.uploaded, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    signed = provenance(file) is not None
    return Listed(file.filename, file.path, "", file.sha256, file.requires_python, file.size, uploaded, file.yanked, metadata, signed)


def foreign_path(url: str, sha256: str, filename: str) -> str:
    """Return where the twin serves an upstream's file: at PyPI's own path if the URL shows it, else at one made from its hash."""
    if match := CONTENT_PATH.fullmatch(unquote(urlsplit(url).path)):
        return match[1]
    digest = sha256 or hashlib.sha256(url.encode()).hexdigest()
    return f"packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{filename}"


def versions(listing: list[Listed], project: str) -> list[str]:
    """Return the versions in LISTING, oldest first; what is not a version is left out."""
    found: dict[Version, str] = {}
    for text in {item.version(project) for item in listing}:
        try:
            found.setdefault(Version(text), text)
        except ValueError:
            continue
    return [found[version] for version in sorted(found)]


def of_version(listing: list[Listed], project: str, version: str) -> list[Listed]:
    """Return the files of VERSION, however it is spelled."""
    wanted = _version(version)
    return [item for item in listing if wanted is not None and _version(item.version(project)) == wanted]


def file_url(host: str, item: Listed) -> str:
    """Return the address of ITEM on the file host."""
    return f"https://{host}/{quote(item.path)}"


def version_key(text: str) -> tuple[bool, Version]:
    """Return what sorts versions from the oldest to the newest, with what is no version before all of them."""
    found = _version(text)
    return (found is not None, found or Version("0"))


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except ValueError:
        return None
