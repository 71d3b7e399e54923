"""A job of a real workflow file as GitHub would run it now: the claims of its identity, and the variables that it sees."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from pypi_runbook.errors import RunbookError
from pypi_runbook.project import Facts, Trigger
from pypi_runbook.project.git import git
from pypi_runbook.project.published import main_distribution
from pypi_runbook.twin.trusted.publishers import made_up_id
from pypi_runbook.twin.trusted.running import check_runs, environment_of, run_contexts
from pypi_runbook.twin.trusted.starts import FORKED, PAGE, TARGET, Start, find_start

SERVER = "https://github.com"
API = "https://api.github.com"
# Which variable shows which claim; the names are GitHub's.
SHOWN = {
    "GITHUB_ACTOR": "actor",
    "GITHUB_ACTOR_ID": "actor_id",
    "GITHUB_BASE_REF": "base_ref",
    "GITHUB_EVENT_NAME": "event_name",
    "GITHUB_HEAD_REF": "head_ref",
    "GITHUB_REF": "ref",
    "GITHUB_REF_PROTECTED": "ref_protected",
    "GITHUB_REF_TYPE": "ref_type",
    "GITHUB_REPOSITORY": "repository",
    "GITHUB_REPOSITORY_ID": "repository_id",
    "GITHUB_REPOSITORY_OWNER": "repository_owner",
    "GITHUB_REPOSITORY_OWNER_ID": "repository_owner_id",
    "GITHUB_RUN_ATTEMPT": "run_attempt",
    "GITHUB_RUN_ID": "run_id",
    "GITHUB_RUN_NUMBER": "run_number",
    "GITHUB_SHA": "sha",
    "GITHUB_TRIGGERING_ACTOR": "actor",
    "GITHUB_WORKFLOW": "workflow",
    "GITHUB_WORKFLOW_REF": "workflow_ref",
    "GITHUB_WORKFLOW_SHA": "workflow_sha",
    "RUNNER_ENVIRONMENT": "runner_environment",
}
FIXED = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_API_URL": API,
    "GITHUB_GRAPHQL_URL": f"{API}/graphql",
    "GITHUB_SERVER_URL": SERVER,
    "RUNNER_ARCH": "X64",
    "RUNNER_OS": "Linux",
}


@dataclass(frozen=True)
class JobRun:
    """A job that runs.

    claims: what GitHub's token says about it, without times, audience and number, which each token has of its own.
    variables: what its steps see, without the two that lead to the identity token.
    refusal: why it may not ask for one, empty when it may.
    """

    claims: dict[str, str]
    variables: dict[str, str]
    refusal: str


def read_job(facts: Facts, job: str, event: str, *, ref: str | None = None, workflow: str | None = None, fork: bool = False) -> JobRun:
    """Return JOB of the repository behind FACTS, started by EVENT on REF.

    ref: a branch, a tag or `refs/…`; the one that the event would have unless given. workflow: the file, where several have that job.
    fork: whether the pull request comes from a fork. RunbookError names what there is when a job or an event does not exist, and the `if:`
    that keeps the job from running for the event.
    """
    if not facts.repository.owner or not facts.repository.name:
        message = "neither the project's URLs nor git's `origin` name a repository on GitHub"
        raise RunbookError("no-repository", message, facts.project.file, next="add the repository to the project's URLs", page=PAGE)
    start = find_start(facts, job, event, workflow)
    full = _full_ref(facts, start, event, ref)
    contexts = run_contexts(facts, start, event, full, fork=fork)
    check_runs(facts, start, event, contexts)
    claims = _claims(facts, start, event, full, environment_of(facts, start, contexts))
    return JobRun(claims, job_variables(claims, start.job.id), _refusal(start, event, fork=fork))


def _refusal(start: Start, event: str, *, fork: bool) -> str:
    if fork and event == FORKED:
        return "GitHub gives no identity token to a pull request from a fork"
    if start.may_ask:
        return ""
    place = start.caller or start.job
    file = start.workflow.file if start.caller or "@" in start.file else start.file
    return f"{file}:{place.line}: the job {place.id} lacks `id-token: write`, so GitHub gives it no identity token"


def _claims(facts: Facts, start: Start, event: str, ref: str, environment: str) -> dict[str, str]:
    slug = f"{facts.repository.owner}/{facts.repository.name}"
    started = Started(slug, event, ref, _sha(facts, ref), start.workflow.name, start.workflow.file, new_run_id())
    about_pull = {"head_ref": "change", "base_ref": _branch(facts)} if event in (FORKED, TARGET) else {}
    return job_claims(started, start.job.id, start.file, environment) | about_pull


@dataclass(frozen=True)
class Started:
    """A workflow that an event started: what all of its jobs share.

    repository: owner/name; workflow, file: the workflow's name, and its file; id, number, attempt: those of the run.
    """

    repository: str
    event: str
    ref: str
    sha: str
    workflow: str
    file: str
    id: str
    number: str = "1"
    attempt: str = "1"


def new_run_id() -> str:
    """Return a number for a run that no other one has."""
    return str(time.time_ns() // 1000 % 10**11)


def job_claims(run: Started, job: str, file: str, environment: str) -> dict[str, str]:
    """Return the claims of a job of RUN in the form that GitHub gives them since July 2026, with immutable ids in `sub`.

    job: its id, for a leg of a matrix with more behind it; file: where it stands, a path of this repository or `owner/repository/path@ref`.
    """
    owner, _, name = run.repository.partition("/")
    owner_id, repository_id = made_up_id(owner), made_up_id(run.repository)
    claims = {
        "sub": f"repo:{owner}@{owner_id}/{name}@{repository_id}:{_context(run.event, run.ref, environment)}",
        "ref": run.ref,
        "sha": run.sha,
        "repository": run.repository,
        "repository_owner": owner,
        "repository_owner_id": owner_id,
        "run_id": run.id,
        "run_number": run.number,
        "run_attempt": run.attempt,
        "repository_visibility": "public",
        "repository_id": repository_id,
        "actor_id": owner_id,
        "actor": owner,
        "workflow": run.workflow,
        "head_ref": "",
        "base_ref": "",
        "event_name": run.event,
        "ref_protected": "false",
        "ref_type": "tag" if run.ref.startswith("refs/tags/") else "branch",
        "workflow_ref": f"{run.repository}/{run.file}@{run.ref}",
        "workflow_sha": run.sha,
        "job_workflow_ref": file if "@" in file else f"{run.repository}/{file}@{run.ref}",
        "job_workflow_sha": run.sha,
        "runner_environment": "github-hosted",
        "check_run_id": made_up_id(f"{run.id} {job}"),
    }
    return claims | ({"environment": environment, "environment_node_id": f"EN_{made_up_id(environment)}"} if environment else {})


def job_variables(claims: dict[str, str], job: str) -> dict[str, str]:
    """Return the variables that the steps of the job with these CLAIMS see, as far as these tell them."""
    shown = FIXED | {name: claims.get(claim, "") for name, claim in SHOWN.items()}
    return shown | {"GITHUB_JOB": job, "GITHUB_REF_NAME": _short(claims["ref"])}


def _context(event: str, ref: str, environment: str) -> str:
    """Return the end of `sub`: the environment before everything else."""
    if environment:
        return f"environment:{quote(environment, safe=' /@')}"
    return "pull_request" if event == FORKED else f"ref:{ref}"


def _full_ref(facts: Facts, start: Start, event: str, ref: str | None) -> str:
    """Return REF in full, or the one that EVENT has by itself."""
    if ref:
        if ref.startswith("refs/"):
            return ref
        tagged = event == "release" or git(facts.root, "rev-parse", "--verify", "--quiet", f"refs/tags/{ref}") is not None
        return f"refs/{'tags' if tagged else 'heads'}/{ref}"
    if event == FORKED:
        return "refs/pull/1/merge"
    if event == "release" or (event == "push" and _on_tags_only(start)):
        return f"refs/tags/{_tag(facts)}"
    return f"refs/heads/{_branch(facts)}"


def _on_tags_only(start: Start) -> bool:
    push: Trigger = next(trigger for trigger in start.workflow.triggers if trigger.event == "push")
    return bool(push.tags or push.tags_ignore) and not (push.branches or push.branches_ignore)


def _tag(facts: Facts) -> str:
    """Return the tag of the project's version as git has it, with or without a `v`; the version where there is no tag yet."""
    version = main_distribution(facts).version
    if version is None:
        newest = git(facts.root, "describe", "--tags", "--abbrev=0")
        if newest is None:
            message = "no file says the version, and git has no tag"
            raise RunbookError("no-tag", message, facts.project.file, next="say the tag with --ref", page=PAGE)
        return newest
    return next((tag for tag in (version, f"v{version}") if git(facts.root, "rev-parse", "--verify", "--quiet", f"refs/tags/{tag}")), version)


def _branch(facts: Facts) -> str:
    return facts.repository.default_branch or "main"


def _sha(facts: Facts, ref: str) -> str:
    """Return the commit of REF, or of HEAD where git does not have it; a made-up one in a folder without commits."""
    for name in (ref, "HEAD"):
        if found := git(facts.root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"):
            return found
    return hashlib.sha1(PurePosixPath(facts.root).name.encode(), usedforsecurity=False).hexdigest()


def _short(ref: str) -> str:
    """Return REF as GITHUB_REF_NAME shows it."""
    return ref.split("/", 2)[2]
