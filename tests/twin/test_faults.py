"""The twin fails on purpose: by name, for some requests or until cleared, as clients would see PyPI fail."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pypi_runbook.errors import RunbookError
from pypi_runbook.rules.sample import make_wheel
from pypi_runbook.twin import Twin
from pypi_runbook.twin.faults import KINDS

if TYPE_CHECKING:
    from people import Person

pytest_plugins = ["people"]


@pytest.fixture(autouse=True)
def cleared(twin: Twin) -> Iterator[None]:
    """Every test starts and ends without a fault."""
    yield
    twin.clear()


def status(person: Person, url: str) -> str:
    """Return the status line's code of URL, `000` when the connection broke."""
    return person.run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{exitcode}", url, enclosed=False).stdout.splitlines()[-1]


def test_outage_lasts_for_its_requests(twin: Twin, person: Person) -> None:
    """An outage of two requests answers 503 twice, on its index only."""
    twin.fault("outage", requests=2, index="testpypi")

    answers = [status(person, url) for url in ("https://pypi.org/", *["https://test.pypi.org/"] * 3)]

    assert answers == ["200 0", "503 0", "503 0", "200 0"]


def test_outage_lasts_until_cleared(twin: Twin, person: Person) -> None:
    """Without a number an outage ends when it is cleared; twine retries and says so."""
    twin.fault("outage")
    assert status(person, "https://pypi.org/") == "503 0"
    twin.clear()

    assert status(person, "https://pypi.org/") == "200 0"


def test_twine_survives_a_short_outage(twin: Twin, person: Person, tmp_path: Path) -> None:
    """twine tries again after 503, and the file is there once."""
    twin.fault("outage", requests=1, index="pypi")

    done = person.upload("pypi", make_wheel(tmp_path, "short-outage"))

    assert 'Received "503: Service Unavailable"' in done.stdout
    assert done.returncode == 0
    assert len(twin.files("pypi", "short-outage")) == 1


def test_too_many_requests_says_how_long(twin: Twin, person: Person) -> None:
    """A 429 has Retry-After."""
    twin.fault("too-many-requests", requests=1, seconds=7)

    done = person.run("curl", "-sS", "-D-", "https://pypi.org/", enclosed=False)

    assert "HTTP/1.1 429 Too Many Requests" in done.stdout
    assert "Retry-After: 7" in done.stdout


def test_read_only_refuses_uploads_only(twin: Twin, person: Person, tmp_path: Path) -> None:
    """In read-only mode uploads are refused in PyPI's words, and reading works."""
    twin.fault("read-only")

    done = person.upload("pypi", make_wheel(tmp_path, "read-only"))

    assert "Read-only mode: Uploads are temporarily disabled." in done.stdout
    assert status(person, "https://pypi.org/") == "200 0"


def test_cut_answer_breaks_the_connection(twin: Twin, person: Person, tmp_path: Path) -> None:
    """A cut answer promises more than it sends, also for files."""
    assert person.upload("pypi", make_wheel(tmp_path, "cut-answer")).returncode == 0
    url = f"https://files.pythonhosted.org/{twin.files('pypi', 'cut-answer')[0].path}"
    twin.fault("cut", requests=1, bytes=10)

    done = person.run("curl", "-sS", "-o", "part", "-w", "%{http_code} %{size_download}", url, enclosed=False)

    assert done.returncode != 0
    assert done.stdout.splitlines()[-1].startswith("200 10")


def test_cut_upload_leaves_nothing(twin: Twin, person: Person) -> None:
    """An upload that is cut off fails at the client, and the index does not know the file."""
    twin.fault("cut", requests=1, index="pypi", bytes=200)

    done = person.run("curl", "-sS", "-F", "content=@/bin/sh", "https://upload.pypi.org/legacy/", enclosed=False)

    assert done.returncode != 0
    assert twin.requests[-1].reason == "the connection was cut"
    assert status(person, "https://pypi.org/") == "200 0"


