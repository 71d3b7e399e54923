"""The endpoints of the REST API that a release needs: releases, their files, references, commits, and what a client asks about itself."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from pypi_runbook.twin.github import gitdata, shapes
from pypi_runbook.twin.github.notes import generate_notes
from pypi_runbook.twin.github.publishing import create_release, delete_release, edit_release, follow_tags
from pypi_runbook.twin.github.records import BOT, Release
from pypi_runbook.twin.github.refusals import NO_INTEGRATION, NOT_FOUND, NOT_SIGNED_IN, ApiError, not_supplied
from pypi_runbook.twin.github.rest import LIMITS, Call, Endpoint, Reply, page_of


def shown(call: Call, release: Release | None) -> Reply:
    """Return RELEASE as CALL's repository shows it; a draft only to those who may edit it."""
    if release is None or (release.draft and not call.may_write):
        raise NOT_FOUND
    return Reply(shapes.release(call.repository, release, call.world.github.releases.assets(release)))


def _root(_: Call) -> Reply:
    urls = {"current_user_url": "user", "rate_limit_url": "rate_limit", "repository_url": "repos/{owner}/{repo}"}
    return Reply({name: f"{shapes.API}/{path}" for name, path in urls.items()})


def _meta(_: Call) -> Reply:
    return Reply({"verifiable_password_authentication": False, "hooks": [], "web": [], "api": [], "git": [], "actions": []})


def _rate_limit(call: Call) -> Reply:
    limit = LIMITS[call.token is not None]
    rate = {"limit": limit, "remaining": limit, "used": 0, "reset": int(call.world.clock()) + 3600}
    return Reply({"resources": {"core": rate, "graphql": rate}, "rate": rate})


def _user(call: Call) -> Reply:
    # A job's token belongs to no person.
    raise NO_INTEGRATION if call.token else NOT_SIGNED_IN


def _repository(call: Call) -> Reply:
    return Reply(shapes.repository(call.repository, push=call.may_write))


def _releases(call: Call) -> Reply:
    seen = [release for release in call.world.github.releases.all(call.repository) if not release.draft or call.may_write]
    page = page_of(call, seen)
    return replace(page, body=[shown(call, release).body for release in page.body])


def _release(call: Call) -> Reply:
    return shown(call, call.world.github.releases.find(call.repository, call.number("id")))


def _latest(call: Call) -> Reply:
    return shown(call, call.world.github.releases.latest(call.repository))


def _release_of_tag(call: Call) -> Reply:
    return shown(call, call.world.github.releases.of_tag(call.repository, call.values["tag"]))


def _create(call: Call) -> Reply:
    made = create_release(call.world.github, call.repository, call.body, BOT)
    reply = shown(call, made)
    return replace(reply, status=201, headers={"Location": reply.body["url"]})


def _edit(call: Call) -> Reply:
    known = call.world.github.releases.find(call.repository, call.number("id"))
    if known is None:
        raise NOT_FOUND
    return shown(call, edit_release(call.world.github, call.repository, known, call.body))


def _delete(call: Call) -> Reply:
    known = call.world.github.releases.find(call.repository, call.number("id"))
    if known is None:
        raise NOT_FOUND
    delete_release(call.world.github, known)
    return Reply(None, 204)


def _notes(call: Call) -> Reply:
    if "tag_name" not in call.body:
        raise not_supplied("tag_name")
    tag, target = str(call.body["tag_name"]), str(call.body.get("target_commitish") or gitdata.default_branch(call.repository.origin))
    previous = call.body.get("previous_tag_name")
    return Reply({"name": tag, "body": generate_notes(call.repository, tag, target, str(previous) if previous else None)})


def _archive(call: Call) -> Reply:
    ref = call.values.get("ref") or gitdata.default_branch(call.repository.origin)
    kind = "legacy.zip" if call.values["kind"] == "zipball" else "legacy.tar.gz"
    name = ref if ref.startswith("refs/") or not gitdata.commit_of_tag(call.repository.origin, ref) else f"refs/tags/{ref}"
    return Reply(None, 302, {"Location": f"https://codeload.github.com/{call.repository.slug}/{kind}/{quote(name)}"})


def _tags(call: Call) -> Reply:
    page = page_of(call, gitdata.tags(call.repository.origin))
    return replace(page, body=[shapes.tag(call.repository, tag) for tag in page.body])


def _ref(call: Call) -> Reply:
    wanted = f"refs/{call.values['ref'].removeprefix('refs/')}"
    found = gitdata.find_ref(call.repository.origin, wanted)
    if found is None:
        raise NOT_FOUND
    return Reply(shapes.ref(call.repository, found))


