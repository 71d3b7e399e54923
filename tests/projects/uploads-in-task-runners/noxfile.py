"""Nothing of this file may run when the project is read."""

from pathlib import Path

Path(__file__).with_name("was-run").touch()

import nox


@nox.session
def lint(session):
    session.run("ruff", "check")


@nox.session(python=False, name="publish")
def upload_to_the_index(session):
    session.run("python", "-m", "twine", "upload", "dist/a.whl", env={"TWINE_REPOSITORY": "testpypi"})
