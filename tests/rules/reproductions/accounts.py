"""Rules of users, tokens, projects and the index's state: a client that is right, where somebody or something else is not.

All of it is on TestPyPI, where `perform` acts unless told otherwise. The maintainer's own project is SAMPLE.
What people meet is met with twine, the rest with curl, which starts thirty times as fast.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from identities import claims_of, register
from people import Person

from pypi_runbook.errors import RunbookError
from pypi_runbook.rules.sample import make_sdist, make_wheel
from pypi_runbook.twin.tokens import Token, read_token
from reproductions import Finished, Reproduction
from reproductions.files import fields_of, post

INDEX = "testpypi"
UPLOAD = "https://test.pypi.org/legacy/"
SAMPLE, TRUSTED = "state-sample", "state-trusted"
HOUR = 3600
DAY = 24 * HOUR
MEGABYTE = 1024 * 1024
# Each upload that may be taken is a release of its own.
VERSIONS = itertools.count(1)

Run = Callable[[Person], Finished]
Actions = dict[str, dict[str, Any]]


def wheel(person: Person, name: str = SAMPLE, **options: Any) -> Path:
    """Make a wheel of a version that nobody had before."""
    return make_wheel(person.work, name, f"1.{next(VERSIONS)}", **options)


def upload(name: str = SAMPLE, token: Callable[[Person], str] | None = None) -> Run:
    """Return what uploads a new wheel of the project NAME with the maintainer's token, or with TOKEN."""
    return lambda person: person.upload(INDEX, wheel(with_sample(person), name), password=token(person) if token else None)


def send(name: str = SAMPLE, token: Callable[[Person], str] | None = None) -> Run:
    """Return what does the same with curl."""
    return lambda person: post_file(person, wheel(with_sample(person), name), token(person) if token else person.twin.token(INDEX))


def post_file(person: Person, path: Path, token: str) -> Finished:
    """Post the form for PATH with TOKEN."""
    return post(person, fields_of(path), path, url=UPLOAD, token=token)


def with_sample(person: Person) -> Person:
    """Return PERSON when the maintainer's own project is there."""
    if not person.twin.files(INDEX, SAMPLE):
        done = post_file(person, make_wheel(person.work, SAMPLE, "0.1"), person.twin.token(INDEX))
        assert "200 OK" in done.stdout, done.stdout
    return person


def after(actions: Actions, run: Run) -> Run:
    """Return what does RUN after ACTIONS."""

    def acted(person: Person) -> Finished:
        with_sample(person)
        for action, arguments in actions.items():
            person.twin.perform(action.partition(" ")[0], **arguments)
        return run(person)

    return acted


def between(before: Actions, end: Actions, run: Run) -> Reproduction:
    """Return the reproduction of RUN, which is refused after BEFORE, and not after END, which puts everything right again."""
    return Reproduction(after(before, run), after(end, run))


def flagged(name: str, run: Run) -> Reproduction:
    """Return the reproduction of RUN, which the administrators' flag NAME stops."""
    return between({"flag": {"name": name}}, {"flag": {"name": name, "on": False}}, run)


def token_of(account: str, **options: Any) -> Callable[[Person], str]:
    """Return what makes a token of ACCOUNT."""
    return lambda person: str(person.twin.perform("token", account=account, **options)["token"])


def someone(account: str, **traits: bool) -> Actions:
    """Return what makes ACCOUNT, a maintainer of the sample, with those TRAITS."""
    return {"account": {"name": account, **traits}, "role": {"project": SAMPLE, "account": account, "role": "maintainer"}}


def limited(caveat: Any, token: Callable[[Person], str] | None = None) -> Callable[[Person], str]:
    """Return what adds a CAVEAT, in JSON or as the bytes that it is, to the maintainer's token or to TOKEN."""
    raw = caveat if isinstance(caveat, bytes) else json.dumps(caveat).encode()

    def add(person: Person) -> str:
        held = read_token(token(person) if token else person.twin.token(INDEX))
        assert held
        signature = hmac.new(held.signature, raw, hashlib.sha256).digest()
        return Token(held.location, held.identifier, (*held.caveats, raw), signature).text()

    return add


