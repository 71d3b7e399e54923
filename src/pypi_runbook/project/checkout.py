"""A project as a fresh clone with an `origin` of its own, so that whatever happens to it stays away from the real one."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.read import read_project

BRANCH = "main"
# The day of a specimen's only commit; its builds take SOURCE_DATE_EPOCH from it.
WHEN = "2026-01-01T00:00:00+00:00"
CONFIG = """
[safe]
    directory = *
[user]
    name = Runbook
    email = runbook@example.invalid
[advice]
    detachedHead = false
"""


def materialize(source: Path, target: Path, origin: Path) -> None:
    """Make TARGET a clone of the project in SOURCE, whose `origin` is the new bare repository ORIGIN.

    source: a git root gives its current commit, its tags, and its local edits as one throw-away commit on top;
    a folder without git of its own (a specimen) becomes one commit, tagged with the project's version.
    target, origin: folders that do not exist yet. Author and dates are fixed, so that the same files give the same commits.
    """
    with git_environment() as env:
        if (source / ".git").exists():
            clone(source, target, origin, env)
        else:
            commit_folder(source, target, origin, env)


def copy_project(source: Path, target: Path) -> None:
    """Make TARGET a copy of the project in SOURCE: the same commit, branch and tags when SOURCE is a git root, and the same local edits.

    target: a folder that does not exist yet. Files that git ignores are left out.
    """
    with git_environment() as env:
        if (source / ".git").exists() and has_commit(source, env):
            git(env, target.parent, "clone", "--quiet", "--no-checkout", str(source.resolve()), str(target))
            # Not `checkout`: the files come from SOURCE, edits included, and git's filters and hooks are not run.
            git(env, target, "read-tree", "HEAD")
            copy_edits(source, target, env)
        else:
            target.mkdir()
            copy_files(source, target, set(files_of(source, env)))


def has_commit(source: Path, env: dict[str, str]) -> bool:
    """Tell whether the repository in SOURCE has a commit."""
    try:
        return bool(git(env, source, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"))
    except RunbookError:
        return False


@contextmanager
def git_environment() -> Iterator[dict[str, str]]:
    """Yield an environment in which git knows nothing of the user's settings and trusts a folder of another owner."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "gitconfig")
        config.write_text(CONFIG)
        env = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        yield env | {"GIT_CONFIG_GLOBAL": str(config), "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def git(env: dict[str, str], folder: Path, *arguments: str) -> str:
    """Return what git prints in FOLDER; raise RunbookError `git-failed` with git's own words when it fails."""
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        words = done.stderr.strip().splitlines() or ["it printed nothing"]
        raise RunbookError("git-failed", f"`git {arguments[0]}` failed: {words[-1]}", next="run the command by hand in the project's folder")
    return done.stdout


def clone(source: Path, target: Path, origin: Path, env: dict[str, str]) -> None:
    """Clone SOURCE with its tags, then commit its local edits on the branch that it is on."""
    branch = current_branch(env, source)
    git(env, origin.parent, "init", "--quiet", "--bare", "--initial-branch", branch, str(origin))
    git(
        env,
        origin,
        "fetch",
        "--quiet",
        "--no-write-fetch-head",
        "--update-shallow",
        str(source.resolve()),
        "+refs/tags/*:refs/tags/*",
        f"+HEAD:refs/heads/{branch}",
    )
    git(env, target.parent, "clone", "--quiet", str(origin), str(target))
    copy_edits(source, target, env)
    if git(env, target, "status", "--porcelain"):
        date = git(env, target, "show", "--no-patch", "--format=%cI", "HEAD").strip()
        commit(target, "Local edits", date, env)


def current_branch(env: dict[str, str], source: Path) -> str:
    """Return the branch that SOURCE is on; a detached HEAD, as in CI, counts as the default branch."""
    try:
        return git(env, source, "symbolic-ref", "--quiet", "--short", "HEAD").strip()
    except RunbookError:
        return BRANCH


def copy_edits(source: Path, target: Path, env: dict[str, str]) -> None:
    """Give TARGET's work tree exactly the files that git knows or would add in SOURCE."""
    listed = git(env, source, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    wanted = {name for name in listed.split("\0") if name and present(source / name)}
    for name in git(env, target, "ls-files", "-z").split("\0"):
        if name and name not in wanted:
            (target / name).unlink(missing_ok=True)
    copy_files(source, target, wanted)


def present(path: Path) -> bool:
    """Tell whether PATH is a file; a submodule's folder is not."""
    return path.is_symlink() or path.is_file()


def copy_files(source: Path, target: Path, names: set[str]) -> None:
    """Copy the files NAMES, keeping links and whether a file can be run."""
    for name in sorted(names):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if (source / name).is_symlink():
            (target / name).unlink(missing_ok=True)
        shutil.copy(source / name, target / name, follow_symlinks=False)


def commit_folder(source: Path, target: Path, origin: Path, env: dict[str, str]) -> None:
    """Make TARGET a repository whose only commit holds SOURCE's files, tagged with the version that they say."""
    git(env, origin.parent, "init", "--quiet", "--bare", "--initial-branch", BRANCH, str(origin))
    git(env, target.parent, "clone", "--quiet", str(origin), str(target))
    copy_files(source, target, set(files_of(source, env)))
    version = read_project(source).project.version
    commit(target, f"Release {version}" if version else "Start", WHEN, env)
    if version:
        git(env | dates(WHEN), target, "tag", "--annotate", "--message", f"Release {version}", version)
    git(env, target, "push", "--quiet", "--set-upstream", "--tags", "origin", BRANCH)
    git(env, target, "remote", "set-head", "origin", BRANCH)


def files_of(source: Path, env: dict[str, str]) -> list[str]:
    """Return the files of a folder that a surrounding repository knows or would add, else all that are no cache."""
    try:
        listed = git(env, source, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        return [name for name in listed.split("\0") if name and present(source / name)]
    except RunbookError:
        found = [path.relative_to(source).as_posix() for path in source.rglob("*") if present(path)]
        return [name for name in found if "__pycache__" not in name and not name.startswith(("dist/", ".venv/"))]


def commit(target: Path, message: str, date: str, env: dict[str, str]) -> None:
    """Commit everything in TARGET at DATE and push it."""
    git(env, target, "add", "--all", "--force")
    git(env | dates(date), target, "commit", "--quiet", "--no-verify", "--message", message)
    git(env, target, "push", "--quiet", "origin", "HEAD")


def dates(date: str) -> dict[str, str]:
    """Return what makes git take DATE for author and committer."""
    return {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
