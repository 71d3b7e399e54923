"""How many arguments each function takes; the last five are there only where a run offers them."""

from __future__ import annotations

BUILT_IN = {
    "case": (3, 255),
    "contains": (2, 2),
    "endswith": (2, 2),
    "format": (1, 255),
    "fromjson": (1, 1),
    "join": (1, 2),
    "startswith": (2, 2),
    "tojson": (1, 1),
}
STATUS = ("success", "failure", "always", "cancelled")
ARITIES = BUILT_IN | {"success": (0, 255), "failure": (0, 255), "always": (0, 0), "cancelled": (0, 0), "hashfiles": (1, 255)}
