"""Let pytest collect docs/ too: a conftest.py counts only below its own folder, and tests/conftest.py holds the registration."""

from tests.conftest import pytest_collect_file

__all__ = ["pytest_collect_file"]

pytest_plugins = ["pypi_runbook.pages.pytest_plugin", "selection", "timings"]
