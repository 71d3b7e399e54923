"""upload-artifact and download-artifact: what one job hands to another, and what the service refuses."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest
from standing import SLUG, Ran, Scene, tried, uses

from pypi_runbook.rehearsal.definition import StepDefinition
from pypi_runbook.rehearsal.standins import find_standin
from pypi_runbook.rehearsal.standins.artifacts import Artifacts
from pypi_runbook.rehearsal.standins.download_artifact import matches

UPLOAD, DOWNLOAD = "actions/upload-artifact@v7", "actions/download-artifact@v8"
FILES = ("dist/a.whl", "dist/b.tar.gz", "dist/.hidden", "README.md", "odd/a:b")


NO_FILES = "No files were found with the provided path: no. No artifacts will be uploaded."
TAKEN = "Failed request: (409) Conflict: an artifact with this name already exists on the workflow run"
ENDED = "This request has been automatically failed because it uses a deprecated version of `actions/upload-artifact: v{}`. Learn more:"
LAYOUTS = [
    ({"path": "dist"}, ["a.whl", "b.tar.gz"]),
    ({"path": "dist/*.whl"}, ["a.whl"]),
    ({"path": "dist/a.whl"}, ["a.whl"]),
    ({"path": "dist\nREADME.md"}, ["README.md", "dist/a.whl", "dist/b.tar.gz"]),
    ({"path": "dist/a.whl\ndist/b.tar.gz"}, ["a.whl", "b.tar.gz"]),
    ({"path": "dist\n!dist/*.whl", "include-hidden-files": "true"}, [".hidden", "b.tar.gz"]),
    ({"path": "**/*.md"}, ["README.md"]),
]
# What an upload says, and whether it fails.
UPLOADS: list[tuple[str, dict[str, str], str, str]] = [
    (UPLOAD, {"path": "no"}, "success", NO_FILES),
    (UPLOAD, {"path": "no", "if-no-files-found": "error"}, "failure", NO_FILES),
    (UPLOAD, {"path": "no", "if-no-files-found": "ignore"}, "success", ""),
    (
        UPLOAD,
        {"path": "dist", "if-no-files-found": "x"},
        "failure",
        "Unrecognized if-no-files-found input. Provided: x. Available options: warn,error,ignore",
    ),
    (UPLOAD, {"path": ""}, "failure", "Input required and not supplied: path"),
    (UPLOAD, {"path": "dist", "name": "a:b"}, "failure", "The artifact name is not valid: a:b. Contains the following character:  Colon :"),
    (UPLOAD, {"path": "dist", "name": "a/b"}, "failure", "The artifact name is not valid: a/b. Contains the following character:  Forward slash /"),
    (UPLOAD, {"path": "dist", "retention-days": "x"}, "failure", "Invalid retention-days"),
    (UPLOAD, {"path": "dist", "compression-level": "10"}, "failure", "Invalid compression-level. Valid values are 0-9"),
    (UPLOAD, {"path": "dist", "overwrite": "yes"}, "failure", 'Input does not meet YAML 1.2 "Core Schema" specification: overwrite'),
    (UPLOAD, {"path": "dist", "archive": "false"}, "failure", "only a single file can be uploaded. Found 2 files to upload."),
    (UPLOAD, {"path": "odd"}, "failure", "The path for one of the files in artifact is not valid: /a:b. Contains the following character:  Colon :"),
    (UPLOAD, {"path": "dist", "name": "old", "retention-days": "91"}, "success", "set within the repository. Using 90 instead."),
    (
        UPLOAD,
        {"path": "dist", "name": "typo", "nmae": "x"},
        "success",
        "Unexpected input(s) 'nmae', valid inputs are ['name', 'path', 'if-no-files-found',",
    ),
    (UPLOAD, {"path": "dist", "name": "typo"}, "failure", f"Failed to CreateArtifact: Received non-retryable error: {TAKEN}"),
    ("actions/upload-artifact@v3.1.2", {"path": "dist"}, "failure", f"{ENDED.format(3)} https://github.blog/changelog/2024-04-16-"),
    ("actions/upload-artifact@v2", {"path": "dist"}, "failure", f"{ENDED.format(2)} https://github.blog/changelog/2024-02-13-"),
]
DOWNLOADS: list[tuple[str, dict[str, str], list[str]]] = [
    (DOWNLOAD, {}, ["one/README.md", "two/a.whl", "two/b.tar.gz"]),
    (DOWNLOAD, {"merge-multiple": "true"}, ["README.md", "a.whl", "b.tar.gz"]),
    (DOWNLOAD, {"pattern": "t*"}, ["a.whl", "b.tar.gz"]),
    ("actions/download-artifact@v4", {"pattern": "t*"}, ["two/a.whl", "two/b.tar.gz"]),
    (DOWNLOAD, {"pattern": "{one,three}"}, ["README.md"]),
    (DOWNLOAD, {"pattern": "nothing"}, []),
]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A world without a twin: artifacts are files."""
    return Scene(tmp_path)


