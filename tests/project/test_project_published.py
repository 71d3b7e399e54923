"""Which distribution a job publishes where a repository has several."""

from __future__ import annotations

from pathlib import Path

import pytest

from pypi_runbook.project import read_project
from pypi_runbook.project.published import main_distribution, published

PROJECTS = {
    "pyproject.toml": '[project]\nname = "root"\nversion = "0"\nclassifiers = ["Private :: Do Not Upload"]\n[tool.uv]\npackage = false\n',
    "packages/core/pyproject.toml": '[project]\nname = "The_Core"\nversion = "1.0"\n',
    "packages/cli/pyproject.toml": '[project]\nname = "the-cli"\nversion = "2.0"\n',
}
UPLOAD = "      - uses: pypa/gh-action-pypi-publish@release/v1\n"
WORKFLOW = "on: push\njobs:\n{jobs}"


def job(name: str, *steps: str, needs: str = "[]", defaults: str = "{}") -> str:
    """Return a job of STEPS, which are commands, or YAML where they begin with a dash."""
    lines = [step if step.lstrip().startswith("- ") else f"      - run: {step}\n" for step in steps]
    return f"  {name}:\n    runs-on: x\n    needs: {needs}\n    defaults: {defaults}\n    steps:\n{''.join(lines)}"


def names(root: Path, *jobs: str, files: dict[str, str] | None = None) -> list[str | None]:
    """Return the names of the distributions that a workflow of JOBS publishes."""
    for name, text in (PROJECTS | (files or {}) | {".github/workflows/publish.yml": WORKFLOW.format(jobs="".join(jobs))}).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return [project.name for project in published(read_project(root))]


@pytest.mark.parametrize(
    "command",
    [
        "uv build --package the-core",
        "uv build --package=the.core --out-dir dist",
        "uv build packages/core",
        "uv build -o dist ./packages/core",
        "uv --directory packages/core build",
        "cd packages/core && uv build",
        "python -m build packages/core",
        "uv run python -m build --outdir dist packages/core/",
        "pipx run build packages/core; pyproject-build packages/core",
        "poetry -C packages/core build",
        "maturin build -m packages/core/pyproject.toml",
        "uv pip install build && python -m build packages/core",
    ],
)
def test_what_a_command_builds(tmp_path: Path, command: str) -> None:
    """The folder or the name that the builder is given says which distribution it is, in the job itself or in one before it."""
    assert names(tmp_path, job("both", command, UPLOAD)) == ["The_Core"]
    assert names(tmp_path, job("build", command), job("publish", UPLOAD, needs="[build]")) == ["The_Core"]


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (("uv build", UPLOAD + "        with: {packages-dir: packages/cli/dist}\n"), ["the-cli"]),
        (("uv build --all-packages", UPLOAD), ["The_Core", "the-cli"]),
        (("uv build --package the-core", "uv build --package the-cli", "uv publish"), ["The_Core", "the-cli"]),
        (("uv build --package the-core", "uv publish packages/cli/dist/*"), ["the-cli"]),
        (("      - run: uv build\n        working-directory: packages/cli\n", UPLOAD), ["the-cli"]),
        (("      - uses: hynek/build-and-inspect-python-package@v2\n        with: {path: packages/cli}\n", UPLOAD), ["the-cli"]),
        (("      - run: uv build\n        working-directory: ${{ matrix.package }}\n", UPLOAD), ["The_Core", "the-cli"]),
    ],
)
def test_where_files_are_taken_from(tmp_path: Path, steps: tuple[str, ...], found: list[str]) -> None:
    """Where the upload looks counts first, then every build; a folder that only a run knows can be that of each member."""
    assert sorted(map(str, names(tmp_path, job("publish", *steps)))) == sorted(found)


def test_default_folder_of_a_job(tmp_path: Path) -> None:
    """`defaults.run.working-directory` is where each command of the job runs."""
    assert names(tmp_path, job("publish", "uv build", UPLOAD, defaults="{run: {working-directory: packages/cli}}")) == ["the-cli"]


def test_job_that_does_not_matter(tmp_path: Path) -> None:
    """A build in a job that the upload does not wait for says nothing about it."""
    jobs = (job("try", "uv build packages/cli"), job("build", "uv build packages/core"), job("publish", UPLOAD, needs="[build]"))
    assert names(tmp_path, *jobs) == ["The_Core"]


def test_nothing_says_it(tmp_path: Path) -> None:
    """It is the root's distribution where that can be published, else one of the others; without a workflow that publishes it is none."""
    assert names(tmp_path / "private", job("publish", UPLOAD)) == ["the-cli", "The_Core"]
    public = {"pyproject.toml": '[project]\nname = "root"\nversion = "1"\n'}
    assert names(tmp_path / "public", job("publish", UPLOAD), files=public) == ["root"]
    assert names(tmp_path / "public", job("build", "uv build"), files=public) == []
    assert main_distribution(read_project(tmp_path / "public")).name == "root"
