"""PyPA's publishing action where it cannot work: without an image, inside a composite action, or with a twine that is older than the metadata."""

from __future__ import annotations

from collections.abc import Iterator
from email.parser import BytesHeaderParser

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.distributions import built_files
from pypi_runbook.doctor.workflow_view import StepView, publishing_workflows
from pypi_runbook.finding import Finding
from pypi_runbook.project.publish_action import NAME, NEWEST, no_image, reads, release_of, works_inside_composite
from pypi_runbook.project.text import items, table
from pypi_runbook.project.yaml import line_of, plain
from pypi_runbook.twin.jsonapi import sdist_metadata
from pypi_runbook.twin.mirror import wheel_metadata

PAGE = "troubleshooting/old-twine.md"
# Backends whose newest releases write newer metadata than most tools read: name, the first such release, what it writes.
# https://pypi.org/project/hatchling/1.32.0/ has Metadata-Version 2.5 itself; 1.30.1 wrote 2.4 (launchdarkly/python-server-sdk#511).
WRITES = (("hatchling", "1.32.0", "2.5"),)
# GitHub nests ten composite actions.
DEEPEST = 10


def check_publish_action(checkup: Checkup) -> Iterator[Finding]:
    """Find the publishing action at a ref that has no image, or whose twine cannot read what the build writes."""
    written = metadata_written(checkup)
    for view in publishing_workflows(checkup):
        for step in (step for job in view.publishing for step in job.steps if step.action == NAME):
            uses, ref = step.step.uses or "", (step.step.uses or "").partition("@")[2]
            if reason := no_image(ref):
                message = f"{uses} has no image, so the step fails with “manifest unknown”: {reason}"
                fix = "pin the commit that the tag points to: git rev-parse 'TAG^{commit}'"
                yield view.finding("publish-action-without-image", "error", message, step.line("uses"), fix, "publishing/security.md")
            elif written and reads(ref, written[0]) is False:
                yield view.finding("publish-action-too-old", "error", *too_old(step, ref, *written), PAGE)


def too_old(step: StepView, ref: str, version: str, why: str) -> tuple[str, int, str]:
    """Return message, line and fix for a STEP whose twine, that of the action at REF, does not read metadata VERSION, which is there for WHY."""
    release = release_of(ref)
    inside = f"twine {release.twine}" if release and release.twine else "an older twine"
    message = f"{step.step.uses} has {inside} inside, which refuses what {why}: '{version}' is not a valid metadata version"
    bound = "".join(f", or bound the backend: {name}<{first}" for name, first, wrote in WRITES if wrote == version)
    return message, step.line("uses"), f"use {NEWEST.tag} ({NEWEST.commit}) or later{bound}"


def metadata_written(checkup: Checkup) -> tuple[str, str] | None:
    """Return the metadata version that the release will have, and what says so: the built files, or the backend that [build-system] lets in."""
    for path in built_files(checkup.dist) if checkup.dist else ():
        raw = wheel_metadata(path) if path.suffix == ".whl" else sdist_metadata(path)
        if raw and (version := BytesHeaderParser().parsebytes(raw).get("Metadata-Version")):
            return version, f"{path.name} has as Metadata-Version"
    if checkup.dist or "core-metadata-version" in (checkup.text("pyproject.toml") or ""):
        return None
    for text in items(checkup.pyproject.table("build-system").get("requires")):
        for name, first, version in WRITES:
            if lets_in(str(text), name, first):
                return version, f"{name} writes as Metadata-Version since {first}"
    return None


def lets_in(requirement: str, name: str, version: str) -> bool:
    """Tell whether REQUIREMENT asks for NAME, and does not keep VERSION out."""
    try:
        wanted = Requirement(requirement)
    except InvalidRequirement:
        return False
    newer = [each for each in wanted.specifier if each.operator in (">=", ">", "!=")]
    # A lower bound above it lets in something newer still, which writes the same.
    kept_out = any(not each.contains(version) for each in wanted.specifier if each not in newer)
    return canonicalize_name(wanted.name) == name and not kept_out


def check_inside_composite(checkup: Checkup) -> Iterator[Finding]:
    """Find the publishing action in composite actions of this repository that a publishing workflow uses."""
    for view in publishing_workflows(checkup):
        for job in view.publishing:
            for step in (step for step in job.steps if step.action.startswith("./")):
                for file, line, ref in inner_uses(checkup, (step.step.uses or "").partition("@")[0]):
                    if works_inside_composite(ref) is False:
                        repository = checkup.facts.repository
                        image = f"ghcr.io/{repository.owner or 'OWNER'}/{repository.name or 'NAME'}:REF"
                        yield Finding(
                            "publish-action-in-composite",
                            "error",
                            f"{NAME} is not supported inside a composite action: it asks for the image {image}, and fails with “manifest unknown”",
                            file,
                            line,
                            f"call it from the workflow itself, in job {job.job.id} ({view.file}:{step.line('uses')})",
                            "troubleshooting/reusable-workflow.md",
                        )


def inner_uses(checkup: Checkup, action: str, depth: int = 0) -> Iterator[tuple[str, int, str]]:
    """Yield file, line and ref of each use of the publishing action in the local ACTION and in those that it uses."""
    file = next((name for name in (f"{action[2:]}/action.yml", f"{action[2:]}/action.yaml") if name in checkup.files), None)
    if file is None or depth >= DEEPEST:
        return
    for body in items(table(table(checkup.yaml(file)).get("runs")).get("steps")):
        name, _, ref = plain(table(body).get("uses")).partition("@")
        if name.lower() == NAME:
            yield file, line_of(body, "uses"), ref
        elif name.startswith("./"):
            yield from inner_uses(checkup, name.rstrip("/"), depth + 1)
