"""`pypi-runbook snippets`: every published snippet, and what became of it in the last run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from pypi_runbook.cli import json_option, project_option
from pypi_runbook.pages.guides import guides
from pypi_runbook.pages.key import page_key, state_of
from pypi_runbook.pages.outcome import FAILED, NOT_RUN, PASSED, SKIPPED
from pypi_runbook.pages.rendered import pages_of
from pypi_runbook.pages.results import commit_of, load, rows_of

RESULTS = (PASSED, FAILED, SKIPPED, NOT_RUN)
FIELDS = ("project", "page", "number", "line", "path", "language", "text", "result", "reason", "seconds", "finished")


@click.command()
@project_option
@json_option
def command(root: Path, as_json: bool) -> int:
    """List every snippet that the guides publish and that is run, with its result in the last run.

    Exit status 1 when any of them has not passed and is not skipped with a reason.
    """
    rows = list(published_rows(root.resolve()))
    if as_json:
        click.echo(json.dumps({"schema": 1, "commit": commit_of(root)["commit"], "snippets": rows}, indent=2))
    else:
        click.echo("\n".join(table(rows)))
    open_ones = [row for row in rows if row["result"] in (FAILED, NOT_RUN)]
    if open_ones:
        click.echo(f"{len(open_ones)} of {len(rows)} snippets have not passed: run scripts/test docs", err=True)
    return 1 if open_ones else 0


def published_rows(root: Path) -> Iterator[dict[str, Any]]:
    """Yield a row for each runnable snippet on each path of each page of ROOT's guides."""
    data = load(root)
    for guide in guides(root):
        state = state_of(guide.project_root)
        for page in pages_of(guide):
            if any(snippet.runnable for snippet in page.snippets):
                for row in rows_of(data, page, page_key(page, guide.project_root, state)):
                    yield {name: row[name] for name in FIELDS}


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of a table: a page of a guide each, then the sum, then what has not passed."""
    pages = list(dict.fromkeys((row["project"], row["page"]) for row in rows))
    width = max([len(f"{page} ({project})") for project, page in pages], default=20)
    yield " ".join([" " * width, *(f"{result:>8}" for result in RESULTS), "   total"])
    for project, page in pages:
        mine = [row for row in rows if (row["project"], row["page"]) == (project, page)]
        yield _line(f"{page} ({project})", mine, width)
    yield _line("all", rows, width)
    yield from _reasons(row for row in rows if row["result"] != PASSED)


def _line(title: str, rows: list[dict[str, Any]], width: int) -> str:
    counts = [sum(row["result"] == result for row in rows) for result in RESULTS]
    return " ".join([title.ljust(width), *(f"{count:8}" for count in [*counts, len(rows)])])


def _reasons(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield where those of ROWS stand that share a reason, and the reason."""
    lines: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        path = f", {row['path']}" if row["path"] else ""
        lines.setdefault((row["result"], row["page"], f"({row['project']}{path}): {row['reason']}"), []).append(str(row["line"]))
    for (result, page, rest), numbers in lines.items():
        yield f"{result}: {page}:{', '.join(numbers)} {rest}"
