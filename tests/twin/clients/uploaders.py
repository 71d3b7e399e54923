"""The steps of the clients that upload: what each types at an index that accepts, refuses, fails, or has the file already."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from desk import LEGACY, NAME, PATIENCE, Desk
from transcripts import Record

from pypi_runbook.twin.namespace import namespaces_work

SIMPLE = {"testpypi": "https://test.pypi.org/simple/", "pypi": "https://pypi.org/simple/"}
DIRECT = {"NO_PROXY": "*", "no_proxy": "*"}
ONCE = {"requests": 1}
PROJECT = """[project]
name = "{name}"
version = "{version}"
description = "A sample"
requires-python = ">=3.11"

[build-system]
requires = ["flit_core"]
build-backend = "flit_core.buildapi"

[tool.flit.module]
name = "sample_project"
"""


@dataclass(frozen=True)
class Upload:
    """One step. Each has its own version where it does not ask for an earlier one, since some clients look first.

    token: whose token the client has, `wrong` for one that nobody made; None: the index's own. skip: with the client's own
    option for files that are there. same: the files of the step before. job: without a token, as this job of a workflow.
    direct: past the tunnel, which only a namespace allows. fault: what the twin does to uploads, and how often.
    """

    name: str
    version: str
    index: str = "testpypi"
    content: str = ""
    token: str | None = None
    skip: bool = False
    same: bool = False
    job: str | None = None
    direct: bool = False
    fault: tuple[str, dict[str, int]] | None = None


UPLOADS = (
    Upload("upload", "1.0"),
    Upload("again", "1.0", same=True),
    Upload("other-bytes", "1.0", content="other = True\n"),
    Upload("skip-existing", "1.0", content="other = True\n", skip=True),
    Upload("upload-pypi", "1.0", index="pypi"),
    Upload("skip-existing-pypi", "1.0", index="pypi", content="other = True\n", skip=True),
    Upload("refused", "1.1+local"),
    Upload("wrong-token", "1.2", token="wrong"),
    Upload("other-token", "1.3", index="pypi", token="testpypi"),
    Upload("trusted-publishing", "1.8", index="pypi", job="pypi"),
    Upload("wrong-publisher", "1.9", index="pypi", job="testpypi"),
    Upload("outage", "1.4", fault=("outage", ONCE)),
    Upload("lasting-outage", "1.5", fault=("outage", {})),
    Upload("too-many-requests", "1.6", fault=("too-many-requests", ONCE)),
    # Clients tell a broken connection to a proxy from another one, and some go on differently.
    Upload("cut", "1.10", fault=("cut", ONCE), direct=True),
    Upload("cut-behind-proxy", "1.7", fault=("cut", ONCE)),
)


class Uploader:
    """A client: its command for an index, the variables that carry its token, and what it needs beforehand."""

    # How long it may take when the twin drops its connection behind a proxy.
    patience = PATIENCE

    def prepare(self, desk: Desk) -> None:
        """Do once what the client needs before its first upload."""

    def command(self, index: str) -> str:
        """Return what a person types to upload `dist` to INDEX."""
        raise NotImplementedError

    def variables(self, index: str, token: str) -> dict[str, str]:
        """Return how the client gets TOKEN for INDEX."""
        raise NotImplementedError

    def skipping(self, index: str) -> str | None:
        """Return what a person types to pass over files that INDEX has, or None where the client has no such option."""
        del index
        return None

    def trusted(self, index: str) -> str | None:
        """Return what a workflow runs to upload to INDEX with Trusted Publishing, or None where the client knows nothing of it."""
        del index
        return None


class Twine(Uploader):
    """twine knows TestPyPI by name."""

    # There it never ends: it sends the same body again, of which nothing is left, and waits for an answer.
    patience = 4.0

    def command(self, index: str) -> str:
        """Return `twine upload`."""
        where = " --repository testpypi" if index == "testpypi" else ""
        return f"twine upload --non-interactive --disable-progress-bar{where} dist/*"

    def variables(self, index: str, token: str) -> dict[str, str]:
        """Return its user name and password."""
        del index
        return {"TWINE_USERNAME": "__token__", "TWINE_PASSWORD": token}

    def skipping(self, index: str) -> str:
        """Return the command with `--skip-existing`."""
        return self.command(index).replace("dist/*", "--skip-existing dist/*")

    def trusted(self, index: str) -> str:
        """Return the same command: without a password it asks for an identity."""
        return self.command(index)


class Uv(Uploader):
    """uv gets addresses."""

    def command(self, index: str) -> str:
        """Return `uv publish`."""
        return f"uv publish --publish-url {LEGACY[index]}" if index == "testpypi" else "uv publish"

    def variables(self, index: str, token: str) -> dict[str, str]:
        """Return its token."""
        del index
        return {"UV_PUBLISH_TOKEN": token}

    def skipping(self, index: str) -> str:
        """Return the command with the address at which it asks."""
        return f"{self.command(index)} --check-url {SIMPLE[index]}"

    def trusted(self, index: str) -> str:
        """Return the command that says why there is no identity; by itself, uv would only say that there is no token."""
        return f"{self.command(index)} --trusted-publishing always"


class Poetry(Uploader):
    """Poetry has to be told where TestPyPI is."""

    def prepare(self, desk: Desk) -> None:
        """Give it TestPyPI's name."""
        done = desk.person.run("poetry", "config", "repositories.testpypi", LEGACY["testpypi"])
        assert done.returncode == 0, done.stdout

    def command(self, index: str) -> str:
        """Return `poetry publish`."""
        return "poetry publish --no-interaction" + (" --repository testpypi" if index == "testpypi" else "")

    def variables(self, index: str, token: str) -> dict[str, str]:
        """Return its token for one repository."""
        return {f"POETRY_PYPI_TOKEN_{index.upper()}": token}

    def skipping(self, index: str) -> str:
        """Return the command with `--skip-existing`."""
        return f"{self.command(index)} --skip-existing"


