"""The tokens that an index gives to a job, through its real addresses: their form, their limits, and their end."""

from __future__ import annotations

import json
import re
import time

import jwt
from identities import answer_in, claims_of, exchange, register
from people import Person

from pypi_runbook.rules.sample import make_wheel
from pypi_runbook.twin import Twin
from pypi_runbook.twin.tokens import read_token

pytest_plugins = ["people"]
# Keeps the token out of what a test prints when it fails.
MINTED = r"""
printf 'header = "Authorization: bearer %s"\n' "$CREDENTIAL" | curl --silent --config - "$ADDRESS&audience=pypi" |
  sed 's/"count": [0-9]*, "value"/"token"/' | curl --silent --data-binary @- "https://$HOST$PLACE" > minted
"""


def mint(person: Person, name: str, *, place: str = "/_/oidc/mint-token", host: str = "upload.pypi.org") -> dict[str, str]:
    """Return PyPI's answer to a job of the repository NAME that asks for a token."""
    begun = person.twin.perform("begin-job", claims=claims_of(name))
    address = f"{person.twin.proxy}{begun['path']}"
    person.run("sh", "-c", MINTED, HOST=host, PLACE=place, ADDRESS=address, CREDENTIAL=begun["credential"])
    answer: dict[str, str] = json.loads((person.work / "minted").read_text())
    return answer


def test_token_has_the_form_of_pypis(twin: Twin, person: Person) -> None:
    """A minted token is a macaroon with publisher, project and 15 minutes; PyPI says when it ends, and the project is there."""
    register(person, "Minted.Project", "octo/minted/publish.yml@pypi")
    before = int(time.time())
    answer = mint(person, "minted")
    assert set(answer) == {"success", "token", "expires"}
    token = read_token(answer["token"])
    assert token
    publisher, projects, limit = (json.loads(caveat) for caveat in token.caveats)
    assert (publisher[0], projects[0], limit[0], len(projects[1])) == (4, 2, 0, 1)
    assert before + 900 <= int(answer["expires"]) == limit[1] == limit[2] + 900
    assert token.location == "upload.pypi.org"
    listed = twin.perform("list-publishers", index="pypi", pending=False)["publishers"]
    assert ["Minted.Project"] in [each["projects"] for each in listed]


def test_token_uploads_to_its_project_only(person: Person) -> None:
    """With the token twine uploads to the publisher's project, and to no other, whether that exists or not."""
    register(person, "scoped", "octo/scoped/publish.yml@pypi")
    token = mint(person, "scoped")["token"]
    assert person.upload("pypi", make_wheel(person.folder, "scoped"), password=token).returncode == 0
    absent = person.upload("pypi", make_wheel(person.folder, "scoped-other"), password=token).stdout
    assert "Non-user identities cannot create new projects." in absent
    assert person.upload("pypi", make_wheel(person.folder, "scoped-mine")).returncode == 0
    foreign = person.upload("pypi", make_wheel(person.folder, "scoped-mine", "2.0"), password=token).stdout
    assert "OIDC scoped token is not valid for project 'scoped-mine'" in foreign
    assert "403" in person.upload("testpypi", make_wheel(person.folder, "scoped"), password=token).stdout


def test_token_covers_every_project_of_its_publisher(person: Person) -> None:
    """A publisher that was registered for two projects uploads to both with one token."""
    for name in ("mono-1", "mono-2"):
        assert person.upload("pypi", make_wheel(person.folder, name)).returncode == 0
        register(person, name, "octo/mono/publish.yml@pypi", pending=False)
    token = mint(person, "mono", place="/_/oidc/github/mint-token", host="pypi.org")["token"]
    for name in ("mono-1", "mono-2"):
        assert person.upload("pypi", make_wheel(person.folder, name, "2.0"), password=token).returncode == 0


def test_token_ends(twin: Twin, person: Person) -> None:
    """After 15 minutes, after it was burnt, and after its publisher was removed, a token uploads nothing."""
    register(person, "ending", "octo/ending/publish.yml@pypi")
    first, second = mint(person, "ending")["token"], mint(person, "ending")["token"]
    twin.set_clock(lambda: time.time() + 901)
    try:
        assert "token is expired" in person.upload("pypi", make_wheel(person.folder, "ending"), password=first).stdout
    finally:
        twin.set_clock(time.time)
    # Of the second one only the start is sent, which says whose it is and proves nothing.
    assert [burn(person, token) for token in (first, f"{second[:-8]}AAAAAAAA")] == ["204", "204"]
    assert "Invalid or non-existent authentication information" in person.upload("pypi", make_wheel(person.folder, "ending"), password=first).stdout
    assert person.upload("pypi", make_wheel(person.folder, "ending"), password=second).returncode == 0
    fields = {"owner": "octo", "repository": "ending", "workflow": "publish.yml", "environment": "pypi"}
    twin.perform("remove-publisher", index="pypi", project="ending", publisher=fields, pending=False)
    removed = person.upload("pypi", make_wheel(person.folder, "ending", "2.0"), password=second).stdout
    assert "Invalid or non-existent authentication information" in removed


