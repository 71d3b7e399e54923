"""What is rehearsed: the project as a clone with an `origin` of its own, at the commit that the event is about."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from pypi_runbook.errors import RunbookError
from pypi_runbook.project import Facts, read_project
from pypi_runbook.project.checkout import BRANCH, clone, current_branch, git, git_environment, has_commit, materialize
from pypi_runbook.project.published import main_distribution

PAGE = "publishing/rehearsal.md"
# In the clone's origin: what the project is at, its local edits included where these are rehearsed.
HEAD_REF = "refs/runbook/head"


@dataclass
class Source:
    """A clone of the project.

    root: the project's own folder, which is only read. checkout: the clone; origin: the bare repository behind it.
    branch: the default one. ref, commit: what is rehearsed, `refs/…` in full. notes: what a person should know of it.
    """

    root: Path
    checkout: Path
    origin: Path
    branch: str
    ref: str = ""
    commit: str = ""
    notes: list[str] = field(default_factory=list)

    def git(self, *arguments: str, bare: bool = False) -> str:
        """Return what git prints in the clone, or in its origin."""
        with git_environment() as env:
            return git(env, self.origin if bare else self.checkout, *arguments)

    def has(self, ref: str) -> bool:
        """Tell whether origin has REF, `refs/…` in full."""
        try:
            self.git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", bare=True)
        except RunbookError:
            return False
        return True

    def tags(self) -> dict[str, str]:
        """Return the commit of each tag that origin has now."""
        form = "%(refname:strip=2)%09%(if)%(*objectname)%(then)%(*objectname)%(else)%(objectname)%(end)"
        lines = self.git("for-each-ref", f"--format={form}", "refs/tags", bare=True).splitlines()
        return dict(line.split("\t", 1) for line in lines)

    def facts(self, facts: Facts) -> Facts:
        """Return what the files say at the commit; where the repository lives is what FACTS, those of the root, say."""
        return replace(read_project(self.checkout), repository=facts.repository)


def take(facts: Facts, folder: Path, *, working_tree: bool) -> Source:
    """Clone the project of FACTS below FOLDER; with WORKING_TREE its local edits are a commit on top."""
    root, checkout, origin = facts.root, folder / "clone", folder / "origin.git"
    if not (root / ".git").exists():
        materialize(root, checkout, origin)
        return Source(root, checkout, origin, BRANCH)
    with git_environment() as env:
        require_commit(root, env)
        branch = current_branch(env, root)
        default = facts.repository.default_branch or branch
        if working_tree:
            clone(root, checkout, origin, env)
        else:
            git(env, folder, "init", "--quiet", "--bare", "--initial-branch", default, str(origin))
        fetch(root, origin, branch, env, edits=working_tree)
        source = Source(root, checkout, origin, default)
        if not source.has(f"refs/heads/{default}"):
            # A detached HEAD, or a branch whose default one was never fetched.
            git(env, origin, "update-ref", f"refs/heads/{default}", HEAD_REF)
        git(env, origin, "symbolic-ref", "HEAD", f"refs/heads/{default}")
        if not working_tree:
            git(env, folder, "clone", "--quiet", "--no-checkout", str(origin), str(checkout))
        source.notes += _about_edits(root, env, used=working_tree)
    return source


def require_commit(root: Path, env: dict[str, str]) -> None:
    """Raise RunbookError when the repository in ROOT has no commit."""
    if not has_commit(root, env):
        raise RunbookError("no-commit", "git has no commit here yet, so there is nothing to release", next="git commit", page=PAGE)


def fetch(root: Path, origin: Path, branch: str, env: dict[str, str], *, edits: bool) -> None:
    """Bring ROOT's branches and tags to ORIGIN, and what it is at as HEAD_REF; with EDITS the branch that it is on is there already."""
    others = ["+refs/tags/*:refs/tags/*", "+refs/heads/*:refs/heads/*", *([f"^refs/heads/{branch}"] if edits else [])]
    fetched = ("fetch", "--quiet", "--no-write-fetch-head", "--update-shallow", "--update-head-ok", str(root))
    git(env, origin, *fetched, *others)
    if edits:
        git(env, origin, "update-ref", HEAD_REF, f"refs/heads/{branch}")
    else:
        git(env, origin, *fetched, f"+HEAD:{HEAD_REF}")


