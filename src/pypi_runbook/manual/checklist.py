"""What remains after a release was published by hand: the steps that the workflow would have done, with this release's values."""

from __future__ import annotations

import os

from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.files import File
from pypi_runbook.manual.index import Index
from pypi_runbook.manual.manifest import Manifest
from pypi_runbook.manual.release import Release
from pypi_runbook.project import read_project
from pypi_runbook.project.facts import Facts
from pypi_runbook.project.git import git


def remaining(release: Release, index: Index, manifest: Manifest | None, file: File) -> list[str]:
    """Return each thing that is still to be done once INDEX serves FILE's release, in order, as a sentence with its command or address."""
    version = str(file.version)
    if index.key != "pypi":
        return [f"Upload the same files to PyPI: {release.command('upload')} pypi --after-testpypi"]
    facts = _facts(release)
    tag = manifest.tag if manifest and manifest.tag else f"{_prefix(release)}{version}"
    return [
        _tag(manifest, tag),
        *_notes(facts, tag),
        *_workflows(facts),
        f"Remove the token that you used: {index.site.url}/manage/account/#api-tokens{_unset()}",
        f"Look at the page that people see: {index.project_url(file.name, version)}",
        f"Tell {_whom(facts)} what was published, by whom, and why by hand; attach .pypi-runbook/record.jsonl.",
    ]


def _tag(manifest: Manifest | None, tag: str) -> str:
    push = f"git push origin refs/tags/{tag}"
    if manifest and manifest.tag:
        return f"See that origin has the tag: git ls-remote --tags origin {tag}; if it prints nothing: {push}"
    commit = manifest.commit[:12] if manifest and manifest.commit else "COMMIT"
    return f"Tag the commit that was built: git tag --annotate --message {tag} {tag} {commit}; then {push}"


def _prefix(release: Release) -> str:
    """Return what stands before the version in this project's earlier tags."""
    tags = (git(release.root, "tag", "--list") or "").split()
    return "v" if tags and all(tag.startswith("v") for tag in tags) else ""


def _notes(facts: Facts | None, tag: str) -> list[str]:
    if not facts or not facts.repository.url:
        return ["Write the release notes."]
    starts = any(trigger.event == "release" for workflow in facts.workflows for trigger in workflow.triggers)
    again = " (publishing them starts the workflow, which sends the same files again: equal bytes do no harm)" if starts else ""
    return [f"Write the release notes: {facts.repository.url}/releases/new?tag={tag}{again}"]


def _workflows(facts: Facts | None) -> list[str]:
    files = dict.fromkeys(str(job["workflow"]) for job in facts.publishing["pypi"]) if facts else ()
    names = [file.rsplit("/", 1)[-1] for file in files]
    return [f"Let the workflow run again, if somebody disabled it: gh workflow enable {name}" for name in names]


def _unset() -> str:
    return "; then: unset TWINE_PASSWORD" if os.environ.get("TWINE_PASSWORD") else ""


def _whom(facts: Facts | None) -> str:
    people = ", ".join(facts.project.authors) if facts else ""
    return f"the other maintainers and whoever waits for it ({people})" if people else "the other maintainers and whoever waits for it"


def _facts(release: Release) -> Facts | None:
    try:
        return read_project(release.root)
    except RunbookError:
        return None
