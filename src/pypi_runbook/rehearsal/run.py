"""One run of a workflow: its jobs in their order, whether each runs, its matrix, and the workflows that jobs call."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from pypi_runbook.project.expressions import ExpressionError, Size, Value, as_text, calls_no_status, condition, interpolate
from pypi_runbook.rehearsal.called import DEEPEST, Callees, Level, check_permissions, permissions_of
from pypi_runbook.rehearsal.definition import JobDefinition, WorkflowDefinition
from pypi_runbook.rehearsal.inputs import called_inputs
from pypi_runbook.rehearsal.matrix import Leg, leg_name, legs
from pypi_runbook.rehearsal.needs import Ended, ordered, worst
from pypi_runbook.rehearsal.results import JobResult, NotRehearsed, Outcome, Report
from pypi_runbook.rehearsal.runner import Runner, not_evaluated
from pypi_runbook.rehearsal.running import about_texts, wrong
from pypi_runbook.rehearsal.validation import not_valid

# More than any run on GitHub has: a matrix has at most 256, and called workflows multiply them.
MOST_JOBS = 2_048
# Of a name, which an expression can make as long as a book. Characters.
LONGEST_NAME = 400
Contexts = dict[str, Value]
Keys = frozenset[str]
# How a job ended, and its outputs.
Ending = tuple[Outcome, dict[str, str]]


class Run:
    """Runs the workflow of one event; results go to REPORT."""

    def __init__(self, runner: Runner, callees: Callees, report: Report) -> None:
        self.runner = runner
        self.callees = callees
        self.report = report
        # Workflows that call each other twice at each of ten levels are a thousand ones, most of them the same.
        self._checked: set[tuple[str, int, frozenset[tuple[str, str]] | None]] = set()

    def check(self, level: Level) -> None:
        """Raise GitHub's error for a called workflow that it would not start the run with, at any depth."""
        key = level.file, level.depth, None if level.limit is None else frozenset(level.limit.items())
        if key in self._checked:
            return
        self._checked.add(key)
        for job in level.definition.jobs:
            called = self.callees.find(level, job) if job.calls else None
            if called is None:
                continue
            if level.depth >= DEEPEST:
                raise not_valid(job.file, job.line, 1, f"Nested reusable workflow depth exceeded {DEEPEST}.")
            self.check_inputs(job, called[0])
            limit = permissions_of(job, level.limit)
            check_permissions(job, called[0], limit)
            self.check(Level(called[0], called[1], called[2], {}, {}, limit, depth=level.depth + 1))

    @staticmethod
    def check_inputs(job: JobDefinition, called: WorkflowDefinition) -> None:
        """Raise GitHub's error for inputs and secrets that JOB gives and CALLED does not know, or the other way round."""
        declared = called.triggers["workflow_call"]
        for kind, given in (("Input", job.inputs), ("Secret", job.secrets)):
            known: Mapping[str, Any] = declared.get(f"{kind.lower()}s") or {}
            if isinstance(given, str):
                continue
            for name in given:
                if name not in known:
                    raise not_valid(job.file, job.line, 1, f"Invalid {kind.lower()}, {name} is not defined in the referenced workflow.")
            for name, body in known.items():
                if body and body.get("required") and name not in given:
                    raise not_valid(job.file, job.line, 1, f"{kind} {name} is required, but not provided while calling.")

    def workflow(self, level: Level) -> Ended:
        """Run every job of LEVEL that is to run, and return how they ended."""
        ended = Ended(level.definition.jobs)
        for job in ordered(level.definition.jobs):
            result, outputs = self.job(level, job, ended)
            ended.add(job.id, result, outputs)
        return ended

    def job(self, level: Level, job: JobDefinition, ended: Ended) -> Ending:
        """Run JOB, or say why it does not run; return its result and outputs, those of all legs together."""
        contexts: Contexts = {**self.start(level), "needs": {**ended.context(job.needs)}}
        key = "if"
        try:
            if condition(job.condition or "", contexts, ended.functions(job, cancelled=False)) is not True:
                self.without_steps(level, job, "skipped", why_skipped(job, ended, contexts))
                return "skipped", {}
            key = "strategy"
            strategy = worked_out(job.strategy, contexts)
            found = legs(strategy.get("matrix"))
        except (ExpressionError, ValueError) as error:
            self.without_steps(level, job, "failure", not_evaluated(key, job, error))
            return "failure", {}
        if not found:
            self.without_steps(level, job, "skipped", "its matrix has no combination left")
        before = level.before | {f"{level.key}{id_}" for id_ in ended.before(job)}
        return self.legs(level, job, strategy, found, contexts, before)

    def legs(self, level: Level, job: JobDefinition, strategy: dict[str, Any], found: list[Leg], contexts: Contexts, before: Keys) -> Ending:
        """Run JOB once for each leg; after a failure the others are cancelled, unless `fail-fast` is off. BEFORE are the jobs that it waited for."""
        results: list[Outcome] = []
        outputs: dict[str, str] = {}
        fail_fast = strategy.get("fail-fast", True) is not False
        for number, leg in enumerate(found):
            shared = {"fail-fast": fail_fast, "job-index": number, "job-total": len(found), "max-parallel": strategy.get("max-parallel", len(found))}
            if fail_fast and "failure" in results:
                self.without_steps(level, job, "cancelled", "another job of its matrix failed, and `fail-fast` is on", leg)
                results.append("cancelled")
                continue
            own = {**contexts, "matrix": dict(leg) if job.strategy else None, "strategy": shared}
            result, given = self.called(level, job, own, before) if job.calls else self.own(level, job, own, before)
            results.append(result)
            outputs |= {name: text for name, text in given.items() if text}
        return worst(results), outputs

    def own(self, level: Level, job: JobDefinition, contexts: Contexts, before: Keys) -> Ending:
        """Run the steps of JOB."""
        name = level.prefix + self.name(job, contexts)
        result = JobResult(job.id, name, "success", job.file, job.line, needs=job.needs)
        self.add(result)
        begun = time.monotonic()
        with self.runner.artifacts.of(level.key + job.id.lower(), before):
            self.runner.run(job, result, contexts, permissions_of(job, level.limit), level.file)
        result.seconds = round(time.monotonic() - begun, 3)
        return self.forgiven(job, result, contexts), result.outputs

    def forgiven(self, job: JobDefinition, result: JobResult, contexts: Contexts) -> Outcome:
        """Return how the jobs after it see RESULT: a failure that `continue-on-error` allows is none."""
        try:
            allowed = interpolate(job.continue_on_error, contexts) in (True, "true")
        except ExpressionError:
            allowed = False
        if result.result == "failure" and allowed:
            result.result, result.reason = "success", f"it failed, and may: {result.reason}".rstrip(": ")
        return result.result

    def called(self, level: Level, job: JobDefinition, contexts: Contexts, before: Keys) -> Ending:
        """Run the workflow that JOB calls as jobs of this run."""
        found = self.callees.find(level, job)
        if found is None:
            where = "OWNER/NAME" if job.calls is None else "/".join(job.calls.split("/")[:2])
            reason = f"it runs a workflow of another repository; give that one's folder with --repository {where}=FOLDER"
            self.report.not_rehearsed.append(NotRehearsed(f"{job.file}:{job.line}", f"the job {job.id}: {job.calls}", reason))
            self.without_steps(level, job, "not-rehearsed", reason)
            return "not-rehearsed", {}
        definition, root, file = found
        try:
            given = worked_out(job.inputs, contexts)
            declared, size = _inputs(definition), Size()
            declared = {name: {**body, "default": worked_out(body.get("default"), self.start(level), size)} for name, body in declared.items()}
            inputs = called_inputs(declared, given)
            secrets = self.secrets(level, job, contexts)
        except (ExpressionError, ValueError) as error:
            self.without_steps(level, job, "failure", not_evaluated("with", job, error))
            return "failure", {}
        prefix, key = f"{level.prefix}{self.name(job, contexts)} / ", f"{level.key}{job.id.lower()}/"
        inner = Level(definition, root, file, inputs, secrets, permissions_of(job, level.limit), prefix, level.depth + 1, key, before)
        ended = self.workflow(inner)
        return self.outcome(inner, ended), self.outputs(inner, ended)

    def secrets(self, level: Level, job: JobDefinition, contexts: Contexts) -> dict[str, str]:
        """Return the secrets that the workflow which JOB calls gets."""
        if isinstance(job.secrets, str):
            return dict(level.secrets)
        own: Contexts = {**contexts, "secrets": {**level.secrets}}
        return {name: as_text(value) for name, value in worked_out(job.secrets, own).items()}

    @staticmethod
    def outcome(level: Level, ended: Ended) -> Outcome:
        """Return the result of a called workflow: success where none of its jobs failed."""
        results = {ended.result(job.id) for job in level.definition.jobs}
        return "failure" if "failure" in results else "cancelled" if "cancelled" in results else "skipped" if results == {"skipped"} else "success"

    def outputs(self, level: Level, ended: Ended) -> dict[str, str]:
        """Return the outputs of a called workflow."""
        contexts: Contexts = {**self.start(level), "jobs": {**ended.context([job.id for job in level.definition.jobs])}}
        declared = (level.definition.triggers["workflow_call"] or {}).get("outputs") or {}
        values = worked_out({name: as_text(body["value"]) for name, body in declared.items()}, contexts)
        return {name: as_text(value) for name, value in values.items()}

    def start(self, level: Level) -> Contexts:
        """Return the contexts that are there before anything ran."""
        return {"github": self.runner.github("", "", ""), "inputs": {**level.inputs}, "vars": {}, "secrets": {**level.secrets}}

    @staticmethod
    def name(job: JobDefinition, contexts: Contexts) -> str:
        """Return what GitHub calls JOB: its name, and the values of its leg unless the name holds expressions."""
        try:
            name = as_text(interpolate(job.name or job.id, contexts))
        except ExpressionError:
            name = job.id
        leg = contexts["matrix"]
        return (name if job.name and "${{" in job.name else name + leg_name(leg if isinstance(leg, dict) else {}))[:LONGEST_NAME]

    def without_steps(self, level: Level, job: JobDefinition, result: Outcome, reason: str, leg: Leg | None = None) -> None:
        """Note a job that did not come to its steps."""
        name = level.prefix + ((job.name if job.name and "${{" not in job.name else job.id) + leg_name(leg or {}))[:LONGEST_NAME]
        ended = JobResult(job.id, name, result, job.file, job.line, reason, needs=job.needs)
        self.add(ended)
        self.runner.speaker.job_ended(ended)

    def add(self, job: JobResult) -> None:
        """Put JOB into the report; RunbookError when workflows and matrices in each other make more jobs than anybody waits for."""
        self.report.jobs.append(job)
        if len(self.report.jobs) > MOST_JOBS:
            message = f"this rehearsal has more than {MOST_JOBS:,} jobs"
            raise wrong(message, job.file, job.line, next="rehearse a workflow that calls fewer, or has smaller matrices")


