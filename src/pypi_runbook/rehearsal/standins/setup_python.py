"""actions/setup-python: a Python of the wanted version for the job, with packages of its own (texts: actions/setup-python)."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

from packaging.version import Version

from pypi_runbook.rehearsal.running import Job, NotHereError, StepError
from pypi_runbook.rehearsal.standins.action import Action, Inputs, lines, truth, variables, warn
from pypi_runbook.rehearsal.standins.globs import find_files, read_patterns
from pypi_runbook.rehearsal.standins.interpreters import Interpreter, interpreters
from pypi_runbook.rehearsal.standins.ranges import Range, exists, github_choice, on_image, read_range
from pypi_runbook.rehearsal.standins.toolcache import make_python

PAGE = "troubleshooting/python-not-there.md"
MANIFEST = "https://raw.githubusercontent.com/actions/python-versions/main/versions-manifest.json"
# The files whose contents decide which cache fits, as each package manager's default.
CACHED = {"pip": ["**/requirements.txt", "**/pyproject.toml"], "pipenv": ["**/Pipfile.lock"], "poetry": ["**/poetry.lock"]}


def set_up_python(job: Job, inputs: Inputs) -> None:
    """Make every wanted Python, the last one first on PATH; StepError in the action's words."""
    versions = _wanted(job, inputs)
    if not versions:
        warn(job, "The `python-version` input is not set.  The version of Python currently in `PATH` will be used.")
        return
    for version in versions:
        _use(job, version, inputs)
    if manager := inputs["cache"].strip():
        _look_for_cache(job, manager, inputs["cache-dependency-path"])


def _wanted(job: Job, inputs: Inputs) -> list[str]:
    versions, file = lines(inputs["python-version"]), inputs["python-version-file"].strip()
    if versions and file:
        warn(job, "Both python-version and python-version-file inputs are specified, only python-version will be used.")
    if versions:
        return versions
    if file:
        path = job.folders.workspace / file
        if not path.exists():
            raise StepError(f"The specified python version file at: {file} doesn't exist.")
        return read_version_file(path)
    job.say("[warning]Neither 'python-version' nor 'python-version-file' inputs were supplied. Attempting to find '.python-version' file.")
    path = job.folders.workspace / ".python-version"
    if not path.exists():
        job.say("[warning].python-version doesn't exist.")
        return []
    return read_version_file(path)


def read_version_file(path: Path) -> list[str]:
    """Return the versions that PATH asks for: a pyproject.toml, Pipfile, .tool-versions or a file with one version in each line."""
    text = path.read_text()
    if path.suffix == ".toml":
        tables = tomllib.loads(text)
        poetry = tables.get("tool", {}).get("poetry", {}).get("dependencies", {}).get("python")
        written = tables["project"].get("requires-python") if "project" in tables else poetry
        return [spaced] if written and read_range(spaced := written.replace(",", " ")) else []
    if path.name == "Pipfile":
        requires = tomllib.loads(text).get("requires", {})
        return [requires[name] for name in ("python_full_version", "python_version") if name in requires][:1]
    if path.name == ".tool-versions":
        return re.findall(r"^\s*python\s*v?\s*(\S+)\s*$", text, re.MULTILINE)[:1]
    return [line.partition("/")[0] for line in lines(text) if not line.startswith("#")]


def _use(job: Job, version: str, inputs: Inputs) -> None:
    if version.startswith(("pypy", "graalpy")):
        raise NotHereError(f"{version.partition('-')[0]} is not CPython, and the rehearsal has only the machine's CPython versions")
    interpreter = _choose(job, version, inputs)
    folder = job.folders.tools / "Python" / str(interpreter.version) / "x64"
    command = folder / "bin" / "python" if folder.exists() else make_python(interpreter, folder)
    if truth(inputs, "update-environment"):
        _put_first(job, folder, command)
    if pip := inputs["pip-version"].strip():
        _install_pip(job, command, pip)
    job.outputs.update({"python-version": str(interpreter.version), "python-path": str(command)})
    job.say(f"Successfully set up CPython ({interpreter.version})")


