"""The variables of pages: a project's facts under the names that pages use. A value that nobody can know is an error where it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from pypi_runbook.errors import RunbookError
from pypi_runbook.pages import roles
from pypi_runbook.project.facts import Distribution, Facts, Job, Repository, Workflow
from pypi_runbook.project.indexes import INDEXES
from pypi_runbook.project.routes import runs, ways

SCRIPTS = ("build", "check", "upload", "verify")


class Missing:
    """A value that the files do not say: false in a condition, an error where a page shows it or goes further into it."""

    def __init__(self, name: str, reason: str, file: str | None = None) -> None:
        self.reason = reason
        self._error = RunbookError("unknown-value", f"`{name}` cannot be known: {reason}", file, next=f"say it in {file}" if file else None)

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        raise self._error

    def __iter__(self) -> Any:
        raise self._error

    def __getattr__(self, name: str) -> Any:
        # Jinja and copy look for dunder names on everything.
        if name.startswith("__"):
            raise AttributeError(name)
        raise self._error


def told(value: Any, name: str, file: str) -> Any:
    """Return VALUE, or what complains about its absence once it is shown."""
    return value if value not in (None, "", [], {}) else Missing(name, f"{file} does not say it", file)


@dataclass(frozen=True)
class ProjectValues:
    """`project` in pages."""

    facts: Distribution

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(self.facts, name):
            raise AttributeError(name)
        return told(getattr(self.facts, name), f"project.{name}", self.facts.file)

    @property
    def import_name(self) -> Any:
        """Return the name that `import` takes."""
        names = self.facts.import_names
        return names[0] if names else Missing("project.import_name", "no package was found beside the metadata", self.facts.file)

    @property
    def normalized(self) -> Any:
        """Return the name as an index writes it in addresses."""
        return canonicalize_name(self.facts.name) if self.facts.name else self.name

    @property
    def tag(self) -> Any:
        """Return the tag of the release: the version, without a `v`."""
        return self.version

    @property
    def sdist(self) -> Any:
        """Return the source distribution's file name."""
        return f"{self._stem()}.tar.gz" if self.version else self.version

    @property
    def wheel(self) -> Any:
        """Return the wheel's file name, as it is for a project of pure Python."""
        return f"{self._stem()}-py3-none-any.whl" if self.version else self.version

    def _stem(self) -> str:
        return f"{self.normalized.replace('-', '_')}-{self.version}"


@dataclass(frozen=True)
class RepositoryValues:
    """`repository` in pages."""

    facts: Repository

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(self.facts, name):
            raise AttributeError(name)
        value = getattr(self.facts, name)
        return value or Missing(f"repository.{name}", "neither the project's URLs nor git's `origin` name a repository")

    @property
    def slug(self) -> Any:
        """Return `owner/name`."""
        return f"{self.owner}/{self.name}" if self.owner and self.name else self.owner

    def blob(self, file: str, first: int | None = None, last: int | None = None) -> Any:
        """Return the address of FILE, or of its lines, on the branch that releases come from."""
        lines = "" if first is None else f"#L{first}" if last in (None, first) else f"#L{first}-L{last}"
        return self.below(f"/blob/{self.facts.default_branch or 'HEAD'}/{file}{lines}")

    def below(self, path: str) -> Any:
        """Return the address of PATH below the repository's."""
        return f"{self.url}{path}" if self.url else self.url


@dataclass(frozen=True)
class JobValues:
    """One job of `workflow` in pages; `url` leads to its lines, `event` is a name as workflows write it."""

    id: str
    name: str
    environment: Any
    url: Any
    event: Any

    @classmethod
    def of(cls, job: Job, url: Any, event: str | None) -> JobValues:
        """Return JOB under the names of pages; EVENT is the first one that makes it run."""
        environment = job.environment or Missing(f"the environment of job {job.id}", "the job names none")
        return cls(job.id, job.name, environment, url, event or Missing(f"the event of job {job.id}", "only a run can tell when its condition holds"))


