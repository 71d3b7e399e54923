"""The twin as its users see it: started, given to clients, asked what it saw, stopped."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from packaging.utils import canonicalize_name

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.read import read_names
from pypi_runbook.signals import undisturbed
from pypi_runbook.twin.access import first_token
from pypi_runbook.twin.authority import make_authority
from pypi_runbook.twin.breaking import distrust
from pypi_runbook.twin.clients import client_environment
from pypi_runbook.twin.control import perform
from pypi_runbook.twin.faults import Fault
from pypi_runbook.twin.github.archive import own_checkout
from pypi_runbook.twin.hosts import INDEXES, Index
from pypi_runbook.twin.mirror import Mirror, cache_folder
from pypi_runbook.twin.namespace import Namespaces, namespaces_work
from pypi_runbook.twin.records import File, Request
from pypi_runbook.twin.remote import VARIABLE
from pypi_runbook.twin.report import report
from pypi_runbook.twin.scratch import Scratch
from pypi_runbook.twin.server import Server
from pypi_runbook.twin.store import Store
from pypi_runbook.twin.upstream import read_upstream
from pypi_runbook.twin.world import World


class Twin:
    """PyPI, TestPyPI and GitHub on this machine's loopback, for clients that get its environment."""

    def __init__(self, world: World, server: Server, scratch: Scratch, authority: Path) -> None:
        self._world = world
        self._server = server
        self._scratch = scratch
        self._authority = authority
        self._namespaces = Namespaces(scratch.path, server)

    @classmethod
    def start(cls, state: Path | None = None, project: Path | None = None, offline: bool = False, brief: bool = False) -> Twin:
        """Start a twin and return it when clients can connect; use it in a `with` statement, or call `stop`.

        state: the folder of indexes, accounts and tokens; a temporary one unless given.
        project: a repository whose own names are never read through, so that its index starts empty.
        offline: serve other people's packages only from what earlier twins kept.
        brief: list for pip only the wheels that it could install, which halves the time of an installation. `pip download --platform`
            needs the others.
        """
        scratch = Scratch()
        folder = scratch.path
        try:
            world = World(
                Store(state or folder / "state"),
                Mirror(cache_folder(os.environ), read_upstream(os.environ), offline=offline),
                own=own_names(project) if project else frozenset(),
                checkout=own_checkout(),
                brief=brief,
            )
            authority, tls = make_authority(folder)
            (folder / "no-certificates").mkdir()
            distrust(world, tls)
            server = Server(world, tls)
            server.start()
        except BaseException:
            scratch.remove()
            raise
        return cls(world, server, scratch, authority)

    def stop(self) -> None:
        """Stop serving; a temporary state goes, a given one stays."""
        with undisturbed():
            self._namespaces.close()
            self._server.stop()
            self._world.store.close()
            self._scratch.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def proxy(self) -> str:
        """The address of the tunnel."""
        return f"http://127.0.0.1:{self._server.proxy_port}"

    @property
    def authority(self) -> Path:
        """The certificate that vouches for the twin's hosts."""
        return self._authority

    @property
    def layers(self) -> list[str]:
        """The layers of safety that hold for a wrapped command: `credentials`, `tunnel`, and `namespace` where allowed."""
        return ["credentials", "tunnel", *(["namespace"] if namespaces_work() else [])]

    @property
    def requests(self) -> list[Request]:
        """Every request that reached the twin, and every host that it refused, in order."""
        return list(self._world.requests)

    @property
    def connections(self) -> int:
        """How many connections went through the tunnel."""
        return self._server.tunnel.connections

    @property
    def strays(self) -> int:
        """How often a wrapped command tried to reach what is not the twin, past the tunnel; 0 where no namespace counts it."""
        return self._namespaces.strays

    def environment(self, home: Path, tmp: Path) -> dict[str, str]:
        """Return the complete environment of a client, except PATH; HOME and TMP are its own, empty folders."""
        return {**client_environment(home, tmp, self._authority, self.proxy), VARIABLE: f"{self.proxy}/control/{self._world.secret}"}

    def wrap(self, argv: list[str]) -> list[str]:
        """Return ARGV inside a namespace whose only network is the twin, or ARGV itself where that is not allowed."""
        return self._namespaces.wrap(argv) if namespaces_work() else list(argv)

    def token(self, index: str) -> str:
        """Return an API token for the whole account on INDEX, `pypi` or `testpypi`."""
        site = _index(index)
        return first_token(self._world.store.accounts, site)

    def uploads(self, index: str) -> list[File]:
        """Return every file that was uploaded to INDEX, in order."""
        return self._world.store.files(_index(index).name)

    def files(self, index: str, project: str) -> list[File]:
        """Return the files of PROJECT that were uploaded to INDEX."""
        return self._world.store.files(_index(index).name, canonicalize_name(project))

    def content(self, file: File) -> bytes:
        """Return the bytes of an uploaded FILE."""
        return self._world.store.place(file).read_bytes()

    def report(self) -> list[str]:
        """Return what the indexes hold, what was refused and why, and whether something tried to leave, in words."""
        strays = self.strays
        stopped = [f"stopped: {strays} attempt{'s' * (strays != 1)} to reach something beside the twin, past its proxy"] if strays else []
        return [*report(self._world), *stopped]

    def fault(self, name: str, **options: float | str) -> Fault:
        """Let the twin fail on purpose: NAME and its OPTIONS as `faults` describes them, for example `requests=2, index="pypi"`.

        Returns the fault; its `met` counts the requests that have met it.
        """
        return self._world.faults.add(name, **options)

    def clear(self) -> None:
        """End every fault."""
        self._world.faults.clear()

    def perform(self, action: str, **arguments: Any) -> dict[str, Any]:
        """Do what `pypi-runbook pretend` does inside, for example `perform("yank", project="p", version="1.0")`, and return the answer.

        Its index is TestPyPI unless `index` is given. RunbookError when it cannot be done.
        """
        return perform(self._world, action, arguments)

    def set_clock(self, clock: Callable[[], float]) -> None:
        """Let the twin take CLOCK's seconds since the epoch for the time."""
        self._world.clock = clock


def own_names(project: Path) -> frozenset[str]:
    """Return the normalized names of the distributions in the repository PROJECT; none when it cannot be read."""
    try:
        return frozenset(map(canonicalize_name, read_names(project)))
    except RunbookError:
        return frozenset()


def _index(name: str) -> Index:
    if name not in INDEXES:
        raise RunbookError("unknown-index", f"there is no index named {name}", next=f"choose from {', '.join(INDEXES)}")
    return INDEXES[name]