@pytest.fixture(scope="module")
def layouts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the artifacts of LAYOUTS lie, named by their numbers."""
    scene = Scene(tmp_path_factory.mktemp("layouts"))
    steps = [uses(UPLOAD, {**inputs, "name": str(number)}) for number, (inputs, _) in enumerate(LAYOUTS)]
    assert work(scene, *steps).job.result == "success"
    return scene.world.artifacts


@pytest.fixture(scope="module")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The job that tries UPLOADS."""
    scene = Scene(tmp_path_factory.mktemp("uploads"))
    return work(scene, *(tried(action, inputs) for action, inputs, _, _ in UPLOADS))


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace of the job that runs DOWNLOADS, each in the folder of its number."""
    scene = Scene(tmp_path_factory.mktemp("downloads"))
    given = [uses(UPLOAD, {"name": "one", "path": "README.md"}), uses(UPLOAD, {"name": "two", "path": "dist"})]
    taken = [uses(action, {**inputs, "path": f"got/{number}"}) for number, (action, inputs, _) in enumerate(DOWNLOADS)]
    ran = work(scene, *given, *taken)
    assert ran.job.result == "success", ran.text
    return ran.folders.workspace / "got"


def work(scene: Scene, *steps: StepDefinition) -> Ran:
    """Run STEPS in a workspace with some files."""
    folders = scene.folders()
    for name in FILES:
        (folders.workspace / name).parent.mkdir(exist_ok=True)
        (folders.workspace / name).write_text(name)
    (folders.workspace / "dist" / "a.whl").chmod(0o755)
    return scene.run(*steps, folders=folders)


def tree(folder: Path) -> list[str]:
    """Return the files below FOLDER."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_folder_goes_to_the_next_job(scene: Scene) -> None:
    """The files of a folder arrive with their bytes, without hidden ones and without permissions; the outputs say what the service says."""
    sent = work(scene, uses(UPLOAD, {"name": "dist", "path": "dist/"}))
    assert sent.job.result == "success", sent.text
    outputs = sent.last.outputs
    assert outputs["artifact-url"] == f"https://github.com/{SLUG}/actions/runs/7/artifacts/{outputs['artifact-id']}"
    assert "With the provided path, there will be 2 files uploaded" in sent.lines
    got = scene.run(uses(DOWNLOAD, {"name": "dist", "path": "dist/"}))
    assert tree(got.folders.workspace) == ["dist/a.whl", "dist/b.tar.gz"]
    assert (got.folders.workspace / "dist" / "a.whl").read_text() == "dist/a.whl"
    assert (got.folders.workspace / "dist" / "a.whl").stat().st_mode & 0o777 == 0o644
    assert got.last.outputs == {"download-path": f"{got.folders.workspace}/dist"}
    (artifact,) = Artifacts(scene.world.artifacts).all()
    assert f"- dist (ID: {artifact.id}, Size: {artifact.size}, Expected Digest: sha256:{outputs['artifact-digest']})" in got.lines


