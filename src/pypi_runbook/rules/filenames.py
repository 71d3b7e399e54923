"""What a file may be called, before and after its archive was opened."""

from __future__ import annotations

import re

from packaging.metadata import Metadata
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_sdist_filename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from pypi_runbook.rules.catalogue import RULES, refuse
from pypi_runbook.rules.form import EXTENSIONS
from pypi_runbook.rules.words import recognize

WHEEL_NAMES = [rule for rule in RULES.values() if rule.source == "packaging.utils"]
EXTENSION = re.compile(r".+?(?P<extension>\.(tar\.gz|zip|whl))", re.IGNORECASE)
NAME_LIMIT = 255
CONTROL = re.compile(r"[\x00-\x1f\x7f]")

PLAIN_PLATFORMS = {"any", "win32", "win_arm64", "win_amd64", "win_ia64", "linux_armv6l", "linux_armv7l"}
LINUX = "x86_64|i686|aarch64|armv7l|ppc64le|s390x|riscv64"
MAC = "ppc|ppc64|i386|x86_64|arm64|intel|fat|fat3|fat64|universal|universal2"
PLATFORMS = re.compile(
    "|".join(
        [
            r"manylinux(1|2010)_(x86_64|i686)",
            r"manylinux2014_(x86_64|i686|aarch64|armv7l|ppc64|ppc64le|s390x)",
            rf"manylinux_\d+_\d+_({LINUX}|ppc64)",
            rf"musllinux_\d+_\d+_({LINUX})",
            rf"macosx_(10_\d+|(11|12|13|14|15|26)_0)_({MAC})",
            r"ios_\d+_\d+_(arm64|x86_64)_(iphoneos|iphonesimulator)",
            r"android_\d+_(armeabi_v7a|arm64_v8a|x86|x86_64)",
            # PyPI does not look at what follows.
            r"pyemscripten_\d+_\d+_wasm32.*",
        ]
    )
)


def check_filename(filename: str, filetype: str) -> None:
    """Raise when FILENAME has characters that no file may have, or an extension that FILETYPE does not."""
    if CONTROL.search(filename):
        raise refuse("filename-characters")
    if "/" in filename or "\\" in filename:
        raise refuse("filename-path")
    match = EXTENSION.fullmatch(filename)
    if match is None:
        raise refuse("extension")
    if match["extension"] not in EXTENSIONS[filetype]:
        raise refuse("extension-filetype", extension=match["extension"], filetype=filetype)


def check_length(filename: str) -> None:
    """Raise when FILENAME with `.metadata` behind it is longer than a file system takes."""
    if len(f"{filename}.metadata".encode()) > NAME_LIMIT:
        raise refuse("filename-length", filename=filename)


def check_sdist_name(filename: str, metadata: Metadata, project: str) -> None:
    """Raise when FILENAME is not exactly the normalized name of PROJECT's sdist."""
    try:
        name = str(parse_sdist_filename(filename)[0])
    except ValueError:
        raise refuse("sdist-filename", filename=filename) from None
    normalized = _escaped(metadata.name)
    if _escaped(_before_post_release(filename, name, metadata)) != normalized:
        raise refuse("filename-start", project=project, normalized=normalized)
    expected = f"{normalized}-{metadata.version}.tar.gz"
    if filename != expected:
        raise refuse("sdist-normalized", filename=filename, expected=expected)


def check_wheel_name(filename: str, metadata: Metadata, project: str) -> None:
    """Raise when FILENAME is not a wheel's name of PROJECT, this version, and platforms that PyPI takes."""
    try:
        name, version, _, tags = parse_wheel_filename(filename)
    except (InvalidWheelFilename, InvalidVersion) as error:
        raise recognize(str(error), WHEEL_NAMES) from None
    except ValueError:
        # A number of thousands of digits, which Python does not read and packaging lets through.
        raise recognize(f"Invalid wheel filename (invalid version): {filename.removesuffix('.whl')!r}", WHEEL_NAMES) from None
    for tag in sorted(tags, key=str):
        if tag.platform not in PLAIN_PLATFORMS and not PLATFORMS.fullmatch(tag.platform):
            raise refuse("platform-tag", filename=filename, tag=tag.platform)
    normalized, found = _escaped(metadata.name), filename.split("-", 1)[0]
    if _escaped(str(name)) != normalized:
        raise refuse("filename-start", project=project, normalized=normalized)
    if found != normalized:
        raise refuse("wheel-name", filename=filename, normalized=normalized, found=found)
    if metadata.version != version:
        raise refuse("wheel-version", expected=str(metadata.version), found=str(version))


def _before_post_release(filename: str, name: str, metadata: Metadata) -> str:
    """Return the name in an sdist whose version holds a hyphen, as `1.0-1` does; otherwise NAME."""
    if not metadata.version.is_postrelease or _escaped(name) == _escaped(metadata.name) or filename.count("-") < 2:
        return name
    start = filename.rpartition("-")[0].rpartition("-")[0]
    try:
        Version(filename[len(start) + 1 : -len(".tar.gz")])
    except ValueError:
        return name
    return start


def _escaped(name: str) -> str:
    return canonicalize_name(name).replace("-", "_")
