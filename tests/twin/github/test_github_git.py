"""git at https://github.com: clone, fetch and push as unmodified clients do it, and GitHub's words for those who may not."""

from __future__ import annotations

import gzip
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hub import SLUG, Hub, git

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin.github.backend import find_backend

if TYPE_CHECKING:
    from people import Person

pytest_plugins = ["people", "hub"]

URL = f"https://github.com/{SLUG}"
NO_PROMPT = "fatal: could not read Username for 'https://github.com': terminal prompts disabled"
INVALID = "remote: Invalid username or token. Password authentication is not supported for Git operations."


def with_token(token: str) -> str:
    """Return the repository's address with TOKEN in it."""
    return f"https://x-access-token:{token}@github.com/{SLUG}"


@pytest.mark.parametrize("enclosed", [True, False], ids=["namespace", "tunnel"])
def test_everybody_clones(hub: Hub, person: Person, enclosed: bool) -> None:
    """A clone has every branch and tag, however the name is written."""
    done = person.run("git", "clone", "--quiet", f"https://github.com/{SLUG.title()}.git", "clone", enclosed=enclosed)

    assert done.stdout == ""
    assert git(person.work / "clone", "rev-parse", "origin/main", "origin/other", "1.0") == hub.git("rev-parse", "main", "other", "1.0")
    assert git(person.work / "clone", "describe", "--tags") == hub.git("describe", "--tags", "main")


def test_a_shallow_clone_grows(hub: Hub, person: Person) -> None:
    """A clone of one commit has no tags; a fetch brings them, a commit by its name, and at last everything."""
    person.run("git", "clone", "--quiet", "--depth=1", "--no-tags", URL, "clone", enclosed=False)
    clone = person.work / "clone"
    assert git(clone, "rev-list", "--count", "HEAD") == "1"
    assert git(clone, "tag") == ""

    # The old protocol refuses a commit that no ref names, unless the server lets it.
    unnamed = hub.git("commit-tree", "-m", "Unnamed", "main^{tree}")
    old = ["git", "-C", "clone", "-c", "protocol.version=0", "fetch", "--quiet"]
    said = [person.run(*old, *what, enclosed=False).stdout for what in (["origin", unnamed], ["--tags", "--unshallow"])]

    assert said == ["", ""]
    assert git(clone, "rev-list", "--count", "HEAD") == "3"
    assert git(clone, "tag").split() == ["1.0", "1.1"]


def test_a_clone_without_files(hub: Hub, person: Person) -> None:
    """A clone may leave out what it does not need yet, as pip's does."""
    options = ["--quiet", "--no-checkout", "--filter=blob:none"]

    assert person.run("git", "clone", *options, URL, "clone", enclosed=False).stdout == ""
    missing = git(person.work / "clone", "rev-list", "--objects", "--missing=print", "HEAD").count("?")
    assert missing == len(hub.git("ls-tree", "-r", "--name-only", "main").split())


def test_push_of_a_tag_and_a_branch(hub: Hub, person: Person) -> None:
    """A token with `contents: write` pushes; what is large comes in pieces, and no hook that lies in the origin is run."""
    hook = hub.origin / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    person.run("git", "clone", "--quiet", URL, "clone", enclosed=False)
    clone = person.work / "clone"
    (clone / "large").write_bytes(secrets.token_bytes(3_000_000))
    git(clone, "add", "large")
    git(clone, "commit", "--quiet", "--message", "Large")
    git(clone, "tag", "2.0")

    done = person.run("git", "-C", "clone", "push", "--quiet", with_token(hub.token(contents="write")), "2.0", "HEAD:refs/heads/new", enclosed=False)

    assert (done.returncode, done.stdout) == (0, "")
    assert hub.git("rev-parse", "2.0", "new").split() == [git(clone, "rev-parse", "HEAD")] * 2


@pytest.mark.parametrize(
    ("permissions", "words"),
    [
        ({"contents": "read"}, f"remote: Permission to {SLUG}.git denied to github-actions[bot].\nfatal: unable to access '{URL}/': "),
        ({"id-token": "write"}, f"remote: Permission to {SLUG}.git denied to github-actions[bot].\nfatal: unable to access '{URL}/': "),
        (None, f"{INVALID}\nfatal: Authentication failed for '{URL}/'"),
    ],
    ids=["read", "none", "ended"],
)
def test_who_may_not_push(hub: Hub, person: Person, permissions: dict[str, str] | None, words: str) -> None:
    """A token without the permission, and one whose job has ended, get GitHub's words; the repository stays as it is."""
    token = hub.token(**permissions or {"contents": "write"})
    if permissions is None:
        assert hub.twin.perform("github-token-end", token=token) == {"ended": True}
    before = hub.git("for-each-ref")

    done = person.run("git", "-C", str(hub.origin.parent / "made"), "push", with_token(token), "HEAD:refs/heads/x", enclosed=False)

    assert done.returncode == 128
    assert done.stdout.startswith(words)
    assert hub.git("for-each-ref") == before


def test_nobody_pushes_without_a_name(hub: Hub, person: Person) -> None:
    """Without credentials git is asked for some, and here nobody answers."""
    done = person.run("git", "-C", str(hub.origin.parent / "made"), "push", URL, "HEAD:refs/heads/x", enclosed=False)

    assert done.stdout.strip() == NO_PROMPT