def test_digest_is_that_of_an_archive(scene: Scene, tmp_path: Path) -> None:
    """The digest is that of a real archive of the files, the same for the same files; without an archive the file names the artifact."""
    ran = work(scene, uses(UPLOAD, {"path": "README.md"}), uses(UPLOAD, {"path": "README.md", "archive": "false"}))
    first, second = (step.outputs["artifact-digest"] for step in ran.job.steps if step.uses)
    with zipfile.ZipFile(tmp_path / "z.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("README.md"), "README.md", zipfile.ZIP_DEFLATED)
    assert first == second == hashlib.sha256((tmp_path / "z.zip").read_bytes()).hexdigest()
    assert tree(scene.world.artifacts / "README.md") == ["README.md"]


@pytest.mark.parametrize("number", range(len(LAYOUTS)))
def test_layout_follows_from_where_looking_begins(layouts: Path, number: int) -> None:
    """Paths in an artifact are relative to where looking began, or to what all such places have in common."""
    assert tree(layouts / str(number)) == LAYOUTS[number][1]


@pytest.mark.parametrize("number", range(len(UPLOADS)))
def test_uploads_that_fail_or_warn(uploads: Ran, number: int) -> None:
    """A wrong input, name, path or version is answered in the words of the action, the service or the runner."""
    _, _, outcome, words = UPLOADS[number]
    step = uploads.of_actions[number]
    assert step.outcome == outcome
    messages = [annotation.message for annotation in step.annotations]
    assert any(words in message for message in messages) if words else not messages


def test_overwriting_takes_the_place(scene: Scene) -> None:
    """With `overwrite` an upload takes the place of the one before it."""
    ran = work(scene, uses(UPLOAD, {"path": "dist"}), uses(UPLOAD, {"path": "README.md", "overwrite": "true"}))
    first, second = (step.outputs["artifact-id"] for step in ran.of_actions)
    assert first != second
    assert tree(scene.world.artifacts / "artifact") == ["README.md"]


@pytest.mark.parametrize("number", range(len(DOWNLOADS)))
def test_several_artifacts(downloads: Path, number: int) -> None:
    """Without a name every artifact comes into its own folder; since version 5 a single one comes into none."""
    assert tree(downloads / str(number)) == DOWNLOADS[number][2]


def test_artifacts_by_number(scene: Scene) -> None:
    """Numbers from the upload's output find their artifacts; one that is missing is said, none at all fails."""
    ids = ("${{ steps.one.outputs.artifact-id }}, 1", "1", "x")
    sent = uses(UPLOAD, {"name": "one", "path": "README.md"}, id="one")
    ran = work(scene, sent, *(tried(DOWNLOAD, {"artifact-ids": text, "path": f"got/{number}"}) for number, text in enumerate(ids)))
    assert tree(ran.folders.workspace / "got") == ["0/README.md"]
    said = [annotation.message for step in ran.of_actions for annotation in step.annotations]
    assert said == [
        "Could not find the following artifact IDs: 1",
        "Unable to download artifact(s): None of the provided artifact IDs were found",
        "Unable to download artifact(s): Invalid artifact ID: 'x'. Must be a number.",
    ]


def test_downloads_that_fail(scene: Scene) -> None:
    """A name that no job uploaded fails with the action's hint; what is not of this run is not rehearsed."""
    asked = (
        {"name": "dist"},
        {"name": "dist", "artifact-ids": "1"},
        {"name": "dist", "github-token": "t", "run-id": "8"},
        {"name": "d", "digest-mismatch": "x"},
    )
    missing, both, other, mismatch = scene.run(*(tried(DOWNLOAD, inputs) for inputs in asked)).of_actions
    start = "Unable to download artifact(s): "
    assert missing.reason.startswith(f"{start}Artifact not found for name: dist\n        Please ensure that your artifact is not expired")
    assert both.reason == f"{start}Inputs 'name' and 'artifact-ids' cannot be used together. Please specify only one."
    assert (other.outcome, other.reason) == (
        "not-rehearsed",
        f"the rehearsal has only the artifacts of its own run, not those of run 8 in {SLUG}",
    )
    assert mismatch.reason == f"{start}Invalid value for 'digest-mismatch': 'x'. Valid options are: ignore, info, warn, error"


def test_names_that_a_pattern_fits() -> None:
    """Patterns of names know wildcards, alternatives and negation."""
    fits = {"dist-*": True, "dist-linux": True, "d?st-*": True, "*-{linux,macos}": True, "!wheels-*": True, "*-macos": False, "!dist-*": False}
    assert {pattern: matches("dist-linux", pattern) for pattern in fits} == fits


def test_actions_are_found_by_name() -> None:
    """An action is found in any case and at any commit; one that nobody stands in for is not."""
    assert find_standin("Actions/Upload-Artifact@" + "a" * 40)
    assert find_standin("actions/github-script@v7") is None
