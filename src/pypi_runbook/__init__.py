"""A publishing guide that cannot go stale: values from the real files, commands run against a local twin of PyPI."""

import os

if _file := os.environ.get("PYPI_RUNBOOK_READS"):
    # A page's session asks which of our files its commands use.
    from pypi_runbook.reads import write_to

    write_to(_file)
