"""The site: both guides from one set of pages, whole or not at all, with stamps, by MkDocs and by Zensical."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from minisite import PAGE, ROOT, MiniSite, two_guides
from stopping import IGNORING, PRODUCT, started, stop

from pypi_runbook.errors import RunbookError
from pypi_runbook.pages import results, stamps
from pypi_runbook.pages.guides import guides
from pypi_runbook.pages.key import page_key
from pypi_runbook.pages.render import render_guide
from pypi_runbook.pages.site import build_guide, build_site


def quiet(_: str) -> None:
    """Take words and print nothing."""


@pytest.fixture(name="two")
def _two(tmp_path: Path) -> MiniSite:
    """Return a site of two guides that a test may change."""
    return two_guides(tmp_path)


@pytest.fixture(name="built", scope="module")
def _built(tmp_path_factory: pytest.TempPathFactory) -> tuple[MiniSite, Path]:
    """Return such a site as it is, for tests that only look at it, and the folder into which it was built once."""
    site = two_guides(tmp_path_factory.mktemp("built"))
    return site, build_site(site.root, quiet)


def test_both_guides_are_built_from_the_same_pages(built: tuple[MiniSite, Path]) -> None:
    """Each says its own project's name, and each snippet that a page publishes is in its HTML."""
    two, site = built
    for guide in guides(two.root):
        for page in render_guide(guide):
            html = (site / guide.url_prefix / Path(page.path).relative_to("docs").with_suffix(".html")).read_text()
            assert f"How {guide.name} is published" in html
            assert [int(number) for number in re.findall(r'data-snippet="(\d+)"', html)] == [snippet.number for snippet in page.snippets]
            assert f"<title>{page.title} - Publishing {guide.name}</title>" in html


def test_the_real_pages_build_with_their_links_and_navigation(tmp_path: Path) -> None:
    """Every page of this repository is in the navigation, and every link and anchor leads somewhere."""
    built = build_guide(guides(ROOT)[0], tmp_path, quiet)
    assert {page.path for page in built.pages} == {file.relative_to(ROOT).as_posix() for file in (ROOT / "docs").rglob("*.md")}


def test_guides_link_to_each_other_within_the_same_copy(built: tuple[MiniSite, Path]) -> None:
    """A copy of the site on a disk or a test server leads to its own other guide, at any depth."""
    _, site = built
    assert '<a href="../runbook-tiny/index.html">runbook-tiny</a>' in (site / "deep/page.html").read_text()
    assert '<a href="../../index.html">nautobot-ai-ops</a>' in (site / "runbook-tiny/deep/page.html").read_text()


def test_no_page_asks_another_host(built: tuple[MiniSite, Path]) -> None:
    """Scripts, styles, fonts and images come with the site."""
    _, site = built
    for file in site.rglob("*.html"):
        html = file.read_text()
        assert not re.findall(r'<(?:script|img|iframe|source)[^>]*\bsrc="(?:https?:)?//[^"]*"', html), file
        assert not re.findall(r'<link (?![^>]*rel="(?:canonical|alternate|edit)")[^>]*href="(?:https?:)?//[^"]*"', html), file
        assert 'data-md-component="source"' not in html


def test_a_wrong_page_leaves_the_site_that_is_there(two: MiniSite) -> None:
    """The last good site stays until the next good one; every wrong line is told at once."""
    site = build_site(two.root, quiet)
    before = (site / "index.html").read_text()
    two.write("index.md", "\n```nothing\n```\n\n{{ undefined }}\n", title="Home")
    two.write("deep/page.md", "\n```\n```\n", title="Deep")
    with pytest.raises(RunbookError) as caught:
        build_site(two.root, quiet)
    assert "docs/index.md:8: a macro or variable cannot be rendered: 'undefined'" in str(caught.value)
    assert "docs/deep/page.md:5:" in str(caught.value)
    assert (site / "index.html").read_text() == before


@pytest.mark.parametrize(("text", "words"), [("[x](nowhere.md)", "nowhere.md"), ("[x](deep/page.md#nothing)", "nothing")])
def test_a_broken_link_ends_the_build(two: MiniSite, text: str, words: str) -> None:
    """Links and anchors are checked; the error names the page."""
    two.write("index.md", text, title="Home")
    with pytest.raises(RunbookError, match="cannot be built") as caught:
        build_site(two.root, quiet)
    assert words in str(caught.value)
    assert "index.md" in str(caught.value)


