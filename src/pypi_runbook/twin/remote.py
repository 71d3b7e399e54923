"""The way from a command inside a twin to that twin; only the standard library, so that it costs nothing to import."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from typing import Any

from pypi_runbook.errors import RunbookError

VARIABLE = "PYPI_RUNBOOK_TWIN"
SECONDS = 30


def is_inside() -> bool:
    """Tell whether a twin is around this process."""
    return bool(os.environ.get(VARIABLE))


def ask(action: str, **arguments: Any) -> dict[str, Any]:
    """Let the twin around this process perform ACTION and return its answer; RunbookError without a twin, or when it says no."""
    address = os.environ.get(VARIABLE, "")
    if not address.startswith("http://127.0.0.1:"):
        page = "reference/commands.md#pypi-runbook-twin"
        raise RunbookError("no-twin", "there is no twin around this terminal", next="pypi-runbook twin -- bash", page=page)
    request = urllib.request.Request(f"{address}/{action}", json.dumps(arguments).encode(), {"Content-Type": "application/json"})  # noqa: S310 (the scheme stands above)
    # No proxy: the twin's own tunnel would be asked for itself.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=SECONDS) as answer:
            content: dict[str, Any] = json.load(answer)
            return content
    except urllib.error.HTTPError as error:
        raise RunbookError(**_error_of(error)) from error
    except (OSError, ValueError) as error:
        next_ = "open another terminal, and start it again there: pypi-runbook twin"
        raise RunbookError("twin-gone", f"the twin around this terminal does not answer: {error}", next=next_) from error


def _error_of(answer: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        fields: dict[str, Any] = json.load(answer)["error"]
    except (ValueError, KeyError):
        return {"id": "twin-refused", "message": f"the twin answered {answer.code} {answer.reason}"}
    return fields
