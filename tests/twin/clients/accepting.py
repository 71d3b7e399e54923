"""Accept what clients now print: each step is run once more, and what it did becomes the client's transcript.

Started by `tests/clients/accept`, never by a test.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from scenario import CLIENTS, PROXY_BLIND, play  # noqa: E402 (the folders above have to be importable first)
from transcripts import accept, differs  # noqa: E402

from pypi_runbook.twin.namespace import namespaces_work  # noqa: E402


def main(names: list[str]) -> str | None:
    """Accept the words of NAMES; return why not."""
    if "CI" in os.environ:
        return "accepting is for somebody who reads the differences, not for CI"
    if not names or set(names) - set(CLIENTS):
        return f"name the clients whose words you accept: {', '.join(CLIENTS)}"
    for name in names:
        if name in PROXY_BLIND and not namespaces_work():
            return f"{name} ignores proxies, and this machine allows no namespace to run it in"
        with tempfile.TemporaryDirectory(prefix="accept-") as folder:
            records = play(name, Path(folder)).records
        for record in records:
            print(differs(record).rpartition("\n")[0])  # noqa: T201 (what is accepted is for the terminal)
        print(accept(records))  # noqa: T201
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
