"""actions/checkout: the commit of the event, or another ref, from the repository as GitHub serves it (texts: actions/checkout)."""

from __future__ import annotations

import base64
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pypi_runbook.rehearsal.running import Job, NotHereError, StepError
from pypi_runbook.rehearsal.standins.action import Action, Inputs, lines, variables
from pypi_runbook.rehearsal.standins.refs import TAGS, all_history, fetched, place

COMMIT = re.compile(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")
SERVER = "https://github.com"


@dataclass(frozen=True)
class Wanted:
    """What to check out: repository as owner/name, folder on this machine, ref and commit, one of which may be empty."""

    repository: str
    folder: Path
    ref: str
    commit: str


def check_out(job: Job, inputs: Inputs) -> None:
    """Check out what INPUTS ask for; StepError in the action's words."""
    wanted = _wanted(job, inputs)
    _leave_out(job, inputs)
    job.say(f"Syncing repository: {wanted.repository}")
    repository = Repository(job, wanted)
    repository.begin(clean=_is(inputs["clean"]))
    with repository.credentials(inputs["token"], persist=_is(inputs["persist-credentials"])):
        ref = wanted.ref or ("" if wanted.commit else repository.default_branch())
        repository.fetch(ref, depth=_depth(inputs["fetch-depth"]), tags=_is(inputs["fetch-tags"]))
        repository.sparse(lines(inputs["sparse-checkout"]), cone=_is(inputs["sparse-checkout-cone-mode"]))
        repository.take(ref)
    _name_missing_parts(job, wanted.folder, inputs)
    job.outputs.update(ref=ref, commit=repository.git("log", "-1", "--format=%H").strip())


def _wanted(job: Job, inputs: Inputs) -> Wanted:
    repository = inputs["repository"].strip()
    if not all(repository.partition("/")) or repository.count("/") != 1:
        raise StepError(f"Invalid repository '{repository}'. Expected format {{owner}}/{{repo}}.")
    folder = (job.folders.workspace / inputs["path"].strip()).resolve()
    if not folder.is_relative_to(job.folders.workspace.resolve()):
        raise StepError(f"Repository path '{folder}' is not under '{job.folders.workspace}'")
    # Another repository may well exist; only the rehearsal does not have it, so this is no failure of the workflow.
    own = repository.casefold() == job.world.repository.casefold()
    if not own or inputs["github-server-url"].strip().rstrip("/") not in ("", SERVER):
        raise NotHereError(f"the rehearsal has only {job.world.repository}, not {repository}")
    # A commit is checked out as such; the event's own ref has its commit beside it, so that a moved branch is noticed.
    ref = inputs["ref"].strip()
    if COMMIT.fullmatch(ref):
        return Wanted(repository, folder, "", ref)
    if ref:
        return Wanted(repository, folder, ref, "")
    return Wanted(repository, folder, str(job.github["ref"]), str(job.github["sha"]))


def _leave_out(job: Job, inputs: Inputs) -> None:
    """Note the ways to fetch that are not taken here."""
    if inputs["ssh-key"].strip():
        job.not_rehearsed("checkout with an SSH key", "the repository was fetched over HTTPS")
    if inputs["filter"].strip():
        job.not_rehearsed("checkout with a filter", "all objects of the commit were fetched")


def _name_missing_parts(job: Job, folder: Path, inputs: Inputs) -> None:
    """Note what the checkout lacks because other servers hold it."""
    if inputs["submodules"].strip().casefold() in ("true", "recursive") and (folder / ".gitmodules").is_file():
        job.not_rehearsed("submodules", "their repositories are not on this machine", essential=True)
    attributes = folder / ".gitattributes"
    if _is(inputs["lfs"]) and attributes.is_file() and "filter=lfs" in attributes.read_text(errors="replace"):
        job.not_rehearsed("Git LFS", "the large files are not on this machine; their pointers are checked out", essential=True)


def _is(text: str) -> bool:
    return text.strip().casefold() == "true"


def _depth(text: str) -> int:
    """Return the wanted number of commits, 0 for all; the action takes what is no number for 0."""
    try:
        return max(0, int(float(text.strip() or "1")))
    except ValueError:
        return 0


class Repository:
    """The repository of one checkout, and git in it."""

    def __init__(self, job: Job, wanted: Wanted) -> None:
        self._job = job
        self._wanted = wanted

    def git(self, *arguments: str, quiet: bool = True) -> str:
        """Run git with ARGUMENTS and return what it prints; StepError, with git's own last words, when it fails."""
        status, output = self.attempt(*arguments, quiet=quiet)
        if status:
            words = [line for line in output.splitlines() if line.startswith(("fatal:", "error:", "remote:"))]
            raise StepError("\n".join([*words, f"The process '/usr/bin/git' failed with exit code {status}"]))
        return output

    def attempt(self, *arguments: str, quiet: bool = True) -> tuple[int, str]:
        """Run git with ARGUMENTS and return its status and output."""
        # Without these git would wait for a name and a password at the person's terminal.
        env = variables(self._job, GIT_TERMINAL_PROMPT="0", GCM_INTERACTIVE="Never")
        return self._job.call(["git", *arguments], env=env, cwd=self._wanted.folder, quiet=quiet)

    def begin(self, *, clean: bool) -> None:
        """Make the folder a repository whose origin is GitHub's; what stood in it before goes."""
        folder = self._wanted.folder
        folder.mkdir(parents=True, exist_ok=True)
        if self._is_checkout():
            if clean:
                self.git("clean", "-ffdx")
                self.git("reset", "--hard", "HEAD")
            return
        if any(folder.iterdir()):
            self._job.say(f"Deleting the contents of '{folder}'")
            _empty(folder)
        self.git("init", "--initial-branch", "master", ".")
        self.git("remote", "add", "origin", self._url)
        self.git("config", "--local", "gc.auto", "0")

    @property
    def _url(self) -> str:
        return f"{SERVER}/{self._wanted.repository}"

    def _is_checkout(self) -> bool:
        if not (self._wanted.folder / ".git").is_dir():
            return False
        return self.attempt("config", "--local", "--get", "remote.origin.url")[1].strip() == self._url

    @contextmanager
    def credentials(self, token: str, *, persist: bool) -> Iterator[None]:
        """Let git send TOKEN from a file outside the checkout, as the action does since its sixth version; afterwards too if PERSIST."""
        # The header goes into a file: as an argument everybody on the machine could read it.
        header = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        self._job.mask(header)
        file = self._job.folders.temp / f"git-credentials-{uuid.uuid4()}.config"
        file.touch(mode=0o600)
        file.write_text(f'[http "{SERVER}/"]\n\textraheader = AUTHORIZATION: basic {header}\n')
        key = f"includeIf.gitdir:{self._wanted.folder / '.git'}.path"
        self.git("config", "--local", key, str(file))
        try:
            yield
        finally:
            if not persist:
                self.attempt("config", "--local", "--unset", key)
                file.unlink()

    def default_branch(self) -> str:
        """Return the ref of the branch that GitHub shows first."""
        found = re.search(r"^ref: (\S+)\s+HEAD$", self.git("ls-remote", "--symref", "origin", "HEAD"), re.MULTILINE)
        return found[1] if found else "refs/heads/main"

    def fetch(self, ref: str, *, depth: int, tags: bool) -> None:
        """Fetch REF, or the wanted commit, with DEPTH commits; all branches and tags where DEPTH is 0."""
        commit = self._wanted.commit
        specs = fetched(ref, commit, tags=tags) if depth else all_history(ref, commit)
        # Tags come by their own refspec alone; git would bring those of fetched commits by itself.
        options = ["--no-tags", "--prune", "--no-recurse-submodules", *([f"--depth={depth}"] if depth else [])]
        shallow = (self._wanted.folder / ".git" / "shallow").is_file()
        options += ["--unshallow"] if shallow and not depth else []
        try:
            self.git("-c", "protocol.version=2", "fetch", *options, "origin", *specs, quiet=False)
            # A branch may have moved since the event; its commit is then fetched by itself.
            if not depth and not self._is_at_commit(ref):
                options = [option for option in options if option != "--unshallow"]
                self.git("-c", "protocol.version=2", "fetch", *options, "origin", *fetched(ref, commit, tags=False), quiet=False)
        except StepError as error:
            # For a name that no branch and no tag has, git ends without a word, and so does the action.
            if ref.startswith("refs/") or not ref or "\n" in error.message:
                raise
            raise StepError(f"{_absent(ref)}\n{error.message}") from error
        self._compare(ref)

    def _compare(self, ref: str) -> None:
        """Refuse a ref that moved after the event."""
        if not self._is_at_commit(ref):
            moved = "The ref may have been updated after the workflow was triggered."
            raise StepError(f"The ref '{ref}' does not point to the expected commit '{self._wanted.commit}'. {moved}")

    def _is_at_commit(self, ref: str) -> bool:
        """Tell whether REF, as it was fetched, is at the wanted commit; always for one that is no branch and no tag."""
        if not self._wanted.commit or not ref.startswith((TAGS, "refs/heads/")):
            return True
        name = ref if ref.startswith(TAGS) else ref.replace("refs/heads/", "refs/remotes/origin/", 1)
        return self.attempt("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")[1].strip() == self._wanted.commit

    def sparse(self, patterns: list[str], *, cone: bool) -> None:
        """Let the checkout hold only what PATTERNS name, if there are any."""
        if patterns:
            self.git("sparse-checkout", "set", "--cone" if cone else "--no-cone", *patterns)

    def take(self, ref: str) -> None:
        """Put the files of REF, or of the wanted commit, into the folder."""
        if ref and not ref.casefold().startswith("refs/"):
            ref = self._qualified(ref)
        target, start = place(ref, self._wanted.commit)
        self.git("checkout", "--progress", "--force", *(["-B", target, start] if start else [target]), quiet=False)

    def _qualified(self, name: str) -> str:
        for known, full in ((f"refs/remotes/origin/{name}", f"refs/heads/{name}"), (f"{TAGS}{name}", f"{TAGS}{name}")):
            if not self.attempt("rev-parse", "--verify", "--quiet", known)[0]:
                return full
        raise StepError(_absent(name))


def _absent(name: str) -> str:
    return f"A branch or tag with the name '{name}' could not be found"


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


CHECKOUT = Action(
    check_out,
    {
        "repository": "${{ github.repository }}",
        "ref": "",
        "token": "${{ github.token }}",
        "ssh-key": "",
        "ssh-known-hosts": "",
        "ssh-strict": "true",
        "ssh-user": "git",
        "persist-credentials": "true",
        "path": "",
        "clean": "true",
        "filter": "",
        "sparse-checkout": "",
        "sparse-checkout-cone-mode": "true",
        "fetch-depth": "1",
        "fetch-tags": "false",
        "show-progress": "true",
        "lfs": "false",
        "submodules": "false",
        "set-safe-directory": "true",
        "github-server-url": "",
        "allow-unsafe-pr-checkout": "false",
    },
    required=("token",),
)
