"""The release actions, through the twin's REST API with the job's own token."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from standing import SLUG, Ran, Scene, tried, uses

from pypi_runbook.rehearsal.definition import StepDefinition
from pypi_runbook.rehearsal.standins.release_files import expand_braces, split_patterns
from pypi_runbook.twin import Twin

SOFTPROPS, NCIPOLLO, ARCHIVED = "softprops/action-gh-release@v2", "ncipollo/release-action@v1", "actions/create-release@v1"
WRITE = {"contents": "write"}
DENIED = "Resource not accessible by integration - https://docs.github.com/rest/releases/releases#create-a-release"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A repository without releases; each test here has tags of its own."""
    with Twin.start() as twin:
        yield Scene(tmp_path_factory.mktemp("scene"), twin)


def work(scene: Scene, *steps: StepDefinition, permissions: dict[str, str] | None = None, ref: str = "refs/tags/1.0.0") -> Ran:
    """Run STEPS in a workspace with two files to attach and a text."""
    folders = scene.folders()
    (folders.workspace / "dist").mkdir()
    for name in ("dist/a.whl", "dist/b.tar.gz"):
        (folders.workspace / name).write_text(name)
    (folders.workspace / "notes.md").write_text("From a file\n")
    return scene.run(*steps, folders=folders, permissions=WRITE if permissions is None else permissions, ref=ref)


def releases(scene: Scene) -> dict[str, dict[str, Any]]:
    """Return the releases by tag."""
    return {release["tag_name"]: release for release in scene.world.ask("github-releases", repository=SLUG)["releases"]}


def attached(release: dict[str, Any]) -> list[str]:
    """Return the names of a release's files."""
    return sorted(asset["name"] for asset in release["assets"])


def test_a_release_of_the_tag_with_its_files(scene: Scene) -> None:
    """The pushed tag gets a release with notes and files; a second run completes it and puts files of the same name in their place."""
    first = {"files": "dist/*\nnope*", "body": "Hello", "generate_release_notes": "true"}
    again = {"files": "dist/{a,c}.whl", "body_path": "notes.md", "append_body": "true", "prerelease": "true"}
    ran = work(scene, uses(SOFTPROPS, first), uses(SOFTPROPS, again), ref="refs/tags/1.0.0")
    assert ran.job.result == "success", ran.text
    release = releases(scene)["1.0.0"]
    assert (release["draft"], release["prerelease"], release["name"]) == (False, True, "1.0.0")
    assert release["body"].startswith("Hello\n\n")
    assert "**Full Changelog**" in release["body"]
    assert release["body"].endswith("\nFrom a file\n")
    assert attached(release) == ["a.whl", "b.tar.gz"]
    assert "🤔 Pattern 'nope*' does not match any files." in ran.lines
    assert "♻️ Deleting previously uploaded asset a.whl..." in ran.lines
    outputs = ran.of_actions[0].outputs
    assert outputs["url"] == f"https://github.com/{SLUG}/releases/tag/1.0.0"
    assert [asset["name"] for asset in json.loads(outputs["assets"])] == ["a.whl", "b.tar.gz"]


def test_drafts_stay_and_files_are_kept(scene: Scene) -> None:
    """A draft stays one, and files stay when they shall not be overwritten."""
    inputs = {"tag_name": "refs/tags/2.0", "files": "dist/a.whl", "overwrite_files": "false"}
    ran = work(scene, uses(SOFTPROPS, inputs), uses(SOFTPROPS, inputs), uses(SOFTPROPS, {"tag_name": "3.0", "draft": "true"}))
    assert ran.job.result == "success", ran.text
    assert "Asset a.whl already exists and overwrite_files is false..." in ran.lines
    assert releases(scene)["3.0"]["draft"] is True


