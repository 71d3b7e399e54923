"""Of several faults PyPI tells the first by its order of checks, and that is the order of the rules in their file."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from reproductions import refusal_in
from reproductions.files import UPLOAD, changed, fields_of, post

from pypi_runbook.rules import RULES, Refused
from pypi_runbook.rules.distribution import check_distribution
from pypi_runbook.rules.faulty import BROKEN_RST, FAULTY, LICENSE, RST
from pypi_runbook.rules.sample import make_wheel
from pypi_runbook.rules.words import recognize

if TYPE_CHECKING:
    from people import Person

pytest_plugins = ["people"]
ORDER = {rule: place for place, rule in enumerate(RULES)}
# What makes the sample break a rule beside others: headers, or options of `make_wheel`.
HEADERS: dict[str, tuple[tuple[str, str], ...]] = {
    "name-field": (("Name", "sample-"),),
    "metadata-version": (("Metadata-Version", "2.9"),),
    "version-invalid": (("Version", "1.0.x"),),
    "content-type-unknown": (("Description-Content-Type", "text/html"),),
    "dynamic-unknown": (("Dynamic", "Colour"),),
    "license-expression": (("License-Expression", "Apache 2.0"),),
    "license-file-path": (("License-File", "../LICENSE"),),
    "provides-extra": (("Provides-Extra", "two words"),),
    "requires-dist": (("Requires-Dist", "other !! 1.0"),),
    "requires-python": (("Requires-Python", "three"),),
    "summary-lines": (("Summary", "A sample\n  of two lines"),),
    "local-version": (("Version", "1.0+abc"),),
    "email": (("Author-email", "A Person <person>"),),
    "classifier-unknown": (("Classifier", "Private :: Do Not Upload"),),
    "classifier-replaced": (("Classifier", "Natural Language :: Ukranian"),),
    "dynamic-unlisted": (("Dynamic", "Dynamic"),),
    "license-twice": (("License", "MIT"), LICENSE),
    "label-missing": (("Project-URL", ", https://example.org"),),
    "old-requirement": (("Provides-Dist", "other !! 1.0"),),
    "direct-dependency": (("Requires-Dist", "other @ https://example.org/other.zip"),),
    "summary-length": (("Summary", "x" * 513),),
    "description-content-type": (RST, BROKEN_RST),
}
CONTENTS: dict[str, dict[str, Any]] = {
    "description-content-type": {"headers": (RST, BROKEN_RST)},
    "wheel-file": {"without": ("WHEEL",)},
    "platform-tag": {"tag": "cp311-cp311-linux_x86_64"},
    "wheel-name": {"stem": "Sample_Project-1.0"},
    "wheel-version": {"headers": (("Version", "2.0"),)},
    "license-file": {"headers": (("License-File", "LICENSE"),)},
    "wheel-record": {"without": ("RECORD",)},
    "wheel-entry-points": {"files": {"entry_points.txt": "no section"}},
}


def pairs(rules: dict[str, Any]) -> list[tuple[str, str]]:
    """Return each rule with the one that comes two further, and with its neighbour."""
    names = list(rules)
    return [*itertools.pairwise(names), *zip(names, names[2:], strict=False)]


def told(path: Path) -> str:
    """Return the id of the rule that refuses the file at PATH."""
    with pytest.raises(Refused) as refused:
        check_distribution(path, new_project=True)
    return refused.value.rule.id


def both(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return the options of two faults as one."""
    return {key: (*first.get(key, ()), *second.get(key, ())) if key in ("headers", "without") else (first | second)[key] for key in first | second}


def of_other_fields(pair: tuple[str, str]) -> bool:
    """Tell whether two rules look at different fields, so that one file can break both."""
    first, second = ({name for name, _ in HEADERS[rule]} for rule in pair)
    return not first & second


@pytest.mark.parametrize(("first", "second"), [*filter(of_other_fields, pairs(HEADERS))])
def test_metadata(tmp_path: Path, first: str, second: str) -> None:
    """Of two faults in the metadata the first in the file is told."""
    assert ORDER[first] < ORDER[second]
    assert told(make_wheel(tmp_path, headers=HEADERS[second] + HEADERS[first])) == first


@pytest.mark.parametrize(("first", "second"), pairs(CONTENTS))
def test_contents(tmp_path: Path, first: str, second: str) -> None:
    """Of two faults in a wheel's name and contents the first in the file is told."""
    assert ORDER[first] < ORDER[second]
    assert told(make_wheel(tmp_path, **both(CONTENTS[first], CONTENTS[second]))) == first


def test_metadata_before_name_before_description(tmp_path: Path) -> None:
    """Metadata comes before the name of a new project, and that before the description."""
    headers = HEADERS["description-content-type"]

    assert ORDER["summary-length"] < ORDER["name-standard-library"] < ORDER["description-content-type"]
    assert told(make_wheel(tmp_path, "asyncio", headers=HEADERS["summary-length"])) == "summary-length"
    assert told(make_wheel(tmp_path, "asyncio", headers=headers)) == "name-standard-library"


def test_archive_before_frame_before_name(tmp_path: Path) -> None:
    """What an archive lacks comes before its frame, and its frame before the file's name."""
    path = FAULTY["zip-comment"](tmp_path, "sample-project")

    assert ORDER["wheel-file"] < ORDER["zip-comment"] < ORDER["zip-trailing"] < ORDER["platform-tag"]
    path.write_bytes(path.read_bytes() + b"more")
    assert told(path) == "zip-comment"
    assert told(path.rename(tmp_path / "sample_project-1.0-cp311-cp311-linux_x86_64.whl")) == "zip-comment"
    assert (
        told(path.with_name("sample_project-1.0-cp311-cp311-linux_x86_64.whl").rename(tmp_path / "sample_project-2.0-py3-none-any.whl"))
        == "wheel-file"
    )


REQUESTS: dict[str, tuple[Callable[[list[tuple[str, str]]], list[tuple[str, str]]], str]] = {
    "protocol-version": (changed(protocol_version="2"), ""),
    "form-field": (changed(filetype="bdist_egg"), ""),
    "metadata-version": (changed(metadata_version="2.9"), ""),
    "filename-path": (list, ";filename=dist/sample_project-1.0-py3-none-any.whl"),
    "extension": (list, ";filename=sample_project-1.0.egg"),
    "content-type": (list, ";type=image/png"),
    "digest": (changed(sha256_digest="0" * 64), ""),
    "wheel-record": (list, ""),
}


@pytest.mark.parametrize(("first", "second"), list(itertools.pairwise(REQUESTS)))
def test_requests(person: Person, first: str, second: str) -> None:
    """The twin tells the first of two faults in a request, all along the way from the form to the file's contents."""
    wheel = make_wheel(person.work, without=["RECORD"] if "wheel-record" in (first, second) else ())
    (change, options), (more, further) = REQUESTS[first], REQUESTS[second]
    options += further if ";filename" not in options or ";filename" not in further else ""

    status, words = refusal_in(post(person, more(change(fields_of(wheel))), wheel, options=options, url=UPLOAD).stdout)

    assert ORDER[first] < ORDER[second]
    assert (status, recognize(words, RULES.values()).rule.id) == (400, first)
