"""What would make the next release fail, or unsafe, before anyone tags."""

from pypi_runbook.doctor.checkup import Checkup, examine

__all__ = ["Checkup", "examine"]
