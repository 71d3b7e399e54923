"""The rehearsal: the real workflow file, run job by job on this machine, with the twin as its PyPI."""
