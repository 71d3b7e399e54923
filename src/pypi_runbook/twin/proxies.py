"""Clients that ignore proxy variables: without a namespace around them they would reach the real hosts, so they do not start there."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin.hosts import PYPI

OWN_FAILURE = 125
PAGE = "explanation/twin.md"
IGNORE_PROXIES = {"hatch": "hatch ignores proxy variables"}

PYTHON = re.compile(r"(?:python|pypy)[0-9.]*w?")
SHELLS = {"sh", "bash", "dash", "zsh", "ksh", "ash", "busybox"}
SHELL_WORDS = {"if", "then", "elif", "else", "while", "until", "do", "!", "{", "time", "exec", "command"}
REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
PYTHON_VALUES = "-W -X --check-hash-based-pycs"
UV_VALUES = (
    "--from --with --with-editable --with-requirements -w --python -p --python-platform --index --default-index --index-url -i "
    "--extra-index-url --find-links -f --env-file --project --directory --cache-dir --config-file --package --group --extra --link-mode --color"
)
# What starts another program: its own words before that program's, and which of its options take a value in the next word.
RUNNERS = {
    "uvx": UV_VALUES,
    "uv run": UV_VALUES,
    "uv tool run": UV_VALUES,
    "pipx run": "--spec --python --pip-args --with --index-url -i --backend",
    "poetry run": "-C --directory -P --project",
    "pdm run": "-p --project",
    "rye run": "",
    "pixi run": "-e --environment --manifest-path",
    "env": "-u --unset -C --chdir -S --split-string",
    "nice": "-n --adjustment",
    "nohup": "",
    "setsid": "",
    "stdbuf": "-i --input -o --output -e --error",
    "sudo": "-u --user -g --group -h --host -C -D -p -R -T -U",
    "time": "-f --format -o --output",
    "timeout": "-k --kill-after -s --signal",
    "xargs": "-a -d -E -I -L -n -P -s",
    "caffeinate": "-t -w",
}
# `timeout 5 COMMAND` has a word of its own before the command's, and `env A=B COMMAND` any number.
DURATION, ASSIGNMENT = re.compile(r"[0-9.]+[smhd]?"), re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)


def check_command(command: list[str], layers: list[str]) -> None:
    """Refuse by name a COMMAND that starts a client that needs a namespace, where LAYERS have none."""
    if "namespace" not in layers and (name := client_of(command)):
        raise refusal(name)


def is_enclosed() -> bool:
    """Say whether this process is inside a twin's namespace: there, the index's name leads to this machine."""
    try:
        lines = [line.split() for line in Path("/etc/hosts").read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError):
        return False
    return any(words[0] == "127.0.0.1" and PYPI.upload_host in words for words in lines if words)


def refusal(name: str) -> RunbookError:
    """Return why the client NAME does not start here."""
    message = f"{IGNORE_PROXIES[name]}, and this command has no network namespace around it, so it would reach the real {PYPI.title}"
    return RunbookError("ignores-proxies", message, next="use another client, or allow user namespaces", page=PAGE, status=OWN_FAILURE)


def client_of(command: list[str]) -> str | None:
    """Return which client that ignores proxies COMMAND starts, also through an interpreter, a shell or a runner; None for none."""
    if not command:
        return None
    names = {_name(command[0]), _name(os.path.realpath(command[0]))}
    if known := names & IGNORE_PROXIES.keys():
        return min(known)
    name = _name(command[0])
    if PYTHON.fullmatch(name):
        return _client_of_python(command[1:])
    if name in SHELLS:
        return next(filter(None, map(client_of, _commands_of_shell(command[1:]))), None)
    return client_of(_inner(name, command[1:]))


def shims(folder: Path) -> Path:
    """Fill FOLDER with a command for each client that ignores proxies, which only says why it does not start; return it."""
    folder.mkdir()
    for name in IGNORE_PROXIES:
        words = "\n".join(f"echo {shlex.quote(line)} >&2" for line in f"error: {refusal(name)}".split("\n"))
        (folder / name).write_text(f"#!/bin/sh\n{words}\nexit {OWN_FAILURE}\n")
        (folder / name).chmod(0o755)
    return folder


def _name(word: str) -> str:
    """Return the program that WORD starts, whatever its folder."""
    return re.split(r"[/\\]", word)[-1].lower().removesuffix(".exe")


def _client_of_python(words: list[str]) -> str | None:
    """Return the client that an interpreter with the arguments WORDS runs, as a module or as a file."""
    for at, word in _own_words(words, PYTHON_VALUES.split()):
        if word == "-m" or (word.startswith("-") and word.endswith("m") and not word.startswith("--")):
            module = words[at + 1 : at + 2]
            return module[0].split(".")[0] if module and module[0].split(".")[0] in IGNORE_PROXIES else None
        if word.startswith("-m"):
            return word[2:] if word[2:] in IGNORE_PROXIES else None
        if word == "-c":
            return None
        if not word.startswith("-"):
            return client_of(words[at:])
    return None


def _commands_of_shell(words: list[str]) -> Iterator[list[str]]:
    """Yield the simple commands in the script of `-c`; none where the shell reads a file, or its script cannot be read."""
    flags = [at for at, word in enumerate(words) if re.fullmatch(r"-[a-z]*c", word)]
    script = words[flags[0] + 1 : flags[0] + 2] if flags else []
    command: list[str] = []
    try:
        for word in shlex.shlex("".join(script).replace("\n", ";"), posix=True, punctuation_chars="();&|`"):
            if set(word) <= set("();&|`$"):
                yield command
                command = []
            elif command or not (word in SHELL_WORDS or ASSIGNMENT.fullmatch(word)):
                command.append(word)
    except ValueError:
        pass
    yield command


def _inner(name: str, words: list[str]) -> list[str]:
    """Return the command that the runner NAME starts with WORDS; nothing when it is none."""
    for runner, values in RUNNERS.items():
        program, *own = runner.split()
        if program == name:
            found = [(at, word) for at, word in _own_words(words, values.split()) if not word.startswith("-")]
            if [word for _, word in found[: len(own)]] == own:
                rest = [at for at, word in found[len(own) :] if not _is_runners_own(name, word)]
                return _wanted(words[rest[0] :]) if rest else []
    return []


def _is_runners_own(name: str, word: str) -> bool:
    return bool((name in ("env", "sudo") and ASSIGNMENT.fullmatch(word)) or (name == "timeout" and DURATION.fullmatch(word)))


def _wanted(command: list[str]) -> list[str]:
    """Return COMMAND with a requirement such as `hatch@1.18` or `hatch==1.18` in its first word as the name of what it starts."""
    named = REQUIREMENT.match(command[0]) if "/" not in command[0] else None
    return [named[0], *command[1:]] if named else command


def _own_words(words: list[str], valued: list[str]) -> Iterator[tuple[int, str]]:
    """Yield WORDS with their places, without the values of the options VALUED."""
    skip = False
    for at, word in enumerate(words):
        if not skip:
            yield at, word
        skip = not skip and word in valued
