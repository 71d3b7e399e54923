"""Words of other people's files on this person's terminal."""

from __future__ import annotations


def shown(text: str) -> str:
    """Return TEXT without what would control the terminal, and what it cannot show, written as Python escapes."""
    return "".join(letter if letter.isprintable() or letter == "\n" else ascii(letter)[1:-1] for letter in text)
