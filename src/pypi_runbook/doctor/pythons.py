"""Whether requires-python, the classifiers and the workflow's Python say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.places import distributions, line_of, toml_line, toml_of
from pypi_runbook.finding import Finding
from pypi_runbook.project import Distribution, Job

PAGE = "publishing/metadata.md"
CLASSIFIER = re.compile(r"Programming Language :: Python :: (3\.\d+)$")


def check_pythons(checkup: Checkup) -> Iterator[Finding]:
    """Yield a finding for each contradiction about the Python versions of a distribution, and for one that says none."""
    for project in distributions(checkup):
        if project.file.endswith("setup.cfg") or toml_of(checkup, project).data:
            yield from of_distribution(checkup, project)


def of_distribution(checkup: Checkup, project: Distribution) -> Iterator[Finding]:
    """Yield what speaks against the Python versions of PROJECT."""
    if project.requires_python is None:
        if "requires-python" not in project.lines:
            toml = toml_of(checkup, project)
            message = "the metadata has no requires-python: pip installs the release on Pythons on which it does not run"
            line = toml_line(toml, "project", "tool.poetry") or 1
            yield Finding("no-requires-python", "warning", message, project.file, line, 'write requires-python = ">=3.…"', PAGE)
        return
    try:
        wanted = SpecifierSet(project.requires_python)
    except ValueError:
        return  # told by PyPI's own rule
    yield from against_classifiers(checkup, project, wanted)
    yield from against_workflows(checkup, project, wanted)
    if any(clause.operator in ("<", "<=", "==", "~=") for clause in wanted) and any(clause.operator.startswith((">", "~", "=")) for clause in wanted):
        stands = line_of(checkup, project, "requires-python")
        message = f"requires-python {project.requires_python} ends: on a newer Python, pip takes an older release without a word"
        yield Finding("requires-python-capped", "note", message, project.file, stands, "leave the upper end open unless it really fails there", PAGE)


def against_classifiers(checkup: Checkup, project: Distribution, wanted: SpecifierSet) -> Iterator[Finding]:
    """Yield a finding for each classifier of a Python that WANTED leaves out, and one when the classifiers name no Python."""
    named = {entry: match[1] for entry in project.classifiers if (match := CLASSIFIER.match(entry))}
    for entry, version in named.items():
        # Any patch release will do: >=3.11.2 takes 3.11.
        if not any(wanted.contains(Version(f"{version}.{patch}")) for patch in range(40)):
            line = line_of(checkup, project, "classifiers", f"{entry}")
            message = f"`{entry}` contradicts requires-python {project.requires_python}"
            yield Finding("classifier-contradicts", "warning", message, project.file, line, "correct one of the two", PAGE)
    if not named:
        line = line_of(checkup, project, "classifiers") or line_of(checkup, project, "requires-python")
        message = "no classifier names a Python version, so the project's page shows none"
        yield Finding("no-python-classifiers", "note", message, project.file, line, "add one for each version that you test", PAGE)


def against_workflows(checkup: Checkup, project: Distribution, wanted: SpecifierSet) -> Iterator[Finding]:
    """Yield a finding for each Python of a publishing workflow's jobs that build, when WANTED leaves it out."""
    publishing = {entry["workflow"] for entries in checkup.facts.publishing.values() for entry in entries}
    for workflow in checkup.facts.workflows:
        for job in workflow.jobs if workflow.file in publishing else []:
            for version in job.python_versions:
                if re.fullmatch(r"3\.\d+", version) and not any(wanted.contains(Version(f"{version}.{patch}")) for patch in range(40)):
                    line = python_line(checkup, workflow.file, job, version)
                    message = f"job {job.id} runs on Python {version}, which requires-python {project.requires_python} leaves out"
                    yield Finding("workflow-python", "warning", message, workflow.file, line, "take a Python that the project supports", PAGE)


def python_line(checkup: Checkup, file: str, job: Job, version: str) -> int:
    """Return the line inside JOB that names VERSION, else the job's own."""
    lines = checkup.lines(file)
    return next((number for number in range(job.line, job.end_line + 1) if "python" in lines[number - 1] and version in lines[number - 1]), job.line)
