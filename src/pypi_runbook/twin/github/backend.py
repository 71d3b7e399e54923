"""git's own server for HTTP, `git http-backend`, run as the CGI program that it is; bodies stream both ways."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pypi_runbook.errors import RunbookError

PIECE = 64 * 1024
# As GitHub's git is set up: any commit can be asked for by its name, and a clone may leave blobs out.
SETTINGS = {
    "safe.directory": "*",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "receive.autogc": "false",
    # GitHub runs nobody's hooks either.
    "core.hooksPath": os.devnull,
}


@dataclass(frozen=True)
class Asked:
    """One request to the backend: its method, the path below the repository, its query, and the headers that git reads."""

    method: str
    path: str
    query: str
    kind: str = ""
    protocol: str = ""


@functools.cache
def find_backend() -> Path:
    """Return where `git http-backend` lies; RunbookError where this machine's git lacks it, as some small packages of git do."""
    next_ = "install your system's complete package of git"
    try:
        done = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise RunbookError("no-git", "the twin needs git to serve a repository, and there is none", next=next_) from error
    program = Path(done.stdout.strip()) / "git-http-backend"
    if not program.is_file():
        raise RunbookError("no-http-backend", "this machine's git cannot serve repositories: git-http-backend is missing", str(program), next=next_)
    return program


def git_environment() -> dict[str, str]:
    """Return the variables for a git that serves: nothing of this user's configuration, only SETTINGS."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "HTTP_"))}
    variables |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_COUNT": str(len(SETTINGS)), "LC_ALL": "C"}
    for number, (name, value) in enumerate(SETTINGS.items()):
        variables |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


@asynccontextmanager
async def run_backend(origin: Path, asked: Asked, user: str, body: AsyncIterator[bytes]) -> AsyncIterator[asyncio.StreamReader]:
    """Run the backend for the bare repository ORIGIN and give its output, as CGI writes it: headers, an empty line, the body.

    user: who asks; only a named one may push. body: the request's, decoded. Whatever still runs at the end of the block is killed.
    """
    variables = git_environment() | {
        "GIT_PROJECT_ROOT": str(origin),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": asked.path,
        "REQUEST_METHOD": asked.method,
        "QUERY_STRING": asked.query,
        "CONTENT_TYPE": asked.kind,
        "REMOTE_ADDR": "127.0.0.1",
        **({"GIT_PROTOCOL": asked.protocol} if asked.protocol else {}),
        **({"REMOTE_USER": user} if user else {}),
    }
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        find_backend(), stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL, env=variables, start_new_session=True
    )
    assert process.stdin
    assert process.stdout
    feeding = asyncio.create_task(_feed(body, process.stdin))
    try:
        yield process.stdout
        await process.wait()
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        # Its own session, so that the git which the backend started goes with it.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _feed(body: AsyncIterator[bytes], target: asyncio.StreamWriter) -> None:
    """Hand the BODY on; git finds out by itself when it ends too early."""
    with suppress(OSError):
        try:
            async for piece in body:
                target.write(piece)
                await target.drain()
        finally:
            target.close()
