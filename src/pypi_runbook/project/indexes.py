"""The two public indexes: their hosts and addresses, for whoever names, stands in for, or asks one of them."""

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

    @property
    def simple_url(self) -> str:
        """The simple index, with its final slash."""
        return f"{self.url}/simple/"


PYPI = Index("pypi", "PyPI", "pypi.org", "upload.pypi.org", "files.pythonhosted.org")
TESTPYPI = Index("testpypi", "TestPyPI", "test.pypi.org", "test.pypi.org", "test-files.pythonhosted.org")
INDEXES = {index.name: index for index in (PYPI, TESTPYPI)}
