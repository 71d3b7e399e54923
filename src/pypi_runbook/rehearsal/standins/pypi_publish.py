"""pypa/gh-action-pypi-publish: the files of a folder, checked and uploaded by twine (texts: pypa/gh-action-pypi-publish)."""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import replace
from email.parser import BytesHeaderParser
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

from pypi_runbook.project.publish_action import NAME, no_image, reads, release_of, works_inside_composite
from pypi_runbook.rehearsal.results import Annotation
from pypi_runbook.rehearsal.running import Job, NotHereError, StepError
from pypi_runbook.rehearsal.standins import publish_texts as texts
from pypi_runbook.rehearsal.standins.action import Action, Inputs, notice, variables, warn
from pypi_runbook.rehearsal.standins.trusted import get_token
from pypi_runbook.twin.hosts import INDEXES
from pypi_runbook.twin.jsonapi import sdist_metadata
from pypi_runbook.twin.mirror import wheel_metadata

API_USER = "__token__"
SUFFIX = ".publish.attestation"
# Twine of this product, and nothing of the job's Python between: the action runs its own in a container.
TWINE = [sys.executable, "-I", "-m", "twine"]
PAGES = {
    "File already exists": "troubleshooting/file-already-exists.md",
    "This filename was previously used": "troubleshooting/filename-used-before.md",
    "Cannot find file": "troubleshooting/no-dists.md",
    "Invalid or non-existent authentication": "troubleshooting/invalid-authentication.md",
    "Non-user identities cannot create": "troubleshooting/pending-publisher-name.md",
    "Invalid API Token": "troubleshooting/invalid-token.md",
    "`long_description` has syntax errors": "troubleshooting/description-does-not-render.md",
}
COLOUR = re.compile(r"\x1b\[[\d;]*m")
OLD = ("repository-url", "packages-dir", "verify-metadata", "skip-existing", "print-hash")


def publish_at(ref: str) -> Action:
    """Return the stand-in for the action at REF."""
    return replace(PYPI_PUBLISH, perform=partial(publish, ref=ref))


def publish(job: Job, inputs: Inputs, ref: str = "") -> None:
    """Check and upload what INPUTS name as the action at REF does; StepError in the words of the action, of Docker or of twine."""
    _find_image(job, ref)
    url = _either(inputs, "repository-url")
    _check_index(url)
    folder = _either(inputs, "packages-dir").rstrip("/")
    # The order is the action's: what fails before the upload leaves the index untouched, what fails before the mint also the project.
    attest = _wants_attestations(job, inputs, url)
    password = _password(job, inputs, url, folder)
    _warn_about(job, inputs["user"], password, folder)
    _read_metadata(job, job.folders.workspace / folder, ref)
    _run(job, inputs, url=url, password=password, folder=folder, attest=attest)


def _find_image(job: Job, ref: str) -> None:
    """Fail where the action would find no image to run: inside a composite action it does not know its own name, and asks for the job's."""
    if job.github.get("action_path"):
        works = works_inside_composite(ref)
        if works is None:
            job.not_rehearsed(f"{NAME}@{ref} in a composite action", "it is not known whether this version works there", essential=True)
        elif not works:
            image = f"ghcr.io/{job.github['repository']}:{str(job.github['ref_name']).replace('/', '-')}"
            advice = f"{NAME} is not supported inside a composite action; call it from the workflow itself"
            raise StepError(f"{texts.NO_IMAGE.format(image=image)} ({advice})", "troubleshooting/reusable-workflow.md")
    elif reason := no_image(ref):
        raise StepError(f"{texts.NO_IMAGE.format(image=f'ghcr.io/{NAME}:{ref}')} ({reason})", "troubleshooting/old-twine.md")


