"""actions/checkout's stand-in, with real git against the twin's github.com."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from standing import SLUG, Scene, sh, uses

from pypi_runbook.twin import Twin

CHECKOUT = "actions/checkout@v7"
READ = {"contents": "read"}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A repository with two commits, a tag and a branch."""
    with Twin.start() as twin:
        yield Scene(tmp_path_factory.mktemp("scene"), twin)


def test_one_commit_without_tags(scene: Scene) -> None:
    """By default there is one commit and no tag, so a version from git's history fails here as on GitHub; the token stays for git, outside."""
    ran = scene.run(uses(CHECKOUT), sh("git log --format=%s; git describe --tags || git ls-remote --tags origin; cat .git/config"), permissions=READ)
    assert ran.job.result == "success", ran.text
    assert ran.job.steps[0].outputs == {"ref": "refs/heads/main", "commit": scene.head}
    assert (ran.folders.workspace / "a.txt").read_text() == "two\n"
    assert f"Syncing repository: {SLUG}" in ran.lines
    assert "two" in ran.lines
    assert "one" not in ran.lines
    assert "fatal: No names found" in ran.text
    assert "refs/tags/1.0.0" in ran.text
    assert "git-credentials-" in (ran.folders.workspace / ".git" / "config").read_text()
    assert "extraheader" not in (ran.folders.workspace / ".git" / "config").read_text()
    credentials = next(ran.folders.temp.glob("git-credentials-*"))
    assert "extraheader = AUTHORIZATION: basic" in credentials.read_text()
    assert credentials.stat().st_mode & 0o077 == 0


def test_all_history_of_a_tag_and_no_credentials(scene: Scene) -> None:
    """Depth 0 brings branches and tags; a tag is checked out detached; the credentials go when they shall not stay."""
    inputs = {"ref": "1.0.0", "fetch-depth": "0", "persist-credentials": "false", "path": "sub"}
    look = "cd sub; git status | head -1; git tag; git branch -r; git config --get http.https://github.com/.extraheader || echo none"
    ran = scene.run(uses(CHECKOUT, inputs), sh(look), permissions=READ)
    assert ran.job.result == "success", ran.text
    assert (ran.folders.workspace / "sub" / "a.txt").read_text() == "one\n"
    assert {"HEAD detached at 1.0.0", "1.0.0", "  origin/main", "  origin/old", "none"} <= set(ran.lines)
    assert not list(ran.folders.temp.glob("git-credentials-*"))


def test_a_tag_on_the_commit_does_not_come_by_itself(scene: Scene) -> None:
    """A branch is fetched without the tag on its commit, so a version from tags is not found on GitHub either."""
    ran = scene.run(uses(CHECKOUT, {"ref": "refs/heads/old"}), sh("git tag | grep . || echo untagged"))
    assert "untagged" in ran.lines, ran.text


def test_event_of_a_tag_that_moved(scene: Scene) -> None:
    """A tag that is no longer on the event's commit is refused in the action's words."""
    ran = scene.run(uses(CHECKOUT), ref="refs/tags/1.0.0")
    moved = "The ref may have been updated after the workflow was triggered."
    assert ran.last.reason == f"The ref 'refs/tags/1.0.0' does not point to the expected commit '{scene.head}'. {moved}"


def test_another_ref_over_a_checkout(scene: Scene) -> None:
    """A second checkout in the same place cleans it and takes the other branch; tags come when asked for."""
    ran = scene.run(
        uses(CHECKOUT), sh("touch left; echo changed > a.txt"), uses(CHECKOUT, {"ref": "old", "fetch-tags": "true"}), sh("git tag; git branch")
    )
    assert ran.job.result == "success", ran.text
    assert not (ran.folders.workspace / "left").exists()
    assert (ran.folders.workspace / "a.txt").read_text() == "one\n"
    assert {"1.0.0", "* old"} <= set(ran.lines)


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"ref": "nope"}, "A branch or tag with the name 'nope' could not be found\nThe process '/usr/bin/git' failed with exit code 1"),
        ({"ref": "nope", "fetch-depth": "0"}, "A branch or tag with the name 'nope' could not be found"),
        ({"ref": "f" * 40}, f"fatal: remote error: upload-pack: not our ref {'f' * 40}\nThe process '/usr/bin/git' failed with exit code 128"),
        ({"repository": "thing"}, "Invalid repository 'thing'. Expected format {owner}/{repo}."),
        ({"token": ""}, "Input required and not supplied: token"),
    ],
)
def test_what_git_and_the_action_refuse(scene: Scene, inputs: dict[str, str], reason: str) -> None:
    """A checkout that fails on GitHub fails with its words."""
    ran = scene.run(uses(CHECKOUT, inputs))
    assert (ran.last.result, ran.last.reason) == ("failure", reason)


def test_somebody_elses_repository_is_not_here(scene: Scene) -> None:
    """Only the rehearsed repository can be checked out; another one is not rehearsed, which is no failure."""
    ran = scene.run(uses(CHECKOUT, {"repository": "other/thing"}))
    assert ran.last.result == "not-rehearsed"
    assert ran.last.reason == f"the rehearsal has only {SLUG}, not other/thing"


def test_folder_outside_of_the_workspace(scene: Scene) -> None:
    """A path that leaves the workspace is refused."""
    ran = scene.run(uses(CHECKOUT, {"path": "../out"}))
    assert ran.last.reason == f"Repository path '{ran.folders.workspace.parent / 'out'}' is not under '{ran.folders.workspace}'"


def test_missing_parts_are_named(scene: Scene, tmp_path: Path) -> None:
    """Submodules and large files that a checkout wants and cannot have make the rehearsal incomplete; without them nothing is said."""
    own = Scene(tmp_path, scene.twin)
    wanted = uses(CHECKOUT, {"submodules": "true", "lfs": "true", "ssh-key": "k"})
    assert [each.what for each in own.run(wanted).noted] == ["checkout with an SSH key"]
    for name, text in ((".gitmodules", '[submodule "s"]\n'), (".gitattributes", "*.bin filter=lfs\n")):
        (own.world.root / name).write_text(text)
    own.commit("parts")
    noted = {each.what: each.essential for each in own.run(wanted).noted}
    assert noted == {"checkout with an SSH key": False, "submodules": True, "Git LFS": True}


@pytest.mark.parametrize("depth", ["0", "1"])
def test_event_of_a_branch_that_moved(scene: Scene, tmp_path: Path, depth: str) -> None:
    """After a push the event's commit is still what is checked out, also with all of the history."""
    own = Scene(tmp_path, scene.twin)
    event = own.head
    (own.world.root / "a.txt").write_text("three\n")
    own.commit("three")
    ran = own.run(uses(CHECKOUT, {"fetch-depth": depth}), sh("git rev-parse HEAD; cat a.txt; git branch --show-current"), sha=event)
    assert ran.job.result == "success", ran.text
    assert {event, "two", "main"} <= set(ran.lines)
