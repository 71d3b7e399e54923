"""`build`: one commit, away from the checkout, into a fresh dist/; the same bytes for the same commit, and nothing to upload after a failure."""

from __future__ import annotations

import os
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from build_bench import bump, bytes_of, commit, git, lock, manifest, record
from manual_bench import ROOT, SDIST, WHEEL, Bench

from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.build import build
from pypi_runbook.manual.check import look_at_dist
from pypi_runbook.manual.pins import options
from pypi_runbook.manual.release import at, read_release
from pypi_runbook.project.yaml import read_yaml

pytest_plugins = ["manual_bench", "build_bench"]

# A backend inside the project needs nothing from an index. It leaves what it sees of the environment in the wheel.
NOSY = """
import io, os, pathlib, tarfile, zipfile

METADATA = "Metadata-Version: 2.4\\nName: runbook-tiny\\nVersion: 1.0.0\\n"

def build_sdist(folder, settings=None):
    with tarfile.open(pathlib.Path(folder, "runbook_tiny-1.0.0.tar.gz"), "w:gz") as archive:
        pathlib.Path("made.txt").touch()
        for name in ("pyproject.toml", "nosy.py", "made.txt"):
            archive.add(name, "runbook_tiny-1.0.0/" + name)
        info = tarfile.TarInfo("runbook_tiny-1.0.0/PKG-INFO")
        info.size = len(METADATA)
        archive.addfile(info, io.BytesIO(METADATA.encode()))
    return "runbook_tiny-1.0.0.tar.gz"

def build_wheel(folder, settings=None, metadata=None):
    name = "runbook_tiny-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as archive:
        archive.writestr("seen.txt", repr(dict(os.environ)))
        archive.writestr("runbook_tiny-1.0.0.dist-info/METADATA", METADATA)
    return name
"""


def workflow_build() -> str:
    """Return the commands with which this repository's workflow builds."""
    steps = read_yaml(ROOT / ".github" / "workflows" / "publish-pypi.yml", ROOT)["jobs"]["build"]["steps"]
    (text,) = [step["run"] for step in steps if "build" in step.get("run", "") and "SOURCE_DATE_EPOCH" in step["run"]]
    return str(text)


def test_dist_is_fresh_and_the_commands_are_shown(quick: Bench) -> None:
    """Whatever lay in dist/ is moved aside, the plain commands are printed before they run, and stdout has hash and path of each file."""
    quick.dist.mkdir()
    (quick.dist / "runbook_tiny-0.9.0.tar.gz").write_text("old")
    done = quick.run("build")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in quick.dist.iterdir()) == [WHEEL, SDIST]
    assert [path.read_text() for path in quick.root.glob(".pypi-runbook/dist-*/*")] == ["old"]
    for shown in ("$ git clone --quiet --shared", "$ SOURCE_DATE_EPOCH=1767225600 python -m build --no-isolation "):
        assert shown in done.stderr
    assert [line.split("  ")[1] for line in done.stdout.splitlines()] == [f"dist/{WHEEL}", f"dist/{SDIST}"]
    assert git(quick.root, "status", "--porcelain") == "", "git sees nothing of it, the folder of our state included"


def test_the_manifest_says_where_the_files_come_from(done: Bench) -> None:
    """Commit, tag, tools and hashes are written down, and the run is in the record."""
    found = manifest(done)
    wanted = {"name": "runbook-tiny", "version": "1.0.0", "tag": "1.0.0", "ref": None, "dirty": False, "source": "build"}
    assert {key: found[key] for key in wanted} == wanted
    assert found["commit"] == git(done.root, "rev-parse", "HEAD")
    assert found["tools"].keys() == {"poetry-core", "build", "python"}
    assert {file["filename"]: file["size"] for file in found["files"]} == {name: len(content) for name, content in bytes_of(done.dist).items()}
    (entry,) = record(done)
    assert (entry["command"], entry["result"], entry["version"], entry["commit"]) == ("build", "passed", "1.0.0", found["commit"])
    assert entry["files"] == {file["filename"]: file["sha256"] for file in found["files"]}


def test_the_workflow_builds_the_same_bytes(quick: Bench, built: Path, tmp_path: Path) -> None:
    """The workflow's own commands, an isolated build and one with the tools that are here agree, whatever the person's settings are."""
    subprocess.run(["git", "clone", "--quiet", str(quick.root), str(tmp_path / "ci")], check=True, capture_output=True)
    settings = {**quick.env, "POETRY_VIRTUALENVS_CREATE": "false"}
    subprocess.run(["bash", "-eo", "pipefail", "-c", workflow_build()], cwd=tmp_path / "ci", env=settings, check=True, capture_output=True)
    (tmp_path / "gitconfig").write_text("[core]\n\tautocrlf = true\n")
    before = os.umask(0o077)
    try:
        done = quick.run("build", GIT_CONFIG_GLOBAL=str(tmp_path / "gitconfig"), SOURCE_DATE_EPOCH="1", TZ="Asia/Tokyo")
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    assert bytes_of(quick.dist) == bytes_of(built) == bytes_of(tmp_path / "ci" / "dist")
    with zipfile.ZipFile(quick.dist / WHEEL) as wheel:
        assert {entry.date_time[:3] for entry in wheel.infolist()} == {(2026, 1, 1)}


