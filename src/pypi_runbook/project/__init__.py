"""What the real files of a repository say about its publishing; reads, runs nothing of the project, never touches the network."""

from __future__ import annotations

from pypi_runbook.project.facts import Distribution, Facts, Job, Publish, Repository, Step, Trigger, Unknown, Workflow
from pypi_runbook.project.read import read_project

__all__ = ["Distribution", "Facts", "Job", "Publish", "Repository", "Step", "Trigger", "Unknown", "Workflow", "read_project"]
