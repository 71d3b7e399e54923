"""Build the site of every guide into one folder, put the stamps in, and serve it with live reload."""

from __future__ import annotations

import logging
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mkdocs.commands.build import build as mkdocs_build
from mkdocs.exceptions import Abort, MkDocsException
from mkdocs.livereload import LiveReloadServer
from mkdocs.structure.files import File

from pypi_runbook.errors import RunbookError
from pypi_runbook.pages import lint, stamps
from pypi_runbook.pages.config import configure
from pypi_runbook.pages.guides import Guide, guides
from pypi_runbook.pages.recorder import collecting
from pypi_runbook.pages.render import page_of, render_guide
from pypi_runbook.pages.snippet import Page

HOST, PORTS = "127.0.0.1", range(8000, 8010)
Say = Callable[[str], None]


def build_site(root: Path, say: Say) -> Path:
    """Build every guide of ROOT and return the folder of the site, which is replaced only by one that is complete.

    Whatever a page does wrong is told at once, each with its page and line.
    """
    every = guides(root)
    with draft_folder(root) as draft:
        built = [build_guide(guide, draft, say) for guide in every]
        lint.check([page for site in built for page in site.pages])
        for site in built:
            others = {other.address: draft / other.guide.url_prefix for other in built if other is not site and other.address}
            stamps.stamp(root, site.guide, site.pages, site.files, others)
        replace_folder(draft, every[0].site_dir)
    return every[0].site_dir


@contextmanager
def draft_folder(root: Path) -> Iterator[Path]:
    """Give a build a place of its own beside the results, and leave nothing of it behind."""
    runbook = root / ".runbook"
    runbook.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="site-", dir=runbook) as folder:
        yield Path(folder, "site")


@dataclass(frozen=True)
class Built:
    """One guide's site: its pages, the file that each was built into, and the address at which it is published."""

    guide: Guide
    pages: list[Page]
    files: dict[str, Path]
    address: str


def build_guide(guide: Guide, draft: Path, say: Say) -> Built:
    """Build GUIDE below DRAFT."""
    start = time.monotonic()
    config = configure(guide, draft / guide.url_prefix)
    try:
        with collecting() as records, collected_warnings() as warnings:
            mkdocs_build(config)
    except (Abort, MkDocsException, SystemExit) as error:
        raise explain(guide, warnings, error) from error
    say(f"Built the guide of {guide.name}: {len(records)} pages in {time.monotonic() - start:.1f} s.")
    docs = Path(config.docs_dir).relative_to(guide.root)
    pages = [page_of(guide, record, html) for record, html in records]
    places = {page.path: File(str(Path(page.path).relative_to(docs)), config.docs_dir, config.site_dir, config.use_directory_urls) for page in pages}
    files = {path: Path(config.site_dir, place.dest_uri) for path, place in places.items()}
    return Built(guide, pages, files, config.site_url or "")


def explain(guide: Guide, warnings: list[str], error: BaseException) -> RunbookError:
    """Return why the build of GUIDE ended with ERROR; pages are rendered once more, to tell what is wrong on all of them."""
    render_guide(guide)
    lines = [line for line in warnings if line] or [str(error)]
    message = "\n".join([f"the guide of {guide.name} cannot be built: {lines[0]}", *(f"error: {line}" for line in lines[1:])])
    return RunbookError("site-build", message, "mkdocs.yml", next="correct the links and the navigation", status=1)


class Collector(logging.Handler):
    """Keep the warnings of a build, which `strict` makes errors."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        self.messages.append(record.getMessage())


@contextmanager
def collected_warnings() -> Iterator[list[str]]:
    """Collect what MkDocs and its plugins warn about, instead of printing it."""
    handler, logger = Collector(), logging.getLogger("mkdocs")
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield handler.messages
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


def replace_folder(draft: Path, target: Path) -> None:
    """Put DRAFT in the place of TARGET; a build that was interrupted leaves the old one whole."""
    old = draft.with_name("old")
    if target.exists():
        target.rename(old)
    draft.rename(target)


def serve_site(root: Path, say: Say, tell_address: Say) -> None:
    """Build the site, serve it on this machine, and build it again whenever a page, the project or a result changes, until Ctrl-C or SIGTERM."""
    site = build_site(root, say)

    def rebuild() -> None:
        try:
            build_site(root, say)
        except RunbookError as error:
            # The last good site stays up; the browser keeps it until the pages are right again.
            say(f"error: {error}")

    server = Server(rebuild, HOST, free_port(), str(site))
    server.tell_address = tell_address
    for path in watched(root):
        server.watch(str(path), recursive=path.is_dir())
    try:
        server.serve()  # type: ignore[no-untyped-call]
    except KeyboardInterrupt:
        say("The site is no longer served.")
        raise
    finally:
        server.shutdown()


class Server(LiveReloadServer):
    """MkDocs' own server, which tells its address once it answers there."""

    tell_address: Say

    def server_activate(self) -> None:
        """Start to listen."""
        super().server_activate()
        self.tell_address(self.url)


def watched(root: Path) -> list[Path]:
    """Return what the site is made from: pages, projects, results."""
    found = [root / name for name in ("docs", "mkdocs.yml", ".runbook/results.json")]
    for guide in guides(root):
        found += [guide.project_root / name for name in ("pyproject.toml", "setup.cfg", ".github/workflows", "README.md")]
    return [path for path in dict.fromkeys(found) if path.exists()]


def free_port() -> int:
    """Return the first port of ours that nobody uses, or any other."""
    for port in PORTS:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)):
                return port
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        number: int = probe.getsockname()[1]
        return number
