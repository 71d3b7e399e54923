"""actions/upload-artifact: files kept under a name for later jobs (texts: actions/upload-artifact, actions/toolkit)."""

from __future__ import annotations

import os
from pathlib import Path

from pypi_runbook.rehearsal.running import Job, StepError
from pypi_runbook.rehearsal.standins.action import Action, Inputs, truth, warn
from pypi_runbook.rehearsal.standins.artifacts import Artifact, Artifacts, check_name, check_path
from pypi_runbook.rehearsal.standins.globs import Pattern, find_files, read_patterns, search_paths

WHEN_NONE = ("warn", "error", "ignore")
MOST_DAYS = 90


def upload_artifact(job: Job, inputs: Inputs) -> None:
    """Keep the files that INPUTS name; StepError in the action's words."""
    _check(job, inputs)
    patterns = read_patterns(inputs["path"], job.folders.workspace, job.folders.home)
    files = find_files(patterns, hidden=truth(inputs, "include-hidden-files"))
    if not files:
        _say_none(job, inputs)
        return
    job.say(f"With the provided path, there will be {len(files)} file{'s' * (len(files) != 1)} uploaded")
    _say_doubles(job, files)
    artifact = _add(job, inputs, files, _root(job, patterns, files))
    _report(job, artifact)


def _check(job: Job, inputs: Inputs) -> None:
    if (chosen := inputs["if-no-files-found"].strip()) not in WHEN_NONE:
        raise StepError(f"Unrecognized if-no-files-found input. Provided: {chosen}. Available options: {','.join(WHEN_NONE)}")
    if days := inputs["retention-days"].strip():
        if not days.lstrip("+-").isdigit():
            raise StepError("Invalid retention-days")
        if int(days) > MOST_DAYS:
            limit = "Retention days cannot be greater than the maximum allowed retention set within the repository."
            warn(job, f"{limit} Using {MOST_DAYS} instead.")
    if level := inputs["compression-level"].strip():
        if not level.lstrip("+-").isdigit():
            raise StepError("Invalid compression-level")
        if not 0 <= int(level) <= 9:
            raise StepError("Invalid compression-level. Valid values are 0-9")


def _say_none(job: Job, inputs: Inputs) -> None:
    words = f"No files were found with the provided path: {inputs['path'].strip()}. No artifacts will be uploaded."
    match inputs["if-no-files-found"].strip():
        case "error":
            raise StepError(words, "troubleshooting/no-dists.md")
        case "warn":
            warn(job, words)
        case _:
            job.say(words)


def _say_doubles(job: Job, files: list[Path]) -> None:
    seen: set[str] = set()
    for file in files:
        if str(file).lower() in seen:
            job.say(f"Uploads are case insensitive: {file} was detected that it will be overwritten by another file with the same path")
        seen.add(str(file).lower())


def _root(job: Job, patterns: list[Pattern], files: list[Path]) -> Path:
    """Return the folder to which paths in the artifact are relative: where looking began, or what all such places have in common."""
    places = search_paths(patterns)
    # Of the places, not of the files: one file from two patterns still keeps its folders.
    if len(places) > 1:
        job.say("Multiple search paths detected. Calculating the least common ancestor of all paths")
        common = Path(os.path.commonpath(places))
        job.say(f"The least common ancestor is {common}. This will be the root directory of the artifact")
        return common
    return files[0].parent if files == places else places[0]


def _add(job: Job, inputs: Inputs, files: list[Path], root: Path) -> Artifact:
    name, archive = inputs["name"].strip(), truth(inputs, "archive")
    if not archive:
        if len(files) > 1:
            found = f"Found {len(files)} files to upload."
            raise StepError(f"When 'archive' is set to false, only a single file can be uploaded. {found}")
        name = files[0].name
    artifacts = Artifacts(job.world.artifacts)
    check_name(name)
    job.say("Artifact name is valid!")
    job.say("Root directory input is valid!")
    # Files for any system: what Windows could not write is refused everywhere.
    for file in files:
        check_path(f"/{file.relative_to(root)}")
    if truth(inputs, "overwrite"):
        artifacts.remove(name)
    artifact = artifacts.add(name, files, root)
    job.say(f"Uploading artifact: {name}{'.zip' * archive}")
    return artifact


def _report(job: Job, artifact: Artifact) -> None:
    job.say("Finalizing artifact upload")
    job.say(f"Artifact {artifact.name} successfully finalized. Artifact ID {artifact.id}")
    done = f"Artifact {artifact.name} has been successfully uploaded! Final size is {artifact.size} bytes."
    job.say(f"{done} Artifact ID is {artifact.id}")
    url = f"{job.github['server_url']}/{job.github['repository']}/actions/runs/{job.github['run_id']}/artifacts/{artifact.id}"
    job.say(f"Artifact download URL: {url}")
    digest = artifact.digest.removeprefix("sha256:")
    job.outputs.update({"artifact-id": str(artifact.id), "artifact-digest": digest, "artifact-url": url})


UPLOAD_ARTIFACT = Action(
    upload_artifact,
    {
        "name": "artifact",
        "path": "",
        "if-no-files-found": "warn",
        "retention-days": "",
        "compression-level": "6",
        "overwrite": "false",
        "include-hidden-files": "false",
        "archive": "true",
    },
    required=("path",),
)
