"""The matrix: every locked client, unmodified, at the real addresses, does and prints what its transcript says, and reaches only the twin."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from desk import Desk
from installers import INSTALLERS, INSTALLS, fill, install_command
from people import CLIENTS as FOLDER
from scenario import CLIENTS, PROXY_BLIND, Played, play
from transcripts import TRACEBACK, differs, kept, locked_version, typed
from uploaders import UPLOADERS, UPLOADS, Upload, arrange

from pypi_runbook.pages.needs import require
from pypi_runbook.twin import Twin
from pypi_runbook.twin.hosts import HOSTS
from pypi_runbook.twin.namespace import namespaces_work
from pypi_runbook.twin.proxies import IGNORE_PROXIES

DATA: dict[str, Any] = tomllib.loads((FOLDER / "clients.toml").read_text())
STEPS = [(client, step) for client in CLIENTS for step in kept(client)]


@pytest.fixture(scope="session")
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Played]]:
    """Return what a client did; each that a test of this run asks for has begun by then, since most of the time they wait."""
    items = (item for item in request.session.items if isinstance(item, pytest.Function) and "played" in item.fixturenames)
    asked = {item.callspec.params["client"] for item in items}
    with ThreadPoolExecutor(3) as pool:
        running: dict[str, Future[Played]] = {
            client: pool.submit(play, client, tmp_path_factory.mktemp(client)) for client in CLIENTS if client in asked and runs(client)
        }

        def result(client: str) -> Played:
            if client not in running:
                require("user namespaces")
            return running[client].result()

        yield result


def runs(client: str) -> bool:
    """Say whether CLIENT can be let loose on this machine."""
    return namespaces_work() or client not in PROXY_BLIND


@pytest.mark.parametrize(("client", "step"), STEPS, ids=["-".join(pair) for pair in STEPS])
def test_client_does_and_prints_what_its_transcript_says(played: Callable[[str], Played], client: str, step: str) -> None:
    """At each step a client types the same, ends with the same status, sends the same requests and prints the same words."""
    record = next((record for record in played(client).records if record.step == step), None)
    if record is None:
        require("user namespaces")
    assert record
    assert not (difference := differs(record)), difference


@pytest.mark.needs("user namespaces")
@pytest.mark.parametrize("client", CLIENTS)
def test_client_is_what_its_lock_and_its_data_say(played: Callable[[str], Played], client: str) -> None:
    """The locked version has a transcript of exactly the steps that are run, and each of them is described."""
    done = [record.step for record in played(client).records]

    assert done == list(kept(client)), f"`tests/clients/accept {client}` writes the transcript of {client} {locked_version(client)}"
    assert set(done) <= set(DATA["steps"])


@pytest.mark.needs("user namespaces")
@pytest.mark.parametrize("client", CLIENTS)
def test_nothing_leaves_the_namespace(played: Callable[[str], Played], client: str) -> None:
    """In all its steps a client reaches hosts of the twin, asks the tunnel for no other, and tries no way past it."""
    done = played(client)

    assert done.strays == 0
    assert {request.host for request in done.requests} <= set(HOSTS)
    assert all(request.path for request in done.requests), "the tunnel was asked for a host that is not part of the twin"


@pytest.mark.needs("user namespaces")
@pytest.mark.parametrize("client", CLIENTS)
def test_client_honours_proxies_or_is_known_not_to(tmp_path: Path, client: str) -> None:
    """Where only the proxy leads to the twin, a client that honours it works and stays; the others try to leave, and are counted."""
    with Twin.start() as twin:
        output, status = first_request(Desk(client, twin, tmp_path))
        blind = client in PROXY_BLIND

        assert (twin.strays > 0) == blind, output
        assert (status != "0") == blind, output


def first_request(desk: Desk) -> tuple[str, str]:
    """Let the client at DESK upload, or install, where the names of hosts lead nowhere."""
    client = desk.client
    if client in UPLOADERS:
        UPLOADERS[client].prepare(desk)
        arrange(desk, Upload("upload", "1.0"))
        command, variables = UPLOADERS[client].command("testpypi"), UPLOADERS[client].variables("testpypi", desk.twin.token("testpypi"))
    else:
        fill(desk)
        command, variables = install_command(client, INSTALLS[1]), {}
    argv = ["sh", "-c", command]
    hosts = desk.folder / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    wrapped = desk.twin.wrap(argv)
    # The argument before the command is the file of names that the namespace gets.
    wrapped[-len(argv) - 1] = str(hosts)
    done = subprocess.run(wrapped, env=desk.person.environment(variables), cwd=desk.work, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr, str(done.returncode)


def test_data_names_every_client_and_every_step_once() -> None:
    """The data, the locks, the commands and the product's own list of clients that ignore proxies agree."""
    locked = {path.parent.name for path in FOLDER.glob("*/requirements.txt")}

    assert set(DATA["clients"]) == set(CLIENTS) == locked == {path.stem for path in FOLDER.glob("*.in")}
    assert set(DATA["steps"]) == {step.name for step in (*UPLOADS, *INSTALLS)}
    assert {name for name, client in DATA["clients"].items() if "ignores_proxies" in client} == set(PROXY_BLIND) == set(IGNORE_PROXIES)


