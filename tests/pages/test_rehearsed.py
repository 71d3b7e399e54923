"""The rehearsal that a page's commands ran: kept with the results, drawn into the page, and gone with the text that it belongs to."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from minisite import MiniSite
from test_session_end import path_of

from pypi_runbook.pages import rehearsed, results
from pypi_runbook.pages.guides import guides
from pypi_runbook.pages.key import page_key
from pypi_runbook.pages.render import render_guide
from pypi_runbook.pages.session import Session
from pypi_runbook.pages.site import build_site


def job(name: str, result: str, needs: list[str], **more: Any) -> dict[str, Any]:
    """Return a job as a report has it, with one step."""
    return {"id": name, "name": name.title(), "result": result, "needs": needs, "seconds": 1.25, "steps": [{"result": result}], **more}


RECORD = {
    "event": "release",
    "ref": "refs/tags/1.0",
    "jobs": [
        job("build", "success", []),
        job("pypi", "failure", ["build"], environment="live & well"),
        job("test", "skipped", ["build"]),
        job("notes", "skipped", ["build", "pypi"]),
    ],
    "uploads": [{"index": "pypi", "filename": "a-1.0.tar.gz", "publisher": "o/r/p.yml@live"}],
    "transcript": ["=== Build", "a < b && c"],
}


def quiet(_: str) -> None:
    """Take no notice of a build's progress."""


def test_a_session_keeps_the_last_rehearsal_of_its_project() -> None:
    """What a page's command left in the project's folder comes back with the session's results."""
    text = f"mkdir -p .pypi-runbook && printf '%s' '{json.dumps(RECORD)}' >.pypi-runbook/rehearsal.json"
    session = Session(path_of(text))
    assert [outcome.result for outcome in session.reach(1)] == ["passed"]
    session.close()
    assert session.about["rehearsal"] == RECORD


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"jobs": []}'])
def test_what_is_no_report_is_none(tmp_path: Path, content: str) -> None:
    """A half-written or foreign file is not shown."""
    (tmp_path / ".pypi-runbook").mkdir()
    (tmp_path / rehearsed.RECORD).write_text(content)
    assert rehearsed.read_record(tmp_path) is None


def test_the_picture_has_each_job_with_what_became_of_it() -> None:
    """A job stands below those that it waits for, with its result, its steps and its seconds; texts of the project are no HTML."""
    html = rehearsed.rehearsal_html(RECORD)
    assert re.findall(r'<rect class="([\w-]+)"', html) == ["event", "ran-success", "ran-failure", "job", "job"]
    assert html.count('<path class="line"') == 4, "notes waits for pypi, and so for build"
    assert "release 1.0" in html
    assert "success, 1 step, 1.2 s" in html
    assert "environment live &amp; well" in html
    assert "a &lt; b &amp;&amp; c" in html
    assert "<td>a-1.0.tar.gz</td><td>pypi</td><td>o/r/p.yml@live</td>" in html


def test_a_page_shows_the_rehearsal_of_its_present_text(tmp_path: Path) -> None:
    """It stands where the macro is, until the page's commands or the project change."""
    site = MiniSite(tmp_path)
    site.write("index.md", "# Page\n\n{{ last_rehearsal() }}\n\n```bash\ntrue\n```\n")
    guide = guides(site.root)[0]
    (page,) = render_guide(guide)
    about = {"rehearsal": RECORD}
    results.merge(site.root, results.PageResult(guide.name, page.path, page_key(page, guide.project_root), about=about))
    assert "a-1.0.tar.gz" in (build_site(site.root, quiet) / "index.html").read_text()

    site.write("index.md", "# Page\n\n{{ last_rehearsal() }}\n\n```bash\nfalse\n```\n")
    html = (build_site(site.root, quiet) / "index.html").read_text()
    assert "a-1.0.tar.gz" not in html
    assert rehearsed.NOTHING in html
