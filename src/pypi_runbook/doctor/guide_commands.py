"""Commands of the guide that run and do harm, or something else than the guide says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pypi_runbook.doctor.guide_options import has_words
from pypi_runbook.doctor.guide_pages import Page, Said
from pypi_runbook.doctor.workflow_view import BUILDS, publishing_workflows
from pypi_runbook.finding import Finding

CREDENTIALS = re.compile(
    r"pypi-token|http-basic|(POETRY|UV|TWINE|HATCH|FLIT|PDM)_[A-Z_]*(TOKEN|PASSWORD|AUTH|USERNAME)|--(token|password|username)\b"
    r"|__token__|\.pypirc|trusted-publishing always|\bconfigur\w+ (\w+ ){0,2}credentials"
)
# A fresh copy has nothing in dist/ either.
EMPTIES = re.compile(
    r"\brm -\w+ (\S+ )*(\./)?dist\b|--clean\b|\bgit clean\b|hatch clean|\bmake clean\b|Remove-Item\b.*\bdist\b|rmtree|rm (\./)?dist/\*"
    r"|--out(-?dir|put)\b|\bgit (clone|worktree add)\b"
)
TAKES_ALL = re.compile(r"\btwine\s.*\bupload\b.*dist/\*(\s|$|\")|\b(poetry|uv|hatch|pdm) publish\b(?!.*(dist/\w|--build))")
# Brackets that a shell takes for a redirection: not in quotes, and no here-document or process substitution.
PLACEHOLDER = re.compile(r"(?<![<\\])<[A-Za-z][\w.:/-]*( [\w.:/-]+)*>")
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|#.*$|\$\{\{.*?\}\}")
TAG = re.compile(r"^(refs/tags/|v?\d+(\.\d+)+|v?<|\$\{?\w*(TAG|VERSION))|\btag\b", re.IGNORECASE)
AFTERWARDS = re.compile(r"\byank", re.IGNORECASE)


def pushes_every_tag(page: Page) -> Iterator[Finding]:
    """Yield the pushes of PAGE that take every local tag along."""
    started = any(trigger.event == "push" and trigger.tags for view in publishing_workflows(page.checkup) for trigger in view.workflow.triggers)
    for said in page.commands:
        if has_words(said, "git", "push") and "--tags" in said.words:
            what = "each of them starts the publishing workflow" if started else "also those that were never meant for others"
            message = f"`{said.text.strip()}` pushes every local tag, and {what}"
            fix = "push the one tag by its name: `git push origin TAG`"
            yield page.finding("pushes-every-tag", "warning" if started else "note", message, said.line, fix, "publishing/release.md")


def deletes_tag(page: Page) -> Iterator[Finding]:
    """Yield the deletions of a public tag on a PAGE that does not say what becomes of the files that it published."""
    published = any("pypi" in {upload.index for upload in job.uploads} for view in publishing_workflows(page.checkup) for job in view.publishing)
    if not published or AFTERWARDS.search(page.text):
        return
    for said in page.commands:
        if has_words(said, "git", "push") and any(is_tag(word) for word in deleted(said.words[2:])):
            yield page.finding(
                "deletes-public-tag",
                "warning",
                f"`{said.text.strip()}` takes the tag back and not the release: the index never takes those file names again",
                said.line,
                "yank the release on the index, and publish a new version",
                "incident/wrong-tag.md",
            )


def deleted(words: list[str]) -> list[str]:
    """Return what the arguments of `git push` delete at the remote."""
    if {"--delete", "-d"} & set(words):
        return [word for word in words if not word.startswith("-")][1:]
    return [word[1:] for word in words if word.startswith(":")]


def is_tag(name: str) -> bool:
    """Tell whether NAME looks like a tag rather than a branch."""
    return bool(TAG.search(name))


def testpypi_alone(page: Page) -> Iterator[Finding]:
    """Yield the installations of PAGE that look for the project's dependencies on TestPyPI, where they are not."""
    name, dependencies = page.checkup.facts.project.name, page.checkup.facts.project.dependencies
    for said in page.commands if name and dependencies else ():
        words = said.words
        options = {word.partition("=")[0] for word in words}
        alone = "test.pypi.org/simple" in " ".join(words) and not options & {"--no-deps", "--extra-index-url", "--index"}
        if "install" in words and alone and any(same(word, name or "") for word in words):
            message = f"this looks for the dependencies on TestPyPI too, where anybody may have put other packages: {', '.join(dependencies[:3])}"
            fix = "install the dependencies from PyPI first, then the project with `--no-deps`"
            yield page.finding("testpypi-without-dependencies", "error", message, said.line, fix, "troubleshooting/testpypi-dependencies.md")


