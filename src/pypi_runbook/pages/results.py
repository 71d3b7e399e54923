"""`.runbook/results.json`: what became of every snippet when it last ran; site, `snippets` and CI read nothing else."""

from __future__ import annotations

import fcntl
import hashlib
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pypi_runbook import reads
from pypi_runbook.pages.outcome import NOT_RUN, Outcome
from pypi_runbook.pages.session import PathSpec
from pypi_runbook.pages.snippet import Page, Snippet, paths

FILE = Path(".runbook/results.json")
EMPTY: dict[str, Any] = {"schema": 1, "pages": {}}


@dataclass
class PageResult:
    """What one run says about a page in one guide; `rows` may hold some of its paths and snippets only.

    key: what the results are valid for; about: isolation, Python, platform and clients of the last session, and the rehearsal
    that it ran, if any.
    reads: the package's files that the paths used, with their digests as the run began.
    """

    guide: str
    page: str
    key: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    reads: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The page's name in the file."""
        return f"{self.guide}:{self.page}"


def row(spec: PathSpec, snippet: Snippet, outcome: Outcome) -> dict[str, Any]:
    """Return what the file keeps of OUTCOME."""
    fields = {"project": spec.guide, "page": spec.page, "number": snippet.number, "line": snippet.line, "path": spec.path}
    fields |= {"language": snippet.language, "text": snippet.text, "result": outcome.result, "reason": outcome.reason}
    return fields | {"seconds": outcome.seconds, "finished": outcome.finished}


def load(root: Path) -> dict[str, Any]:
    """Return the file's content; a missing, broken or foreign file counts as an empty one."""
    try:
        data = json.loads((root / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {**EMPTY, "pages": {}}
    return data if isinstance(data, dict) and data.get("schema") == 1 else {**EMPTY, "pages": {}}


def merge(root: Path, result: PageResult) -> None:
    """Merge RESULT into the file in one step; several processes may do it at once.

    Rows of an earlier run stay only while the page's key is the same: what was proven is still what is published.
    """
    with _locked(root):
        data = load(root)
        old = data["pages"].get(result.name)
        kept = old["snippets"] if old and holds(data, old, result.key) else []
        clients = {**(old["clients"] if kept else {}), **result.about.get("clients", {})}
        rows = {(entry["path"], entry["number"]): entry for entry in [*kept, *result.rows]}
        earlier = {"rehearsal": old["rehearsal"]} if kept and "rehearsal" in old else {}
        about = {"isolation": [], "python": "", "platform": "", **earlier, **result.about, "clients": clients}
        snippets = [rows[place] for place in sorted(rows)]
        finished = max((entry["finished"] for entry in snippets), default="")
        used = (data["reads"][old["reads"]] if old and kept else {}) | result.reads
        entry = {"key": result.key, "reads": _name_of(used), **commit_of(root), "finished": finished, **about, "snippets": snippets}
        data["pages"][result.name] = entry
        named = {page["reads"] for page in data["pages"].values() if "reads" in page}
        data["reads"] = {name: files for name, files in {**data.get("reads", {}), entry["reads"]: used}.items() if name in named}
        _write(root / FILE, data)


def holds(data: dict[str, Any], entry: dict[str, Any], key: str) -> bool:
    """Tell whether ENTRY, a page of DATA, still speaks of what is published: same key, and no file that its paths used has changed."""
    used = data.get("reads", {}).get(entry.get("reads"))
    return entry.get("key") == key and used is not None and used == reads.digests(reads.PACKAGE, used)


def _name_of(used: dict[str, str]) -> str:
    """Return the name under which the file keeps USED once for all pages that used the same."""
    return hashlib.sha256(json.dumps(used, sort_keys=True).encode()).hexdigest()[:16]


def rows_of(data: dict[str, Any], page: Page, key: str) -> list[dict[str, Any]]:
    """Return a row for each runnable snippet of each path of PAGE; what KEY's results do not hold is `not-run`."""
    entry = data["pages"].get(f"{page.guide}:{page.path}") or {}
    known = {(row["path"], row["number"]): row for row in entry.get("snippets", [])} if entry and holds(data, entry, key) else {}
    reason = "" if known else "the page, its project or its tools changed since the last run" if entry else "there is no result yet"
    rows = []
    for path in paths(page):
        for snippet in path.snippets:
            if snippet.runnable:
                found = known.get((path.name, snippet.number)) or _missing(page, path.name, snippet, reason or "it was not part of the last run")
                # A page may move its lines without changing what it publishes.
                rows.append({**found, "line": snippet.line})
    return rows


def _missing(page: Page, path: str, snippet: Snippet, reason: str) -> dict[str, Any]:
    spec = PathSpec(page.guide, page.path, path, Path(), Path(), (), "", [])
    return row(spec, snippet, Outcome(snippet.number, NOT_RUN, reason))


def commit_of(root: Path) -> dict[str, Any]:
    """Return the commit that ROOT is at, and whether files differ from it; no commit outside git."""
    head = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    status = subprocess.run(["git", "-C", str(root), "status", "--porcelain"], capture_output=True, text=True, check=False)
    return {"commit": head.stdout.strip() or None if head.returncode == 0 else None, "dirty": bool(status.stdout.strip())}


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """Let one process at a time change the file."""
    folder = (root / FILE).parent
    folder.mkdir(exist_ok=True)
    with (folder / "results.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _write(file: Path, data: dict[str, Any]) -> None:
    """Replace FILE in one step, so that a reader never sees half of it."""
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    draft.replace(file)
