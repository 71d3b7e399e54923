"""An action as a step sees it: its inputs with their defaults, the warnings about them, and how it speaks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pypi_runbook.rehearsal.results import Annotation
from pypi_runbook.rehearsal.running import Job, StepError

Inputs = Mapping[str, str]
TRUE, FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")
_CONTEXT = re.compile(r"\$\{\{ github\.(\w+) \}\}")


@dataclass(frozen=True)
class Action:
    """What an action accepts, and what stands in for it.

    perform: does it, with every input that the action has.
    inputs: the default of each input; `${{ github.NAME }}` stands for that value.
    required: inputs that must not be empty. deprecated: the message of each input that GitHub warns about.
    """

    perform: Callable[[Job, Inputs], None]
    inputs: Mapping[str, str]
    required: tuple[str, ...] = ()
    deprecated: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, job: Job, inputs: Mapping[str, str]) -> None:
        """Do it with INPUTS as the workflow gives them; StepError when the action would fail."""
        # Names of inputs have no case: the runner makes variables of them.
        names = {name.casefold(): name for name in self.inputs}
        self._warn(job, inputs, names)
        given = {names.get(name.casefold(), name): value for name, value in inputs.items()}
        known = {name: given[name] if name in given else _default(job, default) for name, default in self.inputs.items()}
        # The runner does not look at `required`; each action does that itself, before anything else.
        for name in self.required:
            if not known[name].strip():
                raise StepError(f"Input required and not supplied: {name}")
        self.perform(job, known)

    def _warn(self, job: Job, inputs: Inputs, names: Mapping[str, str]) -> None:
        """Warn as GitHub's runner does about inputs that the action does not have, and about old ones."""
        if unexpected := [name for name in inputs if name.casefold() not in names]:
            warn(job, f"Unexpected input(s) {_quoted(unexpected)}, valid inputs are [{_quoted(self.inputs)}]")
        for name in inputs:
            if message := self.deprecated.get(names.get(name.casefold(), "")):
                warn(job, f"Input '{names[name.casefold()]}' has been deprecated with message: {message}")


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _default(job: Job, text: str) -> str:
    return _CONTEXT.sub(lambda found: job.token if found[1] == "token" else str(job.github.get(found[1], "")), text)


def truth(inputs: Inputs, name: str) -> bool:
    """Return the input NAME as the toolkit's getBooleanInput does; StepError for what is no boolean."""
    # Only these spellings: `yes` and `on` fail, which surprises people.
    value = inputs[name].strip()
    if value not in TRUE + FALSE:
        rule = 'Input does not meet YAML 1.2 "Core Schema" specification'
        raise StepError(f"{rule}: {name}\nSupport boolean input list: `true | True | TRUE | false | False | FALSE`")
    return value in TRUE


def lines(text: str) -> list[str]:
    """Return the lines of TEXT that hold something, without the space around them."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def warn(job: Job, message: str, title: str | None = None, file: str | None = None) -> None:
    """Add a warning to the step."""
    job.annotate(Annotation("warning", message, title=title, file=file))


def notice(job: Job, message: str, title: str | None = None) -> None:
    """Add a notice to the step."""
    job.annotate(Annotation("notice", message, title=title))


def variables(job: Job, **more: str) -> dict[str, str]:
    """Return everything that a command of the step gets, with MORE."""
    return {**job.environment, **more}
