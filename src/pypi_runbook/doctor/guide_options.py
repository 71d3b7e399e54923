"""Commands and options that their clients no longer have, and the tools that a command of the guide comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.guide_pages import Page, Said
from pypi_runbook.finding import Finding


@dataclass(frozen=True)
class Gone:
    """Something that a client took once: since which version it does not, and what to write instead."""

    since: str
    instead: str


# (client, verb, option): each refused by the client's own words; an empty option is the verb itself.
# Poetry: https://python-poetry.org/blog/announcing-poetry-2.0.0/; pip: its NEWS for 19.0 and 23.1; register and upload: https://docs.pypi.org/api/upload/
GONE = {
    ("poetry", "lock", "--no-update"): Gone("Poetry 2.0", "write `poetry lock`, which keeps what is locked"),
    ("poetry", "lock", "--check"): Gone("Poetry 2.0", "write `poetry check --lock`"),
    ("poetry", "install", "--no-dev"): Gone("Poetry 2.0", "write `poetry install --only main`"),
    ("poetry", "install", "--dev-only"): Gone("Poetry 2.0", "write `poetry install --only dev`"),
    ("poetry", "install", "--remove-untracked"): Gone("Poetry 2.0", "write `poetry sync`"),
    ("poetry", "update", "--no-dev"): Gone("Poetry 2.0", "write `poetry update --only main`"),
    ("poetry", "show", "--no-dev"): Gone("Poetry 2.0", "write `poetry show --only main`"),
    ("poetry", "shell", ""): Gone("Poetry 2.0", "write `poetry run COMMAND`, or `poetry env activate`"),
    ("pip", "install", "--process-dependency-links"): Gone("pip 19.0", "name the dependency by its address: `NAME @ URL`"),
    ("pip", "install", "--install-option"): Gone("pip 23.1", "write `--config-settings`"),
    ("pip", "search", ""): Gone("2021, when PyPI switched it off", "search on the index's web page"),
    ("twine", "register", ""): Gone("2017, when PyPI switched it off", "add a pending publisher, or upload the first release"),
    ("setup.py", "register", ""): Gone("2017, when PyPI switched it off", "add a pending publisher, or upload the first release"),
    ("setup.py", "upload", ""): Gone("setuptools 42", "write `twine upload`"),
}
# A plugin brings the verb back.
PLUGINS = {("poetry", "shell"): "poetry-plugin-shell"}
# Commands that a package of another name brings, or of its own; only these are looked for among the dependencies.
TOOLS = {
    name: name
    for name in ("bandit", "black", "flake8", "invoke", "isort", "mkdocs", "mypy", "nox", "pylint", "pytest", "ruff", "towncrier", "tox", "twine")
} | {
    "bump2version": "bump2version",
    "bump-my-version": "bump-my-version",
    "check-manifest": "check-manifest",
    "check-wheel-contents": "check-wheel-contents",
    "coverage": "coverage",
    "cz": "commitizen",
    "inv": "invoke",
    "pre-commit": "pre-commit",
    "pyproject-build": "build",
    "semantic-release": "python-semantic-release",
    "sphinx-build": "sphinx",
    "validate-pyproject": "validate-pyproject",
    "yamllint": "yamllint",
}
RUNNERS = {"poetry": "poetry.lock", "pdm": "pdm.lock", "uv": "uv.lock"}
# Tools that live in the environment of a project and are hardly ever installed for a person.
PROJECT_ONLY = {"invoke", "inv", "towncrier"}
ACTIVATES = re.compile(
    r"poetry shell|poetry env activate|bin/activate|Scripts.activate|conda activate|pip3? install (-e|--editable|\.)"
    r"|(pip3?|pipx|uv tool) install[^\n]*\b(invoke|towncrier)\b",
    re.IGNORECASE,
)


def removed(page: Page) -> Iterator[Finding]:
    """Yield the commands of PAGE whose client refuses their verb or an option."""
    for said in page.commands:
        words = said.words[1:] if said.words[:1] in (["python"], ["python3"]) else said.words
        client = "pip" if words and words[0] in ("pip3", "pipx") else words[0] if words else ""
        for verb, option in asked(client, words[1:]):
            gone = GONE.get((client, verb, option.partition("=")[0]))
            if gone and not still_there(page, client, verb, gone):
                what = f"{verb} {option}".strip()
                message = f"{client} has had no `{what}` since {gone.since}: `{said.text.strip()}` fails"
                page_of = "troubleshooting/lock-out-of-date.md" if verb == "lock" else "publishing/manual.md"
                yield page.finding("removed-option", "error", message, said.line, gone.instead, page_of)


def asked(client: str, words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each verb among WORDS alone and with each option; only setup.py takes several verbs."""
    verbs = [word for word in words if not word.startswith("-")]
    for verb in verbs if client == "setup.py" else verbs[:1]:
        yield verb, ""
        yield from ((verb, word) for word in words if word.startswith("-"))


