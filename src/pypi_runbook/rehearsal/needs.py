"""What jobs wait for: their order, the `needs` context, and what `success()` and its kin say of those before."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pypi_runbook.project.expressions import Value
from pypi_runbook.rehearsal.definition import JobDefinition
from pypi_runbook.rehearsal.order import in_order
from pypi_runbook.rehearsal.results import Outcome


class Ended:
    """The jobs of one workflow that came to an end: result and outputs by id, in any spelling of it."""

    def __init__(self, jobs: list[JobDefinition]) -> None:
        self._needs = {job.id.lower(): [need.lower() for need in job.needs] for job in jobs}
        self._ids = {job.id.lower(): job.id for job in jobs}
        self._results: dict[str, Outcome] = {}
        self._outputs: dict[str, dict[str, str]] = {}
        # The results of a job and of all before it, each kind once: thousands of jobs may stand in one row.
        self._behind: dict[str, set[str]] = {}

    def add(self, id_: str, result: Outcome, outputs: Mapping[str, str]) -> None:
        """Note the end of a job."""
        id_ = id_.lower()
        self._results[id_], self._outputs[id_] = result, dict(outputs)
        self._behind[id_] = {self.result(id_), *self._results_before(self._needs[id_])}

    def _results_before(self, needs: list[str]) -> set[str]:
        return set().union(*(self._behind.get(need, {"skipped"}) for need in needs))

    def result(self, id_: str) -> str:
        """Return how a job ended, as `needs` tells it: what could not be rehearsed counts as a success."""
        found = self._results.get(id_.lower(), "skipped")
        return "success" if found == "not-rehearsed" else found

    def context(self, ids: list[str]) -> dict[str, Value]:
        """Return the `needs` (or `jobs`) context for the jobs IDS."""
        return {self._ids[id_.lower()]: {"result": self.result(id_), "outputs": {**self._outputs.get(id_.lower(), {})}} for id_ in ids}

    def before(self, job: JobDefinition) -> set[str]:
        """Return all that JOB needs, and what that needs in turn."""
        found, open_ = set[str](), [need.lower() for need in job.needs]
        while open_:
            id_ = open_.pop()
            if id_ not in found:
                found.add(id_)
                open_ += self._needs.get(id_, [])
        return found

    def functions(self, job: JobDefinition, *, cancelled: bool) -> dict[str, Callable[..., Value]]:
        """Return the status functions of JOB's `if:`; a skipped job anywhere before it is no success, as on GitHub."""
        results = self._results_before([need.lower() for need in job.needs])

        def of(names: tuple[Value, ...]) -> set[str]:
            return {self.result(str(name)) for name in names} if names else results

        return {
            "always": lambda: True,
            "cancelled": lambda: cancelled,
            "success": lambda *names: not cancelled and all(result == "success" for result in of(names)),
            "failure": lambda *names: not cancelled and any(result == "failure" for result in of(names)),
        }


def ordered(jobs: list[JobDefinition]) -> list[JobDefinition]:
    """Return JOBS so that each comes after those that it needs, otherwise as they stand in the file, which was checked for circles before."""
    by_id = {job.id.lower(): job for job in jobs}
    return [by_id[id_] for id_ in in_order({id_: {need.lower() for need in job.needs} for id_, job in by_id.items()})]


def worst(results: list[Outcome]) -> Outcome:
    """Return the result of a job from those of the legs of its matrix."""
    for outcome in ("failure", "cancelled", "not-rehearsed", "success"):
        if outcome in results:
            return outcome
    return "skipped"