def test_lag_hides_a_new_file_for_a_while(twin: Twin, person: Person, tmp_path: Path) -> None:
    """A file that was accepted becomes visible later, on the simple index and in the JSON API alike."""
    twin.fault("lag", seconds=3600)
    assert person.upload("pypi", make_wheel(tmp_path, "lagging")).returncode == 0

    assert status(person, "https://pypi.org/simple/lagging/") == "404 0"
    assert status(person, "https://pypi.org/pypi/lagging/json") == "404 0"
    twin.clear()
    assert status(person, "https://pypi.org/simple/lagging/") == "200 0"


def test_slow_answers_come(twin: Twin, person: Person) -> None:
    """A slow answer waits, and then it is the right one."""
    twin.fault("slow", requests=1, seconds=0.4)

    done = person.run("curl", "-sS", "-o", "/dev/null", "-w", "%{time_total}", "https://pypi.org/", enclosed=False)

    assert float(done.stdout) >= 0.4


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("outege", {}, "do you mean outage?"),
        ("nothing-like-it", {}, "choose from outage, too-many-requests"),
        ("slow", {"index": "testpipy"}, "do you mean testpypi?"),
        ("slow:second=1", {}, "do you mean seconds?"),
        ("slow:seconds=x", {}, "it is a number"),
        ("slow", {"seconds": -1}, "it is a number"),
        ("slow:seconds", {}, "write OPTION=VALUE"),
        ("outage:status=404", {}, "choose from 500, 502, 503, 504"),
        ("outage:requests=0", {}, "a whole number, 1 or more"),
        ("lost-answer:only=reads", {}, "it meets uploads alone"),
        ("lag:path=/simple/*", {}, "it concerns an index as a whole"),
    ],
)
def test_unknown_fault_is_explained(twin: Twin, text: str, options: dict[str, float | str], words: str) -> None:
    """A fault, a site or an option that does not exist is refused with the nearest one that does, and nothing is switched on."""
    with pytest.raises(RunbookError) as caught:
        twin.fault(text, **options)

    assert words in str(caught.value)
    assert not twin._world.faults._on


def test_limits_of_a_fault(twin: Twin, person: Person) -> None:
    """A fault can be limited to a site, to reads, and to a pattern of paths; an outage of both indexes leaves GitHub alone."""
    twin.fault("outage:status=502,path=/simple/*", index="pypi", only="reads")

    answers = [status(person, url) for url in ("https://pypi.org/simple/", "https://pypi.org/", "https://test.pypi.org/simple/")]
    twin.clear()
    twin.fault("outage")
    answers += [status(person, url) for url in ("https://api.github.com/", "https://pypi.python.org/pypi/x/json")]
    twin.clear()
    twin.fault("outage:index=github")
    answers += [status(person, url) for url in ("https://api.github.com/", "https://pypi.org/")]

    assert answers == ["502 0", "200 0", "200 0", "200 0", "503 0", "503 0", "200 0"]


def test_lost_answer_keeps_the_file(twin: Twin, person: Person, tmp_path: Path) -> None:
    """The nasty one: the client sees a broken connection and the index has the file; the same upload again is then accepted."""
    twin.fault("lost-answer", index="pypi")
    wheel = make_wheel(tmp_path, "lost-answer")

    before = len(twin.requests)
    first = person.upload("pypi", wheel)
    lost = twin.requests[before]
    twin.clear()
    second = person.upload("pypi", wheel)

    assert first.returncode == 1
    assert "Remote end closed connection without response" in first.stdout
    assert lost.reason == "the file was taken, and the connection was cut before the answer"
    assert (second.returncode, len(twin.files("pypi", "lost-answer"))) == (0, 1)


