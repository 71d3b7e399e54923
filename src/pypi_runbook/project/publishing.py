"""Uploads found by what a step does: an upload action, or a command, also inside a script of the repository that the step calls."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.clients import ACTIONS, CLIENTS, base, client_of, given, index_of_name, index_of_url
from pypi_runbook.project.expressions import Scope
from pypi_runbook.project.facts import Publish, Step
from pypi_runbook.project.inputs import call
from pypi_runbook.project.python import python_commands
from pypi_runbook.project.shell import Command, shell_commands
from pypi_runbook.project.tasks import names_runner, task_commands
from pypi_runbook.project.text import inside, is_file, items, table, text_of
from pypi_runbook.project.yaml import plain, read_yaml

VARIABLE = re.compile(r"\$(?:\{(\w+)(?::-([^{}]*))?\}|(\w+))")
INTERPRETERS = {"bash", "sh", "zsh", "dash", "source", ".", "python", "python3", "uv", "poetry", "pdm", "hatch", "run"}
SHELLS = {"bash", "sh", "zsh", "dash"}
OFFICIAL = ("pypi", "testpypi")
# What a step reaches through scripts, tasks and actions that call each other, each time with other values.
MOST_VISITS = 100
MOST_COMMANDS = 50_000


@dataclass(frozen=True)
class Site:
    """The repository in which steps run: its folder, the address of each index that its files name, and how many commands are left to look at."""

    root: Path
    configured: dict[str, str] = field(default_factory=dict)
    left: Iterator[int] = field(default_factory=lambda: iter(range(MOST_COMMANDS)))

    def count(self) -> None:
        """Count one command; raise RunbookError when there is no end of them."""
        if next(self.left, None) is None:
            raise RunbookError("too-many-commands", f"the jobs run more than {MOST_COMMANDS:,} commands", next="call fewer scripts")


@dataclass
class Search:
    """What a search for uploads knows.

    scope: what names mean in the job; trusted: whether it may ask for an OIDC token; configured: address of each index that has a name by now.
    seen: what was looked into already, and with which values; line: the step's, where an upload is reported.
    """

    scope: Scope
    site: Site
    trusted: bool
    configured: dict[str, str] = field(default_factory=dict)
    seen: set[Any] = field(default_factory=set)
    line: int = 1

    @property
    def root(self) -> Path:
        """The repository's folder."""
        return self.site.root

    def with_env(self, env: dict[str, str]) -> Search:
        """Return the search in which ENV is set beside what the job has."""
        return replace(self, scope=self.scope.with_env(env))

    def visits(self, *place: object) -> bool:
        """Tell whether PLACE is yet to be looked into with the values of now; raise RunbookError when there is no end of such places."""
        key = (*place, frozenset(self.scope.env.items()))
        if key in self.seen:
            return False
        if len(self.seen) >= MOST_VISITS:
            message = f"the step calls more than {MOST_VISITS} scripts"
            raise RunbookError("too-many-commands", message, line=self.line, next="call fewer scripts")
        self.seen.add(key)
        return True


def find_uploads(steps: list[Step], scope: Scope, site: Site, *, trusted: bool) -> list[Publish]:
    """Return every upload that STEPS do, each once; an index that only a run can tell is None."""
    search = Search(scope, site, trusted, dict(site.configured))
    found = [upload for step in steps for upload in of_step(step, search)]
    return list({(upload.index, upload.client, upload.auth): upload for upload in reversed(found)}.values())[::-1]


def of_step(step: Step, search: Search) -> Iterator[Publish]:
    """Yield the uploads of one step."""
    here = replace(search, line=step.line).with_env(step.env)
    if step.uses:
        yield from of_action(step, here)
    if step.run:
        folder = search.root / (step.working_directory or "")
        commands = python_commands(step.run) if (step.shell or "").startswith("python") else shell_commands(step.run)
        yield from of_commands(commands, here, folder)


def of_action(step: Step, search: Search) -> Iterator[Publish]:
    """Yield the uploads of an action: a known one by its inputs, one of this repository by its own steps."""
    action = (step.uses or "").split("@")[0]
    if action.startswith("./"):
        yield from of_local_action(action, step.inputs, search)
    elif action.lower() in ACTIONS:
        urls, secrets, command = ACTIONS[action.lower()]
        if command:
            words = [base(action).split("-")[0], step.inputs.get(command, ""), *step.inputs.get("args", "").split()]
            yield from of_client(words, search)
            return
        url = next((step.inputs[name] for name in urls if step.inputs.get(name)), None)
        auth = "token" if any(step.inputs.get(name) for name in secrets) else authentication(action, search)
        for index in resolve(url, search, index_of_url) if url else ["pypi"]:
            yield Publish(index, action, auth, search.line)


def authentication(action: str, search: Search) -> str:
    """Return how an action without a secret among its inputs proves who it is; PyPA's has nothing else than an OIDC token."""
    return "trusted-publishing" if search.trusted or action == "pypa/gh-action-pypi-publish" else "unknown"


def of_local_action(action: str, inputs: dict[str, str], search: Search) -> Iterator[Publish]:
    """Yield the uploads of a composite action of this repository; INPUTS are what the step gives it."""
    path = next((file for name in ("action.yml", "action.yaml") if is_file(file := search.root / action / name)), None)
    if path is None or not inside(path, search.root):
        return
    data = table(read_yaml(search.root / path.resolve().relative_to(search.root.resolve()), search.root))
    given = call(data.get("inputs"), inputs, search.scope)
    here = replace(search, scope=given.scope(search.scope))
    if here.visits(path, *sorted(given.values.items())):
        for body in items(table(data.get("runs")).get("steps")):
            if isinstance(body, dict) and not given.never(plain(body["if"]) if "if" in body else None):
                yield from of_step(given.step(composite_step(body, search.line)), here)


