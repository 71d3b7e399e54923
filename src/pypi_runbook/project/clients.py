"""The clients and actions that upload: how each names its index and its secret."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from pypi_runbook.project.indexes import INDEXES

NAMED = {"pypi": "pypi", "main": "pypi", "testpypi": "testpypi", "test": "testpypi"}
HOSTS = {host: index.name for index in INDEXES.values() for host in (index.host, index.upload_host)}
RUNNERS = {"poetry", "uv", "uvx", "pipx", "hatch", "pdm", "rye", "coverage", "timeout", "nice", "xargs", "retry", "docker", "podman", "?"}
# A client that only talks: nothing leaves the machine.
HARMLESS = {"--dry-run", "--help", "-h", "--version"}


@dataclass(frozen=True)
class Client:
    """How one command line names the index and the secret; `oidc` when it can do Trusted Publishing by itself."""

    verbs: tuple[str, ...]
    urls: tuple[str, ...]
    names: tuple[str, ...]
    secrets: tuple[str, ...]
    oidc: bool = False


# Options and environment variables stand in one tuple: options begin with a dash.
CLIENTS = {
    "twine": Client(
        ("upload",),
        ("--repository-url", "TWINE_REPOSITORY_URL"),
        ("-r", "--repository", "TWINE_REPOSITORY"),
        ("-p", "--password", "TWINE_PASSWORD"),
        oidc=True,
    ),
    "uv": Client(
        ("publish",),
        ("--publish-url", "UV_PUBLISH_URL"),
        ("--index", "UV_PUBLISH_INDEX"),
        ("-t", "--token", "-p", "--password", "UV_PUBLISH_TOKEN", "UV_PUBLISH_PASSWORD"),
        oidc=True,
    ),
    "poetry": Client(("publish",), (), ("-r", "--repository"), ("-p", "--password", r"POETRY_PYPI_TOKEN_\w+", r"POETRY_HTTP_BASIC_\w+_PASSWORD")),
    "hatch": Client(("publish",), (), ("-r", "--repo", "HATCH_INDEX_REPO"), ("-a", "--auth", "HATCH_INDEX_AUTH")),
    "flit": Client(("publish",), ("FLIT_INDEX_URL",), ("--repository",), ("FLIT_PASSWORD",)),
    "pdm": Client(("publish",), (), ("-r", "--repository", "PDM_PUBLISH_REPO"), ("-P", "--password", "PDM_PUBLISH_PASSWORD"), oidc=True),
    "maturin": Client(
        ("upload", "publish"),
        ("--repository-url", "MATURIN_REPOSITORY_URL"),
        ("-r", "--repository", "MATURIN_REPOSITORY"),
        ("-p", "--password", "MATURIN_PYPI_TOKEN", "MATURIN_PASSWORD"),
        oidc=True,
    ),
    "pypi-runbook": Client(("upload",), (), (), ("TWINE_PASSWORD",), oidc=True),
}

# Action, the input that holds the index's address, the input that holds the secret, the input that must name an uploading command.
ACTIONS = {
    "pypa/gh-action-pypi-publish": (("repository-url", "repository_url"), ("password",), None),
    "jrubics/poetry-publish": (("repository_url",), ("pypi_token",), None),
    "casperdcl/deploy-pypi": (("repository_url",), ("password",), None),
    "pyo3/maturin-action": ((), (), "command"),
    "messense/maturin-action": ((), (), "command"),
}


def client_of(words: list[str]) -> tuple[str, list[str]] | None:
    """Return the client that WORDS upload with, and its arguments after the verb; None when they upload nothing."""
    first = base(words[0]) if words else ""
    if first not in CLIENTS and first not in RUNNERS and not first.startswith("python"):
        return None
    for place, word in enumerate(words):
        name = base(word).replace("pypi_runbook", "pypi-runbook")
        client = CLIENTS.get(name)
        if client and (rest := after_verb(words[place + 1 :], client.verbs)) is not None:
            return None if HARMLESS & set(rest) else (name, rest)
    return None


def base(word: str) -> str:
    """Return a command's bare name: without folder, version (`twine==7.0`, `twine@latest`) or extras."""
    return re.split(r"[=<>~!@\[]", word.rstrip("/").rsplit("/", 1)[-1], maxsplit=1)[0]


def after_verb(words: list[str], verbs: tuple[str, ...]) -> list[str] | None:
    """Return the words after the first of VERBS, if only options and their values stand before it."""
    for place, word in enumerate(words):
        if word in verbs:
            return words[:place] + words[place + 1 :]
        is_value = place > 0 and words[place - 1].startswith("-")
        if not word.startswith("-") and not is_value:
            return None
    return None


def given(names: tuple[str, ...], arguments: list[str], env: dict[str, str]) -> str | None:
    """Return the value of the first of NAMES that the arguments or else the environment give."""
    for name in names:
        if name.startswith("-") and (value := option(name, arguments)) is not None:
            return value
    for name in names:
        for key, value in env.items():
            if not name.startswith("-") and re.fullmatch(name, key):
                return value
    return None


def option(name: str, arguments: list[str]) -> str | None:
    """Return the value of option NAME, written `--name value`, `--name=value` or `-nvalue`."""
    for place, word in enumerate(arguments):
        if word == name:
            return arguments[place + 1] if place + 1 < len(arguments) else ""
        if name.startswith("--") and word.startswith(f"{name}="):
            return word.partition("=")[2]
        if len(name) == 2 and word.startswith(name) and not word.startswith("--"):
            return word[2:]
    return None


def index_of_url(url: str) -> str:
    """Return `pypi` or `testpypi` for their addresses, any other address as it is."""
    return HOSTS.get(urlsplit(url).hostname or "", url)


def index_of_name(name: str, configured: dict[str, str]) -> str | None:
    """Return the index that a client's repository NAME means, None when its address stands nowhere in the project."""
    if name in configured:
        return index_of_url(configured[name])
    return index_of_url(name) if "://" in name else NAMED.get(re.sub(r"[-_]", "", name).lower())
