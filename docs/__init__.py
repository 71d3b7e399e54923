"""Makes poetry-core carry the pages in the wheel, as pypi_runbook/guide."""
