"""Stand-ins: what the actions that publishing workflows use do, done on this machine, with their own texts when they fail.

`STANDINS` maps an action (`owner/name`, or `owner/name/folder`) to its stand-in; what it lacks is not rehearsed.
"""

from __future__ import annotations

import re

from pypi_runbook.rehearsal.running import Job, StandIn, StepError
from pypi_runbook.rehearsal.standins.action import Inputs
from pypi_runbook.rehearsal.standins.attest import ATTEST, ATTEST_BUILD_PROVENANCE
from pypi_runbook.rehearsal.standins.cache import CACHE, CACHE_RESTORE, CACHE_SAVE
from pypi_runbook.rehearsal.standins.checkout import CHECKOUT
from pypi_runbook.rehearsal.standins.download_artifact import DOWNLOAD_ARTIFACT, DOWNLOAD_ARTIFACT_4
from pypi_runbook.rehearsal.standins.gh_release import GH_RELEASE
from pypi_runbook.rehearsal.standins.pypi_publish import PYPI_PUBLISH, publish_at
from pypi_runbook.rehearsal.standins.release_action import CREATE_RELEASE, RELEASE_ACTION
from pypi_runbook.rehearsal.standins.setup_python import SETUP_PYTHON
from pypi_runbook.rehearsal.standins.setup_uv import SETUP_UV
from pypi_runbook.rehearsal.standins.tools import ACTIONS_POETRY, INSTALL_HATCH, INSTALL_POETRY
from pypi_runbook.rehearsal.standins.upload_artifact import UPLOAD_ARTIFACT

STANDINS: dict[str, StandIn] = {
    "abatilo/actions-poetry": ACTIONS_POETRY,
    "actions/attest": ATTEST,
    "actions/attest-build-provenance": ATTEST_BUILD_PROVENANCE,
    "actions/cache": CACHE,
    "actions/cache/restore": CACHE_RESTORE,
    "actions/cache/save": CACHE_SAVE,
    "actions/checkout": CHECKOUT,
    "actions/create-release": CREATE_RELEASE,
    "actions/download-artifact": DOWNLOAD_ARTIFACT,
    "actions/setup-python": SETUP_PYTHON,
    "actions/upload-artifact": UPLOAD_ARTIFACT,
    "astral-sh/setup-uv": SETUP_UV,
    "ncipollo/release-action": RELEASE_ACTION,
    "pypa/gh-action-pypi-publish": PYPI_PUBLISH,
    "pypa/hatch": INSTALL_HATCH,
    "snok/install-poetry": INSTALL_POETRY,
    "softprops/action-gh-release": GH_RELEASE,
}
# Major versions that behave otherwise than the newest one; a commit does not say which version it is.
OTHERWISE: dict[tuple[str, int], StandIn] = {("actions/download-artifact", 4): DOWNLOAD_ARTIFACT_4}
NOTICES = "https://github.blog/changelog/"
ENDED = {
    1: f"{NOTICES}2024-02-13-deprecation-notice-v1-and-v2-of-the-artifact-actions/",
    2: f"{NOTICES}2024-02-13-deprecation-notice-v1-and-v2-of-the-artifact-actions/",
    3: f"{NOTICES}2024-04-16-deprecation-notice-v3-of-the-artifact-actions/",
}


def find_standin(uses: str) -> StandIn | None:
    """Return the stand-in for a step's `uses`, for example `actions/checkout@v5`; None when there is none."""
    name, _, ref = uses.partition("@")
    action = name.lower()
    if STANDINS.get(action) is PYPI_PUBLISH:
        return publish_at(ref)
    major = re.fullmatch(r"v?(\d{1,3})(?:\.\d+)*", ref)
    if major and action in ("actions/upload-artifact", "actions/download-artifact") and int(major[1]) in ENDED:
        return _ended(action, int(major[1]))
    return OTHERWISE.get((action, int(major[1])) if major else (action, 0), STANDINS.get(action))


def _ended(action: str, major: int) -> StandIn:
    """Return the stand-in for a version that GitHub no longer runs."""

    def fail(job: Job, inputs: Inputs) -> None:  # noqa: ARG001 (what every stand-in gets)
        words = f"This request has been automatically failed because it uses a deprecated version of `{action}: v{major}`."
        raise StepError(f"{words} Learn more: {ENDED[major]}")

    return fail
