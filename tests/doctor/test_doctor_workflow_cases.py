"""Cases of workflows that no edit of the good one gives: other events, versions from git, owners' patterns, files that are broken."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.workflow_checks import WORKFLOW_CHECKS
from pypi_runbook.doctor.workflow_guards import passes
from pypi_runbook.doctor.workflow_owners import matches
from pypi_runbook.errors import RunbookError
from pypi_runbook.project import read_project

DRIFTED = Path(__file__).resolve().parents[1] / "projects" / "nautobot-ai-ops-drifted"
WORKFLOW = ".github/workflows/release.yml"
PIN = "3d3c42e5aac5ba805825da76410c181273ba90b1"
STATIC = '[project]\nname = "widget"\nversion = "1.0"\n'
FROM_GIT = (
    '[project]\nname = "widget"\ndynamic = ["version"]\n[build-system]\nrequires = ["hatchling", "hatch-vcs"]\nbuild-backend = "hatchling.build"\n'
)
PUBLISHING = f"""on: {{on}}
permissions: {{{{}}}}
concurrency:
  group: publish
jobs:
  build:
    runs-on: ubuntu-24.04
    permissions: {{{{contents: read}}}}
    steps:
      - uses: actions/checkout@{PIN}
        {{checkout}}
      - run: test "$(hatch version)" = "$GITHUB_REF_NAME" && hatch build
      - uses: actions/upload-artifact@{PIN}
        with: {{{{name: dist, path: dist/}}}}
  pypi:
    needs: build
    {{condition}}
    runs-on: ubuntu-24.04
    permissions: {{{{id-token: write}}}}
    environment: pypi
    steps:
      - uses: actions/download-artifact@{PIN}
        with: {{{{name: dist, path: dist/}}}}
      - uses: pypa/gh-action-pypi-publish@{PIN}
"""


def ids(root: Path, workflow: str, metadata: str = STATIC) -> list[str]:
    """Return what is found in a project that has WORKFLOW, METADATA, and owners for both."""
    path = root / WORKFLOW
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(workflow)
    (root / "pyproject.toml").write_text(metadata)
    (root / "CODEOWNERS").write_text("* @ada\n")
    checkup = Checkup(read_project(root))
    return [finding.id for check in WORKFLOW_CHECKS for finding in check(checkup)]


def publishing(on: str, checkout: str = "", condition: str = "") -> str:
    """Return a publishing workflow for the events ON."""
    return PUBLISHING.format(on=on, checkout=checkout, condition=condition)


@pytest.mark.parametrize(
    ("on", "checkout", "condition", "found"),
    [
        ("{push: {branches: [main]}}", "", "", ["shallow-checkout"]),
        ("{push: {branches: [main]}}", "with: {fetch-depth: 0}", "", []),
        ("{push: {tags: ['*']}}", "", "", []),
        ("{release: {types: [published]}, pull_request: null}", "", "if: github.event_name == 'release'", []),
        ("{push: {branches: [main], tags: ['*']}}", "", "if: startsWith(github.ref, 'refs/tags/')", []),
    ],
)
def test_a_version_from_git_needs_the_tags(tmp_path: Path, on: str, checkout: str, condition: str, found: list[str]) -> None:
    """A checkout of one commit is found where a run without a tag can publish, and not where the tag itself is checked out."""
    assert ids(tmp_path, publishing(on, checkout, condition), FROM_GIT) == found


@pytest.mark.parametrize(
    ("on", "condition", "found"),
    [
        ("pull_request_target", "", ["publishes-on-pull-request-target"]),
        ("[pull_request_target, push]", "if: github.event_name == 'push'", []),
        ("{workflow_call: null}", "", []),
    ],
)
def test_an_event_that_the_index_refuses(tmp_path: Path, on: str, condition: str, found: list[str]) -> None:
    """A job that publishes on pull_request_target is found; one that another event starts, or another workflow, is not."""
    assert ids(tmp_path, publishing(on, condition=condition)) == found


@pytest.mark.parametrize(
    ("on", "inputs", "condition", "found"),
    [
        ("pull_request_target", "ref: '${{ github.event.pull_request.head.sha }}'", "", ["untrusted-checkout"]),
        ("pull_request_target", "sparse-checkout: docs, ref: '${{ github.head_ref }}'", "", []),
        ("pull_request", "ref: '${{ github.event.pull_request.head.sha }}'", "", []),
        ("workflow_run", "ref: '${{ github.event.workflow_run.head_sha }}'", "if: github.event.workflow_run.event == 'push'", []),
    ],
)
def test_a_strangers_code_with_our_rights(tmp_path: Path, on: str, inputs: str, condition: str, found: list[str]) -> None:
    """The head of a pull request in a privileged run is found; a folder taken as data, or a run that knows where it comes from, is not."""
    steps = f"runs-on: ubuntu-24.04\n    {condition}\n    steps:\n      - uses: actions/checkout@{PIN}\n        with: {{{inputs}}}\n"
    assert ids(tmp_path, f"on: {on}\njobs:\n  test:\n    {steps}") == found


@pytest.mark.parametrize(
    ("uses", "permissions", "found"),
    [
        ("acme/shared/.github/workflows/publish.yml@v1", "{id-token: write}", ["publishes-through-another-repository"]),
        ("acme/shared/.github/workflows/publish.yml@v1", "{contents: read}", []),
        ("acme/shared/.github/workflows/attest.yml@v1", "{id-token: write}", []),
        ("./.github/workflows/publish.yml", "{id-token: write}", []),
    ],
)
def test_a_foreign_workflow_publishes(tmp_path: Path, uses: str, permissions: str, found: list[str]) -> None:
    """A call of another repository's publishing workflow with a token is found; one without a token, or of this repository's, is not."""
    assert ids(tmp_path, f"on: push\njobs:\n  ship:\n    permissions: {permissions}\n    uses: {uses}\n") == found


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("python scripts/same.py && hatch build", []),
        ("echo $GITHUB_REF_NAME; hatch build --python-version 3", ["tag-not-compared"]),
        ("hatch version ${GITHUB_REF_NAME#v} && hatch build", []),
        ("hatch build", ["tag-not-compared"]),
    ],
)
def test_a_comparison_of_tag_and_version_is_recognised(tmp_path: Path, script: str, found: list[str]) -> None:
    """A step that reads both, itself or in a script of the repository, or sets the version from the tag, is enough; one that reads one is not."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/same.py").write_text("assert os.environ['GITHUB_REF_NAME'] == tomllib.load('pyproject.toml')\n")
    workflow = publishing("{push: {tags: ['*']}}").replace('test "$(hatch version)" = "$GITHUB_REF_NAME" && hatch build', script)
    assert ids(tmp_path, workflow) == found


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("!contains(github.ref_name, 'b')", ["alpha", "release candidate", "development version"]),
        ("!contains(github.event.release.tag_name, 'rc') && !contains(github.event.release.tag_name, 'b')", ["alpha", "development version"]),
        (
            "contains(github.ref_name, 'a') || contains(github.ref_name, 'b') || contains(github.ref_name, 'rc') || contains(github.ref_name, 'dev')",
            [],
        ),
        ("contains(github.ref_name, '-')", []),
        ("contains(github.event.head_commit.message, 'b')", []),
        ("", []),
    ],
)
def test_letters_are_no_guard(condition: str, found: list[str]) -> None:
    """Of the four kinds of pre-release, those are named that no letter of the condition finds."""
    assert [each.rpartition(" ")[0] for each in passes(condition)] == found


