"""The files through which a step speaks to its job: GITHUB_ENV, GITHUB_OUTPUT, GITHUB_PATH, GITHUB_STATE, GITHUB_STEP_SUMMARY."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pypi_runbook.rehearsal.results import Annotation
from pypi_runbook.rehearsal.steps.pairs import PairsError, read_pairs

if TYPE_CHECKING:
    from pypi_runbook.rehearsal.steps.job import RunningJob

# In the order in which the runner reads them, with the beginnings of their names.
PREFIXES = {"path": "add_path_", "env": "set_env_", "step_summary": "step_summary_", "state": "save_state_", "output": "set_output_"}
LARGEST_SUMMARY = 1024 * 1024
TOO_LARGE = (
    "$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of {}k, got {}k. For more information see: "
    "https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions#adding-a-markdown-summary"
)
# An endless file would fill the memory. Bytes; GitHub sets no limit.
LARGEST = 16 * 1024 * 1024


class Files:
    """The files of one step."""

    def __init__(self, temp: Path) -> None:
        folder = temp / "_runner_file_commands"
        folder.mkdir(exist_ok=True)
        suffix = uuid.uuid4()
        self.places = {name: folder / f"{prefix}{suffix}" for name, prefix in PREFIXES.items()}
        for place in self.places.values():
            place.touch()

    @property
    def variables(self) -> dict[str, str]:
        """The variables that name the files."""
        return {f"GITHUB_{name.upper()}": str(place) for name, place in self.places.items()}

    def process(self, job: RunningJob) -> None:
        """Do what the step wrote, and delete the files; what cannot be done fails the step and leaves the other files in force."""
        readers: dict[str, Callable[[RunningJob, Path], None]] = {
            "path": _read_path,
            "env": _read_env,
            "step_summary": _read_summary,
            "state": _read_state,
            "output": _read_output,
        }
        for name, place in self.places.items():
            try:
                if place.is_file():
                    readers[name](job, place)
            except (PairsError, OSError) as error:
                job.fail(f"Unable to process file command '{name}' successfully.")
                job.fail(str(error))
            finally:
                if place.is_file() or place.is_symlink():
                    place.unlink()


def _text(place: Path) -> str:
    with place.open("rb") as stream:
        raw = stream.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise PairsError(f"The file has more than {LARGEST // 1024}k, which the rehearsal does not read.")
    return raw.decode("utf-8-sig", "replace")


def _read_path(job: RunningJob, place: Path) -> None:
    for line in _text(place).splitlines():
        if line:
            job.put_first(line)


def _read_env(job: RunningJob, place: Path) -> None:
    for name, value in read_pairs(_text(place)):
        if name.upper() == "NODE_OPTIONS":
            job.annotate(Annotation("error", "Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command."))
        else:
            job.export(name, value)


def _read_summary(job: RunningJob, place: Path) -> None:
    size = place.stat().st_size
    if size > LARGEST_SUMMARY:
        job.annotate(Annotation("error", TOO_LARGE.format(LARGEST_SUMMARY // 1024, size // 1024)))
    elif size:
        job.summarize(_text(place))


def _read_state(_: RunningJob, place: Path) -> None:
    """Only check: state is for an action's own later parts, which no stand-in has."""
    list(read_pairs(_text(place)))


def _read_output(job: RunningJob, place: Path) -> None:
    for name, value in read_pairs(_text(place)):
        job.outputs[name] = value