@pytest.mark.parametrize(
    ("action", "inputs", "permissions", "reason"),
    [
        (SOFTPROPS, {}, {"contents": "read"}, DENIED),
        (NCIPOLLO, {"tag": "9"}, {}, f"Error 403: {DENIED}"),
        (SOFTPROPS, {"files": "nope", "fail_on_unmatched_files": "true"}, WRITE, "⚠️  Pattern 'nope' does not match any files."),
        (
            NCIPOLLO,
            {"artifacts": "nope", "artifactErrorsFailBuild": "true"},
            WRITE,
            "Error undefined: Artifact pattern :nope did not match any files",
        ),
        (NCIPOLLO, {"tag": "9", "bodyFile": "no.md"}, WRITE, "Error undefined: ENOENT: no such file or directory, open 'no.md'"),
        (NCIPOLLO, {"token": ""}, WRITE, "Input required and not supplied: token"),
        (ARCHIVED, {"tag_name": "9"}, WRITE, "Parameter token or opts.auth is required"),
    ],
)
def test_releases_that_fail(scene: Scene, action: str, inputs: dict[str, str], permissions: dict[str, str], reason: str) -> None:
    """A job without the permission, or an input that cannot be, fails in the action's words, and nothing is released."""
    ran = work(scene, uses(action, inputs), permissions=permissions, ref="refs/tags/9")
    assert (ran.last.outcome, ran.last.reason) == ("failure", reason)
    assert "9" not in releases(scene)


def test_a_branch_has_no_release(scene: Scene) -> None:
    """Without a tag there is nothing to release."""
    ran = work(scene, tried(SOFTPROPS), tried(NCIPOLLO), ref="refs/heads/main")
    assert [step.reason for step in ran.of_actions] == ["⚠️ GitHub Releases requires a tag", "Error undefined: No tag found in ref or input!"]


def test_release_action_makes_updates_and_skips(scene: Scene) -> None:
    """A release is made once; an update keeps what it is told to keep; a second creation fails; one that exists can be left alone."""
    steps = (
        uses(NCIPOLLO, {"tag": "4.0", "artifacts": "dist/*.whl,nope", "body": "B", "name": "Four", "prerelease": "true"}),
        uses(
            NCIPOLLO,
            {"tag": "4.0", "allowUpdates": "true", "artifacts": "dist/*", "omitBodyDuringUpdate": "true", "omitPrereleaseDuringUpdate": "true"},
        ),
        tried(NCIPOLLO, {"tag": "4.0"}),
        uses(NCIPOLLO, {"tag": "4.0", "skipIfReleaseExists": "true"}),
        uses(NCIPOLLO, {"tag": "5.0", "immutableCreate": "true", "artifact": "dist", "bodyFile": "notes.md"}),
    )
    ran = work(scene, *steps)
    assert ran.job.result == "success", ran.text
    four, five = releases(scene)["4.0"], releases(scene)["5.0"]
    assert (four["name"], four["body"], four["prerelease"], attached(four)) == ("4.0", "B", True, ["a.whl", "b.tar.gz"])
    assert (five["draft"], five["body"], attached(five)) == (False, "From a file\n", [])
    made, _, again, skipped, late = ran.of_actions
    assert made.outputs["html_url"] == f"https://github.com/{SLUG}/releases/tag/4.0"
    assert json.loads(made.outputs["assets"]) == {"a.whl": f"https://github.com/{SLUG}/releases/download/4.0/a.whl"}
    assert "Artifact pattern :nope did not match any files" in [annotation.message for annotation in made.annotations]
    assert again.reason.startswith('Error 422: Validation Failed: {"resource":"Release","code":"already_exists","field":"tag_name"}')
    assert "Skipping action, release already exists and skipIfReleaseExists is enabled." in [each.message for each in skipped.annotations]
    said = [annotation.message for annotation in late.annotations]
    assert "Input 'artifact' has been deprecated with message: Use 'artifacts' instead." in said
    assert any(message.startswith("Artifact is a directory:") for message in said)


def test_the_archived_action(scene: Scene) -> None:
    """actions/create-release takes its token from the environment alone."""
    inputs = {"tag_name": "refs/tags/6.0", "release_name": "Six", "body_path": "notes.md", "prerelease": "true"}
    ran = work(scene, uses(ARCHIVED, inputs, env={"GITHUB_TOKEN": "${{ github.token }}"}))
    assert ran.job.result == "success", ran.text
    six = releases(scene)["6.0"]
    assert (six["name"], six["body"], six["prerelease"]) == ("Six", "From a file\n", True)
    assert ran.last.outputs["id"] == str(six["id"])


def test_patterns_of_files() -> None:
    """Patterns stand in lines or between commas, but a comma in braces offers alternatives."""
    assert split_patterns("a, b\n\nc.{x,y},d") == ["a", "b", "c.{x,y}", "d"]
    assert expand_braces("{a,b}-{1,2}.whl") == ["a-1.whl", "a-2.whl", "b-1.whl", "b-2.whl"]
    assert expand_braces("plain{x}") == ["plain{x}"]
