"""Who may upload: in which order an index asks, and in which words it answers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from sending import send

from pypi_runbook.rules.distribution import form_of, read_metadata
from pypi_runbook.rules.sample import make_wheel
from pypi_runbook.twin import Twin
from pypi_runbook.twin.tokens import Token, read_token

if TYPE_CHECKING:
    from people import Person

pytest_plugins = ["people"]
HELP = "https://test.pypi.org/help/"
UNVERIFIED = (
    "User 'newcomer', associated with the API token used, does not have a verified primary email address. "
    f"Please add a verified primary email before attempting to upload to PyPI. See {HELP}#verified-email for more information."
)
# What is wrong besides what stood before, from the last question of an index to its first, and its words then.
FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("organization", {"name": "unpaid", "active": False, "projects": ["ordered"]}, "Organization account owning this project is inactive."),
    ("account", {"name": "newcomer", "two_factor": False}, "does not have two-factor authentication enabled."),
    ("account", {"name": "newcomer", "two_factor": False, "verified": False}, "does not have a verified primary email address."),
    ("role", {"project": "ordered", "account": "newcomer", "role": "nobody"}, "The user 'newcomer' isn't allowed to upload to project 'ordered'."),
    ("clock", {"offset": 3600}, "Invalid API Token: token is expired"),
    ("account", {"name": "newcomer", "frozen": True}, "Invalid or non-existent authentication information."),
    ("flag", {"name": "disallow-new-upload"}, "New uploads are temporarily disabled."),
    ("flag", {"name": "read-only"}, "Read-only mode: Uploads are temporarily disabled."),
]


@pytest.fixture
def tidy(twin: Twin) -> Any:
    """Put back afterwards what a test changes for everybody."""
    yield
    twin.perform("clock", offset=0)
    for name in ("read-only", "disallow-new-upload", "disallow-new-project-registration"):
        twin.perform("flag", name=name, on=False)


def added(token: str, *caveats: bytes) -> str:
    """Return TOKEN with more caveats, as anybody who holds it can add them."""
    held = read_token(token)
    assert held
    for raw in caveats:
        held = Token(held.location, held.identifier, (*held.caveats, raw), hmac.new(held.signature, raw, hashlib.sha256).digest())
    return held.text()


@pytest.mark.usefixtures("tidy")
def test_the_first_question_of_an_index_is_answered_first(twin: Twin, person: Person) -> None:
    """With one thing more wrong, an index names that thing as soon as it asks for it earlier than for the others."""
    assert send(person, make_wheel(person.work, "ordered")).status == 200
    for action, arguments in (("account", {"name": "newcomer"}), ("role", {"project": "ordered", "account": "newcomer", "role": "maintainer"})):
        twin.perform(action, **arguments)
    token = str(twin.perform("token", account="newcomer", seconds=600)["token"])
    wheel = make_wheel(person.work, "ordered", "2.0", headers=[("Description-Content-Type", "text/x-rst"), ("Description", "`broken")])
    assert send(person, wheel).words.startswith("The description failed to render")

    for action, arguments, words in FAULTS:
        twin.perform(action, **arguments)

        assert words in send(person, wheel, token).words


def test_a_new_project_asks_for_the_account_before_the_name(twin: Twin, person: Person) -> None:
    """Who would make a project is asked for the address, the second factor and the rate before anything is said about its name."""
    twin.perform("account", name="newcomer", verified=False)
    token = str(twin.perform("token", account="newcomer")["token"])

    assert send(person, make_wheel(person.work, "json"), token).words == UNVERIFIED
    twin.perform("account", name="newcomer")
    assert "conflict with Python Standard Library module name" in send(person, make_wheel(person.work, "json"), token).words


def test_every_limit_that_forbids_is_told_each_time_that_it_is_asked(twin: Twin, person: Person) -> None:
    """PyPI asks the limits in the token and those that it remembers, and joins all that they say."""
    assert send(person, make_wheel(person.work, "scoped")).status == 200
    assert send(person, make_wheel(person.work, "other-scope")).status == 200
    token = str(twin.perform("token", projects=["scoped"])["token"])
    sentence = "project-scoped token is not valid for project: 'other-scope'"

    answer = send(person, make_wheel(person.work, "other-scope", "2.0"), added(token, b"[0, 1, 0]"))

    assert answer.words == f"Invalid API Token: {sentence}, {sentence}, token is expired, {sentence}, {sentence}"


@pytest.mark.parametrize(
    ("caveat", "words"),
    [
        (b'{"version": 1, "permissions": "user"}', ""),
        (b'{"version": 1, "permissions": {"projects": ["old-form"]}}', ""),
        (b'{"version": 1, "permissions": {"projects": ["another"]}}', "project-scoped token is not valid for project: 'old-form'"),
        (b'{"exp": 1, "nbf": 0}', "token is expired"),
        (b'{"project_ids": ["0"]}', "project-scoped token is not valid for project: 'old-form'"),
        (b'{"version": 1}', "caveat must be an array"),
        (b'{"exp": 1}', "caveat must be an array"),
        (b"[0, true, 0]", "invalid values for fields"),
        (b"[1, [1]]", "invalid values for fields"),
        (b"[[]]", "unknown error"),
        (b"\xff", "unknown error"),
    ],
)
def test_limits_of_any_form_are_read_as_pypi_reads_them(twin: Twin, person: Person, caveat: bytes, words: str) -> None:
    """Also caveats of PyPI's first years, and nonsense that somebody appended."""
    if not twin.files("testpypi", "old-form"):
        assert send(person, make_wheel(person.work, "old-form")).status == 200

    answer = send(person, make_wheel(person.work, "old-form"), added(twin.token("testpypi"), caveat))

    assert (answer.status, answer.words) == ((403, f"Invalid API Token: {words}") if words else (200, "OK"))


