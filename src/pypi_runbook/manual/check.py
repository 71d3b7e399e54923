"""Check what `dist/` holds before an index, or a user, does."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from pypi_runbook.errors import RunbookError
from pypi_runbook.finding import Finding
from pypi_runbook.manual import online, readme
from pypi_runbook.manual.files import File, inspect, parse
from pypi_runbook.manual.hygiene import clean, places_here, stray
from pypi_runbook.manual.index import INDEXES
from pypi_runbook.manual.lock import scratch, spoken
from pypi_runbook.manual.manifest import Manifest, differences, read_manifest
from pypi_runbook.manual.origin import origin_of
from pypi_runbook.manual.rebuild import rebuild
from pypi_runbook.manual.release import PAGE, Release
from pypi_runbook.manual.runs import recorded
from pypi_runbook.manual.tools import capture, tool
from pypi_runbook.manual.tryout import try_out
from pypi_runbook.project.git import git
from pypi_runbook.rules import Refused
from pypi_runbook.rules.built import refused_by_twine, refused_file
from pypi_runbook.rules.compare import Inside, compare
from pypi_runbook.rules.contents import committed, members
from pypi_runbook.rules.distribution import check_distribution

# What a person may know better than we do. What an index would refuse is not among it.
ACCEPTABLE = (
    *(
        "command-fails",
        "does-not-import",
        "missing-from-wheel",
        "missing-modules",
        "native-in-any",
        "private-file",
        "secret",
        "sources-differ",
        "wheel-and-sdist-differ",
        "metadata-differ",
    ),
    *("sdist-does-not-build", "tag-elsewhere"),
)


@dataclass(frozen=True)
class Step:
    """One thing that was looked at: its title, what was seen in a few words, and what is not right."""

    title: str
    seen: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def result(self) -> str:
        """`ok`, or the worst severity among the findings."""
        return next((each for each in ("error", "warning", "note") if any(finding.severity == each for finding in self.findings)), "ok")


@dataclass
class Report:
    """What a check saw, step by step, and the sha256 of each file, by name."""

    steps: list[Step] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    @property
    def findings(self) -> list[Finding]:
        """All findings, in the order of the steps."""
        return [finding for step in self.steps for finding in step.findings]

    @property
    def passed(self) -> bool:
        """Whether the files may be uploaded."""
        return not any(finding.severity == "error" for finding in self.findings)


@dataclass
class Desk:
    """What the steps share: the release, its files with what lies inside them, the manifest, and an empty folder."""

    release: Release
    files: list[File]
    manifest: Manifest | None
    folder: Path
    contents: dict[str, dict[str, bytes]] = field(default_factory=dict)
    new: bool = False

    @property
    def wheels(self) -> list[File]:
        """The wheels that could be read."""
        return [file for file in self.files if file.kind == "wheel" and file.path.name in self.contents]

    @property
    def sdist(self) -> File | None:
        """The sdist, if there is one that could be read."""
        return next((file for file in self.files if file.kind == "sdist" and file.path.name in self.contents), None)


def check(release: Release, *, ask_indexes: bool = True, accepted: Collection[str] = ()) -> Report:
    """Return what an index, or a user, would hold against the files in `dist/`, and write the result into the record.

    ask_indexes: also ask PyPI and TestPyPI what they have of this version; without an answer that is a note, never an error.
    accepted: ids of findings that the person takes responsibility for; only those of ACCEPTABLE are.
    """
    with recorded(release, "check") as run, spoken("the check"), ExitStack() as stack:
        report = Report()
        files, step = look_at_dist(release)
        report.steps.append(step)
        run.files = report.files = {file.path.name: file.sha256() for file in files}
        if step.result != "error":
            desk = Desk(release, files, _manifest(release), stack.enter_context(scratch(release)))
            report.steps += [look(desk) for look in _looks(report, ask_indexes=ask_indexes)]
        report.steps = [_accept(step, accepted) for step in report.steps]
        if not report.passed:
            ids = dict.fromkeys(finding.id for finding in report.findings if finding.severity == "error")
            run.result, run.reason = "failed", ", ".join(ids)
        return report


def look_at_dist(release: Release) -> tuple[list[File], Step]:
    """Return the distributions in `dist/`, and whether they are one release, the project's own, as the manifest lists them."""
    files, problems = inspect(release)
    manifest = _manifest(release)
    problems += differences(release, manifest) if manifest and not problems else []
    findings = [*map(Finding.of, problems), *_one_sided(files), *_unknown(release)]
    seen = f"{len(files)} files of {files[0].name} {files[0].version}" if files else "nothing"
    return files, Step("dist/", seen, findings)


def look_at_origin(desk: Desk) -> Step:
    """Say which commit and tag the files come from, and what speaks against it."""
    return Step("commit and tag", *origin_of(desk.release, desk.manifest, desk.files[0].version))


def look_at_indexes(report: Report) -> Callable[[Desk], Step]:
    """Return the step that asks both indexes what they have."""

    def look(desk: Desk) -> Step:
        command = desk.release.command("upload")
        answers = {index: online.ask_index(index, desk.files, report.files, f"{command} {key}") for key, index in INDEXES.items()}
        desk.new = answers[INDEXES["pypi"]].known is False
        words = ", ".join(f"{index.title}: {there.words}" for index, there in answers.items())
        return Step("on the indexes", words, [finding for there in answers.values() for finding in there.findings])

    return look