def _refs(call: Call) -> Reply:
    page = page_of(call, gitdata.refs(call.repository.origin, f"refs/{call.values['ref']}"))
    return replace(page, body=[shapes.ref(call.repository, ref) for ref in page.body])


def _create_ref(call: Call) -> Reply:
    origin = call.repository.origin
    for name in ("ref", "sha"):
        if name not in call.body:
            raise not_supplied(name)
    ref, sha = str(call.body["ref"]), str(call.body["sha"])
    if not ref.startswith("refs/") or ref.count("/") < 2:
        raise ApiError(422, "Reference name must contain at least three slash-separated components.")
    if not gitdata.is_well_formed(origin, ref):
        raise ApiError(422, f"{ref} is not a valid ref name.")
    if not gitdata.has_object(origin, sha):
        raise ApiError(422, "Object does not exist")
    done = gitdata.set_ref(origin, ref, sha)
    found = gitdata.find_ref(origin, ref)
    if not done or found is None:
        raise ApiError(422, "Reference already exists" if found else "Reference update failed")
    reply = shapes.ref(call.repository, found)
    return Reply(reply, 201, {"Location": reply["url"]})


def _delete_ref(call: Call) -> Reply:
    if not gitdata.delete_ref(call.repository.origin, f"refs/{call.values['ref']}"):
        raise ApiError(422, "Reference does not exist")
    follow_tags(call.world.github, call.repository)
    return Reply(None, 204)


def _commit(call: Call) -> Reply:
    sha = gitdata.commit_of_any(call.repository.origin, call.values["ref"])
    if sha is None:
        raise ApiError(422, f"No commit found for SHA: {call.values['ref']}")
    return Reply(shapes.commit(call.repository, sha))


REPO = "/repos/{owner}/{repo}"
ENDPOINTS = (
    Endpoint("GET", "/", _root, "meta/meta#github-api-root"),
    Endpoint("GET", "/meta", _meta, "meta/meta#get-github-meta-information"),
    Endpoint("GET", "/rate_limit", _rate_limit, "rate-limit/rate-limit#get-rate-limit-status-for-the-authenticated-user"),
    Endpoint("GET", "/user", _user, "users/users#get-the-authenticated-user"),
    Endpoint("GET", REPO, _repository, "repos/repos#get-a-repository"),
    Endpoint("GET", f"{REPO}/releases", _releases, "releases/releases#list-releases"),
    Endpoint("POST", f"{REPO}/releases", _create, "releases/releases#create-a-release", writes=True),
    Endpoint("POST", f"{REPO}/releases/generate-notes", _notes, "releases/releases#generate-release-notes-content-for-a-release", writes=True),
    Endpoint("GET", f"{REPO}/releases/latest", _latest, "releases/releases#get-the-latest-release"),
    Endpoint("GET", f"{REPO}/releases/tags/{{tag:.+}}", _release_of_tag, "releases/releases#get-a-release-by-tag-name"),
    Endpoint("GET", f"{REPO}/releases/{{id:[0-9]+}}", _release, "releases/releases#get-a-release"),
    Endpoint("PATCH", f"{REPO}/releases/{{id:[0-9]+}}", _edit, "releases/releases#update-a-release", writes=True),
    Endpoint("DELETE", f"{REPO}/releases/{{id:[0-9]+}}", _delete, "releases/releases#delete-a-release", writes=True),
    Endpoint("GET", f"{REPO}/{{kind:zipball|tarball}}", _archive, "repos/contents#download-a-repository-archive-zip"),
    Endpoint("GET", f"{REPO}/{{kind:zipball|tarball}}/{{ref:.+}}", _archive, "repos/contents#download-a-repository-archive-zip"),
    Endpoint("GET", f"{REPO}/tags", _tags, "repos/repos#list-repository-tags"),
    Endpoint("GET", f"{REPO}/git/ref/{{ref:.+}}", _ref, "git/refs#get-a-reference"),
    Endpoint("GET", f"{REPO}/git/matching-refs/{{ref:.+}}", _refs, "git/refs#list-matching-references"),
    Endpoint("POST", f"{REPO}/git/refs", _create_ref, "git/refs#create-a-reference", writes=True),
    Endpoint("DELETE", f"{REPO}/git/refs/{{ref:.+}}", _delete_ref, "git/refs#delete-a-reference", writes=True),
    Endpoint("GET", f"{REPO}/commits/{{ref:.+}}", _commit, "commits/commits#get-a-commit"),
)