def choose_ref(source: Source, facts: Facts, event: str, asked: str | None, *, on_tags: bool, working_tree: bool) -> None:
    """Set SOURCE's ref and commit: the one that is ASKED for, or that EVENT has by itself; a missing tag of a release is made in the clone.

    on_tags: whether a push is one of a tag where nobody says. With WORKING_TREE a tag that is there already moves to the local edits.
    """
    tagged = event == "release" or (event == "push" and on_tags)
    name = asked or (release_tag(source, facts) if tagged else source.branch)
    source.ref = full_ref(source, name, tagged=tagged and (asked is None or event == "release"))
    if event == "release" and not source.ref.startswith("refs/tags/"):
        raise RunbookError("no-such-ref", f"a release is of a tag, and {name} is none", next="say the tag with --ref", page=PAGE)
    head = HEAD_REF if source.has(HEAD_REF) else f"refs/heads/{source.branch}"
    if source.ref.startswith("refs/tags/") and (working_tree or not source.has(source.ref)):
        moved = source.has(source.ref)
        source.git("update-ref", source.ref, source.git("rev-parse", f"{head}^{{commit}}", bare=True).strip(), bare=True)
        what = "was moved to the local edits" if moved else "is not in git, and was made on " + ("the local edits" if working_tree else "HEAD")
        source.notes.append(f"the tag {name.removeprefix('refs/tags/')} {what}, in the rehearsal's clone only")
    elif not source.has(source.ref):
        raise RunbookError("no-such-ref", f"git has no branch or tag {asked}", next="say one that it has with --ref", page=PAGE)
    source.commit = source.git("rev-parse", f"{source.ref}^{{commit}}", bare=True).strip()
    source.git("fetch", "--quiet", "--tags", "--force", "origin")
    source.git("checkout", "--quiet", "--force", "--detach", source.commit)


def full_ref(source: Source, name: str, *, tagged: bool) -> str:
    """Return NAME in full: as it is, or as the tag or the branch that it is."""
    if name.startswith("refs/"):
        return name
    kinds = ("tags", "heads") if tagged else ("heads", "tags")
    ref = next((f"refs/{kind}/{name}" for kind in kinds if source.has(f"refs/{kind}/{name}")), f"refs/{kinds[0]}/{name}")
    with git_environment() as env:
        try:
            git(env, source.origin, "check-ref-format", ref)
        except RunbookError as error:
            raise RunbookError("no-such-ref", f"{name!r} is no name for a branch or a tag", next="say another with --ref", page=PAGE) from error
    return ref


def release_tag(source: Source, facts: Facts) -> str:
    """Return the tag of the project's version as git has it, with or without a `v`; the version itself where there is none yet."""
    version = main_distribution(facts).version
    if version:
        return next((tag for tag in (version, f"v{version}") if source.has(f"refs/tags/{tag}")), version)
    newest = source.git("tag", "--sort=-creatordate", bare=True).split()
    if not newest:
        message = "no file says the version, and git has no tag"
        raise RunbookError("no-tag", message, facts.project.file, next="say the tag with --ref", page=PAGE)
    return newest[0]


def changed_paths(source: Source) -> list[str]:
    """Return the paths that the commit changes against its first parent; all of them for a first commit."""
    try:
        return source.git("diff", "--name-only", "-z", f"{source.commit}^", source.commit).strip("\0").split("\0")
    except RunbookError:
        return source.git("ls-tree", "-r", "-z", "--name-only", source.commit).strip("\0").split("\0")


def _about_edits(root: Path, env: dict[str, str], *, used: bool) -> list[str]:
    if not git(env, root, "status", "--porcelain"):
        return []
    if used:
        return ["the local edits are rehearsed as a commit of their own"]
    return ["there are local edits that are not rehearsed; --working-tree takes them along"]
