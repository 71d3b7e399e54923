"""A state folder that nobody can work with: each kind of it is named, and left as it is."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin.database import Database
from pypi_runbook.twin.store import Store

ELSEWHERE = "--state"


def refused(folder: Path) -> RunbookError:
    """Return why no state can be opened in FOLDER."""
    with pytest.raises(RunbookError) as caught:
        Store(folder)
    assert ELSEWHERE in str(caught.value.next)
    return caught.value


def test_a_state_in_use_is_left_to_its_user(tmp_path: Path) -> None:
    """A second twin does not get the state of one that runs, also not from another process, and gets it afterwards."""
    first = Store(tmp_path)
    assert refused(tmp_path).id == "state-in-use"
    code = f"from pathlib import Path; from pypi_runbook.twin.store import Store; Store(Path({str(tmp_path)!r}))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "another twin uses this state" in other.stderr
    first.close()

    Store(tmp_path).close()


@pytest.mark.parametrize(("version", "id_"), [(99, "state-newer"), (0, "state-older")])
def test_a_state_of_another_version_is_not_touched(tmp_path: Path, version: int, id_: str) -> None:
    """Nothing is added to it, so that the version which made it can go on."""
    with sqlite3.connect(tmp_path / "twin.sqlite") as database:
        database.execute("CREATE TABLE things (name TEXT)")
        database.execute(f"PRAGMA user_version = {version}")
    database.close()

    assert refused(tmp_path).id == id_

    with sqlite3.connect(tmp_path / "twin.sqlite") as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("things",)]
    database.close()


def test_a_damaged_state_is_not_repaired(tmp_path: Path) -> None:
    """What is no database stays what it was."""
    content = b"This was a database once, and somebody edited it.\n" * 100
    (tmp_path / "twin.sqlite").write_bytes(content)

    assert refused(tmp_path).id == "state-corrupt"
    assert (tmp_path / "twin.sqlite").read_bytes() == content


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file in the way, and a database that cannot be opened, are the same kind of problem."""
    (tmp_path / "file").write_text("")
    assert refused(tmp_path / "file").id == "state-folder"
    (tmp_path / "state" / "twin.sqlite").mkdir(parents=True)
    assert refused(tmp_path / "state").id == "state-folder"


def test_a_change_is_visible_whole_or_not_at_all(tmp_path: Path) -> None:
    """What fails in the middle leaves nothing, neither of itself nor of the change around it."""
    store = Store(tmp_path)

    def fail() -> None:
        with store.transaction():
            store.accounts.set_user("pypi", "first")
            with store.transaction():
                store.accounts.set_user("pypi", "second")
                raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [user.name for user in store.accounts.users("pypi")] == ["maintainer"]
    store.accounts.set_user("pypi", "third")
    store.close()
    assert Database(tmp_path).rows("SELECT count(*) FROM users WHERE site = 'pypi'") == [(2,)]
