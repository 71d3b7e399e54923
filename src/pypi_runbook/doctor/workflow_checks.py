"""The checks of workflows, in the order in which their findings are told."""

from __future__ import annotations

from pypi_runbook.doctor import (
    workflow_artifacts,
    workflow_conditions,
    workflow_guards,
    workflow_notes,
    workflow_owners,
    workflow_permissions,
    workflow_pins,
    workflow_publish_action,
    workflow_triggers,
    workflow_uploads,
)
from pypi_runbook.doctor.checkup import Check

WORKFLOW_CHECKS: tuple[Check, ...] = (
    workflow_triggers.check_routes,
    workflow_triggers.check_tag_patterns,
    workflow_triggers.check_concurrency,
    workflow_triggers.check_cancelled_uploads,
    workflow_permissions.check_who_can_ask_for_a_token,
    workflow_permissions.check_publishing_jobs_can_ask,
    workflow_permissions.check_permissions_are_set,
    workflow_permissions.check_environments,
    workflow_permissions.check_tokens,
    workflow_permissions.check_reusable,
    workflow_guards.check_tag_is_version,
    workflow_guards.check_prerelease_guards,
    workflow_guards.check_shallow,
    workflow_guards.check_pushed_commit,
    workflow_conditions.check_texts_as_booleans,
    workflow_artifacts.check_artifacts,
    workflow_artifacts.check_folders,
    workflow_artifacts.check_workspace_dist,
    workflow_publish_action.check_publish_action,
    workflow_publish_action.check_inside_composite,
    workflow_uploads.check_skip_existing,
    workflow_uploads.check_attestations,
    workflow_uploads.check_builds_beside_token,
    workflow_uploads.check_pull_request_target,
    workflow_notes.check_release_notes,
    workflow_notes.check_release_waits,
    workflow_pins.check_pins,
    workflow_pins.check_retired,
    workflow_pins.check_runners,
    workflow_pins.check_caches,
    workflow_pins.check_tools,
    workflow_owners.check_codeowners,
)
