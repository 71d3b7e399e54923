"""Upload what the last build made: say what will happen, ask, send what the index lacks, and say what came of it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass

from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.credentials import Credential, find_credential
from pypi_runbook.manual.files import require
from pypi_runbook.manual.index import Index
from pypi_runbook.manual.manifest import Manifest, differences, read_manifest
from pypi_runbook.manual.record import passed
from pypi_runbook.manual.refusals import HOPELESS, read_refusal
from pypi_runbook.manual.release import PAGE, Release
from pypi_runbook.manual.running import Outcome, watch
from pypi_runbook.manual.runs import Run, interrupted, recorded
from pypi_runbook.manual.standing import ABSENT, LATE, SAME, Standing, look, look_after, refuse_others
from pypi_runbook.manual.tools import REDIRECTS, say, tool
from pypi_runbook.manual.turn import upload_turn

HALF = "incident/half-uploaded.md"
Ask = Callable[[str], str]


@dataclass(frozen=True)
class Sent:
    """What an upload came to: the files that were sent, and those that the index had already; sha256 by name."""

    sent: dict[str, str]
    already: dict[str, str]


def upload(release: Release, index: Index, confirm: Ask | None, ask_token: Ask | None, *, after_testpypi: bool = False) -> Sent:
    """Upload the files of the last build to INDEX with one `twine upload`, and return what was sent.

    confirm: puts a question to the person and returns the answer; None when `--yes` stands for it. Only PyPI is asked about.
    ask_token: the same for a token, whose answer is not shown; None where nobody can answer.
    after_testpypi: refuse unless these very bytes were verified on TestPyPI.
    RunbookError when the files are not what was built and checked, when the credential cannot be right, when the index has other
    bytes or no answer, when the answer is not the version, and when twine fails. Nothing was sent then, or the message says what was.
    """
    with recorded(release, "upload", index) as run:
        manifest = require_ready(release, after_testpypi=after_testpypi)
        run.files = manifest.hashes
        with upload_turn(release, index.key, manifest.hashes) as turn:
            standing = look(index, manifest.name, manifest.hashes)
            refuse_others(standing, manifest.hashes)
            if not standing.named(ABSENT):
                return _nothing_left(index, manifest, run)
            credential = find_credential(index, manifest.name, ask_token)
            announce(manifest, standing, credential)
            if confirm and index.key == "pypi":
                require_version(manifest.version, confirm)
            # While somebody read and typed, the files could have changed.
            require_same(release, manifest)
            outcome = _send(release, standing, credential, turn)
            if outcome.status:
                _require_everything(release, manifest, index, outcome)
            return _all_sent(release, manifest, standing, run)


def require_ready(release: Release, *, after_testpypi: bool) -> Manifest:
    """Return the manifest of what `dist/` holds; RunbookError unless it is this release, unchanged, and checked."""
    require(release)
    manifest = read_manifest(release)
    require_same(release, manifest)
    if not passed(release, "check", manifest.hashes):
        advice = f"check it: {release.command('check')}"
        raise RunbookError("not-checked", "nothing was sent: these files have not passed a check", "dist", None, advice, PAGE, status=1)
    if after_testpypi and not passed(release, "verify", manifest.hashes, "testpypi"):
        advice = f"{release.command('upload')} testpypi, then {release.command('verify')} testpypi"
        message = "nothing was sent: these very files have not been verified on TestPyPI"
        raise RunbookError("not-verified", message, "dist", None, advice, PAGE, status=1)
    return manifest


def require_same(release: Release, manifest: Manifest) -> None:
    """Raise the first way in which `dist/` is not what MANIFEST lists."""
    if problems := differences(release, manifest):
        raise problems[0]


def announce(manifest: Manifest, standing: Standing, credential: Credential) -> None:
    """Say what will be uploaded where, with which credential, and which settings are not followed."""
    index = standing.index
    say(f"{manifest.name} {manifest.version} goes to {index.title}, {index.site.upload_url}:")
    for file in manifest.files:
        there = (standing.files or {})[file.filename] == SAME
        say(f"  {file.sha256}  dist/{file.filename}{'  (there already, stays)' if there else ''}")
    say(f"  built {manifest.built} from {_origin(manifest)}")
    say(f"  credential: {credential}")
    for name in filter(os.environ.get, REDIRECTS):
        say(f"note: {name} is set and not followed, since it could name another index than {index.title}")
    say(f"{index.title} never takes another file under a name that it has once had: this version cannot be replaced or taken back.")


def require_version(version: str, ask: Ask) -> None:
    """Go on only when the person types VERSION."""
    if ask("Type the version to upload it").strip() != version:
        advice = "run it again and type the version as it stands above, or pass --yes in a script"
        raise RunbookError("not-confirmed", f"nothing was uploaded: the answer was not {version}", next=advice, page=PAGE)


def _origin(manifest: Manifest) -> str:
    commit = f"commit {manifest.commit[:12]}" if manifest.commit else "no commit"
    tag = f", tag {manifest.tag}" if manifest.tag else ", without a tag"
    return f"{commit}{tag}{', with changes that no commit holds' if manifest.dirty else ''}"


def _send(release: Release, standing: Standing, credential: Credential, turn: int) -> Outcome:
    """Run the one `twine upload` for what the index lacks; its words stay whole where no terminal limits their width."""
    width = shutil.get_terminal_size().columns if sys.stderr.isatty() else 1000
    files = [f"dist/{name}" for name in standing.named(ABSENT)]
    quiet = [] if sys.stderr.isatty() else ["--disable-progress-bar"]
    command = [tool("twine"), "upload", "--non-interactive", *quiet, *standing.index.options, *files]
    return watch(command, release.root, {"COLUMNS": str(width), **credential.settings}, credential.secret, turn, HOPELESS)


def _nothing_left(index: Index, manifest: Manifest, run: Run) -> Sent:
    run.reason = f"nothing was sent: {index.title} had every file already, with the same bytes"
    say(f"{index.title} has every file of {manifest.name} {manifest.version} already, with the same bytes; there is nothing to send.")
    return Sent({}, manifest.hashes)


def _all_sent(release: Release, manifest: Manifest, standing: Standing, run: Run) -> Sent:
    already = standing.named(SAME)
    sent = {name: digest for name, digest in manifest.hashes.items() if name not in already}
    run.reason = f"sent {', '.join(sent)}" + (f"; {', '.join(already)} was there already" if already else "")
    say(f"{standing.index.title} took {', '.join(sent)}. Compare now: {release.command('verify')} {standing.index.key}")
    return Sent(sent, {name: manifest.hashes[name] for name in already})


def _require_everything(release: Release, manifest: Manifest, index: Index, outcome: Outcome) -> None:
    """Say what INDEX has after a twine that failed; raise what happened, in twine's words, unless nothing is missing there."""
    if outcome.signal is not None:
        say("twine has ended. Asking what arrived; Ctrl-C once more ends this too.")
    standing = look_after(index, manifest.name, manifest.hashes, release.dist)
    for line in standing.lines():
        say(line)
    refuse_others(standing, manifest.hashes)
    partly = standing.files is None or bool(standing.named(SAME, LATE))
    if outcome.signal is not None:
        again = f"keep dist/ as it is and run {release.command('upload')} {index.key} again: what arrived stays"
        raise interrupted(outcome.signal, str(standing), again, HALF if partly else PAGE)
    if standing.files is None or standing.named(ABSENT):
        raise _refused(standing, outcome, partly=partly)
    say(f"twine ended with status {outcome.status}, after the last file had arrived.")


def _refused(standing: Standing, outcome: Outcome, *, partly: bool) -> RunbookError:
    refusal = read_refusal(outcome.words, outcome.status)
    lasting = f"; {standing.index.title} will never take these files" if refusal.final else ""
    page = HALF if partly and not refusal.final else refusal.page
    return RunbookError(refusal.id, f"{refusal.words}{lasting}. {standing}", next=refusal.next, page=page)
