"""Which commit and which tag built files come from, and what speaks against releasing them so."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from pypi_runbook.finding import Finding
from pypi_runbook.manual.manifest import Manifest
from pypi_runbook.manual.release import PAGE, Release
from pypi_runbook.manual.source import version_of
from pypi_runbook.project.git import git

TAGS = "troubleshooting/tag-and-version.md"


def origin(manifest: Manifest) -> str:
    """Return where the files of MANIFEST come from, in words."""
    tag = f"tag {manifest.tag}, " if manifest.tag else ""
    words = f"{tag}commit {manifest.commit[:12]}" if manifest.commit else "a folder that no commit holds"
    return f"{words}, with changes that no commit holds" if manifest.dirty else words


def origin_of(release: Release, manifest: Manifest | None, version: Version) -> tuple[str, list[Finding]]:
    """Return where the files of VERSION come from, in words, and what speaks against it."""
    if manifest is None:
        fix = f"{release.command('build')}; for files of another build: {release.command('build')} --from-artifact dist"
        message = "no build of ours made these files, so nothing says which commit they are, and upload will not take them"
        return "not known", [Finding("no-manifest", "warning", message, "dist", None, fix, PAGE)]
    return origin(manifest), [*_commit(release, manifest), *_tag(release, manifest, version)]


def _commit(release: Release, manifest: Manifest) -> Iterator[Finding]:
    if manifest.dirty:
        message = "files that no commit holds went into the build, so nobody can build it again"
        yield Finding("dirty-build", "warning", message, "dist", None, "commit them and build again, unless there is no time for that", PAGE)
    head = git(release.root, "rev-parse", "--verify", "HEAD")
    if manifest.commit and manifest.ref is None and head != manifest.commit:
        message = f"they were built from commit {manifest.commit[:12]}, and {head[:12] if head else 'none'} is checked out now"
        yield Finding("other-commit", "warning", message, "dist", None, f"build again: {release.command('build')}", "troubleshooting/stale-dist.md")


def _tag(release: Release, manifest: Manifest, version: Version) -> Iterator[Finding]:
    said = version_of(manifest.tag) if manifest.tag else None
    if said and said != version:
        message = f"the tag {manifest.tag} and the version {version} differ"
        yield Finding("tag-and-version", "error", message, release.file, release.line, "release what the tag says", TAGS)
    if manifest.tag or manifest.commit is None:
        return
    for tag in (str(version), f"v{version}"):
        if elsewhere := git(release.root, "rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}"):
            message = f"the tag {tag} is on commit {elsewhere[:12]}, and these files were built from {manifest.commit[:12]}"
            fix = f"build the tag: {release.command('build')} --ref {tag}; or release the next version"
            yield Finding("tag-elsewhere", "error", message, release.file, release.line, fix, TAGS)
            return
    message = f"no tag says {version} yet"
    yield Finding("no-tag", "note", message, None, None, f"tag commit {manifest.commit[:12]} when the release is out", PAGE)
