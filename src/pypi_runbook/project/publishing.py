"""Uploads found by what a step does: an upload action, or a command, also inside a script of the repository that the step calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.clients import ACTIONS, CLIENTS, base, client_of, given, index_of_name, index_of_url
from pypi_runbook.project.expressions import Scope
from pypi_runbook.project.facts import Publish, Step
from pypi_runbook.project.shell import Command, make_recipe, python_commands, shell_commands
from pypi_runbook.project.text import items, read_text, table
from pypi_runbook.project.yaml import plain, read_yaml

VARIABLE = re.compile(r"\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))")
INTERPRETERS = {"bash", "sh", "zsh", "dash", "source", ".", "python", "python3", "uv", "poetry", "pdm", "hatch", "run"}
LARGEST_SCRIPT = 200_000


@dataclass
class Search:
    """What a search for uploads knows: the job's scope, whether it may ask for an OIDC token, and the files that it has read."""

    scope: Scope
    root: Path
    trusted: bool
    configured: dict[str, str] = field(default_factory=dict)
    seen: set[Path] = field(default_factory=set)


def find_uploads(steps: list[Step], scope: Scope, root: Path, *, trusted: bool) -> list[Publish]:
    """Return every upload that STEPS do, each once; an index that only a run can tell is None."""
    search = Search(scope, root, trusted)
    found = [upload for step in steps for upload in of_step(step, search)]
    return list({(upload.index, upload.client, upload.auth): upload for upload in reversed(found)}.values())[::-1]


def of_step(step: Step, search: Search) -> Iterator[Publish]:
    """Yield the uploads of one step."""
    search = replace(search, scope=search.scope.with_env(step.env))
    if step.uses:
        yield from of_action(step, search)
    if step.run:
        folder = search.root / (step.working_directory or "")
        commands = python_commands(step.run) if (step.shell or "").startswith("python") else shell_commands(step.run)
        yield from of_commands(commands, search, folder, step.line)


def of_action(step: Step, search: Search) -> Iterator[Publish]:
    """Yield the uploads of an action: a known one by its inputs, one of this repository by its own steps."""
    action = (step.uses or "").split("@")[0]
    if action.startswith("./"):
        yield from of_local_action(action, search, step.line)
    elif action.lower() in ACTIONS:
        urls, secrets, command = ACTIONS[action.lower()]
        if command and step.inputs.get(command) not in ("upload", "publish"):
            return
        url = next((step.inputs[name] for name in urls if step.inputs.get(name)), None)
        auth = "token" if any(step.inputs.get(name) for name in secrets) else authentication(action, search)
        for index in resolve(url, search, index_of_url) if url else ["pypi"]:
            yield Publish(index, action, auth, step.line)


def authentication(action: str, search: Search) -> str:
    """Return how an action without a secret among its inputs proves who it is; PyPA's has nothing else than an OIDC token."""
    if any(name in search.scope.env for name in CLIENTS["maturin"].secrets):
        return "token"
    return "trusted-publishing" if search.trusted or action == "pypa/gh-action-pypi-publish" else "unknown"


def of_local_action(action: str, search: Search, line: int) -> Iterator[Publish]:
    """Yield the uploads of a composite action of this repository, at the LINE that calls it."""
    files = [search.root / action / name for name in ("action.yml", "action.yaml")]
    path = next((file for file in files if file.is_file() and file not in search.seen), None)
    if path is None:
        return
    search.seen.add(path)
    data = read_yaml(path, search.root)
    runs = data.get("runs") if isinstance(data, dict) else None
    for body in items(runs.get("steps")) if isinstance(runs, dict) else []:
        if isinstance(body, dict):
            yield from of_step(composite_step(body, line), search)


def composite_step(body: dict[Any, Any], line: int) -> Step:
    """Return a composite action's step with what a search for uploads needs."""
    inputs, env = ({str(key): plain(value) for key, value in table(body.get(name)).items()} for name in ("with", "env"))
    uses, run, shell, folder = (plain(body[key]) if body.get(key) else None for key in ("uses", "run", "shell", "working-directory"))
    return Step(None, None, uses, run, inputs, env, None, shell, folder, line, line)


