"""ncipollo/release-action and actions/create-release: a release for a tag (texts: ncipollo/release-action, actions/create-release)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pypi_runbook.rehearsal.running import Job, StepError
from pypi_runbook.rehearsal.standins.action import Action, Inputs, notice, truth, warn
from pypi_runbook.rehearsal.standins.release_files import match_paths, split_patterns
from pypi_runbook.rehearsal.standins.web import Api, ApiError

TAGS = "refs/tags/"
OUTPUTS = ("id", "html_url", "upload_url", "tarball_url", "zipball_url")
PERMISSION = "\nMake sure your github token has access to the repo and has permission to author releases"


def release(job: Job, inputs: Inputs) -> None:
    """Do what ncipollo/release-action does; StepError in its words."""
    try:
        _release(job, inputs)
    except ApiError as error:
        raise StepError(f"Error {error.status}: {error.message}{PERMISSION if error.status == 404 else ''}") from error


def _release(job: Job, inputs: Inputs) -> None:
    tag = _tag(job, inputs)
    owner, _, name = str(job.github["repository"]).partition("/")
    api = Api(job, f"{inputs['owner'] or owner}/{inputs['repo'] or name}", inputs["token"])
    files = _files(job, inputs)
    if truth(inputs, "skipIfReleaseExists") and api.release(tag):
        notice(job, "Skipping action, release already exists and skipIfReleaseExists is enabled.")
        return
    found = _existing(api, tag, inputs) if _is(inputs, "allowUpdates") else None
    content = _content(job, inputs, api, tag, found)
    made = api.ask("PATCH", f"/releases/{found['id']}", content) if found else api.ask("POST", "/releases", content)
    urls = _attach(job, inputs, api, made, files)
    if not found and _is(inputs, "immutableCreate") and not _is(inputs, "draft"):
        made = api.ask("PATCH", f"/releases/{made['id']}", {**content, "body": None, "target_commitish": None, "draft": False})
    job.outputs.update({name: str(made.get(name) or "") for name in OUTPUTS}, assets=json.dumps(urls, separators=(",", ":")))


def _is(inputs: Inputs, name: str) -> bool:
    return inputs[name].strip() == "true"


def _tag(job: Job, inputs: Inputs) -> str:
    ref = str(job.github["ref"])
    if not inputs["tag"].strip() and not ref.startswith(TAGS):
        raise StepError("Error undefined: No tag found in ref or input!")
    return inputs["tag"].strip() or ref.removeprefix(TAGS)


def _existing(api: Api, tag: str, inputs: Inputs) -> dict[str, Any] | None:
    """Return the release of TAG, or its draft; None when there is neither."""
    found = api.release(tag)
    if not found:
        drafts: list[dict[str, Any]] = api.ask("GET", "/releases")
        return next((each for each in drafts if each["draft"] and each["tag_name"] == tag), None)
    if _is(inputs, "updateOnlyUnreleased") and not found["draft"] and not found["prerelease"]:
        name = found["name"] or "release"
        raise StepError(f'Error undefined: Tried to update "{name}" which is neither a draft or prerelease. (updateOnlyUnreleased is on)')
    return found


def _content(job: Job, inputs: Inputs, api: Api, tag: str, found: dict[str, Any] | None) -> dict[str, Any]:
    """Return what is sent for a new release, or for one that was FOUND, without what shall stay as it is."""

    def kept(name: str) -> bool:
        return bool(found) and _is(inputs, f"omit{name}DuringUpdate")

    # What is None is not sent, and GitHub leaves it as it is.
    body = None if _is(inputs, "omitBody") or kept("Body") else _body(job, inputs)
    if _is(inputs, "generateReleaseNotes") and not kept("Body"):
        notes = api.notes(tag, inputs["commit"] or None, inputs["generateReleaseNotesPreviousTag"] or None)
        body = f"{body}\n{notes}" if (body or "").strip() else notes
    draft = _is(inputs, "draft") or (not found and _is(inputs, "immutableCreate"))
    return {
        "tag_name": tag,
        "name": None if _is(inputs, "omitName") or kept("Name") else inputs["name"] or tag,
        "body": body,
        "draft": None if kept("Draft") else draft,
        "prerelease": None if kept("Prerelease") else _is(inputs, "prerelease"),
        "target_commitish": inputs["commit"] or None,
        "make_latest": inputs["makeLatest"] if inputs["makeLatest"] in ("true", "false", "legacy") else None,
        "discussion_category_name": inputs["discussionCategory"] or None,
    }


def _body(job: Job, inputs: Inputs) -> str:
    if inputs["body"] or not inputs["bodyFile"]:
        return inputs["body"]
    return _read(job, inputs["bodyFile"], "Error undefined: ")


def _read(job: Job, path: str, start: str = "") -> str:
    try:
        return (job.folders.workspace / path).read_text()
    except OSError as error:
        raise StepError(f"{start}ENOENT: no such file or directory, open '{path}'") from error


def _files(job: Job, inputs: Inputs) -> list[Path]:
    files: list[Path] = []
    for pattern in split_patterns(inputs["artifacts"] or inputs["artifact"]):
        found = match_paths(pattern, job.folders.workspace, job.folders.home, hidden=False)
        if not found:
            _report(job, inputs, f"Artifact pattern :{pattern} did not match any files")
        for path in found:
            if path.is_dir():
                _report(job, inputs, f"Artifact is a directory:{path}. Directories can not be uploaded to a release.")
            else:
                files.append(path)
    return files


def _report(job: Job, inputs: Inputs, words: str) -> None:
    if _is(inputs, "artifactErrorsFailBuild"):
        raise StepError(f"Error undefined: {words}")
    warn(job, words)


def _attach(job: Job, inputs: Inputs, api: Api, made: dict[str, Any], files: list[Path]) -> dict[str, str]:
    """Attach FILES to the release MADE and return the address of each."""
    names, urls = {file.name for file in files}, {}
    for asset in made["assets"]:
        if _is(inputs, "removeArtifacts") or (_is(inputs, "replacesArtifacts") and asset["name"] in names):
            api.ask("DELETE", f"/releases/assets/{asset['id']}")
    for file in files:
        try:
            urls[file.name] = str(api.upload(made, file, inputs["artifactContentType"] or "raw")["browser_download_url"])
        except ApiError as error:
            _report(job, inputs, f"Failed to upload artifact {file.name}. {error.message}.")
    return urls


def create_release(job: Job, inputs: Inputs) -> None:
    """Do what actions/create-release did before it was archived; StepError in its words."""
    token = job.environment.get("GITHUB_TOKEN", "")
    if not token:
        raise StepError("Parameter token or opts.auth is required")
    owner, _, name = str(job.github["repository"]).partition("/")
    body = _read(job, inputs["body_path"]) if inputs["body_path"] else ""
    content = {
        "tag_name": inputs["tag_name"].strip().replace(TAGS, ""),
        "name": inputs["release_name"].strip().replace(TAGS, ""),
        "body": body or inputs["body"],
        "draft": inputs["draft"] == "true",
        "prerelease": inputs["prerelease"] == "true",
        "target_commitish": inputs["commitish"] or str(job.github["sha"]),
    }
    made = Api(job, f"{inputs['owner'] or owner}/{inputs['repo'] or name}", token).ask("POST", "/releases", content)
    job.outputs.update({name: str(made[name]) for name in OUTPUTS[:3]})


_OFF = ("omitBody", "omitBodyDuringUpdate", "omitDraftDuringUpdate", "omitName", "omitNameDuringUpdate", "omitPrereleaseDuringUpdate")
RELEASE_ACTION = Action(
    release,
    {
        **dict.fromkeys(("allowUpdates", "artifactErrorsFailBuild", "artifact", "artifacts", "artifactContentType", "body", "bodyFile"), ""),
        **dict.fromkeys(("commit", "discussionCategory", "draft"), ""),
        "generateReleaseNotes": "false",
        "generateReleaseNotesPreviousTag": "",
        "immutableCreate": "false",
        "makeLatest": "legacy",
        "name": "",
        **dict.fromkeys(_OFF, "false"),
        "owner": "",
        "prerelease": "",
        "removeArtifacts": "false",
        "replacesArtifacts": "true",
        "repo": "",
        "skipIfReleaseExists": "false",
        "tag": "",
        "token": "${{ github.token }}",
        "updateOnlyUnreleased": "false",
    },
    required=("token",),
    deprecated={"artifact": "Use 'artifacts' instead."},
)
CREATE_RELEASE = Action(
    create_release,
    {
        **dict.fromkeys(("tag_name", "release_name", "body", "body_path"), ""),
        **dict.fromkeys(("draft", "prerelease"), "false"),
        **dict.fromkeys(("commitish", "owner", "repo"), ""),
    },
    required=("tag_name",),
)
