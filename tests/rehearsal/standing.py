"""A small world for stand-ins: a real repository behind GitHub's address in a real twin, and jobs of a few steps that run in it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypi_runbook.project.expressions import Value
from pypi_runbook.rehearsal.definition import JobDefinition, StepDefinition
from pypi_runbook.rehearsal.results import JobResult, NotRehearsed, StepResult
from pypi_runbook.rehearsal.running import Folders
from pypi_runbook.rehearsal.steps import Setting, run_steps
from pypi_runbook.twin import Twin
from pypi_runbook.twin.remote import VARIABLE
from pypi_runbook.twin.trusted.publishers import made_up_id

SLUG = "octo/thing"
WORKFLOW = f"{SLUG}/.github/workflows/publish.yml@refs/tags/1.0.0"
GIT = ["git", "-c", "user.name=Octo", "-c", "user.email=octo@example.org", "-c", "init.defaultBranch=main"]
Ask = Callable[..., dict[str, Any]]


class SmallWorld:
    """A repository with two commits, the tag 1.0.0 on the first and a branch `old` there; `ask` performs the twin's actions."""

    def __init__(self, folder: Path, perform: Ask) -> None:
        self.event: Mapping[str, Any] = {}
        self.repository = SLUG
        self.origin, self.artifacts, self.root = folder / "origin.git", folder / "artifacts", folder / "root"
        self._perform = perform

    def ask(self, action: str, **arguments: Any) -> dict[str, Any]:
        """Perform an action of the twin."""
        return self._perform(action, **arguments)


@dataclass
class Ran:
    """A job that ran: what became of it, what it printed, what it left out, and its folders."""

    job: JobResult
    lines: list[str]
    noted: list[NotRehearsed]
    folders: Folders

    @property
    def last(self) -> StepResult:
        """The last step that did not go without saying."""
        return self.job.steps[-1]

    @property
    def of_actions(self) -> list[StepResult]:
        """The steps that use an action."""
        return [step for step in self.job.steps if step.uses]

    @property
    def text(self) -> str:
        """The whole log."""
        return "\n".join(self.lines)

    @property
    def messages(self) -> list[str]:
        """The annotations of the last step."""
        return [annotation.message for annotation in self.last.annotations]


class Scene:
    """A world, and the jobs that run in it one after the other."""

    def __init__(self, folder: Path, twin: Twin | None = None) -> None:
        self.twin = twin
        self.world = SmallWorld(folder / "world", twin.perform if twin else _nobody)
        self._folder = folder
        self._count = 0
        self.world.artifacts.mkdir(parents=True)
        self.head = ""
        if twin:
            self.head = make_repository(self.world)
            twin.perform("github-repository", repository=SLUG, origin=str(self.world.origin))

    def commit(self, message: str) -> None:
        """Commit what stands in the project's folder, and publish it."""
        git(self.world.root, "add", "--all")
        git(self.world.root, "commit", "--message", message)
        git(self.world.root, "push", str(self.world.origin), "main")
        self.head = git(self.world.root, "rev-parse", "HEAD")

    def folders(self) -> Folders:
        """Make the folders of the next job."""
        self._count += 1
        made = {name: self._folder / str(self._count) / name for name in ("workspace", "temp", "tools", "home", "tmp")}
        for folder in made.values():
            folder.mkdir(parents=True)
        return Folders(**made)

    def run(
        self,
        *steps: StepDefinition,
        folders: Folders | None = None,
        permissions: dict[str, str] | None = None,
        claims: dict[str, str] | None = None,
        secrets: dict[str, str] | None = None,
        **github: str,
    ) -> Ran:
        """Run a job of STEPS; CLAIMS are those of its identity, without which it has none. GITHUB changes its context."""
        folders, permissions = folders or self.folders(), permissions or {}
        token = self.world.ask("github-token", repository=SLUG, permissions=permissions)["token"] if self.twin else "none"
        context: dict[str, Value] = {
            "repository": SLUG,
            "ref": "refs/heads/main",
            "sha": self.head,
            "server_url": "https://github.com",
            "run_id": "7",
            "event_name": "push",
            "workflow_ref": WORKFLOW,
            "workspace": str(folders.workspace),
            "token": token,
            **github,
        }
        lines: list[str] = []
        noted: list[NotRehearsed] = []
        setting = Setting(
            world=self.world,
            folders=folders,
            contexts={"github": context, "needs": {}, "matrix": {}, "strategy": {}, "inputs": {}, "vars": {}, "secrets": {**(secrets or {})}},
            permissions=permissions,
            token=token,
            base=self._base(folders, claims),
            wrap=self.twin.wrap if self.twin else list,
            show=lines.append,
            progress=lambda *_: None,
            note=noted.append,
        )
        definition = JobDefinition("publish.yml", 1, "job", steps=list(steps))
        result = JobResult("job", "job", "success", "publish.yml", 1)
        run_steps(definition, setting, result)
        return Ran(result, lines, noted, folders)

    def _base(self, folders: Folders, claims: dict[str, str] | None) -> dict[str, str]:
        base = {"PATH": "/usr/local/bin:/usr/bin:/bin", "RUNNER_OS": "Linux", "GITHUB_ACTIONS": "true", "HOME": str(folders.home)}
        if self.twin:
            base |= self.twin.environment(folders.home, folders.tmp)
        if claims:
            begun = self.world.ask("begin-job", claims=claims)
            base["ACTIONS_ID_TOKEN_REQUEST_URL"] = base[VARIABLE].partition("/control/")[0] + begun["path"]
            base["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = begun["credential"]
        return base


def uses(action: str, inputs: dict[str, str] | None = None, **more: Any) -> StepDefinition:
    """Return the step that uses ACTION with INPUTS."""
    return StepDefinition("publish.yml", 2, uses=action, inputs=inputs or {}, **more)


def tried(action: str, inputs: dict[str, str] | None = None) -> StepDefinition:
    """Return the step that uses ACTION with INPUTS and may fail."""
    return uses(action, inputs, continue_on_error="true")


def sh(script: str) -> StepDefinition:
    """Return the step that runs SCRIPT."""
    return StepDefinition("publish.yml", 3, run=script, shell="bash")  # noqa: S604 (the step's shell)


def claims_of(environment: str | None = "pypi", **changes: str) -> dict[str, str]:
    """Return the claims of a job of the repository that publishes from ENVIRONMENT."""
    claims = {
        "repository": SLUG,
        "repository_owner": "octo",
        "repository_owner_id": made_up_id("octo"),
        "job_workflow_ref": WORKFLOW,
        "workflow_ref": WORKFLOW,
        "ref": "refs/tags/1.0.0",
        "sha": "a" * 40,
        "event_name": "release",
        "run_id": "7",
        **changes,
    }
    return claims | ({"environment": environment} if environment else {})


def make_repository(world: SmallWorld) -> str:
    """Make the world's repository and its origin, and return the newest commit."""
    world.root.mkdir()
    git(world.root, "init", ".")
    for text in ("one", "two"):
        (world.root / "a.txt").write_text(f"{text}\n")
        git(world.root, "add", ".")
        git(world.root, "commit", "--message", text)
        if text == "one":
            git(world.root, "tag", "1.0.0")
            git(world.root, "branch", "old")
    git(world.root, "clone", "--bare", ".", str(world.origin))
    return git(world.root, "rev-parse", "HEAD")


def git(folder: Path, *arguments: str) -> str:
    """Run git in FOLDER and return what it prints."""
    return subprocess.run([*GIT, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def _nobody(action: str, **_: Any) -> dict[str, Any]:
    raise AssertionError(f"there is no twin to perform {action}")
