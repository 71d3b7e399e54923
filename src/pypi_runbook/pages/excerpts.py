"""Pieces of the project's own files, cut by line and linked to the lines."""

from __future__ import annotations

import re
from pathlib import Path

from pypi_runbook.errors import RunbookError
from pypi_runbook.pages.values import RepositoryValues
from pypi_runbook.project.facts import Distribution, Workflow

LANGUAGE_OF = {".toml": "toml", ".yml": "yaml", ".yaml": "yaml", ".cfg": "ini", ".md": "markdown", ".json": "json"}
Span = tuple[int, int]


def metadata(root: Path, project: Distribution, repository: RepositoryValues, keys: tuple[str, ...]) -> str:
    """Return the lines of PROJECT's metadata that say KEYS, in the file's order; all that are known without KEYS."""
    names = [key.replace("_", "-") for key in keys] or list(project.spans)
    absent = [name for name in names if name not in project.spans]
    if absent:
        known = ", ".join(project.spans)
        raise RunbookError(
            "no-such-field", f"{project.file} does not say {', '.join(absent)}", project.file, next=f"say it there, or ask for one of {known}"
        )
    lines = (root / project.file).read_text(encoding="utf-8").splitlines()
    spans = join([whole_table(lines, project.spans[name]) for name in names])
    return fence(lines, spans, project.file, repository)


def workflow(root: Path, found: Workflow, repository: RepositoryValues, job_id: str | None) -> str:
    """Return the lines of one job of the workflow, or the whole file."""
    lines = (root / found.file).read_text(encoding="utf-8").splitlines()
    if job_id is None:
        return fence(lines, [(1, len(lines))], found.file, repository)
    jobs = {job.id: job for job in found.jobs}
    if job_id not in jobs:
        raise RunbookError("no-such-job", f"{found.file} has no job `{job_id}`", found.file, next=f"ask for one of {', '.join(jobs)}")
    return fence(lines, [(jobs[job_id].line, jobs[job_id].end_line)], found.file, repository)


def whole_table(lines: list[str], span: Span) -> Span:
    """Return SPAN, which for a table may hold its header only, with the lines of the table below it."""
    first, last = span
    if not lines[first - 1].startswith("["):
        return span
    while last < len(lines) and lines[last].strip() and not lines[last].startswith("["):
        last += 1
    return first, last


def join(spans: list[Span]) -> list[Span]:
    """Return SPANS in order, those that touch as one."""
    joined: list[Span] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def fence(lines: list[str], spans: list[Span], file: str, repository: RepositoryValues) -> str:
    """Return a fence with the lines of SPANS, under their table's name, and below it a link to each span."""
    pieces = [[*header(lines, first), *lines[first - 1 : last]] for first, last in spans]
    text = "\n\n".join("\n".join(piece) for piece in without_repeats(pieces))
    ticks = "`" * max(3, *(len(run) + 1 for run in re.findall("`{3,}", text)), 3)
    language = LANGUAGE_OF.get(Path(file).suffix, "text")
    return f'{ticks}{language} title="{file}"\n{text}\n{ticks}\n\n{caption(file, spans, repository)}\n'


def without_repeats(pieces: list[list[str]]) -> list[list[str]]:
    """Return PIECES without a table's name where the piece before stands under the same one."""
    kept, before = [], ""
    for piece in pieces:
        head = piece[0] if piece[0].startswith("[") else ""
        kept.append(piece[1:] if head and head == before and len(piece) > 1 else piece)
        before = head or before
    return kept


def header(lines: list[str], first: int) -> list[str]:
    """Return the TOML table header above line FIRST, unless that line is one or the file has none."""
    if not lines or lines[first - 1].startswith("["):
        return []
    return next(([line.strip()] for line in reversed(lines[: first - 1]) if re.match(r"\[[\w.\"-]+\]\s*$", line)), [])


def caption(file: str, spans: list[Span], repository: RepositoryValues) -> str:
    """Return the line below an excerpt, which leads to the lines in the repository."""
    links = [f"[{place(span)}]({repository.blob(file, *span)})" if repository.url else place(span) for span in spans]
    return f"`{file}`, {', '.join(links)}\n{{ .excerpt-source }}"


def place(span: Span) -> str:
    """Return SPAN in words."""
    first, last = span
    return f"line {first}" if first == last else f"lines {first} to {last}"
