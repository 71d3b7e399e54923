"""Registering publishers by the forms' own rules, and what becomes of pending ones."""

from __future__ import annotations

import time

import pytest
from identities import answer_in, claims_of, exchange, register
from people import Person

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.indexes import PYPI
from pypi_runbook.rules.sample import make_wheel
from pypi_runbook.twin import Twin
from pypi_runbook.twin.trusted import forms
from pypi_runbook.twin.trusted.publishers import Publisher

pytest_plugins = ["people"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"owner": ""}, "Owner: Specify GitHub repository owner (username or organization)"),
        ({"owner": "octo cat"}, "Owner: Invalid GitHub user or organization name."),
        ({"owner": "-octo"}, "Owner: Invalid GitHub user or organization name."),
        ({"repository": ""}, "Repository name: Specify repository name"),
        ({"repository": "a b"}, "Repository name: Invalid repository name"),
        ({"workflow": " "}, "Workflow name: Specify workflow filename"),
        ({"workflow": "Publish"}, "Workflow name: Workflow name must end with .yml or .yaml"),
        ({"workflow": ".github/workflows/w.yml"}, "Workflow name: Workflow filename must be a filename only, without directories"),
        ({"environment": "e" * 256}, "Environment name: Environment name is too long (maximum is 255 characters)"),
        ({"environment": " e"}, "Environment name: Environment name may not start with whitespace"),
        ({"environment": "e "}, "Environment name: Environment name may not end with whitespace"),
        ({"environment": "a,b"}, "Environment name: Environment name must not contain non-printable characters or the characters"),
        ({"owner": "", "workflow": ""}, "Owner: Specify GitHub repository owner (username or organization)"),
    ],
)
def test_form_refuses(change: dict[str, str], words: str) -> None:
    """The form says against each field what PyPI's says, the first wrong one first."""
    fields = {"owner": "octo", "repository": "project", "workflow": "w.yml", "environment": "pypi"} | change
    with pytest.raises(RunbookError) as caught:
        forms.checked(PYPI, Publisher(**fields))
    assert caught.value.message.startswith(f"PyPI says: The trusted publisher could not be registered. {words}")


def test_form_keeps_what_pypi_keeps() -> None:
    """The owner is spelled as on GitHub, the environment in small letters, the file's name without blanks around it."""
    kept = forms.checked(PYPI, Publisher("OCTO", "Project", " w.yml ", "PyPI"), ["Octo"])
    assert kept == Publisher("Octo", "Project", "w.yml", "pypi")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "Specify project name"),
        ("-x", "Invalid project name"),
        ("os", "conflict with the Python standard library"),
        ("requirements.txt", "This project name isn't allowed"),
        ("mine", "This project already exists: use the project's publishing settings"),
        ("Theirs", "This project already exists."),
        ("m1ne", "This project name is too similar to an existing project"),
    ],
)
def test_pending_form_looks_at_the_name(name: str, words: str) -> None:
    """A name that no new project may have is refused where it is typed."""
    with pytest.raises(RunbookError, match="PyPI Project Name") as caught:
        forms.check_project(PYPI, name, {"mine": True, "theirs": False})
    assert words in caught.value.message


def test_three_pending_publishers_and_no_more(person: Person) -> None:
    """An account has at most three pending publishers on an index, and none twice; one that is removed makes room."""
    for number in range(3):
        register(person, f"pending-{number}", f"octo/pending-{number}/w.yml", index="testpypi")
    with pytest.raises(RunbookError, match="You can't register more than 3 pending trusted publishers at once"):
        register(person, "pending-3", "octo/pending-3/w.yml", index="testpypi")
    done = person.run("pypi-runbook", "pretend", "pending-publisher", "remove", "pending-2", "octo/pending-2/w.yml")
    assert (done.returncode, done.stdout) == (0, "removed octo/pending-2/w.yml\n")
    with pytest.raises(RunbookError, match=r"This trusted publisher has already been registered\."):
        register(person, "pending-0", "octo/pending-0/w.yml", index="testpypi")
    with pytest.raises(RunbookError, match="already been registered for a different project name"):
        register(person, "pending-9", "octo/pending-0/w.yml", index="testpypi")


