"""Console fences: the commands after `$ `, and the comparison of what stands below them with the real output.

Expected output is text, compared line by line without trailing blanks and without empty lines at the end. A line that is only
`...` stands for any lines, none included. A placeholder stands for one text of its type:
<version> <hash> <time> <url> <path> <size> <any>. The same placeholder twice must match the same text within its fence; a
number makes another one, for example <hash:1> and <hash:2>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

ANY_LINES = "..."
PLACEHOLDERS = {
    "version": r"v?[0-9]+(?:[.][0-9]+)*(?:[-._+!]?[A-Za-z0-9]+)*",
    "hash": r"[0-9a-f]{7,128}",
    "time": r"[0-9][0-9:.,TZ+ -]*(?:\s?(?:ms|s|sec|secs|seconds|m|min|minutes|h|hours)\b)?",
    "url": r"https?://[^\s\"'<>]+",
    "path": r"[^\s\"':]+",
    "size": r"[0-9]+(?:[.][0-9]+)?\s?(?:(?:[kKMGT]i?)?[bB]|bytes?|[kKMGT])?",
    "any": r".*?",
}
PLACEHOLDER = re.compile(rf"<({'|'.join(PLACEHOLDERS)})(?::([0-9]+))?>")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")


@dataclass
class Command:
    """One command of a console fence: its text, its line within the fence (from 1), and the output that stands below it."""

    text: str
    line: int
    expected: list[str] = field(default_factory=list)


def read_console(text: str) -> list[Command]:
    """Return the commands of a console fence; lines after `> ` directly below a command belong to it."""
    commands: list[Command] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("$ "):
            commands.append(Command(line[2:], number))
        elif not commands:
            raise ValueError(f"line {number} of the fence is output without a command: begin it with `$ `")
        elif line.startswith("> ") and not commands[-1].expected:
            commands[-1].text += f"\n{line[2:]}"
        else:
            commands[-1].expected.append(line)
    return commands


class Comparison:
    """Compares the commands of one fence in order, and remembers what each placeholder stood for."""

    def __init__(self) -> None:
        self.bound: dict[str, str] = {}

    def differs(self, expected: list[str], output: str) -> str:
        """Return what differs between EXPECTED and the real OUTPUT as a diff, or nothing when they agree."""
        real = plain_lines(output)
        wanted = "\n".join(line.rstrip() for line in expected).rstrip("\n").split("\n") if any(expected) else []
        if match := re.fullmatch(self._pattern(wanted), "".join(f"{line}\n" for line in real)):
            self.bound.update(match.groupdict())
            return ""
        return "\n".join(_diff(wanted, real)) + self._bindings(wanted)

    def _pattern(self, wanted: list[str]) -> str:
        """Return one expression for all lines, so that a placeholder holds over `...` too."""
        known: set[str] = set()
        return "".join("(?:.*\n)*?" if line == ANY_LINES else f"{self._line(line, known)}\n" for line in wanted)

    def _line(self, line: str, known: set[str]) -> str:
        pattern, end = "", 0
        for found in PLACEHOLDER.finditer(line):
            name = f"{found[1]}_{found[2] or ''}"
            pattern += re.escape(line[end : found.start()])
            pattern += (
                re.escape(self.bound[name]) if name in self.bound else f"(?P={name})" if name in known else f"(?P<{name}>{PLACEHOLDERS[found[1]]})"
            )
            known.add(name)
            end = found.end()
        return pattern + re.escape(line[end:])

    def _bindings(self, wanted: list[str]) -> str:
        """Return what the placeholders of WANTED stood for above, so that a repeated one that differs is understood."""
        used = {f"{found[1]}_{found[2] or ''}": found[0] for line in wanted for found in PLACEHOLDER.finditer(line)}
        return "".join(f"\n  {used[name]} stood for {text!r} above" for name, text in self.bound.items() if name in used)


def plain_lines(output: str) -> list[str]:
    """Return OUTPUT as the lines that a terminal would show: no colours, no overwritten progress, no trailing blanks."""
    lines = ESCAPES.sub("", output).replace("\r\n", "\n").split("\n")
    shown = [line.rsplit("\r", 1)[-1].rstrip() for line in lines]
    while shown and not shown[-1]:
        shown.pop()
    return shown


def _diff(wanted: list[str], real: list[str]) -> Iterator[str]:
    """Yield the lines of both with the fewest differences: `-` stands on the page only, `+` is real only."""
    costs = _costs(wanted, real)
    row = column = 0
    while row < len(wanted) or column < len(real):
        here, any_lines = costs[row][column], row < len(wanted) and wanted[row] == ANY_LINES
        if any_lines and costs[row + 1][column] == here:
            row += 1
        elif any_lines and column < len(real):
            yield f"    {real[column]}"
            column += 1
        elif row < len(wanted) and column < len(real) and _agree(wanted[row], real[column]) and costs[row + 1][column + 1] == here:
            yield f"    {real[column]}"
            row, column = row + 1, column + 1
        elif row < len(wanted) and costs[row + 1][column] + 1 == here:
            yield f"  - {wanted[row]}"
            row += 1
        else:
            yield f"  + {real[column]}"
            column += 1


def _costs(wanted: list[str], real: list[str]) -> list[list[int]]:
    """Return for each pair of places how many lines differ from there to both ends."""
    costs = [[0] * (len(real) + 1) for _ in range(len(wanted) + 1)]
    for row in range(len(wanted), -1, -1):
        for column in range(len(real), -1, -1):
            choices = []
            if row < len(wanted):
                choices.append(costs[row + 1][column] + (wanted[row] != ANY_LINES))
            if column < len(real):
                choices.append(costs[row][column + 1] + (row == len(wanted) or wanted[row] != ANY_LINES))
            if row < len(wanted) and column < len(real) and _agree(wanted[row], real[column]):
                choices.append(costs[row + 1][column + 1])
            costs[row][column] = min(choices, default=0)
    return costs


def _agree(wanted: str, real: str) -> bool:
    """Say whether one line matches, whatever its placeholders stood for elsewhere."""
    pattern, end = "", 0
    for found in PLACEHOLDER.finditer(wanted):
        pattern += re.escape(wanted[end : found.start()]) + f"(?:{PLACEHOLDERS[found[1]]})"
        end = found.end()
    return re.fullmatch(pattern + re.escape(wanted[end:]), real) is not None
