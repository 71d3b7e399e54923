"""What each way to start a workflow publishes: through its own jobs and through those of workflows that they call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from pypi_runbook.project.callers import Call, local_file, may_ask
from pypi_runbook.project.expressions import Open, Scope, Value
from pypi_runbook.project.facts import Facts, Job, Workflow
from pypi_runbook.project.inputs import Given, call
from pypi_runbook.project.publishing import Site
from pypi_runbook.project.repositories import configured
from pypi_runbook.project.routes.answers import Answer, Jobs, both, step_runs
from pypi_runbook.project.routes.ways import Way, ways
from pypi_runbook.project.text import table
from pypi_runbook.project.variants import Variant, environment, uploads
from pypi_runbook.project.workflows import mapping
from pypi_runbook.project.yaml import plain, read_yaml

# GitHub nests ten workflows.
DEEPEST = 10


@dataclass(frozen=True)
class RoutedUpload:
    """An upload that a way leads to.

    index: the index, None when only a run can tell; environment: that of the job. file, line: the step. answer: yes, or None when only a
    run can tell. caller: the job of the started workflow through which the way leads there, which is `job` unless it calls another file.
    """

    index: str | None
    environment: str | None
    file: str
    line: int
    job: Job
    caller: Job
    answer: Answer
    auth: str


@dataclass(frozen=True)
class Route:
    """One way to start a workflow, the jobs that it runs, and where they publish."""

    workflow: Workflow
    way: Way
    jobs: dict[str, Answer] = field(default_factory=dict)
    uploads: list[RoutedUpload] = field(default_factory=list)

    def indexes(self, *, surely: bool = True) -> list[str]:
        """Return the indexes to which the way leads, each once; those that only a run can tell only when asked with SURELY off."""
        found = (upload.index for upload in self.uploads if upload.index and (upload.answer or not surely))
        return list(dict.fromkeys(found))


def routes(facts: Facts, workflow: Workflow | None = None) -> list[Route]:
    """Return every way to start WORKFLOW, or each of the workflows of FACTS, with what it runs and publishes."""
    tracer, slug = _Tracer(facts), slug_of(facts)
    return [tracer.route(each, way) for each in ([workflow] if workflow else facts.workflows) for way in ways(each, slug)]


def slug_of(facts: Facts) -> str | None:
    """Return owner/name of the repository of FACTS, where both are known."""
    return f"{facts.repository.owner}/{facts.repository.name}" if facts.repository.owner and facts.repository.name else None


def uploads_in(facts: Facts, workflow: Workflow, contexts: dict[str, Value]) -> list[RoutedUpload]:
    """Return the uploads of a run of WORKFLOW with CONTEXTS, those of the workflows that it calls included."""
    return list(_Tracer(facts).below(workflow, Call(Given()), contexts))


def environment_in(facts: Facts, workflow: Workflow, job: Job, contexts: dict[str, Value]) -> list[str] | None:
    """Return every environment that JOB of WORKFLOW can name in a run with CONTEXTS, None when only the run can tell; '' stands for none."""
    data = read_yaml(facts.root / workflow.file, facts.root)
    body = mapping(mapping(data.get("jobs")).get(job.id))
    return replace(Scope.of(data, body), fixed=fixed(contexts)).values(environment_text(body))


def environment_text(body: Any) -> str:
    """Return the name of the environment of the job BODY as it is written."""
    value = table(body).get("environment")
    return plain(table(value).get("name") if isinstance(value, dict) else value)


def fixed(contexts: dict[str, Value]) -> dict[str, Value]:
    """Return the contexts that are the same for every job of a run."""
    return {name: contexts[name] for name in ("github", "inputs") if name in contexts}


class _Tracer:
    """Follows ways through the files of one repository, each of which is read once."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.by_file = {workflow.file: workflow for workflow in facts.workflows}
        self.read: dict[str, Any] = {}
        self.found_site: Site | None = None

    def data(self, file: str) -> Any:
        if file not in self.read:
            self.read[file] = read_yaml(self.facts.root / file, self.facts.root)
        return self.read[file]

    @property
    def site(self) -> Site:
        self.found_site = self.found_site or Site(self.facts.root, configured(self.facts.root))
        return self.found_site

    def route(self, workflow: Workflow, way: Way) -> Route:
        jobs = Jobs(workflow, way.contexts)
        answers = {job.id: jobs.runs(job.id) for job in workflow.jobs}
        return Route(workflow, way, answers, list(self.below(workflow, Call(Given()), way.contexts)))

    def below(self, workflow: Workflow, calling: Call, contexts: dict[str, Value], depth: int = 0) -> Iterator[RoutedUpload]:
        """Yield the uploads of WORKFLOW's jobs in a run with CONTEXTS, called as CALLING says, and of the workflows that they call."""
        jobs = Jobs(workflow, contexts)
        for job in workflow.jobs:
            answer = jobs.runs(job.id)
            if answer is False:
                continue
            callee = self.by_file.get(local_file(job.calls) or "")
            if callee and depth < DEEPEST:
                inner, seen = self.inside(workflow, job, callee, calling, contexts)
                found = self.below(callee, inner, seen, depth + 1)
                yield from (replace(upload, caller=job, answer=both(answer, upload.answer)) for upload in found)
            elif job.publishes:
                yield from self.of_job(workflow, job, calling, contexts, answer)

    def inside(self, workflow: Workflow, job: Job, callee: Workflow, calling: Call, contexts: dict[str, Value]) -> tuple[Call, dict[str, Value]]:
        """Return how JOB calls CALLEE, and the contexts there: the caller's event with the inputs that it gives."""
        body = self.body(workflow, job)
        declared = table(table(table(self.data(callee.file)).get("on")).get("workflow_call")).get("inputs")
        texts = calling.given.table({str(key): plain(value) for key, value in table(body.get("with")).items()})
        given = call(declared, texts, self.scope(workflow, job, calling, contexts))
        inner = Call(given, may_ask(self.data(workflow.file), body, calling))
        typed = Open({name: {"true": True, "false": False}.get(value, value) for name, value in given.values.items() if "${{" not in value})
        return inner, contexts | {"inputs": typed}

    def of_job(self, workflow: Workflow, job: Job, calling: Call, contexts: dict[str, Value], answer: Answer) -> Iterator[RoutedUpload]:
        """Yield the uploads of JOB in a run with CONTEXTS; a step whose condition does not hold does none."""
        body = self.body(workflow, job)
        running = {step.line: step_runs(step, contexts) for step in job.steps}
        steps = [step for step in job.steps if running[step.line] is not False]
        variant = Variant(self.scope(workflow, job, calling, contexts), calling.given, may_ask(self.data(workflow.file), body, calling))
        text = environment_text(body)
        name = environment(text, [variant]).name
        for upload in uploads(steps, text, [variant], self.site):
            happens = both(answer, running.get(upload.line, True))
            yield RoutedUpload(upload.index, upload.environment or name, workflow.file, upload.line, job, job, happens, upload.auth)

    def body(self, workflow: Workflow, job: Job) -> Any:
        return table(table(self.data(workflow.file).get("jobs")).get(job.id))

    def scope(self, workflow: Workflow, job: Job, calling: Call, contexts: dict[str, Value]) -> Scope:
        scope = calling.given.scope(Scope.of(self.data(workflow.file), self.body(workflow, job)))
        return replace(scope, fixed=fixed(contexts))
