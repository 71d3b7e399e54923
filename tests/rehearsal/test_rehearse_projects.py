"""The real publishing workflows, rehearsed end to end: this repository's, and that of the AI Ops app.

They take the build tools from this environment instead of installing them, which is most of a rehearsal's time; every other
step is the real one. The page docs/publishing/rehearsal.md runs the release of both projects with every step.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from small import Rehearsed, commit, rehearse

from pypi_runbook.project.checkout import materialize
from pypi_runbook.twin import Twin

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".venv" / "bin"
WORKFLOW = ".github/workflows/publish-pypi.yml"
HAND = "Written by hand:\n\n- a line"
MARK = "<!-- installation instructions of publish-pypi.yml -->"
# Each costs seconds: what the two projects' workflows have in common is rehearsed with one of them.
OWN, AI_OPS = (pytest.mark.parametrize("world", [name], indirect=True, scope="module") for name in ("this repository", "AI Ops"))
TESTPYPI = ("workflow_dispatch", "--input", "testpypi=true")


@dataclass(frozen=True)
class World:
    """A project in a twin of its own; `quick` is a clone that does not install the build tools."""

    quick: Path
    env: dict[str, str]
    name: str
    version: str


def clone(source: Path, folder: Path) -> Path:
    """Return a clone of the project in SOURCE, local edits included."""
    folder.mkdir()
    materialize(source, folder / "project", folder / "origin.git")
    return folder / "project"


def quicken(root: Path) -> Path:
    """Let the workflow of ROOT find the build tools in this environment, as a commit."""
    text = (root / WORKFLOW).read_text()
    installed = re.sub(r"run: \|\n +python -m venv .*?(?=\n\n)", f'run: echo "{TOOLS}" >> "$GITHUB_PATH"', text, count=1, flags=re.DOTALL)
    assert installed != text
    (root / WORKFLOW).write_text(installed)
    commit(root, "git commit -qam quick; git tag -f $(git tag | tail -1) HEAD 2>/dev/null || true")
    return root


def change_version(root: Path, version: str) -> None:
    """Make VERSION the project's, as a commit."""
    text = (root / "pyproject.toml").read_text()
    (root / "pyproject.toml").write_text(re.sub(r'(?m)^version = ".*"', f'version = "{version}"', text, count=1))
    commit(root, "git commit -qam version")


