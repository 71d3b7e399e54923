"""What a secret looks like, so that none is published, printed or kept."""

from __future__ import annotations

import re

# Each begins with something that its issuer promised to keep, so that scanners find it; random words do not match.
TOKENS = {
    "an API token of PyPI": r"pypi-AgEIcHlwaS5vcmc[\w-]{50,}",
    "an API token of TestPyPI": r"pypi-AgENdGVzdC5weXBpLm9yZw[\w-]{50,}",
    "a token of a package index": r"pypi-AgE[\w-]{50,}",
    "a token of GitHub": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})",
    "a key of AWS": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a token of Slack": r"\bxox[abeoprs]-[A-Za-z0-9-]{20,}",
    "a private key": r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----",
}
KINDS = {title: re.compile(pattern.encode()) for title, pattern in TOKENS.items()}
# With one of these a stranger publishes in the project's name.
PUBLISHING = ("an API token of PyPI", "an API token of TestPyPI", "a token of a package index", "a token of GitHub")
# Wider than the others on purpose: what is printed loses nothing when more than a token is taken out of it.
MASKED = re.compile(r"pypi-[\w-]{16,}|\b(?:gh[pousr]_|github_pat_)\w{16,}|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")
# Variables through which somebody, or a CI job, gives a credential to a client; code of a project that is built gets none of them.
CREDENTIALS = re.compile(
    r"TWINE_(USERNAME|PASSWORD)|POETRY_(PYPI_TOKEN|HTTP_BASIC)_.*|UV_PUBLISH_.*|UV_INDEX_.*_PASSWORD|HATCH_INDEX_AUTH|FLIT_PASSWORD|PDM_PUBLISH_.*"
    r"|MATURIN_(PYPI_TOKEN|PASSWORD)|G(H|ITHUB)_TOKEN|ACTIONS_ID_TOKEN_REQUEST_.*|ACTIONS_RUNTIME_TOKEN|PYPI_RUNBOOK_TOKEN_.*|PYPI_RUNBOOK_TWIN"
)


def secret_in(content: bytes) -> tuple[str, int] | None:
    """Return what secret CONTENT holds and in which line, counted from 1; None when it holds none that can be told."""
    for title, pattern in KINDS.items():
        if found := pattern.search(content):
            return title, content.count(b"\n", 0, found.start()) + 1
    return None


def mask(text: str) -> str:
    """Return TEXT with everything that looks like a token, or like a password in an address, replaced by stars."""
    return MASKED.sub("***", text)
