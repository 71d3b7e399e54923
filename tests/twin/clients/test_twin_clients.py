"""Unmodified clients around the twin: build, install, Poetry and uv."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pypi_runbook.rules.sample import make_sdist, make_wheel
from pypi_runbook.twin import Twin
from pypi_runbook.twin.hosts import HOSTS

if TYPE_CHECKING:
    from people import Person

pytest_plugins = ["people"]

PROJECT = """
[project]
name = "{name}"
version = "1.0"
description = "A sample"
requires-python = ">=3.11"
[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
[tool.poetry]
packages = [{{ include = "module.py" }}]
"""


def write_project(folder: Path, name: str) -> None:
    """Make FOLDER a project that any frontend can build."""
    (folder / "pyproject.toml").write_text(PROJECT.format(name=name))
    (folder / "module.py").write_text("answer = 42\n")


def test_build_upload_install_import(twin: Twin, person: Person) -> None:
    """build gets its backend through the twin, twine uploads, pip installs the very bytes."""
    write_project(person.work, "whole-way")
    built = person.run("pyproject-build", "--wheel")
    assert built.returncode == 0, built.stdout
    wheel = next((person.work / "dist").iterdir())
    assert person.upload("testpypi", wheel).returncode == 0

    install = ("pip", "install", "--no-cache-dir", "--target", "here", "--report", "report.json")
    done = person.run(*install, "--index-url", "https://test.pypi.org/simple/", "whole-way")

    assert done.returncode == 0, done.stdout
    assert person.run("python", "-c", "import module; print(module.answer)", PYTHONPATH="here").stdout == "42\n"
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() in (person.work / "report.json").read_text()
    assert twin.uploads("pypi") == []


def test_poetry_publishes_is_refused_and_adds(twin: Twin, person: Person, client: Callable[[str], Path]) -> None:
    """Poetry builds, is refused without a token, publishes with one, and resolves other people's packages."""
    poetry = dataclasses.replace(person, commands=(client("poetry"), *person.commands))
    write_project(person.work, "by-poetry")
    # An environment of the project's own is not needed to build it, and takes a while.
    poetry.run("poetry", "config", "virtualenvs.create", "false")

    refused = poetry.run("poetry", "publish", "--build", "--no-interaction")
    published = poetry.run("poetry", "publish", "--no-interaction", POETRY_PYPI_TOKEN_PYPI=twin.token("pypi"))
    added = poetry.run("poetry", "add", "--lock", "--no-interaction", "iniconfig")

    assert "HTTP Error 403: Invalid or non-existent authentication information. See https://pypi.org/help/#invalid-auth" in refused.stdout
    assert published.returncode == 0, published.stdout
    assert [file.filename for file in twin.files("pypi", "by-poetry")] == ["by_poetry-1.0.tar.gz", "by_poetry-1.0-py3-none-any.whl"]
    assert added.returncode == 0, added.stdout
    assert 'name = "iniconfig"' in (person.work / "poetry.lock").read_text()


def test_uv_publishes_is_refused_and_installs(twin: Twin, person: Person, client: Callable[[str], Path]) -> None:
    """uv publishes to either index, shows PyPI's code when it is refused, and installs through the twin."""
    uv = dataclasses.replace(person, commands=(client("uv"), *person.commands))
    dist = person.work / "dist"
    dist.mkdir()
    make_sdist(dist, "by-uv")
    make_wheel(dist, "by-uv")

    urls = ("--publish-url", "https://test.pypi.org/legacy/", "--check-url", "https://test.pypi.org/simple/")
    tested = uv.run("uv", "publish", *urls, UV_PUBLISH_TOKEN=twin.token("testpypi"))
    refused = uv.run("uv", "publish", UV_PUBLISH_TOKEN=twin.token("testpypi"))
    published = uv.run("uv", "publish", UV_PUBLISH_TOKEN=twin.token("pypi"))
    installed = uv.run("uv", "pip", "install", "--python", sys.executable, "--target", "here", "by-uv", "iniconfig")

    assert tested.returncode == 0, tested.stdout
    assert "Server says: 403 Invalid or non-existent authentication information. See https://pypi.org/help/#invalid-auth" in refused.stdout
    assert published.returncode == 0, published.stdout
    assert len(twin.files("testpypi", "by-uv")) == len(twin.files("pypi", "by-uv")) == 2
    assert installed.returncode == 0, installed.stdout
    assert (person.work / "here" / "iniconfig").is_dir()


def test_twin_hides_what_the_upstream_has_under_an_uploaded_name(person: Person, tmp_path: Path) -> None:
    """A name that was uploaded to the twin has only the twin's files; TestPyPI knows nothing of PyPI's."""
    before = person.run("pip", "download", "--no-deps", "--no-cache-dir", "iniconfig==2.0.0")
    assert person.upload("pypi", make_wheel(tmp_path, "iniconfig", "999")).returncode == 0

    after = person.run("pip", "download", "--no-deps", "--no-cache-dir", "iniconfig==2.0.0")
    tested = person.run("pip", "download", "--no-deps", "--no-cache-dir", "--index-url", "https://test.pypi.org/simple/", "iniconfig")

    assert before.returncode == 0, before.stdout
    assert "from versions: 999" in after.stdout
    assert "from versions: none" in tested.stdout


def test_clients_connect_to_the_twin_and_nowhere_else(twin: Twin, person: Person) -> None:
    """Each connection of a client that honours proxies goes through the tunnel, to a host of the twin."""
    connections, requests = twin.connections, len(twin.requests)

    done = person.run("pip", "download", "--no-deps", "--no-cache-dir", "iniconfig", enclosed=False)

    seen = twin.requests[requests:]
    assert done.returncode == 0, done.stdout
    assert twin.connections - connections == len({request.host for request in seen}) > 0
    assert {request.host for request in seen} <= set(HOSTS)
    assert {request.client.split("/")[0] for request in seen} == {"pip"}