def test_known_faults_are_seen_at_the_step_they_name() -> None:
    """What the data calls broken in the locked version names a step that the client has, and a page that exists."""
    for name, client in DATA["clients"].items():
        for broken in client.get("broken", []):
            assert broken.get("step") in (None, *kept(name)), broken
            assert "page" not in broken or (FOLDER.parents[1] / "docs" / broken["page"]).is_file(), broken
            assert "step" not in broken or locked_version(name) in broken["versions"], f"is it still so in {name} {locked_version(name)}?"


def test_page_says_of_all_clients_what_the_transcripts_say() -> None:
    """The three things that the page says first hold for the clients as they are locked."""
    outage = {client: kept(client)["outage"].status for client in UPLOADERS}
    lasting = {client: kept(client)["install-lasting-outage"].output for client in INSTALLERS}
    silent = [client for client in CLIENTS for step in kept(client).values() if step.step.startswith(("other", "skip")) and step.status == "0"]

    assert [client for client, status in outage.items() if status == "0"] == ["twine"]
    assert {client for client, words in lasting.items() if re.search("No matching|a matching version", words)} == {
        "pip",
        "pip-bundled",
        "poetry",
    }
    assert set(silent) == {"twine", "poetry", "hatch"}


@pytest.mark.parametrize("client", INSTALLERS[:1])
def test_other_words_fail_with_a_diff_and_the_command_that_accepts_them(client: str) -> None:
    """A changed word, status or request is shown line by line, with what to run when it is right."""
    record = kept(client)["install-missing"]

    assert differs(record) == ""
    for other in (
        dataclasses.replace(record, output=record.output.replace("No matching", "Not a single")),
        dataclasses.replace(record, status="0"),
        dataclasses.replace(record, requests=[]),
        dataclasses.replace(record, step="a-new-step"),
    ):
        difference = differs(other)
        assert "\n  + " in difference or "\n  - " in difference
        assert f"`tests/clients/accept {client}` accepts it" in difference


@pytest.mark.parametrize(("arguments", "variables"), [([], {}), (["no-such-client"], {}), (["uv"], {"CI": "true"})])
def test_accepting_is_a_deliberate_act(arguments: list[str], variables: dict[str, str]) -> None:
    """Nothing is accepted without a client's name, and nothing in CI."""
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | variables
    script = Path(__file__).with_name("accepting.py")
    done = subprocess.run([sys.executable, str(script), *arguments], env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stdout == ""
    assert "CI" in done.stderr or "name the clients" in done.stderr


def test_placeholders_stand_for_what_varies_and_for_nothing_else() -> None:
    """Paths, hashes, times and sizes become placeholders; equal hashes stay equal, and two measures never become one."""
    a, b = "a" * 64, "b" * 64
    text = f"/tmp/pytest-of-x/file.py took 1\n{a} {b} {a}\nin 5ms\nin 5ms\n(12 kB) in dist/x-1.0.tar.gz\n"
    wanted = "<path> took 1\n<hash> <hash:2> <hash>\nin <time>\nin <time:2>\n(<size>) in dist/x-1.0.tar.gz\n"

    assert typed(text) == wanted
    assert TRACEBACK.search("Traceback (most recent call last):\n  File x\nError: y\n")
