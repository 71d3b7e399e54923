"""What the expressions of a step know, and the environment that its commands get."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pypi_runbook.project.expressions import CaseSensitive, Value, as_text, interpolate
from pypi_runbook.rehearsal.steps.hashing import hash_files
from pypi_runbook.rehearsal.steps.level import Level

if TYPE_CHECKING:
    from pypi_runbook.rehearsal.steps.job import RunningJob

# What an action's own steps know; the job's vars and secrets are not theirs.
IN_ACTION = ("github", "matrix", "strategy", "needs", "runner", "job")
RUNNER_NAME = "GitHub Actions 1"
RUNNER = ("name", "os", "arch", "temp", "tool_cache", "workspace", "environment", "debug")
# The tunnel must stay around every command, also around one whose step says otherwise.
TUNNEL = tuple(f"{kind}_PROXY" for kind in ("HTTP", "HTTPS", "ALL", "NO"))


def machine_variables(job: RunningJob) -> dict[str, str]:
    """Return what every command of the job gets before its `env`."""
    folders = job.folders
    own = {
        "GITHUB_WORKSPACE": str(folders.workspace),
        "RUNNER_TEMP": str(folders.temp),
        "RUNNER_TOOL_CACHE": str(folders.tools),
        "AGENT_TOOLSDIRECTORY": str(folders.tools),
        "RUNNER_WORKSPACE": str(folders.workspace.parent),
        "GITHUB_JOB": job.definition.id,
        "RUNNER_TRACKING_ID": job.tracking,
    }
    usual = {"CI": "true", "GITHUB_ACTIONS": "true", "RUNNER_OS": "Linux", "RUNNER_ARCH": "X64", "RUNNER_NAME": RUNNER_NAME}
    return {**usual, "RUNNER_ENVIRONMENT": "github-hosted", **job.image.variables, **job.setting.base, **own}


def contexts(job: RunningJob, level: Level, env: Mapping[str, str]) -> dict[str, Value]:
    """Return the contexts of a step in LEVEL whose `env` context is ENV."""
    variables = machine_variables(job)
    given = job.setting.contexts
    github = given.get("github")
    own: dict[str, Value] = {
        "github": {
            **(github if isinstance(github, dict) else {}),
            "workspace": str(job.folders.workspace),
            "token": job.token,
            "job": job.definition.id,
        },
        "job": {"status": job.level.status, "container": {}, "services": {}},
        "runner": {name: variables[f"RUNNER_{name.upper()}"] for name in RUNNER if f"RUNNER_{name.upper()}" in variables},
    }
    known = {**given, **own}
    if level.depth:
        known = {name: known[name] for name in IN_ACTION if name in known}
    changed = {**known, **{name: value for name, value in level.changes.items() if name != "github"}}
    more = level.changes.get("github")
    changed["github"] = {**_table(changed["github"]), **_table(more)}
    return {**changed, "steps": level.steps, "env": CaseSensitive(env)}


def _table(value: Value) -> dict[str, Value]:
    return value if isinstance(value, dict) else {}


def functions(job: RunningJob, level: Level) -> dict[str, Callable[..., Value]]:
    """Return the functions that only a running job can answer."""
    cancelled = job.level.status == "cancelled"
    return {
        "success": lambda: level.status == "success" and not cancelled,
        "failure": lambda: level.status == "failure" and not cancelled,
        "always": lambda: True,
        "cancelled": lambda: cancelled,
        "hashFiles": lambda *patterns: hash_files(job.folders, [as_text(pattern) for pattern in patterns]),
    }


def text(job: RunningJob, level: Level, written: str, known: Mapping[str, Value]) -> str:
    """Return the text WRITTEN with its expressions worked out."""
    return as_text(interpolate(written, known, functions(job, level)))


def environment(job: RunningJob, env: Mapping[str, str], files: Mapping[str, str], extra: Mapping[str, str]) -> dict[str, str]:
    """Return the complete environment of a step's commands.

    env: the `env` context, in which no name of the runner's own counts; files: the variables of the step's files; extra: more of the runner's.
    """
    base = machine_variables(job)
    kept = {name: value for name, value in base.items() if name.startswith(("GITHUB_", "RUNNER_")) or name.upper() in TUNNEL}
    path = job.image.path(job.first_folders, env.get("PATH"))
    complete = {**base, **env, **kept, **files, **extra, "PATH": path}
    # No system starts a command with such names or values.
    return {name: value.split("\0")[0] for name, value in complete.items() if name and not set("=\0") & set(name)}
