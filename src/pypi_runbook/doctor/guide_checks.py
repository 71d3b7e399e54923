"""The guide's checks, each of which looks at one page; a page is read once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pypi_runbook.doctor import guide_commands, guide_options, guide_words
from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.guide_pages import Page, guide_pages
from pypi_runbook.finding import Finding

PAGE_CHECKS: tuple[Callable[[Page], Iterable[Finding]], ...] = (
    guide_options.removed,
    guide_options.not_installed,
    guide_options.outside,
    guide_commands.pushes_every_tag,
    guide_commands.deletes_tag,
    guide_commands.testpypi_alone,
    guide_commands.publishes_anonymously,
    guide_commands.keeps_old_files,
    guide_commands.purges_cache,
    guide_commands.placeholders,
    guide_words.registers_name,
    guide_words.wrong_form,
    guide_words.cannot_reupload,
    guide_words.secrets,
    guide_words.publisher_fields,
    guide_words.missing_files,
    guide_words.stale_copies,
)


def check_guide(checkup: Checkup) -> Iterator[Finding]:
    """Find what the project's own guide says about releasing and is not so, or does harm when somebody pastes it."""
    for page in guide_pages(checkup):
        for check in PAGE_CHECKS:
            yield from check(page)