def _read_metadata(job: Job, folder: Path, ref: str) -> None:
    """Fail for metadata that the twine inside the action cannot read; what only the rehearsal's own twine was asked about is noted."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        raw = wheel_metadata(path) if path.suffix == ".whl" else sdist_metadata(path) if path.name.endswith(".tar.gz") else None
        version = BytesHeaderParser().parsebytes(raw).get("Metadata-Version", "") if raw else ""
        known = reads(ref, version) if re.fullmatch(r"\d+\.\d+", version) else True
        if known is None:
            job.not_rehearsed(f"the twine inside {NAME}@{ref}", f"it is not known whether it reads Metadata-Version {version}")
            return
        if not known:
            release = release_of(ref)
            inside = f"{NAME}@{ref} has an older twine inside" + (f", {release.twine}" if release and release.twine else "")
            job.say(f"Checking {path.name}: ERROR    {texts.OLD_TWINE.format(version=version)}")
            raise StepError(f"{texts.OLD_TWINE.format(version=version)} ({inside})", "troubleshooting/old-twine.md")


def _run(job: Job, inputs: Inputs, *, url: str, password: str, folder: str, attest: bool) -> None:
    verbose = _is(inputs["verbose"])
    if _is(_either(inputs, "verify-metadata")):
        _twine(job, ["check", *_files(job, folder)])
    if attest:
        notice(job, "Generating and uploading digital attestations")
        _record_attestations(job, folder)
    if _is(_either(inputs, "print-hash")) or verbose:
        _print_hashes(job, job.folders.workspace / folder)
    options = ["--verbose"] * verbose + ["--disable-progress-bar"] + ["--skip-existing"] * _is(_either(inputs, "skip-existing"))
    # In variables: an argument would be readable for everybody on the machine.
    secrets = {"TWINE_USERNAME": inputs["user"], "TWINE_PASSWORD": password, "TWINE_REPOSITORY_URL": url}
    _twine(job, ["upload", "--non-interactive", *options, *_files(job, folder)], **secrets)


def _either(inputs: Inputs, name: str) -> str:
    """Return the input NAME, or its old spelling, which has the default."""
    return inputs[name].strip() or inputs[name.replace("-", "_")].strip()


def _is(text: str) -> bool:
    """Tell whether TEXT switches something on: to the action everything does but `false`."""
    return text.strip().lower() != "false"


def _check_index(url: str) -> None:
    """Refuse an index that the twin is not."""
    hosts = {host for index in INDEXES.values() for host in (index.host, index.upload_host)}
    if (host := urlsplit(url).hostname) not in hosts:
        raise NotHereError(f"the rehearsal has PyPI and TestPyPI, but no index at {host or url}")


def _wants_attestations(job: Job, inputs: Inputs, url: str) -> bool:
    # A workflow that says nothing wants them: the default came with version 1.11.
    wanted = inputs["attestations"].strip() != "false"
    if wanted and not _is_trusted(inputs):
        warn(job, texts.ATTESTATIONS_WITHOUT_TRUST, texts.ATTESTATIONS_IGNORED)
        wanted = False
    if inputs["attestations"].strip() != "false" and "pypi.org" not in url:
        warn(job, texts.ATTESTATIONS_ELSEWHERE, texts.ATTESTATIONS_IGNORED)
        wanted = False
    return wanted


def _is_trusted(inputs: Inputs) -> bool:
    return inputs["user"] == API_USER and not inputs["password"]


def _password(job: Job, inputs: Inputs, url: str, folder: str) -> str:
    """Return the password to upload with: a token for the job's identity where none is given."""
    if _is_trusted(inputs):
        return get_token(job, urlsplit(url).netloc)
    if inputs["password"]:
        job.mask(inputs["password"])
    if inputs["user"] != API_USER and "pypi.org" in url:
        job.annotate(Annotation("error", texts.PASSWORDS_DISABLED, title="Password-based uploads disabled"))
    if "pypi.org" in url:
        warn(job, texts.UPGRADE, "Upgrade to Trusted Publishing")
        _offer_publisher(job, url, folder)
    if inputs["user"] != API_USER and "pypi.org" in url:
        raise StepError(f"Password-based uploads disabled: {texts.PASSWORDS_DISABLED}", "troubleshooting/username-password.md")
    return inputs["password"]


def _offer_publisher(job: Job, url: str, folder: str) -> None:
    """Warn with a link to the form of a publisher, as the action does since the end of 2024."""
    site = "https://test.pypi.org" if "test.pypi.org" in url else "https://pypi.org"
    owner, _, name = str(job.github["repository"]).partition("/")
    workflow = str(job.github["workflow_ref"]).split("@")[0].split("/")[-1]
    fields = f"provider=github&owner={owner}&repository={name}&workflow_filename={workflow}"
    links = [f"- {site}/manage/project/{package}/settings/publishing/?{fields}" for package in _packages(job.folders.workspace / folder)]
    if links:
        warn(job, texts.CREATE_PUBLISHER, "Create a Trusted Publisher")
        job.summarize("\n".join([texts.CREATE_PUBLISHER, *links]))
    for link in links:
        job.say(link)


