"""Each refusal of a token: a job whose identity is right but for one thing, and curl that asks with it as a client asks."""

from __future__ import annotations

from collections.abc import Callable

from identities import claims_of, exchange, register
from people import Person

from pypi_runbook.rules.sample import make_wheel
from reproductions import Finished, Reproduction

MINT = "https://upload.pypi.org/_/oidc/mint-token"
STRANGER = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2V4YW1wbGUub3JnIn0.c2ln"


def posted(body: str) -> Callable[[Person], Finished]:
    """Return what sends BODY to the address where a token is asked for."""
    return lambda person: person.run("curl", "--silent", "--include", "--suppress-connect-headers", "--data", body, MINT)


def with_claims(name: str, *, pending: bool = True, **changes: str | None) -> Callable[[Person], Finished]:
    """Return what asks as a job of the repository NAME whose claims have CHANGES; a publisher for the right ones is registered."""

    def ask(person: Person) -> Finished:
        if pending:
            prepared(person, name)
        return exchange(person, claims_of(name, **changes))

    return ask


def prepared(person: Person, name: str) -> None:
    """Make the project NAME by a first token of its pending publisher, once."""
    listed = person.twin.perform("list-publishers", index="pypi", pending=False)["publishers"]
    if not any(name in each["projects"] for each in listed):
        register(person, name, f"octo/{name}/publish.yml@pypi")
        assert '"success": true' in exchange(person, claims_of(name)).stdout


def accepted(name: str) -> Callable[[Person], Finished]:
    """Return what asks as a job whose claims are right."""
    return with_claims(name)


def with_flag(flag: str, ask: Callable[[Person], Finished]) -> Callable[[Person], Finished]:
    """Return what asks while the administrators' FLAG is on."""

    def run(person: Person) -> Finished:
        person.twin.perform("flag", index="pypi", name=flag)
        try:
            return ask(person)
        finally:
            person.twin.perform("flag", index="pypi", name=flag, on=False)

    return run


def audience(person: Person) -> Finished:
    """Ask PyPI for whom an identity must be made."""
    return person.run("curl", "--silent", "--include", "--suppress-connect-headers", "https://upload.pypi.org/_/oidc/audience")


def of_other_index(person: Person) -> Finished:
    """Ask PyPI with an identity that was made for TestPyPI."""
    return exchange(person, claims_of("token-audience"), audience="testpypi")


def used_twice(person: Person) -> Finished:
    """Ask twice with one identity."""
    prepared(person, "token-reused")
    return exchange(person, claims_of("token-reused"), times=2)


def project_appeared(person: Person) -> Finished:
    """Register a pending publisher, make its project by hand, and ask."""
    register(person, "token-pending", "octo/token-pending/publish.yml@pypi")
    done = person.upload("pypi", make_wheel(person.folder, "token-pending"))
    assert done.returncode == 0, done.stdout
    return exchange(person, claims_of("token-pending"))


def similar_project_appeared(person: Person) -> Finished:
    """Register a pending publisher, make a project that looks like its own by hand, and ask."""
    register(person, "token-l1ke", "octo/token-l1ke/publish.yml@pypi")
    done = person.upload("pypi", make_wheel(person.folder, "token-like"))
    assert done.returncode == 0, done.stdout
    return exchange(person, claims_of("token-l1ke"))


def reusable(repository: str) -> str:
    """Return the reference of a workflow file of another repository."""
    return f"octo/{repository}/.github/workflows/publish.yml@refs/heads/main"


REPRODUCTIONS: dict[str, Reproduction] = {
    "oidc-not-enabled": Reproduction(with_flag("disallow-oidc", audience), audience),
    "mint-payload": Reproduction(posted("{}")),
    "mint-malformed": Reproduction(posted('{"token": "nonsense"}')),
    "mint-issuer": Reproduction(posted(f'{{"token": "{STRANGER}"}}')),
    "mint-not-enabled": Reproduction(with_flag("disallow-github-oidc", with_claims("token-off", pending=False)), accepted("token-off")),
    "mint-token": Reproduction(of_other_index, accepted("token-audience")),
    "mint-pending": Reproduction(project_appeared),
    "mint-project": Reproduction(similar_project_appeared),
    "mint-claim-missing": Reproduction(with_claims("token-missing", sha=None), accepted("token-missing")),
    "mint-workflow": Reproduction(with_claims("token-workflow", job_workflow_ref="octo/token-workflow"), accepted("token-workflow")),
    "mint-no-publisher": Reproduction(with_claims("token-stranger", pending=False), accepted("token-stranger")),
    "mint-claim": Reproduction(with_claims("token-owner", repository_owner="Octo"), accepted("token-owner")),
    "mint-no-ref": Reproduction(with_claims("token-ref", ref="", sha=""), accepted("token-ref")),
    "mint-workflow-ref": Reproduction(with_claims("token-called", job_workflow_ref=reusable("token-other")), accepted("token-called")),
    "mint-reused": Reproduction(used_twice, accepted("token-reused")),
    "mint-event": Reproduction(with_claims("token-target", event_name="pull_request_target"), accepted("token-target")),
}
