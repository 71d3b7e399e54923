"""Which refs a checkout fetches, and what it then checks out (as actions/checkout chooses them)."""

from __future__ import annotations

HEADS, TAGS, PULLS = "refs/heads/", "refs/tags/", "refs/pull/"
ALL_TAGS = "+refs/tags/*:refs/tags/*"


def all_history(ref: str, commit: str) -> list[str]:
    """Return what a checkout without a depth fetches: every branch and tag, and the pull request of REF."""
    specs = ["+refs/heads/*:refs/remotes/origin/*", ALL_TAGS]
    if ref.startswith(PULLS):
        specs.append(f"+{commit or ref}:{_remote(ref)}")
    return specs


def fetched(ref: str, commit: str, *, tags: bool) -> list[str]:
    """Return what a shallow checkout of REF at COMMIT, either of which may be empty, fetches; TAGS adds every tag."""
    specs = [ALL_TAGS] if tags else []
    # By its name, not by the commit: an annotated tag would come without itself.
    if ref.startswith(TAGS):
        return specs or [f"+{ref}:{ref}"]
    if ref.startswith((HEADS, PULLS)):
        return [*specs, f"+{commit or ref}:{_remote(ref)}"]
    if commit:
        return [*specs, commit]
    if ref.startswith("refs/"):
        return [*specs, f"+{ref}:{ref}"]
    # A name alone may be a branch or a tag, so both are asked for; a pattern that matches nothing is no error.
    named = [f"+refs/heads/{ref}*:refs/remotes/origin/{ref}*"]
    return [*specs, *named] if tags else [*named, f"+refs/tags/{ref}*:refs/tags/{ref}*"]


def place(ref: str, commit: str) -> tuple[str, str]:
    """Return what to check out, and where the branch of that name starts; the second is empty where HEAD is detached."""
    if ref.startswith(HEADS):
        return ref.removeprefix(HEADS), _remote(ref)
    if ref.startswith(PULLS):
        return _remote(ref), ""
    return (ref if ref.startswith(TAGS) else commit or ref), ""


def _remote(ref: str) -> str:
    if ref.startswith(HEADS):
        return f"refs/remotes/origin/{ref.removeprefix(HEADS)}"
    return f"refs/remotes/pull/{ref.removeprefix(PULLS)}"
