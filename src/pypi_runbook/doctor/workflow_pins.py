"""What a publishing workflow runs that somebody else can change or take away: actions, runners, tools, caches."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.workflow_view import JobView, StepView, WorkflowView, publishing_workflows
from pypi_runbook.finding import Finding
from pypi_runbook.project.publish_action import NAME as PUBLISH
from pypi_runbook.project.shell import shell_commands

COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?|sha256:[0-9a-f]{64}")
SECURITY = "publishing/security.md"
# Versions that GitHub or their authors have switched off, with the first that works.
# https://github.blog/changelog/2024-04-16-deprecation-notice-v3-of-the-artifact-actions/
# https://github.blog/changelog/2024-12-05-notice-of-upcoming-releases-and-breaking-changes-for-github-actions/
GONE = {
    "actions/upload-artifact": (4, "v4"),
    "actions/download-artifact": (4, "v4"),
    "actions/cache": (3, "v4"),
    "actions/upload-pages-artifact": (3, "v3"),
    "actions/deploy-pages": (4, "v4"),
}
# https://github.com/actions/runner-images: images that no longer exist; a job that asks for one waits and is cancelled.
RETIRED = {
    *("ubuntu-16.04", "ubuntu-18.04", "ubuntu-20.04"),
    *("macos-10.15", "macos-11", "macos-12", "macos-13", "macos-13-large", "macos-13-xlarge"),
    *("windows-2016", "windows-2019"),
}
INSTALLERS = re.compile(r"(?:(?:.*/)?pip3?|(?:.*/)?pipx|uv)$")
# Options whose value would look like a name.
VALUED = {
    *(
        "-r",
        "--requirement",
        "--requirements",
        "-c",
        "--constraint",
        "-e",
        "--editable",
        "--group",
        "--with",
        "-t",
        "--target",
        "--python",
        "--pip-args",
    ),
    *(
        "-i",
        "--index-url",
        "--extra-index-url",
        "-f",
        "--find-links",
        "--no-binary",
        "--only-binary",
        "--platform",
        "--upgrade-strategy",
        "--prefix",
        "--root",
    ),
}
INSTALLS = re.compile(r"\b(pip3?|pipx|uv)\b.*\binstall\b")
EXACT = re.compile(r"(===?|@).")


def check_pins(checkup: Checkup) -> Iterator[Finding]:
    """Find actions of a publishing workflow whose name can come to mean other code: only a commit cannot be moved."""
    for view in publishing_workflows(checkup):
        for uses, line in used(view):
            action, _, version = uses.partition("@")
            if not action.startswith(("./", "../")) and not COMMIT.fullmatch(version):
                message = f"{uses} is not pinned by commit: whoever can move that name decides what the job runs"
                fix = "write the commit's 40 digits behind the @, and the version as a comment"
                yield view.finding("action-not-pinned", "warning", message, line, fix, SECURITY)


def used(view: WorkflowView) -> Iterator[tuple[str, int]]:
    """Yield every action and workflow that VIEW uses, with its line."""
    for job in view.jobs.values():
        if job.job.calls:
            yield job.job.calls, job.line("uses")
        yield from ((step.step.uses, step.line("uses")) for step in job.steps if step.step.uses)


def check_retired(checkup: Checkup) -> Iterator[Finding]:
    """Find actions and runners that no longer work, in workflows that publish."""
    for view in publishing_workflows(checkup):
        for job in view.jobs.values():
            yield from retired_actions(view, job)
            for label, line in job.runners():
                if label in RETIRED:
                    message = f"job {job.job.id} asks for the runner {label}, which GitHub has retired: it waits for a day and is cancelled"
                    yield view.finding("runner-retired", "error", message, line, "name an image that exists, for example ubuntu-24.04", SECURITY)


def retired_actions(view: WorkflowView, job: JobView) -> Iterator[Finding]:
    """Yield JOB's actions whose version was switched off; a commit's version is the comment behind it."""
    for step in job.steps:
        line = step.line("uses")
        version = (step.step.uses or "").partition("@")[2]
        said = re.search(r"#\s*v?(\d+)", view.lines[line - 1]) if COMMIT.fullmatch(version) else re.match(r"v(\d+)", version)
        first, good = GONE.get(step.action, (0, ""))
        if said and int(said[1]) < first:
            message = f"{step.step.uses} was switched off, the step fails"
            yield view.finding("action-retired", "error", message, line, f"use {good} or newer of {step.action}", SECURITY)
        if step.action == PUBLISH and version == "master":
            message = f"the branch {version} of {step.action} is no longer maintained"
            yield view.finding("action-retired", "error", message, line, "use a release of the action, pinned by commit", SECURITY)


def check_runners(checkup: Checkup) -> Iterator[Finding]:
    """Find publishing jobs on a machine that keeps what earlier jobs left there, or on one where the action cannot run."""
    for view in publishing_workflows(checkup):
        for job in view.publishing:
            labels = list(job.runners())
            for label, line in labels:
                if label == "self-hosted":
                    message = f"job {job.job.id} publishes from a self-hosted runner, which any earlier job may have changed"
                    yield view.finding("publishes-from-self-hosted", "warning", message, line, "use a runner of GitHub's for this job", SECURITY)
                elif label.startswith(("macos", "windows")) and any(step.action == PUBLISH for step in job.steps):
                    message = f"job {job.job.id} runs {PUBLISH} on {label}: This action is only able to run under GNU/Linux environments"
                    yield view.finding("publish-action-needs-linux", "error", message, line, "publish in a job of its own on ubuntu-24.04", SECURITY)


def check_caches(checkup: Checkup) -> Iterator[Finding]:
    """Find caches in jobs that make or upload what is published: any run of the default branch could have filled them."""
    for view in publishing_workflows(checkup):
        for job in made_or_uploaded(view):
            for step in job.steps:
                if (key := caches(step)) is not None:
                    message = f"job {job.job.id} takes files from a cache, which another run filled, into what is published"
                    yield view.finding("cache-in-publishing", "warning", message, step.line(*key), "remove the cache from this job", SECURITY)


def caches(step: StepView) -> tuple[str, ...] | None:
    """Return the keys that switch on a cache in STEP, None when it has none."""
    inputs = step.step.inputs
    if step.action in ("actions/cache", "actions/cache/restore"):
        return ("uses",)
    if step.action in ("actions/setup-python", "actions/setup-node") and inputs.get("cache"):
        return ("with", "cache")
    if step.action in ("astral-sh/setup-uv", "pdm-project/setup-pdm") and (name := step.is_on("enable-cache", "cache")):
        return ("with", name)
    return None


def made_or_uploaded(view: WorkflowView) -> list[JobView]:
    """Return the jobs that upload, and those before them that build."""
    return [job for job in view.chain() if job.uploads or any(step.builds for step in job.steps)]


def check_tools(checkup: Checkup) -> Iterator[Finding]:
    """Find tools that are installed in whatever version is newest, where distributions are built or uploaded."""
    for view in publishing_workflows(checkup):
        for job in made_or_uploaded(view):
            for step in job.steps:
                if names := unlocked(step):
                    where = "beside the token" if job.job.id_token and job.uploads else "where the distributions are built"
                    message = f"job {job.job.id} installs tools in whatever version is newest, {where}: {', '.join(names)}"
                    severity = "warning" if job.job.id_token and job.uploads else "note"
                    fix = "install exact versions with hashes: `pip install --require-hashes -r FILE`"
                    yield view.finding("tools-not-locked", severity, message, view.line_in(step, INSTALLS), fix, SECURITY)


def unlocked(step: StepView) -> list[str]:
    """Return the names that STEP installs from an index without an exact version."""
    found: list[str] = []
    script = step.script
    for command in shell_commands(script) if not (step.step.shell or "").startswith("python") else ():
        found += installed(command.words)
    return [name for name in dict.fromkeys(found) if not EXACT.search(name)]


def installed(words: list[str]) -> list[str]:
    """Return the requirements that an installing command names; none for files, folders and hashed lists."""
    words = words[2:] if len(words) > 2 and re.search(r"python[\d.]*$", words[0]) and words[1] == "-m" else words
    if not words or not INSTALLERS.fullmatch(words[0]) or "install" not in words[:4] or "--require-hashes" in words:
        return []
    names, skip = [], False
    for word in words[words.index("install") + 1 :]:
        if skip or word.startswith("-"):
            skip = not skip and word in VALUED
        elif re.fullmatch(r"[A-Za-z][\w.-]*(\[[\w,.-]*\])?([=<>~!@].*)?", word) and not word.endswith((".whl", ".txt", ".tar.gz")):
            names.append(word)
    return names
