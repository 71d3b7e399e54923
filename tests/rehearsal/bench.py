"""One job of a real workflow file, run by itself with nothing around it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from standing import SmallWorld

from pypi_runbook.project.expressions import Value
from pypi_runbook.rehearsal.definition import StepDefinition
from pypi_runbook.rehearsal.reading import read_workflow
from pypi_runbook.rehearsal.results import JobResult, NotRehearsed, StepResult
from pypi_runbook.rehearsal.running import Folders
from pypi_runbook.rehearsal.steps import Setting, run_steps

TOKEN = "ghs_0123456789abcdef"
HEAD = "on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n"


@dataclass
class Bench:
    """A job that runs, or ran: its folders and everything that it told."""

    folder: Path
    minute: float = 60.0
    secrets: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    notes: list[NotRehearsed] = field(default_factory=list)
    progress: list[tuple[str, str]] = field(default_factory=list)
    result: JobResult = field(default_factory=lambda: JobResult("job", "job", "success", "w.yml", 1))

    def __post_init__(self) -> None:
        made = [self.folder / name for name in ("work/thing/thing", "work/_temp", "tools", "home", "tmp", "root")]
        for each in made:
            each.mkdir(parents=True)
        self.folders = Folders(*made[:5])

    def run(self, job: str, wrap: Any = list, **base: str) -> Bench:
        """Run JOB, the YAML below a job's `runs-on`."""
        file = self.folder / "w.yml"
        file.write_text(HEAD + textwrap.indent(textwrap.dedent(job), "    "))
        definition = read_workflow(file, self.folder).jobs[0]
        github: dict[str, Value] = {"repository": "octo/thing", "event_name": "push", "token": TOKEN}
        nothing: dict[str, Value] = {name: {} for name in ("needs", "matrix", "strategy", "inputs", "vars")}
        setting = Setting(
            world=SmallWorld(self.folder, lambda action, **_: {"nobody": action}),
            folders=self.folders,
            contexts={**nothing, "github": github, "secrets": {**self.secrets}},
            permissions={},
            token=TOKEN,
            base={"HOME": str(self.folders.home), "TMPDIR": str(self.folders.tmp), "LANG": "C.UTF-8", **base},
            wrap=wrap,
            show=self.show,
            progress=self.tell,
            note=self.notes.append,
            minute=self.minute,
        )
        run_steps(definition, setting, self.result)
        return self

    def show(self, line: str) -> None:
        """Keep a line of the log."""
        self.lines.append(line)

    def tell(self, name: str, _: StepDefinition, ended: StepResult | None) -> None:
        """Keep what began and ended."""
        self.progress.append((name, ended.result if ended else "begins"))

    @property
    def text(self) -> str:
        """The whole log."""
        return "\n".join(self.lines)

    @property
    def outcomes(self) -> list[str]:
        """What became of each step."""
        return [step.result for step in self.result.steps]

    @property
    def reasons(self) -> list[str]:
        """Why the steps that did not succeed did not."""
        return [step.reason for step in self.result.steps if step.reason]

    @property
    def messages(self) -> list[str]:
        """Every annotation."""
        return [f"{each.level}: {each.message}" for step in self.result.steps for each in step.annotations]

    @property
    def printed(self) -> list[str]:
        """The log without what stands before a step's own output."""
        kept, inside = [], False
        for line in self.lines:
            inside = inside or line.startswith("##[group]Run ")
            if not inside:
                kept.append(line)
            inside = inside and line != "##[endgroup]"
        return kept