def _packages(folder: Path) -> list[str]:
    """Return the names of the projects whose distributions are in FOLDER."""
    names = set()
    for path in folder.iterdir() if folder.is_dir() else ():
        try:
            if path.suffix == ".whl":
                names.add(parse_wheel_filename(path.name)[0])
            elif path.suffix == ".gz":
                names.add(parse_sdist_filename(path.name)[0])
        except (InvalidWheelFilename, InvalidSdistFilename):
            continue
    return sorted(names)


def _warn_about(job: Job, user: str, password: str, folder: str) -> None:
    if user == API_USER and not password.startswith("pypi-"):
        title, words = ("POTENTIALLY INVALID TOKEN", texts.STRANGE_CREDENTIAL) if password else ("EMPTY TOKEN", texts.EMPTY_CREDENTIAL)
        warn(job, words, file=texts.FILE.format(title=title))
    place = job.folders.workspace / folder
    if not [*place.glob("*.tar.gz"), *place.glob("*.whl")]:
        warn(job, texts.MISSING_DISTS.format(folder=folder), file=texts.FILE.format(title="MISSING DISTS"))


def _files(job: Job, folder: str) -> list[str]:
    """Return what the shell makes of FOLDER/*: the names, or the pattern itself when there is none."""
    found = sorted(path.name for path in (job.folders.workspace / folder).glob("*") if not path.name.startswith("."))
    return [f"{folder}/{name}" for name in found] or [f"{folder}/*"]


def _twine(job: Job, arguments: list[str], **more: str) -> None:
    """Run twine; StepError with its own last words when it fails."""
    status, output = job.call([*TWINE, *arguments], env=variables(job, **more), cwd=job.folders.workspace)
    if status:
        raise StepError(_last_words(output) or f"twine {arguments[0]} ended with exit code {status}", _page(output))


def _last_words(output: str) -> str:
    """Return twine's last error, which is coloured and whose lines may be wrapped, in one line; the last line where it names none."""
    plain = f"\n{COLOUR.sub('', output)}".rstrip()
    _, found, words = plain.rpartition("\nERROR ")
    return " ".join((words if found else plain.rpartition("\n")[2]).split())


def _page(output: str) -> str | None:
    words = " ".join(COLOUR.sub("", output).split())
    return next((page for text, page in PAGES.items() if text in words), None)


def _record_attestations(job: Job, folder: str) -> None:
    """Leave a file where the action leaves each attestation, so that later steps meet what they would meet; StepError for a second time."""
    place = (job.folders.workspace / folder).resolve()
    distributions = [path for kind in ("*.tar.gz", "*.zip", "*.whl") for path in sorted(place.glob(kind))]
    if wrong := [str(path) for path in distributions if not path.is_file()]:
        _attestation_failure(job, texts.NO_FILES.format(paths=", ".join(wrong)))
    pairs = [(path, path.with_name(f"{path.name}{SUFFIX}")) for path in distributions]
    if there := [f"* {path} -> {attestation}" for path, attestation in pairs if attestation.exists()]:
        _attestation_failure(job, texts.ATTESTED_ALREADY.format(pairs="\n".join(there)))
    for _, attestation in pairs:
        attestation.write_text("A rehearsal signs nothing.\n")
    if pairs:
        job.not_rehearsed("attestations", "Sigstore signs for real jobs only, so the files were uploaded without them")


def _attestation_failure(job: Job, message: str) -> None:
    job.summarize(texts.ATTESTATION_SUMMARY.format(message=message))
    raise StepError(f"{texts.ATTESTATION_FAILURE}{message}")


def _print_hashes(job: Job, folder: Path) -> None:
    job.say("Showing hash values of files to be uploaded:")
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        content = path.read_bytes() if path.is_file() else b""
        job.say(str(path))
        job.say("")
        job.say(f"SHA256: {hashlib.sha256(content).hexdigest()}")
        job.say(f"MD5: {hashlib.md5(content, usedforsecurity=False).hexdigest()}")
        job.say(f"BLAKE2-256: {hashlib.blake2b(content, digest_size=32).hexdigest()}")
        job.say("")


PYPI_PUBLISH = Action(
    publish,
    {
        "user": API_USER,
        "password": "",
        **dict.fromkeys(OLD, ""),
        "repository_url": "https://upload.pypi.org/legacy/",
        "packages_dir": "dist",
        "verify_metadata": "true",
        "skip_existing": "false",
        "verbose": "true",
        "print_hash": "true",
        "attestations": "true",
    },
    deprecated={name.replace("-", "_"): texts.KEBAB_CASE.format(name=name) for name in OLD},
)