class Hatch(Uploader):
    """hatch knows TestPyPI as `test`, and reads the simple index before it uploads."""

    def command(self, index: str) -> str:
        """Return `hatch publish`."""
        # Left to itself it takes the files as the file system lists them, one way here and another there.
        return f"hatch publish --no-prompt{' --repo test' if index == 'testpypi' else ''} dist/*"

    def variables(self, index: str, token: str) -> dict[str, str]:
        """Return its user name and password."""
        del index
        return {"HATCH_INDEX_USER": "__token__", "HATCH_INDEX_AUTH": token}


class Flit(Uploader):
    """flit builds what it uploads, and gets TestPyPI's address in a variable."""

    def command(self, index: str) -> str:
        """Return `flit publish`."""
        return f"FLIT_INDEX_URL={LEGACY[index]} flit publish" if index == "testpypi" else "flit publish"

    def variables(self, index: str, token: str) -> dict[str, str]:
        """Return its user name and password."""
        del index
        return {"FLIT_USERNAME": "__token__", "FLIT_PASSWORD": token}


UPLOADERS: dict[str, Uploader] = {"twine": Twine(), "uv": Uv(), "poetry": Poetry(), "hatch": Hatch(), "flit": Flit()}


def upload_steps(desk: Desk) -> Iterator[Record]:
    """Let the client at DESK go through every step that it has."""
    client = UPLOADERS[desk.client]
    client.prepare(desk)
    for step in (step for step in UPLOADS if namespaces_work() or not step.direct):
        if command := command_of(client, step):
            arrange(desk, step)
            if step.fault:
                name, limit = step.fault
                desk.twin.fault(name, index=step.index, only="uploads", **limit)
            variables = {} if step.job else client.variables(step.index, token_of(desk, step))
            patience = client.patience if step.name == "cut-behind-proxy" else PATIENCE
            yield desk.step(step.name, command, {**variables, **(DIRECT if step.direct else {})}, patience, step.job)
            desk.twin.clear()


def command_of(client: Uploader, step: Upload) -> str | None:
    """Return what is typed at STEP, or None where CLIENT has nothing to type."""
    return client.trusted(step.index) if step.job else client.skipping(step.index) if step.skip else client.command(step.index)


def arrange(desk: Desk, step: Upload) -> None:
    """Make the work folder what STEP finds: a project with a module, and `dist` with what is built of it."""
    if not step.same:
        (desk.work / "pyproject.toml").write_text(PROJECT.format(name=NAME, version=step.version))
        (desk.work / "sample_project.py").write_text(f'"""A sample."""\n{step.content}')
        desk.distributions(step.version, step.content)
    if desk.client == "flit":
        shutil.rmtree(desk.work / "dist", ignore_errors=True)


def token_of(desk: Desk, step: Upload) -> str:
    """Return the token that the client has at STEP."""
    return "pypi-nobody-made-this" if step.token == "wrong" else desk.twin.token(step.token or step.index)
