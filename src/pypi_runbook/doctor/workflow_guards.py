"""What stands between a tag and an upload: that the tag is the version, that a pre-release is known as one, that the version is right."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.places import toml_of
from pypi_runbook.doctor.workflow_view import BUILDS, JobView, StepView, WorkflowView, publishing_workflows
from pypi_runbook.finding import Finding
from pypi_runbook.project.facts import Trigger
from pypi_runbook.project.published import main_distribution
from pypi_runbook.project.shell import shell_commands
from pypi_runbook.project.text import items

REFERENCE = re.compile(
    r"github\.ref(_name)?\b|GITHUB_REF(_NAME)?\b|tag_name|\bgit (describe|tag)\b|inputs\.(tag|version|release)|refs/tags/",
    re.IGNORECASE,
)
VERSION = re.compile(
    r"__version__|pyproject|setup\.(py|cfg)|\bversion\b(?!-)|\.outputs\.\w*version|VERSION|\.whl|\.tar\.gz|importlib\.metadata|metadata\.version",
    re.IGNORECASE,
)
# Actions that compare the tag with the version, or give it to the project.
COMPARING = re.compile(
    r"check-python-version|check-version|version-check|verify-version|compare-version|semantic-release|release-please", re.IGNORECASE
)
# Actions that make a commit and push it.
COMMITTING = {"stefanzweifel/git-auto-commit-action", "endbug/add-and-commit", "ad-m/github-push-action", "commitizen-tools/commitizen-action"}
# What a build takes to read the version from git's tags.
FROM_GIT = re.compile(
    r"setuptools[-_]scm|hatch-vcs|versioningit|poetry-dynamic-versioning|dunamai|vcs-versioning|versioneer|setuptools-git|\bpbr\b|use_scm_version"
    r"|flit[-_]scm|uv-dynamic-versioning",
    re.IGNORECASE,
)
SUBSTRING = re.compile(r"contains\(\s*(github\.(?:ref|ref_name|event\.release\.tag_name))\s*,\s*'([^']*)'\s*\)")
# A tag of each kind of pre-release and development version that PEP 440 knows.
KINDS = {"alpha": "1.2.3a1", "beta": "1.2.3b1", "release candidate": "1.2.3rc1", "development version": "1.2.3.dev1"}
MARKS = re.compile(r"\.?(a|b|rc|c|alpha|beta|dev|pre|preview)\d*", re.IGNORECASE)
SCRIPT_LIMIT = 200_000


def check_tag_is_version(checkup: Checkup) -> Iterator[Finding]:
    """Find workflows that a tag or a release starts, in which nothing compares the tag with the version before the upload."""
    if version_from_git(checkup):
        return
    for view in publishing_workflows(checkup):
        chain = view.chain()
        if not starts_by_tag(view) or any(unreadable(job) for job in chain):
            continue
        to_pypi = any(upload.index == "pypi" for job in view.publishing for upload in job.uploads)
        if to_pypi and not any(compares(checkup, step) for job in chain for step in job.steps):
            yield uncompared(view, chain)


def uncompared(view: WorkflowView, chain: list[JobView]) -> Finding:
    """Return the finding at the step that builds, or that uploads where nothing builds."""
    build = next((view.line_in(step, BUILDS) for job in chain for step in job.steps if step.builds), None)
    line = build or next(upload.line for job in view.publishing for upload in job.uploads)
    return view.finding(
        "tag-not-compared",
        "warning",
        "nothing compares the tag with the project's version before the upload, so that a tag can publish another version",
        line,
        "add a step before the build that fails when the tag and the version differ",
        "troubleshooting/tag-and-version.md",
    )


def version_from_git(checkup: Checkup) -> bool:
    """Tell whether the version comes from the tag itself."""
    toml = toml_of(checkup, main_distribution(checkup.facts))
    needed = " ".join(map(str, items(toml.table("build-system").get("requires"))))
    source = (toml.table("tool", tool, "version").get("source") for tool in ("hatch", "pdm"))
    old = ((checkup.text(file) or "") for file in ("setup.py", "setup.cfg"))
    return any(FROM_GIT.search(text) for text in (needed, *old)) or any(each in ("scm", "vcs") for each in source)


def starts_by_tag(view: WorkflowView) -> bool:
    """Tell whether a release or a pushed tag starts VIEW."""
    return any(trigger.event == "release" or (trigger.event == "push" and trigger.tags) for trigger in view.workflow.triggers)


def unreadable(job: JobView) -> bool:
    """Tell whether another file decides what JOB does."""
    return bool(job.job.calls) or any(step.action.startswith("./") for step in job.steps)


def compares(checkup: Checkup, step: StepView) -> bool:
    """Tell whether STEP reads both the tag and the version, itself or in a script of the repository that it calls."""
    if COMPARING.search(step.action):
        return True
    if not step.step.run:
        return False
    # A condition decides whether the step runs; it hands the tag to nobody.
    text = "\n".join([step.script, *step.step.env.values(), *called(checkup, step)])
    # A name that holds `version` is enough for a variable, but not for an option or a key such as python-version.
    return bool(REFERENCE.search(text) and VERSION.search(re.sub(r"python[-_]version|--version\b|api-version", "", text, flags=re.IGNORECASE)))


def called(checkup: Checkup, step: StepView) -> Iterator[str]:
    """Yield the text of the repository's own files that STEP's commands name."""
    for command in shell_commands(step.script):
        for word in command.words:
            name = word.removeprefix("./")
            if (name in checkup.files and name.endswith((".py", ".sh", ".bash"))) or (word == command.words[0] and name in checkup.files):
                yield (checkup.text(name) or "")[:SCRIPT_LIMIT]


def check_prerelease_guards(checkup: Checkup) -> Iterator[Finding]:
    """Find conditions that look for a pre-release by a letter of the tag, and let another kind of pre-release pass."""
    for view in publishing_workflows(checkup):
        for job in view.jobs.values():
            conditions = [(job.job.condition or "", job.line("if")), *((step.step.condition or "", step.line("if")) for step in job.steps)]
            for condition, line in conditions:
                if passing := passes(condition):
                    yield view.finding(
                        "prerelease-guard",
                        "warning",
                        f"job {job.job.id} knows a pre-release by letters in the tag, and takes this for a stable release: {', '.join(passing)}",
                        line,
                        "decide by `github.event.release.prerelease`, or in a step that parses the version",
                        "publishing/release.md",
                    )


def passes(condition: str) -> list[str]:
    """Return the kinds of pre-release that CONDITION's substrings do not tell from a stable version; empty where it looks for none."""
    marks = [(name, mark) for name, mark in SUBSTRING.findall(condition) if MARKS.fullmatch(mark)]
    if not marks:
        return []

    def seen(tag: str) -> bool:
        return any(mark in (f"refs/tags/{tag}" if name == "github.ref" else tag) for name, mark in marks)

    # `refs/tags/` itself has an `a` in it, and then no tag is stable.
    return [f"{kind} {tag}" for kind, tag in KINDS.items() if not seen(tag)] or (
        ["nothing, since refs/tags/ holds the letter"] if seen("1.2.3") else []
    )