def look_with_twine(desk: Desk) -> Step:
    """Run `twine check --strict`."""
    # What cannot be read has been told; twine would end in a traceback over it.
    names = [file.shown for file in desk.files if file.path.name in desk.contents]
    if not names:
        return Step("twine check --strict", "not run")
    # A narrow terminal would wrap the lines that name the files.
    status, output = capture([tool("twine"), "check", "--strict", *names], desk.release.root, {"COLUMNS": "1000", "NO_COLOR": "1"})
    return Step("twine check --strict", f"{output.count(': PASSED')} of {len(names)} passed", refused_by_twine(status, output))


def look_with_rules(desk: Desk) -> Step:
    """Apply PyPI's own reasons to each file."""
    findings = []
    for file in desk.files:
        try:
            check_distribution(file.path, new_project=desk.new)
        except Refused as refused:
            findings.append(refused_file(refused, file.shown))
    return Step("PyPI's rules", f"{len(desk.files)} files", findings)


def look_inside(desk: Desk) -> Step:
    """Read every file, and compare wheel, sdist and commit with each other."""
    inside, shown = Inside(desk.release.root), {}
    findings = []
    for file in desk.files:
        try:
            contents = desk.contents[file.path.name] = dict(members(file.path, file.shown))
        except RunbookError as error:
            findings.append(Finding.of(error))
            continue
        shown["sdist" if file.kind == "sdist" else file.path.name] = file.shown
        if file.kind == "sdist":
            inside.sdist = contents
        else:
            inside.wheels[file.path.name] = contents
    commit = desk.manifest.commit if desk.manifest else git(desk.release.root, "rev-parse", "--verify", "HEAD")
    if commit and not (desk.manifest and desk.manifest.dirty):
        inside.tracked = committed(desk.release.root, commit) or None
    findings += compare(inside, shown, "error" if desk.manifest else "warning")
    count = sum(map(len, desk.contents.values()))
    others = "wheel, sdist and commit" if inside.tracked else "wheel and sdist"
    return Step("contents", f"{count} files in {others} compared", findings)


def look_for_secrets(desk: Desk) -> Step:
    """Search every file for secrets, leftovers and places of this machine."""
    places = places_here(desk.release.root)
    findings = [finding for file in desk.files for finding in clean(desk.contents.get(file.path.name, {}), file.shown, places)]
    findings += [finding for file in desk.wheels for finding in stray(desk.contents[file.path.name], file.shown)]
    return Step("secrets and leftovers", "tokens, keys, caches, local paths", findings)


def look_at_readme(desk: Desk) -> Step:
    """Read the description as an index will show it."""
    for file in desk.files:
        ending = ".dist-info/METADATA" if file.kind == "wheel" else "PKG-INFO"
        for path, content in desk.contents.get(file.path.name, {}).items():
            if path.endswith(ending) and path.count("/") == (1 if file.kind == "wheel" else 0):
                return Step("description", *readme.read(content, file.shown))
    return Step("description", "not read")


def look_at_sdist(desk: Desk) -> Step:
    """Make sure that the sdist builds, and into the same wheel."""
    if not desk.sdist:
        return Step("wheel from the sdist", "not tried")
    if desk.manifest and desk.manifest.source == "build" and desk.wheels:
        # The manifest's hashes say that these are the files of one `python -m build`, which builds the wheel from the sdist.
        return Step("wheel from the sdist", "built so, by the build")
    return Step("wheel from the sdist", *rebuild(desk.release, desk.sdist, desk.wheels, desk.folder / "rebuilt"))


def look_as_user(desk: Desk) -> Step:
    """Install, import and start what the wheels hold; without a wheel, the one that the sdist builds into."""
    wheels = desk.wheels
    built = [] if wheels else [file for path in desk.folder.glob("rebuilt/dist/*.whl") if (file := parse(path))]
    seen, findings = [], []
    for number, file in enumerate(wheels or built):
        words, found = try_out(
            desk.release, file, desk.contents.get(file.path.name) or dict(members(file.path, file.shown)), desk.folder / f"room{number}"
        )
        seen.append(words)
        findings += found
    return Step("as a user", "; ".join(dict.fromkeys(seen)) or "not tried", findings)


def _looks(report: Report, *, ask_indexes: bool) -> list[Callable[[Desk], Step]]:
    asking = [look_at_indexes(report)] if ask_indexes else []
    return [
        *(look_at_origin, *asking, look_inside, look_for_secrets, look_at_readme),
        *(look_with_twine, look_with_rules, look_at_sdist, look_as_user),
    ]


def _accept(step: Step, accepted: Collection[str]) -> Step:
    known = [finding.id in accepted and finding.id in ACCEPTABLE for finding in step.findings]
    findings = [
        replace(finding, severity="note", message=f"{finding.message} (accepted)") if accept else finding
        for finding, accept in zip(step.findings, known, strict=True)
    ]
    return replace(step, findings=findings)


def _manifest(release: Release) -> Manifest | None:
    try:
        return read_manifest(release)
    except RunbookError:
        return None


def _one_sided(files: list[File]) -> Iterable[Finding]:
    kinds = {file.kind for file in files}
    for missing in {"sdist", "wheel"} - kinds if kinds else ():
        message = f"dist/ holds no {missing}; a release usually has both, and a half-finished build looks like this"
        yield Finding(f"no-{missing}", "warning", message, "dist", None, "build again, or go on if this release has only one kind", PAGE)


def _unknown(release: Release) -> Iterable[Finding]:
    for what in [name for name in ("name", "version") if getattr(release, name) is None]:
        message = f"only the build backend knows the {what}, so the files were not compared with it"
        yield Finding(f"unknown-{what}", "note", message, release.file, None, f"read the {what} in the file names yourself", PAGE)