def test_rules_of_pages_hold_for_the_build(two: MiniSite) -> None:
    """What is unsafe to paste is not published."""
    two.write("index.md", "\n```bash\nset -e\n```\n", title="Home")
    with pytest.raises(RunbookError, match=r"docs/index.md:6: `set -e`"):
        build_site(two.root, quiet)


# Stamps


def result(site: MiniSite, **changes: Any) -> None:
    """Write results for the first page of the first guide, as a run writes them; CHANGES are made to each row."""
    guide = guides(site.root)[0]
    (page,) = (page for page in render_guide(guide) if page.path == "docs/index.md")
    now = "2026-11-22T14:40:00+00:00"
    made = results.PageResult(
        guide.name, page.path, page_key(page, guide.project_root), about={"python": "3.11.7", "platform": "linux", "clients": {"twine": "7.0.0"}}
    )
    data = results.load(site.root)
    rows = [
        {**row, "result": "skipped" if row["language"] == "bash" and row["number"] == 3 else "passed", "reason": "", "seconds": 0.25, "finished": now}
        for row in results.rows_of(data, page, "")
    ]
    made.rows = [{**row, "reason": "needs an account on the real index" if row["result"] == "skipped" else "", **changes} for row in rows]
    results.merge(site.root, made)


def stamps_of(site: Path) -> list[tuple[str, str]]:
    """Return the stamps of the first page: the kind and the words of each."""
    html = (site / "index.html").read_text()
    return [(kind, re.sub(r"<[^>]+>", "", text)) for kind, text in re.findall(r'<p class="stamp stamp-([\w-]+)">(.*?)</p>', html)]


def stamped(site: MiniSite) -> list[tuple[str, str]]:
    """Build the first guide alone, stamp it, and return the stamps of its first page."""
    folder = site.root / ".runbook/first"
    built = build_guide(guides(site.root)[0], folder, quiet)
    stamps.stamp(site.root, built.guide, built.pages, built.files, {})
    return stamps_of(folder)


def test_without_results_snippets_say_so_quietly(built: tuple[MiniSite, Path]) -> None:
    """A site that was only built claims nothing."""
    _, site = built
    assert stamps_of(site) == [("not-run", "Not run yet")] * 3
    assert "Not proven yet" in (site / "index.html").read_text()


def test_a_stamp_says_when_on_which_commit_and_with_what(two: MiniSite) -> None:
    """Beside each snippet stands what became of it; the second guide has no results and says so."""
    result(two)
    site = build_site(two.root, quiet)
    first, second, third = stamps_of(site)
    assert first == second
    assert first[0] == "passed"
    assert "22 November 2026, 14:40 UTC" in first[1]
    assert "0.2 s" in first[1]
    assert third == ("skipped", "Not run: needs an account on the real index")
    assert "twine 7.0.0" in (site / "index.html").read_text()
    assert "Not proven yet" in (site / "runbook-tiny/index.html").read_text()


def test_a_stamp_never_stands_beside_another_text(two: MiniSite) -> None:
    """One changed letter of a command, and the old result is not shown."""
    result(two)
    two.write("index.md", PAGE.replace("echo", "printf"), title="Home")
    assert {kind for kind, _ in stamped(two)} == {"not-run"}


def test_prose_may_change_below_a_stamp(two: MiniSite) -> None:
    """Results are about the commands, not about the sentences around them."""
    result(two)
    two.write("index.md", "\nOne more line.\n" + PAGE, title="Home")
    assert [kind for kind, _ in stamped(two)] == ["passed", "passed", "skipped"]


def test_the_worst_path_counts(two: MiniSite) -> None:
    """A snippet passed only if it passed on every path."""
    result(two)
    file = two.root / ".runbook/results.json"
    data = json.loads(file.read_text())
    rows = data["pages"]["nautobot-ai-ops:docs/index.md"]["snippets"]
    next(row for row in rows if row["path"] == "B" and row["number"] == 1)["result"] = "failed"
    file.write_text(json.dumps(data))
    assert stamped(two)[0][0] == "failed"


def test_a_stamp_stands_right_below_its_block() -> None:
    """Blocks with a title or lines hold further elements; the stamp comes after the whole of it."""
    html = '<div data-snippet="1" class="x"><span>t</span><div><pre>a</pre></div></div><p>b</p>'
    row = {"number": 1, "result": "not-run", "reason": ""}
    assert stamps.put(html, [row], {}) == html.replace("<p>b", '<p class="stamp stamp-not-run">Not run yet</p><p>b')


