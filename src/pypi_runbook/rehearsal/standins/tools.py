"""Tools that actions install from an index: each into a Python of its own, only its command on PATH."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

from packaging.version import Version

from pypi_runbook.rehearsal.running import Job, NotHereError, StepError
from pypi_runbook.rehearsal.standins.action import Action, Inputs, variables
from pypi_runbook.rehearsal.standins.interpreters import Interpreter, interpreters
from pypi_runbook.rehearsal.standins.toolcache import make_python


def install_tool(job: Job, requirement: str, commands: tuple[str, ...], folder: Path, missing: str = "") -> Path:
    """Install REQUIREMENT with the version of Python that the job has, put links to its COMMANDS into FOLDER, and return FOLDER.

    missing: what the action says when the index has no such version; pip's own words unless given. StepError when pip fails.
    """
    # One for each tool, so that another version takes the place of the one before it, as on a runner.
    home = job.folders.tools / "tools" / commands[0]
    command = home / "bin" / "python" if home.exists() else make_python(_interpreter(job), home)
    job.say(f"Installing {requirement}")
    options = ["--quiet", "--upgrade", "--disable-pip-version-check", "--no-warn-script-location", "--root-user-action=ignore", "--prefer-binary"]
    status, output = job.call([str(command), "-I", "-m", "pip", "install", *options, requirement], env=variables(job), quiet=True)
    if status:
        errors = [line.removeprefix("ERROR: ") for line in output.splitlines() if line.startswith("ERROR: ")]
        # Only an absent version has the installer's words; a failed build or a lost connection has pip's.
        absent = "No matching distribution found" in output
        raise StepError(missing if missing and absent else "\n".join(errors) or f"pip failed with exit code {status}")
    folder.mkdir(parents=True, exist_ok=True)
    for name in commands:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(command.parent / name)
    return folder


def _interpreter(job: Job) -> Interpreter:
    """Return the machine's interpreter of the version that `python3` means in JOB, or its newest one."""
    probe = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
    there = shutil.which("python3", path=job.environment.get("PATH", ""))
    status, output = job.call([there, "-I", "-c", probe], env=variables(job), quiet=True) if there else (1, "")
    written = output.strip().splitlines()[-1:]
    version = Version(written[0]) if not status and written and re.fullmatch(r"[\d.]+", written[0]) else None
    found = next((each for each in interpreters() if each.version == version), None)
    if not found and not interpreters():
        raise NotHereError("this machine has no Python to install the tool with")
    return found or interpreters()[0]


def install_poetry(job: Job, inputs: Inputs) -> None:
    """Do what snok/install-poetry does: Poetry, configured as INPUTS say; StepError in the words of Poetry's installer."""
    version = inputs["version"].strip() or "latest"
    home = job.environment.get("POETRY_HOME") or str(job.folders.home / ".local")
    requirement = "poetry" if version == "latest" else f"poetry=={version}"
    job.say(f"Setting Poetry installation path as {home}")
    folder = install_tool(job, requirement, ("poetry",), Path(home) / "bin", f"Version {version} does not exist.")
    if inputs["installation-arguments"].strip():
        job.not_rehearsed("the arguments of Poetry's installer", "Poetry was installed with pip")
    job.add_path(folder)
    poetry = str(folder / "poetry")
    path = re.sub(r"^~", str(job.folders.home), inputs["virtualenvs-path"])
    settings = {"create": inputs["virtualenvs-create"], "in-project": inputs["virtualenvs-in-project"], "path": path}
    for name, value in settings.items():
        _call(job, [poetry, "config", f"virtualenvs.{name}", value])
    if plugins := inputs["plugins"].split():
        job.say(f"Installing plugins: {' '.join(plugins)}")
        _call(job, [poetry, "self", "add", *plugins])
    _call(job, [poetry, "config", "installer.parallel", inputs["installer-parallel"]])
    job.export("VENV", ".venv/bin/activate")


def _call(job: Job, command: list[str]) -> None:
    status, _ = job.call(command, env=variables(job))
    if status:
        raise StepError(f"{shlex.join([Path(command[0]).name, *command[1:]])} ended with exit code {status}")


def install_poetry_with_pipx(job: Job, inputs: Inputs) -> None:
    """Do what abatilo/actions-poetry does: Poetry and its plugins; StepError in pip's words."""
    version = inputs["poetry-version"].strip()
    if version == "main":
        raise NotHereError("Poetry's main branch is not on this machine")
    requirement = "poetry" if version == "latest" else f"poetry=={version}"
    folder = install_tool(job, requirement, ("poetry",), job.folders.home / ".local" / "bin")
    job.add_path(folder)
    for plugin in inputs["poetry-plugins"].split():
        _call(job, [str(folder / "poetry"), "self", "add", plugin])


def install_hatch(job: Job, inputs: Inputs) -> None:
    """Do what pypa/hatch does: Hatch alone on PATH; StepError in pip's words."""
    version = inputs["version"].strip()
    requirement = "hatch" if version == "latest" else f"hatch=={version}"
    job.add_path(install_tool(job, requirement, ("hatch",), job.folders.tools / ".hatch"))


INSTALL_POETRY = Action(
    install_poetry,
    {
        "version": "latest",
        "virtualenvs-create": "true",
        "virtualenvs-in-project": "false",
        "virtualenvs-path": "{cache-dir}/virtualenvs",
        "installer-parallel": "true",
        "installation-arguments": "",
        "plugins": "",
    },
)
ACTIONS_POETRY = Action(install_poetry_with_pipx, {"poetry-version": "latest", "poetry-plugins": ""})
INSTALL_HATCH = Action(install_hatch, {"version": "latest"})
