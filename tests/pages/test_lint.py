"""The rules of pages that need no run: titles, inline commands, what is safe to paste, shellcheck."""

from __future__ import annotations

from pathlib import Path

import pytest
from minisite import ROOT, MiniSite

from pypi_runbook.errors import RunbookError
from pypi_runbook.pages import lint, paste
from pypi_runbook.pages.guides import guides
from pypi_runbook.pages.render import render_guide
from pypi_runbook.pages.shelltext import Block
from pypi_runbook.pages.snippet import Page


@pytest.fixture(name="pages", scope="module")
def _pages() -> list[Page]:
    return [page for guide in guides(ROOT) for page in render_guide(guide)]


def test_the_pages_of_both_guides_follow_the_rules(pages: list[Page]) -> None:
    """A finding says page, line and what to do."""
    lint.check(pages)


def test_shellcheck_finds_nothing_in_the_pages(pages: list[Page]) -> None:
    """Every published shell block of both guides, as it is rendered."""
    assert not [str(error) for error in lint.shellcheck(pages)]


UNSAFE = [
    ("echo one # done", "comment", 1),
    ("echo one\nexit 1", "`exit`", 2),
    ("test -d x || exit", "`exit`", 1),
    ("exec zsh", "`exec`", 1),
    ("set -e\nmake", "`set -e`", 1),
    ("set -euo pipefail", "stays in the reader's shell", 1),
    ("trap 'rm -r x' EXIT", "`trap`", 1),
    ("shopt -s globstar", "zsh has no such command", 1),
    ("poetry build\ntwine upload dist/*", "cannot be taken back", 2),
    ("twine check dist/*; twine upload dist/*", "cannot be taken back", 1),
    ("twine check dist/* || twine upload dist/*", "cannot be taken back", 1),
    ('cd x\ntrue && "$WORK/bin/twine" upload dist/*', "cannot be taken back", 2),
    ("git push origin main\ngit push --tags", "cannot be taken back", 2),
    ("scripts/check\nscripts/upload pypi", "cannot be taken back", 2),
    ("for f in dist/*; do\n  uv publish $f\ndone", "cannot be taken back", 2),
    ("make\ngh release create 1.0", "cannot be taken back", 2),
    ("echo a\nread -rs TOKEN", "reads the terminal", 2),
    ("read -rp 'Token: ' TOKEN", "another thing in zsh", 1),
    ("pip install pypi-runbook[all]", "put it in quotes", 1),
    ("curl https://pypi.org/x?y=1", "put it in quotes", 1),
    ("[ a == b ]", "write `=`", 1),
    ('echo "Done!now"', "history", 1),
]


@pytest.mark.parametrize(("text", "words", "line"), UNSAFE, ids=[text.splitlines()[-1] for text, _, _ in UNSAFE])
def test_unsafe_block_is_found_with_its_line(text: str, words: str, line: int) -> None:
    """Each of these does harm in a terminal that does not stop at a failure, or in one of the two shells."""
    found = list(paste.findings(text))
    assert any(words in message for _, message in found), found
    assert line in [number for number, message in found if words in message]


SAFE = [
    "twine upload --repository testpypi dist/*",
    "twine check --strict dist/* &&\n  twine upload dist/*",
    "cd x && git push",
    "twine upload --help\ntwine --version",
    "uv publish --dry-run\necho done",
    "printf 'TestPyPI token: '; read -rs TWINE_PASSWORD; export TWINE_PASSWORD",
    'ls | while read -r line; do\n  echo "$line"\ndone\necho after',
    "pip install 'pypi-runbook[all]'",
    "echo \"${#HOME} $(echo '#')\" '# no comment' a#b",
    "cat > x.py <<'END'\nexit(1)  # python\nEND\necho end",
    "echo 'a!b' \"${!x}\"; ! false",
    'values[1]=x\necho "${values[1]}"',
    "git log --format='%h # %s' -- docs",
    "python3 -c 'exit(0)'",
]


@pytest.mark.parametrize("text", SAFE)
def test_safe_block_is_let_through(text: str) -> None:
    """A rule that cries wolf is switched off in the end."""
    assert not list(paste.findings(text))


def test_statements_end_where_a_terminal_reads_them() -> None:
    """A loop, a continued line, a list and a here-document are one input each."""
    text = "for x in 1; do\n  echo $x\ndone\na \\\n  b &&\nc\ncat <<EOF\nx\nEOF\nlast 2>&1 | tee log"
    assert [statement.line for statement in Block(text).statements] == [1, 4, 7, 10]


