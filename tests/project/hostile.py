"""A Hypothesis strategy for projects that are malformed, truncated or hostile, made from the specimens in tests/projects/.

Every command has to end with a message on them. Nothing in a project is run. Named cases are in hostile_specials.py.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from hostile_specials import write
from hypothesis import strategies as st

Files = dict[str, bytes]
PROJECTS = Path(__file__).resolve().parents[1] / "projects"
TOKEN = re.compile(rb"\w+|\s+|[^\w\s]")
SUFFIXES = {".toml", ".yml", ".yaml", ".cfg", ".py", ".sh", ".ini", ".json", ""}
# Specimens stay small, so that an example takes milliseconds. Bytes.
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


@st.composite
def hostile_projects(draw: st.DrawFn) -> Files:
    """Draw the files of one specimen, with one to four changes in one or two of them."""
    files = dict(specimens()[draw(st.sampled_from(sorted(specimens())))])
    for name in draw(st.lists(st.sampled_from(sorted(files)), min_size=1, max_size=2, unique=True)):
        for _ in range(draw(st.integers(1, 4))):
            files[name] = draw(st.sampled_from(CHANGES))(draw, files[name])
    return files


@contextmanager
def project_of(files: Files) -> Iterator[Path]:
    """Give a folder with FILES, and a PATH without git, which would be asked for each project and has tests of its own."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "")
        write(Path(folder), files)
        yield Path(folder)


@cache
def specimens() -> dict[str, Files]:
    """Return the readable files of each specimen that has few of them."""
    found = {}
    for folder in PROJECTS.iterdir():
        files = [path for path in folder.rglob("*") if path.is_file() and path.suffix in SUFFIXES and path.stat().st_size < LARGEST]
        found[folder.name] = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files if "__pycache__" not in path.parts}
    return {name: files for name, files in found.items() if files and not name.startswith("nautobot")}


def delete(draw: st.DrawFn, text: bytes) -> bytes:
    """Leave out one to five tokens."""
    tokens = TOKEN.findall(text)
    start = draw(st.integers(0, len(tokens)))
    return b"".join(tokens[:start] + tokens[start + draw(st.integers(1, 5)) :])


def duplicate(draw: st.DrawFn, text: bytes) -> bytes:
    """Say a line twice, or up to five hundred times."""
    lines = text.splitlines(keepends=True) or [b""]
    place = draw(st.integers(0, len(lines) - 1))
    return b"".join(lines[:place] + [lines[place]] * draw(st.sampled_from((2, 2, 3, 500))) + lines[place:])


def swap(draw: st.DrawFn, text: bytes) -> bytes:
    """Let two tokens change places."""
    tokens = TOKEN.findall(text) or [b""]
    one, other = (draw(st.integers(0, len(tokens) - 1)) for _ in range(2))
    tokens[one], tokens[other] = tokens[other], tokens[one]
    return b"".join(tokens)


def insert(draw: st.DrawFn, text: bytes) -> bytes:
    """Put something nasty between two tokens."""
    tokens = TOKEN.findall(text)
    tokens.insert(draw(st.integers(0, len(tokens))), draw(st.sampled_from(NASTY)))
    return b"".join(tokens)


def replace(draw: st.DrawFn, text: bytes) -> bytes:
    """Put something nasty in a word's place."""
    words = [match.span() for match in re.finditer(rb"[\w.-]+", text)] or [(0, 0)]
    start, end = draw(st.sampled_from(words))
    return text[:start] + draw(st.sampled_from(NASTY)) + text[end:]


def truncate(draw: st.DrawFn, text: bytes) -> bytes:
    """End the file anywhere."""
    return text[: draw(st.integers(0, len(text)))]


def flip(draw: st.DrawFn, text: bytes) -> bytes:
    """Change one byte to any other."""
    place = draw(st.integers(0, len(text)))
    return text[:place] + bytes([draw(st.integers(0, 255))]) + text[place + 1 :]


def rewrite(draw: st.DrawFn, text: bytes) -> bytes:
    """Change the line ends, the indentation or the encoding of the whole file."""
    others = (text.replace(b"\n", b"\r\n"), text.replace(b"\n", b"\r"), text.replace(b"  ", b"\t"), b"\xef\xbb\xbf" + text, text.replace(b"\n", b""))
    return draw(st.sampled_from((*others, text.decode("utf-8", "replace").encode("utf-16"))))


CHANGES = (delete, duplicate, swap, insert, insert, replace, replace, truncate, flip, rewrite)
