"""astral-sh/setup-uv: uv of the wanted version, from the index (texts: astral-sh/setup-uv)."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from pypi_runbook.rehearsal.running import Job, StepError
from pypi_runbook.rehearsal.standins.action import Action, Inputs, truth, variables, warn
from pypi_runbook.rehearsal.standins.tools import install_tool

MANIFEST = "https://raw.githubusercontent.com/astral-sh/versions/main/v1/uv.ndjson"
UNCACHED = ("pull_request_target", "workflow_run", "release")
EXACT = re.compile(r"\d+\.\d+\.\d+\w*")


def set_up_uv(job: Job, inputs: Inputs) -> None:
    """Put uv and uvx on PATH, and a virtual environment where INPUTS ask for one; StepError in the action's words."""
    folder = Path(job.folders.workspace, inputs["working-directory"].strip())
    if not any(folder.iterdir()) and not truth(inputs, "ignore-empty-workdir"):
        hint = "This may cause unexpected behavior. You can enable ignore-empty-workdir to mute this warning."
        warn(job, f"Empty workdir detected. {hint}")
    wanted, lowest = _wanted(job, inputs, folder), inputs["resolution-strategy"].strip() == "lowest"
    place = install_tool(job, requirement_for(wanted, lowest=lowest), ("uv", "uvx"), job.folders.tools / "uv" / "bin", missing_words(wanted))
    job.add_path(job.folders.home / ".local" / "bin")
    job.add_path(place)
    job.export("UV_PYTHON_INSTALL_DIR", str(job.folders.temp / "uv-python-dir"))
    if python := inputs["python-version"].strip():
        job.export("UV_PYTHON", python)
    if truth(inputs, "activate-environment"):
        _activate(job, inputs, folder, place)
    _cache(job, inputs)
    # Asked, not assumed: for a range only uv itself knows which one it is.
    version = job.call([str(place / "uv"), "--version"], env=variables(job), quiet=True)[1].split()[1]
    job.outputs.update({"uv-version": version, "uv-path": str(place / "uv"), "uvx-path": str(place / "uvx"), "python-version": python or "unknown"})
    job.say(f"Successfully installed uv version {version}")


def _wanted(job: Job, inputs: Inputs, folder: Path) -> str:
    """Return the version that the input, its file, or the project's own settings ask for."""
    if version := inputs["version"].strip():
        return version.removeprefix("==")
    if file := inputs["version-file"].strip():
        if found := _read(folder / file):
            return found
        raise StepError(f"Could not determine uv version from file: {folder / file}")
    found = _read(folder / "uv.toml") or _read(folder / "pyproject.toml")
    if not found:
        job.say("Could not determine uv version from uv.toml or pyproject.toml. Falling back to latest.")
    return found or "latest"


def _read(path: Path) -> str:
    """Return the version of uv that PATH names: settings, a .tool-versions, or requirements; empty when it names none."""
    if not path.is_file():
        return ""
    text = path.read_text()
    if path.suffix == ".toml":
        tables: dict[str, Any] = tomllib.loads(text)
        settings = tables.get("tool", {}).get("uv", {}) if path.name == "pyproject.toml" else tables
        return str(settings.get("required-version", "")).removeprefix("==")
    pattern = r"^\s*uv\s+v?(\S+)" if path.name == ".tool-versions" else r"^uv\s*(?:==)?\s*([\w.<>=!~, ]+)"
    found = re.search(pattern, text, re.MULTILINE)
    return found[1].strip() if found else ""


def requirement_for(wanted: str, *, lowest: bool = False) -> str:
    """Return what pip is asked for where the action is asked for WANTED, a version, a range of npm's or of PyPI's, or `latest`."""
    if wanted in ("latest", "latest-known"):
        return "uv"
    if EXACT.fullmatch(wanted):
        return f"uv=={wanted}"
    if lowest and (least := re.match(r">=\s*([\d.]+)", wanted)):
        return f"uv=={least[1]}" if least[1].count(".") > 1 else f"uv=={least[1]}.*"
    # npm's `0.5.x` is PyPI's `==0.5.*`.
    if re.fullmatch(r"\d+(\.(\d+|[xX*]))*", wanted):
        shortened = re.sub(r"(\.[xX*])+$", "", wanted)
        return f"uv=={shortened}.*"
    return f"uv{wanted}" if wanted[0] in "<>=!~" else f"uv=={wanted}"


def missing_words(wanted: str) -> str:
    """Return what the action says when there is no such version."""
    if EXACT.fullmatch(wanted):
        return f"Could not find artifact for version {wanted}, arch x86_64, platform unknown-linux-gnu in {MANIFEST} ."
    return f"No version found for {wanted}"


def _activate(job: Job, inputs: Inputs, folder: Path, place: Path) -> None:
    path = folder / (inputs["venv-path"].strip() or ".venv")
    job.say(f"Creating and activating python venv at {path}...")
    options = ["--no-project"] if truth(inputs, "no-project") else []
    status, _ = job.call([str(place / "uv"), "venv", str(path), "--directory", str(folder), "--clear", *options], env=variables(job))
    if status:
        raise StepError(f"The process '{place / 'uv'}' failed with exit code {status}")
    job.add_path(path / "bin")
    job.export("VIRTUAL_ENV", str(path))
    job.outputs["venv"] = str(path)


def _cache(job: Job, inputs: Inputs) -> None:
    """Say that the cache is empty, or that the event gets none."""
    event, wanted = str(job.github["event_name"]), inputs["enable-cache"].strip()
    if wanted == "auto" and event in UNCACHED:
        job.say(f"Caching is disabled for the {event} event")
    elif wanted == "auto" and event == "push" and str(job.github["ref"]).startswith("refs/tags/"):
        job.say("Caching is disabled for tag pushes")
    elif wanted in ("auto", "true"):
        job.export("UV_CACHE_DIR", str(job.folders.temp / "setup-uv-cache"))
        job.outputs["cache-hit"] = "false"
        job.not_rehearsed("the cache of uv", "a rehearsal starts without one, as the first run on GitHub does")


_EMPTY = ("checksum", "cache-suffix", "cache-local-path", "tool-dir", "tool-bin-dir", "manifest-file")
_OFF = ("prune-cache", "cache-python", "ignore-nothing-to-cache", "ignore-empty-workdir", "quiet")
SETUP_UV = Action(
    set_up_uv,
    {
        **dict.fromkeys(("version", "version-file", "python-version"), ""),
        "activate-environment": "false",
        "venv-path": "",
        "no-project": "false",
        "working-directory": "",
        "github-token": "${{ github.token }}",
        "enable-cache": "auto",
        "cache-dependency-glob": "",
        **dict.fromkeys(_EMPTY, ""),
        **dict.fromkeys(("restore-cache", "save-cache", "download-from-astral-mirror", "add-problem-matchers"), "true"),
        **dict.fromkeys(_OFF, "false"),
        "resolution-strategy": "highest",
    },
)
