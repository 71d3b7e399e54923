"""Uploads that go wrong: after the same command has run again, the index holds exactly the built bytes, or it was said why it never can."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from manual_bench import SDIST, WHEEL
from upload_bench import NAME, VERSION, Publisher, complete, settle, stopped

pytest_plugins = ["upload_bench"]

# Beyond the form's own fields, so that some cuts meet the middle of a file, its end, and the moment after it.
POSITIONS = (0, 2600, 3500, 5000)
# Each example uploads several times.
EXAMPLES = max(5, settings().max_examples // 50)


def require_named(publisher: Publisher, index: str, words: str) -> None:
    """Hold that a failed upload named what the index has and lacks, led to a page, and showed nobody a traceback."""
    assert "Traceback" not in words
    assert re.search(r"^error: ", words, re.MULTILINE)
    assert re.search(r"^  next: .+\n  page: \S+\.md", words, re.MULTILINE)
    there = publisher.has(index).keys()
    for name in publisher.built():
        if 0 < len(there) < 2 and "asked what it has" not in words and "answered 5" not in words:
            assert re.search(rf"^  {'the same' if name in there else 'not there'} +{re.escape(name)}$", words, re.MULTILINE), words


@dataclass(frozen=True)
class Trouble:
    """One way in which a run goes wrong: a fault of the twin, another token, or a signal while the first file is being sent."""

    fault: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    token: str = ""
    stop: signal.Signals | None = None

    def meet(self, publisher: Publisher, index: str) -> None:
        """Run one upload under it."""
        twin = publisher.twin
        if self.fault:
            twin.fault(self.fault, **self.options)
        if self.stop:
            stopped(publisher, index, self.stop)
            return
        other = {"testpypi": "pypi", "pypi": "testpypi"}[index]
        expired = twin.perform("token", index=index, seconds=-1)["token"]
        secret = {"": twin.token(index), "other": twin.token(other), "expired": expired}[self.token]
        done = publisher.upload(index, "--yes", TWINE_PASSWORD=secret)
        if done.returncode:
            require_named(publisher, index, done.stderr)
        else:
            assert publisher.has(index) == publisher.built()


def fault(name: str, **options: Any) -> st.SearchStrategy[Trouble]:
    """Give the fault NAME with OPTIONS, of which some may be strategies."""
    drawn = {key: value if isinstance(value, st.SearchStrategy) else st.just(value) for key, value in options.items()}
    return st.builds(Trouble, st.just(name), st.fixed_dictionaries(drawn))


TROUBLES = st.one_of(
    fault("cut", only="uploads", bytes=st.integers(0, 6000), requests=1),
    fault("outage", only="uploads", status=st.sampled_from([500, 502, 503, 504]), requests=st.integers(1, 8)),
    fault("cut", only="reads", bytes=st.integers(0, 1200), requests=1),
    fault("outage", only="reads", requests=1),
    fault("too-many-requests", only="uploads", requests=1),
    fault("too-many-requests", only="reads", requests=1, seconds=0),
    fault("lost-answer", requests=1),
    fault("read-only", requests=1),
    fault("lag", seconds=30),
    st.sampled_from([Trouble(token="other"), Trouble(token="expired")]),
    st.sampled_from([signal.SIGKILL, signal.SIGINT, signal.SIGTERM]).map(lambda number: Trouble(stop=number)),
)


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(index=st.sampled_from(["testpypi", "pypi"]), sequence=st.lists(TROUBLES, min_size=1, max_size=3))
def test_any_trouble_ends_well(desks: Callable[[], AbstractContextManager[Publisher]], index: str, sequence: list[Trouble]) -> None:
    """Whatever meets the uploads, one after the other: the next one without trouble completes the release, and nothing else is ever there."""
    with desks() as publisher:
        for trouble in sequence:
            trouble.meet(publisher, index)
            assert publisher.has(index).items() <= publisher.built().items()
            publisher.twin.clear()
        settle(publisher, index)
        complete(publisher, index)
        assert not publisher.has({"testpypi": "pypi", "pypi": "testpypi"}[index])


def test_cuts_at_many_places(publisher: Publisher) -> None:
    """A connection that ends within the form, a file, or behind it leaves nothing half there; the file's loss is named at once."""
    for position in POSITIONS:
        publisher.twin.fault("cut", bytes=position, only="uploads", requests=1)
        started = time.monotonic()
        done = publisher.upload("testpypi")
        assert done.returncode == 2
        assert time.monotonic() - started < 20, "twine waits for minutes by itself"
        assert "the connection broke while a file was sent" in done.stderr
        require_named(publisher, "testpypi", done.stderr)
        assert not publisher.has("testpypi")
    complete(publisher, "testpypi")


