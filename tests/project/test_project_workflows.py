"""Workflow files: triggers in their three forms, jobs with their lines, and uploads by what they do."""

from __future__ import annotations

from pathlib import Path

import pytest

from pypi_runbook.project import Job, Trigger, Workflow, read_project

PROJECTS = Path(__file__).resolve().parents[1] / "projects"


def workflows(name: str) -> dict[str, Workflow]:
    """Return the specimen's workflows by file name."""
    return {Path(workflow.file).name: workflow for workflow in read_project(PROJECTS / name).workflows}


def job_of(folder: Path, steps: str, *, head: str = "", job: str = "") -> Job:
    """Return the only job of a workflow that is made of these texts."""
    (folder / ".github" / "workflows").mkdir(parents=True, exist_ok=True)
    text = f"on: push\n{head}jobs:\n  only:\n    runs-on: ubuntu-latest\n{job}    steps:\n{steps}"
    (folder / ".github" / "workflows" / "x.yml").write_text(text)
    return read_project(folder).workflows[0].jobs[0]


def uploads(job: Job) -> list[tuple[str | None, str, str]]:
    """Return JOB's uploads without their lines."""
    return [(upload.index, upload.client, upload.auth) for upload in job.publishes]


def test_on_is_a_string_a_list_or_a_mapping() -> None:
    """YAML 1.2: `on` is no boolean, and its three forms give the same kind of trigger."""
    found = workflows("triggers")
    events = {file: [trigger.event for trigger in workflow.triggers] for file, workflow in found.items()}
    assert events == {
        "a-string.yml": ["push"],
        "b-list.yaml": ["push", "pull_request"],
        "c-map.yml": ["push", "release", "schedule", "workflow_dispatch"],
    }
    push, release, schedule, dispatch = found["c-map.yml"].triggers
    assert push == Trigger("push", [], ["main", "release/**"], ["v*"], {}, [], [], [])
    assert release.types == ["published"]
    assert schedule.crons == ["0 4 * * *"]
    assert dispatch.inputs == {"index": {"description": "Where to", "type": "choice", "options": ["pypi", "testpypi"]}}


def test_a_workflow_without_a_name_is_called_by_its_file() -> None:
    """GitHub shows the path then, and so do we."""
    assert workflows("triggers")["a-string.yml"].name == ".github/workflows/a-string.yml"


def test_lines_of_jobs_and_steps() -> None:
    """A job ends with its own last line: a comment above the next job belongs to the next, a blank line to nobody."""
    found = workflows("triggers")
    spans = {job.id: (job.line, job.end_line) for workflow in found.values() for job in workflow.jobs}
    assert spans == {"only": (3, 6), "inherits": (5, 16), "narrows": (19, 28), "last": (3, 14)}
    assert [(step.line, step.end_line) for step in found["c-map.yml"].jobs[0].steps] == [(10, 14)]


def test_id_token_is_inherited_unless_the_job_says_permissions() -> None:
    """A job's own `permissions` replace the workflow's as a whole."""
    found = {job.id: job.id_token for workflow in workflows("triggers").values() for job in workflow.jobs}
    assert found == {"only": None, "inherits": "workflow", "narrows": None, "last": "job"}


def test_python_versions_as_the_runner_sees_them() -> None:
    """Matrix values count, `3.10` without quotes is 3.1 there too, and a version file is read."""
    inherits, narrows = workflows("triggers")["b-list.yaml"].jobs
    assert inherits.python_versions == ["3.12", "3.1", "3.14"]
    assert narrows.python_versions == ["3.13"]


def test_an_environment_that_only_a_run_can_tell_is_null_with_the_reason() -> None:
    """An expression is not shown as if it were a name."""
    facts = read_project(PROJECTS / "triggers")
    inherits, narrows = facts.workflows[1].jobs
    assert (inherits.environment, narrows.environment) == ("staging", None)
    assert {"workflows[1].jobs[1].environment": "it is the expression ${{ github.ref_name }}"}.items() <= {
        item.path: item.reason for item in facts.unknown
    }.items()


def test_publishing_is_found_in_what_a_step_calls() -> None:
    """A shell script, a Python file, a make target and a local action upload; words, comments and dry runs do not."""
    (workflow,) = workflows("hidden-publishing").values()
    assert {job.id: uploads(job) for job in workflow.jobs} == {
        "shell": [("testpypi", "twine", "trusted-publishing")],
        "python": [("https://pypi.example.invalid/legacy/", "poetry", "unknown")],
        "make": [("testpypi", "uv", "token")],
        "action": [("pypi", "pypa/gh-action-pypi-publish", "trusted-publishing")],
        "inner": [("testpypi", "twine", "unknown")],
        "talks": [],
        "publish-to-pypi": [],
    }
    assert [job.publishes[0].line for job in workflow.jobs if job.publishes] == [12, 16, 20, 28, 32]


