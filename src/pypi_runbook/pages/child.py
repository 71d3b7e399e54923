"""Runs a page's Python fences one after another; started by the session with the reader's own python3, so standard library only.

Each request on the socket is a line of JSON: file, line, text, cwd, environment, output. Each answer: status, and on failure
the line and the last words.
"""

from __future__ import annotations

import json
import linecache
import os
import socket
import sys
import traceback
from typing import Any


def main() -> None:
    """Answer requests until the session closes the socket."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(sys.argv[1])
    sys.argv, sys.path[0] = [""], ""
    namespace: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__}
    with connection.makefile("rw") as stream:
        for line in stream:
            answer = run(json.loads(line), namespace)
            stream.write(json.dumps(answer) + "\n")
            stream.flush()


def run(request: dict[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    """Run one fence in the folder and environment that the shell has now."""
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    output = os.open(request["output"], os.O_WRONLY | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    try:
        exec(compile_at(request["file"], request["line"], request["text"]), namespace)  # noqa: S102 (this is what it is for)
        return {"status": 0}
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
        return {"status": status, "line": line_of(error, request["file"]), "error": f"SystemExit: {error}"}
    except BaseException as error:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
        sys.stderr.write("".join(["Traceback (most recent call last):\n", *traceback.format_list(frames)] if frames else []))
        last = traceback.format_exception_only(type(error), error)
        sys.stderr.write("".join(last))
        return {"status": 1, "line": line_of(error, request["file"]), "error": last[-1].strip()}
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def compile_at(file: str, line: int, text: str) -> Any:
    """Compile TEXT as if it stood in FILE below LINE, and let tracebacks show its lines."""
    known: list[str] = linecache.getlines(file)
    known.extend([""] * (line - len(known)))
    known[line:] = [part + "\n" for part in text.split("\n")]
    linecache.cache[file] = (len(known), None, known, file)
    return compile("\n" * line + text, file, "exec")


def line_of(error: BaseException, file: str) -> int | None:
    """Return the last line of FILE that ERROR passed, or the line that cannot be compiled."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return lines[-1] if lines else None


if __name__ == "__main__":
    main()
