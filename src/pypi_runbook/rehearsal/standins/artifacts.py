"""The artifacts of a rehearsal: a folder for each, and what the service would say about it; names and paths that it refuses."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pypi_runbook.rehearsal.running import StepError

# Archives of artifacts hold no permissions.
MODE = 0o644
ABOUT = ".about"
IN_PATHS = {
    '"': ' Double quote "',
    ":": " Colon :",
    "<": " Less than <",
    ">": " Greater than >",
    "|": " Vertical bar |",
    "*": " Asterisk *",
    "?": " Question mark ?",
    "\r": " Carriage return \\r",
    "\n": " Line feed \\n",
}
IN_NAMES = {**IN_PATHS, "\\": " Backslash \\", "/": " Forward slash /"}
REASON = (
    "due to limitations with certain file systems such as NTFS. To maintain file system agnostic behavior, these characters are "
    "intentionally not allowed to prevent potential problems with downloads on different file systems."
)
TAKEN = "Failed request: (409) Conflict: an artifact with this name already exists on the workflow run"


@dataclass(frozen=True)
class Artifact:
    """An uploaded artifact; size is that of its archive in bytes, digest begins with `sha256:`."""

    name: str
    id: int
    size: int
    digest: str


def check_name(name: str) -> None:
    """Refuse an artifact's NAME with a character that the service does not take."""
    if not name:
        raise StepError("Provided artifact name input during validation is empty")
    _refuse(name, IN_NAMES, "The artifact name is not valid", "These characters are not allowed in the artifact name")


def check_path(path: str) -> None:
    """Refuse the PATH of a file in an artifact with a character that the service does not take."""
    _refuse(
        path,
        IN_PATHS,
        "The path for one of the files in artifact is not valid",
        "The following characters are not allowed in files that are uploaded",
    )


def _refuse(text: str, characters: Mapping[str, str], start: str, end: str) -> None:
    for character, words in characters.items():
        if character in text:
            listed = ",".join(characters.values())
            raise StepError(f"{start}: {text}. Contains the following character: {words}\n\nInvalid characters include: {listed}\n\n{end} {REASON}")


class Artifacts:
    """The artifacts in FOLDER, the world's; each is written once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, name: str, files: list[Path], root: Path) -> Artifact:
        """Keep FILES, which are below ROOT, under NAME and return the artifact; StepError when the run has one of that name."""
        place = self._folder / name
        try:
            # Making the folder is the reservation of the name: legs of a matrix may run at once.
            place.mkdir(parents=True)
        except FileExistsError as error:
            raise StepError(f"Failed to CreateArtifact: Received non-retryable error: {TAKEN}") from error
        for file in files:
            target = place / file.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
            target.chmod(MODE)
        size, digest = _archived(place)
        artifact = Artifact(name, time.time_ns() // 1000 % 10**10, size, digest)
        self._record(name).parent.mkdir(exist_ok=True)
        self._record(name).write_text(json.dumps(asdict(artifact)))
        return artifact

    def remove(self, name: str) -> None:
        """Forget the artifact NAME, if there is one."""
        shutil.rmtree(self._folder / name, ignore_errors=True)
        self._record(name).unlink(missing_ok=True)

    def all(self) -> list[Artifact]:
        """Return every artifact, by name."""
        return [Artifact(**json.loads(record.read_text())) for record in sorted((self._folder / ABOUT).glob("*.json"))]

    def extract(self, artifact: Artifact, folder: Path) -> None:
        """Write the files of ARTIFACT into FOLDER, over what stands there."""
        source = self._folder / artifact.name
        folder.mkdir(parents=True, exist_ok=True)
        for file in sorted(path for path in source.rglob("*") if path.is_file()):
            target = folder / file.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
            target.chmod(MODE)

    def _record(self, name: str) -> Path:
        return self._folder / ABOUT / f"{name}.json"


def _archived(folder: Path) -> tuple[int, str]:
    """Return the size and the digest of an archive of FOLDER."""
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                # Without the files' times, so that the same files have the same digest.
                archive.writestr(zipfile.ZipInfo(str(path.relative_to(folder))), path.read_bytes(), zipfile.ZIP_DEFLATED)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), f"sha256:{digest}"
