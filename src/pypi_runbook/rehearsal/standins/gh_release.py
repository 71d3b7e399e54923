"""softprops/action-gh-release: a release for a tag, made or completed, with files (texts: softprops/action-gh-release)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypi_runbook.rehearsal.running import Job, StepError
from pypi_runbook.rehearsal.standins.action import Action, Inputs
from pypi_runbook.rehearsal.standins.release_files import match_paths, split_patterns
from pypi_runbook.rehearsal.standins.web import Api, ApiError

TAGS = "refs/tags/"
MOST = 125_000 - 1
LATEST = ("true", "false", "legacy")


def release(job: Job, inputs: Inputs) -> None:
    """Make or update the release and attach the files; StepError in the action's words."""
    ref = str(job.github["ref"])
    if not inputs["tag_name"].strip() and not ref.startswith(TAGS) and not _chosen(inputs, "draft"):
        raise StepError("⚠️ GitHub Releases requires a tag")
    files = _files(job, inputs)
    token = inputs["token"].strip() or job.environment.get("GITHUB_TOKEN", "").strip()
    api = Api(job, inputs["repository"] or str(job.github["repository"]), token)
    releasing = Releasing(job, inputs, api, (inputs["tag_name"].strip() or ref).removeprefix(TAGS))
    found = releasing.publish(releasing.attach(releasing.find_or_create(), files))
    job.say(f"🎉 Release ready at {found['html_url']}")
    job.outputs.update(url=found["html_url"], id=str(found["id"]), upload_url=found["upload_url"])


def _chosen(inputs: Inputs, name: str) -> bool | None:
    """Return what the input NAME says; None when it says nothing."""
    return inputs[name] == "true" if inputs[name] else None


def _files(job: Job, inputs: Inputs) -> list[Path]:
    folder = job.folders.workspace / inputs["working_directory"].strip()
    files: list[Path] = []
    for pattern in split_patterns(inputs["files"]):
        found = [path for path in match_paths(pattern, folder, job.folders.home, hidden=True) if path.is_file()]
        if not found and _chosen(inputs, "fail_on_unmatched_files"):
            raise StepError(f"⚠️  Pattern '{pattern}' does not match any files.")
        if not found:
            job.say(f"🤔 Pattern '{pattern}' does not match any files.")
        files += found
    return files


