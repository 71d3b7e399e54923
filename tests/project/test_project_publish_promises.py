"""publish-pypi.yml, this repository's and the AI Ops project's: what the file promises, read from its text without running it.

Each promise that a small slip in the file would break without an error stands here; what a run shows is the rehearsal's
(tests/rehearsal/test_rehearse_projects.py), and the scripts that decide something are run in test_project_publish_workflow.py.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pypi_runbook.project.expressions import Value, condition, interpolate
from pypi_runbook.project.yaml import read_yaml

ROOT = Path(__file__).resolve().parents[2]
SPECIMEN = ROOT / "tests" / "projects" / "nautobot-ai-ops"
FILE = ".github/workflows/publish-pypi.yml"

PROMISES = [
    ("a release that is published starts it, however it was made", "on.release", {"types": ["published"]}),
    ("a person starts it with one box, which is not ticked", "on.workflow_dispatch.inputs.testpypi.type", "boolean"),
    ("a person starts it with one box, which is not ticked", "on.workflow_dispatch.inputs.testpypi.default", False),
    ("a job has no permission but its own", "permissions", {}),
    ("an upload is never cancelled half way", "concurrency.cancel-in-progress", False),
    ("a script ends at the first command that fails, inside a pipe too", "defaults", {"run": {"shell": "bash"}}),
    ("who builds can read the commit, and nothing else", "jobs.build.permissions", {"contents": "read"}),
    ("who publishes can prove its identity, and nothing else", "jobs.pypi.permissions", {"id-token": "write"}),
    ("who publishes can prove its identity, and nothing else", "jobs.testpypi.permissions", {"id-token": "write"}),
    ("who edits the notes can write to the repository, without an identity", "jobs.notes.permissions", {"contents": "write"}),
    ("Poetry builds with the tools beside it", "jobs.build.env", {"POETRY_VIRTUALENVS_CREATE": "false"}),
    ("each index has its environment", "jobs.pypi.environment", {"name": "pypi", "url": "https://pypi.org/project/pypi-runbook/"}),
    ("each index has its environment", "jobs.testpypi.environment", {"name": "testpypi", "url": "https://test.pypi.org/project/pypi-runbook/"}),
    ("nothing is published that was not built", "jobs.pypi.needs", "build"),
    ("nothing is published that was not built", "jobs.testpypi.needs", "build"),
    ("the notes name only what PyPI has", "jobs.notes.needs", ["build", "pypi"]),
    ("the notes name only what PyPI has", "jobs.notes.if", None),
    ("a published release reaches PyPI, and nothing else does", "jobs.pypi.if", "github.event_name == 'release'"),
    ("a ticked box reaches TestPyPI", "jobs.testpypi.if", "github.event_name == 'workflow_dispatch' && inputs.testpypi"),
]
# Every action in its order, with all that it is given: an input more or less can undo a gate.
ACTIONS = [
    ("build", "actions/checkout", {"persist-credentials": False}),
    ("build", "actions/setup-python", {"python-version": "3.11"}),
    ("build", "actions/upload-artifact", {"name": "dist", "path": "dist/", "if-no-files-found": "error"}),
    ("pypi", "actions/download-artifact", {"name": "dist", "path": "dist/"}),
    ("pypi", "pypa/gh-action-pypi-publish", {"print-hash": True}),
    ("testpypi", "actions/download-artifact", {"name": "dist", "path": "dist/"}),
    ("testpypi", "pypa/gh-action-pypi-publish", {"repository-url": "https://test.pypi.org/legacy/", "print-hash": True}),
]
COMMANDS = [
    ("the tools have a place of their own", 'python -m venv "$RUNNER_TEMP/tools"'),
    (
        "exact versions, and only files with a known hash",
        '"$RUNNER_TEMP/tools/bin/python" -m pip install --require-hashes --no-deps --requirement .github/requirements/build.txt',
    ),
    ("what follows finds these tools first", 'echo "$RUNNER_TEMP/tools/bin" >> "$GITHUB_PATH"'),
    ("the lock belongs to the metadata", "poetry check --no-ansi --lock"),
    ("the archives carry the commit's time, not the author's", "SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)\nexport SOURCE_DATE_EPOCH"),
    ("an old file in dist/ is not published", "poetry build --no-ansi --clean"),
    ("a warning about the description stops the release", "twine check --strict dist/*"),
]


@cache
def read(file: str = FILE) -> Any:
    """Return the workflow FILE as values."""
    return read_yaml(ROOT / file, ROOT)


def steps() -> list[tuple[str, dict[str, Any]]]:
    """Return every step with its job's id."""
    return [(name, step) for name, job in read()["jobs"].items() for step in job["steps"]]


