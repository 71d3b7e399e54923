"""What triggers what: ways to start a workflow, the jobs that each runs, where they publish, and the routes that are not safe."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pypi_runbook.finding import Finding
from pypi_runbook.project import Facts, read_project
from pypi_runbook.project.expressions import Open, Value
from pypi_runbook.project.refs import matches
from pypi_runbook.project.routes import contexts_of, routes, runs, warnings, ways, without_markup
from pypi_runbook.project.routes.answers import GOING_WELL, holds

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = ROOT / "tests/projects"
DRIFTED = PROJECTS / "nautobot-ai-ops-drifted"
UPLOAD = "steps: [{uses: pypa/gh-action-pypi-publish@release/v1}]"
TEST_UPLOAD = "steps: [{uses: pypa/gh-action-pypi-publish@release/v1, with: {repository-url: https://test.pypi.org/legacy/}}]"


def project(folder: Path, *workflows: str) -> Facts:
    """Return the facts of a project in FOLDER with WORKFLOWS, named a.yml, b.yml and so on."""
    (folder / ".github/workflows").mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "a"\nversion = "1.0"\nurls = {Repository = "https://github.com/o/n"}\n')
    for letter, text in zip("abc", workflows, strict=False):
        (folder / f".github/workflows/{letter}.yml").write_text(text)
    return read_project(folder)


def told(facts: Facts) -> dict[str, dict[str, str]]:
    """Return, for each way in words, the answer of each job that may run: yes or `?`."""
    found = {}
    for route in routes(facts):
        found[without_markup(route.way.sentence)] = {job: "yes" if answer else "?" for job, answer in route.jobs.items() if answer is not False}
    return found


RELEASE = contexts_of("release", "refs/tags/1.0.0", {"action": "published", "release": Open(tag_name="1.0.0")})
BY_HAND = contexts_of("workflow_dispatch", "refs/heads/main", {"inputs": {"trial": "true"}}, {"trial": True})


@pytest.mark.parametrize(
    ("condition", "contexts", "answer"),
    [
        ("github.event_name == 'release'", RELEASE, True),
        ("github.event_name == 'release'", BY_HAND, False),
        ("${{ github.event_name == 'RELEASE' && github.event.action == 'published' }}", RELEASE, True),
        ("inputs.trial", BY_HAND, True),
        ("inputs.trial", RELEASE, False),
        ("github.event.inputs.trial == 'true'", BY_HAND, True),
        ("startsWith(github.ref, 'refs/tags/')", RELEASE, True),
        ("startsWith(github.ref, 'refs/tags/')", BY_HAND, False),
        ("!(github.event_name != 'release') || false", RELEASE, True),
        ("github.event.release.prerelease", RELEASE, None),
        ("github.event.release.prerelease", BY_HAND, False),
        ("github.event.release.prerelease && github.event_name == 'push'", RELEASE, False),
        ("always() || github.actor == 'x'", RELEASE, True),
        ('contains(fromJSON(\'["release", "push"]\'), github.event_name)', RELEASE, True),
        ("hashFiles('a') == ''", RELEASE, None),
        ("failure()", RELEASE, False),
        ("a +* b", RELEASE, None),
    ],
)
def test_conditions_have_three_answers(condition: str, contexts: dict[str, Value], answer: bool | None) -> None:
    """Yes and no where the event decides; where only a run can tell, nobody guesses."""
    assert holds(condition, contexts, GOING_WELL) is answer


ALL_EVENTS = """
on:
  release: {types: [published, released]}
  push: {branches: [main, "release/**"], tags: ["v*", "!v0*"]}
  pull_request:
  schedule: [{cron: "0 4 * * 1"}]
  workflow_call:
  repository_dispatch:
  workflow_dispatch:
    inputs:
      where: {description: Where to, type: choice, options: [nowhere, testpypi], default: testpypi}
      note: {type: string}
jobs:
  always: {runs-on: x, steps: [{run: "true"}]}
  stable: {runs-on: x, if: "github.event_name == 'release' && !github.event.release.prerelease", steps: [{run: "true"}]}
  tagged: {runs-on: x, if: "startsWith(github.ref, 'refs/tags/v')", steps: [{run: "true"}]}
  asked: {runs-on: x, if: inputs.where == 'testpypi', steps: [{run: "true"}]}
  noted: {runs-on: x, if: inputs.note != '', steps: [{run: "true"}]}
  monday: {runs-on: x, if: "github.event.schedule == '0 4 * * 1'", steps: [{run: "true"}]}
  main: {runs-on: x, if: github.ref == 'refs/heads/main', steps: [{run: "true"}]}
  trusted: {runs-on: x, if: "!github.event.pull_request.head.repo.fork", steps: [{run: "true"}]}
  here: {runs-on: x, if: github.repository == 'o/n', steps: [{run: "true"}]}
