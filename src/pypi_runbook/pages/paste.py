"""What a block must not hold so that it can be pasted into a reader's terminal, whose shell is bash or zsh and does not stop at a failure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pypi_runbook.pages.shelltext import Block, Command

Finding = tuple[int, str]
ENDS_THE_TERMINAL = {
    "exit": "it closes the reader's terminal: let the command before it fail instead",
    "exec": "it replaces the reader's shell: call the command without it",
    "logout": "it closes the reader's terminal",
    "trap": "it stays in the reader's shell: clean up in a block of its own",
    "shopt": "zsh has no such command: write what both shells understand",
    "mapfile": "zsh has no such command: write what both shells understand",
    "readarray": "zsh has no such command: write what both shells understand",
}
IRREVERSIBLE = (
    r"(twine|pypi-runbook) .*\bupload\b|scripts/upload\b|python\S* -m (twine|pypi_runbook) .*\bupload\b",
    r"(uv|poetry|hatch|flit|pdm) publish\b",
    r"maturin (upload|publish)\b",
    r"git push\b",
    r"gh (release (create|delete|edit|upload)|workflow run|run rerun|repo delete|secret set|api .*(-X|--method) *(POST|PUT|PATCH|DELETE))\b",
    r"curl .*(-X|--request) *(POST|PUT|PATCH|DELETE)\b",
)
HARMLESS = {"--help", "-h", "--dry-run", "--version"}
READS_THE_TERMINAL = re.compile(r"(read\b|gh auth login\b|ssh-keygen\b|poetry config .*--?ask\b)")
HISTORY = re.compile(r"![^\s=(]")


def findings(text: str) -> Iterator[Finding]:
    """Yield each thing in a block that is unsafe to paste: its line within TEXT, and a sentence that says what to do."""
    block = Block(text)
    for line in block.comments:
        yield line, "a comment is a command to zsh, and an apostrophe in it hangs: say it in the text above the block"
    for rule in RULES:
        yield from rule(block)


def shell_words(block: Block) -> Iterator[Finding]:
    """Refuse what ends or changes the reader's own shell."""
    for command in block.commands:
        word, *rest = command.plain or [""]
        if word in ENDS_THE_TERMINAL and not command.inside:
            yield command.line, f"`{word}` must not be pasted: {ENDS_THE_TERMINAL[word]}"
        elif word in ("set", "setopt") and any(re.match(r"[-+][a-z]*[eu]|errexit|nounset|pipefail", part) for part in rest):
            yield command.line, f"`{' '.join(command.plain)}` stays in the reader's shell, which a failure then closes: join commands with `&&`"


def irreversible(block: Block) -> Iterator[Finding]:
    """Refuse an upload, a push or a deletion that a failed command above it does not stop."""
    for command in block.commands:
        if is_irreversible(command) and not stands_safely(block, command):
            yield (
                command.line,
                f"`{' '.join(command.plain[:3])}` cannot be taken back: it must stand alone in its block, or behind `&&` after all that must succeed",
            )


def is_irreversible(command: Command) -> bool:
    """Say whether COMMAND uploads, publishes, pushes, deletes or releases."""
    text = " ".join(command.plain)
    return not HARMLESS & set(command.plain) and any(re.match(pattern, text) for pattern in IRREVERSIBLE)


def stands_safely(block: Block, command: Command) -> bool:
    """Say whether everything before COMMAND in its block has to succeed for it to run."""
    before = []
    for other in block.statements[0].commands if block.statements else []:
        before.append(other)
        if other is command:
            return all(earlier.joiner in ("", "&&", "|") for earlier in before)
    return False


def terminal(block: Block) -> Iterator[Finding]:
    """Refuse a command that reads the terminal where pasted lines follow: without bracketed paste it reads those."""
    lines = [statement.line for statement in block.statements]
    for statement in block.statements:
        for command in statement.commands:
            text = " ".join(command.plain)
            fed = command.joiner == "|" or "<" in text or "while" in command.words
            if READS_THE_TERMINAL.match(text) and not fed and len(lines) > 1:
                yield command.line, f"`{command.plain[0]}` reads the terminal, and would read the pasted lines: give it a block of its own"
            if command.plain[:1] == ["read"] and any(re.match(r"-\w*p", word) for word in command.plain):
                yield command.line, "`read -p` is another thing in zsh: print the question with printf"


def both_shells(block: Block) -> Iterator[Finding]:
    """Refuse what bash and zsh take differently."""
    for command in block.commands:
        for word in command.words:
            bare = re.sub(r"'[^']*'|\"(?:\\.|[^\"])*\"|\$\{[^}]*\}|\$\([^)]*\)|\\.", "", word)
            if (re.search(r"\w\[[\w,-]*\]", bare) and not re.match(r"\w+\[\w+\]=", bare)) or re.search(r"://\S*[?*]", bare):
                yield command.line, f"zsh looks for a file named like `{word}`: put it in quotes"
            elif bare == "==" and command.words[0] == "[":
                yield command.line, "zsh takes `==` inside `[ ]` for a command: write `=`"
            if HISTORY.search(re.sub(r"'[^']*'|\$\{[^}]*\}|\\.|\$!", "", word)):
                yield command.line, f"`!` in `{word}` is history to a terminal: put it in single quotes"


RULES: tuple[Callable[[Block], Iterator[Finding]], ...] = (shell_words, irreversible, terminal, both_shells)
