"""Whether a way starts a job or a step: yes, no, or only a run can tell (None), when everything before it succeeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pypi_runbook.project.expressions import UNKNOWN, ExpressionError, Open, Value, condition
from pypi_runbook.project.facts import Job, Step, Workflow
from pypi_runbook.project.routes.ways import Way

Answer = bool | None
Functions = dict[str, Callable[..., Value]]
# In a job that has come so far.
GOING_WELL: Functions = {
    "success": lambda *_: True,
    "always": lambda: True,
    "failure": lambda *_: False,
    "cancelled": lambda: False,
    "hashFiles": lambda *_: UNKNOWN,
}


def runs(workflow: Workflow, job: Job, way: Way) -> Answer:
    """Say whether WAY starts JOB of WORKFLOW when every job that runs before it succeeds."""
    return Jobs(workflow, way.contexts).runs(job.id)


def step_runs(step: Step, contexts: Mapping[str, Value]) -> Answer:
    """Say whether STEP runs in a job that does, when everything before it succeeds."""
    return holds(step.condition or "", dict(contexts), GOING_WELL)


def both(*answers: Answer) -> Answer:
    """Return no if one of ANSWERS is no, else unknown if one is, else yes."""
    return False if False in answers else None if None in answers else True


def holds(text: str, contexts: dict[str, Value], functions: Functions) -> Answer:
    """Say whether the `if:` TEXT holds; what GitHub would refuse, nobody can say."""
    try:
        found = condition(text, contexts, functions)
    except ExpressionError:
        return None
    return None if found is UNKNOWN else found


class Jobs:
    """Works out which jobs of a workflow run in one run of it, each once.

    found: whether a job runs; chains: whether it and every job before it run.
    """

    def __init__(self, workflow: Workflow, contexts: Mapping[str, Value]) -> None:
        self.by_id = {job.id: job for job in workflow.jobs}
        self.contexts = dict(contexts)
        self.found: dict[str, Answer] = {}
        self.chains: dict[str, Answer] = {}

    def runs(self, name: str) -> Answer:
        """Say whether the job NAME runs; of jobs that wait for one another, which GitHub refuses, nobody can say it."""
        for each in self.in_order(name):
            if each not in self.found:
                needed = [name for name in self.by_id[each].needs if name in self.by_id]
                self.found[each] = None
                self.found[each] = self._runs(self.by_id[each], needed)
                self.chains[each] = both(self.found[each], *(self.chains.get(name) for name in needed))
        return self.found[name]

    def in_order(self, name: str) -> list[str]:
        """Return the jobs before NAME, each behind those that it waits for, and NAME; a loop, so that no chain is too long."""
        if name in self.found:
            return []
        found: list[str] = []
        seen, waiting = set[str](), [(name, False)]
        while waiting:
            each, after = waiting.pop()
            if after:
                found.append(each)
            elif each in self.by_id and each not in seen:
                seen.add(each)
                waiting += [(each, True), *((needed, False) for needed in self.by_id[each].needs)]
        return found

    def _runs(self, job: Job, needed: list[str]) -> Answer:
        needs: dict[str, Value] = {each: Open(result=self.result(each)) for each in needed}
        return holds(job.condition or "", self.contexts | {"needs": needs}, self.functions(needed))

    def result(self, name: str) -> Value:
        """Return how the job NAME ends."""
        answer = self.runs(name)
        return UNKNOWN if answer is None else "success" if answer else "skipped"

    def skipped_by(self, name: str) -> str | None:
        """Return the job somewhere before NAME that keeps it from running by being skipped, although all jobs that NAME needs directly run.

        None where NAME runs, and where its own condition or a job that it needs decides.
        """
        job = self.by_id[name]
        needed = [each for each in job.needs if each in self.by_id]
        if self.runs(name) is not False or not needed or not all(self.runs(each) for each in needed):
            return None
        needs: dict[str, Value] = {each: Open(result="success") for each in needed}
        if not holds(job.condition or "", self.contexts | {"needs": needs}, GOING_WELL):
            return None
        while before := next((each for each in self.by_id[name].needs if self.chains.get(each) is False), None):
            if self.found[before] is False:
                return before
            name = before
        return None

    def functions(self, needed: list[str]) -> Functions:
        """Return the status functions for a job that needs NEEDED; a job that was skipped anywhere before it is no success."""

        def success(*_: Value) -> Value:
            found = both(*(self.chains.get(each) for each in needed))
            return UNKNOWN if found is None else found

        return GOING_WELL | {"success": success}
