"""Every runbook block, pasted into interactive bash and zsh: the shell takes it, and after a failure nothing irreversible runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from paste_bench import COMPLAINTS, EACH_SHELL, Bench, Calls, commands_of, pasted_text

from pypi_runbook.pages.paste import is_irreversible
from pypi_runbook.pages.session import PathSpec
from pypi_runbook.pages.sybil import published

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
RUNBOOKS = ("docs/publishing/", "docs/incident/")
# This product's own upload refuses by itself what no check passed: test_paste_guarded.py holds that with the real commands.
CHECK = re.compile(r"\btwine check --strict ")
UPLOAD = re.compile(r"/twine .*\bupload\b|/(uv|poetry) publish\b")


def runbook_paths() -> list[PathSpec]:
    """Return every path of this repository's own runbooks."""
    publication = published(ROOT)
    return [spec for spec in publication.specs if spec.page.startswith(RUNBOOKS) and spec.guide == publication.guides[0].name]


@pytest.fixture(scope="module", params=EACH_SHELL)
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One interactive shell for all pages: nothing of a block may stay that troubles another page."""
    opened = Bench(tmp_path_factory.mktemp("paste"), request.param, [text for spec in runbook_paths() for text in blocks(spec)])
    yield opened
    opened.close()


def blocks(spec: PathSpec) -> list[str]:
    """Return what a reader pastes into the shell, in order."""
    return [pasted_text(snippet) for snippet in spec.snippets if snippet.language != "python"]


def distinct_blocks() -> list[str]:
    """Return every block once, in order, although several paths of a page share it."""
    return list(dict.fromkeys(text for spec in runbook_paths() for text in blocks(spec)))


def irreversible(call: str) -> bool:
    """Say whether a recorded call is one that cannot be taken back."""
    return any(is_irreversible(command) for command in commands_of(re.sub(r"^\S*/(?=scripts/)|^\S*/bin/", "", call)))


@pytest.mark.parametrize("bracketed", [True, False], ids=["bracketed", "typed"])
def test_the_shell_takes_every_block(bench: Bench, bracketed: bool) -> None:
    """No block is misread or leaves the shell waiting for more, pasted at once or line by line."""
    for text in distinct_blocks():
        _, shown = bench.paste(text, bracketed=bracketed)
        assert not COMPLAINTS.search(shown), f"{text}\n---\n{shown}"


@pytest.mark.parametrize("bracketed", [True, False], ids=["bracketed", "typed"])
def test_after_a_failure_nothing_irreversible_runs(bench: Bench, bracketed: bool) -> None:
    """Each command of each block with an upload, a push or a deletion fails in turn, and that one does not follow."""
    guarded = 0
    for text in filter(holds_irreversible, distinct_blocks()):
        calls, _ = bench.paste(text, bracketed=bracketed)
        assert any(map(irreversible, calls.before)), f"the block does not come to it:\n{text}\n{calls.before}"
        for number in range(1, len(calls.before) + 1):
            failed, _ = bench.paste(text, bracketed=bracketed, failing=number)
            assert not [call for call in failed.after if irreversible(call)], f"after {failed.before[-1]}:\n{text}"
            assert not unchecked(failed), f"after {failed.before[-1]}:\n{text}"
            guarded += 1
    assert guarded, "no runbook holds anything irreversible, so this test holds nothing"


def unchecked(calls: Calls) -> list[str]:
    """Return the uploads that no check that passed comes right before."""
    return [call for done in (calls.before, calls.after) for check, call in pairwise(["", *done]) if UPLOAD.search(call) and not CHECK.search(check)]


def holds_irreversible(text: str) -> bool:
    """Say whether a block holds anything that cannot be taken back."""
    return any(is_irreversible(command) for command in commands_of(text))


@pytest.mark.parametrize("bracketed", [True, False], ids=["bracketed", "typed"])
def test_a_whole_page_pasted_at_once_uploads_only_what_was_checked(bench: Bench, bracketed: bool) -> None:
    """Whichever check fails on the way, an upload comes only right behind one that passed; a reader may have pasted all of a path."""
    for spec in runbook_paths():
        text = "\n".join(blocks(spec))
        if any(UPLOAD.search(f"/{' '.join(command.plain)}") for command in commands_of(text)):
            calls, _ = bench.paste(text, bracketed=bracketed)
            # The other commands fail in turn in the test above, block by block.
            for number in [0, *(number for number, call in enumerate(calls.before, 1) if CHECK.search(call))]:
                failed, _ = bench.paste(text, bracketed=bracketed, failing=number)
                assert not unchecked(failed), f"{spec.label}: after {failed.before[-1]}"


@pytest.mark.parametrize("shell", EACH_SHELL)
def test_an_unsafe_block_is_seen(tmp_path: Path, shell: str) -> None:
    """The bench itself tells a block whose upload follows a failed check, and one that zsh misreads."""
    unsafe = "twine check dist/*\ntwine upload dist/*"
    opened = Bench(tmp_path, shell, [unsafe])
    for bracketed in (True, False):
        failed, _ = opened.paste(unsafe.replace("dist/*", "dist/x"), bracketed=bracketed, failing=1)
        assert [call for call in failed.after if irreversible(call)]
        if shell == "zsh":
            assert COMPLAINTS.search(opened.paste("# a comment", bracketed=bracketed)[1])
    opened.close()
