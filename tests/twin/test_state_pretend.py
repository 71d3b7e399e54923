"""What `pypi-runbook pretend` offers for accounts and projects, what it says, and what it does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from pypi_runbook.cli.pretend import REST, command
from pypi_runbook.errors import RunbookError
from pypi_runbook.rules.sample import make_wheel
from pypi_runbook.twin.account_actions import ACTIONS as OF_ACCOUNTS
from pypi_runbook.twin.flags import FLAGS
from pypi_runbook.twin.project_actions import ACTIONS as OF_PROJECTS

if TYPE_CHECKING:
    from people import Person

    from pypi_runbook.twin import Twin

pytest_plugins = ["people"]
INDEX = "testpypi"
MINE = f"{INDEX}:mine"
SCRIPT = """
set -e
pretend() { pypi-runbook pretend "$@"; }
pretend account other --no-2fa
pretend register theirs --account other
pretend role theirs maintainer maintainer
pretend organization them --inactive --project theirs
pretend flag disallow-new-upload --index pypi
pretend limit theirs --file 200MB --total 20GB
pretend project theirs --status archived --holds 1GB
pretend yank mine 1.0 --reason 'does not start'
pretend delete mine 2.0 mine-2.0-py3-none-any.whl
pretend revoke --account other
"""
SAID = """other on TestPyPI has a verified address, has no two-factor authentication, and is not frozen
theirs on TestPyPI belongs to other
maintainer is maintainer in theirs on TestPyPI
the organization them on TestPyPI is inactive and owns theirs
PyPI: disallow-new-upload is on, which stops uploads
theirs on TestPyPI: file limit 200 MB, total limit 20 GB
theirs on TestPyPI is archived and is taken to hold 1GB besides its files
mine 1.0 on TestPyPI is yanked
mine-2.0-py3-none-any.whl is deleted from TestPyPI; its name can never be used again
0 tokens of other on TestPyPI deleted; `pretend token` makes a new one
"""


@pytest.fixture(scope="module", autouse=True)
def mine(twin: Twin, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A project with two releases."""
    from people import Person

    folder = tmp_path_factory.mktemp("mine")
    assert Person(twin, folder).upload(INDEX, make_wheel(folder, "mine"), make_wheel(folder, "mine", "2.0")).returncode == 0


def test_every_action_is_a_command_in_its_place() -> None:
    """The help lists each action on accounts and projects under the page where a person does it, not under the rest."""
    shown = CliRunner().invoke(command, ["--help"], terminal_width=200).output
    places, _, rest = shown.partition(f"\n{REST}:\n")

    for action in (*OF_ACCOUNTS, *OF_PROJECTS):
        assert f"\n  {action} " in places, action
        assert f"\n  {action} " not in rest


def test_help_names_every_flag() -> None:
    """`pretend flag --help` is where the names of the flags stand."""
    listed = CliRunner().invoke(command, ["flag", "--help"]).output

    for name, stops in FLAGS.items():
        assert f"{name} " in listed
        assert stops in listed


def test_another_word_is_answered_with_those_that_there_are() -> None:
    """Who guesses a command's name reads all of them."""
    done = CliRunner().invoke(command, ["unpublish", "mine"])

    assert done.exit_code == 2
    assert "there is nothing called unpublish to pretend; choose from account, " in done.output
    assert " unyank, yank" in done.output


def test_a_twin_that_is_gone_is_no_twin(person: Person) -> None:
    """A terminal that outlived its twin is told so, also when it would start another one."""
    done = person.run("pypi-runbook", "twin", PYPI_RUNBOOK_TWIN="http://127.0.0.1:9/control/gone")

    assert done.returncode == 2
    assert "the twin around this terminal does not answer" in done.stdout
    assert "open another terminal" in done.stdout


def test_a_person_does_each_thing_once(twin: Twin, person: Person) -> None:
    """Each command says in one sentence what it did, and has done it."""
    done = person.run("sh", "-c", SCRIPT)

    assert (done.returncode, done.stdout) == (0, SAID)
    assert [(file.version, file.yanked) for file in twin.files(INDEX, "mine")] == [("1.0", "does not start")]
    refused = person.upload(INDEX, make_wheel(person.work, "theirs"))
    assert "The user 'maintainer' isn't allowed to upload to project 'theirs'." in refused.stdout
    assert "New uploads are temporarily disabled." in person.upload("pypi", make_wheel(person.work, "theirs")).stdout


