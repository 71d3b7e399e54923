"""`python -m pypi_runbook`: the same as the command `pypi-runbook`."""

from pypi_runbook.cli import main

main()
