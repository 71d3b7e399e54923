"""The pluglet of mkdocs-macros: registers what pages may use; each macro is a plain function of its own module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pypi_runbook.pages.linemarks import front_matter_lines, name_page


def define_env(env: Any) -> None:
    """Give pages their variables and macros."""


def on_pre_page_macros(env: Any) -> None:
    """Tell the Jinja extension how many lines stand above the page's text."""
    env.env.front_matter_lines = front_matter_lines(env.page.file.content_string, env.markdown)


def on_post_page_macros(env: Any) -> None:
    """Write the page's name into its text, for the recorder."""
    source = env.page.file.content_string.rstrip()
    docs = Path(env.conf["docs_dir"]).relative_to(env.project_dir)
    env.markdown = name_page(env.markdown, (docs / env.page.file.src_uri).as_posix(), source.count("\n") + 1)
