"""Uploads through curl, which starts fast, and what the index answered: status, words, headers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pypi_runbook.rules.distribution import form_of, read_metadata

if TYPE_CHECKING:
    from pathlib import Path

    from people import Person

UPLOADS = {"testpypi": "https://test.pypi.org/legacy/", "pypi": "https://upload.pypi.org/legacy/"}


@dataclass(frozen=True)
class Answer:
    """What an index answered: the words are those of the reason phrase."""

    status: int
    words: str
    headers: dict[str, str]


def send(person: Person, path: Path, token: str = "", index: str = "testpypi") -> Answer:
    """Upload the file at PATH to INDEX with TOKEN, or with the maintainer's."""
    login = person.work / "login"
    login.write_text(f'user = "__token__:{token or person.twin.token(index)}"\n')
    fields = form_of(path, read_metadata(path)).fields
    texts = [part for name, value in fields for part in ("--form-string", f"{name}={value}")]
    options = ("--silent", "--include", "--suppress-connect-headers", "--config", str(login))
    done = person.run("curl", *options, *texts, "--form", f'content=@"{path}"', UPLOADS[index], enclosed=False)
    first, *lines = done.stdout.split("\n\n")[0].splitlines()
    _, status, words = first.split(" ", 2)
    return Answer(int(status), words, dict(line.split(": ", 1) for line in lines))