def test_a_token_is_all_that_stdout_has(person: Person) -> None:
    """So it can go into a variable without being shown."""
    script = "pypi-runbook pretend token --project mine 2>words >token && wc --lines <token && cut -c1-5 <token && cat words"
    done = person.run("sh", "-c", script)

    assert done.stdout == "1\npypi-\na token of maintainer on TestPyPI for mine\n"


@pytest.mark.parametrize(
    ("action", "arguments", "message", "advice"),
    [
        ("yank", {"project": "nine", "version": "1.0"}, "TestPyPI has no project named nine", "mine"),
        ("yank", {"project": "mine", "version": "1.0", "index": "pypi"}, "PyPI has no project named mine", "it is on TestPyPI: add --index testpypi"),
        ("yank", {"project": "mine", "version": "7"}, "TestPyPI has no release of mine named 7", "choose from 1.0"),
        ("delete", {"project": "mine", "version": "1", "filename": "x"}, "no file of mine 1.0 named x", "choose from mine-1.0-py3-none-any.whl"),
        ("role", {"project": "mine", "account": "nobody-here", "role": "owner"}, "no account named nobody-here", "choose from maintainer"),
        ("role", {"project": "mine", "account": "maintainer", "role": "king"}, "no role named king", "choose from owner, maintainer, nobody"),
        ("project", {"name": "mine", "status": "deleted"}, "no status named deleted", "choose from active, archived, quarantined"),
        ("project", {"name": "mine", "holds": "much"}, "'much' is not a size", "write it as a number with MB or GB"),
        ("limit", {"project": "mine", "file": "2GB"}, "cannot set the file limit to 2GB", "choose 100 MB or more, up to 1 GB"),
        ("flag", {"name": "everything"}, "no flag named everything", "choose from read-only, "),
        ("account", {"name": "-"}, "'-' is not a user name", "use up to 50 letters"),
        ("token", {"account": "third", "projects": ["mine"]}, "third has no role in mine", "pypi-runbook pretend role mine third maintainer"),
        ("register", {"name": "Mine", "account": "third"}, "TestPyPI has a project named mine already", "delete it first"),
        ("register", {"name": "json", "account": "third"}, "conflict with Python Standard Library", ""),
        ("account", {"name": "x", "index": "cheese"}, "there is no index named cheese", "choose from pypi, testpypi"),
        ("yank", {}, "the action yank cannot be read", ""),
    ],
)
def test_what_is_not_there_is_explained(twin: Twin, action: str, arguments: dict[str, Any], message: str, advice: str) -> None:
    """An unknown name is answered with those that exist, and with what to do."""
    twin.perform("account", name="third")

    with pytest.raises(RunbookError) as caught:
        twin.perform(action, **arguments)

    assert message in caught.value.message
    assert advice in (caught.value.next or "")


def test_archived_and_quarantined_do_not_mix(twin: Twin) -> None:
    """Owners cannot archive what administrators quarantined."""
    twin.perform("account", name="owner-of-it")
    twin.perform("register", name="mixed", account="owner-of-it")
    assert "frozen" in twin.perform("project", name="mixed", status="quarantined")["said"]

    with pytest.raises(RunbookError, match="is quarantined, and cannot be archived"):
        twin.perform("project", name="mixed", status="archived")
    twin.perform("project", name="mixed", status="active")
    assert twin.perform("project", name="mixed", status="archived")["said"] == "mixed on TestPyPI is archived"


def test_the_twin_says_how_to_go_on(tmp_path: Path) -> None:
    """A shell is told of tokens and `pretend`; the end names the page about a refusal, and how to keep what was uploaded."""
    make_wheel(tmp_path, "left-over")
    upload = "TWINE_PASSWORD=$PYPI_RUNBOOK_TOKEN_TESTPYPI twine upload --non-interactive -u __token__ -r"
    script = f"{upload} testpypi *.whl; {upload} pypi *.whl; pypi-runbook pretend clock +1h\n"
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, "-m", "pypi_runbook", "twin", "--", "sh"],
        input=script, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = done.stderr.splitlines()

    assert lines[1] == "twin: upload with the user name __token__ and the password in PYPI_RUNBOOK_TOKEN_TESTPYPI, or in PYPI_RUNBOOK_TOKEN_PYPI"
    assert lines[2].startswith("twin: `pypi-runbook pretend --help` lists")
    assert any(line.endswith("#invalid-auth for more information. (troubleshooting/invalid-authentication.md)") for line in lines)
    assert "twin: TestPyPI holds left_over-1.0-py3-none-any.whl" in lines
    assert "twin: these indexes are gone now; `pypi-runbook twin --state FOLDER` keeps them for the next time" in lines