def may_lack_tag(trigger: Trigger) -> bool:
    """Tell whether TRIGGER starts runs on a commit without a tag, from which a job could publish."""
    tagged = trigger.event == "release" or (trigger.event == "push" and trigger.tags and not trigger.branches)
    return not tagged and trigger.event not in ("workflow_call", "pull_request")


def conditions(job: JobView) -> list[str]:
    """Return the conditions of JOB and of its steps."""
    return [job.job.condition or "", *(step.step.condition or "" for step in job.steps)]


def check_shallow(checkup: Checkup) -> Iterator[Finding]:
    """Find builds whose version comes from git's tags, on a checkout that may hold none."""
    if not version_from_git(checkup):
        return
    for view in publishing_workflows(checkup):
        untagged = [trigger.event for trigger in view.workflow.triggers if may_lack_tag(trigger)]
        by_tag = any(re.search(r"refs/tags|'release'|ref_type", text) for job in view.publishing for text in conditions(job))
        for job in view.chain() if untagged and not by_tag else ():
            step = next((step for step in job.steps if step.action == "actions/checkout"), None)
            fetches = any(re.search(r"git fetch[^\n]*(--unshallow|--tags|--depth)", each.script) for each in job.steps)
            if step and any(each.builds for each in job.steps) and "fetch-depth" not in step.step.inputs and not fetches:
                message = f"job {job.job.id} takes the version from git's tags, and checks out one commit without them when {untagged[0]} starts it"
                fix = "give the checkout `fetch-depth: 0`"
                yield view.finding("shallow-checkout", "warning", message, step.line("uses"), fix, "troubleshooting/shallow-clone.md")


def check_pushed_commit(checkup: Checkup) -> Iterator[Finding]:
    """Find builds that wait for a job which commits and pushes, and that still check out the commit of the event."""
    for view in publishing_workflows(checkup):
        for job in view.chain():
            pushing = next((each for each in view.before(job) if commits_and_pushes(each)), None)
            checkout = next((step for step in job.steps if step.action == "actions/checkout"), None)
            pulls = any(re.search(r"\bgit (?:pull|checkout|switch|reset|fetch)\b", step.script) for step in job.steps)
            if pushing and checkout and "ref" not in checkout.step.inputs and not pulls and any(step.builds for step in job.steps):
                message = f"job {job.job.id} builds the commit of the event, not the one that job {pushing.job.id} commits and pushes before it"
                fix = f"make the new commit an output of {pushing.job.id}, and give it to this checkout as `ref`"
                page = "troubleshooting/tag-and-version.md"
                yield view.finding("old-commit-built", "warning", message, checkout.line("uses"), fix, page)


def commits_and_pushes(job: JobView) -> bool:
    """Tell whether JOB makes a commit and pushes it."""
    script = "\n".join(step.script for step in job.steps)
    return bool(re.search(r"\bgit (?:-\S+ \S+ )*commit\b", script) and re.search(r"\bgit (?:-\S+ \S+ )*push\b", script)) or any(
        step.action in COMMITTING for step in job.steps
    )
