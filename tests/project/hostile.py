"""Projects that are malformed, truncated or hostile, made from the specimens; for every command that must end with a message on them.

`hostile_projects(seed, count)` yields COUNT cases, the same ones for the same seed. A case has a name (for the failure message) and
`make(folder)`, which fills an empty folder. Nothing in a case is run, and no case is larger than 11 MB.

    for case in hostile_projects(seed=1, count=500):
        folder = tmp_path / case.name
        folder.mkdir()
        case.make(folder)
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hostile_specials import SPECIALS, write

PROJECTS = Path(__file__).resolve().parents[1] / "projects"
TOKEN = re.compile(rb"\w+|\s+|[^\w\s]")
SUFFIXES = {".toml", ".yml", ".yaml", ".cfg", ".py", ".sh", ".ini", ".json", ""}
# One in so many cases is one of SPECIALS, in turn; the others are specimens with small changes.
EVERY = 40
# Specimens stay small, so that thousands of cases cost seconds. Bytes.
LARGEST = 1_600
# What turns a text that a reader knows into one that it does not.
NASTY: list[bytes] = [
    *(b"${{ }} \x00 \t \r\n \r &a *a <<: [ { ] } ' \" | > # : - ? , = \\ $( ` <<E ( ) ~ & && || ; !! % @".split(b" ")),
    *(
        b"<<: *a\n",
        b"? ",
        b"---\n",
        b"...\n",
        b"%YAML 1.1\n---\n",
        b'"""',
        b"'''",
        b"\xef\xbb\xbf",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b'"\\ud800"',
        b"\xe2\x80\xa8",
    ),
    *(
        b"!!int x",
        b"!!set",
        b"!!omap",
        b"!!binary ==",
        b"!!timestamp 1",
        b"!!python/object:os.system",
        b"2024-99-99",
        b"2024-01-01",
        b".nan",
        b"-.inf",
        b"1e999",
    ),
    *(
        b"null",
        b"true",
        b"[]",
        b"{}",
        b"[[x]]",
        b"[a, b]: c",
        b"{a: b}: c",
        b"9" * 5000,
        b"0x" + b"f" * 5000,
        b"x" * 5000,
        b"(" * 300,
        b"[" * 300,
        b"{" * 300,
    ),
    *(
        b"${{ github",
        b"${{ env.A }}",
        b"${{ inputs.x }}",
        b"${{ matrix.* }}",
        b"${{ fromJSON('[') }}",
        b"${{" * 50,
        b"${{ (" * 50,
        b"bash x.sh",
        b"make a",
    ),
]


@dataclass(frozen=True)
class Case:
    """One project: its name, which is fit for a folder, what fills an empty folder with it, and whether it is one of SPECIALS."""

    name: str
    make: Callable[[Path], None]
    special: bool = False


def hostile_projects(seed: int, count: int) -> Iterator[Case]:
    """Yield COUNT projects; the same SEED gives the same ones, whatever COUNT is."""
    for number in range(count):
        if number % EVERY == 0:
            name = list(SPECIALS)[number // EVERY % len(SPECIALS)]
            yield Case(f"{number}-{name}", SPECIALS[name], special=True)
        else:
            yield mutant(seed, number)


def mutant(seed: int, number: int) -> Case:
    """Return case NUMBER: one specimen with one to four changes in one or two of its files."""
    chance = random.Random(f"{seed}/{number}")  # noqa: S311 - the same cases again, no secrets
    name = chance.choice(sorted(specimens()))
    files = dict(specimens()[name])
    for file in chance.sample(sorted(files), min(len(files), chance.choice((1, 1, 2)))):
        for _ in range(chance.randint(1, 4)):
            files[file] = chance.choice(CHANGES)(files[file], chance)
    return Case(f"{number}-{name}", lambda folder: write(folder, files))


@cache
def specimens() -> dict[str, dict[str, bytes]]:
    """Return the readable files of each specimen that has few of them."""
    found = {}
    for folder in PROJECTS.iterdir():
        files = [path for path in folder.rglob("*") if path.is_file() and path.suffix in SUFFIXES and path.stat().st_size < LARGEST]
        found[folder.name] = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files if "__pycache__" not in path.parts}
    return {name: files for name, files in found.items() if files and not name.startswith("nautobot")}


def delete(text: bytes, chance: random.Random) -> bytes:
    """Leave out one to five tokens."""
    tokens = TOKEN.findall(text)
    start = chance.randrange(len(tokens) + 1)
    return b"".join(tokens[:start] + tokens[start + chance.randint(1, 5) :])


def duplicate(text: bytes, chance: random.Random) -> bytes:
    """Say a line twice, or up to five hundred times."""
    lines = text.splitlines(keepends=True) or [b""]
    place = chance.randrange(len(lines))
    return b"".join(lines[:place] + [lines[place]] * chance.choice((2, 2, 3, 500)) + lines[place:])


def swap(text: bytes, chance: random.Random) -> bytes:
    """Let two tokens change places."""
    tokens = TOKEN.findall(text) or [b""]
    one, other = chance.randrange(len(tokens)), chance.randrange(len(tokens))
    tokens[one], tokens[other] = tokens[other], tokens[one]
    return b"".join(tokens)


def insert(text: bytes, chance: random.Random) -> bytes:
    """Put something nasty between two tokens."""
    tokens = TOKEN.findall(text)
    tokens.insert(chance.randrange(len(tokens) + 1), chance.choice(NASTY))
    return b"".join(tokens)


def replace(text: bytes, chance: random.Random) -> bytes:
    """Put something nasty in a word's place."""
    words = [match.span() for match in re.finditer(rb"[\w.-]+", text)] or [(0, 0)]
    start, end = chance.choice(words)
    return text[:start] + chance.choice(NASTY) + text[end:]


def truncate(text: bytes, chance: random.Random) -> bytes:
    """End the file anywhere."""
    return text[: chance.randrange(len(text) + 1)]


def flip(text: bytes, chance: random.Random) -> bytes:
    """Change one byte to any other."""
    place = chance.randrange(len(text) + 1)
    return text[:place] + bytes([chance.randrange(256)]) + text[place + 1 :]


def rewrite(text: bytes, chance: random.Random) -> bytes:
    """Change the line ends, the indentation or the encoding of the whole file."""
    others = (text.replace(b"\n", b"\r\n"), text.replace(b"\n", b"\r"), text.replace(b"  ", b"\t"), b"\xef\xbb\xbf" + text, text.replace(b"\n", b""))
    return chance.choice((*others, text.decode("utf-8", "replace").encode("utf-16")))


CHANGES = (delete, duplicate, swap, insert, insert, replace, replace, truncate, flip, rewrite)
