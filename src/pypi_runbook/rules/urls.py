"""What PyPI takes for an address of the web: http or https, and nothing in it that the package rfc3986 refuses."""

from __future__ import annotations

import re

ADDRESS = re.compile(r"https?:(//(?P<authority>[^\\/?#]*))?(?P<rest>[^#]*)(#.*)?", re.IGNORECASE | re.DOTALL)
_PLAIN = r"[A-Za-z0-9._~\-!$&'()*+,;=]|%[0-9A-Fa-f]{2}"
PORT = re.compile(rf"((?:{_PLAIN}|:)+@)?((?:{_PLAIN})*|\[[0-9A-Fa-f:.]*\]):(?P<port>[0-9]{{1,5}})")


def is_url(value: str) -> bool:
    """Tell whether VALUE is an address that metadata may hold.

    rfc3986 encodes what a path may not hold, and forgets a host that is none: brackets and a port beyond 65535 are left to be wrong.
    """
    match = ADDRESS.fullmatch(value)
    if match is None or "[" in match["rest"] or "]" in match["rest"]:
        return False
    port = PORT.fullmatch(match["authority"] or "")
    return port is None or int(port["port"]) <= 65535
