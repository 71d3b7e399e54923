"""One job's steps, run as GitHub's runner runs them."""

from pypi_runbook.rehearsal.steps.run import run_steps
from pypi_runbook.rehearsal.steps.setting import Setting

__all__ = ["Setting", "run_steps"]
