"""What the indexes have of a version already; asking needs no token and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from packaging.version import Version

from pypi_runbook.asking import UnreachableError
from pypi_runbook.finding import Finding
from pypi_runbook.manual.files import File, version_in
from pypi_runbook.manual.index import Index, listing
from pypi_runbook.rules.compare import listing as names

EXISTS = "troubleshooting/file-already-exists.md"
DOWN = "incident/pypi-down.md"


@dataclass
class There:
    """What an index has: in words, whether it knows the project (None: it gave no answer), and what is not right with it."""

    words: str
    known: bool | None
    findings: list[Finding] = field(default_factory=list)


def ask_index(index: Index, files: list[File], hashes: Mapping[str, str], command: str) -> There:
    """Return what INDEX has of the release of FILES; HASHES holds their sha256 by name, COMMAND is how its upload is typed.

    Other bytes under one of their names are an error for PyPI and a warning for TestPyPI, which may have had a trial before.
    """
    try:
        served = listing(index, files[0].name)
    except UnreachableError as error:
        fix = "look at https://status.python.org; the upload asks again"
        note = Finding("index-not-asked", "note", f"{index.title} gave no answer, so what it has is not known: {error}", None, None, fix, DOWN)
        return There("no answer", None, [note])
    same = [name for name, digest in hashes.items() if name in served and served[name].sha256 == digest]
    other = [name for name in hashes if name in served and name not in same]
    more = [name for name in served if name not in hashes and version_in(name) == files[0].version]
    findings = [*_other(index, other, files[0].version), *_same(index, same, len(hashes), command), *_more(index, more)]
    words = f"{len(same)} of {len(hashes)} files, the same bytes" if same else "other files of this version" if other or more else "not there yet"
    return There(words, bool(served), findings)


def _other(index: Index, found: list[str], version: Version) -> list[Finding]:
    if not found:
        return []
    message = f"{index.title} has {names(found)} with other bytes, and takes no second file of that name"
    fix = f"if {version} failed half way, take the failed run's own files: build --from-artifact; otherwise release the next version"
    return [Finding("other-bytes-there", "error" if index.key == "pypi" else "warning", message, None, None, fix, EXISTS)]


def _same(index: Index, found: list[str], total: int, command: str) -> list[Finding]:
    if not found:
        return []
    fix = f"{command} sends the rest" if len(found) < total else "nothing is left to upload there"
    return [
        Finding(
            "already-there", "note", f"{index.title} has {names(found)} already, with the same bytes", None, None, fix, "incident/half-uploaded.md"
        )
    ]


def _more(index: Index, found: list[str]) -> list[Finding]:
    if not found:
        return []
    message = f"{index.title} has {names(found)} of this version too, which are not in dist/"
    return [Finding("more-there", "note", message, None, None, "that is right if another machine built them", EXISTS)]
