"""The local stand-in for PyPI, TestPyPI and GitHub that unmodified clients take for the real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypi_runbook.twin.records import File, Request
    from pypi_runbook.twin.twin import Twin

__all__ = ["File", "Request", "Twin"]


def __getattr__(name: str) -> Any:
    """Import the server only for who starts it: commands inside a twin need a part of this package without its dependencies."""
    if name == "Twin":
        from pypi_runbook.twin.twin import Twin

        return Twin
    if name in ("File", "Request"):
        from pypi_runbook.twin import records

        return getattr(records, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