def test_a_ref_is_built_whatever_is_checked_out(quick: Bench, built: Path) -> None:
    """A tag is built from its commit, the checkout stays as it is, and the commands that follow know that this release is meant."""
    bump(quick.root, "1.1.0")
    (quick.root / "runbook_tiny" / "__init__.py").write_text("broken on the way to 1.2")
    before = git(quick.root, "status", "--porcelain"), git(quick.root, "rev-parse", "HEAD"), git(quick.root, "worktree", "list")
    done = quick.run("build", "--ref", "1.0.0")
    assert done.returncode == 0, done.stderr
    assert bytes_of(quick.dist) == bytes_of(built)
    assert (git(quick.root, "status", "--porcelain"), git(quick.root, "rev-parse", "HEAD"), git(quick.root, "worktree", "list")) == before
    assert manifest(quick)["ref"] == "1.0.0"
    assert look_at_dist(read_release(quick.root))[1].findings == []


def test_changes_are_named_and_refused(done: Bench) -> None:
    """Files that no commit holds stop a build, with their names and the ways on; what was in dist/ cannot be uploaded any more."""
    (done.root / "runbook_tiny" / "late.py").touch()
    (done.root / "README.md").unlink()
    refused = done.run("build")
    assert refused.returncode == 2
    for words in ("  D README.md\n", "  ?? runbook_tiny/late.py\n", "build --ref HEAD", "build --allow-dirty", "page: publishing/manual.md"):
        assert words in refused.stderr
    assert not done.dist.exists()
    assert done.run("upload", "testpypi", **done.token("testpypi")).returncode != 0
    assert record(done)[1]["result"] == "failed"
    assert not done.posts()


def test_changes_are_left_out_or_taken_along(quick: Bench) -> None:
    """`--ref HEAD` builds the commit beside the changes, `--allow-dirty` builds the changes too and says so in the manifest."""
    (quick.root / "runbook_tiny" / "late.py").write_text("late = True\n")
    (quick.root / "README.md").write_text("Changed.\n")
    assert quick.run("build", "--ref", "HEAD").returncode == 0
    with zipfile.ZipFile(quick.dist / WHEEL) as wheel:
        assert "runbook_tiny/late.py" not in wheel.namelist()
    assert quick.run("build", "--allow-dirty").returncode == 0
    with zipfile.ZipFile(quick.dist / WHEEL) as wheel:
        assert "runbook_tiny/late.py" in wheel.namelist()
        assert b"Changed." in wheel.read("runbook_tiny-1.0.0.dist-info/METADATA")
    assert manifest(quick)["dirty"] is True


@pytest.mark.parametrize("ref", ["9.9.9", "--all"])
def test_a_ref_that_is_none_is_refused(quick: Bench, ref: str) -> None:
    """A tag that was not fetched, and one that looks like an option, are errors with the next step."""
    with pytest.raises(RunbookError, match=f"git knows no tag or commit named {ref} here") as caught:
        build(at(quick.root), ref)
    assert "git fetch --tags" in str(caught.value.next)


def test_a_tag_of_another_version_is_refused(quick: Bench) -> None:
    """The tag 1.1.0 on a commit that says 1.0.0 is not built."""
    git(quick.root, "tag", "v1.1.0")
    with pytest.raises(RunbookError, match=r"pyproject.toml:3: the tag v1.1.0 and the version 1.0.0 differ") as caught:
        build(at(quick.root), "v1.1.0")
    assert (caught.value.page, caught.value.status) == ("troubleshooting/tag-and-version.md", 1)


def test_metadata_that_cannot_be_read_are_an_error_with_words(quick: Bench) -> None:
    """A commit whose pyproject.toml is broken ends in words, with the file."""
    commit(quick.root, {"pyproject.toml": "[project\n"})
    with pytest.raises(RunbookError, match=r"^pyproject.toml"):
        build(at(quick.root))


def test_a_failed_build_leaves_nothing_to_upload(done: Bench) -> None:
    """After a failure dist/ is gone, so that the next command of a paste refuses instead of sending the old files."""
    (done.root / "README.md").unlink()
    commit(done.root)
    failed = done.run("build")
    assert failed.returncode == 2
    assert "error: python -m build ended with status 1" in failed.stderr
    assert not done.dist.exists()
    assert not (done.root / ".pypi-runbook" / "manifest.json").exists()
    assert done.run("upload", "testpypi", **done.token("testpypi")).returncode != 0
    assert not done.posts()


