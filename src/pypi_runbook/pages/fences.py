"""The closed lists of what a fence may say: its language and its options, each with what it does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

RUN = {
    "bash": "sourced into the session's one live shell; fails at its first failing command",
    "console": "lines after `$ ` are run, what stands below them is compared with the real output",
    "python": "run by a child interpreter inside the sandbox, in the shell's folder and environment",
}
SHOWN = {
    "text": "plain text, a message or a tree",
    "toml": "an excerpt of a TOML file",
    "yaml": "an excerpt of a YAML file",
    "json": "an excerpt of JSON",
    "ini": "an excerpt of an ini file",
    "diff": "a change to make",
    "markdown": "Markdown as it is written",
    "html": "HTML as it is written",
}
LANGUAGES = {**RUN, **SHOWN}


@dataclass(frozen=True)
class Option:
    """One fence option: an example of its value, what it does, and whether it speaks of a run."""

    example: str
    meaning: str
    of_a_run: bool = True


OPTIONS = {
    "exit": Option('exit="1"', "The exit status that the block must end with; 0 where it is left out."),
    "timeout": Option('timeout="120"', "Seconds after which the block and all its processes are ended; 30 where it is left out."),
    "input": Option('input="token:testpypi"', "What the session types: a text, or a valid token of the twin's `pypi` or `testpypi`."),
    "background": Option('background="Listening on"', "Leave the block running, and go on when its output holds this text."),
    "skip": Option('skip="needs an account on PyPI"', "Do not run the block; the reason stands on the page and in the results."),
    "title": Option('title="pyproject.toml"', "A title bar above the block.", of_a_run=False),
    "hl_lines": Option('hl_lines="2 4-5"', "Lines that are highlighted.", of_a_run=False),
    "linenums": Option('linenums="12"', "Line numbers, from this one.", of_a_run=False),
}
SHAPES = {"hl_lines": re.compile(r"\d+(-\d+)?( \d+(-\d+)?)*"), "linenums": re.compile(r"\d+( \d+){0,2}")}
TOKENS = ("token:pypi", "token:testpypi")


def problems(language: str, options: dict[str, str]) -> Iterator[str]:
    """Yield what is wrong with a fence's first line, each as a sentence that says what to do."""
    if not language:
        yield f"the fence has no language: name one of {', '.join(LANGUAGES)}"
    elif language not in LANGUAGES:
        yield f"`{language}` is no language of this site: use one of {', '.join(LANGUAGES)}"
    for name, value in options.items():
        yield from _option(language, name, value)
    if "skip" in options and (others := [name for name in options if name != "skip" and name in OPTIONS and OPTIONS[name].of_a_run]):
        yield f"a block that is skipped is not run: take away {', '.join(others)}"


def _option(language: str, name: str, value: str) -> Iterator[str]:
    """Yield what is wrong with one option."""
    if name not in OPTIONS:
        yield f"`{name}` is no option of a fence: use one of {', '.join(OPTIONS)}"
    elif OPTIONS[name].of_a_run and language in SHOWN:
        yield f"`{name}` speaks of a run, and `{language}` is only shown: take it away, or use one of {', '.join(RUN)}"
    elif name == "skip" and value.strip() in ("", "skip"):
        yield 'a skip needs its reason: write skip="what no machine can do here"'
    elif name in ("exit", "timeout") and not value.isdecimal():
        yield f'`{name}` takes a whole number: write {OPTIONS[name].example}, not {name}="{value}"'
    elif name in ("exit", "timeout") and not _in_range(name, int(value)):
        yield f'{name}="{value}" is out of range: exit statuses are 0 to 255, a time limit is 1 to 3600 seconds'
    elif name in ("input", "background") and value.strip() in ("", name):
        yield f"`{name}` needs a text: write {OPTIONS[name].example}"
    elif name in SHAPES and not SHAPES[name].fullmatch(value):
        yield f'`{name}` is written {OPTIONS[name].example}, not {name}="{value}"'
    elif name == "input" and value.startswith("token:") and value not in TOKENS:
        yield f'input="{value}" names no token of the twin: use one of {", ".join(TOKENS)}'


def _in_range(name: str, value: int) -> bool:
    """Say whether VALUE can be an exit status or a time limit."""
    return value <= 255 if name == "exit" else 1 <= value <= 3600
