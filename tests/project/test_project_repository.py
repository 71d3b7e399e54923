"""Owner, name and branch of the repository: from the remote, else from the links."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pypi_runbook.project import Repository, read_project


def repository(folder: Path, remote: str | None, urls: str = "") -> Repository:
    """Return what is known about a git root with this remote and these links."""
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text(f'[project]\nname = "a"\nversion = "1"\n[project.urls]\n{urls}')
    subprocess.run(["git", "init", "--quiet", "--initial-branch", "work", str(folder)], check=True)
    if remote:
        subprocess.run(["git", "-C", str(folder), "config", "remote.origin.url", remote], check=True)
    return read_project(folder).repository


@pytest.mark.parametrize(
    ("remote", "url"),
    [
        ("https://github.com/Owner/na.me", "https://github.com/Owner/na.me"),
        ("https://github.com/Owner/na.me.git", "https://github.com/Owner/na.me"),
        ("https://user:secret@github.com/Owner/na.me.git", "https://github.com/Owner/na.me"),
        ("git@github.com:Owner/na.me.git", "https://github.com/Owner/na.me"),
        ("ssh://git@github.com:22/Owner/na.me.git", "https://github.com/Owner/na.me"),
        ("https://git.example.invalid/Owner/na.me/", "https://git.example.invalid/Owner/na.me"),
    ],
)
def test_a_remote_in_any_form(tmp_path: Path, remote: str, url: str) -> None:
    """HTTPS and SSH remotes give owner, name and web address; a secret in the remote is not shown."""
    found = repository(tmp_path / "a", remote, 'Source = "https://github.com/other/other"\n')
    assert (found.owner, found.name, found.url) == ("Owner", "na.me", url)


@pytest.mark.parametrize("remote", [None, "/srv/git/a.git", "../a.git", "file:///srv/git/a.git", "C:\\git\\a"])
def test_a_folder_as_remote_says_nothing(tmp_path: Path, remote: str | None) -> None:
    """Without a remote on a host, the link that should lead to the source does, whatever the order of the links."""
    urls = 'Homepage = "https://github.com/sponsors/owner"\nSource = "https://github.com/owner/name/tree/trunk/src"\n'
    assert repository(tmp_path / "a", remote, urls) == Repository("owner", "name", "https://github.com/owner/name", "trunk")


def test_the_default_branch_of_a_clone(tmp_path: Path) -> None:
    """A clone knows its remote's HEAD, whatever branch it is on."""
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    repository(origin, None)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a"]
    subprocess.run([*git, "-C", str(origin), "commit", "--quiet", "--allow-empty", "--message", "a"], check=True)
    subprocess.run([*git, "clone", "--quiet", str(origin), str(clone)], check=True)
    subprocess.run([*git, "-C", str(clone), "checkout", "--quiet", "-b", "other"], check=True)
    assert read_project(clone).repository.default_branch == "work"


def test_git_variables_of_a_hook_do_not_redirect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside a git hook GIT_DIR names another repository; the one asked about answers."""
    repository(tmp_path / "other", "https://github.com/wrong/wrong")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "a")], check=True, env={"PATH": "/usr/bin:/bin"})
    config = ["git", "config", "--file", str(tmp_path / "a" / ".git" / "config"), "remote.origin.url", "https://github.com/right/right"]
    subprocess.run(config, check=True, env={"PATH": "/usr/bin:/bin"})
    assert read_project(tmp_path / "a").repository.owner == "right"
