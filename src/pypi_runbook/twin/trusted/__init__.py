"""Trusted Publishing: GitHub's identity for a workflow's job, and the indexes' side that gives a token for it.

`publishers`, `differences`, `expected`, `jobs` and `log` need nothing beyond the core; the rest is for the twin's server.
"""