def test_a_published_unsafe_block_says_its_page_and_line(tmp_path: Path) -> None:
    """The rule reads the block as published, tabs and values included; console blocks too."""
    site = MiniSite(tmp_path)
    page = site.render('\n=== "A"\n\n    ```bash\n    echo {{ project.name }}\n    exit\n    ```\n\n```console\n$ true\n$ set -e\n```\n')
    with pytest.raises(RunbookError) as caught:
        lint.check([page])
    assert "docs/index.md:9: `exit`" in str(caught.value)
    assert "docs/index.md:14: `set -e`" in str(caught.value)


def test_console_that_begins_with_output_is_an_error(tmp_path: Path) -> None:
    """Without a prompt nothing would be run."""
    with pytest.raises(RunbookError, match="output without a command"):
        lint.check([MiniSite(tmp_path).render("\n```console\necho hi\n```\n")])


INLINE = [
    ("`twine upload dist/*`", True),
    ("`poetry publish --build`", True),
    ("`pip install nautobot-ai-ops`", True),
    ("`python -m build`", True),
    ("`scripts/upload pypi`", True),
    ("`uv publish`", True),
    ("`{{ commands.verify }} testpypi`", True),
    ("`poetry build`", False),
    ("`poetry build --clean`", False),
    ("`twine`", False),
    ("`pypi-runbook doctor`", False),
    ("`poetry run`", False),
    ("`git push`", False),
    ("`$ poetry`", False),
]


@pytest.mark.parametrize(("text", "refused"), INLINE)
def test_inline_command_must_be_one_that_a_block_runs(tmp_path: Path, text: str, refused: bool) -> None:
    """A command in the running text is copied too, so it must be one that was run, or only the name of one."""
    page = MiniSite(tmp_path).render(f"\nType {text}.\n\n```bash\nx && poetry build --clean\n```\n\n```text\ntwine upload dist/*\n```\n")
    found = [str(error) for error in lint.problems([page])]
    assert bool(found) is refused
    assert all("docs/index.md:5: " in words for words in found)


def test_a_skipped_block_does_not_vouch_for_inline_commands(tmp_path: Path) -> None:
    """What is skipped was not run."""
    page = MiniSite(tmp_path).render('\n`gh auth login --web`\n\n```bash skip="needs a browser"\ngh auth login --web\n```\n')
    assert [error.id for error in lint.problems([page])] == ["inline-command"]


def test_two_pages_with_one_title_are_an_error(tmp_path: Path) -> None:
    """In search results they could not be told apart."""
    site = MiniSite(tmp_path)
    for name in ("a.md", "b.md"):
        site.write(name, "\nText\n", title="The same")
    with pytest.raises(RunbookError, match=r"docs/b.md:1: the title “The same” is that of docs/a.md too"):
        lint.check(render_guide(site.guide))


def test_a_page_without_a_title_is_an_error(tmp_path: Path) -> None:
    """Its file name would be shown instead."""
    site = MiniSite(tmp_path)
    site.write("a.md", "\nText\n", title="''")
    assert [(error.id, error.file) for error in lint.problems(render_guide(site.guide))] == [("no-title", "docs/a.md")]


def test_a_fault_that_the_twin_does_not_have_is_an_error(tmp_path: Path) -> None:
    """The front matter is read before anything runs, and the nearest fault is named."""
    site = MiniSite(tmp_path)
    site.write("a.md", "\nText\n", title="A", fault="[outage:requests=2, lags]")
    (error,) = lint.problems(render_guide(site.guide))
    assert (error.id, error.file, error.next) == ("unknown-fault", "docs/a.md", "do you mean lag?")


def test_shellcheck_names_page_and_line(tmp_path: Path) -> None:
    """Its finding leads to the line of the page, not of a file that nobody has."""
    page = MiniSite(tmp_path).render("\n```bash\ntrue\necho $HOME/*.txt $(\n```\n\n```console\n$ cat `ls`\n```\n")
    found = [str(error) for error in lint.shellcheck([page])]
    assert any(text.startswith("docs/index.md:7: shellcheck SC") for text in found)
    assert any(text.startswith("docs/index.md:11: shellcheck SC2006") for text in found)