def test_pending_publisher_lives_for_thirty_days(twin: Twin, person: Person) -> None:
    """After 30 days a pending publisher is gone, and its job is told that there is none."""
    register(person, "expiring", "octo/expiring/publish.yml@pypi")
    twin.set_clock(lambda: time.time() + 30 * 24 * 3600 - 60)
    try:
        assert [each["projects"] for each in twin.perform("list-publishers", index="pypi", pending=True)["publishers"]] == [["expiring"]]
        twin.set_clock(lambda: time.time() + 30 * 24 * 3600 + 60)
        assert "Publisher with matching claims was not found" in answer_in(exchange(person, claims_of("expiring")).stdout).description
        assert twin.perform("list-publishers", index="pypi", pending=True) == {"publishers": []}
    finally:
        twin.set_clock(time.time)


def test_publisher_of_a_project_that_exists(twin: Twin, person: Person) -> None:
    """The form in a project's settings needs the project and its owner, and takes one publisher once, for several projects too."""
    with pytest.raises(RunbookError, match="does not exist on PyPI"):
        register(person, "settings-1", "octo/mono/publish.yml@pypi", pending=False)
    for name in ("settings-1", "settings-2"):
        assert person.upload("pypi", make_wheel(person.folder, name)).returncode == 0
        register(person, name, "octo/mono/publish.yml@pypi", pending=False)
    with pytest.raises(RunbookError, match=r"publish\.yml is already registered with settings-1"):
        register(person, "settings-1", "octo/mono/publish.yml@pypi", pending=False)
    twin.perform("account", index="pypi", name="stranger")
    fields = {"owner": "octo", "repository": "r", "workflow": "w.yml", "environment": ""}
    with pytest.raises(RunbookError, match="belongs to somebody else than stranger"):
        twin.perform("add-publisher", index="pypi", project="settings-1", publisher=fields, pending=False, account="stranger")
    listed = person.run("pypi-runbook", "pretend", "publisher", "list", "--index", "pypi").stdout
    assert "PyPI: settings-1, settings-2: octo/mono/publish.yml@pypi (registered)\n" in listed


def test_somebody_else_takes_the_name(twin: Twin, person: Person) -> None:
    """A pending publisher ends when another account makes a project that looks like its own."""
    register(person, "lost-name", "octo/lost/publish.yml@pypi")
    twin.perform("account", index="pypi", name="quicker")
    twin.perform("register", index="pypi", name="l0st.name", account="quicker")
    assert twin.perform("list-publishers", index="pypi", pending=True) == {"publishers": []}


def test_flags_and_accounts_close_the_forms(twin: Twin, person: Person) -> None:
    """Without a verified address there is no pending publisher, and administrators can switch the forms off."""
    twin.perform("account", index="pypi", name="new", verified=False)
    fields = {"owner": "octo", "repository": "r", "workflow": "w.yml", "environment": ""}
    with pytest.raises(RunbookError, match="You must have a verified email"):
        twin.perform("add-publisher", index="pypi", project="n", publisher=fields, pending=True, account="new")
    twin.perform("flag", index="pypi", name="disallow-github-oidc")
    try:
        with pytest.raises(RunbookError, match="GitHub-based trusted publishing is temporarily disabled"):
            register(person, "n", "octo/r/w.yml")
    finally:
        twin.perform("flag", index="pypi", name="disallow-github-oidc", on=False)


def test_a_hundred_registrations_a_day(twin: Twin) -> None:
    """The 101st registration of a day is refused, right or wrong; the next day the form is open again."""
    twin.perform("account", index="pypi", name="busy")
    fields = {"owner": "octo", "repository": "r", "workflow": "wrong", "environment": ""}
    arguments = {"index": "pypi", "project": "busy-project", "pending": True, "account": "busy"}
    for _ in range(100):
        with pytest.raises(RunbookError, match="must end with"):
            twin.perform("add-publisher", publisher=fields, **arguments)
    with pytest.raises(RunbookError, match="too many attempted trusted publisher registrations"):
        twin.perform("add-publisher", publisher=fields, **arguments)
    twin.set_clock(lambda: time.time() + 24 * 3600 + 1)
    try:
        twin.perform("add-publisher", publisher=fields | {"workflow": "w.yml"}, **arguments)
    finally:
        twin.set_clock(time.time)
        twin.perform("remove-publisher", publisher=fields | {"workflow": "w.yml"}, index="pypi", project="busy-project", pending=True)
