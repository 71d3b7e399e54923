"""PyPA's publishing action: what is inside each of its releases, and the refs that have no image.

Since v1.12.0 the action runs an image of its registry that is named after the ref. Looked up on 2026-11-30 in the action's repository
(requirements/runtime.txt, create-docker-action.py, issues 290, 299 and 338) and in public reports, which each row names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.version import Version

NAME = "pypa/gh-action-pypi-publish"


@dataclass(frozen=True)
class Release:
    """One release of the action.

    tag: its name in git; commit: what the tag points to; tag_object: the annotated tag itself, for which there is no image.
    twine, packaging: their versions in the image; metadata: the newest metadata version that these read. None is not known.
    """

    tag: str
    commit: str
    source: str
    tag_object: str | None = None
    twine: str | None = None
    packaging: str | None = None
    metadata: str | None = None
    image: bool = True


RELEASES = (
    Release("v1.12.0", "61da13deb5f5124fb1536194f82ed3d9bbc7e8f3", "pypa/gh-action-pypi-publish#290", image=False),
    Release("v1.12.4", "76f52bc884231f62b9a034ebfe128415bbaabdfc", "livekit/agents#1439", "7f25271a4aa483500f742f9492b2ab5648d61011"),
    Release(
        "v1.13.0",
        "ed0c53931b1dc9bd32cbe73a98c7f6766f8a527e",
        "apache/infrastructure-actions#619, alex-feel/claude-code-toolbox#437",
        "106e0b0b7c337fa67ed433972f777c6357f78598",
        twine="6.1.0",
        metadata="2.4",
    ),
    Release(
        "v1.14.0",
        "cef221092ed1bacb1cc03d23a2d87d1d172e277b",
        "luciferreeves/edify#53, aptos-labs/aptos-python-sdk#133",
        "6733eb7d741f0b11ec6a39b58540dab7590f9b7d",
        metadata="2.4",
    ),
    Release(
        "v1.14.1",
        "ba38be9e461d3875417946c167d0b5f3d385a247",
        "beeware/briefcase#2983, launchdarkly/python-server-sdk#511",
        twine="6.1.0",
        metadata="2.4",
    ),
    Release(
        "v1.14.2",
        "dc37677b2e1c63e2034f94d8a5b11f265b73ba33",
        "requirements/runtime.txt at that commit, livekit/agents#6837",
        "a892a5a61159132606e93a2fa6f4358831b04d26",
        twine="7.0.0",
        packaging="26.2",
        metadata="2.5",
    ),
)
NEWEST = RELEASES[-1]
# Branches that follow the newest release; others are told by their name only when they are a release's.
MOVING = {"release/v1", f"release/{NEWEST.tag.rpartition('.')[0]}"}


def release_of(ref: str) -> Release | None:
    """Return the release that REF of the action is, None where the table does not say."""
    if ref in MOVING:
        return NEWEST
    return next((each for each in RELEASES if ref in (each.tag, each.commit)), None)


def no_image(ref: str) -> str | None:
    """Return why the registry has no image for REF, None where it has one or nobody can say."""
    for each in RELEASES:
        if ref == each.tag_object:
            return f"it is the tag object of {each.tag}, and images are named after commits: write {each.commit}"
        if ref == each.commit and not each.image:
            return f"no image was made for the commit of {each.tag}: write {NEWEST.commit}, which is {NEWEST.tag}"
    return None


def works_inside_composite(ref: str) -> bool | None:
    """Tell whether the action at REF works when a composite action uses it, None where nobody can say.

    Up to v1.9 it builds its own Dockerfile. Since v1.12 it asks there for an image of the repository that the run is of.
    """
    if release_of(ref):
        return False
    version = re.fullmatch(r"(?:release/)?v(\d+\.\d+(?:\.\d+)?)", ref)
    if not version or Version("1.10") <= Version(version[1]) < Version("1.12"):
        return None
    return Version(version[1]) < Version("1.10")


def reads(ref: str, metadata: str) -> bool | None:
    """Tell whether the twine of the action at REF reads the version METADATA, None where nobody can say."""
    release = release_of(ref)
    if release is None or release.metadata is None:
        return None
    return Version(metadata) <= Version(release.metadata)