def composite_step(body: dict[Any, Any], line: int) -> Step:
    """Return a composite action's step with what a search for uploads needs."""
    inputs, env = ({str(key): plain(value) for key, value in table(body.get(name)).items()} for name in ("with", "env"))
    uses, run, shell, folder = (plain(body[key]) if body.get(key) else None for key in ("uses", "run", "shell", "working-directory"))
    return Step(None, None, uses, run, inputs, env, None, shell, folder, line, line)


def of_commands(commands: Iterable[Command], search: Search, folder: Path) -> Iterator[Publish]:
    """Yield the uploads among COMMANDS; an assignment counts for what follows it."""
    env: dict[str, str] = {}
    for command in commands:
        search.site.count()
        env |= command.env
        here = search.with_env(env)
        words = [expand(word, here.scope.env) for word in command.words]
        if not words:
            continue
        if words[:2] == ["poetry", "config"] and len(words) > 3 and words[2].startswith("repositories."):
            search.configured[words[2].removeprefix("repositories.").removesuffix(".url")] = words[3]
        if words[:2] == ["poetry", "config"] and any(word.startswith(("pypi-token.", "http-basic.")) for word in words):
            env |= {"POETRY_PYPI_TOKEN_CONFIGURED": "configured"}
        yield from of_client(words, here)
        yield from of_called(words, here, folder)


def expand(word: str, env: dict[str, str]) -> str:
    """Return WORD with the shell variables that the workflow or the script sets; the others stay as they are."""
    return VARIABLE.sub(lambda match: env.get(match[1] or match[3], match[2] or match[0]), word) if len(word) < 2000 else word


def of_client(words: list[str], search: Search) -> Iterator[Publish]:
    """Yield what WORDS upload, if they are an uploading client."""
    if not (found := client_of(words)):
        return
    name, arguments = found
    client, env = CLIENTS[name], search.scope.env
    url = given(client.urls, arguments, env)
    repository = given(client.names, arguments, env) or next(
        (word for word in arguments if name == "pypi-runbook" and not word.startswith("-")), None
    )
    if url:
        indexes = resolve(url, search, index_of_url)
    else:
        indexes = resolve(repository, search, lambda value: index_of_name(value, search.configured)) if repository else ["pypi"]
    yield from (Publish(index, name, proof(name, arguments, index, search), search.line) for index in indexes)


def proof(name: str, arguments: list[str], index: str | None, search: Search) -> str:
    """Return how client NAME proves to INDEX who it is; only the two public indexes are known to take OIDC tokens."""
    client = CLIENTS[name]
    if given(client.secrets, arguments, search.scope.env):
        return "token"
    wanted = given(("--trusted-publishing", "UV_TRUSTED_PUBLISHING"), arguments, search.scope.env)
    if client.oidc and wanted != "never" and ((search.trusted and index in OFFICIAL) or wanted == "always"):
        return "trusted-publishing"
    return "unknown"


def resolve(text: str, search: Search, index_of: Callable[[str], str | None]) -> list[str | None]:
    """Return each index that TEXT can mean; `[None]` when it holds something that only a run can tell."""
    values = None if "$" in text and "${{" not in text else search.scope.values(text)
    return [None] if values is None else list(dict.fromkeys(index_of(value) if value else "pypi" for value in values))


def of_called(words: list[str], search: Search, folder: Path) -> Iterator[Publish]:
    """Yield the uploads inside what WORDS call: a shell's `-c`, a task of a task runner, or a script of the repository."""
    if base(words[0]) in SHELLS and (text := after_dash_c(words)) is not None:
        if search.visits(text):
            yield from of_commands(shell_commands(text), search, folder)
        return
    if names_runner(words):
        found = task_commands(words, folder, search.root) if search.visits(folder, *words) else []
        yield from of_commands(found, search, folder)
        if found:
            return
    path, arguments = called_file(words, folder, search.root)
    here = search.with_env({str(number): word for number, word in enumerate(arguments, 1)})
    if path and here.visits(path) and (script := text_of(path, search.root)) is not None:
        is_python = path.suffix == ".py" or "python" in script.split("\n", 1)[0]
        yield from of_commands(python_commands(script) if is_python else shell_commands(script), here, folder)


def after_dash_c(words: list[str]) -> str | None:
    """Return the text that a shell is given with `-c`, alone or among other letters."""
    place = next((place for place, word in enumerate(words) if re.fullmatch(r"-[a-z]*c", word)), len(words))
    return words[place + 1] if place + 1 < len(words) else None


def called_file(words: list[str], folder: Path, root: Path) -> tuple[Path | None, list[str]]:
    """Return the file of the repository that WORDS run, directly or through an interpreter, and its arguments."""
    for place, word in enumerate(words):
        if "$" not in word and len(word) < 1000 and is_file(folder / word) and inside(folder / word, root):
            return root / (folder / word).resolve().relative_to(root.resolve()), words[place + 1 :]
        if not word.startswith("-") and base(word) not in INTERPRETERS:
            break
    return None, []