def added(caveat: Any, token: Callable[[Person], str] | None = None, name: str = SAMPLE) -> Reproduction:
    """Return the reproduction of an upload with a token that somebody limited by CAVEAT."""
    return Reproduction(send(name, limited(caveat, token)), send(name, limited([0, 2**40, 0], token)))


def minted(person: Person) -> str:
    """Return a token of the trusted publisher of the project TRUSTED, which its first token made."""
    with suppress(RunbookError):
        register(person, TRUSTED, f"octo/{TRUSTED}/publish.yml@pypi", index=INDEX)
    begun = person.twin.perform("begin-job", claims=claims_of(TRUSTED))
    login, body = person.work / "login", person.work / "body"
    login.write_text(f'header = "Authorization: bearer {begun["credential"]}"\n')
    address = f"{person.twin.proxy}{begun['path']}&audience={INDEX}"
    identity = json.loads(person.run("curl", "--silent", "--config", str(login), address).stdout)["value"]
    body.write_text(json.dumps({"token": identity}))
    answer = person.run("curl", "--silent", "--data", f"@{body}", "https://test.pypi.org/_/oidc/mint-token")
    return str(json.loads(answer.stdout)["token"])


def changed_token(person: Person) -> str:
    """Return the maintainer's token with another end."""
    token = person.twin.token(INDEX)
    return token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")


def with_password(person: Person) -> Finished:
    """Upload as one did before there were tokens."""
    command = ["twine", "upload", "--non-interactive", "--disable-progress-bar", "--repository", INDEX]
    return person.run(*command, str(wheel(person)), TWINE_USERNAME="maintainer", TWINE_PASSWORD="secret")


def twenty_one_projects(person: Person) -> Finished:
    """Make 21 projects, a day ago: later ones do not count against anybody else."""
    person.twin.perform("account", name="state-busy")
    person.twin.perform("clock", offset=-DAY)
    wheels = [make_wheel(person.work, f"state-many-{number}") for number in range(20, 41)]
    try:
        return person.upload(INDEX, *wheels, password=token_of("state-busy")(person))
    finally:
        person.twin.perform("clock", offset=0)


def race(person: Person) -> Finished:
    """Upload a new project that somebody else makes in the same moment."""
    person.twin.perform("account", name="state-rival")
    person.twin.perform("register", name="state-raced", account="state-rival", race=True)
    return send("state-raced")(person)


def taken(person: Person) -> Path:
    """Return a wheel that the index has just taken."""
    first = wheel(with_sample(person))
    done = post_file(person, first, person.twin.token(INDEX))
    assert "200 OK" in done.stdout, done.stdout
    return first


def other_bytes(person: Person) -> Finished:
    """Upload a wheel, and another one of the same name."""
    first = taken(person)
    version = first.name.split("-")[1]
    return person.upload(INDEX, make_wheel(person.work, SAMPLE, version, files={"more.py": ""}))


def same_bytes(person: Person) -> Finished:
    """Upload a wheel twice."""
    first = taken(person)
    return person.upload(INDEX, first)


def deleted_before(person: Person) -> Finished:
    """Upload a wheel, delete its release, and upload it again."""
    first = taken(person)
    person.twin.perform("delete", project=SAMPLE, version=first.name.split("-")[1])
    return person.upload(INDEX, first)


def days_later(days: float) -> Run:
    """Return what adds an sdist to a release whose wheel came so many DAYS before."""

    def run(person: Person) -> Finished:
        person.twin.perform("clock", offset=-days * DAY)
        try:
            first = taken(person)
        finally:
            person.twin.perform("clock", offset=0)
        return person.upload(INDEX, make_sdist(person.work, SAMPLE, first.name.split("-")[1]))

    return run


def two_sdists(person: Person) -> Finished:
    """Upload an sdist, and one that spells the same version in another way."""
    version = f"1.{next(VERSIONS)}"
    done = post_file(person, make_sdist(with_sample(person).work, SAMPLE, version), person.twin.token(INDEX))
    assert "200 OK" in done.stdout, done.stdout
    return post_file(person, make_sdist(person.work, SAMPLE, f"{version}.0"), person.twin.token(INDEX))


