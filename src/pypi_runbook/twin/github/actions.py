"""What a rehearsal, a page or a test asks of the twin's GitHub."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin.github import shapes
from pypi_runbook.twin.github.backend import find_backend, git_environment
from pypi_runbook.twin.github.publishing import create_release
from pypi_runbook.twin.github.records import Repository
from pypi_runbook.twin.github.refusals import ApiError, words_in
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


def publish_release(world: World, arguments: Arguments) -> dict[str, Any]:
    """Make a release as its owner does on GitHub's page: `tag`, `name`, `body`, `prerelease`, `draft`, `target`. Answer with the REST object."""
    repository, state = repository_of(world, arguments), world.github
    names = {"tag": "tag_name", "target": "target_commitish", **{name: name for name in ("name", "body", "prerelease", "draft")}}
    fields = {theirs: arguments[ours] for ours, theirs in names.items() if arguments.get(ours) is not None}
    try:
        made = create_release(state, repository, fields, repository.owner)
    except ApiError as error:
        raise RunbookError("release-refused", f"GitHub refuses this release: {words_in(error.document(''))}") from error
    return shapes.release(repository, made, [])


def list_releases(world: World, arguments: Arguments) -> dict[str, Any]:
    """Answer with every release of `repository`, drafts included, the newest first."""
    repository, releases = repository_of(world, arguments), world.github.releases
    return {"releases": [shapes.release(repository, each, releases.assets(each)) for each in releases.all(repository)]}


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
    "github-release": publish_release,
    "github-releases": list_releases,
}