def test_an_answer_that_got_lost_counts_as_an_arrival(publisher: Publisher) -> None:
    """The first file was taken although its sender never heard of it: it is named, and only the other one is sent again."""
    publisher.twin.fault("lost-answer", requests=1)
    done = publisher.upload("testpypi")
    require_named(publisher, "testpypi", done.stderr)
    assert f"TestPyPI has {WHEEL} and lacks {SDIST}" in done.stderr
    assert "page: incident/half-uploaded.md" in done.stderr
    again = complete(publisher, "testpypi")
    assert f"twine upload --non-interactive --disable-progress-bar --repository testpypi dist/{SDIST}\n" in again.stderr


def test_the_last_answer_may_get_lost(publisher: Publisher) -> None:
    """When twine fails after the last file has arrived, nothing is missing, and that is a success."""
    publisher.twin.fault("lost-answer", requests=1)
    publisher.upload("testpypi")
    publisher.twin.fault("lost-answer", requests=1)
    done = publisher.upload("testpypi")
    assert done.returncode == 0, done.stderr
    assert "after the last file had arrived" in done.stderr
    assert publisher.has("testpypi") == publisher.built()


def test_lag_is_told_from_loss(publisher: Publisher) -> None:
    """A file that the index has and its caches do not list is neither missing nor sent anew under another name."""
    publisher.twin.fault("lag", seconds=60)
    publisher.twin.fault("lost-answer", requests=1)
    done = publisher.upload("testpypi")
    assert f"there, not listed yet  {WHEEL}" in done.stderr
    assert f"not there              {SDIST}" in done.stderr
    complete(publisher, "testpypi")


@pytest.mark.parametrize(
    ("fault", "words", "page"),
    [
        ("outage", "HTTPError: 503 Service Unavailable", "troubleshooting/index-down.md"),
        ("too-many-requests", "HTTPError: 429 Too Many Requests", "troubleshooting/too-many-requests.md"),
        ("read-only", "Read-only mode: Uploads are temporarily disabled", "troubleshooting/read-only.md"),
    ],
)
def test_an_index_that_says_no_is_quoted(publisher: Publisher, fault: str, words: str, page: str) -> None:
    """The error is twine's, what the index has is said, and the page is the entry's."""
    publisher.twin.fault(fault, **({} if fault == "read-only" else {"only": "uploads"}))
    done = publisher.upload("testpypi")
    assert done.returncode == 2
    assert f"error: {words}" in done.stderr or f"{words}. TestPyPI has none of the files" in done.stderr
    assert f"page: {page}" in done.stderr
    assert publisher.record()[-1]["result"] == "failed"


def test_an_index_that_cannot_be_asked_gets_nothing(publisher: Publisher) -> None:
    """Without an answer about what is there, nobody can tell what an upload would do."""
    publisher.twin.fault("outage", only="reads")
    done = publisher.upload("testpypi")
    assert done.returncode == 2
    assert "answered 503 Service Unavailable; asking again" in done.stderr
    assert "nothing was sent; look at https://status.python.org" in done.stderr
    assert not publisher.posts()