def still_there(page: Page, client: str, verb: str, gone: Gone) -> bool:
    """Tell whether the project keeps to a client that is old enough, or adds the plugin that brings the verb back."""
    if plugin := PLUGINS.get((client, verb)):
        return any(plugin in text for text in (page.text, page.checkup.text("pyproject.toml") or ""))
    if client != "poetry" or not gone.since.startswith("Poetry 2"):
        return False
    wanted = str(page.checkup.pyproject.table("tool", "poetry").get("requires-poetry") or "")
    return bool(re.match(r"# This file is .* by Poetry 1\.", page.checkup.text("poetry.lock") or "") or re.search(r"<\s*2|\^1|~1|=\s*1", wanted))


def not_installed(page: Page) -> Iterator[Finding]:
    """Yield the commands of PAGE that are run in the project's environment, where no dependency brings them."""
    for said in page.commands:
        words = said.words
        if len(words) < 3 or words[0] not in RUNNERS or words[1] != "run" or words[2] not in TOOLS:
            continue
        if not brings(page.checkup, words[0], TOOLS[words[2]]):
            message = f"`{' '.join(words[:3])}` finds no command: {TOOLS[words[2]]} is in no group of pyproject.toml"
            fix = f"install it apart, for example with `pipx install {TOOLS[words[2]]}`, or add it to a group"
            yield page.finding("command-not-installed", "error", message, said.line, fix, "publishing/manual.md")


def brings(checkup: Checkup, runner: str, package: str) -> bool:
    """Tell whether PACKAGE can be in the environment that RUNNER makes; a lock file names everything, pyproject.toml what is asked for."""
    pyproject = checkup.text("pyproject.toml") or ""
    lock = checkup.text(RUNNERS[runner]) or ""
    name = re.sub(r"[-_.]+", "[-_.]", re.escape(package).replace(r"\-", "-"))
    asked = re.search(rf"(?im)(^\s*\"?{name}\"?\s*=|[\"']{name}\s*(\[|[\"'=<>~!@; ]))", pyproject)
    return bool(asked or re.search(rf'(?im)^name = "{name}"', lock))


def outside(page: Page) -> Iterator[Finding]:
    """Yield the commands of PAGE that live in the project's environment and are called as if they stood on the PATH."""
    runner = next((name for name, lock in RUNNERS.items() if page.checkup.text(lock) is not None), None)
    runner = runner or ("poetry" if "poetry" in str(page.checkup.facts.project.backend) else None)
    if not runner or any(ACTIVATES.search(fence.text) for fence in page.fences) or any(ACTIVATES.search(code) for code, _ in page.codes):
        return
    for said in page.commands:
        if said.words and said.words[0] in PROJECT_ONLY and said.command.words[0] in PROJECT_ONLY and len(said.words) > 1:
            message = f"`{said.words[0]}` is not found outside the project's environment"
            fix = f"write `{runner} run {said.text.strip()}`"
            yield page.finding("command-not-found", "warning", message, said.line, fix, "publishing/manual.md")


def has_words(said: Said, *words: str) -> bool:
    """Tell whether SAID begins with these words, options aside."""
    return [word for word in said.words if not word.startswith("-")][: len(words)] == list(words)
