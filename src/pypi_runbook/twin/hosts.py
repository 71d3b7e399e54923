"""The hosts that the twin is, and which part of the world each one stands for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Index:
    """One package index: accounts, tokens and files of its own."""

    name: str
    title: str
    host: str
    upload_host: str
    files_host: str

    @property
    def url(self) -> str:
        """The index's site, without a final slash."""
        return f"https://{self.host}"

    @property
    def upload_url(self) -> str:
        """Where clients send files."""
        return f"https://{self.upload_host}/legacy/"


PYPI = Index("pypi", "PyPI", "pypi.org", "upload.pypi.org", "files.pythonhosted.org")
TESTPYPI = Index("testpypi", "TestPyPI", "test.pypi.org", "test.pypi.org", "test-files.pythonhosted.org")
INDEXES = {index.name: index for index in (PYPI, TESTPYPI)}

# twine asks the old address for a project's files before `--skip-existing` skips anything.
OLD_PYPI = "pypi.python.org"
GITHUB = "github.com"
GITHUB_API = "api.github.com"
GITHUB_ARCHIVES = "codeload.github.com"
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
    GITHUB_IDENTITY,
)
