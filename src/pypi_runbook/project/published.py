"""Which distributions a workflow publishes where a repository has several: by where the files are taken from, and by what was built."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from packaging.utils import canonicalize_name

from pypi_runbook.project.clients import CLIENTS, after_verb, base, client_of, option
from pypi_runbook.project.facts import Distribution, Facts, Job, Step, Workflow
from pypi_runbook.project.shell import shell_commands
from pypi_runbook.project.text import is_file
from pypi_runbook.project.toml import read_toml

# Options of the builders that have a value, so that the value is not taken for the folder that is built.
VALUED = {"-o", "--out-dir", "--outdir", "-C", "--config-setting", "--installer", "-p", "--python", "-b", "--build-constraints", "--index"}
# By which option each builder is told the folder; `build` and `uv build` also take it as an argument.
FOLDERS = {
    "uv": ("--directory", "--project"),
    "poetry": ("-C", "--directory", "-P", "--project"),
    "pdm": ("-p", "--project"),
    "flit": ("-f", "--ini-file"),
    "maturin": ("-m", "--manifest-path"),
}
ACTIONS = {
    "hynek/build-and-inspect-python-package": "path",
    "pypa/cibuildwheel": "package-dir",
    "pyo3/maturin-action": "working-directory",
}


def main_distribution(facts: Facts) -> Distribution:
    """Return the distribution that the repository is about: the first that a workflow publishes, else the root's or the only one."""
    return next(iter(published(facts)), None) or usual(facts)[0]


def published(facts: Facts) -> list[Distribution]:
    """Return every distribution that a workflow publishes; nothing when no workflow publishes."""
    found = [each for workflow in facts.workflows for job in workflow.jobs if job.publishes for each in published_by(facts, workflow, job)]
    return list({each.file: each for each in found}.values())


def published_by(facts: Facts, workflow: Workflow, job: Job) -> list[Distribution]:
    """Return the distributions that JOB of WORKFLOW publishes, at least one."""
    if not facts.projects:
        return [facts.project]
    taken = [each for step in job.steps for folder in taken_from(step) for each in at(facts, folder)]
    built = [each for step in steps_before(workflow, job) for each in built_by(facts, step)]
    return list({each.file: each for each in taken or built}.values()) or usual(facts)


def usual(facts: Facts) -> list[Distribution]:
    """Return what is published where nothing says it: the root's distribution, unless it is never published and others are there."""
    others = [project for project in facts.projects if not is_private(facts, project)]
    return [facts.project] if not others or not is_private(facts, facts.project) else others


def is_private(facts: Facts, project: Distribution) -> bool:
    """Tell whether PROJECT says that it is never published, or is the root of a workspace and no distribution at all."""
    folder = (facts.root / project.file).parent
    toml = read_toml(folder / "pyproject.toml", facts.root) if is_file(folder / "pyproject.toml") else None
    if toml and (toml.table("tool", "uv").get("package") is False or toml.table("tool", "poetry").get("package-mode") is False):
        return True
    if any(classifier.startswith("Private ::") for classifier in project.classifiers):
        return True
    is_program = is_file(folder / "setup.py")
    return not project.name and not project.backend and not is_program


def steps_before(workflow: Workflow, job: Job) -> list[Step]:
    """Return the steps of the jobs that JOB waits for, and its own."""
    by_id = {each.id: each for each in workflow.jobs}
    wanted, waiting = {job.id: job}, list(job.needs)
    while waiting:
        if (name := waiting.pop()) in by_id and name not in wanted:
            wanted[name] = by_id[name]
            waiting += by_id[name].needs
    return [step for each in workflow.jobs if each.id in wanted for step in each.steps]


def taken_from(step: Step) -> Iterator[PurePosixPath]:
    """Yield the folders from whose `dist` folder STEP uploads."""
    if (step.uses or "").lower().startswith("pypa/gh-action-pypi-publish"):
        yield PurePosixPath(step.inputs.get("packages-dir") or step.inputs.get("packages_dir") or "dist").parent
    for folder, words in commands(step):
        if found := client_of(words):
            files = [word for word in found[1] if "/" in word and not word.startswith("-") and "://" not in word]
            yield from (folder / PurePosixPath(file).parent.parent for file in files)
            if not files:
                yield folder


def built_by(facts: Facts, step: Step) -> Iterator[Distribution]:
    """Yield the distributions that STEP builds."""
    if name := ACTIONS.get((step.uses or "").partition("@")[0].lower()):
        yield from at(facts, PurePosixPath(step.inputs.get(name) or "."), root=True)
    for folder, words in commands(step):
        if (arguments := arguments_of_build(words)) is None:
            continue
        if "--all-packages" in arguments or "--all" in arguments:
            yield from (each for each in (facts.project, *facts.projects) if not is_private(facts, each))
        elif package := option("--package", arguments):
            yield from (each for each in (facts.project, *facts.projects) if canonicalize_name(each.name or "") == canonicalize_name(package))
        else:
            yield from at(facts, folder / folder_of(words, arguments), root=True)


def commands(step: Step) -> Iterator[tuple[PurePosixPath, list[str]]]:
    """Yield each command of STEP with the folder in which it runs."""
    folder = PurePosixPath(step.working_directory or ".")
    for command in shell_commands(step.run or "") if not (step.shell or "").startswith("python") else ():
        if command.words[:1] == ["cd"]:
            folder = folder / (command.words[1] if len(command.words) > 1 else ".")
        elif command.words:
            yield folder, command.words


def arguments_of_build(words: list[str]) -> list[str] | None:
    """Return the options and arguments of the builder when WORDS build a distribution, None otherwise."""
    for place, word in enumerate(words):
        if base(word) == "pyproject-build":
            return words[place + 1 :]
        if words[place : place + 2] == ["-m", "build"]:
            return words[place + 2 :]
        if base(word) in CLIENTS and (rest := after_verb(words[place + 1 :], ("build",))) is not None:
            return rest
    return None


def folder_of(words: list[str], arguments: list[str]) -> PurePosixPath:
    """Return the folder that WORDS build, whose ARGUMENTS come with `build`; `.` when they name none."""
    client = next((name for name in map(base, words) if name in CLIENTS), "")
    for name in FOLDERS.get(client, ()):
        if value := option(name, arguments):
            path = PurePosixPath(value)
            return path.parent if path.suffix in (".toml", ".ini") else path
    rest = iter(arguments if client in ("", "uv") else ())
    for word in rest:
        if word in VALUED:
            next(rest, None)
        elif not word.startswith("-"):
            return PurePosixPath(word)
    return PurePosixPath()


def at(facts: Facts, folder: PurePosixPath, *, root: bool = False) -> list[Distribution]:
    """Return the distribution in FOLDER; all that are published where an expression names it. The root's counts only for ROOT."""
    if "$" in str(folder):
        return [each for each in facts.projects if not is_private(facts, each)]
    wanted = PurePosixPath(*(part for part in folder.parts if part != "."))
    every = [facts.project, *facts.projects] if root else facts.projects
    return [each for each in every if PurePosixPath(each.file).parent == wanted]
