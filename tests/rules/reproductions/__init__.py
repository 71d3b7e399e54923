"""For each rule a client that meets it: right but for one thing, and the same without that thing.

`files.py` has the rules that a distribution or a request breaks, `accounts.py` those of users, projects and the index's state,
`tokens.py` those of tokens that a trusted publisher asks for. Each exports `REPRODUCTIONS`, by the rule's id.
All run in one twin, so each uses project names of its own, and puts back what it changes for everybody.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from people import Person

# The modules of this package import it before pytest loads it as a plugin.
pytest.register_assert_rewrite("people")
Finished = subprocess.CompletedProcess[str]
# twine, uv, and an answer as `curl --include` shows it.
REFUSALS = (
    r"HTTPError: (?P<status>\d+) .*? from \S+\s+(?P<text>.*)",
    r"Server says: (?P<status>\d+) (?P<text>.*)",
    r"HTTP/1\.1 (?P<status>\d+) (?P<text>[^\r\n]*)",
)


@dataclass(frozen=True)
class Reproduction:
    """How a rule is met.

    refused: runs a real client, which must show the rule's text with its status; both streams are in `stdout`.
    accepted: runs the same without the one thing, which must succeed; None where another test does that for many at once.
    """

    refused: Callable[[Person], Finished]
    accepted: Callable[[Person], Finished] | None = None


def refusal_in(output: str) -> tuple[int, str]:
    """Return the status and the words of the index that a client's OUTPUT shows; an AssertionError when it shows none."""
    for form in REFUSALS:
        if matches := list(re.finditer(form, output, re.DOTALL)):
            return int(matches[-1]["status"]), " ".join(matches[-1]["text"].split())
    raise AssertionError(output)


def token_refusal_in(output: str) -> tuple[int, str, str]:
    """Return status, code and description of a refused token in the OUTPUT of `curl --include`."""
    status = re.search(r"HTTP/1\.1 (\d+)", output)
    body = json.loads(output[output.index("{") :])
    assert status, output
    error = body["errors"][0] if "errors" in body else {"code": "", "description": body["message"]}
    return int(status[1]), error["code"], error["description"]
