"""Each fault of a workflow alone: one small edit of a good workflow brings one finding, at its line, and nothing else."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.workflow_checks import WORKFLOW_CHECKS
from pypi_runbook.finding import Finding
from pypi_runbook.project import read_project

GOOD = Path(__file__).resolve().parents[1] / "projects" / "nautobot-ai-ops"
WORKFLOW = ".github/workflows/publish-pypi.yml"
PUBLISH = "pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33"
TWO_EVENTS = (
    "    if: github.event_name == 'release'\n    runs-on",
    "    if: github.event_name == 'release' || (github.event_name == 'workflow_dispatch' && !inputs.testpypi)\n    runs-on",
)
EVERY_EVENT = "    if: github.event_name != 'workflow_dispatch'\n    runs-on"
CONCURRENCY = (
    "concurrency:\n  group: publish-${{ github.event_name == 'release' && 'pypi' || inputs.testpypi && 'testpypi' || 'build' }}-${{ github.ref }}\n"
    "  cancel-in-progress: false\n",
    "",
)
COMPARE = """          TAG: ${{ github.event.release.tag_name }}
"""


@dataclass(frozen=True)
class Fault:
    """One edit of a file: which text becomes what, and what has to be found on the line that holds `place`."""

    id: str
    old: str
    new: str
    place: str
    severity: str = "warning"
    file: str = WORKFLOW
    also: tuple[str, str] = ("", "")

    def __str__(self) -> str:
        return f"{self.id}: {self.place.strip()[:40]}"


FAULTS = [
    Fault("publishes-twice", "on:\n", "on:\n  push:\n    tags: ['*']\n", "tags: ['*']", also=(TWO_EVENTS[0], EVERY_EVENT)),
    Fault("no-concurrency-group", TWO_EVENTS[0], TWO_EVENTS[1], "  pypi:", also=CONCURRENCY),
    Fault("cancels-uploads", "cancel-in-progress: false", "cancel-in-progress: true", "cancel-in-progress: true"),
    Fault(
        "id-token-for-every-job",
        "permissions: {}",
        "permissions:\n  contents: read\n  id-token: write",
        "  id-token: write",
        also=("    permissions:\n      contents: read # to check out the repository\n", ""),
    ),
    Fault(
        "permissions-not-set",
        "permissions: {}\n",
        "",
        "  build:",
        also=("    permissions:\n      contents: read # to check out the repository\n", ""),
    ),
    Fault("id-token-not-needed", "contents: read # to check out", "id-token: write\n      contents: read # to check out", "id-token: write"),
    Fault("id-token-missing", "      id-token: write # to prove to PyPI which", "      contents: read #", "    permissions:", "error"),
    Fault("environment-missing", "    environment:\n      name: pypi\n      url: https://pypi.org/project/nautobot-ai-ops/\n", "", "  pypi:"),
    Fault("long-lived-token", "          print-hash: true", "          password: ${{ secrets.PYPI_TOKEN }}", "name: Publish to PyPI"),
    Fault(
        "username-and-password",
        "          print-hash: true",
        "          user: kvncampos\n          password: ${{ secrets.PYPI_PASSWORD }}",
        "user: kvncampos",
        "error",
    ),
    Fault("tag-not-compared", COMPARE, "", "poetry build --no-ansi"),
    Fault(
        "prerelease-guard",
        "    if: github.event_name == 'release'\n    runs-on",
        "    if: github.event_name == 'release' && !contains(github.ref_name, 'b')\n    runs-on",
        "!contains",
    ),
    Fault(
        "prerelease-guard",
        "    if: github.event_name == 'release'\n    runs-on",
        "    if: github.event_name == 'release' && !(contains(github.ref, 'a') || contains(github.ref, 'b') || contains(github.ref, 'rc')"
        " || contains(github.ref, 'dev'))\n    runs-on",
        "contains(github.ref, 'a')",
    ),
    Fault(
        "artifact-name", "          name: dist\n          path: dist/\n\n", "          name: dists\n          path: dist/\n\n", "name: dists", "error"
    ),
    Fault(
        "artifact-without-needs",
        "    needs: build\n    if: github.event_name == 'release'",
        "    if: github.event_name == 'release'",
        "name: dist",
        "error",
    ),
    Fault("empty-packages-dir", "          path: dist/\n\n      - name: Publish to PyPI", "\n      - name: Publish to PyPI", PUBLISH, "error"),
    Fault(
        "empty-packages-dir",
        "          name: dist\n          path: dist/\n\n      - name: Publish to PyPI",
        "          path: dist/\n\n      - name: Publish to PyPI",
        PUBLISH,
        "error",
    ),
    Fault("empty-packages-dir", "          print-hash: true", "          packages-dir: out/", "packages-dir: out/", "error"),
    Fault("skip-existing-on-pypi", "          print-hash: true", "          skip-existing: true", "skip-existing"),
    Fault("attestations-off", "          print-hash: true", "          attestations: false", "attestations: false", "note"),
    Fault("action-not-pinned", PUBLISH, "pypa/gh-action-pypi-publish@release/v1", "@release/v1"),
    Fault("action-not-pinned", PUBLISH, "pypa/gh-action-pypi-publish@v1.14.2", "@v1.14.2"),
    Fault(
        "action-retired",
        "upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1",
        "upload-artifact@a8a3f3ad30e3422c9c7b888a15615d19a852ae32 # v3.1.3",
        "# v3.1.3",
        "error",
    ),
    Fault("runner-retired", "runs-on: ubuntu-24.04", "runs-on: ubuntu-20.04", "ubuntu-20.04", "error"),
    Fault(
        "runner-retired",
        "    runs-on: ubuntu-24.04\n",
        "    strategy:\n      matrix:\n        os: [macos-13]\n    runs-on: ${{ matrix.os }}\n",
        "macos-13",
        "error",
    ),
    Fault(
        "publishes-from-self-hosted",
        "    if: github.event_name == 'release'\n    runs-on: ubuntu-24.04",
        "    if: github.event_name == 'release'\n    runs-on: [self-hosted, linux]",
        "self-hosted",
    ),
    Fault(
        "publish-action-needs-linux",
        "    if: github.event_name == 'release'\n    runs-on: ubuntu-24.04",
        "    if: github.event_name == 'release'\n    runs-on: macos-15",
        "macos-15",
        "error",
    ),
    Fault("cache-in-publishing", '          python-version: "3.11"', '          python-version: "3.11"\n          cache: pip', "cache: pip"),
    Fault(
        "tools-not-locked",
        "--require-hashes --no-deps --requirement .github/requirements/build.txt",
        "poetry twine==7.0.0",
        "poetry twine==7.0.0",
        "note",
    ),
    Fault(
        "builds-beside-token",
        "      - name: Publish to PyPI\n",
        "      - name: Build again\n        run: poetry build --clean\n\n      - name: Publish to PyPI\n",
        "run: poetry build --clean",
    ),
    Fault(
        "replaces-release-notes",
        "      # The mark makes",
        "      - uses: softprops/action-gh-release@aec2ec56f94eb8180ceec724245f64ef008b89f5\n        with:\n          body: Install it.\n\n"
        "      # The mark makes",
        "softprops",
    ),
    Fault(
        "replaces-release-notes",
        "      # The mark makes",
        "      - run: gh release edit v1 --notes 'Install it.'\n\n      # The mark makes",
        "gh release edit",
    ),
    Fault("no-owner", "/.github/ @kvncampos\n", "", "# What can publish", file=".github/CODEOWNERS"),
    Fault("no-owner", "/pyproject.toml @kvncampos\n", "/pyproject.toml\n", "/pyproject.toml", file=".github/CODEOWNERS"),
]


def examined(root: Path) -> list[Finding]:
    """Return what the checks of workflows find below ROOT."""
    checkup = Checkup(read_project(root))
    return [finding for check in WORKFLOW_CHECKS for finding in check(checkup)]


def copy(tmp_path: Path) -> Path:
    """Return a copy of the good project."""
    return shutil.copytree(GOOD, tmp_path / "project", ignore=shutil.ignore_patterns("__pycache__", "dist"))


def test_a_good_workflow_has_no_finding(tmp_path: Path) -> None:
    """Nothing is found in the project from which every fault below is one edit away, which is each fault's repaired twin."""
    assert examined(copy(tmp_path)) == []


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_one_fault_brings_one_finding(tmp_path: Path, fault: Fault) -> None:
    """The edit brings the finding with its severity at the line that it is about, a page that exists, and nothing else."""
    path = copy(tmp_path) / fault.file
    text = path.read_text()
    assert fault.old in text
    assert fault.also[0] in text
    path.write_text(text.replace(fault.old, fault.new, 1).replace(*fault.also, 1))
    found = examined(tmp_path / "project")
    assert [(each.id, each.severity, each.file) for each in found] == [(fault.id, fault.severity, fault.file)]
    line = found[0].line
    assert line is not None
    assert fault.place in path.read_text().splitlines()[line - 1]
    assert (Path(__file__).resolve().parents[2] / "docs" / str(found[0].page)).is_file()
