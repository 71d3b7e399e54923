"""Pages as pytest runs them: what is red, and what a red page says. Every page of the site below has one defect."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from small_site import FRONT_MATTER, Run, SmallSite, fence

pytestmark = pytest.mark.long

# The front matter has four lines, a fence begins three lines below the end of what is above it.
FIRST = FRONT_MATTER.count("\n") + 4
MARKER = f"runbook-marker-{os.getpid()}"
DETACH = 'python3 -c \'import subprocess; subprocess.Popen(["sleep", "86421"], start_new_session=True)\''
PAGES = {
    "good.md": fence("X=5") + fence("$ echo $X\n5", "console") + fence("import os\nassert os.path.exists('pyproject.toml')", "python"),
    "middle.md": fence("echo before\nfalse\necho after") + fence("echo later"),
    "output.md": fence("$ printf 'one\\ntwo\\n'\none\n2", "console"),
    "slow.md": fence(f"export MARK={MARKER}\n{DETACH}\nsh -c 'sleep 86422 & sleep 86423 &'\nsleep 86424", options='timeout="2"'),
    "process.md": fence("echo first") + fence("sleep 86425 &") + fence("echo last"),
    "file.md": fence('touch "{{ outer }}/left-behind"'),
    "exit.md": fence("true", options='exit="1"'),
    "expected.md": fence("false", options='exit="1"'),
    "python.md": fence("x = 1\n\ndef divide():\n    return x / 0\n", "python") + fence("divide()", "python"),
    "skipped.md": fence("false", options='skip="no machine can do this"'),
    "tabs.md": '\n=== "One"\n\n    ```bash\n    WAY=one\n    ```\n\n=== "Two"\n\n    ```bash\n    WAY=two\n    ```\n'
    + fence("test $WAY = one || test $WAY = two\ntest ! -e was-here\ntouch was-here"),
    "token.md": fence("printf 'Token: '; read -rs TOKEN; export TOKEN", options='input="token:testpypi"')
    + fence("test -n \"$TOKEN\"\nprintf '%s\\n' \"$TOKEN\"\nprintf 'pypi-AgE%060d\\n' 7\nfalse"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SmallSite:
    """The site; its folder is written into the page that tries to leave a file there."""
    folder = tmp_path_factory.mktemp("small")
    return SmallSite(folder, {name: text.replace("{{ outer }}", str(folder)) for name, text in PAGES.items()})


@pytest.fixture(scope="module")
def run(site: SmallSite) -> Run:
    """One run over all pages."""
    return site.pytest("-n", "2")


def result_of(site: SmallSite, page: str, line: int) -> str:
    """Return what results.json says about one snippet."""
    data = json.loads((site.folder / ".runbook" / "results.json").read_text())
    rows = data["pages"][f"small:docs/{page}"]["snippets"]
    return str(next(row["result"] for row in rows if row["line"] == line))


def test_a_page_that_works_passes(site: SmallSite, run: Run) -> None:
    """State passes from fence to fence, and each language does what its page says."""
    assert [result_of(site, "good.md", line) for line in (FIRST, FIRST + 6, FIRST + 13)] == ["passed"] * 3, run.output


def test_a_command_in_the_middle_that_fails(site: SmallSite, run: Run) -> None:
    """The block stops there, its line is named, and what comes after is not run."""
    assert run.status == 1
    message = run.output[run.output.index(f"docs/middle.md:{FIRST + 2}: this command ended with status 1") :]
    assert re.match(r".*\n  command:\n    false\n  output:\n    \| before\n", message)
    assert result_of(site, "middle.md", FIRST) == "failed"
    assert result_of(site, "middle.md", FIRST + 8) == "not-run"


def test_output_that_differs(run: Run) -> None:
    """The command's line is named, and a diff says what differs."""
    message = run.output[run.output.index(f"docs/output.md:{FIRST + 1}: the output is not what the page shows") :]
    assert "    one\n  - 2\n  + two\n" in message


def test_a_block_that_outlives_its_limit(run: Run) -> None:
    """It is ended with its whole tree: also what made its own session, and what lost its parent."""
    assert run.line_with("docs/slow.md:", "this block did not end within 2 s")
    assert not [environment for environment in environments_running() if f"MARK={MARKER}" in environment]


def environments_running() -> list[str]:
    """Return the environment of every process whose environment can be read."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found.append((folder / "environ").read_text(errors="replace"))
        except OSError:
            continue
    return found


def test_a_process_left_behind(run: Run) -> None:
    """The path fails, and the snippet that started the process is named."""
    assert run.line_with(f"docs/process.md:{FIRST + 6}: this path left behind the process `sleep 86425`")


def test_a_file_left_behind(site: SmallSite, run: Run) -> None:
    """A file in the real checkout cannot be made, or it fails the path."""
    assert re.search(rf"docs/file.md:{FIRST + 1}: (this command ended with status 1|this path left behind a file)", run.output)
    assert result_of(site, "file.md", FIRST) == "failed"


def test_an_exit_status_is_a_promise(site: SmallSite, run: Run) -> None:
    """A block that should fail and does not is red, one that fails as promised is green."""
    assert run.line_with(f"docs/exit.md:{FIRST + 1}: this command ended with status 0, the page says 1")
    assert result_of(site, "expected.md", FIRST) == "passed"


def test_python_names_the_line_of_an_earlier_fence(run: Run) -> None:
    """The traceback speaks of the page, and the failure's line is where it happened."""
    assert run.line_with(f"docs/python.md:{FIRST + 4}: this fence ended with status 1")
    assert run.line_with(f'File "docs/python.md", line {FIRST + 11}, in <module>')


