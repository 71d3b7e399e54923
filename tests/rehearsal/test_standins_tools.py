"""setup-python, the actions that install Poetry, uv and Hatch, caches and attestations, in jobs inside a real twin."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from people import Person
from sending import send
from standing import Ran, Scene, claims_of, sh, tried, uses

from pypi_runbook.rehearsal.standins.setup_python import read_version_file
from pypi_runbook.rehearsal.standins.setup_uv import missing_words, requirement_for
from pypi_runbook.rules.sample import make_wheel
from pypi_runbook.twin import Twin

PYTHON, POETRY, PIPX_POETRY = "actions/setup-python@v7", "snok/install-poetry@v1", "abatilo/actions-poetry@v4"
UV, HATCH = "astral-sh/setup-uv@v9", "pypa/hatch@install"
ATTEST = "actions/attest-build-provenance@v4"
MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
HERE = f"{MINOR}.{sys.version_info.micro}"
MISSING = "was not found for Ubuntu 24.04.\nThe list of all available versions can be found here: https://raw.githubusercontent.com/actions/python-versions/"


# In the place of Poetry's forty packages: a command that keeps what it is asked to configure, and answers from it.
RECORDER = """
import json, pathlib, sys
file = pathlib.Path.home() / "settings.json"
settings = json.loads(file.read_text()) if file.exists() else {}
def main():
    match sys.argv[1:]:
        case ["--version"]: print("Poetry (version 2.1.3)")
        case ["config", name]: print(settings[name])
        case ["config", name, value]: file.write_text(json.dumps(settings | {name: value}))
        case ["self", "add", "good"]: pass
        case other: sys.exit(f"no {other}")
"""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A twin with a `poetry` of its own on PyPI, and everybody else's packages read through."""
    folder = tmp_path_factory.mktemp("scene")
    (folder / "own").mkdir()
    (folder / "own" / "pyproject.toml").write_text('[project]\nname = "poetry"\nversion = "2.1.3"\n')
    files = {"poetry.py": RECORDER, "entry_points.txt": "[console_scripts]\npoetry = poetry:main\n"}
    with Twin.start(project=folder / "own") as twin:
        sent = send(Person(twin, folder), make_wheel(folder, "poetry", "2.1.3", files=files), index="pypi")
        assert sent.status == 200, sent.words
        yield Scene(folder, twin)


def messages(ran: Ran, number: int) -> list[str]:
    """Return the annotations of one of the actions' steps."""
    return [annotation.message for annotation in ran.of_actions[number].annotations]


def test_a_python_for_the_job(tmp_path: Path) -> None:
    """The wanted Python comes first, with pip, and GitHub's variables lead to it; a second step with two versions puts the last one first."""
    look = 'python -c "import sys; print(sys.prefix)"; pip --version; echo "$pythonLocation $Python3_ROOT_DIR $PKG_CONFIG_PATH"'
    ran = Scene(tmp_path).run(uses(PYTHON, {"python-version": HERE}), sh(look), uses(PYTHON, {"python-version": f"3.99 || {MINOR}\n{HERE}"}))
    assert ran.job.result == "success", ran.text
    place = ran.folders.tools / "Python" / HERE / "x64"
    assert str(place) in ran.lines
    assert f"{place} {place} {place}/lib/pkgconfig" in ran.lines
    assert f"from {place}/lib/python{MINOR}/site-packages/pip" in ran.text
    assert ran.of_actions[0].outputs == {"python-version": HERE, "python-path": f"{place}/bin/python"}
    assert ran.lines.count(f"Successfully set up CPython ({HERE})") >= 2