COMMANDS = {
    "twine upload dist/*": ("pypi", "twine", "unknown"),
    "twine --no-color upload -r testpypi dist/*": ("testpypi", "twine", "unknown"),
    "python3 -m twine upload --repository-url https://test.pypi.org/legacy/ dist/*": ("testpypi", "twine", "unknown"),
    "TWINE_PASSWORD=$TOKEN twine upload dist/*": ("pypi", "twine", "token"),
    "pipx run twine==7.0.0 upload --repository-url=https://upload.pypi.org/legacy/ dist/*": ("pypi", "twine", "unknown"),
    "poetry run twine upload --repository somewhere dist/*": (None, "twine", "unknown"),
    "uvx twine@latest upload dist/*": ("pypi", "twine", "unknown"),
    "test -d dist && .venv/bin/twine upload dist/* || exit 1": ("pypi", "twine", "unknown"),
    "if true; then twine upload dist/*; fi": ("pypi", "twine", "unknown"),
    "uv publish --trusted-publishing always": ("pypi", "uv", "trusted-publishing"),
    "uv --quiet publish --publish-url https://test.pypi.org/legacy/ --token x": ("testpypi", "uv", "token"),
    "poetry publish --build -u __token__ -p $TOKEN": ("pypi", "poetry", "token"),
    "poetry publish -r test-pypi": ("testpypi", "poetry", "unknown"),
    "hatch publish -r test": ("testpypi", "hatch", "unknown"),
    "flit publish --repository pypi": ("pypi", "flit", "unknown"),
    "pdm publish --repository testpypi": ("testpypi", "pdm", "unknown"),
    "maturin upload target/wheels/*": ("pypi", "maturin", "unknown"),
    "pypi-runbook upload testpypi": ("testpypi", "pypi-runbook", "unknown"),
    "export TWINE_REPOSITORY=testpypi; twine upload dist/*": ("testpypi", "twine", "unknown"),
    "twine upload --repository-url $WHERE dist/*": (None, "twine", "unknown"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_an_upload_by_command(tmp_path: Path, command: str) -> None:
    """Each client's own way to say where and with which secret is understood."""
    assert uploads(job_of(tmp_path, f"      - run: |\n          {command}\n")) == [COMMANDS[command]]


@pytest.mark.parametrize(
    "command",
    [
        "echo twine upload",
        "twine check dist/*",
        "pip install twine",
        "uv publish --dry-run",
        "poetry build",
        "printf 'uv publish'",
        "git push",
        "uv build",
    ],
)
def test_what_uploads_nothing(tmp_path: Path, command: str) -> None:
    """A client's name or verb alone is no upload."""
    assert uploads(job_of(tmp_path, f"      - run: |\n          {command}\n")) == []


def test_the_index_may_come_from_the_matrix(tmp_path: Path) -> None:
    """One step with two values is two uploads, each named once."""
    matrix = "    strategy:\n      matrix:\n        url: [https://test.pypi.org/legacy/, https://upload.pypi.org/legacy/]\n"
    steps = "      - uses: pypa/gh-action-pypi-publish@release/v1\n        with:\n          repository-url: ${{ matrix.url }}\n"
    assert [index for index, _, _ in uploads(job_of(tmp_path, steps, job=matrix))] == ["testpypi", "pypi"]


def test_an_index_that_only_a_run_can_tell_is_null_with_the_reason(tmp_path: Path) -> None:
    """An expression over secrets has no value in the file."""
    inputs = "          repository-url: ${{ vars.INDEX }}\n          password: ${{ secrets.T }}\n"
    steps = f"      - uses: pypa/gh-action-pypi-publish@release/v1\n        with:\n{inputs}"
    assert uploads(job_of(tmp_path, steps)) == [(None, "pypa/gh-action-pypi-publish", "token")]
    assert "workflows[0].jobs[0].publishes[0].index" in {item.path for item in read_project(tmp_path).unknown}


def test_the_environment_of_the_workflow_counts(tmp_path: Path) -> None:
    """A secret that the workflow's `env` holds is the step's secret too."""
    job = job_of(tmp_path, "      - run: uv publish\n", head="permissions:\n  id-token: write\nenv:\n  UV_PUBLISH_TOKEN: ${{ secrets.T }}\n")
    assert uploads(job) == [("pypi", "uv", "token")]
    assert job.id_token == "workflow"


def test_scripts_that_call_each_other_end(tmp_path: Path) -> None:
    """A script is read once, also when it calls itself."""
    (tmp_path / "loop.sh").write_text("bash loop.sh\ntwine upload dist/*\n")
    assert uploads(job_of(tmp_path, "      - run: bash loop.sh\n")) == [("pypi", "twine", "unknown")]


def test_a_script_outside_the_repository_is_not_read(tmp_path: Path) -> None:
    """Only the repository's own files are looked into."""
    (tmp_path / "outside.sh").write_text("twine upload dist/*\n")
    assert uploads(job_of(tmp_path / "repository", "      - run: bash ../outside.sh\n")) == []
