"""The local stand-in for PyPI, TestPyPI and GitHub that unmodified clients take for the real ones."""

from pypi_runbook.twin.records import File, Request
from pypi_runbook.twin.twin import Twin

__all__ = ["File", "Request", "Twin"]
