"""Which credential twine will use, found in twine's own order, so that a wrong one is noticed before anything is sent."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.index import Index
from pypi_runbook.manual.tokens import Scope, read_scope, require_fit

USER = "__token__"
USERNAME, PASSWORD = "TWINE_USERNAME", "TWINE_PASSWORD"
# Where the library `id`, which twine asks, knows how to get an identity; each sets its variable in every job.
CI = {"GITHUB_ACTIONS": "GitHub Actions", "GITLAB_CI": "GitLab CI/CD", "BUILDKITE": "Buildkite", "CIRCLECI": "CircleCI"}
MISSING = "troubleshooting/missing-credentials.md"


@dataclass(frozen=True)
class Credential:
    """What twine will prove itself with.

    source: where it comes from, in words; secret: the token, empty for Trusted Publishing; scope: what the token says of itself.
    settings: what twine's environment needs for it, beside what is there.
    """

    source: str
    secret: str = field(default="", repr=False)
    scope: Scope | None = None
    settings: dict[str, str] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return f"{self.source}: {self.scope}" if self.scope else self.source


def find_credential(index: Index, name: str, ask: Callable[[str], str] | None) -> Credential:
    """Return what twine will use for an upload of the project NAME to INDEX.

    ask: puts a question to the person whose answer is not shown; None where nobody can answer.
    RunbookError when there is none, or when the index would refuse it: a user name, no token, another index's, expired, another project's.
    Source of the order: twine/auth.py and twine/utils.py of twine 7.
    """
    section = _pypirc(index)
    _refuse_username(section)
    for source, secret in ((PASSWORD, os.environ.get(PASSWORD)), ("~/.pypirc", section.get("password")), ("the keyring", None)):
        found = _from_keyring(index) if source == "the keyring" else secret
        if found is not None:
            return _checked(Credential(source, found), index, name)
    if platform := next((title for variable, title in CI.items() if os.environ.get(variable)), None):
        return Credential(f"Trusted Publishing: twine asks {platform} for this job's identity, and {index.title} for a token of 15 minutes")
    if ask is None:
        advice = f"put the token into {PASSWORD}, or run this in a terminal, where you are asked for it"
        raise RunbookError("no-credential", f"nothing was sent: there is no token for {index.title}", next=advice, page=MISSING)
    secret = ask(f"{index.title} token (not shown): ")
    return _checked(Credential("typed now", secret, settings={USERNAME: USER, PASSWORD: secret}), index, name)


def _checked(credential: Credential, index: Index, name: str) -> Credential:
    if not credential.secret.strip():
        advice = f"type it again; without one, unset {PASSWORD}"
        raise RunbookError("empty-token", f"nothing was sent: the token is empty ({credential.source})", next=advice, page=MISSING)
    scope = read_scope(credential.secret)
    require_fit(scope, index, name)
    return Credential(credential.source, credential.secret, scope, credential.settings)


def _pypirc(index: Index) -> dict[str, str]:
    """Return what ~/.pypirc says about INDEX; RunbookError when it leads elsewhere, or cannot be read."""
    parser = configparser.RawConfigParser()
    try:
        parser.read(Path("~/.pypirc").expanduser(), encoding="utf-8")
        # `server-login` is obsolete, and twine still follows it.
        section = {key: value for name in ("server-login", index.key) if parser.has_section(name) for key, value in parser.items(name)}
    except (configparser.Error, OSError, UnicodeDecodeError, RuntimeError) as error:
        # The parser's own words can hold the line with the token.
        advice = "repair it, or move it away and use TWINE_PASSWORD"
        raise RunbookError("unreadable-pypirc", "nothing was sent: ~/.pypirc cannot be read", "~/.pypirc", None, advice, MISSING) from error
    address = section.get("repository", index.site.upload_url)
    if address.rstrip("/") != index.site.upload_url.rstrip("/"):
        advice = f"take the line `repository` out of its section [{index.key}]"
        message = f"nothing was sent: the section [{index.key}] leads to another index than {index.title}"
        raise RunbookError("pypirc-leads-elsewhere", message, "~/.pypirc", None, advice, "troubleshooting/trailing-slash.md")
    return section


def _refuse_username(section: dict[str, str]) -> None:
    user = os.environ.get(USERNAME) or section.get("username") or USER
    if user != USER:
        source = USERNAME if os.environ.get(USERNAME) else "~/.pypirc"
        message = f"nothing was sent: {source} names a user, and an index takes tokens only, with the user name {USER}"
        raise RunbookError("user-name", message, next=f"set it to {USER}, or take it away", page="troubleshooting/username-password.md")


def _from_keyring(index: Index) -> str | None:
    # As a command, because twine reads the same one; what it prints is kept here and shown to nobody.
    command = [sys.executable, "-m", "keyring", "get", index.site.upload_url, USER]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False)
    return done.stdout.strip() or None if done.returncode == 0 else None
