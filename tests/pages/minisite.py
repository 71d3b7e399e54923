"""A small site for tests: the real mkdocs.yml without its navigation, a real project, and the pages that a test writes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from textwrap import dedent
from typing import Any

from ruamel.yaml import YAML

from pypi_runbook.pages.guides import Guide, guides
from pypi_runbook.pages.render import render_guide
from pypi_runbook.pages.snippet import Page

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "tests/projects/nautobot-ai-ops"

PAGE = """
# How {{ project.name }} is published

{{ last_proven() }}

[{{ guide.other_name }}]({{ guide.other_url }})

```bash
echo "{{ project.name }} ${#HOME}"
```

=== "A"

    ```console
    $ true
    ```

=== "B"

    ```bash skip="needs an account on the real index"
    true
    ```

{{ workflow_picture() }}
"""


class MiniSite:
    """A repository in FOLDER with a project's files, a mkdocs.yml and pages; `write` adds a page."""

    def __init__(self, folder: Path, project: Path = PROJECT, **extra: Any) -> None:
        self.root = folder.resolve() / "site-under-test"
        shutil.copytree(project, self.root)
        yaml = YAML(typ="rt")
        config = yaml.load((ROOT / "mkdocs.yml").read_text())
        del config["nav"]
        config["theme"]["custom_dir"] = str(ROOT / "docs/_theme")
        config["extra"].update({"guides": [], **extra})
        with (self.root / "mkdocs.yml").open("w") as file:
            yaml.dump(config, file)
        shutil.copytree(ROOT / "docs/assets", self.root / "docs/assets")

    @property
    def guide(self) -> Guide:
        """The site's own guide."""
        return guides(self.root)[0]

    def write(self, name: str, text: str, **meta: Any) -> str:
        """Write a page with front matter and return its path; a title is made up where none is given."""
        lines = "".join(f"{key}: {value}\n" for key, value in {"title": name, **meta}.items())
        file = self.root / "docs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"---\n{lines}---\n{dedent(text)}", encoding="utf-8")
        return f"docs/{name}"

    def render(self, text: str, **meta: Any) -> Page:
        """Return the one page of this site, with TEXT as its source."""
        path = self.write("index.md", text, **meta)
        (page,) = (page for page in render_guide(self.guide) if page.path == path)
        return page


def two_guides(folder: Path) -> MiniSite:
    """Return a site of two guides, the second one about the smallest project with the first one's workflow."""
    site = MiniSite(folder)
    other = MiniSite(folder / "other", ROOT / "tests/projects/tiny")
    place = site.root / "projects/tiny"
    place.parent.mkdir()
    other.root.rename(place)
    (place / "mkdocs.yml").unlink()
    shutil.copytree(PROJECT / ".github/workflows", place / ".github/workflows")
    config = site.root / "mkdocs.yml"
    config.write_text(config.read_text().replace("guides: []", "guides: [projects/tiny]"))
    with (site.root / ".gitignore").open("a") as ignored:
        ignored.write(".runbook/\n")
    subprocess.run(["git", "init", "--quiet", str(site.root)], check=True)
    site.write("index.md", PAGE, title="Home")
    site.write("deep/page.md", PAGE, title="Deep")
    return site
