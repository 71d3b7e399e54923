"""What a result says it depends on: each of the package's files that the commands of a path used, and no others."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from small_site import SmallSite, fence

from pypi_runbook import reads
from pypi_runbook.pages import results

PAGE = """---
title: A page
needs: [python3, pypi-runbook]
---
{blocks}"""
BLOCKS = fence("pypi-runbook show --json > facts.json") + fence("print(1)", "python") + fence("pypi-runbook twin -- true")


@pytest.fixture(name="site")
def _site(tmp_path: Path) -> SmallSite:
    site = SmallSite(tmp_path / "site", {})
    site.write("docs/index.md", PAGE.format(blocks=BLOCKS))
    return site


class Copy:
    """A copy of the library that can lose files, and an environment whose Python and `pypi-runbook` use it."""

    def __init__(self, folder: Path) -> None:
        self.package = folder / "src" / "pypi_runbook"
        shutil.copytree(reads.PACKAGE, self.package, ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "env")], check=True)
        self.bin = folder / "env" / "bin"
        (site_packages,) = (folder / "env" / "lib").glob("python3*/site-packages")
        (site_packages / "copy.pth").write_text(f"{folder / 'src'}\n{sysconfig.get_path('purelib')}\n")
        command = self.bin / "pypi-runbook"
        command.write_text(f'#!/bin/sh\nexec "{self.bin / "python"}" -m pypi_runbook "$@"\n')
        command.chmod(0o755)

    def run(self, site: SmallSite) -> subprocess.CompletedProcess[str]:
        """Run the site's pages with the copy; the modules that pytest itself has loaded at its end are in loaded.txt."""
        with (site.folder / "conftest.py").open("a") as conftest:
            conftest.write(
                "\nfrom pathlib import Path\nfrom pypi_runbook import reads\n"
                "def pytest_unconfigure():\n    Path('loaded.txt').write_text('\\n'.join(map(str, reads.loaded())))\n"
            )
        command = [str(self.bin / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "docs"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHON"))}
        return subprocess.run(command, cwd=site.folder, capture_output=True, text=True, check=False, env=environment)


def used_by(site: SmallSite) -> set[str]:
    """Return what the last run says that the site's page used."""
    data = json.loads((site.folder / results.FILE).read_text())
    (files,) = data["reads"].values()
    return set(files)


# SLOW
def test_nothing_that_a_path_uses_is_missing(site: SmallSite, tmp_path: Path) -> None:
    """Without all other files of the package, the page's commands do the same; without one that it names, they fail."""
    copy = Copy(tmp_path)
    first = copy.run(site)
    assert first.returncode == 0, first.stdout + first.stderr
    used = used_by(site)
    runner = {Path(line).relative_to(copy.package).as_posix() for line in (site.folder / "loaded.txt").read_text().splitlines()}
    unused = set(reads.package_files()) - used - runner
    assert {"cli/upload.py", "manual/upload.py", "doctor/checks.py", "rehearsal/run.py"} <= unused
    for name in unused:
        (copy.package / name).unlink()
    shutil.rmtree(site.folder / ".runbook")
    second = copy.run(site)
    assert second.returncode == 0, second.stdout + second.stderr
    assert used_by(site) == used
    assert "cli/show.py" in used
    (copy.package / "cli/show.py").unlink()
    assert copy.run(site).returncode == 1


def test_a_result_falls_with_a_module_that_it_used(site: SmallSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed module that the page's commands import makes its blocks not-run; another module does not."""
    key, page = "k", f"small:{'docs/page.md'}"
    used = reads.digests(reads.PACKAGE, ["cli/show.py", "errors.py"])
    results.merge(site.folder, results.PageResult("small", "docs/page.md", key, reads=used))
    data = results.load(site.folder)
    assert results.holds(data, data["pages"][page], key)
    real = reads.digest_of
    monkeypatch.setattr(reads, "digest_of", lambda path: "changed" if path.name == "upload.py" else real(path))
    assert results.holds(data, data["pages"][page], key)
    monkeypatch.setattr(reads, "digest_of", lambda path: "changed" if path.name == "show.py" else real(path))
    assert not results.holds(data, data["pages"][page], key)


def test_a_copied_module_is_not_a_used_one(tmp_path: Path) -> None:
    """A build that opens all modules as files uses none of them; an import, and the package's data, count."""
    record = tmp_path / "reads"
    program = (
        "import pypi_runbook, pathlib; folder = pathlib.Path(pypi_runbook.__file__).parent\n"
        "(folder / 'doctor/checks.py').read_bytes(); import pypi_runbook.rules.names"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ | {"PYPI_RUNBOOK_READS": str(record)})
    names = reads.names_in(record)
    assert {"reads.py", "rules/__init__.py", "rules/names.py", "rules/rules.toml"} <= names
    assert "doctor/checks.py" not in names