# Other ways to build


def test_plain_mkdocs_builds_the_own_guide(two: MiniSite, tmp_path: Path) -> None:
    """No command of ours is needed, and nothing of ours is a plugin or a hook."""
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=two.root, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    html = (tmp_path / "out/index.html").read_text()
    assert "How nautobot-ai-ops is published" in html
    assert len(re.findall("data-snippet", html)) == 3


def test_plain_mkdocs_ends_without_a_traceback(two: MiniSite, tmp_path: Path) -> None:
    """The error says page and line."""
    two.write("index.md", "\n```nothing\n```\n", title="Home")
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=two.root, capture_output=True, text=True, check=False)
    assert done.returncode
    assert "docs/index.md:5: `nothing` is no language" in done.stderr
    assert "Traceback" not in done.stderr


def test_zensical_builds_the_same_snippets(two: MiniSite) -> None:
    """Another generator publishes the same fences, numbered alike, with the same values."""
    zensical = Path(sys.executable).with_name("zensical")
    if not zensical.exists():
        pytest.skip("the environment has no Zensical: scripts/test installs it")
    done = subprocess.run([str(zensical), "build"], cwd=two.root, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stdout + done.stderr
    html = (two.root / "site/index.html").read_text()
    assert "How nautobot-ai-ops is published" in html
    assert re.findall(r'data-snippet="(\d+)"', html) == ["1", "2", "3"]


def test_zensical_refuses_what_mkdocs_refuses(two: MiniSite) -> None:
    """A check that one generator skips in silence would be worse than none."""
    zensical = Path(sys.executable).with_name("zensical")
    if not zensical.exists():
        pytest.skip("the environment has no Zensical: scripts/test installs it")
    two.write("index.md", "\n```nothing\n```\n", title="Home")
    done = subprocess.run([str(zensical), "build"], cwd=two.root, capture_output=True, text=True, check=False)
    assert done.returncode
    assert "`nothing` is no language" in done.stdout + done.stderr


# The command


def test_once_prints_the_folder_and_ends(two: MiniSite) -> None:
    """Data on stdout, words on stderr."""
    command = [sys.executable, "-m", "pypi_runbook", "site", "--once"]
    done = subprocess.run(command, cwd=two.root, capture_output=True, text=True, check=False)
    assert done.stdout == f"{two.root / 'site'}\n", done.stderr
    assert "Built the guide of runbook-tiny: 2 pages" in done.stderr


@pytest.fixture(name="served")
def _served(two: MiniSite) -> Iterator[tuple[MiniSite, str]]:
    """Serve the site, and return it with the address that was printed."""
    with serving(two) as (_, address):
        yield two, address


@contextmanager
def serving(site: MiniSite) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Give the process that serves SITE, started as a script's background job, and the address that it printed."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with started([*IGNORING, *PRODUCT, "site"], cwd=site.root, env=environment) as server:
        assert server.stdout
        assert select.select([server.stdout], [], [], 120)[0], "no address within two minutes"
        found = re.search(r"http://\S+", server.stdout.readline())
        assert found
        yield server, found[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server(two: MiniSite, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end it, also when both were ignored at the start; no draft of the site is left."""
    with serving(two) as (server, _):
        status, words = stop(server, number)
    assert status == 128 + number, words
    assert "The site is no longer served." in words
    assert not list((two.root / ".runbook").glob("site-*"))


def fetch(address: str) -> str:
    """Return the page at ADDRESS."""
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 (an address of our own server)
        text: str = answer.read().decode()
        return text


def test_a_changed_page_is_served_anew(served: tuple[MiniSite, str]) -> None:
    """An edit shows by itself in both guides; a wrong edit leaves the last good page up."""
    site, address = served
    assert "How nautobot-ai-ops" in fetch(f"{address}index.html")
    site.write("index.md", "\n```nothing\n```\n", title="Home")
    time.sleep(3)
    assert "How nautobot-ai-ops" in fetch(f"{address}index.html")
    site.write("index.md", "\nEdited {{ project.name }}\n", title="Home")
    deadline = time.monotonic() + 90
    while "Edited" not in fetch(f"{address}index.html") and time.monotonic() < deadline:
        time.sleep(0.5)
    assert "Edited nautobot-ai-ops" in fetch(f"{address}index.html")
    assert "Edited runbook-tiny" in fetch(f"{address}runbook-tiny/index.html")