@pytest.mark.parametrize(
    ("pattern", "file", "expected"),
    [
        ("*", "pyproject.toml", True),
        ("*.toml", "pyproject.toml", True),
        ("/.github/", ".github/workflows/release.yml", True),
        (".github", ".github/workflows/release.yml", True),
        (".github/*", ".github/workflows/release.yml", False),
        (".github/**", ".github/workflows/release.yml", True),
        ("**/workflows/*.yml", ".github/workflows/release.yml", True),
        ("/workflows/", ".github/workflows/release.yml", False),
        ("docs/", "pyproject.toml", False),
    ],
)
def test_owners_patterns(pattern: str, file: str, expected: bool) -> None:
    """A pattern of CODEOWNERS means what the same line of a .gitignore would, and `FOLDER/*` no deeper files."""
    assert matches(pattern, file) is expected


SOWN = st.lists(st.tuples(st.integers(0, 199), st.sampled_from("{}[]:#&*|'@- \n\t")), max_size=3)


@settings(max_examples=settings().max_examples // 4)
@given(st.integers(200, 2400), SOWN)
def test_a_broken_workflow_ends_with_findings_or_an_error(length: int, sown: list[tuple[int, str]]) -> None:
    """A workflow that is cut off or sown with YAML's own marks brings findings or an error with its place, never another exception."""
    letters = list((DRIFTED / ".github/workflows/publish-pypi.yml").read_text()[:length])
    for place, letter in sown:
        letters[len(letters) * place // 200] = letter
    with tempfile.TemporaryDirectory() as folder:
        root = shutil.copytree(DRIFTED, Path(folder, "project"), ignore=shutil.ignore_patterns("docs"))
        (root / ".github/workflows/publish-pypi.yml").write_text("".join(letters))
        assert all(places_told(root))


def places_told(root: Path) -> list[str | None]:
    """Return the file that each finding in the workflows of ROOT names, or the one that the error names."""
    try:
        checkup = Checkup(read_project(root))
    except RunbookError as error:
        return [error.file]
    return [finding.file for check in WORKFLOW_CHECKS for finding in check(checkup)]
