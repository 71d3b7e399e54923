"""The shells of `run:` steps, with the arguments and the script file that GitHub's runner gives them."""

from __future__ import annotations

import shlex
import shutil
import uuid
from pathlib import Path

from pypi_runbook.rehearsal.running import NotHereError, StepError

# From actions/runner, ScriptHandlerHelpers.
ARGUMENTS = {
    "bash": "--noprofile --norc -e -o pipefail {0}",
    "sh": "-e {0}",
    "python": "{0}",
    "pwsh": "-command \". '{0}'\"",
    "powershell": "-command \". '{0}'\"",
}
ENDINGS = {"bash": ".sh", "sh": ".sh", "python": ".py", "pwsh": ".ps1", "powershell": ".ps1"}
ONLY_ON_WINDOWS = ("cmd", "powershell")
POWERSHELL = "$ErrorActionPreference = 'stop'\n{}\nif ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) {{ exit $LASTEXITCODE }}"


class Shell:
    """A shell as a step names it, found on the PATH that the step has."""

    def __init__(self, option: str, path: str) -> None:
        """Read OPTION, empty for none; StepError in GitHub's words for one that is no shell, NotHereError for one that this machine lacks."""
        name, _, arguments = option.partition(" ")
        self.kind = name if option else "sh"
        self.arguments = arguments.strip() or ARGUMENTS.get(self.kind, "")
        self.command = self._find(name, path) if option else self._find("bash" if shutil.which("bash", path=path) else "sh", path)
        if "{0}" not in self.arguments:
            builtin = "Shell must be a valid built-in (bash, sh, cmd, powershell, pwsh) or a format string containing '{0}'"
            raise StepError(f"Invalid shell option. {builtin}")

    @staticmethod
    def _find(name: str, path: str) -> str:
        if found := shutil.which(name, path=path):
            return _behind_link(found)
        if name in ("pwsh", "bash", "sh", "python"):
            raise NotHereError(f"this machine has no {name}")
        raise StepError(f"{name}: command not found")

    @property
    def shown(self) -> str:
        """What GitHub prints behind `shell:`."""
        return f"{self.command} {self.arguments}"

    def prepare(self, script: str, folder: Path) -> list[str]:
        """Write SCRIPT into FOLDER and return the command that runs it."""
        file = folder / f"{uuid.uuid4()}{ENDINGS.get(self.kind, '')}"
        # Lines that end as on Windows stay so, and fail in the shell as on GitHub.
        file.write_bytes((POWERSHELL.format(script) if self.kind == "pwsh" else script).encode())
        try:
            return [self.command, *shlex.split(self.arguments.replace("{0}", str(file)))]
        except ValueError as error:
            raise StepError(f"Invalid shell option. {str(error).lower()}: {self.arguments}") from error


def _behind_link(found: str) -> str:
    """Return where a link to a command of the same name leads: GitHub shows that path. An environment's Python is itself only by its link."""
    if (Path(found).parent.parent / "pyvenv.cfg").exists():
        return found
    target = Path(found).readlink() if Path(found).is_symlink() else Path(found)
    return str(target) if target.is_absolute() and target.name == Path(found).name else found