@dataclass(frozen=True)
class Releasing:
    """One release on its way."""

    job: Job
    inputs: Inputs
    api: Api
    tag: str

    def find_or_create(self) -> dict[str, Any]:
        """Return the tag's release, updated, or a new one, which is a draft until its files are there."""
        try:
            found = self.api.release(self.tag)
        except ApiError as error:
            self.job.say(f"⚠️ Unexpected error fetching GitHub release for tag {self.job.github['ref']}: HttpError: {error.message}")
            raise
        return self._update(found) if found else self._create()

    def _create(self) -> dict[str, Any]:
        target = self.inputs["target_commitish"]
        using = f' using commit "{target}"' if target else ""
        self.job.say(f"👩‍🏭 Creating new GitHub release for tag {self.tag}{using}...")
        prerelease = _chosen(self.inputs, "prerelease")
        # A pre-release must not be published from a draft, for that would be the event `published`, not `prereleased`.
        draft = bool(_chosen(self.inputs, "draft")) if prerelease else True
        content = {"name": self.inputs["name"] or self.tag, "draft": draft, "prerelease": prerelease, "target_commitish": target or None}
        try:
            made: dict[str, Any] = self.api.ask("POST", "/releases", {**self._common(self._body()), **content})
        except ApiError as error:
            self._explain(error)
            raise
        return made

    def _explain(self, error: ApiError) -> None:
        self.job.say(f"⚠️ GitHub release failed with status: {error.status}")
        self.job.say(json.dumps(error.body, separators=(",", ":")))
        words = {
            403: "Skip retry — your GitHub token/PAT does not have the required permission to create a release",
            404: "Skip retry - discussion category mismatch",
            422: "Skip retry - validation failed",
        }
        if error.status in words:
            self.job.say(words[error.status])

    def _update(self, found: dict[str, Any]) -> dict[str, Any]:
        self.job.say(f"Found release {found['name']} (with id={found['id']})")
        written, before = self._body(), found.get("body") or ""
        body = f"{before}\n{written}" if self.inputs["append_body"] == "true" and written and before else written or before
        prerelease = _chosen(self.inputs, "prerelease")
        content = {
            "name": self.inputs["name"] or found["name"] or self.tag,
            "draft": found["draft"],
            "prerelease": found["prerelease"] if prerelease is None else prerelease,
            "target_commitish": self.inputs["target_commitish"] or found["target_commitish"],
        }
        updated: dict[str, Any] = self.api.ask("PATCH", f"/releases/{found['id']}", {**self._common(body), **content})
        return updated

    def _body(self) -> str:
        if path := self.inputs["body_path"]:
            try:
                return (self.job.folders.workspace / path).read_text()
            except OSError:
                self.job.say(f"⚠️ Failed to read body_path \"{path}\" (ENOENT). Falling back to 'body' input.")
        return self.inputs["body"]

    def _common(self, body: str) -> dict[str, Any]:
        # The notes are asked for first, since GitHub would put its own in front of the body.
        if self.inputs["generate_release_notes"] == "true":
            notes = self.api.notes(self.tag, self.inputs["target_commitish"] or None, self.inputs["previous_tag"].strip() or None)
            body = f"{body}\n\n{notes}" if body else notes
        latest = self.inputs["make_latest"] if self.inputs["make_latest"] in LATEST else None
        category = self.inputs["discussion_category_name"] or None
        return {"tag_name": self.tag, "body": body[:MOST] or None, "make_latest": latest, "discussion_category_name": category}

    def attach(self, found: dict[str, Any], files: list[Path]) -> dict[str, Any]:
        """Attach FILES to the release FOUND, over those of the same name unless told otherwise, and return it."""
        assets = []
        for file in files:
            # GitHub writes a dot for a space in a file's name.
            before = next((asset for asset in found["assets"] if asset["name"] in (file.name, file.name.replace(" ", "."))), None)
            if before and self.inputs["overwrite_files"] == "false":
                self.job.say(f"Asset {file.name} already exists and overwrite_files is false...")
                continue
            if before:
                self.job.say(f"♻️ Deleting previously uploaded asset {file.name}...")
                self.api.ask("DELETE", f"/releases/assets/{before['id']}")
            self.job.say(f"⬆️ Uploading {file.name}...")
            assets.append({name: value for name, value in self.api.upload(found, file).items() if name != "uploader"})
            self.job.say(f"✅ Uploaded {file.name}")
        self.job.outputs["assets"] = json.dumps(assets, separators=(",", ":"))
        return found

    def publish(self, found: dict[str, Any]) -> dict[str, Any]:
        """End the draft that FOUND is, unless it shall stay one, and return the release."""
        self.job.say("Finalizing release...")
        if _chosen(self.inputs, "draft") or not found["draft"]:
            return found
        latest = self.inputs["make_latest"] if self.inputs["make_latest"] in LATEST else None
        done: dict[str, Any] = self.api.ask("PATCH", f"/releases/{found['id']}", {"draft": False, "make_latest": latest})
        return done


GH_RELEASE = Action(
    release,
    {
        **dict.fromkeys(("body", "body_path", "name", "tag_name", "draft", "prerelease", "preserve_order", "files", "working_directory"), ""),
        "overwrite_files": "true",
        "fail_on_unmatched_files": "",
        "repository": "",
        "token": "${{ github.token }}",
        **dict.fromkeys(("target_commitish", "discussion_category_name", "generate_release_notes", "previous_tag", "append_body", "make_latest"), ""),
    },
)
