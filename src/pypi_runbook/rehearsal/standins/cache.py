"""actions/cache and its halves: never a hit, as in the first run on GitHub (texts: actions/cache)."""

from __future__ import annotations

from pypi_runbook.rehearsal.running import Job, StepError
from pypi_runbook.rehearsal.standins.action import Action, Inputs, lines, truth

REASON = "a rehearsal starts without one, as the first run on GitHub does"


def restore(job: Job, inputs: Inputs) -> None:
    """Find nothing under the keys; StepError where a miss shall fail."""
    key = inputs["key"].strip()
    keys = [key, *lines(inputs["restore-keys"])]
    # `cache-hit` stays unset on a miss (actions/cache#1466).
    if truth(inputs, "fail-on-cache-miss"):
        raise StepError(f"Failed to restore cache entry. Exiting as fail-on-cache-miss is set. Input key: {key}")
    job.say(f"Cache not found for input keys: {', '.join(keys)}")
    job.outputs["cache-primary-key"] = key
    job.not_rehearsed(f"the cache {key}", REASON)


def save(job: Job, inputs: Inputs) -> None:
    """Keep nothing."""
    job.not_rehearsed(f"saving the cache {inputs['key'].strip()}", "nothing is kept for another run")


_PLACE = {"path": "", "key": ""}
_LOOK = {"restore-keys": "", "enableCrossOsArchive": "false", "fail-on-cache-miss": "false", "lookup-only": "false"}
CACHE = Action(
    restore,
    {**_PLACE, **_LOOK, "upload-chunk-size": "", "save-always": "false"},
    required=("key", "path"),
    deprecated={"save-always": "save-always does not work as intended and will be removed in a future release."},
)
CACHE_RESTORE = Action(restore, {**_PLACE, **_LOOK}, required=("key", "path"))
CACHE_SAVE = Action(save, {**_PLACE, "upload-chunk-size": "", "enableCrossOsArchive": "false"}, required=("key", "path"))