def test_versions_files_and_caches(tmp_path: Path) -> None:
    """What GitHub does not have fails in the action's words; what only this machine lacks is the nearest version, and said."""
    asked: list[dict[str, str]] = [
        {"python-version": "3.99"},
        {"python-version": "3.7"},
        {"python-version": "pypy3.10"},
        {"python-version-file": "no.txt"},
        {},
        {"python-version": HERE, "cache": "poetry"},
        {"python-version": HERE, "cache": "pip"},
        {"python-version": HERE, "cache": "conda"},
        {"python-version": HERE, "python-version-file": "p.txt", "pip-version": "new"},
        {"python-version": f"{MINOR}.{sys.version_info.micro + 9}", "architecture": "arm"},
    ]
    scene = Scene(tmp_path)
    folders = scene.folders()
    (folders.workspace / "requirements.txt").touch()
    older = uses(PYTHON, {"python-version": "3.7"}, env={"ImageOS": "ubuntu22"})
    newer = uses(PYTHON, {"python-version": "3.9"}, env={"ImageOS": "ubuntu26"}, continue_on_error="true")
    ran = scene.run(*(tried(PYTHON, inputs) for inputs in asked), older, newer, folders=folders)
    missing, ended, other, file, nothing, poetry, pip, conda, both, _, on_older, on_newer = ran.of_actions
    assert missing.reason.startswith(f"The version '3.99' with architecture 'x64' {MISSING}")
    # Also where the machine has it: a release on GitHub would fail.
    assert ended.reason.startswith(f"The version '3.7' with architecture 'x64' {MISSING}")
    assert other.outcome == "not-rehearsed"
    assert file.reason == "The specified python version file at: no.txt doesn't exist."
    assert nothing.outcome == "success"
    assert messages(ran, 4)[0].startswith("The `python-version` input is not set.  The version of Python currently in `PATH` will be used.")
    assert poetry.reason.startswith("Unable to locate executable file: poetry. Please verify either the file path exists")
    assert (pip.outcome, pip.outputs["cache-hit"]) == ("success", "false")
    assert "pip cache is not found" in ran.lines
    assert conda.reason == "Caching for 'conda' is not supported"
    assert messages(ran, 8)[0].startswith("Both python-version and python-version-file inputs are specified")
    assert both.reason == 'Invalid pip-version "new". Please specify a version in the format major[.minor][.patch].'
    noted = {each.what: each.reason for each in ran.noted if each.what.startswith("Python ")}
    assert noted[f"Python {MINOR}.{sys.version_info.micro + 9}"] == f"this machine does not have it, so the job ran with Python {HERE}"
    # Each image has its own versions.
    assert on_older.outcome == "success"
    assert on_newer.reason.startswith("The version '3.9' with architecture 'x64' was not found for Ubuntu 26.04.")
    assert (ended.page, other.page) == ("troubleshooting/python-not-there.md", None)


@pytest.mark.parametrize(
    ("name", "text", "versions"),
    [
        (".python-version", "# ours\n3.11.4\n3.10/envs/x\n", ["3.11.4", "3.10"]),
        ("pyproject.toml", '[project]\nrequires-python = ">=3.9,<3.13"\n', [">=3.9 <3.13"]),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.10"\n', ["^3.10"]),
        ("pyproject.toml", "[tool.x]\n", []),
        (".tool-versions", "nodejs 20\npython 3.12.1\n", ["3.12.1"]),
        ("Pipfile", '[requires]\npython_version = "3.11"\n', ["3.11"]),
    ],
)
def test_files_that_name_a_version(tmp_path: Path, name: str, text: str, versions: list[str]) -> None:
    """Each kind of file gives the versions that the action takes from it."""
    (tmp_path / name).write_text(text)
    assert read_version_file(tmp_path / name) == versions


def test_uv_of_a_range(scene: Scene) -> None:
    """The newest uv of a range is on PATH afterwards, the cache follows the event, and a version that does not exist fails."""
    inputs = {"version": "0.5.x", "python-version": MINOR}
    steps = (uses(UV, inputs), sh("uv --version; echo $UV_PYTHON"), tried(UV, {"version": "0.5.999"}))
    ran = scene.run(*steps, ref="refs/tags/1.0.0")
    assert ran.job.result == "success", ran.text
    made, exact = ran.of_actions
    assert made.outputs["uv-version"].startswith("0.5.")
    assert {f"uv {made.outputs['uv-version']}", MINOR, "Caching is disabled for tag pushes"} <= set(ran.lines)
    assert "Empty workdir detected." in messages(ran, 0)[0]
    assert exact.reason.startswith("Could not find artifact for version 0.5.999, arch x86_64, platform unknown-linux-gnu in ")


@pytest.mark.parametrize(
    ("wanted", "lowest", "requirement"),
    [
        ("latest", False, "uv"),
        ("0.5.4", False, "uv==0.5.4"),
        ("0.5.x", False, "uv==0.5.*"),
        ("0.x.x", False, "uv==0.*"),
        ("0.5", False, "uv==0.5.*"),
        (">=0.4,<0.6", False, "uv>=0.4,<0.6"),
        (">=0.5.4", True, "uv==0.5.4"),
        (">=0.5", True, "uv==0.5.*"),
    ],
)
def test_versions_of_uv(wanted: str, lowest: bool, requirement: str) -> None:
    """The action's spellings of versions become what pip understands."""
    assert requirement_for(wanted, lowest=lowest) == requirement


def test_words_for_a_range_of_uv() -> None:
    """A range without a version is named as it was written."""
    assert missing_words(">=99") == "No version found for >=99"


