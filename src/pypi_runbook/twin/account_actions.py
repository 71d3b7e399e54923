"""What a person does on the pages of their account, and what administrators do to it: accounts, tokens, organizations, flags."""

from __future__ import annotations

import re
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin.access import user_token
from pypi_runbook.twin.accounts import FIRST_USER
from pypi_runbook.twin.flags import FLAGS
from pypi_runbook.twin.lookup import Action, Arguments, index_of, project_of, unknown, user_of
from pypi_runbook.twin.records import User
from pypi_runbook.twin.tokens import read_token
from pypi_runbook.twin.world import World

NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9._-]{0,48}[a-zA-Z0-9])?")


def account(world: World, arguments: Arguments) -> dict[str, Any]:
    """Make the account `name`, or change it: `verified`, `two_factor` and `frozen` are as they should be, not as they were."""
    index, name = index_of(arguments), arguments["name"]
    if not NAME.fullmatch(name):
        next_ = "use up to 50 letters, digits, dots, dashes and underscores, with a letter or a digit at both ends"
        raise RunbookError("bad-account", f"{name!r} is not a user name", next=next_)
    traits = {key: bool(arguments.get(key, usual)) for key, usual in (("verified", True), ("two_factor", True), ("frozen", False))}
    user = world.store.accounts.set_user(index.name, name, **traits)
    return {"said": f"{name} on {index.title} {_traits(user)}"}


def token(world: World, arguments: Arguments) -> dict[str, Any]:
    """Make an API token of `account`: for `projects` only, dead after `seconds`, or `deleted` already."""
    index, accounts = index_of(arguments), world.store.accounts
    user = user_of(world, index, arguments.get("account") or FIRST_USER)
    projects = [project_of(world, index, name) for name in arguments.get("projects") or []]
    for project in projects:
        if world.store.projects.role(project, user) is None:
            next_ = f"pypi-runbook pretend role {project.name} {user.name} maintainer --index {index.name}"
            raise RunbookError("no-role", f"{user.name} has no role in {project.name}, so there is no such token to make", next=next_)
    seconds = arguments.get("seconds")
    expires = None if seconds is None else world.clock() + float(seconds)
    text = user_token(accounts, index, user, projects or None, expires)
    made = read_token(text)
    if arguments.get("deleted") and made:
        accounts.delete_token(made.identifier)
    scope = ", ".join(project.name for project in projects) or "the whole account"
    return {"token": text, "said": f"a token of {user.name} on {index.title} for {scope}"}


def revoke(world: World, arguments: Arguments) -> dict[str, Any]:
    """Delete every API token of `account`."""
    index = index_of(arguments)
    user = user_of(world, index, arguments.get("account") or FIRST_USER)
    found = world.store.accounts.tokens_of(user)
    for each in found:
        world.store.accounts.delete_token(each.identifier)
    return {"said": f"{len(found)} token{'s' * (len(found) != 1)} of {user.name} on {index.title} deleted; `pretend token` makes a new one"}


def organization(world: World, arguments: Arguments) -> dict[str, Any]:
    """Make an organization, hand it `projects`, and say whether it is `active`."""
    index, name = index_of(arguments), arguments["name"]
    active = bool(arguments.get("active", True))
    projects = [project_of(world, index, each) for each in arguments.get("projects") or []]
    with world.store.transaction():
        world.store.projects.set_organization(index.name, name, active=active)
        for project in projects:
            world.store.projects.change(project, organization=name)
    owned = f" and owns {', '.join(project.name for project in projects)}" if projects else ""
    return {"said": f"the organization {name} on {index.title} is {'active' if active else 'inactive'}{owned}"}


def flag(world: World, arguments: Arguments) -> dict[str, Any]:
    """Switch the administrators' flag `name` `on` or off."""
    index, name, on = index_of(arguments), arguments["name"], bool(arguments.get("on", True))
    if name not in FLAGS:
        raise unknown("flag", name, index, FLAGS)
    world.store.projects.set_flag(index.name, name, on=on)
    return {"said": f"{index.title}: {name} is " + (f"on, which stops {FLAGS[name]}" if on else "off")}


def _traits(user: User) -> str:
    address = "has a verified address" if user.verified else "has no verified address"
    factor = "has two-factor authentication" if user.two_factor else "has no two-factor authentication"
    return f"{address}, {factor}, and is {'frozen' if user.frozen else 'not frozen'}"


ACTIONS: dict[str, Action] = {"account": account, "token": token, "revoke": revoke, "organization": organization, "flag": flag}
