"""A repository with a site of a few pages, and pytest run over it as a person runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MKDOCS = """\
site_name: Small
docs_dir: docs
use_directory_urls: false
theme:
  name: material
  features: [content.tabs.link]
plugins:
  - macros:
      modules: [pypi_runbook.pages.macros]
      on_error_fail: true
      on_undefined: strict
      j2_comment_start_string: "{##"
      j2_comment_end_string: "##}"
      j2_extensions: [pypi_runbook.pages.linemarks.LineMarks]
markdown_extensions:
  - admonition
  - pymdownx.superfences:
      disable_indented_code_blocks: true
  - pymdownx.tabbed:
      alternate_style: true
  - pypi_runbook.pages.recorder
"""
PYPROJECT = """\
[project]
name = "small"
version = "1.2.3"
[project.urls]
Repository = "https://github.com/somebody/small"
[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
[tool.pytest.ini_options]
testpaths = ["tests", "docs"]
addopts = ["-ra"]
"""
FRONT_MATTER = "---\ntitle: A page\nneeds: [python3]\n---\n"


@dataclass(frozen=True)
class Run:
    """What a run of pytest said."""

    status: int
    output: str

    def line_with(self, *parts: str) -> str:
        """Return the first line that holds all PARTS, or fail with the whole output."""
        for line in self.output.splitlines():
            if all(part in line for part in parts):
                return line
        raise AssertionError(f"no line holds {parts} in:\n{self.output}")


class SmallSite:
    """A git repository in FOLDER with mkdocs.yml, pages, and this repository's own conftest files."""

    def __init__(self, folder: Path, pages: dict[str, str]) -> None:
        self.folder = folder
        self.write("mkdocs.yml", MKDOCS)
        self.write("pyproject.toml", PYPROJECT)
        self.write("small.py", '"""Nothing."""\n')
        self.write(".gitignore", ".runbook/\n__pycache__/\n")
        for name in ("conftest.py", "tests/conftest.py", "tests/timings.py"):
            # --quick and --changed are about this repository's own tests.
            self.write(name, (ROOT / name).read_text().replace(', "selection"', ""))
        self.write("docs/index.md", "# Home\n")
        for name, text in pages.items():
            self.write(f"docs/{name}", FRONT_MATTER + text)
        for command in (["init", "--quiet"], ["add", "--all"], ["-c", "user.name=N", "-c", "user.email=n@example.invalid", "commit", "-qm", "Start"]):
            subprocess.run(["git", *command], cwd=folder, check=True)

    def write(self, name: str, text: str) -> None:
        """Write one file."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def pytest(self, *arguments: str) -> Run:
        """Run pytest in the repository and return what it said."""
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False, env=environment)
        return Run(done.returncode, done.stdout + done.stderr)


def fence(text: str, language: str = "bash", options: str = "") -> str:
    """Return TEXT as a fence between two paragraphs."""
    return f"\nDo this:\n\n```{language}{f' {options}' if options else ''}\n{text}\n```\n"