def test_hatch_in_the_indexs_words(scene: Scene) -> None:
    """A version of Hatch that the index does not have fails in pip's words."""
    ran = scene.run(uses(HATCH, {"version": "99"}))
    assert ran.last.reason.startswith("Could not find a version that satisfies the requirement hatch==99")


def test_poetry_is_configured(scene: Scene) -> None:
    """The wanted Poetry is on PATH, nothing beside it, with the settings and the plugins that the action was given."""
    inputs = {"version": "2.1.3", "virtualenvs-in-project": "true", "virtualenvs-path": "~/environments", "plugins": "good"}
    asked = (
        (POETRY, {"version": "2.1.3", "plugins": "bad"}, "poetry self add bad ended with exit code 1"),
        (POETRY, {"version": "99.0"}, "Version 99.0 does not exist."),
        (PIPX_POETRY, {"poetry-plugins": "good"}, ""),
        (PIPX_POETRY, {"poetry-version": "main"}, "Poetry's main branch is not on this machine"),
    )
    look = sh("poetry --version; for name in create in-project path; do poetry config virtualenvs.$name; done; ls -A ~/.local/bin")
    ran = scene.run(uses(POETRY, inputs), look, *(tried(action, wrong) for action, wrong, _ in asked))
    assert ran.job.result == "success", ran.text
    assert ran.lines[ran.lines.index("Poetry (version 2.1.3)") :][:5] == [
        "Poetry (version 2.1.3)",
        "true",
        "true",
        f"{ran.folders.home}/environments",
        "poetry",
    ]
    assert [step.reason for step in ran.of_actions[1:]] == [reason for _, _, reason in asked]


def test_caches_are_never_there(tmp_path: Path) -> None:
    """A cache is missed, which is said, and fails only where the workflow wants that."""
    where = {"path": "x", "key": "k"}
    asked = (
        ("actions/cache@v5", {**where, "restore-keys": "a\nb"}),
        ("actions/cache/restore@v5", {**where, "fail-on-cache-miss": "true"}),
        ("actions/cache/save@v5", where),
        ("actions/cache@v5", {"path": "x"}),
    )
    ran = Scene(tmp_path).run(*(tried(action, inputs) for action, inputs in asked))
    assert "Cache not found for input keys: k, a, b" in ran.lines
    assert [step.reason for step in ran.of_actions if step.reason] == [
        "Failed to restore cache entry. Exiting as fail-on-cache-miss is set. Input key: k",
        "Input required and not supplied: key",
    ]
    assert [(each.what, each.essential) for each in ran.noted] == [("the cache k", False), ("saving the cache k", False)]


def test_attestations_are_named_and_not_signed(scene: Scene) -> None:
    """An attestation needs both permissions and its subjects; then these are named, and it is said that nothing was signed."""
    folders = scene.folders()
    (folders.workspace / "a.whl").write_text("a")
    digest = hashlib.sha256(b"a").hexdigest()
    asked: list[tuple[dict[str, str], str]] = [
        ({"subject-path": "*.whl"}, ""),
        ({"subject-path": "no"}, "Could not find subject at path no"),
        ({}, "One of subject-path, subject-digest, or subject-checksums must be provided"),
        ({"subject-path": "a", "subject-digest": "b"}, "Only one of subject-path, subject-digest, or subject-checksums may be provided"),
        ({"subject-digest": "sha256:ab", "subject-name": "n"}, 'subject-digest has invalid length for algorithm "sha256" (expected 64, got 2)'),
        ({"subject-checksums": f"{digest}  a.whl\n{digest} *b.whl\n"}, ""),
        ({"subject-checksums": "zz a"}, "Invalid digest: zz"),
        ({"subject-path": "a.whl", "predicate": "{}"}, "predicate-type is required when using predicate or predicate-path"),
    ]
    permissions = {"id-token": "write", "attestations": "write"}
    ran = scene.run(*(tried(ATTEST, inputs) for inputs, _ in asked), folders=folders, permissions=permissions, claims=claims_of())
    assert [step.reason for step in ran.of_actions] == [reason for _, reason in asked]
    assert f"a.whl@sha256:{digest}" in ran.lines
    assert [each.what for each in ran.noted] == ["the attestation of a.whl", "the attestation of a.whl, b.whl"]
    (folders.workspace / "b").touch()
    denied = scene.run(tried(ATTEST, {"subject-path": "b"}), folders=folders, permissions={"id-token": "write"}, claims=claims_of())
    assert denied.last.reason == "Failed to persist attestation: Resource not accessible by integration"
    anonymous = scene.run(tried(ATTEST, {"subject-path": "b"}), folders=folders)
    assert anonymous.last.reason == 'missing "id-token" permission. Please add "permissions: id-token: write" to your workflow.'
