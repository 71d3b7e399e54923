"""What the build backend answers: the one way in this folder that runs the project's code, only on request."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from email.utils import getaddresses
from importlib.metadata import PackageMetadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from build import BuildBackendException, BuildException
from build.util import project_wheel_metadata

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.checkout import copy_project
from pypi_runbook.project.facts import Distribution, Facts
from pypi_runbook.project.text import is_file
from pypi_runbook.project.toml import Toml, read_toml


def ask_backend(facts: Facts, say: Callable[[str], None]) -> Facts:
    """Return FACTS with what only the projects' build backends know; SAY gets a line for each of them before it runs.

    Their build requirements are installed from the network, and their code is run, on a copy of the files that git knows or would add.
    What the files say stays as they say it.
    Raise RunbookError `backend-failed` when a backend cannot be installed or gives no metadata.
    """
    with TemporaryDirectory(prefix="pypi-runbook-") as folder:
        # Backends write next to the sources, for example `*.egg-info`.
        copy = Path(folder).resolve() / (facts.root.name or "project")
        copy_project(facts.root, copy)
        asked = [ask_one(copy, project, say) for project in (facts.project, *facts.projects)]
    places = {"project": asked[0]} | {f"projects[{index}]": project for index, project in enumerate(asked[1:])}
    left_open = [item for item in facts.unknown if not known(places, item.path)]
    return replace(facts, project=asked[0], projects=asked[1:], unknown=left_open)


def ask_one(root: Path, project: Distribution, say: Callable[[str], None]) -> Distribution:
    """Return PROJECT with its backend's answers; as it is when no file there says how to build it."""
    folder = (root / project.file).parent
    if not any(is_file(folder / name) for name in ("setup.py", "setup.cfg")) and not describes_build(folder, root):
        return project
    say(f"asking the build backend {project.backend or 'setuptools'} of {project.file}: this installs it and runs the project's code")
    try:
        metadata = project_wheel_metadata(folder)
    except (BuildException, BuildBackendException, subprocess.CalledProcessError) as error:
        raise failed(error, project.file) from error
    return fill(project, answers(metadata))


def describes_build(folder: Path, root: Path) -> bool:
    """Tell whether FOLDER's pyproject.toml says how to build a distribution; one that only holds tools' settings does not."""
    toml = read_toml(folder / "pyproject.toml", root) if is_file(folder / "pyproject.toml") else Toml({}, {})
    return bool(toml.table("project") or toml.table("build-system"))


def failed(error: Exception, file: str) -> RunbookError:
    """Return the error for a backend that gave no metadata, with the last thing that it said."""
    words = str(getattr(error, "exception", error)).strip().splitlines() or [type(error).__name__]
    return RunbookError(
        "backend-failed",
        f"the build backend gave no metadata: {words[-1]}",
        file=file,
        next="run `python -m build` to see all of its words",
    )


def answers(metadata: PackageMetadata) -> dict[str, Any]:
    """Return METADATA, a wheel's METADATA file, under the names of Distribution."""

    def every(key: str) -> list[str]:
        return [str(value) for value in metadata.get_all(key) or []]

    def first(key: str) -> str | None:
        return next(iter(every(key)), None)

    urls = dict(entry.split(", ", 1) for entry in every("Project-URL") if ", " in entry)
    return {
        "name": first("Name"),
        "version": first("Version"),
        "description": first("Summary"),
        "license": first("License-Expression") or first("License"),
        "requires_python": first("Requires-Python"),
        "authors": authors(first("Author"), first("Author-email")),
        "keywords": [word.strip() for word in (first("Keywords") or "").split(",") if word.strip()],
        "classifiers": every("Classifier"),
        "dependencies": [line for line in every("Requires-Dist") if "extra ==" not in line],
        "urls": ({"Homepage": home} if (home := first("Home-page")) else {}) | urls,
        "import_names": [name.split(";")[0].strip() for name in every("Import-Name")],
    }


def authors(names: str | None, mails: str | None) -> list[str]:
    """Return the authors of core metadata, which may put name and mail into one field or into two."""
    people = [f"{name} <{mail}>" if name else mail for name, mail in getaddresses([mails or ""]) if mail]
    if names and len(people) == 1 and "<" not in people[0]:
        return [f"{names} <{people[0]}>"]
    return ([names] if names else []) + people


def fill(project: Distribution, found: dict[str, Any]) -> Distribution:
    """Return PROJECT with FOUND in the places that are still empty."""
    return replace(project, **{name: value for name, value in found.items() if value and not getattr(project, name)})


def known(places: dict[str, Distribution], path: str) -> bool:
    """Tell whether PATH names a field of one of PLACES that has a value by now."""
    place, _, name = path.partition(".")
    return place in places and bool(getattr(places[place], name, None))
