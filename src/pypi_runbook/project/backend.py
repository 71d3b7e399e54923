"""What the build backend answers: the one way in this folder that runs the project's code, only on request."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from email.utils import getaddresses
from importlib.metadata import PackageMetadata
from typing import Any

from build import BuildBackendException, BuildException
from build.util import project_wheel_metadata

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.facts import Distribution, Facts


def ask_backend(facts: Facts) -> Facts:
    """Return FACTS with what only the project's build backend knows.

    Its build requirements are installed from the network, and its code is run. What the files say stays as they say it.
    Raise RunbookError `backend-failed` when the backend cannot be installed or gives no metadata.
    """
    try:
        metadata = project_wheel_metadata(facts.root)
    except (BuildException, BuildBackendException, subprocess.CalledProcessError) as error:
        raise failed(error) from error
    project = fill(facts.project, answers(metadata))
    left_open = [item for item in facts.unknown if not known(project, item.path)]
    return replace(facts, project=project, unknown=left_open)


def failed(error: Exception) -> RunbookError:
    """Return the error for a backend that gave no metadata, with the last thing that it said."""
    words = str(getattr(error, "exception", error)).strip().splitlines() or [type(error).__name__]
    return RunbookError(
        "backend-failed",
        f"the build backend gave no metadata: {words[-1]}",
        file="pyproject.toml",
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


def known(project: Distribution, path: str) -> bool:
    """Tell whether PATH names a field of PROJECT that has a value by now."""
    return path.startswith("project.") and bool(getattr(project, path.removeprefix("project."), None))