def test_a_skip_is_counted_with_its_reason(site: SmallSite, run: Run) -> None:
    """A skipped snippet is neither passed nor silent, and the page's place is named."""
    assert result_of(site, "skipped.md", FIRST) == "skipped"
    assert run.line_with("SKIPPED", f"docs/skipped.md:{FIRST}", "no machine can do this")


def test_each_path_has_its_own_session(run: Run) -> None:
    """Tabs are alternatives: each runs with what stands outside them, in a fresh clone."""
    assert run.line_with("docs/tabs.md (small, One): 2 passed in")
    assert run.line_with("docs/tabs.md (small, Two): 2 passed in")


def test_a_token_is_masked(run: Run) -> None:
    """What a reader types is typed, and never shown; nor is a token that the page's own commands got."""
    assert run.line_with("| [token:testpypi]")
    assert run.line_with("| [token]")
    assert "pypi-AgE" not in run.output


def test_no_machinery_in_a_failure(run: Run) -> None:
    """A failure speaks of the page only; no traceback of Sybil, pytest or this project."""
    assert "sybil" not in run.output.lower()
    assert not re.search(r"^\S+\.py:\d+: ", run.output, re.MULTILINE)


def test_the_accounts_balance(run: Run) -> None:
    """Published is the sum of the four results, in the last line and in the results."""
    total = run.line_with("snippets:", "on all paths")
    numbers = [int(number) for number in re.findall(r"\d+", total)]
    assert numbers[0] == sum(numbers[1:])


def test_the_slowest_paths_are_named_at_the_end(run: Run) -> None:
    """All snippets of a path are one line, and the slowest comes first."""
    listed = re.findall(r"^ +([\d.]+) s  (docs/.+), small$", run.output.partition("20 slowest tests and paths of pages")[2], re.MULTILINE)
    seconds = [float(number) for number, _ in listed]
    assert seconds == sorted(seconds, reverse=True)
    assert sorted(name for _, name in listed if re.search("good|tabs", name)) == ["docs/good.md", "docs/tabs.md [One]", "docs/tabs.md [Two]"]


def test_progress_names_the_page(run: Run) -> None:
    """A line when a session starts, and one with its sum when it ends."""
    assert run.line_with("docs/good.md …")
    assert run.line_with("docs/good.md (small): 3 passed in")


def test_one_line_selects_one_snippet_and_what_it_needs(site: SmallSite) -> None:
    """`page.md:LINE` runs the snippet there on every path; the snippets above it run within its session."""
    done = site.pytest(f"docs/good.md:{FIRST + 7}")
    assert done.status == 0, done.output
    assert done.line_with("1 passed in")
    assert done.line_with("docs/good.md (small): 2 passed in")


def test_a_failure_above_the_selected_snippet_is_told(site: SmallSite) -> None:
    """The selected snippet is red when what it needs fails, and the message leads to that line."""
    done = site.pytest(f"docs/middle.md:{FIRST + 8}")
    assert done.status == 1
    assert done.line_with(f"docs/middle.md:{FIRST + 2}: this command ended with status 1")


def test_a_line_without_a_snippet_is_an_error(site: SmallSite) -> None:
    """A selection that selects nothing does not pass."""
    done = site.pytest("docs/good.md:1")
    assert done.status == pytest.ExitCode.USAGE_ERROR
    assert done.line_with("docs/good.md:1: no snippet that is run stands on line 1")


def test_a_snippet_that_was_not_run_turns_the_run_red(tmp_path: Path) -> None:
    """A page that is published and that Sybil does not get is named, though every test passed."""
    site = SmallSite(tmp_path, {"good.md": fence("true"), "forgotten.md": fence("true")})
    registration = (tmp_path / "tests/conftest.py").read_text()
    site.write("tests/conftest.py", registration.replace('pattern="*.md"', 'pattern="good.md"'))
    done = site.pytest("-n", "0")
    assert done.status == 1
    assert done.line_with(f"docs/forgotten.md:{FIRST}: published, but not run")
    assert done.line_with("1 passed")


def test_a_page_that_cannot_be_rendered_stops_the_run(tmp_path: Path) -> None:
    """What the page says wrong is told with its line before anything runs."""
    done = SmallSite(tmp_path, {"bad.md": fence("true", options='colour="red"')}).pytest()
    assert done.status == pytest.ExitCode.USAGE_ERROR
    assert done.line_with(f"docs/bad.md:{FIRST}: `colour` is no option of a fence")
