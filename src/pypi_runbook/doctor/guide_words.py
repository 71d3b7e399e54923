"""Sentences of the guide that are not so: names to register, fields of another form, secrets that nobody uses, copies that stayed behind."""

from __future__ import annotations

import posixpath
import re
import tomllib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Any

from pypi_runbook.doctor.guide_commands import normal
from pypi_runbook.doctor.guide_pages import Block, Fence, Page
from pypi_runbook.doctor.workflow_view import publishing_workflows
from pypi_runbook.finding import Finding

REGISTER = re.compile(
    r"\bregister(ing)? (the|a|your|our|its)?\s*((package|project|distribution)('s)? )?name\b(?=[^.]*\bpypi\b)"
    r"|\bregister(ing)? (the|a|your|our|its) (new )?(package|project)( `[\w.-]+`)? (on|with|at) (the )?(test)?pypi\b",
    re.IGNORECASE,
)
DENIES = re.compile(
    r"\b(not|never|cannot|can't|no|nobody|none|without|instead of|rather than|no longer|isn't|doesn't|don't|unless|remove|delete)\b",
    re.IGNORECASE,
)
SENTENCE = re.compile(r"[.;:!?][)\"'*`_]*\s")
FIELD = re.compile(r"\bPyPI Project Name\b", re.IGNORECASE)
OTHER_FORM = re.compile(r"\bsettings\b|/manage/project/", re.IGNORECASE)
PENDING = re.compile(r"\bpending\b|/manage/account/publishing|account'?s? (sidebar|settings|publishing)|\bnew project\b", re.IGNORECASE)
REUPLOAD = re.compile(r"\b(cannot|can't|can not|can never) be (re-?uploaded|uploaded (again|twice))", re.IGNORECASE)
SAME_BYTES = re.compile(r"\b(same|identical|other|different) (bytes|file|content)|byte for byte", re.IGNORECASE)
SECRETS = re.compile(r"\b(repository|repo|github|actions) secrets?\b|\bPYPI_(API_)?TOKEN\b", re.IGNORECASE)
PATH = re.compile(r"(?:\./)?((?:[\w.-]+/)+[\w.-]*\w\.(?:py|toml|txt|md|ya?ml|cfg|ini|sh|json|lock|rst|in))")
# A name that stands for many: of a version, a date, a number.
INVENTED = re.compile(r"(?<![A-Za-z])[XYNx]\.[YNZxyz]|YYYY|NNN|XXX|\d+\.\d+|example|foo|your[-_]|my[-_]", re.IGNORECASE)
# Folders in which a project keeps what its release needs.
KEPT = {
    "development",
    "scripts",
    "tools",
    "docs",
    "changes",
    "changelog.d",
    "newsfragments",
    "requirements",
    "ci",
    ".ci",
    ".github",
    "release",
    "packaging",
    "bin",
    "src",
}
WORKFLOW_FIELD = re.compile(r"\bworkflow( file)?( ?name| file)?\b\W{0,12}`([\w.-]+\.ya?ml)`", re.IGNORECASE)
ENVIRONMENT_FIELD = re.compile(r"\benvironment( name)?\b\W{0,12}`([\w.-]+)`", re.IGNORECASE)
PUBLISHER = re.compile(r"\bpublisher|trusted publish", re.IGNORECASE)
FORMS = "publishing/trusted-publishing.md"