def scripts() -> list[str]:
    """Return every script for bash."""
    return [step["run"] for _, step in steps() if "run" in step and step.get("shell") != "python"]


@pytest.mark.parametrize(("words", "path", "expected"), PROMISES, ids=[path for _, path, _ in PROMISES])
def test_the_file_keeps_its_promise(words: str, path: str, expected: object) -> None:
    """What the first column says is so because the second has the third; None: there is no such key."""
    found = read()
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    assert found == expected, words


def test_nothing_else_starts_or_softens_it() -> None:
    """Two events, four jobs, one gate with a condition; no job or step is allowed to fail."""
    workflow = read()
    assert list(workflow["on"]) == ["release", "workflow_dispatch"]
    assert list(workflow["on"]["workflow_dispatch"]["inputs"]) == ["testpypi"]
    assert list(workflow["jobs"]) == ["build", "pypi", "testpypi", "notes"]
    assert [step["if"] for _, step in steps() if "if" in step] == ["github.event_name == 'release'"]
    assert "continue-on-error" not in (ROOT / FILE).read_text()


def test_each_action_gets_exactly_its_inputs() -> None:
    """No cache, no credentials left behind, no skipped file, no password: each is one more or one less input."""
    assert [(job, step["uses"].partition("@")[0], step["with"]) for job, step in steps() if "uses" in step] == ACTIONS


def test_the_gates_stand_before_what_is_handed_over() -> None:
    """Each command has the options that make it a gate, and its place before the next."""
    text = "\n".join(["", *(script.rstrip("\n") for script in scripts()), ""])
    places = [text.find(f"\n{command}\n") for _, command in COMMANDS]
    assert -1 not in places, [words for (words, _), place in zip(COMMANDS, places, strict=True) if place < 0]
    assert places == sorted(places)
    assert read()["jobs"]["build"]["steps"][-1]["uses"].startswith("actions/upload-artifact@")


def test_poetry_answers_without_colours() -> None:
    """Its answer becomes an output and a file's name; FORCE_COLOR in a runner's environment must not reach them."""
    commands = [command for script in scripts() for command in re.findall(r"\bpoetry [^)\n]*", script)]
    assert len(commands) > 4
    assert all(" --no-ansi" in command for command in commands), commands


def test_no_value_is_split_into_words() -> None:
    """In a script every variable stands in double quotes or in an assignment, and a file of GitHub's is appended to."""
    for script in scripts():
        bare = re.sub(r'"[^"]*"|^ *\w+=(\S+|\$\{.*\}|\$\(.*\))$', "", script, flags=re.MULTILINE)
        assert "$" not in bare, bare
        assert not re.search(r'(?<!>)> *"?\$GITHUB_', script)


def test_no_job_hangs_for_hours_or_is_cut_short() -> None:
    """A stuck upload ends while somebody still watches; a slow index has its minutes."""
    assert all(5 <= job["timeout-minutes"] <= 30 for job in read()["jobs"].values())


def test_each_job_runs_on_the_image_that_ci_tests() -> None:
    """A name like ubuntu-latest would change the machine beneath a release."""
    (image,) = read(".github/workflows/ci.yml")["jobs"]["tests"]["strategy"]["matrix"]["os"]
    assert {job["runs-on"] for job in read()["jobs"].values()} == {image}
    assert re.fullmatch(r"ubuntu-\d\d\.\d\d", image)


