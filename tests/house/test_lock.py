"""What pyproject.toml and poetry.lock promise each other."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = tomllib.loads((ROOT / "poetry.lock").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_twine_and_packaging_are_locked_once() -> None:
    """A forked resolution would bring a second, old twine without Trusted Publishing."""
    counts = Counter(package["name"] for package in LOCK["package"])
    assert {name: counts[name] for name in ("twine", "packaging", "poetry-core")} == {"twine": 1, "packaging": 1, "poetry-core": 1}


def test_every_distribution_has_hashes() -> None:
    """A distribution without hashes would stop the installation, or be trusted blindly."""
    assert not [package["name"] for package in LOCK["package"] if not package["files"]]
    assert all(file["hash"].startswith("sha256:") for package in LOCK["package"] for file in package["files"])


def test_no_index_is_written_into_the_lock() -> None:
    """The lock serves whatever index a machine is set up for."""
    assert not [package["name"] for package in LOCK["package"] if "source" in package]


def test_extra_all_is_the_sum_of_the_others() -> None:
    """`all` is typed once more, since Poetry does not resolve an extra that names its own project."""
    extras = dict(PROJECT["project"]["optional-dependencies"])
    together = sorted({requirement for name, requirements in extras.items() if name != "all" for requirement in requirements})
    assert sorted(extras["all"]) == together