class WorkflowValues:
    """`workflow` in pages: the file that publishes, and its jobs by what they do."""

    def __init__(self, facts: Workflow, repository: RepositoryValues) -> None:
        self.facts = facts
        self.name = facts.name
        self.path = facts.file
        self.file = Path(facts.file).name
        self.url = repository.blob(facts.file)
        self.actions_url = repository.below(f"/actions/workflows/{self.file}")
        found = roles.find(facts)
        for role in roles.ROLES:
            setattr(self, role, self._job(role, found.get(role), repository))

    def _job(self, role: str, job: Job | None, repository: RepositoryValues) -> JobValues | Missing:
        if job is None:
            return Missing(f"workflow.{role}", f"{self.path} {roles.ROLES[role]}", self.path)
        return JobValues.of(job, repository.blob(self.path, job.line, job.end_line), self._event(job, repository))

    def _event(self, job: Job, repository: RepositoryValues) -> str | None:
        """Return the first event of the file that makes JOB run in REPOSITORY."""
        return next((way.event for way in ways(self.facts, repository.slug or None) if runs(self.facts, job, way)), None)

    @property
    def python(self) -> Any:
        """Return the Python version that builds."""
        build = roles.find(self.facts).get("build")
        versions = build.python_versions if build else []
        return versions[0] if versions else Missing("workflow.python", f"no step of {self.path} sets up a Python version for the build", self.path)

    @property
    def testpypi_input(self) -> Any:
        """Return the label of the input that asks for TestPyPI, as the form on GitHub shows it."""
        label = roles.testpypi_label(self.facts)
        return label or Missing("workflow.testpypi_input", f"{self.path} has no dispatch input that the job for TestPyPI asks for", self.path)


@dataclass(frozen=True)
class IndexValues:
    """`pypi` and `testpypi` in pages: an index's addresses, those of this project too."""

    key: str
    project: ProjectValues
    repository: RepositoryValues
    workflow: Any

    @property
    def name(self) -> str:
        """Return `PyPI` or `TestPyPI`."""
        return INDEXES[self.key].title

    @property
    def host(self) -> str:
        """Return the index's host name."""
        return INDEXES[self.key].host

    @property
    def url(self) -> str:
        """Return the index's address, without a final slash."""
        return INDEXES[self.key].url

    @property
    def upload_url(self) -> str:
        """Return where clients upload."""
        return INDEXES[self.key].upload_url

    @property
    def simple_url(self) -> str:
        """Return the simple index, with its final slash."""
        return INDEXES[self.key].simple_url

    @property
    def project_url(self) -> str:
        """Return the project's page."""
        return f"{self.url}/project/{self.project.normalized}/"

    @property
    def publishing_url(self) -> str:
        """Return where publishers of an existing project are registered."""
        return f"{self.url}/manage/project/{self.project.normalized}/settings/publishing/"

    @property
    def pending_url(self) -> str:
        """Return where a publisher is registered before the project exists."""
        return f"{self.url}/manage/account/publishing/"

    @property
    def tokens_url(self) -> str:
        """Return where API tokens are made."""
        return f"{self.url}/manage/account/token/"

    @property
    def environment(self) -> Any:
        """Return the GitHub environment of the job that publishes there."""
        return getattr(self.workflow, self.key).environment

    @property
    def publisher(self) -> Any:
        """Return the publisher to register there, as this product's commands take it: owner, repository, workflow, environment."""
        return f"{self.repository.slug}/{self.workflow.file}@{self.environment}"


@dataclass(frozen=True)
class GuideValues:
    """`guide` in pages: which of the guides this is, and where the other one stands."""

    name: str
    is_own: bool
    other_name: str | None
    other_url: str | None


@dataclass(frozen=True)
class CommandValues:
    """`commands` in pages: how this project calls what the guide needs."""

    local: bool

    def __getattr__(self, name: str) -> str:
        if name not in SCRIPTS:
            raise AttributeError(name)
        return f"scripts/{name}" if self.local else f"pypi-runbook {name}"

    @property
    def twin(self) -> str:
        """Return the command that puts the twin around another one."""
        return ".venv/bin/pypi-runbook twin" if self.local else "pypi-runbook twin"


def variables(facts: Facts) -> dict[str, Any]:
    """Return the variables that FACTS fill."""
    project, repository = ProjectValues(facts.project), RepositoryValues(facts.repository)
    found = roles.publishing_workflow(facts)
    nothing = Missing("workflow", "no file in .github/workflows/ publishes to an index", ".github/workflows/")
    workflow = WorkflowValues(found, repository) if found else nothing
    return {
        "project": project,
        "repository": repository,
        "workflow": workflow,
        "pypi": IndexValues("pypi", project, repository, workflow),
        "testpypi": IndexValues("testpypi", project, repository, workflow),
        "commands": CommandValues(all((facts.root / "scripts" / name).is_file() for name in SCRIPTS)),
    }


def attributes(value: Any) -> list[tuple[str, Any]]:
    """Return the names that a page may put after a variable, each with its value."""
    names = [name for name, kind in vars(type(value)).items() if isinstance(kind, property)]
    own = [name for name in getattr(value, "__dict__", {}) if name not in ("facts", "key", "project", "repository", "workflow")]
    behind = list(vars(value.facts)) if isinstance(value, ProjectValues | RepositoryValues) else []
    if isinstance(value, CommandValues):
        behind = list(SCRIPTS)
    hidden = {"lines", "spans", "version_dynamic"}
    return [(name, getattr(value, name)) for name in dict.fromkeys([*behind, *own, *names]) if name not in hidden]
