"""The live shell: what passes from block to block, where a block stops, which line it names, and how it ends."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pypi_runbook import processes
from pypi_runbook.pages.interpreter import Interpreter
from pypi_runbook.pages.shell import COMMAND, Shell


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A bash in an empty folder; whatever it started is ended."""
    processes.adopt_orphans()
    driver = tmp_path / "driver"
    driver.mkdir()
    started = Shell(driver, list(COMMAND), dict(os.environ), tmp_path)
    yield started
    started.end_all()
    started.close()


def test_state_passes_from_block_to_block(shell: Shell) -> None:
    """Folder, variables, functions and aliases of one block are there in the next."""
    assert shell.run("mkdir inner && cd inner\nX=1; export Y=2\nf() { echo from f; }\nalias hello='echo hello'").status == 0
    assert shell.run('hello\nf\necho "$X$Y ${PWD##*/}"').output == "hello\nfrom f\n12 inner\n"


@pytest.mark.parametrize(
    ("text", "line", "command"),
    [
        ("echo a\nfalse\necho b", 2, "false"),
        ("for i in 1 2; do\n  test $i = 1\ndone\necho after", 2, "test $i = 1"),
        ("(\n  false\n  echo inside\n)\necho after", 2, "false"),
        ("true\nfalse | cat\necho after", 2, "false | cat"),
        ("f() {\n  false\n  echo inside\n}\nf\necho after", 2, "false"),
        ("true\nexport X=$(false)", 2, "export X=$(false)"),
        ("set -u\necho $NOT_THERE\necho after", 2, "echo $NOT_THERE"),
        ("true\n: ${NOT_THERE:?is needed}", 2, ": ${NOT_THERE:?is needed}"),
    ],
)
def test_the_first_failing_command_ends_the_block(shell: Shell, text: str, line: int, command: str) -> None:
    """Nothing runs after it, and the innermost command is named with its line."""
    result = shell.run(text)
    assert result.failure
    assert (result.failure.line, result.failure.command) == (line, command)
    assert "after" not in result.output
    assert "inside" not in result.output


@pytest.mark.parametrize("text", ["false || true", "if false; then :; fi", "! true || true", "X=$(false) || X=1", "false && true || true"])
def test_a_failure_that_the_block_handles_is_none(shell: Shell, text: str) -> None:
    """What stands in a condition or before `||` may fail."""
    result = shell.run(f"{text}\necho after")
    assert (result.failure, result.output) == (None, "after\n")


def test_a_function_of_an_earlier_block_names_that_block(shell: Shell) -> None:
    """The failure's block is the one that the line belongs to."""
    shell.run("f() {\n  false\n}")
    failure = shell.run("true\nf").failure
    assert failure
    assert (failure.block, failure.line) == (1, 2)


def test_a_block_that_bash_cannot_read_does_not_begin(shell: Shell) -> None:
    """A syntax error on the last line keeps the first from running."""
    result = shell.run("touch made\nif true; then")
    assert result.trouble == "syntax"
    assert not (shell.folder.parent / "made").exists()


def test_a_block_that_ends_the_shell_is_told(shell: Shell) -> None:
    """`exit` ends the session, and later blocks say so."""
    assert shell.run("exit 3").trouble == "shell-ended"
    assert shell.run("true").trouble == "shell-ended"


def test_standard_input_is_empty(shell: Shell) -> None:
    """A block that reads gets the end of input, not the next block."""
    result = shell.run("cat\nread -r LINE || echo nothing")
    assert result.output == "nothing\n"


@pytest.mark.parametrize(
    "text",
    [
        "printf 'Token: '; read -rs TOKEN; export TOKEN\nprintf '%s' \"$TOKEN\"",
        'python3 -c \'import getpass; print(getpass.getpass("Token: "), end="")\'',
        'python3 -c \'import sys; assert sys.stdin.isatty(); print(input("Token: "), end="")\'',
    ],
)
def test_input_is_typed_on_a_terminal(shell: Shell, text: str) -> None:
    """A prompt gets what a reader types, also one that throws away what came too early; the terminal does not echo it."""
    result = shell.run(text, typed="secret")
    assert result.status == 0, result.output
    assert result.output.replace("\n", "") == "Token: secret"


def test_a_background_block_runs_on(shell: Shell) -> None:
    """The next block starts when the text is there, while the first still runs and no `wait` waits for it."""
    result = shell.run("echo preparing\necho ready\nsleep 30\necho over", until="ready", timeout=5)
    assert (result.status, result.output) == (0, "preparing\nready\n")
    started = time.monotonic()
    assert shell.run("wait\njobs").output == ""
    assert time.monotonic() - started < 5


def test_a_background_block_that_ends_early_is_told(shell: Shell) -> None:
    """A server that does not come up is a failure at once, with its output."""
    result = shell.run("echo no\nexit 3", until="ready", timeout=20)
    assert (result.trouble, result.output) == ("background-ended", "no\n")
    assert result.seconds < 10


def test_a_time_limit_ends_the_whole_tree(shell: Shell) -> None:
    """Also processes that left the group and lost their parent are gone."""
    before = {process.pid for process in processes.descendants()}
    detach = "import os; os.fork() or (os.setsid(), os.fork() or os.execvp('sleep', ['sleep', '86400']))"
    result = shell.run(f'python3 -c "{detach}"\nsleep 86400', timeout=1)
    assert result.trouble == "timeout"
    assert not [process for process in processes.descendants() if process.pid not in before]


def test_bash_speaks_as_in_a_terminal(shell: Shell) -> None:
    """The file of the block, which no reader has, does not show."""
    assert shell.run("no-such-command").output == "bash: no-such-command: command not found\n"


def test_python_runs_where_the_shell_stands(shell: Shell) -> None:
    """Folder and environment are the shell's at that time; names pass from fence to fence."""
    python = Interpreter(shell, shell.folder)
    shell.run("mkdir inner")
    assert python.run("x = 1", "page.md", 10).status == 0
    shell.run("cd inner\nexport COLOUR=red")
    result = python.run("import os\nprint(x, os.path.basename(os.getcwd()), os.environ['COLOUR'])", "page.md", 20)
    assert result.output == "1 inner red\n"
    python.close()


def test_python_names_the_line_of_the_page(shell: Shell) -> None:
    """A failure carries the page's line, also where Python cannot read the fence."""
    python = Interpreter(shell, shell.folder)
    raised, unreadable = python.run("x = 1\nx / 0", "page.md", 10), python.run("x = 1\nx = (", "page.md", 20)
    assert raised.failure
    assert unreadable.failure
    assert (raised.failure.line, unreadable.failure.line) == (12, 22)
    assert 'File "page.md", line 12' in raised.output
    python.close()


def test_python_has_a_time_limit_too(shell: Shell) -> None:
    """A fence that hangs ends the session."""
    python = Interpreter(shell, shell.folder)
    assert python.run("import time\ntime.sleep(60)", "page.md", 1, timeout=1).trouble == "timeout"
    python.close()