def about(block: Block, pattern: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """Yield the line of each place in BLOCK that PATTERN finds, and the sentence around it with the next one, which may take it back."""
    whole = block.text.replace("\n", " ")
    ends: list[int] | None = None
    for match in pattern.finditer(whole):
        ends = [0, *(end.end() for end in SENTENCE.finditer(whole)), len(whole)] if ends is None else ends
        first, last = bisect_right(ends, match.start()) - 1, bisect_left(ends, match.end())
        yield block.line + block.text.count("\n", 0, match.start()), whole[ends[first] : ends[min(last + 1, len(ends) - 1)]]


def registers_name(page: Page) -> Iterator[Finding]:
    """Yield the advice of PAGE to register a name, which no index offers."""
    for block in page.blocks:
        for line, sentence in about(block, REGISTER):
            if not DENIES.search(sentence):
                message = "a name cannot be registered on PyPI; the first release takes it"
                fix = "add a pending publisher for the name; the first release creates the project"
                yield page.finding("registers-name", "error", message, line, fix, "start/first-release.md")


def wrong_form(page: Page) -> Iterator[Finding]:
    """Yield the fields that PAGE looks for in a project's settings though only the form for a pending publisher has them."""
    for block in page.blocks:
        for line, _ in about(block, FIELD):
            section = page.section(block.section)
            if OTHER_FORM.search(section) and not PENDING.search(section):
                message = "the form in a project's settings has no field PyPI Project Name; that of a pending publisher has it"
                yield page.finding(
                    "field-of-another-form", "error", message, line, "leave the field out, or describe the form of your account", FORMS
                )


def cannot_reupload(page: Page) -> Iterator[Finding]:
    """Yield the sentences of PAGE that forbid what the index allows: the same bytes again."""
    for block in page.blocks:
        for line, _ in about(block, REUPLOAD):
            if not SAME_BYTES.search(block.text):
                message = "the index takes the same bytes again; it refuses other bytes under a name that it has had"
                fix = "say that a changed file needs a new version, and that an upload of the same files may be repeated"
                yield page.finding("reupload-claim", "note", message, line, fix, "troubleshooting/file-already-exists.md")


def secrets(page: Page) -> Iterator[Finding]:
    """Yield the secrets that PAGE sends people to, where every upload is by Trusted Publishing."""
    uploads = [upload for view in publishing_workflows(page.checkup) for job in view.publishing for upload in job.uploads]
    if not page.is_ours or not uploads or any(upload.auth != "trusted-publishing" for upload in uploads):
        return
    for block in page.blocks:
        for line, sentence in about(block, SECRETS):
            if not DENIES.search(sentence):
                message = "the publishing jobs use no secret: what decides are the claims of the token that GitHub gives them"
                fix = "compare owner, repository, workflow and environment with the publisher on the index"
                yield page.finding("secrets-not-used", "warning", message, line, fix, "troubleshooting/invalid-publisher.md")


def publisher_fields(page: Page) -> Iterator[Finding]:
    """Yield the workflow files and environments that PAGE gives to a publisher and that no workflow of the repository has."""
    views = list(publishing_workflows(page.checkup))
    files = {posixpath.basename(workflow.file) for workflow in page.checkup.facts.workflows}
    environments = {job.job.environment for view in views for job in view.jobs.values()}
    known = None not in {job.job.environment for view in views for job in view.publishing}
    telling = {number for number, text in page.sections.items() if views and PUBLISHER.search(text)}
    for block in (block for block in page.blocks if block.section in telling):
        for match in WORKFLOW_FIELD.finditer(block.text):
            if match[3] not in files:
                yield wrong_field(page, block, match, f"there is no workflow {match[3]} in .github/workflows")
        for match in ENVIRONMENT_FIELD.finditer(block.text) if known else ():
            if match[2] not in environments and match[2] not in ("name", "url"):
                yield wrong_field(page, block, match, f"no job has the environment {match[2]}")


def wrong_field(page: Page, block: Block, match: re.Match[str], message: str) -> Finding:
    """Return the finding for a value that does not belong into a publisher's form."""
    line = block.line + block.text.count("\n", 0, match.start())
    fix = "write what the workflow says; `pypi-runbook show` prints it"
    return page.finding("publisher-field", "error", f"{message}, so that a publisher with it matches nothing", line, fix, FORMS)


def missing_files(page: Page) -> Iterator[Finding]:
    """Yield the files that PAGE names and that the repository does not have."""
    folders = {file.split("/")[0] for file in page.checkup.files if "/" in file} | KEPT
    for code, line in page.codes if page.is_ours else ():
        match = PATH.fullmatch(code.strip())
        if match and match[1].split("/")[0] in folders and not INVENTED.search(match[1]) and not exists(page, match[1]):
            message = f"the guide names {match[1]}, and there is no such file"
            yield page.finding("no-such-file", "warning", message, line, "correct the path, or add the file", "publishing/release.md")


def exists(page: Page, path: str) -> bool:
    """Tell whether PATH is there, from the root or from the page's folder, or is made by a build: git ignores it."""
    places = (path, posixpath.normpath(posixpath.join(posixpath.dirname(page.file), path)), posixpath.join("docs", path))
    if any((page.checkup.root / place).exists() for place in places):
        return True
    return page.checkup.git("check-ignore", "--quiet", "--no-index", path) is not None


def stale_copies(page: Page) -> Iterator[Finding]:
    """Yield the values in PAGE's copies of the metadata that the metadata no longer says."""
    project = page.checkup.facts.project
    said = {
        "version": None if project.version_dynamic else project.version,
        "description": project.description,
        "requires-python": project.requires_python,
    }
    for fence in page.fences:
        table = copied_table(fence)
        if not project.name or normal(str(table.get("name", ""))) != normal(project.name):
            continue
        for key, value in said.items():
            if value and isinstance(table.get(key), str) and table[key] != value:
                message = f"the guide's copy of the metadata says {key} {table[key]}, pyproject.toml says {value}"
                yield page.finding(
                    "stale-copy",
                    "warning",
                    message,
                    line_in(fence, key),
                    "cut the values from the file, or leave them out",
                    "publishing/metadata.md",
                )


def copied_table(fence: Fence) -> dict[str, Any]:
    """Return the project's table of a TOML fence; what is cut short or no TOML at all gives an empty one."""
    if fence.language != "toml":
        return {}
    try:
        data = tomllib.loads(fence.text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}
    tool = data.get("tool")
    for table in (data.get("project"), tool.get("poetry") if isinstance(tool, dict) else None):
        if isinstance(table, dict):
            return table
    return {}


def line_in(fence: Fence, key: str) -> int:
    """Return the line on which FENCE gives KEY a value."""
    lines = fence.text.splitlines()
    return fence.line + next((number for number, line in enumerate(lines) if re.match(rf"\s*{re.escape(key)}\s*=", line)), 0)
