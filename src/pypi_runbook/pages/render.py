"""Render every page of a guide as the site publishes it, without building the site."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from jinja2 import TemplateSyntaxError
from markdown import Markdown
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel, get_files
from mkdocs.structure.pages import Page as MkDocsPage
from mkdocs.utils.meta import get_data

from pypi_runbook import reads
from pypi_runbook.errors import RunbookError
from pypi_runbook.pages import recorder
from pypi_runbook.pages.config import configure, macros_plugin
from pypi_runbook.pages.guides import Guide
from pypi_runbook.pages.linemarks import front_matter_lines
from pypi_runbook.pages.snippet import Page, Snippet

LOG = logging.getLogger("mkdocs.plugins.mkdocs_macros")


def render_guide(guide: Guide, only: Collection[str] | None = None, made_from: dict[str, set[Path]] | None = None) -> list[Page]:
    """Return GUIDE's pages, or those of ONLY, with the fences that each publishes.

    made_from: gets, for each page's path, the files that were read for that page alone.
    Errors of all pages are told at once, each with its page and line.
    """
    config = configure(guide)
    config.mdx_configs.setdefault(recorder.__name__, {})["collect"] = True
    errors: list[RunbookError] = []
    plugin = macros_plugin(config)
    plugin.on_config(config)
    files = get_files(config)
    plugin.on_nav(None, config, files)
    md = Markdown(extensions=config.markdown_extensions, extension_configs=config.mdx_configs)
    pages = []
    for file in _wanted(files, config, guide, only):
        with reads.recording((made_from if made_from is not None else {}).setdefault(_path(guide, config, file), set())):
            pages.append(_page(guide, config, plugin, md, file, errors))
    if errors:
        raise recorder.all_in_one(sorted(errors, key=lambda error: (error.file or "", error.line or 0)))
    return [page for page in pages if page]


def _wanted(files: Files, config: MkDocsConfig, guide: Guide, only: Collection[str] | None) -> Iterator[File]:
    """Yield the files that the site publishes as pages."""
    for file in files.documentation_pages(inclusion=InclusionLevel.is_included):
        if only is None or _path(guide, config, file) in only:
            yield file


def _path(guide: Guide, config: MkDocsConfig, file: File) -> str:
    """Return FILE's path from the root of the repository."""
    return (Path(config.docs_dir).relative_to(guide.root) / file.src_uri).as_posix()


def _page(guide: Guide, config: MkDocsConfig, plugin: Any, md: Markdown, file: File, errors: list[RunbookError]) -> Page | None:
    """Return one rendered page, or nothing after adding to ERRORS why there is none."""
    source, path = MkDocsPage(None, file, config), _path(guide, config, file)
    source.read_source(config)
    try:
        # The plugin would print its traceback before it exits; the error below says the same in one line.
        LOG.setLevel(logging.CRITICAL)
        text = plugin.on_page_markdown(source.markdown, page=source, config=config, files=None)
    except (Exception, SystemExit) as error:
        errors.append(_macro_error(error, path, front_matter_lines(file.content_string, source.markdown or "")))
        return None
    finally:
        LOG.setLevel(logging.NOTSET)
    html = md.reset().convert(text)
    record: recorder.Record = md.runbook_record  # type: ignore[attr-defined]
    errors.extend(record.errors)
    return page_of(guide, record, html)


def page_of(guide: Guide, record: recorder.Record, html: str) -> Page:
    """Return the page that RECORD and its HTML stand for, from a rendering or from a build that was collected."""
    file = guide.root / record.path
    meta = get_data(file.read_text(encoding="utf-8-sig"))[1]
    snippets = [_snippet(guide.name, record.path, fence) for fence in record.fences]
    title = str(meta.get("title") or file.stem)
    return Page(guide.name, record.path, file, meta, snippets, html, title, tuple(record.tab_sets))


def _snippet(guide: str, path: str, fence: recorder.Fence) -> Snippet:
    """Return FENCE as the rest of the project knows it."""
    options = {name: value for name, value in fence.options.items() if name != "title"}
    return Snippet(guide, path, fence.number, fence.line, fence.language, fence.text, options, fence.tabs, fence.options.get("title", ""))


def _macro_error(error: BaseException, path: str, above: int) -> RunbookError:
    """Return what a macro or Jinja says about PATH, whose front matter has ABOVE lines.

    mkdocs-macros exits the process on an error; what happened is that exit's context.
    """
    cause = error.__context__ if isinstance(error, SystemExit) and error.__context__ else error
    line = _line_in_template(cause)
    place = line + above if line else None
    if isinstance(cause, RunbookError):
        where = f" ({cause.file}:{cause.line})" if cause.file and cause.line else f" ({cause.file})" if cause.file else ""
        return RunbookError(cause.id, f"{cause.message}{where}", path, place, cause.next, cause.page)
    message = f"a macro or variable cannot be rendered: {cause}"
    return RunbookError("macro-error", message, path, place, "see the list of macros and variables", "reference/macros.md")


def _line_in_template(cause: BaseException) -> int | None:
    """Return the line of the page's own text that CAUSE came from."""
    if isinstance(cause, TemplateSyntaxError):
        return cause.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(cause.__traceback__) if frame.filename == "<template>"]
    return lines[0] if lines else None
