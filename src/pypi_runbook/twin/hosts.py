"""The hosts that the twin is, and which part of the world each one stands for."""

from __future__ import annotations

from pypi_runbook.project.indexes import INDEXES, PYPI, TESTPYPI, Index

__all__ = [
    "GITHUB",
    "GITHUB_API",
    "GITHUB_ARCHIVES",
    "GITHUB_ASSETS",
    "GITHUB_IDENTITY",
    "GITHUB_UPLOADS",
    "HOSTS",
    "INDEXES",
    "OLD_PYPI",
    "PYPI",
    "TESTPYPI",
    "Index",
]

# twine asks the old address for a project's files before `--skip-existing` skips anything.
OLD_PYPI = "pypi.python.org"
GITHUB = "github.com"
GITHUB_API = "api.github.com"
GITHUB_ARCHIVES = "codeload.github.com"
GITHUB_UPLOADS = "uploads.github.com"
# Where GitHub sends those who download a release's file.
GITHUB_ASSETS = "release-assets.githubusercontent.com"
GITHUB_IDENTITY = "token.actions.githubusercontent.com"

HOSTS = (
    PYPI.host,
    PYPI.upload_host,
    PYPI.files_host,
    OLD_PYPI,
    TESTPYPI.host,
    TESTPYPI.files_host,
    GITHUB,
    GITHUB_API,
    GITHUB_ARCHIVES,
    GITHUB_UPLOADS,
    GITHUB_ASSETS,
    GITHUB_IDENTITY,
)
