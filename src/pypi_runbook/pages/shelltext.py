"""Read a published shell block without running it: its statements, their commands, and what joins these."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

OPEN = {"if", "for", "while", "until", "case", "select", "{"}
CLOSE = {"fi", "done", "esac", "}"}
LEADING = {"then", "else", "elif", "do", "if", "while", "until", "!", "{", "time", "command", "env", "sudo", "nohup"}
HEREDOC = re.compile(r"<<(-?)\s*(['\"]?)([\w.]+)\2")
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")


@dataclass
class Command:
    """One simple command: its words as typed, quotes included, and what stands between it and the one before.

    joiner: `&&`, `||`, `|`, `;`, `&`, a newline, or nothing for the first of a statement; inside: it stands in `$( )`.
    """

    line: int
    joiner: str
    words: list[str] = field(default_factory=list)
    inside: bool = False

    @property
    def plain(self) -> list[str]:
        """Return the words without quotes, keywords and assignments in front, and without the folder of the program."""
        words = [re.sub(r"['\"]", "", word) for word in self.words]
        while words and (words[0] in LEADING or ASSIGNMENT.match(words[0])):
            words.pop(0)
        return [words[0].rsplit("/bin/", 1)[-1], *words[1:]] if words else []


@dataclass
class Statement:
    """What a terminal reads as one input: a list of commands that ends where a line ends."""

    line: int
    commands: list[Command] = field(default_factory=list)


class Block:
    """A shell block: `statements`, and the lines of its `comments`, both counted from 1."""

    def __init__(self, text: str, line: int = 1, *, inside: bool = False) -> None:
        self.statements: list[Statement] = []
        self.comments: list[int] = []
        self.nested: list[Command] = []
        self._text, self._line, self._inside = text, line, inside
        self._depth, self._brackets, self._joiner = 0, 0, ""
        self._command, self._word = Command(line, "", inside=inside), ""
        self._position = 0
        self._read()

    @property
    def commands(self) -> Iterator[Command]:
        """Yield every command, those in `$( )` last."""
        for statement in self.statements:
            yield from statement.commands
        yield from self.nested

    def _read(self) -> None:
        while self._position < len(self._text):
            self._step(self._text[self._position])
        self._end_statement()

    def _step(self, letter: str) -> None:
        """Take what stands at the position."""
        rest = self._text[self._position :]
        if letter == "\\":
            self._take(2)
        elif letter in "'\"`":
            self._take(quoted(rest))
        elif rest.startswith(("$(", "${", "<(")):
            self._substitution(rest)
        elif letter == "#" and not self._word:
            self.comments.append(self._line)
            self._position += len(rest.split("\n")[0])
        elif letter in " \t":
            self._end_word()
            self._position += 1
        elif letter in "\n;|&()" and not self._is_redirection(rest):
            self._operator(rest)
        else:
            self._take(1)

    def _take(self, count: int) -> None:
        """Add COUNT letters to the word; a continued line adds none."""
        text = self._text[self._position : self._position + count]
        self._line += text.count("\n")
        self._word += "" if text == "\\\n" else text
        self._position += count

    def _substitution(self, rest: str) -> None:
        """Take `$( )`, `${ }` or `<( )`; the commands inside the round ones are commands too."""
        length = matching(rest)
        if rest[1] == "(" and not rest.startswith("$(("):
            inner = Block(rest[2 : length - 1], self._line, inside=True)
            self.nested += inner.commands
        self._take(length)

    def _is_redirection(self, rest: str) -> bool:
        """Say whether an ampersand belongs to a redirection."""
        return rest[0] == "&" and (self._word.endswith((">", "<")) or rest[1:2] == ">")

    def _operator(self, rest: str) -> None:
        self._end_word()
        operator = rest[:2] if rest[:2] in ("&&", "||", ";;") else rest[0]
        self._position += len(operator)
        if operator == "(" or (operator == ")" and self._brackets):
            self._brackets += 1 if operator == "(" else -1
        self._end_command(operator)
        if operator == "\n":
            self._skip_heredocs(rest)
            if self._depth + self._brackets <= 0 and self._joiner not in ("&&", "||", "|"):
                self._end_statement()

    def _skip_heredocs(self, rest: str) -> None:
        """Go past the here-documents that the line which ends here has opened."""
        begun = self._text[: self._position].rsplit("\n", 2)[-2]
        self._line += 1
        for opened in HEREDOC.finditer(begun):
            end = re.search(rf"^\s*{re.escape(opened[3])}\s*$", self._text[self._position :], re.MULTILINE)
            length = end.end() + 1 if end else len(rest)
            self._line += self._text[self._position : self._position + length].count("\n")
            self._position += length

    def _end_word(self) -> None:
        if self._word:
            if not self._command.words:
                self._command.line = self._line
                self._depth += (self._word in OPEN) - (self._word in CLOSE)
            self._command.words.append(self._word)
            self._word = ""

    def _end_command(self, joiner: str) -> None:
        """End the command; a newline after an operator is part of the operator."""
        self._end_word()
        if self._command.words:
            if not self.statements or self._joiner == "":
                self.statements.append(Statement(self._command.line))
            self._command.joiner = self._joiner
            self.statements[-1].commands.append(self._command)
            self._joiner = joiner
        elif joiner != "\n":
            self._joiner = self._joiner or joiner
        self._command = Command(self._line, "", inside=self._inside)

    def _end_statement(self) -> None:
        self._end_command("")
        self._joiner = ""


def quoted(text: str) -> int:
    """Return the length of the quoted string that TEXT begins with."""
    mark, position = text[0], 1
    while position < len(text) and text[position] != mark:
        if text[position] == "\\" and mark != "'":
            position += 1
        elif mark == '"' and text.startswith("$(", position):
            position += matching(text[position:]) - 1
        position += 1
    return min(position + 1, len(text))


def matching(text: str) -> int:
    """Return the length of the bracketed piece that TEXT begins with, which is two letters after `$` or `<`."""
    opening = text[1]
    closing = {"(": ")", "{": "}"}[opening]
    depth, position = 0, 1
    while position < len(text):
        letter = text[position]
        if letter in "'\"`":
            position += quoted(text[position:]) - 1
        elif letter == "\\":
            position += 1
        else:
            depth += (letter == opening) - (letter == closing)
            if not depth:
                return position + 1
        position += 1
    return len(text)
