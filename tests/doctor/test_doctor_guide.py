"""Each fault of a guide alone: a page that says it brings one finding at its line, and its repaired twin none."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.guide_checks import check_guide
from pypi_runbook.finding import Finding
from pypi_runbook.project import Facts, read_project

DOCS = Path(__file__).resolve().parents[2] / "docs"
GOOD = Path(__file__).resolve().parents[1] / "projects" / "nautobot-ai-ops"
PAGE = "docs/dev/release.md"
METADATA = '```toml\n[project]\nname = "nautobot-ai-ops"\nversion = "{version}"\n```'


@dataclass(frozen=True)
class Claim:
    """What a page says, what has to be found on the line that holds `place`, and how the page says it right."""

    id: str
    severity: str
    faulty: str
    place: str
    repaired: str

    def __str__(self) -> str:
        return f"{self.id}: {self.place[:40]}"


def bash(*lines: str) -> str:
    """Return a fence with commands."""
    return "\n".join(["```bash", *lines, "```"])


CLAIMS = [
    Claim("removed-option", "error", bash("poetry lock --no-update"), "--no-update", bash("poetry lock")),
    Claim("removed-option", "error", "Run `poetry install --no-dev` first.", "--no-dev", "Run `poetry install --only main` first."),
    Claim("removed-option", "error", bash("python -m pip install --install-option=x ."), "--install-option", bash("python -m pip install .")),
    Claim("removed-option", "error", bash("python setup.py sdist upload"), "upload", bash("python setup.py sdist")),
    Claim("removed-option", "error", "```console\n$ poetry shell\n```", "poetry shell", "```console\n$ poetry env activate\npoetry shell\n```"),
    Claim("command-not-installed", "error", bash("poetry run towncrier build"), "towncrier", bash("pipx run towncrier build")),
    Claim("command-not-found", "warning", "Then `invoke notes --version X`.", "invoke", "Then `poetry run invoke-notes --version X`."),
    Claim("pushes-every-tag", "note", bash("git push origin main --tags"), "--tags", bash("git push --follow-tags origin main")),
    Claim(
        "deletes-public-tag",
        "warning",
        "Take it back: `git push --delete origin 2.0.0`.",
        "--delete",
        "Take it back: `git push --delete origin topic`.",
    ),
    Claim(
        "deletes-public-tag",
        "warning",
        bash("git push origin :refs/tags/v2"),
        ":refs",
        bash("git push origin :refs/tags/v2") + "\n\nYank the release.",
    ),
    Claim(
        "testpypi-without-dependencies",
        "error",
        bash("pip install -i https://test.pypi.org/simple/ nautobot_ai_ops==1.0.0"),
        "test.pypi",
        bash("pip install -i https://test.pypi.org/simple/ --no-deps nautobot_ai_ops==1.0.0"),
    ),
    Claim("publishes-without-token", "error", bash("poetry publish"), "publish", bash("export POETRY_PYPI_TOKEN_PYPI", "poetry publish")),
    Claim("publishes-without-token", "error", bash("uv publish dist/a.whl"), "publish", bash("uv publish --dry-run dist/a.whl")),
    Claim(
        "old-files-in-dist",
        "warning",
        bash("python -m build", "python -m twine upload dist/*"),
        "python -m build",
        bash("rm -rf dist/", "python -m build", "python -m twine upload dist/*"),
    ),
    Claim(
        "old-files-in-dist",
        "warning",
        bash("uv build", "UV_PUBLISH_TOKEN=x uv publish"),
        "uv build",
        bash("uv build --clear", "UV_PUBLISH_TOKEN=x uv publish dist/a-1*"),
    ),
    Claim("purges-cache", "note", "Try `pip cache purge`.", "purge", "Try `pip install --no-cache-dir nautobot-ai-ops`."),
    Claim("placeholder-redirects", "note", "Run `poetry update <package>`.", "<package>", "Run `poetry update PACKAGE`, and mind `<package>`."),
    Claim(
        "placeholder-redirects",
        "warning",
        bash("# a comment with <this>", "git tag v<version>"),
        "git tag",
        bash("# <this>", "git tag 'v<version>'", "cat <<END", "END"),
    ),
    Claim("registers-name", "error", "1. Register the package name on PyPI.", "Register", "1. You cannot register the package name on PyPI."),
    Claim(
        "registers-name",
        "error",
        "First register\nyour project on PyPI.",
        "First",
        "It said: register your project on PyPI. That is no longer possible.",
    ),
    Claim(
        "field-of-another-form",
        "error",
        "## Settings\n\nIn the project's settings, **PyPI Project Name** is `x`.",
        "PyPI Project",
        "## Pending publisher\n\nIn the account's settings, **PyPI Project Name** is `x`.",
    ),
    Claim("reupload-claim", "note", "A version cannot be re-uploaded.", "re-uploaded", "A version cannot be re-uploaded with other bytes."),
    Claim("secrets-not-used", "warning", "Refused? Check the repository secrets.", "secrets", "Refused? There are no repository secrets to check."),
    Claim("publisher-field", "error", "Add a publisher: workflow `release.yml`.", "release.yml", "Add a publisher: workflow `publish-pypi.yml`."),
    Claim("publisher-field", "error", "Trusted Publishing.\n\nEnvironment name: `prod`", "prod", "Trusted Publishing.\n\nEnvironment name: `pypi`"),
    Claim(
        "no-such-file",
        "warning",
        "It reads `development/header.txt`.",
        "header.txt",
        "It reads `ai_ops/prompts.py`, and writes `notes/version_X.Y.md`.",
    ),
    Claim("stale-copy", "warning", METADATA.format(version="0.9.0"), "0.9.0", METADATA.format(version="1.0.0")),
]


@pytest.fixture(scope="module", name="root")
def _root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a copy of the good project, in which each case writes its page anew."""
    root = shutil.copytree(GOOD, tmp_path_factory.mktemp("guide") / "project", ignore=shutil.ignore_patterns("__pycache__", "dist"))
    (root / PAGE).parent.mkdir(parents=True)
    return root