def test_cut_answers_of_other_packages_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was never read through before is cut too, and comes whole when it is asked for again."""
    from people import Person

    upstream = tmp_path / "upstream" / "somebody-elses"
    upstream.mkdir(parents=True)
    wheel = make_wheel(upstream, "somebody-elses", files={"large.txt": secrets.token_hex(5000)})
    (upstream / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
    monkeypatch.setenv("PIP_INDEX_URL", upstream.parent.as_uri())
    monkeypatch.setenv("PYPI_RUNBOOK_CACHE", str(tmp_path / "cache"))
    with Twin.start() as twin:
        person = Person(twin, tmp_path)
        page = person.run("curl", "-sS", "https://pypi.org/simple/somebody-elses/", enclosed=False).stdout
        url = re.findall(r'href="([^"#]+)', page)[0]
        twin.fault("cut:bytes=1000,requests=1", path="/packages/*")
        sizes = [person.run("curl", "-sS", "-o", "got", "-w", "%{size_download}", url, enclosed=False).stdout for _ in range(2)]

    assert sizes[0].endswith("1000")
    assert int(sizes[1]) == wheel.stat().st_size


def test_trickle_delivers_everything(twin: Twin, person: Person) -> None:
    """An answer that comes piece by piece is the same in the end, and takes its time."""
    whole = person.run("curl", "-sS", "https://pypi.org/simple/", enclosed=False).stdout
    twin.fault("trickle:bytes=100,seconds=0.1", requests=1)

    done = person.run("curl", "-sS", "-w", "%{time_total}", "https://pypi.org/simple/", enclosed=False)

    assert done.stdout.startswith(whole)
    assert float(done.stdout.removeprefix(whole)) > 0.1 * (len(whole) // 100)


def test_certificate_that_nobody_trusts(twin: Twin, person: Person) -> None:
    """A client refuses the connection, in the words of its TLS library; the other index is not touched."""
    twin.fault("bad-certificate", index="pypi")

    assert status(person, "https://pypi.org/").endswith(" 60")
    assert status(person, "https://test.pypi.org/") == "200 0"
    twin.clear()
    assert status(person, "https://pypi.org/") == "200 0"


def test_pretend_lists_every_fault(person: Person) -> None:
    """`pretend faults` and the help of `pretend fault` come from the same data as the faults themselves."""
    listed = json.loads(person.run("pypi-runbook", "pretend", "faults", "--json").stdout)["faults"]
    help_ = person.run("pypi-runbook", "pretend", "fault", "--help").stdout

    assert [each["name"] for each in listed] == list(KINDS)
    assert all(f"{name} " in help_ or f"{name}\n" in help_ for name in KINDS)


def test_pretend_switches_a_fault_on(person: Person) -> None:
    """Options and limits reach the twin from the command line; a wrong name is explained there."""
    done = person.run("pypi-runbook", "pretend", "fault", "outage", "status=504", "--requests", "1", "--path", "/simple/*")
    wrong = person.run("pypi-runbook", "pretend", "fault", "outages")

    assert (done.returncode, wrong.returncode) == (0, 2)
    assert "do you mean outage?" in wrong.stdout
    assert [status(person, f"https://pypi.org{path}") for path in ("/", "/simple/", "/simple/")] == ["200 0", "504 0", "200 0"]


def test_twin_command_starts_with_faults() -> None:
    """`twin --fault` switches faults on for COMMAND, several of them; a wrong one is explained before anything starts."""
    command = [sys.executable, "-m", "pypi_runbook", "twin"]
    curl = "curl -sS -o /dev/null -w '%{http_code} ' "
    faults = ["--fault", "outage:status=504,index=pypi", "--fault", "too-many-requests:requests=1,index=testpypi"]
    script = " && ".join(f"{curl}https://{host}/" for host in ("pypi.org", "test.pypi.org", "test.pypi.org"))
    done = subprocess.run([*command, *faults, "--", "sh", "-c", script], capture_output=True, text=True, check=False)
    wrong = subprocess.run([*command, "--fault", "outage:request=2", "--", "true"], capture_output=True, text=True, check=False)

    assert done.stdout == "504 429 200 "
    assert "twin: failed: GET https://pypi.org/: 504 Gateway Timeout\n" in done.stderr
    assert "twin: failed: GET https://test.pypi.org/: 429 Too Many Requests\n" in done.stderr
    assert (wrong.returncode, wrong.stdout) == (125, "")
    assert "do you mean requests?" in wrong.stderr