def large(person: Person) -> Finished:
    """Upload a wheel of 101 MB."""
    path = wheel(with_sample(person))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as archive, archive.open("zeros.bin", "w") as member:
        for _ in range(101):
            member.write(bytes(MEGABYTE))
    return post_file(person, path, person.twin.token(INDEX))


def trusted_archive(person: Person) -> Finished:
    """Upload with a trusted publisher's token to its project, which was archived after the token was given."""
    token = minted(person)
    person.twin.perform("project", name=TRUSTED, status="archived")
    return send(TRUSTED, lambda _: token)(person)


def trusted_active(person: Person) -> Finished:
    """Upload with a trusted publisher's token to its project."""
    token = minted(person)
    person.twin.perform("project", name=TRUSTED, status="active")
    return send(TRUSTED, lambda _: token)(person)


STRANGER = token_of("state-stranger")
NO_ROLE = {"account": {"name": "state-stranger"}, "role": {"project": SAMPLE, "account": "state-stranger", "role": "nobody"}}
OWNED: Actions = {"organization": {"name": "state-org", "active": False, "projects": [SAMPLE]}}

REPRODUCTIONS: dict[str, Reproduction] = {
    "read-only": flagged("read-only", send()),
    "uploads-disabled": flagged("disallow-new-upload", send()),
    "username-password": Reproduction(with_password, send()),
    "invalid-authentication": Reproduction(upload(token=token_of("maintainer", deleted=True)), send(token=token_of("maintainer"))),
    "non-user-identity": Reproduction(send("state-trusted-else", minted), send(TRUSTED, minted)),
    "email-unverified": between(someone("state-new", verified=False), someone("state-new"), send(token=token_of("state-new"))),
    "two-factor-missing": between(someone("state-plain", two_factor=False), someone("state-plain"), upload(token=token_of("state-plain"))),
    "too-many-projects": Reproduction(twenty_one_projects, send("state-many-more", token_of("state-busy"))),
    "registration-disabled": flagged("disallow-new-project-registration", send("state-registered")),
    "name-conflict": Reproduction(race, send("state-alone")),
    "name-similar": Reproduction(send("state-samp1e"), send("state-different")),
    "caveat-not-array": added("everything"),
    "caveat-empty": added([]),
    "caveat-unknown": added([99]),
    "caveat-short": added([0, 1]),
    "caveat-values": added([0, "soon", 1]),
    "token-expired": Reproduction(send(token=token_of("maintainer", seconds=-1)), send(token=token_of("maintainer", seconds=60))),
    "token-project": Reproduction(
        upload("state-scoped", token_of("maintainer", projects=[SAMPLE])), upload(token=token_of("maintainer", projects=[SAMPLE]))
    ),
    "token-without-user": added([3, "somebody"], minted, TRUSTED),
    "token-other-user": added([3, "somebody"]),
    "token-without-publisher": added([4, "something"]),
    "token-other-publisher": added([4, "something"], minted, TRUSTED),
    "token-publisher-project": Reproduction(send(SAMPLE, minted), send(TRUSTED, minted)),
    "token-signature": Reproduction(send(token=changed_token), send()),
    "token-error": added(b"{"),
    "user-permission": between(NO_ROLE, someone("state-stranger"), upload(token=STRANGER)),
    "publisher-permission": Reproduction(trusted_archive, trusted_active),
    "organization-inactive": between(OWNED, {"organization": {"name": "state-org"}}, send()),
    "file-size": between({}, {"limit": {"project": SAMPLE, "file": "200MB"}}, large),
    "project-size": between({"project": {"name": SAMPLE, "holds": "10GB"}}, {"project": {"name": SAMPLE, "holds": "0MB"}}, send()),
    "file-exists": Reproduction(other_bytes, same_bytes),
    "filename-reuse": Reproduction(deleted_before, send()),
    "release-closed": Reproduction(days_later(14.1), days_later(13.9)),
    "one-sdist": Reproduction(two_sdists, send()),
}
