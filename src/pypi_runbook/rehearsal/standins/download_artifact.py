"""actions/download-artifact: the files of artifacts of this run (texts: actions/download-artifact, actions/toolkit)."""

from __future__ import annotations

import itertools
import re
from functools import partial
from pathlib import Path

from pypi_runbook.rehearsal.running import Job, NotHereError, StepError
from pypi_runbook.rehearsal.standins.action import Action, Inputs, truth, warn
from pypi_runbook.rehearsal.standins.artifacts import Artifact, Artifacts
from pypi_runbook.rehearsal.standins.globs import segment_expression
from pypi_runbook.rehearsal.standins.release_files import expand_braces

FAQ = "https://github.com/actions/toolkit/blob/main/packages/artifact/docs/faq.md"
HINT = (
    "Please ensure that your artifact is not expired and the artifact was uploaded using a compatible version of toolkit/upload-artifact.\n"
    f"        For more information, visit the GitHub Artifacts FAQ: {FAQ}"
)
MISMATCH = ("ignore", "info", "warn", "error")
PAGE = "troubleshooting/artifact-not-found.md"


def download_artifact(job: Job, inputs: Inputs, *, always_in_folders: bool = False) -> None:
    """Fetch the artifacts that INPUTS name; StepError in the action's words.

    always_in_folders: whether a single artifact that was not asked for by name gets a folder of its own, as before the fifth version.
    """
    try:
        _download(job, {**NEWER, **inputs}, always_in_folders=always_in_folders)
    except StepError as error:
        raise StepError(f"Unable to download artifact(s): {error.message}", error.page) from error


def _download(job: Job, inputs: Inputs, *, always_in_folders: bool) -> None:
    _check(job, inputs)
    folder = _folder(job, inputs["path"].strip())
    store = Artifacts(job.world.artifacts)
    chosen = _choose(job, inputs, store)
    # The classic trap: without a name, files land in path/NAME/, where the upload does not look.
    together = bool(inputs["name"].strip()) or truth(inputs, "merge-multiple") or (len(chosen) == 1 and not always_in_folders)
    if chosen:
        job.say("Preparing to download the following artifacts:")
    for artifact in chosen:
        job.say(f"- {artifact.name} (ID: {artifact.id}, Size: {artifact.size}, Expected Digest: {artifact.digest})")
    for artifact in chosen:
        store.extract(artifact, folder if together else folder / artifact.name)
        job.say("Artifact download completed successfully.")
    job.say(f"Total of {len(chosen)} artifact(s) downloaded")
    job.outputs["download-path"] = str(folder)
    job.say("Download artifact has finished successfully")


def _folder(job: Job, path: str) -> Path:
    if path.startswith("~"):
        return job.folders.home / path[1:].lstrip("/")
    return job.folders.workspace / path


def _check(job: Job, inputs: Inputs) -> None:
    if (behaviour := inputs["digest-mismatch"].strip() or "error") not in MISMATCH:
        raise StepError(f"Invalid value for 'digest-mismatch': '{behaviour}'. Valid options are: {', '.join(MISMATCH)}")
    if inputs["name"].strip() and inputs["artifact-ids"].strip():
        raise StepError("Inputs 'name' and 'artifact-ids' cannot be used together. Please specify only one.")
    run, repository = inputs["run-id"].strip(), inputs["repository"].strip()
    # A token alone asks for this run too, only through the public API.
    if inputs["github-token"].strip() and (run != str(job.github["run_id"]) or repository != job.github["repository"]):
        raise NotHereError(f"the rehearsal has only the artifacts of its own run, not those of run {run} in {repository}")
    if truth(inputs, "skip-decompress"):
        raise NotHereError("the rehearsal keeps artifacts as files, so it has no archive to hand over")


def _choose(job: Job, inputs: Inputs, store: Artifacts) -> list[Artifact]:
    there = store.all()
    if name := inputs["name"].strip():
        job.say("Downloading single artifact")
        found = [artifact for artifact in there if artifact.name == name]
        if not found:
            raise StepError(f"Artifact not found for name: {name}\n        {HINT}", PAGE)
        return found
    if inputs["artifact-ids"].strip():
        return _by_id(job, inputs["artifact-ids"], there)
    if pattern := inputs["pattern"].strip():
        job.say(f"Filtering artifacts by pattern '{pattern}'")
        return [artifact for artifact in there if matches(artifact.name, pattern)]
    job.say("No input name, artifact-ids or pattern filtered specified, downloading all artifacts")
    if not truth(inputs, "merge-multiple"):
        job.say("An extra directory with the artifact name will be created for each download")
    return there


def _by_id(job: Job, text: str, there: list[Artifact]) -> list[Artifact]:
    job.say("Downloading artifacts by ID")
    written = [part.strip() for part in text.split(",") if part.strip()]
    if not written:
        raise StepError("No valid artifact IDs provided in 'artifact-ids' input")
    if wrong := next((part for part in written if not part[0].isdigit()), None):
        raise StepError(f"Invalid artifact ID: '{wrong}'. Must be a number.")
    ids = [int("".join(itertools.takewhile(str.isdigit, part))) for part in written]
    found = [artifact for artifact in there if artifact.id in ids]
    if not found:
        raise StepError("None of the provided artifact IDs were found", PAGE)
    if missing := [str(number) for number in ids if number not in {artifact.id for artifact in found}]:
        warn(job, f"Could not find the following artifact IDs: {', '.join(missing)}")
    return found


def matches(name: str, pattern: str) -> bool:
    """Tell whether an artifact's NAME fits PATTERN: wildcards, `{a,b}` for either, `!` before it for what does not fit."""
    bare = pattern.removeprefix("!")
    fits = any(re.fullmatch(segment_expression(each), f"/{name}", re.DOTALL) for each in expand_braces(bare))
    return fits != pattern.startswith("!")


NEWER = {"skip-decompress": "false", "digest-mismatch": "error"}
INPUTS = {
    "name": "",
    "artifact-ids": "",
    "path": "",
    "pattern": "",
    "merge-multiple": "false",
    "github-token": "",
    "repository": "${{ github.repository }}",
    "run-id": "${{ github.run_id }}",
}
DOWNLOAD_ARTIFACT = Action(download_artifact, {**INPUTS, **NEWER})
DOWNLOAD_ARTIFACT_4 = Action(partial(download_artifact, always_in_folders=True), INPUTS)