def test_every_action_is_pinned_by_commit_with_its_version() -> None:
    """A moving tag cannot change what publishes; the comment says which version the commit is, the same one everywhere."""
    pins = defaultdict(set)
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
        for line in re.findall(r"uses:.*", path.read_text()):
            found = re.fullmatch(r"uses: ([\w./-]+)@([0-9a-f]{40} # v\d+\.\d+\.\d+)", line)
            assert found, f"{path.name}: {line}"
            pins[found[1]].add(found[2])
    assert {action: pin for action, pin in pins.items() if len(pin) > 1} == {}


def test_no_expression_stands_in_a_script() -> None:
    """What GitHub substitutes into a script could be code; it goes through `env`, where it is a value."""
    for file in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
        for name, job in read(str(file.relative_to(ROOT)))["jobs"].items():
            assert not [step["name"] for step in job["steps"] if "${{" in step.get("run", "")], name


def event(name: str, ref: str, testpypi: bool | None = None) -> dict[str, Value]:
    """Return what expressions see; every value differs from its neighbours, so that a wrong name gives another text."""
    release: dict[str, Value] = {"id": 7, "node_id": "RE_7", "tag_name": "tag", "name": "title", "prerelease": True, "draft": False}
    outputs: dict[str, Value] = {"name": "made", "version": "1.2"}
    github: dict[str, Value] = {"event_name": name, "ref": ref, "sha": "0" * 40, "repository": "o/r", "repository_owner": "o", "token": "ghs_t"}
    github["event"] = {"release": release} if name == "release" else {"inputs": {"testpypi": "true" if testpypi else "false"}}
    inputs: dict[str, Value] = {} if testpypi is None else {"testpypi": testpypi}
    answers: dict[str, Value] = {step["id"]: {"outputs": outputs} for _, step in steps() if "id" in step}
    return {"github": github, "inputs": inputs, "secrets": {}, "steps": answers, "needs": {"build": {"outputs": outputs}}}


@pytest.mark.parametrize(
    ("way", "group", "running", "development"),
    [
        (("release", "refs/tags/1.2"), "publish-pypi-refs/tags/1.2", ["pypi"], False),
        (("workflow_dispatch", "refs/heads/main", True), "publish-testpypi-refs/heads/main", ["testpypi"], True),
        (("workflow_dispatch", "refs/heads/main", False), "publish-build-refs/heads/main", [], False),
    ],
    ids=["release", "ticked", "clear"],
)
def test_each_way_has_its_queue_and_its_index(way: tuple[str, str, bool], group: str, running: list[str], development: bool) -> None:
    """Uploads to one index for one ref wait for each other; a development version is built for TestPyPI alone."""
    workflow, contexts = read(), event(*way)
    assert interpolate(workflow["concurrency"]["group"], contexts) == group
    assert [name for name in ("pypi", "testpypi") if condition(workflow["jobs"][name]["if"], contexts) is True] == running
    (flag,) = (step["env"]["TESTPYPI"] for _, step in steps() if "TESTPYPI" in step.get("env", {}))
    assert interpolate(flag, contexts) is development


def test_each_name_gets_its_own_value() -> None:
    """Name and version, tag and title, id and node id do not change places on their way into a step."""
    contexts = event("release", "refs/tags/1.2")
    given = [*read()["jobs"]["build"]["outputs"].items(), *(pair for _, step in steps() for pair in step.get("env", {}).items())]
    assert [(key, interpolate(value, contexts)) for key, value in given] == [
        *(("name", "made"), ("version", "1.2"), ("TESTPYPI", False)),
        *(("TAG", "tag"), ("PRERELEASE", True), ("VERSION", "1.2")),
        *(("GH_TOKEN", "ghs_t"), ("NAME", "made"), ("VERSION", "1.2"), ("RELEASE", "/repos/o/r/releases/7")),
    ]


def test_both_projects_publish_with_the_same_workflow() -> None:
    """The AI Ops copy differs in the project's name alone, and has the same build tools."""
    ours, theirs = ((root / FILE).read_text() for root in (ROOT, SPECIMEN))
    assert theirs == ours.replace("/project/pypi-runbook/", "/project/nautobot-ai-ops/")
    assert (SPECIMEN / ".github/requirements/build.txt").read_bytes() == (ROOT / ".github/requirements/build.txt").read_bytes()
