"""Tokens that anybody who reads the repository could publish with: in its files, in its history, in clients' settings."""

from __future__ import annotations

import configparser
import hashlib
import itertools
import math
import re
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.finding import Finding
from pypi_runbook.secrets import KINDS, PUBLISHING

LEAKED = "incident/leaked-token.md"
REVOKE = "revoke it first, then take it out; taking it out alone changes nothing, because copies and history keep it"
SEARCHED = [(title, KINDS[title]) for title in PUBLISHING]
# git has no \w and \b in its patterns; what it finds is looked at again with ours.
HISTORY = r"pypi-AgE[A-Za-z0-9_-]{50}|gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60}"
HISTORY_SECONDS = 20
BEGINNINGS = (b"pypi-AgE", b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_")
# The marks by which people tell secret scanners that a line is an example.
ALLOWED = re.compile(rb"gitleaks:allow|pragma: allowlist secret", re.IGNORECASE)
BITS = 3.4


@dataclass(frozen=True)
class Secret:
    """A token that was seen: what it is, where, and a name for it that does not give it away."""

    title: str
    line: int
    key: str


def check_tokens(checkup: Checkup) -> Iterator[Finding]:
    """Yield a finding for each token in a file that git knows or would add, for each in history alone, and for stored passwords."""
    seen: set[str] = set()
    for file in checkup.files:
        for secret in secrets_in(checkup.raw(file) or b""):
            seen.add(secret.key)
            yield Finding("token-in-file", "error", f"this line holds {secret.title}", file, secret.line, REVOKE, LEAKED)
    yield from stored_passwords(checkup)
    if checkup.history and checkup.tracked:
        yield from in_history(checkup, seen)


def secrets_in(content: bytes) -> Iterator[Secret]:
    """Yield each token that CONTENT holds and that somebody could have been given; an example's runs and rows are none."""
    if not any(beginning in content for beginning in BEGINNINGS):
        return
    ends: set[int] = set()
    for title, pattern in SEARCHED:
        for match in pattern.finditer(content):
            line = content[content.rfind(b"\n", 0, match.start()) + 1 : match.end() + 200].split(b"\n")[0]
            if match.end() not in ends and is_random(body(match[0])) and not ALLOWED.search(line):
                # A kind that is named more exactly comes first.
                ends.add(match.end())
                yield Secret(title, content.count(b"\n", 0, match.start()) + 1, hashlib.sha256(match[0]).hexdigest())


def body(token: bytes) -> str:
    """Return what of TOKEN is its own: the beginning is the same for all of its kind."""
    return re.sub(rb"^(?:pypi-AgEIcHlwaS5vcmc|pypi-AgENdGVzdC5weXBpLm9yZw|pypi-AgE|github_pat_|gh[a-z]_)", b"", token).decode()


def is_random(text: str) -> bool:
    """Tell whether TEXT could have been drawn by lot: no long run of one character, no alphabet in order, enough different ones."""
    steps = [ord(after) - ord(before) for before, after in itertools.pairwise(text)]
    counts = Counter(text)
    bits = -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())
    in_order = sum(step == 1 for step in steps) > len(text) / 3
    return bits >= BITS and not in_order and not re.search(r"(.)\1{5}|EXAMPLE|PLACEHOLDER", text, re.IGNORECASE)


def stored_passwords(checkup: Checkup) -> Iterator[Finding]:
    """Yield a finding for each client's settings file among the project's files that stores a password."""
    for file in checkup.files:
        name = file.rpartition("/")[2]
        words = pypirc_password(checkup.text(file) or "") if name == ".pypirc" else None
        words = words or (poetry_password(checkup.text(file) or "") if name == "poetry.toml" else None)
        if words and not list(secrets_in(checkup.raw(file) or b"")):
            line = checkup.line_with(file, words)
            yield Finding("password-in-file", "error", "this file gives an uploading client a password", file, line, REVOKE, LEAKED)


def pypirc_password(text: str) -> str | None:
    """Return the key under which a .pypirc stores a password, None when it stores none."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    stored = [parser[section].get("password", "") for section in parser.sections()]
    return "password" if any(value and not value.startswith(("$", "<", "%")) for value in stored) else None


def poetry_password(text: str) -> str | None:
    """Return the key under which a poetry.toml stores a password or a token, None when it stores none."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError):
        return None
    return next((name for name in ("http-basic", "pypi-token") if data.get(name)), None)


def in_history(checkup: Checkup, seen: set[str]) -> Iterator[Finding]:
    """Yield a finding for each token that a commit brought and that no file holds any more; SEEN are those that one still holds."""
    command = ["git", "-C", str(checkup.root), "log", "--all", "-p", "-U0", "--no-color", "--no-ext-diff", "--no-textconv", "--relative"]
    try:
        done = subprocess.run(
            [*command, f"-G{HISTORY}", "--format=%x01%h %cs", "--", "."],
            capture_output=True,
            check=False,
            timeout=HISTORY_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        message = f"git's history was searched for {HISTORY_SECONDS} seconds, and not to its end"
        yield Finding("history-not-searched", "note", message, fix="search it once with the command of the page", page=LEAKED)
        return
    for commit, file, secret in brought(done.stdout):
        if secret.key not in seen:
            seen.add(secret.key)
            message = f"commit {commit} brought {secret.title} into {file}; it is gone from there, but whoever clones the repository has it"
            yield Finding("token-in-history", "error", message, file, None, REVOKE, LEAKED)


def brought(log: bytes) -> Iterator[tuple[str, str, Secret]]:
    """Yield commit, file and token for each line that a commit of LOG, git's patches, added."""
    commit = file = ""
    for line in log.split(b"\n"):
        if line.startswith(b"\x01"):
            commit = line[1:].decode("ascii", "replace").replace(" ", " of ")
        elif line.startswith(b"+++ b/"):
            file = line[6:].decode("utf-8", "replace").rstrip("\t")
        elif line.startswith(b"+"):
            yield from ((commit, file, secret) for secret in secrets_in(line))
