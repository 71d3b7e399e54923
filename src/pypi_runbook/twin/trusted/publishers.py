"""What a publisher is made of, and how a person writes one."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from pypi_runbook.errors import RunbookError

FORM = "OWNER/REPOSITORY/WORKFLOW[@ENVIRONMENT]"
WRITTEN = re.compile(r"(?P<owner>[^/]*)/(?P<repository>[^/]*)/(?P<workflow>.+?(?:\.ya?ml(?=@|$)|(?=@[^@]*$)|$))(?:@(?P<environment>.*))?")


@dataclass(frozen=True)
class Publisher:
    """The fields of an index's form for GitHub; without an environment every job of the workflow matches."""

    owner: str
    repository: str
    workflow: str
    environment: str = ""

    def __str__(self) -> str:
        return f"{self.owner}/{self.repository}/{self.workflow}" + (f"@{self.environment}" if self.environment else "")

    def as_json(self) -> dict[str, str]:
        """Return the fields by name."""
        return dict(vars(self))


@dataclass(frozen=True)
class Registration:
    """A publisher that an index knows.

    projects: the names of the projects that it may upload to; for a pending one, the name of the project that it will make.
    owner_id: of the owner on GitHub, so that a stranger who takes over a name is not taken for them.
    created: seconds since the epoch.
    """

    id: str
    index: str
    publisher: Publisher
    owner_id: str
    projects: tuple[str, ...]
    pending: bool
    account: str
    created: float


def read_publisher(text: str) -> Publisher:
    """Return the publisher that TEXT spells; RunbookError `bad-publisher` when a part is missing.

    Spaces stay: a name that was registered with one matches no job, and people need to see that.
    """
    found = WRITTEN.fullmatch(text.strip("\r\n"))
    if not found:
        raise RunbookError("bad-publisher", f"{text!r} is no publisher", next=f"write it as {FORM}", page="publishing/setup.md")
    return Publisher(found["owner"], found["repository"], found["workflow"], found["environment"] or "")


def made_up_id(name: str) -> str:
    """Return the number that the twin's GitHub gives to an owner or a repository called NAME, the same one every time."""
    return str(10_000_000 + int.from_bytes(hashlib.sha256(name.lower().encode()).digest()[:6], "big") % 890_000_000)