def test_an_unknown_repository(hub: Hub, person: Person) -> None:
    """To a token it is not there; without one GitHub does not say whether it is."""
    anonymous = person.run("git", "clone", "https://github.com/octo/none", enclosed=False)
    header = f"http.extraHeader=Authorization: Bearer {hub.token()}"
    known = person.run("git", "-c", header, "clone", "https://github.com/octo/none", "none", enclosed=False)

    assert anonymous.stdout.splitlines()[-1] == NO_PROMPT
    assert known.stdout.splitlines()[1:] == ["remote: Repository not found.", "fatal: repository 'https://github.com/octo/none/' not found"]


def test_a_token_of_another_repository_only_reads(hub: Hub, person: Person) -> None:
    """It is nobody's permission here."""
    hub.twin.perform("github-repository", repository="octo/second", origin=str(hub.origin))
    token = hub.token("octo/second", contents="write")

    pushed = person.run("git", "-C", str(hub.origin.parent / "made"), "push", with_token(token), "HEAD:refs/heads/x", enclosed=False)
    read = person.run("git", "ls-remote", "--tags", with_token(token), enclosed=False)

    assert f"Permission to {SLUG}.git denied" in pushed.stdout
    assert "refs/tags/1.0" in read.stdout


def test_a_packed_request_is_read(hub: Hub) -> None:
    """git packs a long request; here one in protocol version 2."""
    body = gzip.compress(b"0014command=ls-refs\n00010014ref-prefix HEAD\n0000")
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/x-git-upload-pack-request", "Git-Protocol": "version=2"}

    answer = hub.ask("POST", f"{URL}/git-upload-pack", "", body, **headers)

    assert answer.content.decode() == f"0032{hub.git('rev-parse', 'main')} HEAD\n0000"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/info/refs", 403),
        ("GET", "/info/refs?service=git-upload-archive", 403),
        ("GET", "/HEAD", 404),
        ("GET", "/objects/info/packs", 404),
        ("GET", "/config", 404),
        ("GET", "/../../etc/passwd", 404),
        ("POST", "/git-upload-pack", 415),
        ("GET", "/git-upload-pack", 405),
    ],
)
def test_only_gits_smart_way_leads_in(hub: Hub, method: str, path: str, status: int) -> None:
    """No file of the repository can be read by its name, and nothing beside it."""
    answer = hub.ask(method, f"{URL}{path}", "", b"0000" if method == "POST" else None)

    assert answer.status == status
    assert b"[core]" not in answer.content


def test_nonsense_for_git_is_no_fault_of_the_server(hub: Hub) -> None:
    """A body that git cannot read, and one that breaks off, are answered below 500."""
    for body in (b"zzzz", b"0014command=ls-refs\n", b"\x00" * 100, gzip.compress(b"x" * 12_000_000)):
        kind = {"Content-Type": "application/x-git-upload-pack-request", **({"Content-Encoding": "gzip"} if body[:2] == b"\x1f\x8b" else {})}
        assert hub.ask("POST", f"{URL}/git-upload-pack", "", body, **kind).status < 500


@pytest.mark.usefixtures("hub")
def test_pip_installs_from_git(person: Person) -> None:
    """`git+https` with a tag, and the archive of a tag, end in an installation."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]

    done = [person.run(*pip, folder, url, enclosed=False) for folder, url in (("a", f"git+{URL}@1.1"), ("b", f"{URL}/archive/refs/tags/1.1.zip"))]

    assert [(each.returncode, each.stdout) for each in done] == [(0, ""), (0, "")]
    assert all((person.work / folder / "octo_sample.py").is_file() for folder in "ab")


def test_a_deleted_tag_makes_a_draft_of_its_release(hub: Hub, person: Person) -> None:
    """As on GitHub, a release without its tag is no longer public."""
    made = hub.twin.perform("github-release", repository=SLUG, tag="gone", body="Text")
    token = hub.token(contents="write")
    tagged = hub.git("rev-parse", "gone")

    person.run("git", "-C", str(hub.origin), "push", "--quiet", "--delete", with_token(token), "gone", enclosed=False)

    assert tagged == hub.git("rev-parse", "main")
    assert hub.ask("GET", f"/repos/{SLUG}/releases/{made['id']}").status == 404
    assert hub.ask("GET", f"/repos/{SLUG}/releases/{made['id']}", token).json["draft"] is True


def test_a_folder_that_is_no_bare_repository(hub: Hub, tmp_path: Path) -> None:
    """It is refused with what to do; a name that cannot be one too."""
    with pytest.raises(RunbookError, match="bare repositories only"):
        hub.twin.perform("github-repository", repository="octo/x", origin=str(tmp_path))
    for name in ("x", "octo/..", "octo/x.git", "octo/a b", "../x", "octo/x/y"):
        with pytest.raises(RunbookError, match="cannot be the name"):
            hub.twin.perform("github-repository", repository=name, origin=str(hub.origin))


def test_a_git_without_its_server_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some small packages of git leave `git http-backend` out."""
    fake = tmp_path / "git"
    fake.write_text(f"#!/bin/sh\necho '{tmp_path}'\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    with pytest.raises(RunbookError) as caught:
        find_backend.__wrapped__()

    assert caught.value.id == "no-http-backend"
    assert caught.value.next == "install your system's complete package of git"
