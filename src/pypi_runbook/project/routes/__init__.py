"""What triggers what: each way to start a workflow, the jobs that it runs, where they publish, and which routes are not safe."""

from pypi_runbook.project.routes.answers import Answer, both, runs, step_runs
from pypi_runbook.project.routes.routing import Route, RoutedUpload, environment_in, routes, uploads_in
from pypi_runbook.project.routes.warnings import title, warnings
from pypi_runbook.project.routes.ways import Way, contexts_of, merged, ways, without_markup

__all__ = [
    "Answer",
    "Route",
    "RoutedUpload",
    "Way",
    "both",
    "contexts_of",
    "environment_in",
    "merged",
    "routes",
    "runs",
    "step_runs",
    "title",
    "uploads_in",
    "warnings",
    "ways",
    "without_markup",
]
