"""The steps of the clients that install: from either index, what is not there, and from an index that fails."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from desk import LEGACY, NAME, Desk
from people import install_client
from transcripts import Record
from uploaders import ONCE, SIMPLE

PROJECT = """[project]
name = "another-project"
version = "1.0"
requires-python = ">=3.11"

[[tool.poetry.source]]
name = "testpypi"
url = "https://test.pypi.org/simple/"
priority = "explicit"
"""


@dataclass(frozen=True)
class Install:
    """One step; fault: what the twin does to requests, and how often."""

    name: str
    version: str = "1.0"
    index: str = "pypi"
    fault: tuple[str, dict[str, int]] | None = None


INSTALLS = (
    Install("install", index="testpypi"),
    Install("install-pypi"),
    Install("install-missing", version="2.0"),
    Install("install-outage", fault=("outage", ONCE)),
    Install("install-lasting-outage", fault=("outage", {})),
    Install("install-too-many-requests", fault=("too-many-requests", ONCE)),
)
INSTALLERS = ("pip", "pip-bundled", "uv", "poetry")


def install_command(client: str, step: Install) -> str:
    """Return what a person types in an environment called `here`."""
    wanted = f"{NAME}=={step.version}"
    if client == "poetry":
        return f"poetry add --no-cache {'--source testpypi ' if step.index == 'testpypi' else ''}{wanted}"
    index = f"--index-url {SIMPLE[step.index]} " if step.index == "testpypi" else ""
    if client == "uv":
        return f"uv pip install --no-cache --python here {index}{wanted}"
    return f"pip install --no-cache-dir --target here {index}{wanted}"


def install_steps(desk: Desk) -> Iterator[Record]:
    """Fill both indexes, then let the client at DESK go through every step."""
    fill(desk)
    for step in INSTALLS:
        arrange(desk)
        if step.fault:
            name, limit = step.fault
            desk.twin.fault(name, index=step.index, **limit)
        # Poetry installs into the environment that is active.
        yield desk.step(step.name, install_command(desk.client, step), {"VIRTUAL_ENV": str(desk.work / "here")})
        desk.twin.clear()


def fill(desk: Desk) -> None:
    """Let uv upload version 1.0 to both indexes."""
    desk.distributions("1.0")
    for index, address in LEGACY.items():
        uv = str(install_client("uv") / "uv")
        done = desk.person.run(uv, "publish", "--publish-url", address, UV_PUBLISH_TOKEN=desk.twin.token(index))
        assert done.returncode == 0, done.stdout


def arrange(desk: Desk) -> None:
    """Make the work folder what a step finds: an empty environment called `here`, and a project for Poetry."""
    shutil.rmtree(desk.work / "here", ignore_errors=True)
    done = desk.person.run(sys.executable, "-m", "venv", "--without-pip", "here", enclosed=False)
    assert done.returncode == 0, done.stdout
    (desk.work / "poetry.lock").unlink(missing_ok=True)
    (desk.work / "pyproject.toml").write_text(PROJECT)
