"""Whether the lock files are those of the metadata, and the hashed requirements of a publishing workflow those of the lock."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.hashes import pdm_hashes, poetry_hashes, uv_differences
from pypi_runbook.finding import Finding
from pypi_runbook.project.text import items, table
from pypi_runbook.project.toml import malformed

PAGE = "troubleshooting/lock-out-of-date.md"
WITH_HASH = re.compile(r"^\s*([A-Za-z0-9][\w.\[\]-]*)==")


def check_lock(checkup: Checkup) -> Iterator[Finding]:
    """Yield a finding for each lock file that was made from other metadata, and for requirements that left the lock behind."""
    data = checkup.pyproject.data
    for file, judge in (("poetry.lock", of_poetry), ("uv.lock", of_uv), ("pdm.lock", of_pdm)):
        if (checkup.root / file).is_file():
            text = checkup.text(file)
            try:
                # Not with lines, as other files are read: a lock has thousands.
                lock = tomllib.loads(text or "")
            except (ValueError, RecursionError) as error:
                yield Finding.of(malformed(str(error), file, text or ""))
                continue
            yield from judge(data, lock)
            yield from drifted(checkup, file, lock)


def of_poetry(data: dict[str, Any], lock: dict[str, Any]) -> Iterator[Finding]:
    """Yield a finding when poetry.lock was made from other requirements than DATA's."""
    known = table(lock.get("metadata")).get("content-hash")
    if known not in poetry_hashes(data):
        message = "poetry.lock was made from other requirements than pyproject.toml has now, so `poetry check --lock` and `poetry install` fail"
        yield stale("poetry.lock", message, "run poetry lock, and commit poetry.lock")


def of_uv(data: dict[str, Any], lock: dict[str, Any]) -> Iterator[Finding]:
    """Yield a finding when uv.lock was made from other metadata than DATA."""
    if differences := uv_differences(data, lock) if "project" in data else []:
        message = f"uv.lock was made from other metadata than pyproject.toml has now: {', '.join(differences)}; `uv lock --check` fails"
        yield stale("uv.lock", message, "run uv lock, and commit uv.lock")


def of_pdm(data: dict[str, Any], lock: dict[str, Any]) -> Iterator[Finding]:
    """Yield a finding when pdm.lock was made from other requirements than DATA's."""
    known = str(table(lock.get("metadata")).get("content_hash", "")).removeprefix("sha256:")
    if (hashes := pdm_hashes(data)) and known not in hashes:
        message = "pdm.lock was made from other requirements than pyproject.toml has now, so `pdm lock --check` fails"
        yield stale("pdm.lock", message, "run pdm lock, and commit pdm.lock")


def stale(file: str, message: str, fix: str) -> Finding:
    """Return the finding for a lock FILE that is out of date."""
    return Finding("lock-out-of-date", "error", message, file, None, fix, PAGE)


def drifted(checkup: Checkup, lock_file: str, lock: dict[str, Any]) -> Iterator[Finding]:
    """Yield a finding for each pin, in requirements with hashes that a publishing workflow installs, that LOCK has otherwise."""
    locked = {str(package.get("name")): package for package in map(table, items(lock.get("package")))}
    for file in installed_files(checkup):
        for line, requirement, hashes in pins(checkup.text(file) or ""):
            package = locked.get(canonicalize_name(requirement.name))
            if package is None:
                continue
            known = {str(table(entry).get("hash")) for entry in items(package.get("files"))}
            if str(requirement.specifier) != f"=={package.get('version')}":
                message = f"{requirement.name} is{requirement.specifier} here and {package.get('version')} in {lock_file}"
            elif known and not hashes <= known:
                message = f"{requirement.name} has hashes here that {lock_file} does not have"
            else:
                continue
            fix = f"make {file} from {lock_file} again"
            yield Finding("requirements-drifted", "warning", f"{message}: the release is built with other tools than you test", file, line, fix, PAGE)


def installed_files(checkup: Checkup) -> list[str]:
    """Return the requirements files that the steps of publishing workflows install."""
    publishing = {entry["workflow"] for entries in checkup.facts.publishing.values() for entry in entries}
    found: dict[str, None] = {}
    for workflow in checkup.facts.workflows:
        for step in (step for job in workflow.jobs for step in job.steps if workflow.file in publishing):
            found |= dict.fromkeys(re.findall(r"(?:--requirement|-r)[ =]+([\w./-]+\.txt)", step.run or ""))
    return [file for file in found if file in checkup.files]


def pins(text: str) -> Iterator[tuple[int, Requirement, set[str]]]:
    """Yield line, requirement and hashes of each exact pin with hashes in TEXT, a requirements file."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if WITH_HASH.match(line):
            whole = " ".join(part.rstrip().removesuffix("\\") for part in continued(lines[number - 1 :]))
            hashes = set(re.findall(r"--hash=(\S+)", whole))
            try:
                requirement = Requirement(re.sub(r"--hash=\S+", "", whole).split(" #")[0])
            except ValueError:
                continue
            if hashes:
                yield number, requirement, hashes


def continued(lines: list[str]) -> Iterator[str]:
    """Yield the first of LINES, and those after it that a backslash joins to it."""
    for line in lines:
        yield line
        if not line.rstrip().endswith("\\"):
            return
