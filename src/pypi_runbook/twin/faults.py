"""Named ways in which the twin fails on purpose, for the next requests or until cleared.

A fault is written as one word, or with options behind it: `outage`, `outage:status=502,requests=2`, `lag:seconds=3,index=pypi`.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin.hosts import GITHUB, GITHUB_API, GITHUB_ARCHIVES, GITHUB_ASSETS, GITHUB_IDENTITY, GITHUB_UPLOADS, INDEXES, OLD_PYPI

UPLOADS, READS = "uploads", "reads"
SITES = (*INDEXES, "github")
SITE_OF = {
    **{host: index.name for index in INDEXES.values() for host in (index.host, index.upload_host, index.files_host)},
    **dict.fromkeys((GITHUB, GITHUB_API, GITHUB_ARCHIVES, GITHUB_ASSETS, GITHUB_IDENTITY, GITHUB_UPLOADS), "github"),
    OLD_PYPI: "pypi",
}


@dataclass(frozen=True)
class Kind:
    """A way to fail: what happens, its numbers with their defaults, and which requests it meets when only some can.

    asked: the part of the twin that it concerns asks for it; it takes the place of no answer.
    """

    words: str
    numbers: Mapping[str, float]
    only: str | None = None
    asked: bool = False


KINDS: dict[str, Kind] = {
    "outage": Kind("every request is answered with an error of the server; `status` is 500, 502, 503 or 504", {"status": 503}),
    "too-many-requests": Kind("every request is answered with 429, and `Retry-After` says `seconds`", {"seconds": 1}),
    "read-only": Kind("uploads are refused in PyPI's words for its read-only mode", {}, only=UPLOADS, asked=True),
    "cut": Kind("the connection ends after `bytes` of an upload, or of an answer", {"bytes": 100}),
    "lost-answer": Kind("an upload is taken, the connection ends before the answer, and later ones do not get through", {}, only=UPLOADS),
    "slow": Kind("every answer waits `seconds`, or until `clear`", {"seconds": 2}),
    "trickle": Kind("every answer comes in pieces of `bytes`, with `seconds` between them", {"bytes": 1000, "seconds": 0.1}),
    "lag": Kind(
        "for `seconds` after an upload, the pages that caches hold do not list the file: simple index and project's JSON",
        {"seconds": 5},
        only=READS,
        asked=True,
    ),
    "expired-token": Kind("a token that Trusted Publishing gave is too old when it is used", {}, only=UPLOADS, asked=True),
    "clock-skew": Kind("the index's clock is `seconds` ahead of everybody else's; it is behind with a minus", {"seconds": 600}, asked=True),
    "bad-certificate": Kind("new connections meet a certificate that no client trusts", {}, asked=True),
}
# A token of Trusted Publishing is good for 15 minutes.
TOO_LATE = 16 * 60.0
STATUSES = (500, 502, 503, 504)
LIMITS = {
    "requests": "only for so many requests",
    "index": f"only for {', '.join(SITES[:-1])} or {SITES[-1]}; both indexes unless said",
    "only": f"only for {UPLOADS} or {READS}",
    "path": "only for paths of this pattern, for example '/simple/*'",
}


@dataclass
class Fault:
    """A fault that is on: its numbers, for how many more requests (None: until cleared), and which requests it meets.

    met: how many requests met it so far.
    """

    name: str
    numbers: dict[str, float]
    requests: int | None = None
    index: str | None = None
    only: str | None = None
    path: str | None = None
    met: int = 0

    def __getitem__(self, number: str) -> float:
        return self.numbers[number]

    def meets(self, site: str | None, kind: str | None, path: str) -> bool:
        """Tell whether a request to SITE of that KIND (uploads, reads, or neither) and PATH meets it."""
        at = site in INDEXES if self.index is None else site == self.index
        return at and self.only in (None, kind) and (self.path is None or fnmatchcase(path, self.path))


class Faults:
    """The faults that are on; one that is on earlier meets a request first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._on: list[Fault] = []

    def add(self, text: str, **options: Any) -> Fault:
        """Switch on the fault that TEXT and OPTIONS describe, and return it; RunbookError when there is no such thing."""
        fault = read_fault(text, options)
        with self._lock:
            self._on.append(fault)
        return fault

    def clear(self) -> None:
        """Switch every fault off."""
        with self._lock:
            self._on.clear()

    def is_on(self, fault: Fault) -> bool:
        """Tell whether FAULT, which met a request, still holds it up: one that was for so many requests is off for later ones only."""
        with self._lock:
            return fault.requests is not None or any(each is fault for each in self._on)

    def take(self, site: str | None, kind: str | None, path: str) -> Fault | None:
        """Return the fault that takes the place of the next request's answer, and count it."""
        return self._find([name for name, each in KINDS.items() if not each.asked], site, kind, path)

    def ask(self, name: str, site: str) -> Fault | None:
        """Return the fault NAME when it is on for SITE, and count that."""
        return self._find([name], site, KINDS[name].only, "")

    def is_read_only(self, index: str) -> bool:
        """Tell whether an upload to INDEX meets its read-only mode."""
        return self.ask("read-only", index) is not None

    def lag(self, index: str) -> float:
        """Return how many seconds INDEX hides a new file from pages that caches hold."""
        fault = self.ask("lag", index)
        return fault["seconds"] if fault else 0.0

    def age(self, index: str) -> float:
        """Return how many seconds a token has waited longer than the clock says before an upload to INDEX uses it."""
        return TOO_LATE if self.ask("expired-token", index) else 0.0

    def skew(self, index: str) -> float:
        """Return how many seconds INDEX's clock is ahead of everybody else's."""
        fault = self.ask("clock-skew", index)
        return fault["seconds"] if fault else 0.0

    def _find(self, names: Iterable[str], site: str | None, kind: str | None, path: str) -> Fault | None:
        with self._lock:
            fault = next((each for each in self._on if each.name in names and each.meets(site, kind, path)), None)
            if fault:
                fault.met += 1
                if fault.met == fault.requests:
                    self._on.remove(fault)
            return fault