def of_commands(commands: Iterator[Command], search: Search, folder: Path, line: int) -> Iterator[Publish]:
    """Yield the uploads among COMMANDS; an assignment counts for what follows it."""
    env = dict(search.scope.env)
    for command in commands:
        env |= command.env
        words = [expand(word, env) for word in command.words]
        if not words:
            continue
        if words[:2] == ["poetry", "config"] and len(words) > 3 and words[2].startswith("repositories."):
            search.configured[words[2].removeprefix("repositories.").removesuffix(".url")] = words[3]
        if words[:2] == ["poetry", "config"] and any(word.startswith(("pypi-token.", "http-basic.")) for word in words):
            env["POETRY_PYPI_TOKEN_CONFIGURED"] = ""
        yield from of_client(words, replace(search, scope=search.scope.with_env(env)), line)
        yield from of_scripts(words, replace(search, scope=search.scope.with_env(env)), folder, line)


def expand(word: str, env: dict[str, str]) -> str:
    """Return WORD with the shell variables that the workflow or the script sets; the others stay as they are."""
    return VARIABLE.sub(lambda match: env.get(match[1] or match[3], match[2] or match[0]), word)


def of_client(words: list[str], search: Search, line: int) -> Iterator[Publish]:
    """Yield what WORDS upload, if they are an uploading client."""
    if not (found := client_of(words)):
        return
    name, arguments = found
    client, env = CLIENTS[name], search.scope.env
    secret = given(client.secrets, arguments, env)
    trusted = client.oidc and (search.trusted or "always" in arguments)
    auth = "token" if secret is not None else "trusted-publishing" if trusted else "unknown"
    url = given(client.urls, arguments, env)
    repository = given(client.names, arguments, env) or next(
        (word for word in arguments if name == "pypi-runbook" and not word.startswith("-")), None
    )
    if url:
        indexes = resolve(url, search, index_of_url)
    else:
        indexes = resolve(repository, search, lambda value: index_of_name(value, search.configured)) if repository else ["pypi"]
    yield from (Publish(index, name, auth, line) for index in indexes)


def resolve(text: str, search: Search, index_of: Any) -> list[str | None]:
    """Return each index that TEXT can mean; `[None]` when it holds something that only a run can tell."""
    values = None if "$" in text and "${{" not in text else search.scope.values(text)
    return [None] if values is None else [index_of(value) if value else "pypi" for value in values]


def of_scripts(words: list[str], search: Search, folder: Path, line: int) -> Iterator[Publish]:
    """Yield the uploads inside the repository's own files that WORDS call: a script, or make's targets."""
    if base(words[0]) == "make":
        yield from of_make(words[1:], search, folder, line)
        return
    path = called_file(words, folder, search.root)
    if path is None or path in search.seen or path.stat().st_size > LARGEST_SCRIPT:
        return
    search.seen.add(path)
    try:
        text = read_text(path, search.root)
    except RunbookError:
        return  # a binary that a step calls is no script
    is_python = path.suffix == ".py" or "python" in text.split("\n", 1)[0]
    yield from of_commands(python_commands(text) if is_python else shell_commands(text), search, folder, line)


def called_file(words: list[str], folder: Path, root: Path) -> Path | None:
    """Return the file of the repository that WORDS run, directly or through an interpreter."""
    for word in words:
        path = (folder / word).resolve()
        if "$" not in word and path.is_file() and path.is_relative_to(root.resolve()):
            return root / path.relative_to(root.resolve())
        if not word.startswith("-") and base(word) not in INTERPRETERS:
            return None
    return None


def of_make(targets: list[str], search: Search, folder: Path, line: int) -> Iterator[Publish]:
    """Yield the uploads in the recipes of TARGETS."""
    makefile = folder / "Makefile"
    if makefile.is_file():
        text = read_text(makefile, search.root)
        for target in targets:
            yield from of_commands(shell_commands(make_recipe(text, target)), search, folder, line)
