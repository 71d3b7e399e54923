"""The forms on which a person registers a publisher: their rules, in their order, with their words (warehouse/oidc/forms)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from packaging.utils import canonicalize_name

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.indexes import Index
from pypi_runbook.rules import Refused
from pypi_runbook.rules.form import NAME
from pypi_runbook.rules.names import check_new_name, standard_library
from pypi_runbook.twin.trusted.publishers import Publisher

OWNER = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]*")
REPOSITORY = re.compile(r"[a-zA-Z0-9-_.]+")
ENVIRONMENT_FORBIDS = re.compile(r"[\x00-\x1F\x7F'\"`,;\\]")
ENVIRONMENT_LENGTH = 255

NO_OWNER = "Specify GitHub repository owner (username or organization)"
BAD_OWNER = "Invalid GitHub user or organization name."
NO_REPOSITORY = "Specify repository name"
BAD_REPOSITORY = "Invalid repository name"
NO_WORKFLOW = "Specify workflow filename"
WORKFLOW_END = "Workflow name must end with .yml or .yaml"
WORKFLOW_FOLDER = "Workflow filename must be a filename only, without directories"
ENVIRONMENT_LONG = "Environment name is too long (maximum is 255 characters)"
ENVIRONMENT_START = "Environment name may not start with whitespace"
ENVIRONMENT_END = "Environment name may not end with whitespace"
ENVIRONMENT_CHARACTERS = 'Environment name must not contain non-printable characters or the characters "\'", """, "`", ",", ";", "\\"'
NO_PROJECT = "Specify project name"
BAD_PROJECT = "Invalid project name"
PROJECT_EXISTS = "This project already exists: use the project's publishing settings here to create a Trusted Publisher for it."
PROJECT_OF_OTHERS = "This project already exists."
PROJECT_SIMILAR = "This project name is too similar to an existing project"
PROJECT_PROHIBITED = "This project name isn't allowed"
PROJECT_STDLIB = "This project name isn't allowed (conflict with the Python standard library module name)"
OF_RULE = {"name-prohibited": PROJECT_PROHIBITED, "name-similar": PROJECT_SIMILAR}

NOT_REGISTERED = "The trusted publisher could not be registered"
ALREADY = "{workflow} is already registered with {project}"
PENDING_ALREADY = "This trusted publisher has already been registered. Please contact PyPI's admins if this wasn't intentional."
PENDING_ELSEWHERE = (
    "A pending trusted publisher matching this configuration has already been registered for a different project name. "
    "Please contact PyPI's admins if this wasn't intentional."
)
TOO_MANY_PENDING = "You can't register more than 3 pending trusted publishers at once."
TOO_OFTEN = "There have been too many attempted trusted publisher registrations. Try again later."
NO_EMAIL = "You must have a verified email in order to register a pending trusted publisher. See https://pypi.org/help#openid-connect for details."
DISABLED = "GitHub-based trusted publishing is temporarily disabled. See https://pypi.org/help#admin-intervention for details."


def form_error(index: Index, words: str, field: str = "") -> RunbookError:
    """Return the error that says what INDEX's page would show: WORDS, below FIELD where they are about one."""
    message = f"{index.title} says: {NOT_REGISTERED}. {field}: {words}" if field else f"{index.title} says: {words}"
    return RunbookError("publisher-form", message, next="correct the value and register the publisher again", page="publishing/setup.md")


def checked(index: Index, publisher: Publisher, spelling: Iterable[str] = ()) -> Publisher:
    """Return PUBLISHER as the form keeps it, or raise what the form says against its first wrong field.

    spelling: owners as GitHub spells them; the form asks GitHub and keeps that spelling.
    """
    workflow = publisher.workflow.strip()
    for field, words in (
        ("Owner", _owner(publisher.owner)),
        ("Repository name", _repository(publisher.repository)),
        ("Workflow name", _workflow(workflow)),
        ("Environment name", _environment(publisher.environment)),
    ):
        if words:
            raise form_error(index, words, field)
    owner = next((known for known in spelling if known.lower() == publisher.owner.lower()), publisher.owner)
    return replace(publisher, owner=owner, workflow=workflow, environment=publisher.environment.lower())


def check_project(index: Index, name: str, existing: dict[str, bool]) -> None:
    """Raise what the pending form says against a project called NAME.

    existing: the names of the index's projects, and whether this account owns each.
    """
    field = "PyPI Project Name"
    if not name:
        raise form_error(index, NO_PROJECT, field)
    if not NAME.fullmatch(name):
        raise form_error(index, BAD_PROJECT, field)
    if canonicalize_name(name) in standard_library():
        raise form_error(index, PROJECT_STDLIB, field)
    owned = {canonicalize_name(other): own for other, own in existing.items()}
    if canonicalize_name(name) in owned:
        raise form_error(index, PROJECT_EXISTS if owned[canonicalize_name(name)] else PROJECT_OF_OTHERS, field)
    try:
        check_new_name(name, existing)
    except Refused as error:
        raise form_error(index, OF_RULE[error.rule.id], field) from error


def _owner(owner: str) -> str:
    return "" if OWNER.fullmatch(owner) else BAD_OWNER if owner.strip() else NO_OWNER


def _repository(repository: str) -> str:
    return "" if REPOSITORY.fullmatch(repository) else BAD_REPOSITORY if repository.strip() else NO_REPOSITORY


def _workflow(workflow: str) -> str:
    if not workflow:
        return NO_WORKFLOW
    if not workflow.endswith((".yml", ".yaml")):
        return WORKFLOW_END
    return WORKFLOW_FOLDER if "/" in workflow else ""


def _environment(environment: str) -> str:
    if len(environment) > ENVIRONMENT_LENGTH:
        return ENVIRONMENT_LONG
    if environment.startswith(" "):
        return ENVIRONMENT_START
    if environment.endswith(" "):
        return ENVIRONMENT_END
    return ENVIRONMENT_CHARACTERS if ENVIRONMENT_FORBIDS.search(environment) else ""
