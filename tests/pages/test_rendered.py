"""Rendered pages are kept: only what changed is rendered again, and what is kept is what a fresh rendering gives."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from minisite import MiniSite

from pypi_runbook import reads
from pypi_runbook.errors import RunbookError
from pypi_runbook.pages import render, rendered
from pypi_runbook.pages.rendered import pages_of

WITH_MACROS = "{{ project.version }}\n\n```bash\necho {{ project.name }} {{ project.version }}\n```\n"
ENTRY = {"heading": "build-failures", "description": "It fails"}


class Site(MiniSite):
    """A site that notes which pages are rendered."""

    rendered: list[str]

    def look(self) -> list[str]:
        """Return the pages that had to be rendered for all pages to be right; what comes back is what a fresh rendering gives."""
        self.rendered.clear()
        kept = pages_of(self.guide)
        found = sorted(self.rendered)
        assert kept == sorted(render.render_guide(self.guide), key=lambda page: page.path)
        return found


@pytest.fixture(name="site")
def _site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    site = Site(tmp_path)
    site.rendered = []
    one = render._page

    def noted(*arguments: object, **named: object) -> object:
        page = one(*arguments, **named)  # type: ignore[arg-type]
        site.rendered.append(page.path if page else "nothing")
        return page

    monkeypatch.setattr(render, "_page", noted)
    subprocess.run(["git", "init", "--quiet", str(site.root)], check=True)
    site.write("index.md", "# Index\n\n{{ entries() }}\n", title="Index")
    site.write("values.md", WITH_MACROS)
    site.write("troubleshooting/one.md", "# One\n", **ENTRY)
    assert site.look() == ["docs/index.md", "docs/troubleshooting/one.md", "docs/values.md"]
    return site


def test_what_did_not_change_is_not_rendered_again(site: Site) -> None:
    """A second look renders nothing; another process finds the same pages in the file."""
    assert site.look() == []


def test_a_page_that_changed_is_rendered_alone(site: Site) -> None:
    """Its text is what the page was made from."""
    site.write("values.md", WITH_MACROS.replace("echo", "printf"))
    assert site.look() == ["docs/values.md"]


def test_only_the_pages_that_are_asked_for_are_rendered(site: Site) -> None:
    """A run of one page does not wait for the others."""
    for name in ("values.md", "troubleshooting/one.md"):
        site.write(name, WITH_MACROS.replace("echo", "true"), **ENTRY)
    site.rendered.clear()
    (page,) = pages_of(site.guide, {"docs/values.md"})
    assert site.rendered == ["docs/values.md"]
    assert page.snippets[0].text.startswith("true")


@pytest.mark.parametrize("name", ["one.md", "two.md"])
def test_a_page_that_lists_others_follows_them(site: Site, name: str) -> None:
    """A changed or new entry changes the page with the list of entries."""
    site.write(f"troubleshooting/{name}", "# Entry\n", **ENTRY | {"description": "Something else"})
    assert site.look() == ["docs/index.md", f"docs/troubleshooting/{name}"]


@pytest.mark.parametrize("change", ["pyproject.toml", "mkdocs.yml", "new file", "remote", "branch", "distribution", "module"])
def test_what_all_pages_are_made_from_renders_all(site: Site, change: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The project's metadata, the configuration, files that appear, what git knows, the tools and the macros count for every page."""
    if change in ("pyproject.toml", "mkdocs.yml"):
        with (site.root / change).open("a") as file:
            file.write("# changed\n")
    elif change == "new file":
        (site.root / "setup.cfg").write_text("[metadata]\n")
    elif change == "remote":
        subprocess.run(["git", "-C", str(site.root), "remote", "add", "upstream", "https://github.com/somebody/small"], check=True)
    elif change == "branch":
        subprocess.run(["git", "-C", str(site.root), "symbolic-ref", "HEAD", "refs/heads/other"], check=True)
    elif change == "distribution":
        (tmp_path / "somewhere" / "another-1.0.dist-info").mkdir(parents=True)
        monkeypatch.syspath_prepend(tmp_path / "somewhere")
    else:
        real = reads.digest_of
        monkeypatch.setattr(reads, "digest_of", lambda path: "changed" if path.name == "tables.py" else real(path))
    assert site.look() == ["docs/index.md", "docs/troubleshooting/one.md", "docs/values.md"]


def test_a_broken_file_is_replaced(site: Site) -> None:
    """A file that was cut or written by another version costs one rendering."""
    (file,) = (site.root / rendered.FOLDER).glob("*.json")
    for text in ("{", "[]", json.dumps({"setup": rendered.setup_of(site.guide), "shared": {}, "pages": {"docs/values.md": {}}})):
        file.write_text(text)
        assert len(site.look()) == 3
        assert site.look() == []


def test_a_page_that_cannot_be_rendered_stays_an_error(site: Site) -> None:
    """The error is raised each time, and names page and line."""
    site.write("values.md", "# Values\n\n{{ nothing.here }}\n")
    for _ in range(2):
        with pytest.raises(RunbookError) as caught:
            pages_of(site.guide)
        assert (caught.value.file, caught.value.line) == ("docs/values.md", 6)
