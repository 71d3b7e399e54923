"""A checkout of the tiny project with the twin around it, and its real distributions, built once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pypi_runbook.project.checkout import materialize
from pypi_runbook.twin import Twin

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "tests" / "projects" / "tiny"
WHEEL = "runbook_tiny-1.0.0-py3-none-any.whl"
SDIST = "runbook_tiny-1.0.0.tar.gz"


@dataclass(frozen=True)
class Bench:
    """One person's desk: a checkout, the twin, and an environment without any credential."""

    root: Path
    twin: Twin
    env: dict[str, str]

    @property
    def dist(self) -> Path:
        """The checkout's folder of distributions."""
        return self.root / "dist"

    def run(self, *arguments: str, typed: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        """Run `pypi-runbook ARGUMENTS` in the checkout, with SETTINGS in its environment and TYPED on its stdin."""
        command = self.twin.wrap([sys.executable, "-m", "pypi_runbook", *arguments])
        return subprocess.run(command, cwd=self.root, env={**self.env, **settings}, input=typed, capture_output=True, text=True, check=False)

    def token(self, index: str) -> dict[str, str]:
        """Return the variable in which a person gives twine a token."""
        return {"TWINE_PASSWORD": self.twin.token(index)}

    def posts(self) -> list[str]:
        """Return the hosts that something was sent to."""
        return [request.host for request in self.twin.requests if request.method == "POST"]


@pytest.fixture(name="desk", scope="session")
def _desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Bench]]:
    """Give out benches, and stop their twins at the end."""
    twins = []

    def make(root: Path, state: Path | None = None) -> Bench:
        folder = tmp_path_factory.mktemp("bench")
        home, tmp = folder / "home", folder / "tmp"
        home.mkdir()
        tmp.mkdir()
        twin = Twin.start(state)
        twins.append(twin)
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return Bench(root, twin, {**twin.environment(home, tmp), "PATH": path})

    yield make
    for twin in twins:
        twin.stop()


@pytest.fixture(name="builder", scope="session")
def _builder(desk: Callable[..., Bench], tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Clone the tiny project, with one twin for all builds."""
    folder = tmp_path_factory.mktemp("builder")
    materialize(TINY, folder / "tiny", folder / "origin")
    return desk(folder / "tiny")


@pytest.fixture(name="built", scope="session")
def _built(builder: Bench) -> Path:
    """Build the tiny project once; tests work on copies of what came out."""
    done = builder.run("build")
    assert done.returncode == 0, done.stderr
    return builder.dist


@pytest.fixture(name="clone")
def _clone(builder: Bench, tmp_path: Path) -> Bench:
    """Copy the clone without its dist/, for a test that builds; it shares the builder's twin."""
    shutil.copytree(builder.root, tmp_path / "tiny", ignore=shutil.ignore_patterns("dist", ".pypi-runbook"))
    return replace(builder, root=tmp_path / "tiny")


@pytest.fixture(name="filled")
def _filled(clone: Bench, built: Path) -> Bench:
    """Add the built files to a clone, for a test that uploads nothing."""
    shutil.copytree(built, clone.dist)
    return clone


@pytest.fixture(name="bench")
def _bench(desk: Callable[..., Bench], filled: Bench) -> Bench:
    """Give a clone with built files a twin of its own, for a test that uploads."""
    return desk(filled.root)
