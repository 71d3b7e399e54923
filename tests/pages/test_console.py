"""Console fences: which lines are commands, and when real output counts as what the page shows."""

from __future__ import annotations

import pytest

from pypi_runbook.pages.console import PLACEHOLDERS, Comparison, plain_lines, read_console

SAMPLES = {
    "version": ["1.0", "2.31.0rc1", "v7.0.1", "1!2.0+local.1", "2026.1.4"],
    "hash": ["d41d8cd98f00b204e9800998ecf8427e", "0903e96"],
    "time": ["0.12s", "12:30:01", "2026-01-02T03:04:05Z", "3 minutes", "00:00", "1.5 seconds"],
    "url": ["https://test.pypi.org/project/x/1.0/", "http://127.0.0.1:8000"],
    "path": ["/tmp/pypi-runbook-x/home", "dist/x-1.0.tar.gz", "~/.venv"],
    "size": ["12.3 kB", "1,5"[:1], "300 bytes", "5MB", "10/"[:2]],
    "any": ["", "anything at all: 5"],
}


def test_every_placeholder_has_samples() -> None:
    """The list of placeholders is closed."""
    assert set(SAMPLES) == set(PLACEHOLDERS)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in SAMPLES.items() for text in texts])
def test_a_placeholder_stands_for_its_type(name: str, text: str) -> None:
    """What clients print of a type matches it, between other words."""
    assert not Comparison().differs([f"a <{name}> b"], f"a {text} b\n")


@pytest.mark.parametrize(("name", "text"), [("version", "later"), ("hash", "xyz"), ("url", "pypi.org"), ("time", "soon"), ("size", "big")])
def test_a_placeholder_stands_for_nothing_else(name: str, text: str) -> None:
    """Another kind of text is a difference."""
    assert Comparison().differs([f"a <{name}> b"], f"a {text} b\n")


def test_the_same_placeholder_means_the_same_text() -> None:
    """Twice in a fence, also below another command, it must match what it matched first."""
    comparison = Comparison()
    assert not comparison.differs(["<version>", "<version>"], "1.0\n1.0\n")
    assert "<version> stood for '1.0' above" in comparison.differs(["now <version>"], "now 2.0\n")
    assert Comparison().differs(["<version> <version>"], "1.0 2.0\n")


def test_numbers_make_placeholders_different() -> None:
    """<hash:1> and <hash:2> may be two texts."""
    assert not Comparison().differs(["<hash:1> <hash:2> <hash:1>"], "abcdef1 abcdef2 abcdef1\n")


def test_dots_stand_for_any_lines() -> None:
    """`...` alone stands for some lines or none; within a line it is itself."""
    assert not Comparison().differs(["first", "...", "last"], "first\nlast\n")
    assert not Comparison().differs(["first", "...", "last"], "first\n1\n2\nlast\n")
    assert Comparison().differs(["wait ..."], "wait for it\n")


def test_nothing_below_a_command_means_no_output() -> None:
    """A command that is shown without output must print nothing."""
    assert not Comparison().differs([], "")
    assert Comparison().differs([], "a warning\n") == "  + a warning"


def test_a_difference_shows_the_fewest_lines() -> None:
    """Lines that agree stand between, with the placeholders' real text."""
    difference = Comparison().differs(["Checking <path>", "PASSED", "...", "done"], "Checking dist/x.whl\nFAILED\nwhy\ndone\n")
    assert difference.split("\n") == ["    Checking dist/x.whl", "  - PASSED", "    FAILED", "    why", "    done"]


def test_text_is_no_pattern() -> None:
    """Brackets, dots and stars on the page are what they are."""
    assert not Comparison().differs(["a.b [x] (y) *"], "a.b [x] (y) *\n")
    assert Comparison().differs(["a.b"], "axb\n")


def test_output_is_compared_as_a_terminal_shows_it() -> None:
    """Colours are gone, a progress line is its last state, trailing blanks and empty lines at the end do not count."""
    assert plain_lines("\x1b[32mok\x1b[0m  \n10%\r100%\nend\r\n\n") == ["ok", "100%", "end"]


def test_commands_and_their_continuation() -> None:
    """Lines after `> ` directly below a command belong to it; further down they are output."""
    first, second = read_console("$ echo a \\\n> b\na b\n> quoted\n$ true")
    assert (first.text, first.line, first.expected) == ("echo a \\\nb", 1, ["a b", "> quoted"])
    assert (second.text, second.line, second.expected) == ("true", 5, [])


def test_output_without_a_command_is_an_error() -> None:
    """A fence that begins with output was meant to be something else."""
    with pytest.raises(ValueError, match="line 1 of the fence is output without a command"):
        read_console("hello")
