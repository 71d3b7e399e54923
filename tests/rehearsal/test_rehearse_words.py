"""What a person reads while a rehearsal runs, and what is kept of it."""

from __future__ import annotations

import os

import pytest

from pypi_runbook.errors import RunbookError
from pypi_runbook.rehearsal.definition import StepDefinition
from pypi_runbook.rehearsal.results import JobResult, StepResult
from pypi_runbook.rehearsal.speaker import LAST_LINES, Speaker
from pypi_runbook.rehearsal.system import check_system

JOB = JobResult("build", "build", "failure", "publish.yml", 3)
STEP = StepDefinition("publish.yml", 7, uses="some/action@v1")
MESSAGE = "\nThe first words.\nMore of them."


def failed(speaker: Speaker, lines: list[str]) -> None:
    """Let a step with LINES in its log fail."""
    speaker.step_begins(JOB, "Use it")
    for line in lines:
        speaker.line(line)
    page = "troubleshooting/index.md"
    speaker.step_ended(JOB, STEP, StepResult("Use it", STEP.uses, None, "failure", "failure", "publish.yml", 7, reason=MESSAGE, page=page))


def test_a_failed_step_is_one_line_its_log_and_its_page() -> None:
    """Its message stands whole in the log only, beside its name are the first words; the page has a line as in every error."""
    said: list[str] = []
    failed(Speaker(said.append), ["##[error]", "The first words.", "More of them."])
    assert said[0].endswith("  FAILED     Use it: The first words.")
    assert [line.strip() for line in said[1:]] == [
        "| ##[error]",
        "| The first words.",
        "| More of them.",
        "at publish.yml:7, job build",
        "page: troubleshooting/index.md",
    ]


def test_the_log_of_a_step_is_its_own_and_its_end() -> None:
    """Below a failed step stands nothing of the step before it, and no more than a screen of its own."""
    said: list[str] = []
    speaker = Speaker(said.append)
    failed(speaker, ["of the first"])
    said.clear()
    failed(speaker, [f"line {number}" for number in range(100)])
    shown = [line.partition("| ")[2] for line in said if "| " in line]
    assert shown == [f"line {number}" for number in range(100 - LAST_LINES, 100)]


def test_the_transcript_ends_somewhere() -> None:
    """However much the steps print, no more than a bound of it is kept: the end, and a word about the rest."""
    speaker = Speaker(lambda _: None, most=10_000)
    for number in range(100):
        speaker.step_begins(JOB, f"step {number}")
        for _ in range(10):
            speaker.line("x" * 99)
    assert sum(map(len, speaker.transcript)) < 10_100
    assert speaker.transcript[0] == f"[{1100 - len(speaker.transcript[1:])} lines were not kept here]"
    assert "--- build: step 99" in speaker.transcript


def test_windows_is_refused_before_anything_begins() -> None:
    """On Windows a person reads what to do instead, not how Python failed."""
    check_system(os.name)
    with pytest.raises(RunbookError, match="Windows cannot stand for GitHub's Ubuntu runners") as raised:
        check_system("nt")
    assert raised.value.next == "rehearse in WSL or on another machine"