def test_the_lock_pins_the_backend(quick: Bench) -> None:
    """A version that poetry.lock names in the group `backend` and that is not here is the one that is asked for."""
    commit(quick.root, {"poetry.lock": lock("0.0.1")})
    done = quick.run("build")
    assert done.returncode == 2
    assert "--dependency-constraints-txt " in done.stderr
    assert "poetry-core==0.0.1" in done.stderr


def test_only_the_backends_group_pins(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What a project runs with says nothing about what it is built with; that the newest backend is taken is said."""
    (tmp_path / "poetry.lock").write_text(lock("0.0.1", group="main"))
    assert options(tmp_path, tmp_path) == []
    assert "no lock says which build backend to use" in capfd.readouterr().err


def test_what_is_here_is_used_only_if_it_is_all(tmp_path: Path) -> None:
    """Without the network it goes when this Python holds the locked versions, and the project needs nothing beside them to build."""
    (tmp_path / "poetry.lock").write_text(lock())
    metadata = tmp_path / "pyproject.toml"
    metadata.write_text('[build-system]\nrequires = ["poetry_core>=2"]\n')
    assert options(tmp_path, tmp_path) == ["--no-isolation"]
    metadata.write_text('[build-system]\nrequires = ["poetry_core>=2", "some-plugin"]\n')
    assert options(tmp_path, tmp_path)[0] == "--dependency-constraints-txt"


def test_code_of_the_project_sees_no_credential(quick: Bench) -> None:
    """A backend, and whatever it brings along, gets the environment without any token, and the modes that everybody gets."""
    metadata = quick.root / "pyproject.toml"
    changed = metadata.read_text().replace("poetry.core.masonry.api", "nosy").replace('["poetry-core>=2.2"]', '[]\nbackend-path = ["."]')
    commit(quick.root, {"pyproject.toml": changed, "nosy.py": NOSY})
    secret = quick.twin.token("pypi")
    before = os.umask(0o077)
    done = quick.run("build", TWINE_PASSWORD=secret, POETRY_PYPI_TOKEN_PYPI=secret, UV_PUBLISH_TOKEN=secret, GH_TOKEN=secret)
    os.umask(before)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(quick.dist / WHEEL) as wheel:
        seen = wheel.read("seen.txt").decode()
    assert "SOURCE_DATE_EPOCH" in seen
    assert secret not in seen
    assert quick.env["PYPI_RUNBOOK_TWIN"] not in seen
    with tarfile.open(quick.dist / SDIST) as sdist:
        assert {member.mode for member in sdist} == {0o644}


def test_a_folder_without_git_is_built_as_it_is(done: Bench, tmp_path: Path) -> None:
    """No commit is no reason to refuse: what cannot be said is said, and our own state does not travel in the sdist."""
    (done.root / ".git").rename(tmp_path / "git")
    again = done.run("build")
    assert again.returncode == 0, again.stderr
    assert "no commit holds this folder" in again.stderr
    assert (manifest(done)["commit"], manifest(done)["tag"]) == (None, None)
    with tarfile.open(done.dist / SDIST) as sdist:
        assert sorted(name.partition("/")[2] for name in sdist.getnames()) == ["PKG-INFO", "README.md", "pyproject.toml", "runbook_tiny/__init__.py"]
    with pytest.raises(RunbookError, match="git knows no tag"):
        build(at(done.root), "1.0.0")


def test_a_project_below_the_repositorys_root(quick: Bench, built: Path) -> None:
    """One of several projects in a repository is built alone; changes of its neighbours do not concern it."""
    below = quick.root / "packages" / "tiny"
    below.mkdir(parents=True)
    for name in ("pyproject.toml", "README.md", "runbook_tiny", "poetry.lock"):
        git(quick.root, "mv", name, f"packages/tiny/{name}")
    commit(quick.root, {"neighbour.txt": "one"})
    (quick.root / "neighbour.txt").write_text("two")
    done = quick.run("build", "--project", "packages/tiny")
    assert done.returncode == 0, done.stderr
    assert bytes_of(below / "dist") == bytes_of(built)


def test_a_shallow_clone_builds(quick: Bench, tmp_path: Path) -> None:
    """A clone without history, as CI and people in a hurry have it, is enough."""
    commit(quick.root, {"CHANGES.md": "More.\n"})
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{quick.root}", str(tmp_path / "shallow")], check=True, capture_output=True)
    done = quick.run("build", "--project", str(tmp_path / "shallow"))
    assert done.returncode == 0, done.stderr
