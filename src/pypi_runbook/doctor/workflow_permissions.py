"""What a workflow's jobs may do: who can ask for an OIDC token, who cannot but has to, and who was never told."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.workflow_view import JobView, publishing_workflows, workflow_views
from pypi_runbook.finding import Finding

# Actions that are known to have no use for an OIDC token; an action that is not known here gets the benefit of the doubt.
WITHOUT_TOKEN = {
    "abatilo/actions-poetry",
    "actions/cache",
    "actions/checkout",
    "actions/create-release",
    "actions/download-artifact",
    "actions/setup-node",
    "actions/setup-python",
    "actions/upload-artifact",
    "astral-sh/setup-uv",
    "gradle/actions/setup-gradle",
    "ncipollo/release-action",
    "pdm-project/setup-pdm",
    "pypa/cibuildwheel",
    "pypa/hatch",
    "snok/install-poetry",
    "softprops/action-gh-release",
}
ASKS = re.compile(r"ACTIONS_ID_TOKEN|id-token|oidc|cosign|sigstore|gh attestation|trusted.publishing|\baws\b|\bgcloud\b|\baz login", re.IGNORECASE)
REMOTE_CALL = re.compile(r"(?!\./)[\w.-]+/[\w.-]+/\.github/workflows/")


def check_who_can_ask_for_a_token(checkup: Checkup) -> Iterator[Finding]:
    """Find `id-token: write` where nothing of a job needs it: every step of such a job could publish in the project's name."""
    for view in publishing_workflows(checkup):
        needless = [job for job in view.jobs.values() if job.job.id_token not in (None, "job") and not can_need_token(job)]
        if needless:
            names = ", ".join(job.job.id for job in needless)
            yield view.finding(
                "id-token-for-every-job",
                "warning",
                f"`id-token: write` stands at the workflow's level, so that jobs that publish nothing can ask for a token too: {names}",
                view.line("permissions", "id-token"),
                "write `permissions: {}` there, and `id-token: write` below the jobs that publish",
                "publishing/security.md",
            )
        for job in view.jobs.values():
            if "permissions" in job.raw and job.job.id_token and not can_need_token(job):
                message = f"job {job.job.id} may ask for an OIDC token, and nothing in it needs one"
                line = job.line("permissions", "id-token")
                yield view.finding("id-token-not-needed", "warning", message, line, "remove `id-token: write` from the job", "publishing/security.md")


def can_need_token(job: JobView) -> bool:
    """Tell whether anything in JOB can need an OIDC token."""
    if job.trusted or job.job.calls or any(upload.auth == "unknown" for upload in job.uploads):
        return True
    unknown = any(step.action and step.action not in WITHOUT_TOKEN for step in job.steps)
    return unknown or any(ASKS.search(step.text) for step in job.steps)


def check_publishing_jobs_can_ask(checkup: Checkup) -> Iterator[Finding]:
    """Find jobs that publish by Trusted Publishing without the permission to ask for the token that it takes."""
    for view in publishing_workflows(checkup):
        for job in view.publishing:
            # What is called without permissions of its own has its caller's.
            is_called = "workflow_call" in view.events and "permissions" not in view.raw and "permissions" not in job.raw
            if job.trusted and job.job.id_token is None and not is_called:
                why = "its own `permissions` replace the workflow's" if "permissions" in job.raw else "nothing grants it"
                yield view.finding(
                    "id-token-missing",
                    "error",
                    f"job {job.job.id} publishes by Trusted Publishing but may not ask for an OIDC token: {why}",
                    job.line("permissions"),
                    "write `permissions: {id-token: write}` below the job",
                    "troubleshooting/id-token-permission.md",
                )


def check_permissions_are_set(checkup: Checkup) -> Iterator[Finding]:
    """Find publishing workflows in which a job runs with whatever the repository's settings grant by default."""
    for view in publishing_workflows(checkup):
        open_jobs = [job.job.id for job in view.jobs.values() if "permissions" not in job.raw]
        if "permissions" not in view.raw and open_jobs and view.events != {"workflow_call"}:
            yield view.finding(
                "permissions-not-set",
                "warning",
                f"no `permissions` are set, so that the repository's default decides what these jobs may do: {', '.join(open_jobs)}",
                view.line("jobs", open_jobs[0]),
                "write `permissions: {}` at the workflow's level, and below each job what it needs",
                "publishing/security.md",
            )


def check_environments(checkup: Checkup) -> Iterator[Finding]:
    """Find jobs that publish by Trusted Publishing outside an environment: no rule of GitHub's stands in front of them."""
    for view in publishing_workflows(checkup):
        for job in view.publishing:
            if job.trusted and not job.raw.get("environment"):
                yield view.finding(
                    "environment-missing",
                    "warning",
                    f"job {job.job.id} publishes without an environment, so that nobody has to say yes and PyPI cannot tell it from other jobs",
                    job.job.line,
                    "give the job an `environment:`, and name it in the publisher on the index",
                    "publishing/environments.md",
                )


def check_tokens(checkup: Checkup) -> Iterator[Finding]:
    """Find uploads with a secret that lives on where Trusted Publishing needs none, and with a user name that PyPI refuses."""
    for view in publishing_workflows(checkup):
        for job in view.publishing:
            for upload in job.uploads:
                step = job.step_of(upload)
                user = step.step.inputs.get("user", "__token__") if step else "__token__"
                if upload.auth == "token" and "$" not in user and user != "__token__":
                    message = f"job {job.job.id} uploads as the user {user}, and the index takes no password of a user"
                    line = step.line("with", "user") if step else upload.line
                    page = "troubleshooting/username-password.md"
                    yield view.finding("username-and-password", "error", message, line, "remove `user` and `password`: use Trusted Publishing", page)
                elif upload.auth == "token":
                    yield view.finding(
                        "long-lived-token",
                        "warning",
                        f"job {job.job.id} publishes with a long-lived API token; who reads it once can publish until somebody deletes it",
                        upload.line,
                        "use Trusted Publishing, then delete the secret and the token",
                        "publishing/trusted-publishing.md",
                    )


def check_reusable(checkup: Checkup) -> Iterator[Finding]:
    """Find jobs that publish through another repository's workflow, whose name the index then compares with the publisher's."""
    for view in workflow_views(checkup):
        for job in view.jobs.values():
            called = job.job.calls or ""
            if REMOTE_CALL.match(called) and job.job.id_token and re.search(r"pypi|publish", f"{called} {job.job.id}", re.IGNORECASE):
                name = called.partition("@")[0]
                yield view.finding(
                    "publishes-through-another-repository",
                    "warning",
                    f"job {job.job.id} runs {name} with an OIDC token; the index matches no publisher with another repository's workflow",
                    job.line("uses"),
                    "publish in a job of this repository's own workflow, and call the other one for the build",
                    "troubleshooting/reusable-workflow.md",
                )