"""


def test_each_way_to_start_a_workflow(tmp_path: Path) -> None:
    """Every event has its ways: kinds of releases, tags and branches that its filters let through, inputs, forks."""
    found = {
        words: " ".join(f"{job}{'?' if answer == '?' else ''}" for job, answer in jobs.items())
        for words, jobs in told(project(tmp_path, ALL_EVENTS)).items()
    }
    assert found == {
        "A GitHub release is published, as a stable one": "always stable tagged trusted here",
        "A GitHub release is published, as a pre-release": "always tagged trusted here",
        "A GitHub release is published (released)": "always stable tagged trusted here",
        "A tag like v*, !v0* is pushed, for a stable version": "always tagged trusted here",
        "A tag like v*, !v0* is pushed, for a pre-release": "always tagged trusted here",
        "Someone pushes to a branch main, release/**, main": "always main trusted here",
        "Someone pushes to a branch main, release/**, another branch": "always trusted here",
        "Someone opens or changes a pull request, from a branch of the repository": "always trusted here",
        "Someone opens or changes a pull request, from a fork": "always here",
        "On schedule: 0 4 * * 1": "always monday main trusted here",
        "The event repository_dispatch": "always tagged? monday? main? trusted? here",
        "Someone selects Run workflow, with Where to set to testpypi, on a branch": "always asked noted? main trusted here",
        "Someone selects Run workflow, with Where to set to testpypi, on a tag": "always tagged asked noted? trusted here",
        "Someone selects Run workflow, with Where to set to nowhere, on a branch": "always noted? main trusted here",
        "Someone selects Run workflow, with Where to set to nowhere, on a tag": "always tagged noted? trusted here",
    }


@pytest.mark.parametrize(
    ("filters", "refs"),
    [
        ("tags: ['rel-*']", ["refs/tags/rel-1.0.0", "refs/tags/rel-1.0.0rc1"]),
        ("tags: ['v[0-9].*', '!*rc*', '!*b*', '!*a*', '!*dev*']", ["refs/tags/v1.0.0"]),
        ("tags: [nightly]", [None]),
        ("tags-ignore: ['v*']", ["refs/tags/1.0.0", "refs/tags/1.0.0rc1"]),
        ("branches: [stable, 'v*']", ["refs/heads/stable", "refs/heads/another-branch"]),
        ("branches-ignore: [main]", ["refs/heads/another-branch"]),
    ],
)
def test_pushes_that_the_filters_let_through(tmp_path: Path, filters: str, refs: list[str | None]) -> None:
    """A way of a push is for a tag or a branch that the filters let through; where no usual form is, its name is not known."""
    (workflow,) = project(tmp_path, f"on: {{push: {{{filters}}}}}\njobs:\n  a: {{runs-on: x, steps: [{{run: x}}]}}").workflows
    assert [way.ref for way in ways(workflow)] == refs


def test_jobs_that_wait(tmp_path: Path) -> None:
    """A skipped job anywhere before a job keeps it from running, unless its condition says otherwise."""
    jobs = """
on: push
jobs:
  no: {runs-on: x, if: false, steps: [{run: "true"}]}
  second: {runs-on: x, needs: no, steps: [{run: "true"}]}
  anyway: {runs-on: x, needs: [no], if: always(), steps: [{run: "true"}]}
  after: {runs-on: x, needs: anyway, steps: [{run: "true"}]}
  judged: {runs-on: x, needs: [no, anyway], if: "!cancelled() && needs.no.result == 'skipped' && needs.anyway.result == 'success'", steps: [{run: x}]}
  unsure: {runs-on: x, if: vars.GO, steps: [{run: "true"}]}
  later: {runs-on: x, needs: unsure, steps: [{run: "true"}]}
  circle: {runs-on: x, needs: circle, steps: [{run: "true"}]}
