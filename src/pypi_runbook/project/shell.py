"""The simple commands of a shell script or of a Python file, as lists of words; read, never run."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
HEREDOC = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?")
ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
KEYWORDS = {"if", "then", "else", "elif", "do", "while", "until", "!", "{", "time", "exec", "command", "sudo", "env", "nohup", "export"}
SEPARATORS = set(";|&()")


@dataclass(frozen=True)
class Command:
    """One simple command: its words, what it assigns in front of them, and its line from the script's first."""

    words: list[str]
    env: dict[str, str]
    line: int


def shell_commands(text: str) -> Iterator[Command]:
    """Yield each simple command of the shell script TEXT; what cannot be tokenised is left out."""
    expressions: list[str] = []
    text = EXPRESSION.sub(lambda match: hide(match[0], expressions), text)
    for number, line in logical_lines(text):
        for words in split(line):
            restored = [restore(word, expressions) for word in words]
            if command := simple(restored, number):
                yield command


def hide(expression: str, store: list[str]) -> str:
    """Replace a GitHub expression by a private-use character, so that its blanks and operators are no shell."""
    store.append(expression)
    return chr(0xE000 + len(store) - 1)


def restore(word: str, store: list[str]) -> str:
    """Return WORD with its expressions put back."""
    return "".join(store[ord(letter) - 0xE000] if 0 <= ord(letter) - 0xE000 < len(store) else letter for letter in word)


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each command line with the line on which it begins: continued lines and open quotes joined, here-documents left out."""
    held, start, end_word = "", 0, ""
    for number, line in enumerate(text.splitlines()):
        if end_word:
            end_word = "" if line.strip() == end_word else end_word
            continue
        start = start if held else number
        held += line
        if held.endswith("\\"):
            held = held[:-1] + " "
        elif is_open(held):
            held += "\n"
        else:
            yield start, held
            end_word = match[1] if (match := HEREDOC.search(held)) else ""
            held = ""


def is_open(line: str) -> bool:
    """Tell whether a quote of LINE is still open."""
    try:
        shlex.split(line, comments=True)
    except ValueError:
        return True
    return False


def split(line: str) -> Iterator[list[str]]:
    """Yield the words of each simple command on LINE, redirections included."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";|&()")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if set(word) <= SEPARATORS:
            yield words
            words = []
        else:
            words.append(word)
    yield words


def simple(words: list[str], line: int) -> Command | None:
    """Return WORDS as a command, without keywords in front; a line that only assigns has no words."""
    env: dict[str, str] = {}
    for place, word in enumerate(words):
        if match := ASSIGNMENT.fullmatch(word):
            env[match[1]] = match[2]
        elif word not in KEYWORDS:
            return Command(words[place:], env, line)
    return Command([], env, line) if env else None


def python_commands(source: str) -> Iterator[Command]:
    """Yield what the Python file SOURCE looks like it runs: lists and calls that begin with words, and strings given to calls."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.List, ast.Tuple)):
            yield Command([word_of(item) for item in node.elts], {}, node.lineno - 1)
        elif isinstance(node, ast.Call):
            yield Command([word_of(item) for item in node.args], {}, node.lineno - 1)
            for item in node.args:
                if isinstance(item, ast.Constant) and isinstance(item.value, str) and " " in item.value:
                    yield from (Command(found.words, found.env, node.lineno - 1) for found in shell_commands(item.value))


def word_of(node: ast.expr) -> str:
    """Return a literal string; `python` for any name of the interpreter; `?` for what only a run can tell."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return "python" if re.search(r"(executable|python)$", ast.unparse(node), re.IGNORECASE) else "?"


def make_recipe(makefile: str, target: str) -> str:
    """Return the recipe of TARGET, without make's own marks; empty when the file has none."""
    found = re.search(rf"(?m)^{re.escape(target)}\s*:(?!=).*\n((?:\t.*\n?|\s*\n)*)", makefile + "\n")
    return "\n".join(line.lstrip("\t@-") for line in found[1].splitlines()) if found else ""