def read_fault(text: str, options: Mapping[str, Any] | None = None) -> Fault:
    """Return the fault that TEXT describes, with OPTIONS beside those in it; RunbookError when there is no such thing."""
    name, _, rest = text.partition(":")
    given: dict[str, Any] = dict(_pair(part) for part in rest.split(",") if part) | {
        key: value for key, value in (options or {}).items() if value is not None
    }
    if name not in KINDS:
        raise RunbookError("unknown-fault", f"there is no fault named {name}", next=_nearest(name, KINDS))
    kind = KINDS[name]
    for option in given:
        if option not in kind.numbers and option not in LIMITS:
            raise RunbookError("unknown-option", f"the fault {name} has no option {option}", next=_nearest(option, [*kind.numbers, *LIMITS]))
    numbers = {key: _number(name, key, given.get(key, default)) for key, default in kind.numbers.items()}
    if numbers.get("status", 503) not in STATUSES:
        raise _unreadable(name, "status", numbers["status"], f"choose from {', '.join(map(str, STATUSES))}")
    return Fault(name, numbers, _requests(name, given), *_limits(name, kind, given))


def described() -> list[tuple[str, str]]:
    """Return what `pretend fault` can be asked for: each fault with its numbers, and what it does."""
    return [(" ".join([name, *(f"{key}={value:g}" for key, value in kind.numbers.items())]), kind.words) for name, kind in KINDS.items()]


def _limits(name: str, kind: Kind, given: Mapping[str, Any]) -> tuple[str | None, str | None, str | None]:
    """Return index, kind of requests and pattern of paths."""
    index, only = given.get("index"), given.get("only", kind.only)
    if index not in (None, *SITES):
        raise RunbookError("unknown-index", f"there is no index named {index}", next=_nearest(str(index), SITES))
    if only not in (None, UPLOADS, READS) or (kind.only and only != kind.only):
        raise _unreadable(name, "only", only, f"it meets {kind.only} alone" if kind.only else f"choose from {UPLOADS}, {READS}")
    for option in ("path", *(["only"] if kind.only is None else [])):
        if kind.asked and option in given:
            raise RunbookError("unknown-option", f"the fault {name} has no option {option}", next="it concerns an index as a whole")
    if kind.asked and kind.only != UPLOADS and "requests" in given:
        raise RunbookError("unknown-option", f"the fault {name} has no option requests", next="it lasts until `clear`")
    return index, only, given.get("path")


def _requests(name: str, given: Mapping[str, Any]) -> int | None:
    if "requests" not in given:
        return None
    number = _number(name, "requests", given["requests"])
    if number < 1 or number != int(number):
        raise _unreadable(name, "requests", given["requests"], "it is a whole number, 1 or more")
    return int(number)


def _number(name: str, option: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    # Only a clock can be on the other side of zero.
    if number == number and abs(number) != float("inf") and (number >= 0 or name == "clock-skew"):
        return number
    raise _unreadable(name, option, value, f"it is a number, for example {option}=3")


def _pair(part: str) -> tuple[str, str]:
    key, equals, value = part.partition("=")
    if not equals:
        raise RunbookError("unclear-option", f"{part} is no option", next="write OPTION=VALUE, for example seconds=3")
    return key, value


def _unreadable(name: str, option: str, value: Any, help_: str) -> RunbookError:
    return RunbookError("unclear-option", f"the fault {name} cannot have {option}={value}", next=help_)


def _nearest(word: str, known: Iterable[str]) -> str:
    names = list(known)
    found = difflib.get_close_matches(word, names, 1)
    return f"do you mean {found[0]}?" if found else f"choose from {', '.join(names)}"
