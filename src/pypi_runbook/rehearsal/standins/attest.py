"""actions/attest and actions/attest-build-provenance: what would be signed is found and named, and not signed (texts: actions/attest)."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from pathlib import Path

from pypi_runbook.rehearsal.running import Job, StepError
from pypi_runbook.rehearsal.standins.action import Action, Inputs
from pypi_runbook.rehearsal.standins.globs import find_files, read_patterns

LENGTHS = {"sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128, "sha512_224": 56, "sha512_256": 64}
BY_LENGTH = {64: "sha256", 128: "sha512"}
MOST = 1024
NO_IDENTITY = 'missing "id-token" permission. Please add "permissions: id-token: write" to your workflow.'
Subject = tuple[str, str]


def attest(job: Job, inputs: Inputs) -> None:
    """Find the subjects that INPUTS name and note that nothing is signed; StepError in the action's words."""
    if not job.environment.get("ACTIONS_ID_TOKEN_REQUEST_URL"):
        raise StepError(NO_IDENTITY, "troubleshooting/id-token-permission.md")
    kind = _kind(inputs)
    job.say(f"Attestation type: {kind}")
    subjects = _subjects(job, inputs)
    # The action signs first and meets the missing permission when it stores the result.
    if job.permissions.get("attestations") != "write":
        raise StepError("Failed to persist attestation: Resource not accessible by integration")
    file = job.folders.temp / uuid.uuid4().hex / "attestation.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"subjects": [{"name": name, "digest": digest} for name, digest in subjects], "signed": False}))
    job.outputs["bundle-path"] = str(file)
    for name, digest in subjects:
        job.say(f"{name}@{digest}")
    names = ", ".join(name for name, _ in subjects)
    job.not_rehearsed(f"the attestation of {names}", "Sigstore signs for real jobs only; its subjects were found, and nothing was signed")


def _kind(inputs: Inputs) -> str:
    custom = [inputs[name].strip() for name in ("predicate-type", "predicate", "predicate-path")]
    if inputs.get("sbom-path", "").strip():
        if any(custom):
            raise StepError("Cannot specify sbom-path together with predicate-type, predicate, or predicate-path")
        return "SBOM"
    if any(custom[1:]) and not custom[0]:
        raise StepError("predicate-type is required when using predicate or predicate-path")
    return "Custom" if any(custom) else "Build Provenance"


def _subjects(job: Job, inputs: Inputs) -> list[Subject]:
    """Return the name and the digest of each subject."""
    path, digest, checksums = (inputs[name].strip() for name in ("subject-path", "subject-digest", "subject-checksums"))
    given = [each for each in (path, digest, checksums) if each]
    if not given:
        raise StepError("One of subject-path, subject-digest, or subject-checksums must be provided")
    if len(given) > 1:
        raise StepError("Only one of subject-path, subject-digest, or subject-checksums may be provided")
    name = inputs["subject-name"].strip()
    # A digest stands for a file that is not here, so nothing is looked for.
    if digest:
        return [(name, _checked(digest, name))]
    return _from_files(job, path, name) if path else _from_checksums(job, checksums)


def _from_files(job: Job, text: str, name: str) -> list[Subject]:
    patterns = read_patterns("\n".join(part.strip() for part in re.split(r"[,\n]", text)), job.folders.workspace, job.folders.home)
    files = find_files(patterns, hidden=True)
    if len(files) > MOST:
        raise StepError(f"Too many subjects specified (>{MOST}). The maximum number of subjects is {MOST}.")
    if not files:
        raise StepError(f"Could not find subject at path {text}")
    return list(dict.fromkeys((name or file.name, f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}") for file in files))


def _checked(digest: str, name: str) -> str:
    if not name:
        raise StepError("subject-name must be provided when using subject-digest")
    algorithm, separator, value = digest.partition(":")
    if not separator or ":" in value:
        raise StepError('subject-digest must be in the format "algorithm:hex_digest"')
    if algorithm not in LENGTHS:
        raise StepError(f'subject-digest has unsupported algorithm "{algorithm}"')
    if not re.fullmatch(r"[0-9a-fA-F]+", value):
        raise StepError("subject-digest has invalid hex digits")
    if len(value) != LENGTHS[algorithm]:
        raise StepError(f'subject-digest has invalid length for algorithm "{algorithm}" (expected {LENGTHS[algorithm]}, got {len(value)})')
    return digest


def _from_checksums(job: Job, text: str) -> list[Subject]:
    """Return the subjects in TEXT, lines of sha256sum, or a file of such lines."""
    one = "\n" not in text and Path(job.folders.workspace, text).is_file()
    written = Path(job.folders.workspace, text).read_text() if one else text
    subjects: dict[Subject, None] = {}
    for line in written.splitlines():
        digest, separator, name = line.partition(" ")
        if not separator:
            continue
        if not re.fullmatch(r"[0-9a-fA-F]+", digest):
            raise StepError(f"Invalid digest: {digest}")
        if len(digest) not in BY_LENGTH:
            raise StepError(f"Unknown digest algorithm: {digest}")
        subjects[(name.removeprefix("*").removeprefix(" "), f"{BY_LENGTH[len(digest)]}:{digest}")] = None
    return list(subjects)


_SUBJECT = ("subject-path", "subject-digest", "subject-name", "subject-checksums")
_PREDICATE = ("predicate-type", "predicate", "predicate-path")
_HOW = {"push-to-registry": "false", "create-storage-record": "true", "show-summary": "true", "github-token": "${{ github.token }}"}
ATTEST = Action(attest, {**dict.fromkeys((*_SUBJECT, "subject-version", "sbom-path", *_PREDICATE), ""), **_HOW})
ATTEST_BUILD_PROVENANCE = Action(attest, {**dict.fromkeys((*_SUBJECT, *_PREDICATE), ""), **_HOW})