"""
    found = told(project(tmp_path, jobs))["A tag is pushed, for a stable version"]
    assert found == {"anyway": "yes", "judged": "yes", "unsure": "?", "later": "?", "circle": "?"}


@pytest.mark.parametrize("condition", ["success()", "always()"])
def test_a_long_chain_of_jobs(tmp_path: Path, condition: str) -> None:
    """A chain of more jobs than Python nests calls is worked out."""
    jobs = "".join(f"  j{number}: {{runs-on: x, needs: [j{number - 1}], if: {condition}, steps: [{{run: x}}]}}\n" for number in range(1, 400))
    facts = project(tmp_path, f"on: push\njobs:\n  j0: {{runs-on: x, steps: [{{run: x}}]}}\n{jobs}")
    (workflow,) = facts.workflows
    assert runs(workflow, workflow.jobs[-1], ways(workflow)[0]) is True


@pytest.mark.parametrize(
    ("patterns", "let", "kept"),
    [
        (["v*"], ["v1.0"], ["1.0", "v1/0"]),
        (["**"], ["a/b"], []),
        (["*.*.*", "!*rc*"], ["1.0.0"], ["1.0.0rc1", "1.0"]),
        (["!1.*", "1.0"], ["1.0"], ["1.1"]),
        (["v[0-9]+.[0-9]+"], ["v1.22"], ["v1", "v1.x"]),
        (["release/**/x"], ["release/x", "release/a/b/x"], ["release/y"]),
        (["v1.?"], ["v1.", "v1"], ["v1.0"]),
        (["(", "a\\*"], ["(", "a*"], ["ab"]),
    ],
)
def test_filter_patterns(patterns: list[str], let: list[str], kept: list[str]) -> None:
    """Patterns of branches and tags match as GitHub's do: `*` stops at a slash, `!` takes out, the last one that matches decides."""
    assert [name for name in [*let, *kept] if matches(patterns, name)] == let


def publishes(facts: Facts) -> dict[str, list[tuple[str | None, str | None]]]:
    """Return index and environment of each upload, by the way that leads to it."""
    return {without_markup(route.way.sentence): [(upload.index, upload.environment) for upload in route.uploads] for route in routes(facts)}


def test_where_each_way_publishes(tmp_path: Path) -> None:
    """An index, an environment and a step that the event decides are worked out for it, through a called workflow too."""
    caller = """
on: {release: {types: [published]}, workflow_dispatch: {inputs: {real: {type: boolean}}}}
jobs:
  send:
    uses: ./.github/workflows/b.yml
    permissions: {id-token: write}
    with: {index: "${{ (github.event_name == 'release' || inputs.real) && 'pypi' || 'testpypi' }}"}
  step:
    runs-on: x
    permissions: {id-token: write}
    steps:
      - {uses: pypa/gh-action-pypi-publish@release/v1, if: github.event_name == 'release'}
"""
    called = """
on: {workflow_call: {inputs: {index: {type: string}}}}
jobs:
  upload:
    runs-on: x
    environment: ${{ inputs.index }}
    steps:
      - run: twine upload --repository ${{ inputs.index }} dist/*
"""
    hand = "Someone selects Run workflow, with real {}, on a branch"
    found = publishes(project(tmp_path, caller, called))
    assert found["A GitHub release is published, as a stable one"] == [("pypi", "pypi"), ("pypi", None)]
    assert found[hand.format("clear")] == [("testpypi", "testpypi")]
    assert found[hand.format("ticked")] == [("pypi", "pypi")]


def brief(found: list[Finding]) -> list[tuple[str, str, int | None]]:
    """Return name, severity and line of each finding."""
    return [(each.id, each.severity, each.line) for each in found]


@pytest.mark.parametrize("folder", [ROOT, PROJECTS / "nautobot-ai-ops"], ids=["this", "nautobot-ai-ops"])
def test_safe_routes_have_no_warning(folder: Path) -> None:
    """This repository and the seed's own project publish by one route each."""
    assert warnings(read_project(folder)) == []


def test_the_drifted_workflow_is_warned_of() -> None:
    """The two triggers, the run by hand that publishes to both indexes, and the late gate are told, each at its line; `show` tells them too."""
    lines = (DRIFTED / ".github/workflows/publish-pypi.yml").read_text().splitlines()
    evidence = ("*.*.*", "&& !contains(github.ref", "&& !contains(github.ref", "Require a changelog entry")
    at = [next(number for number, line in enumerate(lines, 1) if text in line) for text in evidence]
    names = ["publishes-twice", "publishes-to-both", "dispatch-publishes", "gate-after-tag"]
    assert brief(warnings(read_project(DRIFTED))) == [(name, "warning", line) for name, line in zip(names, at, strict=True)]
    command = [sys.executable, "-m", "pypi_runbook", "show", "--project", str(DRIFTED)]
    document = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout)
    assert [each["id"] for each in document["warnings"]] == names
    assert all((ROOT / "docs" / each["page"]).is_file() for each in document["warnings"])


