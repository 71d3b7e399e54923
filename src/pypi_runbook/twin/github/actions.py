"""What a rehearsal, a page or a test asks of the twin's GitHub."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin.github.backend import find_backend, git_environment
from pypi_runbook.twin.github.records import Repository
from pypi_runbook.twin.github.tokens import LEVELS
from pypi_runbook.twin.lookup import Action, Arguments
from pypi_runbook.twin.world import World


def add_repository(world: World, arguments: Arguments) -> dict[str, Any]:
    """Serve the bare repository at `origin` as `repository`, `owner/name`."""
    find_backend()
    origin = Path(arguments["origin"]).resolve()
    command = ["git", "--git-dir", str(origin), "rev-parse", "--is-bare-repository"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=git_environment())
    if done.stdout.strip() != "true":
        next_ = "make one: git clone --bare PROJECT ORIGIN"
        raise RunbookError("not-bare", "the twin serves bare repositories only, and this is none", str(origin), next=next_)
    made = world.github.repositories.register(arguments["repository"], origin)
    return {"repository": made.slug, "url": f"https://github.com/{made.slug}", "said": f"https://github.com/{made.slug} is {origin}"}


def make_token(world: World, arguments: Arguments) -> dict[str, Any]:
    """Make the token of a job in `repository` with these `permissions`, for example `{"contents": "write"}`."""
    permissions = {str(name): str(level) for name, level in dict(arguments.get("permissions") or {}).items()}
    for name, level in permissions.items():
        if level not in LEVELS:
            raise RunbookError("bad-permission", f"{name}: {level} is not a permission", next=f"choose from {', '.join(LEVELS)}")
    return {"token": world.github.tokens.make(repository_of(world, arguments), permissions)}


def end_token(world: World, arguments: Arguments) -> dict[str, Any]:
    """End `token`, as the end of its job does."""
    return {"ended": world.github.tokens.end(str(arguments["token"]))}


def repository_of(world: World, arguments: Arguments) -> Repository:
    """Return the registered repository that ARGUMENTS name; RunbookError when there is none."""
    slug = str(arguments["repository"])
    owner, _, name = slug.partition("/")
    found = world.github.repositories.find(owner, name)
    if found is None:
        raise RunbookError("unknown-repository", f"the twin has no repository {slug}", next="register it first: github-repository")
    return found


ACTIONS: dict[str, Action] = {
    "github-repository": add_repository,
    "github-token": make_token,
    "github-token-end": end_token,
}
