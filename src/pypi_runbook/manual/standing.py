"""What an index has of a release, file by file, beside what was built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pypi_runbook.asking import UnreachableError
from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.index import Index, is_stored, listing, patiently
from pypi_runbook.manual.tools import say

SAME, OTHER, LATE, ABSENT = "the same", "other bytes", "there, not listed yet", "not there"
PAGE = "incident/half-uploaded.md"


@dataclass(frozen=True)
class Standing:
    """What an index has: for each built file, by name, one of SAME, OTHER, LATE and ABSENT; None when it did not answer."""

    index: Index
    files: Mapping[str, str] | None
    trouble: str = ""

    def named(self, *states: str) -> list[str]:
        """Return the names of the files in one of STATES."""
        return [name for name, state in (self.files or {}).items() if state in states]

    def lines(self) -> list[str]:
        """Return what a person reads about it."""
        if self.files is None:
            return [f"what {self.index.title} has now is not known: {self.trouble}"]
        return [f"{self.index.title} has now:", *(f"  {state:22} {name}" for name, state in self.files.items())]

    def __str__(self) -> str:
        if self.files is None:
            return f"{self.index.title} could not be asked what it has"
        there, lacking = self.named(SAME, LATE, OTHER), self.named(ABSENT)
        if not there:
            return f"{self.index.title} has none of the files"
        return f"{self.index.title} has {', '.join(there)}" + (f" and lacks {', '.join(lacking)}" if lacking else ", which is everything")


def look(index: Index, name: str, hashes: Mapping[str, str]) -> Standing:
    """Return what INDEX lists of the files of HASHES (sha256 by name) of the project NAME, asking patiently.

    RunbookError when it gives no answer: then nobody can tell what an upload would do.
    """
    try:
        served = patiently(lambda: listing(index, name))
    except UnreachableError as error:
        advice = "nothing was sent; look at https://status.python.org, then run it again"
        raise RunbookError("index-unreachable", str(error), next=advice, page="incident/pypi-down.md") from error
    return Standing(index, {each: _state(digest, served[each].sha256 if each in served else "") for each, digest in hashes.items()})


def look_after(index: Index, name: str, hashes: Mapping[str, str], dist: Path) -> Standing:
    """Return the same after an attempt to send files from DIST, with lag told apart; without an answer, a Standing that says so."""
    try:
        found = dict(look(index, name, hashes).files or {})
    except RunbookError as error:
        return Standing(index, None, error.message)
    late = [each for each, state in found.items() if state == ABSENT and is_stored(index, dist / each)]
    return Standing(index, found | dict.fromkeys(late, LATE))


def refuse_others(standing: Standing, hashes: Mapping[str, str]) -> None:
    """Raise RunbookError when the index has other bytes under a name of this release: it will never take these."""
    if not (names := standing.named(OTHER)):
        return
    for each in names:
        say(f"  built here: {hashes[each]}  {each}")
    title = standing.index.title
    message = f"{title} has {', '.join(names)} with other bytes than were built; it never takes a file of that name again"
    advice = "take the failed run's own files, if these were built anew; otherwise yank what is there and release the next version"
    raise RunbookError("different-bytes", message, file=f"dist/{names[0]}", next=advice, page=PAGE, status=1)


def _state(built: str, served: str | None) -> str:
    if served == "":
        return ABSENT
    # An index that lists no hash cannot be compared here; it takes the same bytes again, and refuses others.
    return ABSENT if served is None else SAME if served == built else OTHER
