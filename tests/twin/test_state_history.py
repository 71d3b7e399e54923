"""What an index remembers: files, releases and projects that came, closed, were yanked and went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sending import send

from pypi_runbook.rules.sample import make_sdist, make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from people import Person

    from pypi_runbook.twin import Twin

pytest_plugins = ["people"]
INDEX = "testpypi"
DAY = 24 * 3600
USED = "This filename was previously used by a file that has since been deleted."
CLOSED = "Uploading new files to releases older than 14 days is not allowed."


@pytest.fixture(autouse=True)
def real_time(twin: Twin) -> Iterator[None]:
    """Put the clock back afterwards."""
    yield
    twin.perform("clock", offset=0)


def account(twin: Twin, name: str) -> str:
    """Return a token of the account called NAME."""
    twin.perform("account", name=name)
    return str(twin.perform("token", account=name)["token"])


@pytest.mark.parametrize("what", [("1.0", "gone_1-1.0-py3-none-any.whl"), ("1.0",), ()])
def test_a_deleted_name_stays_used(twin: Twin, person: Person, what: tuple[str, ...]) -> None:
    """Whether a file, its release or the whole project was deleted, the same file comes back under no name of its own."""
    name = f"gone-{len(what) - 1 if what else 2}"
    wheel = make_wheel(person.work, name)
    assert send(person, wheel).status == 200

    twin.perform("delete", project=name, **dict(zip(("version", "filename"), what, strict=False)))

    assert twin.files(INDEX, name) == []
    assert send(person, wheel).words.startswith(USED)
    assert send(person, make_wheel(person.work, name, "1.1")).status == 200


def test_a_deleted_project_is_anybodys(twin: Twin, person: Person) -> None:
    """Another account can have the name; the file names stay used for it too, and the first owner's tokens are of no use."""
    wheel = make_wheel(person.work, "inherited")
    assert send(person, wheel).status == 200
    scoped = str(twin.perform("token", projects=["inherited"])["token"])
    twin.perform("delete", project="inherited")
    heir = account(twin, "heir")
    assert send(person, wheel, heir).words.startswith(USED)

    assert send(person, make_wheel(person.work, "inherited", "2.0"), heir).status == 200

    later = make_wheel(person.work, "inherited", "3.0")
    assert send(person, later).words.startswith("The user 'maintainer' isn't allowed to upload to project 'inherited'.")
    # The limit by name still fits; the one by id does not.
    sentence = "project-scoped token is not valid for project: 'inherited'"
    assert send(person, later, scoped).words == f"Invalid API Token: {sentence}, {sentence}"


def test_a_deleted_project_does_not_uncover_the_real_one(twin: Twin, person: Person) -> None:
    """On PyPI nothing is read through under a name that was the twin's own once."""
    assert send(person, make_wheel(person.work, "six", "99"), index="pypi").status == 200

    twin.perform("delete", project="six", index="pypi")

    page = person.run("curl", "--silent", "--output", "page", "--write-out", "%{http_code}", "https://pypi.org/simple/six/", enclosed=False)
    assert page.stdout == "404"


def test_a_release_closes_after_fourteen_days(twin: Twin, person: Person) -> None:
    """It counts from the release's first file; the same file again is taken as ever, and a release that was deleted opens anew."""
    wheel, sdist = make_wheel(person.work, "aged"), make_sdist(person.work, "aged")
    assert send(person, wheel).status == 200
    twin.perform("clock", offset=13.9 * DAY)
    other = make_wheel(person.work, "aged", tag="py3-none-win_amd64")
    assert send(person, other).words.startswith("File already exists"), "other bytes are needed for another name"
    other = make_wheel(person.work, "aged", tag="py3-none-win_amd64", files={"windows.py": ""})
    assert send(person, other).status == 200
    twin.perform("clock", offset=14.1 * DAY)

    assert send(person, sdist).words == CLOSED
    assert send(person, wheel).status == 200
    make_wheel(person.work, "aged", files={"more.py": ""})
    assert send(person, wheel).words.startswith("File already exists")
    twin.perform("delete", project="aged", version="1.0", filename=other.name)
    assert send(person, other).words.startswith(USED)
    assert send(person, sdist).words == CLOSED

    twin.perform("delete", project="aged", version="1.0")

    assert send(person, sdist).status == 200


def test_versions_that_compare_equal_are_one_release(twin: Twin, person: Person) -> None:
    """A file of 1.0.0 joins the release 1.0: it closes with it, and there is one sdist for both."""
    assert send(person, make_sdist(person.work, "equal")).status == 200
    assert send(person, make_sdist(person.work, "equal", "1.0.0")).words == "Only one sdist may be uploaded per release."

    assert send(person, make_wheel(person.work, "equal", "1.0.0")).status == 200

    assert [(file.filename, file.version) for file in twin.files(INDEX, "equal")] == [
        ("equal-1.0.tar.gz", "1.0"),
        ("equal-1.0.0-py3-none-any.whl", "1.0"),
    ]
    twin.perform("clock", offset=15 * DAY)
    assert send(person, make_wheel(person.work, "equal", "1.0.0.0")).words == CLOSED


def test_a_yank_is_of_the_release(twin: Twin, person: Person) -> None:
    """All its files are yanked, also one that comes later, until it is taken back."""
    assert send(person, make_wheel(person.work, "yanked")).status == 200
    assert send(person, make_wheel(person.work, "yanked", "2.0")).status == 200

    twin.perform("yank", project="yanked", version="1.0.0", reason="does not start")
    assert send(person, make_sdist(person.work, "yanked")).status == 200

    reasons = [(file.version, file.yanked) for file in twin.files(INDEX, "yanked")]
    assert reasons == [("1.0", "does not start"), ("2.0", None), ("1.0", "does not start")]
    twin.perform("unyank", project="yanked", version="1.0")
    assert {file.yanked for file in twin.files(INDEX, "yanked")} == {None}


def test_a_project_shows_the_name_of_its_last_upload(twin: Twin, person: Person) -> None:
    """Another spelling renames the project, and the words of a refusal have the old one until then."""
    stranger = account(twin, "stranger")
    assert send(person, make_wheel(person.work, "spelled-name")).status == 200

    answer = send(person, make_wheel(person.work, "Spelled.Name", "2.0"), stranger)
    assert "upload to project 'spelled-name'" in answer.words
    assert send(person, make_wheel(person.work, "Spelled.Name", "2.0")).status == 200
    assert "upload to project 'Spelled.Name'" in send(person, make_wheel(person.work, "spelled-name", "3.0"), stranger).words


def test_accounts_and_projects_survive_a_restart(tmp_path: Path) -> None:
    """A kept state has its accounts, tokens, roles and flags, and the next twin goes on with them."""
    from people import Person

    from pypi_runbook.twin import Twin

    with Twin.start(tmp_path / "state") as twin:
        token = account(twin, "keeper")
        assert send(Person(twin, tmp_path), make_wheel(tmp_path, "kept"), token).status == 200
        twin.perform("yank", project="kept", version="1.0")
        first = twin.token(INDEX)
        twin.perform("flag", name="disallow-new-project-registration")

    with Twin.start(tmp_path / "state") as twin:
        person = Person(twin, tmp_path)
        assert twin.token(INDEX) == first
        assert [file.yanked for file in twin.files(INDEX, "kept")] == [""]
        assert send(person, make_wheel(tmp_path, "kept", "2.0"), token).status == 200
        assert send(person, make_wheel(tmp_path, "brand-new"), token).words.startswith("New project registration temporarily disabled.")
