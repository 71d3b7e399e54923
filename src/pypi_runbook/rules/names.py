"""Which names a new project may have.

PyPI's administrators keep a list of prohibited names, which is not public: only what its source puts there is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib import resources

from packaging.utils import canonicalize_name

from pypi_runbook.rules.catalogue import refuse

PROHIBITED = {"requirements-txt", "rrequirements-txt"}


def check_new_name(name: str, existing: Iterable[str]) -> None:
    """Raise PyPI's reason against a new project called NAME beside the EXISTING ones, or return."""
    if canonicalize_name(name) in standard_library():
        raise refuse("name-standard-library", name=name)
    if canonicalize_name(name) in PROHIBITED:
        raise refuse("name-prohibited", name=name)
    if any(looks(other) == looks(name) for other in existing):
        raise refuse("name-similar", name=name)


@cache
def standard_library() -> frozenset[str]:
    """Return the names of all modules that any Python from 2.6 to 3.14 brought, also those below others: `os.path` is `os-path`."""
    return frozenset(resources.files(__package__).joinpath("standard_library.txt").read_text(encoding="utf-8").split())


def looks(name: str) -> str:
    """Return what PyPI compares to tell names that look alike: no punctuation, one letter for 0 and o, one for 1, l and i."""
    plain = re.sub(r"[._-]", "", name).lower()
    return plain.translate(str.maketrans("lio", "110"))
