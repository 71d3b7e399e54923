"""The simple commands of a shell script, as lists of words; read, never run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
HEREDOC = re.compile(r"(?<!<)<<(?!<)-?\s*['\"]?(\w+)['\"]?")
ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
KEYWORDS = {"if", "then", "else", "elif", "do", "while", "until", "!", "{", "time", "exec", "command", "sudo", "env", "nohup", "export"}
SEPARATORS = set(";|&()")
# What a command before `&&` or `||` must be for the one behind it never to run.
NEVER = {"&&": ["false"], "||": ["true"]}


@dataclass(frozen=True)
class Command:
    """One simple command: its words, what it assigns in front of them, and its line from the script's first."""

    words: list[str]
    env: dict[str, str] = field(default_factory=dict)
    line: int = 0


@lru_cache(maxsize=256)
def shell_commands(text: str) -> tuple[Command, ...]:
    """Return the simple commands of the shell script TEXT; what cannot be tokenised is left out."""
    expressions: list[str] = []
    # Behind the last `}}` no expression ends; searching there would cost the square of its length.
    end = text.rfind("}}") + 2 if "}}" in text else 0
    hidden = EXPRESSION.sub(lambda match: hide(match[0], expressions), text[:end]) + text[end:]
    found = (simple([restore(word, expressions) for word in words], number) for number, line in logical_lines(hidden) for words in split(line))
    return tuple(command for command in found if command)


def hide(expression: str, store: list[str]) -> str:
    """Replace a GitHub expression by a private-use character, so that its blanks and operators are no shell."""
    store.append(expression)
    return chr(0xE000 + len(store) - 1)


def restore(word: str, store: list[str]) -> str:
    """Return WORD with its expressions put back."""
    return "".join(store[ord(letter) - 0xE000] if 0 <= ord(letter) - 0xE000 < len(store) else letter for letter in word)


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each command line with the line on which it begins: continued lines and open quotes joined, here-documents left out."""
    held: list[str] = []
    start, end_word, quote = 0, "", ""
    for number, line in enumerate(text.splitlines()):
        if end_word:
            end_word = "" if line.strip() == end_word else end_word
            continue
        start = start if held else number
        quote = open_quote(line, quote)
        if line.endswith("\\") and quote != "'":
            held.append(line[:-1] + " ")
        elif quote:
            held.append(line + "\n")
        else:
            whole = "".join([*held, line])
            held = []
            yield start, whole
            end_word = match[1] if (match := HEREDOC.search(whole)) else ""


def open_quote(line: str, quote: str) -> str:
    """Return the quote that is open at the end of LINE, when QUOTE (or none) was at its start."""
    escaped, before = False, " "
    for letter in line:
        if escaped:
            escaped = False
        elif letter == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == "#" and before.isspace():
            break
        before = letter
    return quote


def split(line: str) -> Iterator[list[str]]:
    """Yield the words of each simple command on LINE, redirections included; one that can never run is left out."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";|&()")
    lexer.whitespace_split = True
    words: list[str] = []
    skipped = False
    try:
        for word in lexer:
            if word and set(word) <= SEPARATORS:
                yield from [] if skipped else [words]
                skipped = NEVER.get(word) == words or (skipped and word == "&&")
                words = []
            else:
                words.append(word)
    except ValueError:
        return
    yield from [] if skipped else [words]


def simple(words: list[str], line: int) -> Command | None:
    """Return WORDS as a command, without keywords in front; a line that only assigns has no words."""
    env: dict[str, str] = {}
    for place, word in enumerate(words):
        if match := ASSIGNMENT.fullmatch(word):
            env[match[1]] = match[2]
        elif word not in KEYWORDS:
            return Command(words[place:], env, line)
    return Command([], env, line) if env else None
