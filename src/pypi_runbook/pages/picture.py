"""A drawing of the publishing workflow as inline SVG: what starts it, its jobs by what they wait for, and their environments.

It is drawn downwards, so that it can be read on a phone, and takes its colours from the page.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from html import escape

from pypi_runbook.pages import roles
from pypi_runbook.pages.tables import when
from pypi_runbook.pages.values import RepositoryValues
from pypi_runbook.project.facts import Job, Workflow
from pypi_runbook.project.routes import runs, ways, without_markup

COLUMN, GAP, MARGIN, ROW_GAP = 206, 12, 4, 44
LINE, PADDING = 19, 14
EVENTS = {"release": "GitHub release", "workflow_dispatch": "Run workflow, by hand", "push": "Push", "schedule": "Schedule"}


@dataclass
class Box:
    """One box of the drawing; `parents` are the boxes that it waits for."""

    title: str
    kind: str
    notes: list[tuple[str, str]] = field(default_factory=list)
    parents: list[Box] = field(default_factory=list)
    address: str = ""
    x: float = 0
    y: float = 0

    @property
    def lines(self) -> list[tuple[str, str]]:
        """Return the lines of text, each with its class; long ones are wrapped."""
        wide = [(self.kind, self.title), *self.notes]
        return [(style, line) for style, text in wide for line in textwrap.wrap(text, 30 if style == "when" else 23)]

    @property
    def height(self) -> int:
        """Return the height that the lines need."""
        return len(self.lines) * LINE + 2 * PADDING

    @property
    def middle(self) -> float:
        """Return where lines arrive and leave."""
        return self.x + COLUMN / 2


def workflow_picture(workflow: Workflow, repository: RepositoryValues) -> str:
    """Return a figure with the drawing, described in words for those who do not see it."""
    rows = place(rows_of(workflow, repository))
    width = max(len(row) for row in rows) * (COLUMN + GAP) - GAP + 2 * MARGIN
    height = rows[-1][0].y + max(box.height for box in rows[-1]) + MARGIN
    boxes = [box for row in rows for box in row]
    lines = [path for box in boxes for path in arrows(box)]
    svg = f'<svg viewBox="0 0 {width} {height:g}" style="max-width:{width * 1.15:g}px" role="img" aria-labelledby="workflow-title workflow-desc">'
    parts = [svg, words(workflow), MARKER, *lines, *(draw(box) for box in boxes), "</svg>"]
    return f'<figure class="workflow-picture">{"".join(parts)}</figure>\n'


MARKER = (
    '<defs><marker id="workflow-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse">'
    '<path d="M0 0 8 4 0 8Z" class="head"/></marker></defs>'
)


def rows_of(workflow: Workflow, repository: RepositoryValues) -> list[list[Box]]:
    """Return the boxes from top to bottom: the events, then the jobs by how many others they wait for in turn."""
    events = {name: Box(EVENTS.get(name, name), "event") for name in dict.fromkeys(trigger.event for trigger in workflow.triggers)}
    boxes = {job.id: job_box(workflow, job, repository) for job in workflow.jobs}
    rows: list[list[Box]] = [list(events.values())] if events else []
    for job in workflow.jobs:
        starts = {way.event for way in ways(workflow, repository.slug or None) if runs(workflow, job, way) is not False}
        needed = [boxes[other] for other in nearest(workflow, job) if other in boxes]
        boxes[job.id].parents = needed or [box for name, box in events.items() if name in starts]
    levels = ([boxes[job.id] for job in workflow.jobs if depth(workflow, job) == level] for level in range(len(workflow.jobs)))
    return [*rows, *filter(None, levels)]


def nearest(workflow: Workflow, job: Job) -> list[str]:
    """Return the jobs that JOB waits for, without those that another of them waits for already."""
    by_id = {other.id: other for other in workflow.jobs}
    implied = {before.id for needed in job.needs if needed in by_id for before in roles.ancestors(workflow, by_id[needed])}
    return [needed for needed in job.needs if needed not in implied]


def depth(workflow: Workflow, job: Job) -> int:
    """Return how many jobs stand one after another before JOB."""
    by_id = {other.id: other for other in workflow.jobs if other.id != job.id}
    return max((depth(workflow, by_id[needed]) + 1 for needed in job.needs if needed in by_id), default=0)


def job_box(workflow: Workflow, job: Job, repository: RepositoryValues) -> Box:
    """Return the box of JOB: its name, its environment, and when it runs if that is not always."""
    notes = [("where", f"environment {job.environment}")] if job.environment else [("where", f"job {job.id}")]
    condition = without_markup(when(workflow, job, repository))
    notes += [("when", condition)] if condition != "on every run" else []
    address = repository.blob(workflow.file, job.line, job.end_line)
    return Box(job.name, "publishes" if job.publishes else "job", notes, address=str(address) if address else "")


def place(rows: list[list[Box]]) -> list[list[Box]]:
    """Give each box its place, every row in the middle of the drawing."""
    width = max(len(row) for row in rows) * (COLUMN + GAP) - GAP
    top: float = MARGIN
    for row in rows:
        left = MARGIN + (width - len(row) * (COLUMN + GAP) + GAP) / 2
        for index, box in enumerate(row):
            box.x, box.y = left + index * (COLUMN + GAP), top
        top += max(box.height for box in row) + ROW_GAP
    return rows


def arrows(box: Box) -> list[str]:
    """Return the lines from the boxes that BOX waits for."""
    return [curve(parent.middle, parent.y + parent.height, box.middle, box.y) for parent in box.parents]


def curve(x1: float, y1: float, x2: float, y2: float) -> str:
    """Return a line that leaves and arrives upright."""
    half = (y1 + y2) / 2
    return f'<path class="line" marker-end="url(#workflow-arrow)" d="M{x1:g} {y1:g}C{x1:g} {half:g} {x2:g} {half:g} {x2:g} {y2 - 2:g}"/>'


def draw(box: Box) -> str:
    """Return one box; it leads to the job's lines in the file."""
    radius = box.height / 2 if box.kind == "event" else 6
    shape = f'<rect class="{box.kind}" x="{box.x:g}" y="{box.y:g}" width="{COLUMN}" height="{box.height}" rx="{min(radius, 24):g}"/>'
    first = box.y + PADDING + LINE * 0.72
    texts = (
        f'<text class="{style}" x="{box.middle:g}" y="{first + index * LINE:g}" text-anchor="middle">{escape(line)}</text>'
        for index, (style, line) in enumerate(box.lines)
    )
    inner = shape + "".join(texts)
    return f'<a href="{escape(box.address)}">{inner}</a>' if box.address else f"<g>{inner}</g>"


def words(workflow: Workflow) -> str:
    """Return title and description of the drawing."""
    names = {job.id: job.name for job in workflow.jobs}
    waits = [f"{job.name} waits for {', '.join(names.get(needed, needed) for needed in job.needs)}" for job in workflow.jobs if job.needs]
    description = "; ".join(waits) or "its jobs wait for nothing"
    return f'<title id="workflow-title">{escape(workflow.name)}</title><desc id="workflow-desc">{escape(description)}</desc>'