def same(word: str, name: str) -> bool:
    """Tell whether the requirement WORD names the project NAME."""
    return normal(re.split(r"[=<>~!@\[ ]", word, maxsplit=1)[0]) == normal(name)


def normal(name: str) -> str:
    """Return NAME as the index compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def publishes_anonymously(page: Page) -> Iterator[Finding]:
    """Yield the uploads of PAGE for which it gives the client no token: Poetry asks for none, and uv stops."""
    if CREDENTIALS.search(page.text):
        return
    for said in page.commands:
        client = said.words[0] if said.words else ""
        if said.fence and client in ("poetry", "uv") and has_words(said, client, "publish") and "--dry-run" not in said.words:
            what = "uploads as nobody and is refused" if client == "poetry" else "finds no credentials"
            variable = "POETRY_PYPI_TOKEN_PYPI" if client == "poetry" else "UV_PUBLISH_TOKEN"
            message = f"without a token `{said.text.strip()}` {what}, and the page gives it none"
            page_of = "troubleshooting/missing-credentials.md" if client == "uv" else "troubleshooting/invalid-authentication.md"
            yield page.finding("publishes-without-token", "error", message, said.line, f"set {variable} before it", page_of)


def keeps_old_files(page: Page) -> Iterator[Finding]:
    """Yield the builds of PAGE that leave earlier files in dist/, from where a later command uploads everything."""
    if EMPTIES.search(page.text):
        return
    build: Said | None = None
    for said in page.commands:
        if said.fence and BUILDS.search(said.text):
            build = said
        elif said.fence and build and TAKES_ALL.search(said.text):
            message = f"nothing empties dist/ before `{build.text.strip()}`, and `{said.text.strip()}` takes what an earlier build left there"
            fix = "empty dist/ first: `rm -rf dist/`"
            yield page.finding("old-files-in-dist", "warning", message, build.line, fix, "troubleshooting/stale-dist.md")
            build = None


def purges_cache(page: Page) -> Iterator[Finding]:
    """Yield the advice of PAGE to empty pip's whole cache for one page of the index that is ten minutes old at most."""
    for said in page.commands:
        if has_words(said, "pip", "cache", "purge"):
            message = "`pip cache purge` throws away every package that pip has; the index's page is kept for ten minutes at most"
            fix = "wait, or install once with `--no-cache-dir`"
            yield page.finding("purges-cache", "note", message, said.line, fix, "troubleshooting/stale-cache.md")


def placeholders(page: Page) -> Iterator[Finding]:
    """Yield the placeholders of PAGE that a shell takes for redirections when somebody pastes the command."""
    fenced = [(line, number, "warning") for fence in page.fences for number, line in enumerate(fence.script.splitlines(), fence.line)]
    inline = [(said.text, said.line, "note") for said in page.commands if not said.fence]
    for text, line, severity in [*fenced, *inline] if page.is_ours else ():
        if match := PLACEHOLDER.search(QUOTED.sub("", text)):
            message = f"pasted, the shell takes `{match[0]}` in `{text.strip()}` for a redirection"
            fix = "write a name in capitals, or a variable that the page sets"
            yield page.finding("placeholder-redirects", severity, message, line, fix, "reference/fences.md")
