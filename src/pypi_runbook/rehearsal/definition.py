"""What a workflow file asks for, as frozen values: texts stand here as written, their `${{ }}` not worked out yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class StepDefinition:
    """One step; `continue_on_error` and `timeout_minutes` may be expressions, so they are texts, empty where absent."""

    file: str
    line: int
    id: str | None = None
    name: str | None = None
    condition: str | None = None
    uses: str | None = None
    run: str | None = None
    inputs: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    shell: str | None = None
    working_directory: str | None = None
    continue_on_error: str = ""
    timeout_minutes: str = ""


@dataclass(frozen=True)
class JobDefinition:
    """One job.

    permissions: what its token may do, its own or the workflow's; None where neither says. env, shell, working_directory: the workflow's
    `env` and `defaults` are in them already, the job's own before them. environment, environment_url: as written.
    strategy: `strategy` as plain values. calls: the reusable workflow of `uses`; inputs and secrets are what it is given.
    """

    file: str
    line: int
    id: str
    name: str | None = None
    needs: list[str] = field(default_factory=list)
    condition: str | None = None
    permissions: dict[str, str] | None = None
    environment: str | None = None
    environment_url: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    shell: str | None = None
    working_directory: str | None = None
    outputs: dict[str, str] = field(default_factory=dict)
    strategy: dict[str, Any] = field(default_factory=dict)
    steps: list[StepDefinition] = field(default_factory=list)
    continue_on_error: str = ""
    timeout_minutes: str = ""
    runs_on: str = ""
    container: str = ""
    services: list[str] = field(default_factory=list)
    calls: str | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] | str = field(default_factory=dict)
    concurrency: str = ""


@dataclass(frozen=True)
class WorkflowDefinition:
    """One workflow file.

    triggers: `on:` as a mapping from event to its filters; lines: where each event stands; concurrency: the group as written.
    """

    file: str
    name: str
    triggers: dict[str, dict[str, Any]]
    jobs: list[JobDefinition]
    concurrency: str = ""
    lines: dict[str, int] = field(default_factory=dict)