def test_burning_says_nothing_and_spares_users(twin: Twin, person: Person) -> None:
    """Whoever sends nonsense or a user's token to the burning address learns nothing, and the user's token stays."""
    users = twin.token("pypi")
    for token in ("nonsense", users, twin.token("testpypi")):
        assert burn(person, token) == "204"
    assert person.upload("pypi", make_wheel(person.folder, "unburnt"), password=users).returncode == 0
    assert burn(person, "", body="{}") == "422"


def burn(person: Person, token: str, body: str | None = None) -> str:
    """Send TOKEN to PyPI's burning address and return the status of its answer."""
    (person.work / "burn").write_text(body or json.dumps({"token": token}))
    command = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--data", "@burn", "https://pypi.org/_/oidc/burn-token"]
    return person.run(*command).stdout


def test_issuers_documents_verify_an_identity(person: Person) -> None:
    """Discovery leads to the key with which anybody can verify an identity, as PyPI does."""
    discovery = json.loads(person.run("curl", "--silent", "https://token.actions.githubusercontent.com/.well-known/openid-configuration").stdout)
    keys = json.loads(person.run("curl", "--silent", discovery["jwks_uri"]).stdout)["keys"]
    begun = person.twin.perform("begin-job", claims=claims_of())
    address = f"{person.twin.proxy}{begun['path']}"
    command = ["curl", "--silent", "--header", f"Authorization: bearer {begun['credential']}", f"{address}&audience=anybody"]
    for enclosed in (True, False):
        answer = json.loads(person.run(*command, enclosed=enclosed).stdout)
        claims = jwt.decode(answer["value"], jwt.PyJWK(keys[0]), algorithms=["RS256"], audience="anybody", issuer=discovery["issuer"])
        assert (claims["repository"], claims["exp"] - claims["iat"], answer["count"]) == ("octo/project", 300, len(answer["value"]))


def test_only_the_job_itself_gets_its_identity(person: Person) -> None:
    """Without the job's credential, and with that of another job, GitHub gives no identity."""
    one, other = (person.twin.perform("begin-job", claims=claims_of()) for _ in range(2))
    command = ["curl", "--silent", "--output", "answer", "--write-out", "%{http_code} ", f"{person.twin.proxy}{one['path']}"]
    headers = [[], ["--header", "Authorization: bearer guessed"], ["--header", f"Authorization: bearer {other['credential']}"]]
    assert [person.run(*command, *header).stdout for header in headers] == ["401 "] * 3


def test_each_index_has_its_own_publishers(person: Person) -> None:
    """A publisher of TestPyPI is nothing to PyPI, and the refusal there names no publisher."""
    register(person, "only-test", "octo/only-test/publish.yml@pypi", index="testpypi")
    assert answer_in(exchange(person, claims_of("only-test")).stdout).status == 422
    assert answer_in(exchange(person, claims_of("only-test"), index="testpypi").stdout).body["success"]


def test_refusals_are_json_and_the_report_explains_them(twin: Twin, person: Person) -> None:
    """The answer has PyPI's two keys and no more; the person reads the nearest publisher, each difference and its page."""
    register(person, "explained", "octo/explained/publish.yml@production")
    since = len(twin.requests)
    answer = answer_in(exchange(person, claims_of("explained")).stdout)
    assert (answer.status, set(answer.body), answer.body["message"]) == (422, {"message", "errors"}, "Token request failed")
    words = "\n".join(twin.perform("report", since=since)["lines"])
    assert "nearest pending publisher: octo/explained/publish.yml@production, of explained: https://pypi.org/manage/account/publishing/" in words
    assert "Environment name: the job has 'pypi', the publisher 'production' (troubleshooting/environment-missing.md)" in words


def test_publisher_without_an_environment_is_warned_of(twin: Twin, person: Person) -> None:
    """A job in an environment gets its token from a publisher that takes any, and the owners would hear of it; one without hears nothing."""
    register(person, "anywhere", "octo/anywhere/publish.yml")
    since = len(twin.requests)
    assert answer_in(exchange(person, claims_of("anywhere", environment=None)).stdout).body["success"]
    assert "would write to the owners" not in "\n".join(twin.perform("report", since=since)["lines"])
    assert answer_in(exchange(person, claims_of("anywhere")).stdout).body["success"]
    words = "\n".join(twin.perform("report", since=since)["lines"])
    assert (
        "PyPI would write to the owners of anywhere: the publisher octo/anywhere/publish.yml takes any environment, and this job has 'pypi'" in words
    )


def test_no_token_is_ever_told(twin: Twin, person: Person) -> None:
    """Neither identities nor tokens stand in the report, nor in what is remembered of the requests."""
    register(person, "silent", "octo/silent/publish.yml@pypi")
    token = mint(person, "silent")["token"]
    exchange(person, claims_of("silent"), times=2)
    told = "\n".join([*twin.report(), *map(str, twin.requests)])
    assert not re.search(r"eyJ[\w-]{20}|pypi-[\w-]{20}", told)
    assert token not in told