def flow(on: str, *jobs: str) -> str:
    """Return a workflow of JOBS that ON starts."""
    return f"on: {on}\njobs:\n" + "".join(f"  {job}\n" for job in jobs)


def up(condition: str = "true", needs: str = "[]", steps: str = UPLOAD) -> str:
    """Return a job that uploads to PyPI."""
    return f"up: {{runs-on: x, needs: {needs}, if: {condition}, {steps}}}"


RELEASED, TAGGED, HAND = "{release: {types: [published]}}", "{push: {tags: ['v*']}}", "{workflow_dispatch: {inputs: {go: {type: boolean}}}"
TRIAL = f"trial: {{runs-on: x, {TEST_UPLOAD}}}"
FIRST, AFTER = "first: {runs-on: x, if: inputs.go, steps: []}", "after: {runs-on: x, needs: first, if: always(), steps: []}"
CHECK = "check: {runs-on: x, steps: [{run: pytest}]}"


@pytest.mark.parametrize(
    ("workflows", "wanted"),
    [
        ([flow("{release: {types: [published, created]}}", up())], ["publishes-twice"]),
        ([flow("{release: {types: [published, edited]}}", up())], []),
        ([flow("{release: {types: [created]}}", up())], ["misses-drafts"]),
        ([flow("{release: {types: [created]}}", up()), flow(TAGGED, TRIAL)], ["misses-drafts"]),
        ([flow("{release: {types: [created]}}", TRIAL), flow(RELEASED, up())], ["misses-drafts"]),
        ([flow("{release: {types: [created]}}", up("github.event.action == 'published'"))], ["never-publishes"]),
        ([flow("{release: {types: [released, prereleased]}}", up())], []),
        ([flow(TAGGED, up()), flow(RELEASED, up())], ["publishes-twice"]),
        ([flow(TAGGED, up()), flow(RELEASED, TRIAL)], []),
        ([flow(TAGGED, up("vars.GO")), flow("release", up("vars.GO"))], []),
        ([flow(HAND + "}", up("inputs.go"), TRIAL)], ["publishes-to-both"]),
        ([flow(HAND + "}", up("inputs.go"), TRIAL.replace("runs-on", "if: '!inputs.go', runs-on"))], []),
        ([flow("workflow_dispatch", up())], []),
        ([flow("[release, workflow_dispatch]", up("github.event.action != 'edited'"))], ["publishes-twice", "dispatch-publishes"]),
        ([flow(HAND + ", push: {tags: ['*']}}", up("github.ref_type == 'tag'"))], ["dispatch-publishes"]),
        ([flow(HAND + ", push: {tags: ['*']}}", up("github.event_name == 'push' || inputs.go"))], []),
        ([flow(TAGGED, CHECK, up(needs="check"))], ["gate-after-tag"]),
        ([flow(TAGGED, CHECK, up(needs="check")), flow("push", CHECK.replace("pytest", "python -m pytest -q"))], []),
        ([flow(TAGGED, CHECK.replace("runs-on", "needs: up, runs-on"), up())], []),
        ([flow(RELEASED, up("github.event_name == 'push'"))], ["never-publishes"]),
        ([flow(RELEASED, up("github.ref == 'refs/tags/9'"))], []),
        ([flow("push", CHECK)], []),
        ([flow(HAND + "}", FIRST, AFTER, up(needs="after"))], ["skipped-by-ancestor"]),
        ([flow(HAND + "}", FIRST, AFTER, up("needs.after.result == 'success'", needs="after"))], ["skipped-by-ancestor"]),
        ([flow(HAND + "}", FIRST, AFTER, up("'!failure()'", needs="after"))], []),
        ([flow(HAND + "}", FIRST, AFTER, up("inputs.go", needs="after"))], []),
        ([flow(HAND + "}", FIRST, AFTER.replace("always()", "success()"), up(needs="after"))], []),
        ([flow(HAND + "}", FIRST, AFTER, up(needs="first"))], []),
    ],
)
def test_what_is_warned_of(tmp_path: Path, workflows: list[str], wanted: list[str]) -> None:
    """Each kind of unsafe route is found, and its safe neighbour is not."""
    found = warnings(project(tmp_path, *workflows))
    assert [each.id for each in found] == wanted
    assert all(each.file and each.line and each.fix and each.page for each in found)