def _choose(job: Job, version: str, inputs: Inputs) -> Interpreter:
    """Return the machine's interpreter for VERSION, the nearest one where it has none; StepError for what GitHub does not have either."""
    # `3.13-dev` and `3.13.0rc1` are spellings that semver does not know.
    spelled = re.sub(r"^(\d+)\.(\d+)-dev$", r"~\1.\2.0-0", version)
    spelled = re.sub(r"(\d+\.\d+\.\d+)((?:a|b|rc)\d*)", r"\1-\2", spelled)
    if truth(inputs, "allow-prereleases"):
        spelled = re.sub(r"^(\d+)\.(\d+)$", r"~\1.\2.0-0", spelled)
    if re.fullmatch(r"\d+\.\d+(\.\d+)?t(-dev)?", version) or truth(inputs, "freethreaded"):
        raise NotHereError("the rehearsal has no free-threaded Python")
    wanted = read_range(spelled)
    # A version that GitHub never had must not be found here, or the release fails there.
    image = job.environment.get("ImageOS", "")
    here = [each for each in interpreters() if exists(each.version, on_image(image))]
    fitting = [each for each in here if wanted and each.version in wanted]
    there = github_choice(wanted, on_image(image)) if wanted else None
    if not fitting and not there:
        raise StepError(_not_found(version, inputs["architecture"].strip() or "x64", image), PAGE)
    return _nearest(job, fitting or here, there, wanted)


def _not_found(version: str, architecture: str, image: str) -> str:
    system = f"Ubuntu {image.removeprefix('ubuntu') or '24'}.04"
    first = f"The version '{version}' with architecture '{architecture}' was not found for {system}."
    return f"{first}\nThe list of all available versions can be found here: {MANIFEST}"


def _nearest(job: Job, candidates: list[Interpreter], there: Version | None, wanted: Range | None) -> Interpreter:
    """Return the one of CANDIDATES whose minor version is nearest to the one that GitHub would take, and say so where they differ."""
    if not candidates:
        raise NotHereError("this machine has no Python that GitHub's runners have")
    if there is None:
        return candidates[0]
    chosen = min(candidates, key=lambda each: (abs(each.version.minor - there.minor), -each.version.micro))
    exact = wanted is not None and chosen.version in wanted
    if chosen.version.minor != there.minor or not exact:
        job.not_rehearsed(f"Python {there}", f"this machine does not have it, so the job ran with Python {chosen.version}")
    return chosen


def _put_first(job: Job, folder: Path, command: Path) -> None:
    # CMake and pkg-config look at these; so do other actions.
    for name in ("pythonLocation", "Python_ROOT_DIR", "Python2_ROOT_DIR", "Python3_ROOT_DIR"):
        job.export(name, str(folder))
    job.export("PKG_CONFIG_PATH", f"{folder}/lib/pkgconfig")
    before = job.environment.get("LD_LIBRARY_PATH", "")
    if f"{folder}/lib" not in before.split(":"):
        job.export("LD_LIBRARY_PATH", f"{folder}/lib{':' if before else ''}{before}")
    job.add_path(folder)
    job.add_path(command.parent)


def _install_pip(job: Job, command: Path, version: str) -> None:
    if not re.fullmatch(r"\d+(\.\d+)?(\.\d+)?", version):
        raise StepError(f'Invalid pip-version "{version}". Please specify a version in the format major[.minor][.patch].')
    job.say(f"pip-version input is specified. Installing pip version {version}")
    options = ["--upgrade", f"pip=={version}", "--disable-pip-version-check", "--no-warn-script-location"]
    status, _ = job.call([str(command), "-m", "pip", "install", *options], env=variables(job))
    if status:
        raise StepError(f"The process '{command}' failed with exit code {status}")


def _look_for_cache(job: Job, manager: str, dependency_path: str) -> None:
    """Say that there is no cache, which is so in every first run; StepError where the action would not get as far."""
    if manager not in CACHED:
        raise StepError(f"Caching for '{manager}' is not supported")
    if manager == "poetry" and not shutil.which("poetry", path=job.environment.get("PATH", "")):
        hint = "Please verify either the file path exists or the file can be found within a directory specified by the PATH environment variable."
        raise StepError(f"Unable to locate executable file: poetry. {hint} Also check the file mode to verify the file is executable.")
    given = lines(dependency_path)
    backup = CACHED["pip"][1:] if manager == "pip" else []
    searched = [*(given or CACHED[manager][:1]), *backup]
    patterns = read_patterns("\n".join(searched), job.folders.workspace, job.folders.home)
    if not find_files(patterns, hidden=True):
        named = f"{','.join(given or CACHED[manager][:1])}{f' or {backup[0]}' if backup else ''}"
        place = job.folders.workspace
        raise StepError(f"No file in {place} matched to [{named}], make sure you have checked out the target repository")
    job.say(f"{manager} cache is not found")
    job.outputs["cache-hit"] = "false"
    job.not_rehearsed(f"the cache of {manager}", "a rehearsal starts without one, as the first run on GitHub does")


SETUP_PYTHON = Action(
    set_up_python,
    {
        "python-version": "",
        "python-version-file": "",
        "cache": "",
        "architecture": "",
        "check-latest": "false",
        "token": "${{ github.token }}",
        "cache-dependency-path": "",
        "update-environment": "true",
        "allow-prereleases": "false",
        "freethreaded": "false",
        "pip-version": "",
    },
)
