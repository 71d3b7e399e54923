"""The last rehearsal that a page's own commands ran: kept with the page's results, and drawn into the built HTML."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

from pypi_runbook.pages.picture import COLUMN, GAP, MARGIN, MARKER, Box, arrows, draw, place

RECORD = Path(".pypi-runbook/rehearsal.json")
PLACE = '<div class="rehearsal" data-rehearsal hidden></div>'
NOTHING = '<p class="last-proven unproven">No rehearsal of the present files has been run yet.</p>'
Record = dict[str, Any]


def read_record(project: Path) -> Record | None:
    """Return what the last `pypi-runbook rehearse` in PROJECT left; None when there was none."""
    try:
        found = json.loads((project / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("jobs") else None


def rehearsal_html(record: Record | None) -> str:
    """Return the jobs of RECORD as a picture with their times, what was published, and the transcript to unfold."""
    if not record:
        return NOTHING
    transcript = escape("\n".join(record.get("transcript", [])))
    log = f'<div class="highlight"><pre><code>{transcript}</code></pre></div>'
    parts = [picture(record), published(record), f'<details class="note"><summary>The transcript</summary>{log}</details>']
    return f'<div class="rehearsal">{"".join(parts)}</div>'


def picture(record: Record) -> str:
    """Return a drawing of the jobs, those that wait below those that they wait for."""
    rows = place(rows_of(record))
    width = max(len(row) for row in rows) * (COLUMN + GAP) - GAP + 2 * MARGIN
    height = rows[-1][0].y + max(box.height for box in rows[-1]) + MARGIN
    boxes = [box for row in rows for box in row]
    lines = [path for box in boxes for path in arrows(box)]
    svg = f'<svg viewBox="0 0 {width} {height:g}" style="max-width:{width * 1.15:g}px" role="img" aria-labelledby="rehearsal-title rehearsal-desc">'
    return f'<figure class="workflow-picture">{"".join([svg, described(record), MARKER, *lines, *(draw(box) for box in boxes), "</svg>"])}</figure>'


def rows_of(record: Record) -> list[list[Box]]:
    """Return the boxes from top to bottom: the event, then the jobs by how many others they wait for in turn."""
    event = Box(f"{record['event']} {str(record['ref']).removeprefix('refs/heads/').removeprefix('refs/tags/')}", "event")
    boxes = {str(job["id"]): job_box(job) for job in record["jobs"]}
    needs = {str(job["id"]): [name for name in job.get("needs", []) if name in boxes] for job in record["jobs"]}
    levels: dict[int, list[Box]] = {}
    for name, box in boxes.items():
        box.parents = [boxes[needed] for needed in needs[name] if not implied(needed, needs[name], needs)] or [event]
        levels.setdefault(depth(name, needs), []).append(box)
    return [[event], *(levels[level] for level in sorted(levels))]


def implied(needed: str, others: list[str], needs: dict[str, list[str]]) -> bool:
    """Tell whether one of OTHERS waits for NEEDED already."""
    return any(needed in needs[other] or implied(needed, needs[other], needs) for other in others if other != needed)


def depth(name: str, needs: dict[str, list[str]]) -> int:
    """Return how many jobs stand one after another before job NAME."""
    return max((depth(other, needs) + 1 for other in needs[name]), default=0)


def job_box(job: Record) -> Box:
    """Return the box of one job: what became of it, and how long it took."""
    notes = [("where", f"environment {job['environment']}" if job.get("environment") else f"job {job['id']}")]
    ran = [step for step in job.get("steps", []) if step["result"] not in ("skipped", "not-rehearsed")]
    said = f"{job['result']}, {len(ran)} step{'s' * (len(ran) != 1)}, {job.get('seconds', 0):.1f} s" if job["result"] != "skipped" else "skipped"
    return Box(str(job.get("name") or job["id"]), "job" if job["result"] == "skipped" else f"ran-{job['result']}", [*notes, ("when", said)])


def described(record: Record) -> str:
    """Return title and description of the drawing for those who do not see it."""
    jobs = "; ".join(f"{job.get('name') or job['id']}: {job['result']}" for job in record["jobs"])
    return f'<title id="rehearsal-title">The rehearsal of {escape(str(record["event"]))}</title><desc id="rehearsal-desc">{escape(jobs)}</desc>'


def published(record: Record) -> str:
    """Return which files came to which index, under which identity."""
    rows = "".join(
        f"<tr><td>{escape(each['filename'])}</td><td>{escape(each['index'])}</td><td>{escape(each['publisher'] or 'a token')}</td></tr>"
        for each in record.get("uploads", [])
    )
    head = "<thead><tr><th>File</th><th>Index</th><th>Published as</th></tr></thead>"
    return f"<table>{head}<tbody>{rows}</tbody></table>" if rows else "<p>Nothing was published.</p>"