def why_skipped(job: JobDefinition, ended: Ended, contexts: Contexts) -> str:
    """Return why JOB does not run."""
    written = " ".join((job.condition or "").split())
    if calls_no_status(written):
        if bad := [f"{id_} ({ended.result(id_)})" for id_ in job.needs if ended.result(id_) != "success"]:
            return f"it needs {', '.join(bad)}"
        if earlier := [f"{id_} ({ended.result(id_)})" for id_ in sorted(ended.before(job)) if ended.result(id_) != "success"]:
            why = "its `if` calls no status function" if written else "it has no `if`"
            return f"not all jobs further up succeeded: {', '.join(earlier)}; {why}, so all of them have to"
    return f"its `if` does not hold: {written}{about_texts(written, contexts)}"


def worked_out(value: Any, contexts: Contexts, size: Size | None = None) -> Any:
    """Return VALUE, as YAML gave it, with every expression in it worked out; SIZE counts what is worked out together."""
    size = size or Size()
    if isinstance(value, dict):
        return {name: worked_out(each, contexts, size) for name, each in value.items()}
    if isinstance(value, list):
        return [worked_out(each, contexts, size) for each in value]
    return size.of(interpolate(value, contexts)) if isinstance(value, str) else value


def _inputs(definition: WorkflowDefinition) -> dict[str, Any]:
    return (definition.triggers["workflow_call"] or {}).get("inputs") or {}
