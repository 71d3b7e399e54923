"""The contexts that the tests of expressions share."""

from __future__ import annotations

from typing import Any

CONTEXTS: dict[str, Any] = {
    "empty": [],
    "versions": ["3.11", "3.12", "3.13"],
    "mixed": ["", 1, True, []],
    "github": {
        "event_name": "release",
        "ref": "refs/tags/v1.2.0rc1",
        "run_number": 7,
        "event": {
            "action": "published",
            "release": {
                "tag_name": "v1.2.0rc1",
                "prerelease": True,
                "assets": [{"name": "one.whl", "size": 10}, {"name": "two.tar.gz", "size": 20}, {"size": 30}],
            },
        },
    },
    "inputs": {"testpypi": False, "index": "TestPyPI"},
    "needs": {
        "build": {"result": "success", "outputs": {"version": "1.2.0rc1", "dashed-name": "yes"}},
        "check": {"result": "skipped", "outputs": {}},
    },
}