def other_bytes(publisher: Publisher) -> None:
    """Let somebody upload a file of this name with other bytes."""
    built = publisher.dist / SDIST
    content = built.read_bytes()
    # The end of a gzip file may carry zeros: the same archive in other bytes.
    built.write_bytes(content + b"\0" * 512)
    argv = publisher.twin.wrap(["twine", "upload", "--non-interactive", "-r", "testpypi", str(built)])
    subprocess.run(argv, env={**publisher.env, **publisher.token("testpypi")}, check=True, capture_output=True)
    built.write_bytes(content)


def deleted_name(publisher: Publisher) -> None:
    """Upload the release, then delete one file of it on the index's page."""
    assert publisher.upload("testpypi").returncode == 0
    publisher.twin.perform("delete", index="testpypi", project=NAME, version=VERSION, filename=SDIST)


@pytest.mark.parametrize(
    ("spoil", "words"), [(other_bytes, "it never takes a file of that name again"), (deleted_name, "TestPyPI will never take these files")]
)
def test_what_never_can_be_completed_is_said(publisher: Publisher, spoil: Callable[[Publisher], None], words: str) -> None:
    """Other bytes under a name, and a name that was deleted, end it: the tool says never, and what to do instead, each time."""
    spoil(publisher)
    for _ in range(2):
        done = publisher.upload("testpypi")
        assert done.returncode in (1, 2)
        assert words in done.stderr
        assert "release the next version" in done.stderr
        assert "Traceback" not in done.stderr


def test_other_bytes_stop_it_before_anything_is_sent(publisher: Publisher) -> None:
    """The wheel, which is missing, is not sent beside an sdist of another build."""
    other_bytes(publisher)
    before = len(publisher.posts())
    assert "with other bytes than were built" in publisher.upload("testpypi").stderr
    assert len(publisher.posts()) == before
    assert WHEEL not in publisher.has("testpypi")


WORKFLOW = """\
on:
  release:
    types: [published]
jobs:
  pypi:
    runs-on: ubuntu-latest
    permissions:
      id-token: write
    steps:
      - run: twine upload dist/*
"""
JOB = ("--job", "pypi", "--event", "release", "--publisher", "somebody/runbook-tiny/release.yml", "--")


def with_workflow(publisher: Publisher) -> None:
    """Give the project a repository, and a workflow whose job may ask for an identity."""
    metadata = publisher.root / "pyproject.toml"
    url = '\n[project.urls]\nRepository = "https://github.com/somebody/runbook-tiny"\n'
    metadata.write_text(metadata.read_text().replace("\n[build-system]", f"{url}\n[build-system]"))
    (publisher.root / ".github" / "workflows").mkdir(parents=True)
    (publisher.root / ".github" / "workflows" / "release.yml").write_text(WORKFLOW)


def test_a_ci_upload_that_was_cut_is_completed_by_hand(publisher: Publisher) -> None:
    """The workflow's own job uploads one file without a token and fails at the second; the same files, by hand, complete the release."""
    with_workflow(publisher)
    publisher.twin.fault("slow", seconds=0, only="uploads", requests=1)
    publisher.twin.fault("outage", only="uploads")
    twine = ["twine", "upload", "--non-interactive", f"dist/{WHEEL}", f"dist/{SDIST}"]
    job = publisher.run("twin", *JOB, *twine)
    assert "HTTPError: 503" in job.stdout + job.stderr, job.stderr
    assert publisher.has("pypi").keys() == {WHEEL}
    publisher.twin.clear()
    seen = publisher.run("verify", "pypi", "--wait", "0")
    assert f"PyPI serves 1 of 2 files after 0 s; it lacks {SDIST}" in seen.stderr
    complete(publisher, "pypi")


def test_in_a_ci_job_no_token_is_needed(publisher: Publisher) -> None:
    """Where the job may ask for an identity, twine gets its token by Trusted Publishing, which is said before."""
    with_workflow(publisher)
    done = publisher.run("twin", *JOB, sys.executable, "-m", "pypi_runbook", "upload", "pypi", "--yes")
    assert done.returncode == 0, done.stderr
    assert "credential: Trusted Publishing: twine asks GitHub Actions for this job's identity" in done.stderr
    assert publisher.has("pypi") == publisher.built()
