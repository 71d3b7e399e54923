"""Which names a new project may have."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

from packaging.utils import canonicalize_name

from pypi_runbook.rules.catalogue import refuse
from pypi_runbook.rules.form import NAME

STANDARD_LIBRARY = {canonicalize_name(name.strip("-_.")) for name in sys.stdlib_module_names}


def check_new_name(name: str, existing: Iterable[str]) -> None:
    """Raise PyPI's reason against a new project called NAME beside the EXISTING ones, or return."""
    if not NAME.fullmatch(name):
        raise refuse("name-invalid", name=name)
    if canonicalize_name(name) in STANDARD_LIBRARY:
        raise refuse("name-standard-library", name=name)
    if any(looks(other) == looks(name) for other in existing):
        raise refuse("name-similar", name=name)


def looks(name: str) -> str:
    """Return what PyPI compares to tell names that look alike: no punctuation, one letter for 0 and o, one for 1, l and i."""
    plain = re.sub(r"[._-]", "", name).lower()
    return plain.translate(str.maketrans("lio", "110"))
