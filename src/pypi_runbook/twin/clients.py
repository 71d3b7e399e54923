"""The complete environment of a client inside the twin: no credential, no way out, and the twin's authority as the only one."""

from __future__ import annotations

import os
from pathlib import Path

# No IPv6 address: older clients read its colons as a port.
LOOPBACK = "127.0.0.1,localhost"
CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "PIP_CERT", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS")


def client_environment(home: Path, tmp: Path, authority: Path, proxy: str) -> dict[str, str]:
    """Return every variable that a client gets, except PATH.

    home, tmp: folders that exist and are empty; authority: the twin's certificate; proxy: the address of its tunnel.
    """
    return {
        "HOME": str(home),
        "TMPDIR": str(tmp),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        **_proxies(proxy),
        **dict.fromkeys(CA_VARIABLES, str(authority)),
        # Without it the default folder of certificates still vouches for the real hosts.
        "SSL_CERT_DIR": str(authority.parent / "no-certificates"),
        # A fresh HOME does not hide the machine's own pip.conf.
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        # What is installed in a twin lives for a few commands: compiling all of it costs a third of an installation.
        "PIP_COMPILE": "0",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "GIT_TERMINAL_PROMPT": "0",
        # The first virtualenv in a fresh HOME would leave a process behind that looks for newer versions of pip.
        "VIRTUALENV_NO_PERIODIC_UPDATE": "1",
    }


def _proxies(proxy: str) -> dict[str, str]:
    variables = {f"{kind}_PROXY": proxy for kind in ("HTTP", "HTTPS", "ALL")} | {"NO_PROXY": LOOPBACK}
    return variables | {name.lower(): value for name, value in variables.items()}
