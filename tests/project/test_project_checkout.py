"""`materialize`: a clone with an origin of its own, the local edits on top, and the same commits every time."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.checkout import materialize

PROJECTS = Path(__file__).resolve().parents[1] / "projects"


def git(folder: Path, *arguments: str) -> str:
    """Return what git prints in FOLDER, for a person with a name."""
    who = {f"GIT_{role}_{what}": "Ada" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, env=os.environ | who).stdout.strip()


@pytest.fixture(name="source")
def _source(tmp_path: Path) -> Path:
    """Make a repository with two commits, a tag and every kind of local edit."""
    source = tmp_path / "source"
    source.mkdir()
    git(source, "init", "--quiet", "--initial-branch", "trunk")
    for name in ("kept", "changed", "removed", "script", ".gitignore"):
        (source / name).write_text("ignored\n" if name == ".gitignore" else name)
    (source / "script").chmod(0o755)
    git(source, "add", ".")
    git(source, "commit", "--quiet", "--message", "First")
    git(source, "tag", "1.0.0")
    git(source, "switch", "--quiet", "--create", "hotfix")
    git(source, "commit", "--quiet", "--allow-empty", "--message", "Hotfix")
    git(source, "tag", "1.0.1")
    git(source, "switch", "--quiet", "trunk")
    git(source, "commit", "--quiet", "--allow-empty", "--message", "Second")
    (source / "changed").write_text("edited")
    (source / "removed").unlink()
    (source / "folder").mkdir()
    (source / "folder" / "new").write_text("new")
    (source / "ignored").write_text("secret")
    return source


def test_a_repository_comes_with_tags_and_its_edits_as_one_commit(source: Path, tmp_path: Path) -> None:
    """History and tags are the real ones, those of other branches too; edits are one commit on top, ignored files stay away."""
    materialize(source, tmp_path / "target", tmp_path / "origin.git")
    target = tmp_path / "target"
    assert git(target, "log", "--format=%s").split("\n") == ["Local edits", "Second", "First"]
    assert git(target, "rev-parse", "HEAD~1") == git(source, "rev-parse", "HEAD")
    assert git(target, "tag").split() == ["1.0.0", "1.0.1"]
    assert git(target, "rev-parse", "1.0.1") == git(source, "rev-parse", "1.0.1")
    assert git(target, "status", "--porcelain") == ""
    assert {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file() and ".git/" not in path.as_posix()} == {
        ".gitignore",
        "changed",
        "folder/new",
        "kept",
        "script",
    }
    assert (target / "changed").read_text() == "edited"
    assert os.access(target / "script", os.X_OK)


def test_what_is_pushed_stays_in_its_own_origin(source: Path, tmp_path: Path) -> None:
    """The clone pushes to its own bare repository; the source does not change."""
    before = git(source, "for-each-ref"), git(source, "status", "--porcelain"), git(source, "config", "--list", "--local")
    materialize(source, tmp_path / "target", tmp_path / "origin.git")
    git(tmp_path / "target", "tag", "2.0.0")
    git(tmp_path / "target", "push", "--quiet", "origin", "2.0.0", "trunk")
    assert "2.0.0" in git(tmp_path / "origin.git", "tag").split()
    assert git(tmp_path / "origin.git", "rev-parse", "trunk") == git(tmp_path / "target", "rev-parse", "trunk")
    assert (git(source, "for-each-ref"), git(source, "status", "--porcelain"), git(source, "config", "--list", "--local")) == before


def test_the_same_files_give_the_same_commits(source: Path, tmp_path: Path) -> None:
    """Author and dates are fixed, so that a build from the clone has the same bytes every time."""
    for number in ("1", "2"):
        materialize(source, tmp_path / f"target{number}", tmp_path / f"origin{number}.git")
        materialize(PROJECTS / "nautobot-ai-ops", tmp_path / f"specimen{number}", tmp_path / f"bare{number}.git")
    for name in ("target", "specimen"):
        assert git(tmp_path / f"{name}1", "rev-parse", "HEAD") == git(tmp_path / f"{name}2", "rev-parse", "HEAD")


def test_a_detached_and_shallow_checkout(source: Path, tmp_path: Path) -> None:
    """A checkout as GitHub makes it, one commit deep and on no branch, becomes a clone on main."""
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", f"file://{source}", str(tmp_path / "shallow")], check=True)
    git(tmp_path / "shallow", "checkout", "--quiet", "--detach")
    materialize(tmp_path / "shallow", tmp_path / "target", tmp_path / "origin.git")
    assert git(tmp_path / "target", "rev-parse", "main") == git(source, "rev-parse", "HEAD")
    assert git(tmp_path / "target", "branch", "--show-current") == "main"


def test_a_specimen_is_one_commit_tagged_with_its_version(tmp_path: Path) -> None:
    """A folder without git of its own becomes a released project; only its own files are in it."""
    materialize(PROJECTS / "nautobot-ai-ops", tmp_path / "target", tmp_path / "origin.git")
    target = tmp_path / "target"
    assert git(target, "log", "--format=%s%d") == "Release 1.0.0 (HEAD -> main, tag: 1.0.0, origin/main, origin/HEAD)"
    assert git(tmp_path / "origin.git", "tag") == "1.0.0"
    assert (target / "ai_ops" / "__init__.py").is_file()
    assert not (target / "src").exists()
    assert git(target, "config", "branch.main.remote") == "origin"


def test_settings_of_the_person_do_not_matter(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hooks, signing and git's own variables of the one who runs the tests change nothing."""
    (tmp_path / "hooks").mkdir()
    for hook in ("pre-commit", "pre-push", "post-checkout"):
        (tmp_path / "hooks" / hook).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / "hooks" / hook).chmod(0o755)
    (tmp_path / "config").write_text(f"[core]\nhooksPath = {tmp_path / 'hooks'}\n[commit]\ngpgSign = true\n[tag]\ngpgSign = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    materialize(source, tmp_path / "target", tmp_path / "origin.git")
    materialize(PROJECTS / "nautobot-ai-ops", tmp_path / "specimen", tmp_path / "bare.git")
    assert (tmp_path / "target" / "changed").read_text() == "edited"


def test_git_says_why_it_failed(source: Path, tmp_path: Path) -> None:
    """A target that is there already is an error with git's own words, and nothing in it is touched."""
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "mine").write_text("mine")
    with pytest.raises(RunbookError, match="already exists") as caught:
        materialize(source, tmp_path / "target", tmp_path / "origin.git")
    assert caught.value.id == "git-failed"
    assert (tmp_path / "target" / "mine").read_text() == "mine"