@pytest.fixture(scope="module", name="facts")
def _facts(root: Path) -> Facts:
    """Read the project once: no page changes what its other files say."""
    return read_project(root)


def examined(root: Path, facts: Facts, text: str) -> list[Finding]:
    """Return what is found when the page says TEXT."""
    (root / PAGE).write_text(f"# Release\n\n{text}\n")
    return list(check_guide(Checkup(facts)))


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_one_claim_brings_one_finding_and_its_repaired_twin_none(root: Path, facts: Facts, claim: Claim) -> None:
    """The finding has its severity, the line that it is about and a page that exists; the page that says it right has none."""
    found = examined(root, facts, claim.faulty)
    assert [(each.id, each.severity, each.file) for each in found] == [(claim.id, claim.severity, PAGE)]
    line = found[0].line
    assert line is not None
    assert claim.place in (root / PAGE).read_text().splitlines()[line - 1]
    assert (DOCS / str(found[0].page)).is_file()
    assert examined(root, facts, claim.repaired) == []


QUIET = {
    "a history": ("CHANGELOG.md", "We removed `poetry lock --no-update`, and the repository secrets."),
    "release notes": ("docs/release_notes/version_1.0.md", bash("poetry lock --no-update")),
    "somebody else's page": ("vendor/tool/RELEASE.md", bash("poetry lock --no-update")),
    "a page about something else": ("docs/usage.md", bash("git clone <url>")),
    "a language that nobody pastes": (PAGE, "```python\nlock = 'poetry lock --no-update'\n```"),
    "what a command prints": (PAGE, "```console\n$ poetry lock\npoetry lock --no-update\n```"),
    "another project's name": (PAGE, METADATA.format(version="0.1.0").replace("nautobot-ai-ops", "other")),
    "TOML that is cut short": (PAGE, '```toml\n[project\nname = "nautobot-ai-ops"\n```'),
    "a quote that stays open": (PAGE, bash("echo 'never closed", "poetry lock --no-update")),
}


@pytest.mark.parametrize("name", QUIET)
def test_what_is_no_instruction_brings_nothing(tmp_path: Path, root: Path, facts: Facts, name: str) -> None:
    """Histories, pages of other projects or about other things, other languages and output bring no finding, nor does what cannot be read."""
    file, text = QUIET[name]
    project = shutil.copytree(root, tmp_path / "project", ignore=shutil.ignore_patterns("docs"))
    path = project / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    assert list(check_guide(Checkup(replace(facts, root=project)))) == []


@pytest.mark.parametrize("indent", ["    ", "   ", "- "])
def test_a_fence_in_a_tab_a_note_or_a_list_counts(root: Path, facts: Facts, indent: str) -> None:
    """A fence that stands deeper than the page's margin is read, and its line is that of the file."""
    fence = bash("cd dist", "poetry lock --no-update").splitlines()
    blank = " " * len(indent)
    text = "\n".join(["Choose:", "", indent + fence[0], *(blank + line for line in fence[1:])])
    assert [(each.id, each.line) for each in examined(root, facts, text)] == [("removed-option", 7)]


def test_a_project_that_keeps_to_poetry_1_may_use_its_options(root: Path, facts: Facts, tmp_path: Path) -> None:
    """A lock file made by Poetry 1, or `requires-poetry` below 2, makes an option of Poetry 1 right."""
    project = shutil.copytree(root, tmp_path / "project")
    lock = project / "poetry.lock"
    lock.write_text("# This file is automatically @generated by Poetry 1.8.3 and should not be changed by hand.\n")
    (project / PAGE).write_text(bash("poetry lock --no-update"))
    assert list(check_guide(Checkup(replace(facts, root=project)))) == []


def test_a_token_of_the_guide_is_not_told_again(root: Path, facts: Facts) -> None:
    """A token that stands in a command of the guide is masked in what is found about that command."""
    token = "pypi-" + "AgEIcHlwaS5vcmc" + "x" * 60
    (finding,) = examined(root, facts, bash(f"poetry publish -u __token__ -p {token} <index>"))
    assert token not in f"{finding.message}{finding.fix}"
    assert "***" in finding.message