def test_new_projects_are_counted_by_the_hour(twin: Twin, person: Person) -> None:
    """The headers say what is left, a refused name costs nothing, a refused file does, and an hour later all is forgotten."""
    twin.perform("clock", offset=-7200)
    tokens = []
    for name in ("one", "two", "three"):
        twin.perform("account", name=name)
        tokens.append(str(twin.perform("token", account=name)["token"]))
    first = send(person, make_wheel(person.work, "counted-0"), tokens[0])
    assert first.headers["RateLimit-Policy"] == '"project.create.ip";q=40;w=3600;pk=:ip:, "project.create.user";q=20;w=3600;pk=:user:'
    assert first.headers["RateLimit"] == '"project.create.ip";r=40;t=3600, "project.create.user";r=20;t=3600'
    assert send(person, make_wheel(person.work, "json"), tokens[0]).status == 400
    assert send(person, make_wheel(person.work, "counted-a", without=["RECORD"]), tokens[0]).status == 400
    assert "RateLimit" not in send(person, make_wheel(person.work, "counted-0", "2.0"), tokens[0]).headers

    left = send(person, make_wheel(person.work, "counted-b"), tokens[0]).headers["RateLimit"]

    assert '"project.create.ip";r=38;' in left
    assert '"project.create.user";r=18;' in left
    statuses = [send(person, make_wheel(person.work, f"many-{number}"), tokens[number // 20]).status for number in range(20, 57)]
    assert statuses == [200] * 37
    refused = send(person, make_wheel(person.work, "one-more"), tokens[0])
    assert (refused.status, refused.words) == (429, "Too many new projects created")
    assert '"project.create.ip";r=0;' in refused.headers["RateLimit"]
    assert '"project.create.user";r=17;' in refused.headers["RateLimit"]
    twin.perform("clock", offset=0)
    assert send(person, make_wheel(person.work, "one-more"), tokens[0]).status == 200


def test_quarantine_stops_publishers_and_freezes_people(twin: Twin, person: Person) -> None:
    """Administrators who quarantine a project freeze its people, and their tokens are nothing to the index until they are thawed."""
    twin.perform("account", name="victim")
    token = str(twin.perform("token", account="victim")["token"])
    assert send(person, make_wheel(person.work, "suspected"), token).status == 200

    twin.perform("project", name="suspected", status="quarantined")

    wheel = make_wheel(person.work, "suspected", "2.0")
    assert "Invalid or non-existent authentication information." in send(person, wheel, token).words
    twin.perform("account", name="victim")
    assert send(person, wheel, token).status == 200


@pytest.mark.parametrize(
    ("login", "words"),
    [
        ("somebody:secret", "Username/Password authentication is no longer supported."),
        ("jos\xe9:secret", "Username/Password authentication is no longer supported."),
        ("somebody", "Invalid or non-existent authentication information."),
        ("__token__:", "Invalid or non-existent authentication information."),
        ("", "Invalid or non-existent authentication information."),
    ],
)
def test_a_login_is_read_as_pypi_reads_it(person: Person, login: str, words: str) -> None:
    """A name and a password in any encoding are told to migrate; half of one is nobody."""
    header = f"Authorization: Basic {base64.b64encode(login.encode('latin-1')).decode()}"

    done = person.run("curl", "--silent", "--form", "name=x", "--header", header, "https://test.pypi.org/legacy/", enclosed=False)

    assert words in done.stdout


def test_a_token_as_the_index_writes_it(twin: Twin) -> None:
    """A project's token names it by name and by id, an account's token names the user by id, and nothing else stands in them."""
    twin.perform("account", name="writer")
    twin.perform("register", name="written", account="writer")
    project = twin.perform("token", account="writer", projects=["written"])["token"]
    account = twin.perform("token", account="writer")["token"]

    names, ids = (json.loads(caveat) for caveat in read_token(project).caveats)  # type: ignore[union-attr]
    ((kind, user),) = (json.loads(caveat) for caveat in read_token(account).caveats)  # type: ignore[union-attr]

    assert names == [1, ["written"]]
    assert (ids[0], len(ids[1]), len(ids[1][0])) == (2, 1, 36)
    assert (kind, len(user)) == (3, 36)


def test_a_limit_of_the_first_years_by_id_is_one_by_id(twin: Twin, person: Person) -> None:
    """Its ids are those that the index writes into a project's token today, and not names."""
    assert send(person, make_wheel(person.work, "by-id")).status == 200
    scoped = read_token(str(twin.perform("token", projects=["by-id"])["token"]))
    assert scoped
    ids = json.loads(scoped.caveats[1])[1]
    wheel = make_wheel(person.work, "by-id", "2.0")

    assert "project-scoped token" in send(person, wheel, added(twin.token("testpypi"), b'{"project_ids": ["by-id"]}')).words
    assert send(person, wheel, added(twin.token("testpypi"), json.dumps({"project_ids": ids}).encode())).status == 200


def test_two_first_uploads_at_once_make_one_project(twin: Twin, person: Person) -> None:
    """The one that comes second finds the name taken, and leaves nothing; afterwards it is welcome."""
    # Archives take long enough for both to be on their way.
    files = {f"part_{number}.py": "" for number in range(2000)}
    wheels = [make_wheel(person.work, "contested", version, files=files) for version in ("1.0", "2.0")]
    login = person.work / "login"
    login.write_text(f'user = "__token__:{twin.token("testpypi")}"\n')
    both: list[str] = []
    for wheel in wheels:
        fields = form_of(wheel, read_metadata(wheel)).fields
        texts = [part for name, value in fields for part in ("--form-string", f"{name}={value}")]
        # `--next` begins another transfer, which needs its own options.
        both += [*(["--next"] if both else []), "--silent", "--include", "--suppress-connect-headers", "--config", str(login), *texts]
        both += ["--form", f'content=@"{wheel}"', "https://test.pypi.org/legacy/"]

    done = person.run("curl", "--parallel", "--parallel-immediate", *both, enclosed=False)

    assert sorted(re.findall(r"HTTP/1\.1 (\d+)", done.stdout)) == ["200", "409"]
    assert "The name 'contested' conflicts with an existing project. See https://test.pypi.org/help/#project-name" in done.stdout
    assert len(twin.files("testpypi", "contested")) == 1
    assert [send(person, wheel).status for wheel in wheels] == [200, 200]
