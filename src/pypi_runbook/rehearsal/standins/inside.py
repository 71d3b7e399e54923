"""The requests that stand-ins make inside the job; a program of its own, whose last line of output is what came of it as JSON.

`exchange DOMAIN` gets an upload token for the job's identity: `token`, or `failed` with the request that failed, and how.
`request METHOD URL [FILE TYPE]` asks GitHub, with the token in the environment: `status` and `body`.
It needs the standard library alone and is started by its path, so that nothing in the job's environment can get between.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

SECONDS = 5
UNSET = "GitHub: missing or insufficient OIDC token permissions, the {name} environment variable was unset"


TOKEN = "STAND_IN_TOKEN"  # noqa: S105 (a variable's name)


def ask_github(method: str, address: str, file: str = "", kind: str = "application/json") -> dict[str, Any]:
    """Return status and content of GitHub's answer; FILE holds what is sent, KIND is its type."""
    headers = {"Authorization": f"token {os.environ[TOKEN]}", "Accept": "application/vnd.github+json", "Content-Type": kind, "User-Agent": "stand-in"}
    body = Path(file).read_bytes() if file else None
    status, text = request(address, body, headers, method=method)
    try:
        return {"status": status, "body": json.loads(text) if text else None}
    except ValueError:
        return {"status": status, "body": {"message": text}}


def exchange(domain: str) -> dict[str, Any]:
    """Return what came of asking DOMAIN for its audience, GitHub for an identity, and DOMAIN for a token."""
    status, body = request(f"https://{domain}/_/oidc/audience")
    # Each failure goes back as data: the words for it are the stand-in's.
    if status != 200:
        return {"failed": "audience", "status": status, "error": body}
    identity = identify(json.loads(body)["audience"])
    if "error" in identity:
        return {"failed": "identity", **identity}
    # Its claims are shown when the index refuses, so they are read before the token is given away.
    claims = read_claims(identity["value"])
    status, body = request(f"https://{domain}/_/oidc/mint-token", json.dumps({"token": identity["value"]}).encode())
    try:
        answer = json.loads(body)
    except ValueError:
        return {"failed": "mint", "status": status, "claims": claims}
    return {"failed": "" if status == 200 else "mint", "status": status, "claims": claims, **answer}


def identify(audience: str) -> dict[str, str]:
    """Return the job's identity token for AUDIENCE as `value`, or the `error` that the action would report."""
    for name in ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL"):
        if not os.environ.get(name):
            return {"error": UNSET.format(name=name)}
    address = os.environ["ACTIONS_ID_TOKEN_REQUEST_URL"]
    separator = "&" if "?" in address else "?"
    headers = {"Authorization": f"bearer {os.environ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}
    status, body = request(f"{address}{separator}{urlencode({'audience': audience})}", headers=headers)
    if status != 200:
        return {"error": f"GitHub: OIDC token request failed (code={status}, body={body!r})"}
    return {"value": json.loads(body)["value"]}


def read_claims(token: str) -> dict[str, Any]:
    """Return what TOKEN, a JSON web token, says, without checking it."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def request(address: str, body: bytes | None = None, headers: dict[str, str] | None = None, method: str | None = None) -> tuple[int, str]:
    """Return status and text of the answer to a request; status 0 and the reason when there is none."""
    given = {"Content-Type": "application/json", **(headers or {})}
    asked = urllib.request.Request(address, body, given, method=method)  # noqa: S310 (https, or the runner's own address)
    try:
        with urllib.request.urlopen(asked, timeout=SECONDS) as answer:  # noqa: S310 (as above)
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError as error:
        return 0, str(getattr(error, "reason", error))


if __name__ == "__main__":
    came = exchange(sys.argv[2]) if sys.argv[1] == "exchange" else ask_github(*sys.argv[2:])
    sys.stdout.write(f"{json.dumps(came)}\n")
