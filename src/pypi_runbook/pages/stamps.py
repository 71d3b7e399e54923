"""A pass over the built HTML: beside each snippet, what became of it when it last ran; on the whole guide, when it was last proven.

Results are taken by key, so a stamp never speaks of another text than the one it stands beside. What no result speaks of stays quiet.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from pypi_runbook.pages import rehearsed, results
from pypi_runbook.pages.guides import Guide
from pypi_runbook.pages.key import page_key, state_of
from pypi_runbook.pages.snippet import Page

Row = dict[str, Any]
BLOCK = re.compile(r'<div[^>]* data-snippet="(\d+)"[^>]*>')
PLACE = re.compile(r'<p class="last-proven" data-last-proven hidden></p>')
ORDER = ("failed", "not-run", "passed", "skipped")


def stamp(root: Path, guide: Guide, pages: list[Page], files: dict[str, Path], others: dict[str, Path]) -> None:
    """Put the stamps of GUIDE into its built pages, and make its links to the other guides relative.

    files: where each page was built, by its path; others: the folder of each other guide, by its published address.
    """
    data = results.load(root)
    runnable = [page for page in pages if any(snippet.runnable for snippet in page.snippets)]
    # Without results there is no key to compare, and the project's files need not be read.
    state = state_of(guide.project_root) if data["pages"] else "none"
    keys = {page.path: page_key(page, guide.project_root, state) for page in runnable}
    rows = {page.path: results.rows_of(data, page, keys[page.path]) for page in runnable}
    proven = last_proven([row for found in rows.values() for row in found], data, guide.name)
    for page in pages:
        file, entry = files[page.path], data["pages"].get(f"{page.guide}:{page.path}") or {}
        record = entry.get("rehearsal") if results.holds(data, entry, keys.get(page.path, "")) else None
        html = put(file.read_text(encoding="utf-8"), rows.get(page.path, []), entry).replace(rehearsed.PLACE, rehearsed.rehearsal_html(record))
        file.write_text(relative(PLACE.sub(lambda _: proven, html), file, others), encoding="utf-8")


def put(html: str, rows: list[Row], entry: dict[str, Any]) -> str:
    """Return HTML with a stamp below each block that ROWS speak of."""
    pieces, last = [], 0
    for block in BLOCK.finditer(html):
        found = [row for row in rows if row["number"] == int(block[1])]
        if found:
            end = end_of_block(html, block.end())
            pieces += [html[last:end], text_of(found, entry)]
            last = end
    return "".join([*pieces, html[last:]])


def end_of_block(html: str, start: int) -> int:
    """Return where the div that begins before START ends."""
    depth = 1
    for tag in re.finditer(r"<(/?)div\b", html[start:]):
        depth += -1 if tag[1] else 1
        if not depth:
            return html.index(">", start + tag.end()) + 1
    return len(html)


def text_of(rows: list[Row], entry: dict[str, Any]) -> str:
    """Return the stamp of one snippet, which has a row in each path; the worst of them counts."""
    row = min(rows, key=lambda row: ORDER.index(row["result"]))
    words = {"passed": passed, "failed": failed, "skipped": skipped, "not-run": not_run}[row["result"]](row, entry)
    return f'<p class="stamp stamp-{row["result"]}">{words}</p>'


def passed(row: Row, entry: dict[str, Any]) -> str:
    """Return the words for a snippet that passed."""
    clients = ", ".join(f"{name} {version}" for name, version in sorted(entry.get("clients", {}).items()))
    about = f"Python {entry.get('python', '')} on {entry.get('platform', '')}" + (f"; {clients}" if clients else "")
    return f'<span title="{escape(about)}">Ran {moment(row["finished"])} on {commit(entry)}, {row["seconds"]:.1f} s</span>'


def failed(row: Row, entry: dict[str, Any]) -> str:
    """Return the words for a snippet that failed; what it printed stands in the test's report."""
    return f"Failed {moment(row['finished'])} on {commit(entry)}"


def skipped(row: Row, entry: dict[str, Any]) -> str:  # noqa: ARG001 (all kinds of stamps are made alike)
    """Return the words for a snippet that no machine can run."""
    return f"Not run: {escape(row['reason'])}"


def not_run(row: Row, entry: dict[str, Any]) -> str:  # noqa: ARG001
    """Return the words for a snippet that has no result for this text."""
    return "Not run yet"


def moment(finished: str) -> str:
    """Return FINISHED, in ISO form, for people, with the exact time in the HTML."""
    when = datetime.fromisoformat(finished).astimezone(UTC)
    return f'<time datetime="{escape(finished)}">{when.day} {when:%B %Y, %H:%M} UTC</time>'


def commit(entry: dict[str, Any]) -> str:
    """Return the commit that was tested, and whether files differed from it."""
    name = f"<code>{str(entry.get('commit') or '')[:9]}</code>" if entry.get("commit") else "files outside git"
    return f"{name} with local changes" if entry.get("dirty") and entry.get("commit") else name


def last_proven(rows: list[Row], data: dict[str, Any], guide: str) -> str:
    """Return the sentence that says when all of a guide was last proven, or how much of it is."""
    counts = Counter(row["result"] for row in rows)
    if not rows or not counts["passed"]:
        return '<p class="last-proven unproven">Not proven yet: no block of this guide has a result for its present text.</p>'
    entries = [entry for name, entry in data["pages"].items() if name.startswith(f"{guide}:") and entry.get("finished")]
    names = {"passed": "blocks passed", "skipped": "skipped with a reason", "failed": "failed", "not-run": "not run yet"}
    done = ", ".join(f"{counts[name]} {words}" for name, words in names.items() if counts[name])
    if counts["failed"] or counts["not-run"]:
        return f'<p class="last-proven unproven">Partly proven: {done}.</p>'
    oldest = min(entries, key=lambda entry: entry["finished"])
    commits = "one commit" if len({entry.get("commit") for entry in entries}) == 1 else "several commits, the oldest"
    where = commit(oldest) if commits == "one commit" else f"{commits} {commit(oldest)}"
    return f'<p class="last-proven">Last proven {moment(oldest["finished"])} on {where}: {done}.</p>'


def relative(html: str, file: Path, others: dict[str, Path]) -> str:
    """Return HTML whose links to the published addresses of OTHERS lead to their folders in this copy of the site."""
    for address, folder in others.items():
        there = Path(os.path.relpath(folder, file.parent)).as_posix()
        start = rf'(<a [^>]*href="){re.escape(address)}'
        html = re.sub(rf'{start}(?=")', rf"\g<1>{there}/index.html", html)
        html = re.sub(start, rf"\g<1>{there}/", html)
    return html
