"""A publishing guide that cannot go stale: values from the real files, commands run against a local twin of PyPI."""
