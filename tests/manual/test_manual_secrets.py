"""No token is seen anywhere but where twine needs it: searched for in every output, file and process, with real tokens of the twin."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from upload_bench import SECONDS, Publisher, read_until_sending

pytest_plugins = ["upload_bench"]

# The start is common to all tokens of an index, and the end is a signature that shows nothing.
PART = slice(40, 80)


def test_no_token_in_outputs_records_and_files(publisher: Publisher) -> None:
    """Accepted, refused, of the other index, cut off, as a user name, in an address, in a broken file: the token is repeated nowhere."""
    tokens = [publisher.twin.token(index) for index in ("testpypi", "pypi")]
    pypirc = Path(publisher.env["HOME"], ".pypirc")
    tries = [publisher.upload("testpypi", TWINE_PASSWORD=token) for token in (*tokens, tokens[0] + "x", tokens[0][:100])]
    said = [words for done in tries for words in (done.stdout, done.stderr)]
    publisher.twin.fault("bad-certificate", index="pypi")
    for settings in (
        {},
        {"TWINE_USERNAME": tokens[1]},
        {"TWINE_PASSWORD": f"\n {tokens[1]} \n"},
        {"TWINE_REPOSITORY_URL": f"https://u:{tokens[1]}@x/"},
    ):
        said += [(done := publisher.upload("pypi", "--yes", "--json", **settings)).stdout, done.stderr]
    publisher.twin.clear()
    pypirc.write_text(f"[pypi]\npassword = {tokens[1]}\nbroken {tokens[1]}\n")
    said += [publisher.run("upload", "pypi", "--yes").stderr]
    pypirc.unlink()
    said += [
        (done := publisher.upload("pypi", "--yes")).stdout,
        done.stderr,
        publisher.run("verify", "pypi", "--no-install", **publisher.token("pypi")).stderr,
    ]
    assert publisher.has("pypi") == publisher.built()
    for place, text in [("an output", "\n".join(said)), *files_of(publisher.root.parent)]:
        for token in tokens:
            assert token[PART] not in text, place
    assert "Traceback" not in "\n".join(said)


def files_of(folder: Path) -> list[tuple[str, str]]:
    """Return name and contents of every file below FOLDER, whatever its kind."""
    return [(str(path), path.read_bytes().decode("latin-1")) for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def test_no_token_in_the_process_list(publisher: Publisher) -> None:
    """While twine sends, no command line of the machine holds the token, and only the upload's own processes have it in their environment."""
    publisher.twin.fault("slow", seconds=SECONDS, only="uploads")
    token = publisher.twin.token("testpypi")
    child = publisher.start("upload", "testpypi", TWINE_PASSWORD=token)
    read_until_sending(child)
    assert not holders("cmdline", token)
    names = {Path(f"/proc/{number}/cmdline").read_bytes().decode() for number in holders("environ", token) if Path(f"/proc/{number}").exists()}
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=SECONDS)
    assert names
    assert all("twine" in name or "pypi_runbook" in name for name in names)


def holders(kind: str, token: str) -> list[int]:
    """Return the processes of this machine in whose KIND (`cmdline` or `environ`) TOKEN stands."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            held = token[PART].encode() in (folder / kind).read_bytes()
        except OSError:
            continue
        if held and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found
