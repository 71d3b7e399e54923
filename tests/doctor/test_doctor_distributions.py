"""Built files: PyPI's rules, twine, check-wheel-contents, and which files are examined."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from doctor_bench import PROJECTS, look, places, write

from pypi_runbook.doctor import Checkup
from pypi_runbook.doctor.distributions import check_distributions, fresh_dist, given_dist, own_dist
from pypi_runbook.errors import RunbookError
from pypi_runbook.project import read_project
from pypi_runbook.rules.faulty import write_faulty
from pypi_runbook.rules.sample import make_sdist, make_wheel


def test_right_files(tmp_path: Path) -> None:
    """Nothing speaks against a wheel and an sdist that PyPI takes."""
    write(tmp_path)
    dist = tmp_path / "dist"
    dist.mkdir()
    make_sdist(dist, "plain", "1.2.0")
    make_wheel(dist, "plain", "1.2.0", files=members("plain.py"))
    assert look(check_distributions, tmp_path, dist=dist) == []


def members(module: str) -> dict[str, str]:
    """Return what check-wheel-contents reads of a wheel, beside MODULE; it compares no hashes."""
    info = "plain-1.2.0.dist-info"
    places = dict.fromkeys(["plain.py", module, f"{info}/METADATA", f"{info}/WHEEL"])
    record = "".join(f"{place},sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n" for place in places)
    wheel = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    return {module: "", "WHEEL": wheel, "RECORD": f"{record}{info}/RECORD,,\n"}


# The first three are refused by PyPI and pass twine check --strict.
@pytest.mark.parametrize("rule", ["local-version", "classifier-unknown", "direct-dependency", "platform-tag", "description"])
def test_files_that_pypi_refuses(tmp_path: Path, rule: str) -> None:
    """Each is told with the rule's own id, before twine and check-wheel-contents are asked, which the test below asks."""
    write(tmp_path)
    dist = tmp_path / "dist"
    dist.mkdir()
    path = write_faulty(rule, dist)
    finding = next(iter(check_distributions(Checkup(read_project(tmp_path), dist))))
    assert (finding.id, finding.severity, finding.file) == (rule, "error", f"dist/{path.name}")


def test_twine_and_check_wheel_contents(tmp_path: Path) -> None:
    """What they say is told with the file that they say it of."""
    write(tmp_path)
    dist = tmp_path / "dist"
    dist.mkdir()
    wheel = make_wheel(dist, "plain", "1.2.0", files=members("tests/__init__.py"))
    other = write_faulty("description", dist)
    found = places(look(check_distributions, tmp_path, dist=dist))
    assert {("twine-check", f"dist/{other.name}", None), ("wheel-w005", f"dist/{wheel.name}", None)} <= found


def test_which_files_are_examined(tmp_path: Path) -> None:
    """`dist/` counts when it holds the project's version and nothing else; a folder that somebody names has to hold something."""
    project = read_project(write(tmp_path)).project
    dist = tmp_path / "dist"
    assert own_dist(tmp_path, project) is None
    dist.mkdir()
    with pytest.raises(RunbookError, match="holds no wheel"):
        given_dist(dist)
    make_wheel(dist, "plain", "1.2.0")
    assert own_dist(tmp_path, project) == given_dist(dist) == dist
    make_wheel(dist, "plain", "1.1.0")
    assert own_dist(tmp_path, project) is None


def test_a_fresh_build_leaves_no_trace() -> None:
    """With --build the files of the project as it is are examined, and neither they nor the project's own dist/ are touched."""
    root = PROJECTS / "tiny"
    before = sorted(root.rglob("*"))
    with fresh_dist(root, read_project(root).project) as dist:
        assert sorted(path.name for path in dist.iterdir()) == ["runbook_tiny-1.0.0-py3-none-any.whl", "runbook_tiny-1.0.0.tar.gz"]
        assert look(check_distributions, root, dist=dist) == []
    assert not dist.exists()
    assert sorted(root.rglob("*")) == before


def test_a_build_that_fails(tmp_path: Path) -> None:
    """Its last words are the error's, and the exit status says that the project is not right."""
    write(tmp_path, {"pyproject.toml": ('requires = ["flit-core>=3.12,<4"]\n', "")})
    command = [sys.executable, "-m", "pypi_runbook", "doctor", "--build", "--project", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the project does not build: " in done.stderr
    assert "Traceback" not in done.stderr