@pytest.fixture(scope="module", params=["this repository", "AI Ops"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give each project in a twin of its own."""
    folder = tmp_path_factory.mktemp("world")
    own = request.param == "this repository"
    source = ROOT if own else ROOT / "tests/projects/nautobot-ai-ops"
    quick = quicken(clone(source, folder / "quick"))
    version = re.search(r'(?m)^version = "(.*)"', (quick / "pyproject.toml").read_text())
    assert version
    (folder / "home").mkdir()
    with Twin.start(project=source) as twin:
        env = {"PATH": os.environ["PATH"], **twin.environment(folder / "home", folder)}
        yield World(quick, env, "pypi_runbook" if own else "nautobot_ai_ops", version[1])


@pytest.fixture(scope="module")
def release(world: World) -> Rehearsed:
    """Return the rehearsal of the release."""
    return rehearse(world.quick, "--notes", HAND, env=world.env)


@pytest.fixture(scope="module")
def builds(world: World) -> Rehearsed:
    """Return the rehearsal by hand without the box."""
    return rehearse(world.quick, "workflow_dispatch", env=world.env)


@pytest.fixture(scope="module")
def first(world: World) -> Rehearsed:
    """Return the first test on TestPyPI."""
    return rehearse(world.quick, *TESTPYPI, "--run-number", "1", env=world.env)


def files(done: Rehearsed) -> list[tuple[str, str]]:
    """Return the uploads by index and name."""
    return sorted((upload["index"], upload["filename"]) for upload in done.document["uploads"])


def test_the_release_is_published_once_with_its_identity(world: World, release: Rehearsed) -> None:
    """The published release builds, checks, publishes to PyPI under the environment's identity, and succeeds."""
    assert release.status == 0, release.words
    assert [job["result"] for job in release.document["jobs"]] == ["success", "success", "skipped", "success"]
    assert files(release) == [("pypi", f"{world.name}-{world.version}-py3-none-any.whl"), ("pypi", f"{world.name}-{world.version}.tar.gz")]
    assert {upload["publisher"].partition("/")[2].partition("/")[2] for upload in release.document["uploads"]} == {"publish-pypi.yml@pypi"}
    assert all(len(upload["sha256"]) == 64 and upload["sha256"] in release.words for upload in release.document["uploads"])
    assert release.document["ref"] == f"refs/tags/{world.version}"


def test_the_notes_keep_what_a_person_wrote(world: World, release: Rehearsed) -> None:
    """The instructions stand below the text of a person, and name what was published."""
    body = release.document["release"]["body"]
    assert body.startswith(HAND)
    assert body.count(MARK) == 1
    assert f"{world.name.replace('_', '-')}=={world.version}" in body


def test_what_was_not_rehearsed_is_told(release: Rehearsed) -> None:
    """Protection rules and signatures are GitHub's: they are named, and the result is no less for them."""
    told = " ".join(each["what"] for each in release.document["not_rehearsed"])
    assert "environment pypi" in told
    assert "attestations" in told
    assert not any(each["essential"] for each in release.document["not_rehearsed"])


@AI_OPS
def test_by_hand_without_the_box_only_builds(builds: Rehearsed) -> None:
    """Nothing is published, and no release is touched."""
    assert builds.status == 0, builds.words
    assert [job["result"] for job in builds.document["jobs"]] == ["success", "skipped", "skipped", "skipped"]
    assert builds.document["uploads"] == []
    assert builds.document["release"] is None


def test_by_hand_with_the_box_publishes_a_development_version(world: World, first: Rehearsed) -> None:
    """TestPyPI gets a version that carries the run's number, and PyPI nothing."""
    assert first.status == 0, first.words
    assert [job["result"] for job in first.document["jobs"]] == ["success", "skipped", "success", "skipped"]
    version = f"{world.version}.dev1"
    assert files(first) == [("testpypi", f"{world.name}-{version}-py3-none-any.whl"), ("testpypi", f"{world.name}-{version}.tar.gz")]
    assert first.job("Build the distributions")["outputs"]["version"] == version


@OWN
def test_a_second_test_does_not_clash_with_the_first(world: World, first: Rehearsed) -> None:
    """The next run has the next number, so its files have other names, and the index takes them."""
    second = rehearse(world.quick, *TESTPYPI, "--run-number", "2", env=world.env)
    assert second.status == 0, second.words
    assert not set(files(second)) & set(files(first))
    assert [name for _, name in files(second)][1] == f"{world.name}-{world.version}.dev2.tar.gz"


@AI_OPS
def test_a_pre_release_is_published_as_one(world: World, release: Rehearsed) -> None:
    """A version that is a pre-release makes the release one, and the real workflow publishes it."""
    assert release.status == 0
    version = "9.0.0rc1"
    change_version(world.quick, version)
    done = rehearse(world.quick, env=world.env)
    assert done.status == 0, done.words
    assert done.document["release"]["prerelease"] is True
    assert f"the tag {version} is not in git, and was made on HEAD" in done.words
    assert [name for _, name in files(done)][1] == f"{world.name}-{version}.tar.gz"


STUB = """
  build:
    runs-on: ubuntu-24.04
    permissions: {}
    outputs: {name: x, version: '1'}
    steps: [{run: 'true'}]
  pypi: {needs: build, runs-on: ubuntu-24.04, permissions: {}, steps: [{run: 'true'}]}
"""


@OWN
def test_the_notes_job_twice_leaves_one_block(world: World, tmp_path: Path) -> None:
    """Started again for the same release, the real job finds its mark and leaves the notes alone."""
    root = clone(world.quick, tmp_path / "notes")
    text = (root / WORKFLOW).read_text()
    (root / WORKFLOW).write_text(text[: text.index("\njobs:\n") + 6] + STUB + text[text.index("  notes:\n") :])
    commit(root, "git commit -qam notes; git tag 8.0.0")
    once, twice = (rehearse(root, "--ref", "8.0.0", "--workflow", "publish-pypi.yml", "--notes", HAND, env=world.env) for _ in range(2))
    assert (once.status, twice.status) == (0, 0), twice.words
    assert once.document["release"]["body"].startswith(HAND)
    assert once.document["release"]["body"].count(MARK) == 1
    assert twice.document["release"] == once.document["release"]
    assert "The notes hold the installation instructions already." in twice.log
