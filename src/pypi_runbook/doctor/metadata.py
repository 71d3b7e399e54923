"""The practices of good metadata: what people and tools look for in a release and cannot be given to it afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.metadata import Metadata
from packaging.version import Version

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.places import distributions, line_of, toml_line, toml_of
from pypi_runbook.finding import Finding
from pypi_runbook.project import Distribution
from pypi_runbook.project.text import items
from pypi_runbook.rules import Refused, Site
from pypi_runbook.rules.description import check_description

PAGE = "publishing/metadata.md"
LICENSE_FILES = ("LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*")
CONTENT_TYPES = {".md": "text/markdown", ".markdown": "text/markdown", ".rst": "text/x-rst", ".txt": "text/plain"}
# What tools and templates leave to be filled in.
UNFILLED = re.compile(
    r"your[-_ ]?(name|project|package|email)|add your description|todo|fixme|example\.(com|org)|you@|localhost|127\.0\.0\.1", re.IGNORECASE
)
LINKS = {
    "homepage": ("homepage",),
    "repository": ("repository", "source", "sourcecode", "code", "github"),
    "documentation": ("documentation", "docs"),
}


def check_metadata_practices(checkup: Checkup) -> Iterator[Finding]:
    """Yield a finding for each practice that a distribution does not follow."""
    for project in distributions(checkup):
        if not (checkup.root / project.file).is_file():
            continue
        for practice in (_identity, _people, _readme, _license, _license_files, _links):
            yield from practice(checkup, project)


def _absent(checkup: Checkup, project: Distribution, field: str, *, severity: str, why: str, fix: str) -> Finding:
    table = toml_line(toml_of(checkup, project), "project", "tool.poetry") or 1
    return Finding(f"no-{field}", severity, f"the metadata has no {field.replace('-', ' ')}: {why}", project.file, table, fix, PAGE)


def _identity(checkup: Checkup, project: Distribution) -> Iterator[Finding]:
    if not project.name and not (checkup.root / project.file).with_name("setup.py").is_file():
        yield _absent(checkup, project, "name", severity="error", why="nothing can be built", fix="give the distribution a name")
    if project.version is None and not project.version_dynamic and project.file == "pyproject.toml" and project.name:
        why, fix = "nothing can be built, unless the build backend knows it", 'write version = "…", or dynamic = ["version"]'
        yield _absent(checkup, project, "version", severity="error", why=why, fix=fix)
    if project.version and _is_zero(project.version):
        line = line_of(checkup, project, "version")
        message = f"the version is {project.version}, which tools write where none was given"
        yield Finding("version-zero", "warning", message, project.file, line, "write the version that you release", PAGE)
    for field, why in (("description", "search results show an empty line"), ("keywords", "people find it only by its name")):
        if not getattr(project, field) and not _is_dynamic(checkup, project, field):
            severity = "warning" if field == "description" else "note"
            yield _absent(checkup, project, field, severity=severity, why=why, fix=f"write {field} = …")
    if project.description and UNFILLED.search(project.description):
        line = line_of(checkup, project, "description")
        yield Finding("description-unfilled", "warning", "the description is a template's", project.file, line, "say what the project does", PAGE)


def _is_zero(version: str) -> bool:
    try:
        return not any(Version(version).release)
    except ValueError:
        return False


def _is_dynamic(checkup: Checkup, project: Distribution, field: str) -> bool:
    return field in items(toml_of(checkup, project).table("project").get("dynamic"))


def _people(checkup: Checkup, project: Distribution) -> Iterator[Finding]:
    maintained = toml_of(checkup, project).table("project").get("maintainers")
    if not project.authors and not maintained and not _is_dynamic(checkup, project, "authors"):
        yield _absent(checkup, project, "authors", severity="warning", why="users cannot tell who made it", fix="write authors = …")
    for author in project.authors:
        if UNFILLED.search(author):
            line = line_of(checkup, project, "authors", author.partition("<")[0].strip())
            yield Finding("author-unfilled", "warning", f"the author {author} is a template's", project.file, line, "write who made it", PAGE)


def _readme(checkup: Checkup, project: Distribution) -> Iterator[Finding]:
    if not project.readme:
        if not _is_dynamic(checkup, project, "readme"):
            yield _absent(checkup, project, "readme", severity="warning", why="the project's page stays empty", fix='write readme = "README.md"')
        return
    line = line_of(checkup, project, "readme")
    path = (checkup.root / project.file).parent / project.readme
    if not path.is_file():
        message = f"the readme {project.readme} does not exist, so nothing can be built"
        yield Finding("readme-missing", "error", message, project.file, line, "write it, or name the file that is there", PAGE)
        return
    shown = path.resolve().relative_to(checkup.root).as_posix() if path.resolve().is_relative_to(checkup.root) else project.readme
    text = checkup.text(shown)
    if text is None:
        message = "the readme is not text in UTF-8, so the build or the index refuses it"
        yield Finding("readme-unreadable", "error", message, shown, None, "save it as UTF-8", PAGE)
    elif not text.strip():
        yield Finding(
            "readme-empty", "warning", "the readme is empty, and so will be the project's page", shown, None, "write what users look for", PAGE
        )
    else:
        yield from _rendered(text, shown)


def _rendered(text: str, shown: str) -> Iterator[Finding]:
    kind = CONTENT_TYPES.get("." + shown.rpartition(".")[2].lower())
    if kind is None:
        fix = 'write readme = {file = "…", content-type = "text/markdown"}, or give the file an ending'
        yield Finding("readme-type", "note", "the readme's name does not say its form, so PyPI may show it as plain text", shown, None, fix, PAGE)
        return
    try:
        check_description(Metadata.from_raw({"description": text, "description_content_type": kind}, validate=False))
    except Refused as refused:
        message = f"PyPI would refuse the release: {refused.message(Site('pypi.org'))}"
        page = f"troubleshooting/{refused.rule.entry}.md"
        yield Finding(refused.rule.id, "error", message, shown, None, "twine check --strict names the line", page)


def _license(checkup: Checkup, project: Distribution) -> Iterator[Finding]:
    given = toml_of(checkup, project).table("project").get("license")
    line = line_of(checkup, project, "license")
    classified = [entry for entry in project.classifiers if entry.startswith("License ::")]
    if isinstance(given, dict):
        fix = 'write license = "Apache-2.0", the expression of your license, and license-files = ["LICENSE"]'
        yield Finding(
            "license-table", "warning", "a table as license is deprecated, and tools read no license from it", project.file, line, fix, PAGE
        )
    elif project.license and not _is_expression(project.license):
        message = f"`{project.license}` is no SPDX expression, so tools read no license from it"
        yield Finding("license-not-spdx", "warning", message, project.file, line, "write the expression from https://spdx.org/licenses/", PAGE)
    elif not project.license and not classified and not _is_dynamic(checkup, project, "license"):
        why = "nobody may use it without asking"
        yield _absent(checkup, project, "license", severity="warning", why=why, fix='write license = "…", an SPDX expression')
    if project.license and not isinstance(given, dict):
        for entry in classified:
            line = line_of(checkup, project, "classifiers", entry)
            message = f"`{entry}` stands beside the license; classifiers of licenses are deprecated, and newer build backends refuse both"
            yield Finding("license-classifier", "warning", message, project.file, line, "take the classifier out", PAGE)


def _is_expression(text: str) -> bool:
    try:
        canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        return False
    return True


def _license_files(checkup: Checkup, project: Distribution) -> Iterator[Finding]:
    toml = toml_of(checkup, project)
    patterns = toml.table("project").get("license-files")
    folder = project.file.rpartition("/")[0]
    here = [file.removeprefix(f"{folder}/") for file in checkup.names if not folder or file.startswith(f"{folder}/")]
    if isinstance(patterns, list):
        for pattern in patterns:
            if not any(fnmatch(file, str(pattern)) for file in here):
                line = line_of(checkup, project, "license-files") or toml_line(toml, "project.license-files")
                message = f"no file matches `{pattern}`, and build backends refuse a license file that is not there"
                yield Finding("license-file-missing", "error", message, project.file, line, "add the file, or take the pattern out", PAGE)
    elif project.license and not any(fnmatch(file.rpartition("/")[2].upper(), pattern) for file in here for pattern in LICENSE_FILES):
        line = line_of(checkup, project, "license")
        message = "there is no license file, and most licenses ask that their text travels with every copy"
        yield Finding("no-license-file", "warning", message, project.file, line, "add the license's text as LICENSE", PAGE)


def _links(checkup: Checkup, project: Distribution) -> Iterator[Finding]:
    labels = {re.sub(r"[\W_]|url$", "", label.lower()) for label in project.urls}
    if _is_dynamic(checkup, project, "urls"):
        return
    if absent := [name for name, accepted in LINKS.items() if not labels & set(accepted)]:
        line = line_of(checkup, project, "urls") or toml_line(toml_of(checkup, project), "project.urls", "tool.poetry.urls", "project", "tool.poetry")
        message = f"the page on PyPI will have no link to {', '.join(absent)}"
        yield Finding("no-link", "note", message, project.file, line, "add them to the links", PAGE)
    for label, url in project.urls.items():
        line = line_of(checkup, project, "urls", url) or checkup.line_with(project.file, url)
        if UNFILLED.search(url):
            yield Finding(
                "link-unfilled", "warning", f"the link {label} leads to {url}, where nobody finds you", project.file, line, "correct it", PAGE
            )
        elif url.startswith("http://"):
            yield Finding("link-insecure", "note", f"the link {label} is not https", project.file, line, "write https://", PAGE)
