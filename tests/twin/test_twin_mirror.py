"""Everybody else's packages: read through from any kind of upstream, kept, shared, and served when the upstream is gone."""

from __future__ import annotations

import functools
import hashlib
import http.server
import itertools
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename

from pypi_runbook.rules.sample import make_sdist, make_wheel
from pypi_runbook.twin import Twin
from pypi_runbook.twin.listing import Listed, usable
from pypi_runbook.twin.pages import read_page
from pypi_runbook.twin.upstream import read_upstream

if TYPE_CHECKING:
    from people import Person

pytest_plugins = ["people"]

NAME = "up-stream"


class Upstream(http.server.ThreadingHTTPServer):
    """A real simple index in HTML on loopback, without metadata files, that counts what it is asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), functools.partial(CountingHandler, directory=str(folder)))
        self.asked: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """The simple index's address."""
        return f"http://127.0.0.1:{self.server_address[1]}/simple"


class CountingHandler(http.server.SimpleHTTPRequestHandler):
    """Serve a folder."""

    def log_message(self, *_: Any) -> None:
        """Count instead of printing."""
        assert isinstance(self.server, Upstream)
        self.server.asked.append(self.path)


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Upstream]:
    """An upstream that holds a wheel and an sdist of one project."""
    page = tmp_path / "served" / "simple" / NAME
    page.mkdir(parents=True)
    wheel, sdist = make_wheel(page, NAME, headers=[("Requires-Python", ">=3.8")]), make_sdist(page, NAME)
    links = [
        f'<a href="{file.name}#sha256={hashlib.sha256(file.read_bytes()).hexdigest()}" data-requires-python="&gt;=3.8">{file.name}</a>'
        for file in (wheel, sdist)
    ]
    (page / "index.html").write_text(f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>")
    with Upstream(tmp_path / "served") as server:
        yield server
        server.shutdown()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, upstream: Upstream) -> Path:
    """An empty cache folder, and pip settings of the outer machine that name the upstream."""
    for name in [name for name in os.environ if name.startswith("PIP_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", upstream.url)
    monkeypatch.setenv("PYPI_RUNBOOK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def download(twin: Twin, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Let pip download the upstream's project through TWIN into FOLDER."""
    from people import Person

    folder.mkdir(exist_ok=True)
    return Person(twin, folder).run("pip", "download", "--no-deps", "--no-cache-dir", "--dest", "got", *options, NAME)


@pytest.mark.usefixtures("cache")
def test_what_was_read_once_is_served_offline(tmp_path: Path, upstream: Upstream) -> None:
    """The page, the metadata and the file come from the upstream once, and from the disk when it is gone."""
    with Twin.start() as twin:
        first = download(twin, tmp_path / "one")
    upstream.shutdown()
    upstream.server_close()
    with Twin.start(offline=True) as twin:
        second = download(twin, tmp_path / "two")

    assert first.returncode == 0, first.stdout
    assert second.returncode == 0, second.stdout
    wheel = f"work/got/{NAME.replace('-', '_')}-1.0-py3-none-any.whl"
    assert (tmp_path / "one" / wheel).read_bytes() == (tmp_path / "two" / wheel).read_bytes()


@pytest.mark.usefixtures("cache")
def test_upstream_that_is_gone_is_replaced_by_what_was_kept(tmp_path: Path, upstream: Upstream, cache: Path) -> None:
    """A page whose time is over is still served when the upstream does not answer."""
    with Twin.start() as twin:
        assert download(twin, tmp_path / "one").returncode == 0
    upstream.shutdown()
    upstream.server_close()
    for page in cache.glob("pages/*/*.json"):
        page.write_text(json.dumps({**json.loads(page.read_text()), "fetched": 0.0}))
    with Twin.start() as twin:
        assert download(twin, tmp_path / "two").returncode == 0


@pytest.mark.usefixtures("cache", "upstream")
def test_miss_without_upstream_says_so(tmp_path: Path) -> None:
    """What was never kept is an error that names the reason, in the client and in the log."""
    with Twin.start(offline=True) as twin:
        done = download(twin, tmp_path / "one", "-vv")
        refused = [request for request in twin.requests if request.status >= 400]

    assert done.returncode == 1
    assert "The twin has not kept up-stream" in done.stdout
    assert "the twin is offline" in refused[0].reason


@pytest.mark.usefixtures("cache", "upstream")
def test_unknown_name_stays_unknown_offline(person: Person) -> None:
    """A name that the upstream did not know is not found either when the upstream is gone."""
    answers = []
    for offline in (False, True):
        with Twin.start(offline=offline) as person.twin:
            done = person.run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "https://pypi.org/simple/nobody-has-this/", enclosed=False)
            answers.append(done.stdout)

    assert answers == ["404", "404"]


@pytest.mark.usefixtures("cache")
def test_second_twin_asks_the_upstream_for_nothing(tmp_path: Path, upstream: Upstream) -> None:
    """Twins of one user share what they keep."""
    with Twin.start() as one, Twin.start() as two:
        assert download(one, tmp_path / "one").returncode == 0
        asked = len(upstream.asked)
        assert download(two, tmp_path / "two").returncode == 0

    assert len(upstream.asked) == asked


@pytest.mark.usefixtures("cache")
def test_upstream_with_wrong_bytes_is_not_kept(tmp_path: Path, upstream: Upstream, cache: Path) -> None:
    """A file that is not the one that its index promises never enters the cache."""
    wheel = next((tmp_path / "served").rglob("*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"more")
    with Twin.start() as twin:
        done = download(twin, tmp_path / "one")

    assert done.returncode != 0
    assert upstream.asked
    assert not list(cache.rglob("*.whl"))


@pytest.mark.usefixtures("cache", "upstream")
def test_metadata_is_made_from_the_wheel(person: Person) -> None:
    """An upstream without metadata files still gets them at the twin."""
    with Twin.start() as twin:
        person.twin = twin
        page = person.run("curl", "-sS", "-H", "Accept: application/vnd.pypi.simple.v1+json", f"https://pypi.org/simple/{NAME}/", enclosed=False)
        wheel = json.loads(page.stdout)["files"][0]
        metadata = person.run("curl", "-sS", f"{wheel['url']}.metadata", enclosed=False)

    assert wheel["core-metadata"] is True
    assert f"Name: {NAME}" in metadata.stdout


def test_file_upstream(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of pages, as pip takes it for an index, is read too."""
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "served" / "simple").as_uri())
    with Twin.start() as twin:
        assert download(twin, tmp_path / "one").returncode == 0
    assert list(cache.rglob("*.whl"))


@pytest.mark.usefixtures("cache", "upstream")
def test_twin_reads_through_another_twin(tmp_path: Path) -> None:
    """Inside a twin another one finds its upstream through the outer one's tunnel and authority."""
    script = "import sys; from pypi_runbook.cli import main; sys.argv[1:] = ['twin', '--', 'pip', 'download', '--no-deps', 'up-stream']; main()"
    with Twin.start() as twin:
        from people import Person

        done = Person(twin, tmp_path).run(sys.executable, "-c", script)

    assert done.returncode == 0, done.stdout
    assert "Saved ./up_stream-1.0-py3-none-any.whl" in done.stdout


@pytest.mark.parametrize(
    ("variables", "text", "indexes"),
    [
        ({}, "", ("https://pypi.org/simple",)),
        ({"PIP_INDEX_URL": "https://a/simple/"}, "[global]\nindex-url = https://b\n", ("https://a/simple",)),
        ({}, "[global]\nindex-url = https://b\nextra-index-url = https://c\n  https://d/\n", ("https://b", "https://c", "https://d")),
        ({"PIP_NO_INDEX": "1"}, "", ()),
    ],
)
def test_upstream_is_the_outer_pip_settings(tmp_path: Path, variables: dict[str, str], text: str, indexes: tuple[str, ...]) -> None:
    """Variables win over files, extra indexes follow the first one, and no-index leaves none."""
    (tmp_path / "pip.conf").write_text(text)
    settings = read_upstream({"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path), **variables})

    extra = settings.indexes[len(indexes) :]
    assert settings.indexes[: len(indexes)] == indexes
    # The machine's own /etc/pip.conf may add more behind them.
    assert not extra or Path("/etc/pip.conf").exists() or not indexes


def test_json_and_html_pages_say_the_same() -> None:
    """Both forms of one page are read into the same lines."""
    digest = "a" * 64
    path = f"/packages/aa/bb/{'c' * 60}/x-1.0-py3-none-any.whl"
    html = (
        f'<a href="https://f.example{path}#sha256={digest}" data-requires-python="&gt;=3.8" data-yanked="bad" '
        f'data-core-metadata="sha256={digest}" data-upload-time="2024-01-01T00:00:00Z">x</a>'
    )
    file = {"filename": "x-1.0-py3-none-any.whl", "url": f"https://f.example{path}", "hashes": {"sha256": digest}, "requires-python": ">=3.8"}
    file |= {"yanked": "bad", "core-metadata": {"sha256": digest}, "upload-time": "2024-01-01T00:00:00Z"}

    (from_html,) = read_page(html, "text/html", "https://x/simple/x/")
    (from_json,) = read_page(json.dumps({"files": [file]}), "application/vnd.pypi.simple.v1+json", "https://x/simple/x/")

    assert from_html == from_json
    assert from_html.path == path.removeprefix("/")


@functools.cache
def own_pip() -> str:
    """Return how this environment's pip calls itself."""
    ask = "from pip._internal.network.session import user_agent; print(user_agent())"
    return subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()


def wheels() -> list[Listed]:
    """Return wheels for many Pythons, ABIs and systems, and an sdist."""
    pythons = ["py2", "py3", "py2.py3", "cp27", "cp34", "cp39", f"cp{sys.version_info[0]}{sys.version_info[1]}", "cp3999", "pp310"]
    abis = ["none", "abi3", f"cp{sys.version_info[0]}{sys.version_info[1]}", "cp39"]
    cpus = ["x86_64", "aarch64", "armv7l", "i686"]
    kinds = ["linux", "manylinux1", "manylinux2014", "manylinux_2_17", "manylinux_2_99", "musllinux_1_2"]
    linux = [f"{kind}_{cpu}" for cpu in cpus for kind in kinds]
    systems = ["any", "win32", "win_amd64", "macosx_10_9_x86_64", "macosx_11_0_arm64", "macosx_10_9_universal2", *linux, ".".join(linux[2:4])]
    names = ["-".join(("up_stream", "1.0", *tags)) + ".whl" for tags in itertools.product(pythons, abis, systems)]
    return [Listed(name, name) for name in [*names, "up_stream-1.0-1-py3-none-any.whl", "up_stream-1.0.tar.gz", "odd.whl"]]


def test_a_brief_page_keeps_what_pip_can_install() -> None:
    """Of many wheels a brief page keeps each that this pip accepts, and less than a fifth of all; other clients get all."""
    own, listing = set(sys_tags()), wheels()
    kept = {item.filename for item in usable(listing, own_pip())}
    fitting = {item.filename for item in listing if item.filename != "odd.whl" and item.is_wheel and parse_wheel_filename(item.filename)[3] & own}
    assert len(fitting) > 10
    assert fitting | {"up_stream-1.0.tar.gz", "odd.whl"} <= kept
    assert len(kept) < len(listing) / 5
    others = [own_pip().replace("CPython", "PyPy"), re.sub('"(Linux|Darwin)"', '"Other"', own_pip())]
    for agent in ("", "pip/25.0", "pip/25.0 {", "pip/25.0 []", "uv/0.9.0", *others):
        assert usable(listing, agent) == listing


@pytest.mark.usefixtures("cache")
def test_only_a_brief_twin_leaves_wheels_out(tmp_path: Path, upstream: Upstream) -> None:
    """A pip sees no foreign wheel in a brief twin, another client does, and caches are told that answers differ; a usual twin lists all for both."""
    from people import Person

    page = tmp_path / "served" / "simple" / NAME / "index.html"
    page.write_text(page.read_text().replace("</body>", '<a href="up_stream-1.0-cp27-none-win32.whl">foreign</a></body>'))
    assert upstream.asked == []
    for brief in (True, False):
        with Twin.start(brief=brief) as twin:
            ask = ("curl", "-sSi", f"https://pypi.org/simple/{NAME}/")
            own, other = Person(twin, tmp_path).run(*ask, "-A", own_pip()).stdout, Person(twin, tmp_path).run(*ask).stdout
        assert ("win32" not in own) is brief
        assert "win32" in other
        assert all(("User-Agent" in words) is brief for words in (own, other))
