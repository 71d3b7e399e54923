"""No page types a value of the project: with everything renamed in a copy, the pages say the new values and none of the old."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest

from pypi_runbook.pages.guides import Guide, guides
from pypi_runbook.pages.render import render_guide
from pypi_runbook.pages.snippet import Page

ROOT = Path(__file__).resolve().parents[2]
# One worker renders the renamed copies once.
# What the decisions tell happened in this repository, under the names of that day.
HISTORY = "docs/decisions/"


@dataclass(frozen=True)
class Renaming:
    """One value: the file that says it, what it says there, what it says in the copy, and how the old one would look on a page."""

    file: str
    old: str
    new: str
    typed: str = ""


PYPROJECT, WORKFLOW = "pyproject.toml", ".github/workflows/publish-pypi.yml"
RENAMED_WORKFLOW = ".github/workflows/ship-widgets.yaml"
EVERYWHERE = [
    Renaming(PYPROJECT, '"Programming Language :: Python :: 3.11"', '"Programming Language :: Python :: 3.99"'),
    Renaming(WORKFLOW, "name: Publish to PyPI\n\non:", "name: Ship the widgets\n\non:"),
    Renaming(WORKFLOW, "description: Publish to TestPyPI", "description: Rehearse the shipment", r"(tick|input|with) \W*Publish to TestPyPI"),
    Renaming(WORKFLOW, 'python-version: "3.11"', 'python-version: "3.99"', r"Python 3\.11(?! or newer)"),
    Renaming(WORKFLOW, "    name: Build the distributions", "    name: Weave the parcels", "Build the distributions"),
    Renaming(WORKFLOW, "    name: Publish to PyPI\n    needs", "    name: Ship for everybody\n    needs"),
    Renaming(WORKFLOW, "    name: Publish to TestPyPI\n    needs", "    name: Ship for nobody\n    needs"),
    Renaming(WORKFLOW, "    name: Update the release notes", "    name: Tell the neighbours", "Update the release notes"),
    Renaming(WORKFLOW, "      name: pypi\n", "      name: quayside\n", r"environments? \W?pypi\b|\bpypi\W? environment"),
    Renaming(WORKFLOW, "      name: testpypi\n", "      name: drydock\n", r"environments? \W?testpypi\b|\btestpypi\W? environment"),
    Renaming(WORKFLOW, "\n  build:\n", "\n  weave:\n"),
    Renaming(WORKFLOW, "\n  pypi:\n", "\n  ship-live:\n"),
    Renaming(WORKFLOW, "\n  testpypi:\n    name", "\n  ship-trial:\n    name"),
    Renaming(WORKFLOW, "\n  notes:\n", "\n  neighbours:\n"),
    Renaming(WORKFLOW, "needs: build", "needs: weave"),
    Renaming(WORKFLOW, "needs: [build, pypi]", "needs: [weave, ship-live]"),
]
OWN = [
    Renaming(PYPROJECT, 'name = "pypi-runbook"', 'name = "acme-widgets"', r"/project/pypi-runbook|pypi_runbook-\d|pypi-runbook=="),
    Renaming(PYPROJECT, 'version = "0.1.0"', 'version = "47.11.8"', r"\b0\.1\.0\b"),
    Renaming(PYPROJECT, "github.com/kvncampos/pypi-runbook", "github.com/acme-corp/widgets-repo", r"kvncampos(?!\.github\.io)"),
    Renaming(PYPROJECT, 'name = "Kevin Campos", email = "kvncampos@duck.com"', 'name = "A. Weaver", email = "weaver@acme.invalid"', "Kevin Campos"),
    Renaming(WORKFLOW, "pypi.org/project/pypi-runbook/", "pypi.org/project/acme-widgets/"),
]
AI_OPS = [
    Renaming(PYPROJECT, 'name = "nautobot-ai-ops"', 'name = "acme-widgets"', r"nautobot[-_]ai[-_]ops|\bai_ops\b"),
    Renaming(PYPROJECT, 'version = "1.0.0"', 'version = "47.11.8"', r"(?<![\d.])1\.0\.0\b"),
    Renaming(PYPROJECT, "github.com/kvncampos/nautobot-ai-ops", "github.com/acme-corp/widgets-repo", r"kvncampos/nautobot"),
    Renaming(PYPROJECT, 'include = "ai_ops"', 'include = "acme_widgets"'),
    Renaming(WORKFLOW, "pypi.org/project/nautobot-ai-ops/", "pypi.org/project/acme-widgets/"),
]
NEW = [
    "acme-widgets",
    "47.11.8",
    "acme-corp",
    "widgets-repo",
    "ship-widgets.yaml",
    "3.99",
    "Ship the widgets",
    "Rehearse the shipment",
    "Weave the parcels",
    "Ship for everybody",
    "Ship for nobody",
    "Tell the neighbours",
    "quayside",
    "drydock",
    "weave",
    "ship-live",
    "ship-trial",
    "neighbours",
]


def copy_of_the_project(target: Path) -> Path:
    """Copy what git lists, edits and new files included."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def rename(project: Path, renamings: list[Renaming]) -> None:
    """Say the new values in PROJECT's own files, where the old ones must stand."""
    for renaming in renamings:
        file = project / renaming.file
        text = file.read_text()
        assert renaming.old in text, f"{renaming.file} no longer says {renaming.old!r}"
        file.write_text(text.replace(renaming.old, renaming.new))
    (project / WORKFLOW).rename(project / RENAMED_WORKFLOW)
    if (project / "ai_ops").is_dir():
        (project / "ai_ops").rename(project / "acme_widgets")


def rendered(root: Path, project: Path) -> list[Page]:
    """Return the pages of the guide about PROJECT."""
    (guide,) = (guide for guide in guides(root) if guide.project_root == project)
    assert isinstance(guide, Guide)
    return [page for page in render_guide(guide) if not page.path.startswith(HISTORY)]


def text_of(page: Page) -> str:
    """Return what a reader of PAGE sees, and where its links lead."""
    html = re.sub(r"<!--.*?-->", "", page.html, flags=re.DOTALL)
    links = " ".join(re.findall(r'href="([^"]*)"', html))
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html)) + " " + links)


@pytest.fixture(name="pages", scope="module", params=["own", "ai-ops"])
def _pages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Renaming], list[Page]]:
    """Return what was renamed, and the pages of the copy: once of this project, once of the other guide's."""
    root = copy_of_the_project(tmp_path_factory.mktemp("renamed").resolve())
    project = root if request.param == "own" else root / "tests/projects/nautobot-ai-ops"
    renamings = [*(OWN if request.param == "own" else AI_OPS), *EVERYWHERE]
    rename(project, renamings)
    return renamings, rendered(root, project)


@pytest.mark.parametrize("value", NEW)
def test_every_new_value_is_on_a_page(pages: tuple[list[Renaming], list[Page]], value: str) -> None:
    """What the project's files say after the renaming is what the pages say."""
    assert any(value in text_of(page) for page in pages[1]), f"no page says {value}"


def test_no_old_value_is_on_a_page(pages: tuple[list[Renaming], list[Page]]) -> None:
    """An old value that is still there was typed: use the variable or macro instead (docs/reference/macros.md lists them)."""
    typed = "|".join(f"(?:{renaming.typed})" for renaming in pages[0] if renaming.typed)
    pattern = re.compile(rf".{{0,50}}(?:{typed}|publish-pypi\.yml).{{0,30}}")
    found = [f"{page.path}: …{match[0]}…" for page in pages[1] for match in pattern.finditer(text_of(page))]
    assert not found, "\n".join(found)
