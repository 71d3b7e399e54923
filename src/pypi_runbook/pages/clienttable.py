"""The client matrix of the reference: what each client does and prints, from the transcripts that the tests hold it to."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from pypi_runbook.pages.tables import link, table

FOLDER = Path("tests", "clients")
DISTRIBUTION = "pypi-runbook"
PAGE = "reference/clients.html"
UPLOAD, INSTALL = "upload", "install"
PLACEHOLDERS = "In what they print, `<path>`, `<hash>`, `<time>`, `<size>` and `<version>` stand for what differs each time."


@dataclass(frozen=True)
class Client:
    """One client: its name, what the data say of it, its locked version, and its transcript by step."""

    name: str
    data: dict[str, Any]
    version: str
    steps: dict[str, dict[str, Any]]

    @property
    def title(self) -> str:
        """Its name and version as a heading."""
        return str(self.data.get("title", "{name} {version}")).format(name=self.name, version=self.version)


def clients_table(root: Path) -> str:
    """Return the matrix, what is known to be broken, and every transcript; ROOT is the repository with the pages.

    The transcripts stay with the tests: where only the pages are, the link to the published matrix stands instead.
    """
    if not (root / FOLDER / "clients.toml").is_file():
        return _elsewhere()
    data = tomllib.loads((root / FOLDER / "clients.toml").read_text(encoding="utf-8"))
    clients = [_read(root / FOLDER, name, about) for name, about in data["clients"].items()]
    parts = ["## Uploads", _matrix(clients, data["steps"], UPLOAD), "## Installations", _matrix(clients, data["steps"], INSTALL)]
    parts += ["## Known to be broken", _broken(clients, data.get("others", []))]
    parts += ["## What they print", PLACEHOLDERS, *(_transcript(client, data["steps"]) for client in clients)]
    return "\n\n".join(parts)


def _elsewhere() -> str:
    """Return where the matrix is published, for a guide whose repository has no tests of the twin."""
    urls = dict(line.split(", ", 1) for line in metadata.metadata(DISTRIBUTION).get_all("Project-URL") or [])
    address = f"{urls['Documentation'].rstrip('/')}/{PAGE}"
    return f"The matrix is made from the tests of `{DISTRIBUTION}` itself: [read it there]({address}).\n"


def _read(folder: Path, name: str, about: dict[str, Any]) -> Client:
    """Return the client NAME with the transcript of the version that its lock names; no steps where there is none yet."""
    lock = (folder / name / "requirements.txt").read_text(encoding="utf-8")
    found = re.search(rf"^{re.escape(name.removesuffix('-bundled'))}==([^ ;\\]+)", lock, flags=re.MULTILINE)
    version = found[1] if found else ""
    file = folder / name / "transcripts" / f"{version}.toml"
    return Client(name, about, version, tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {})


def _matrix(clients: Iterable[Client], steps: dict[str, str], kind: str) -> str:
    """Return a row for each step of KIND and a column for each client that has such steps."""
    having = [client for client in clients if kind in client.steps]
    rows = [
        [words[0].upper() + words[1:], *(_cell(client.steps.get(step), kind) for client in having)]
        for step, words in steps.items()
        if step.startswith(INSTALL) == (kind == INSTALL)
    ]
    return table(["Step", *(client.title for client in having)], rows)


def _cell(step: dict[str, Any] | None, kind: str) -> str:
    """Return in a few words what the client did, from what it sent, what the index answered, and its exit status."""
    if step is None:
        return "has no such option"
    if not step["status"].isdigit():
        return "**hangs**"
    method, verb = ("POST", "uploads") if kind == UPLOAD else ("GET", "installs")
    answers = [int(request.split()[-1]) for request in step["requests"] if request.startswith(method)]
    refused = sum(answer >= 400 for answer in answers)
    if not answers:
        return f"sends nothing, exit {step['status']}"
    if step["status"] == "0":
        return verb if not refused else f"tries again, {verb}" if refused < len(answers) else "passes over them"
    return f"gives up after {refused} tries, exit {step['status']}" if refused > 1 else f"stops, exit {step['status']}"


def _broken(clients: Iterable[Client], others: Iterable[dict[str, str]]) -> str:
    """Return what is known to be broken, with the reason."""
    rows = [(client.name, broken) for client in clients for broken in client.data.get("broken", [])]
    rows += [(other["client"], other) for other in others]
    cells = [[name, broken["versions"], broken["what"], f"{broken['why']}{_more(broken)}"] for name, broken in rows]
    return table(["Client", "Version", "What", "Why, and what to do"], cells)


def _more(broken: dict[str, str]) -> str:
    return f" ([more](../{broken['page']}))" if "page" in broken else ""


def _transcript(client: Client, steps: dict[str, str]) -> str:
    """Return a section with a box for each step: the command, what it printed, and how it ended."""
    about = [f"### {client.title}", f"{link(client.name, client.data['address'])} runs unmodified, from a lock of its own."]
    if reason := client.data.get("ignores_proxies"):
        about.append(f"It ignores proxies: {reason}. It starts only where the machine allows a network namespace.")
    return "\n\n".join([*about, *_boxes(client, steps)])


def _boxes(client: Client, steps: dict[str, str]) -> Iterator[str]:
    for name, step in client.steps.items():
        lines = [f"$ {step['command']}", *step["output"].strip("\n").split("\n"), f"(exit status: {step['status']})"]
        body = "\n".join(f"    {line}".rstrip() for line in ["```text", *lines, "```"])
        yield f'??? quote "{steps[name][0].upper()}{steps[name][1:]}"\n\n{body}'
