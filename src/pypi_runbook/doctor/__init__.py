"""What would make the next release fail, or unsafe, before anyone tags."""

from pypi_runbook.doctor.checks import CHECKS, examine
from pypi_runbook.doctor.checkup import Check, Checkup

__all__ = ["CHECKS", "Check", "Checkup", "examine"]
