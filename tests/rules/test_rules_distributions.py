"""Each rule that a built file can break: a distribution that is right but for one thing, and PyPI's words about it."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pypi_runbook.rules import Refused, Site
from pypi_runbook.rules.distribution import check_distribution
from pypi_runbook.rules.faulty import FAULTY, write_faulty
from pypi_runbook.rules.sample import make_sdist, make_wheel, metadata

PYPI = Site("pypi.org")
CORE = "See https://packaging.python.org/specifications/core-metadata for more information."
Make = Callable[[Path], Path]


def words(path: Path, *, new_project: bool = False) -> str:
    """Return what PyPI says of the file, empty when it takes it."""
    try:
        check_distribution(path, new_project=new_project)
    except Refused as error:
        return f"{error.rule.status} {error.message(PYPI)}"
    return ""


def wheel_with(*headers: tuple[str, str]) -> Make:
    """Return a maker of a wheel with HEADERS."""
    return lambda folder: make_wheel(folder, headers=headers)


CASES: dict[str, tuple[Make, str]] = {
    "name": (lambda folder: make_wheel(folder, headers=[("Name", "foo-")]), "'foo-' is an invalid value for Name. Error: Start and end with a"),
    "metadata version": (wheel_with(("Metadata-Version", "2.9")), f"'2.9' is not a valid metadata version. {CORE}"),
    "metadata version 2.0": (wheel_with(("Metadata-Version", "2.0")), f"'2.0' is not a valid metadata version. {CORE}"),
    "version": (wheel_with(("Version", "1.0.x")), f"'1.0.x' is invalid for 'version'. {CORE}"),
    "local version": (
        lambda folder: make_wheel(folder, version="1.0+abc"),
        "The use of local versions in '1.0+abc' is not allowed. See https://packaging.python.org/en/latest/specifications/version-specifiers/",
    ),
    "classifier": (wheel_with(("Classifier", "Foo :: Bar")), f"'Foo :: Bar' is not a valid classifier. {CORE}"),
    "private classifier": (wheel_with(("Classifier", "Private :: Do Not Upload")), "'Private :: Do Not Upload' is not a valid classifier."),
    "deprecated classifier": (
        wheel_with(("Classifier", "Natural Language :: Ukranian")),
        "The classifier 'Natural Language :: Ukranian' has been deprecated, use one of ['Natural Language :: Ukrainian'] instead.",
    ),
    "direct dependency": (
        wheel_with(("Requires-Dist", "foo @ git+https://x.example/y")),
        "Can't have direct dependency: foo @ git+https://x.example/y.",
    ),
    "direct dependency in an extra": (
        wheel_with(("Provides-Extra", "dev"), ("Requires-Dist", 'foo @ https://x.example/y.zip ; extra == "dev"')),
        "Can't have direct dependency: foo @ https://x.example/y.zip ; extra == ",
    ),
    "long summary": (wheel_with(("Summary", "x" * 513)), f"'summary' field must be 512 characters or less. {CORE}"),
    "long label": (wheel_with(("Project-URL", f"{'x' * 33}, https://x.example")), f"'{'x' * 33}' must be 32 characters or less. {CORE}"),
    "no label": (wheel_with(("Project-URL", ", https://x.example")), f"Must have a label. {CORE}"),
    "no URL": (wheel_with(("Project-URL", "Home, ")), f"Must have a URL. {CORE}"),
    "wrong URL": (wheel_with(("Project-URL", "Home, x.example")), f"'x.example' is not a valid url. {CORE}"),
    "address": (wheel_with(("Author-email", "A Person <person>")), "'person' is not a valid email address: An email address must have an @-sign."),
    "license twice": (
        wheel_with(("License", "MIT"), ("License-Expression", "MIT")),
        "License is deprecated when License-Expression is present. Only License-Expression should be present.",
    ),
    "license expression": (wheel_with(("License-Expression", "Apache 2.0")), f"'Apache 2.0' is invalid for 'license-expression'. {CORE}"),
    "license expression too early": (
        wheel_with(("Metadata-Version", "2.3"), ("License-Expression", "MIT")),
        f"license-expression introduced in metadata version 2.4, not 2.3. {CORE}",
    ),
    "content type": (wheel_with(("Description-Content-Type", "text/html")), "'description-content-type' must be one of ["),
    "description": (
        wheel_with(("Description-Content-Type", "text/x-rst"), ("Description", "Title\n=\n\n.. nope::\n")),
        "The description failed to render for 'text/x-rst'. See https://pypi.org/help/#description-content-type for more information.",
    ),
    "description without a type": (
        wheel_with(("Description", "Title\n=\n\n.. nope::\n")),
        "The description failed to render in the default format of reStructuredText. See https://pypi.org/help/#description-content-type",
    ),
    "platform": (
        lambda folder: make_wheel(folder, tag="cp311-cp311-linux_x86_64"),
        "Binary wheel 'sample_project-1.0-cp311-cp311-linux_x86_64.whl' has an unsupported platform tag 'linux_x86_64'.",
    ),
    "wheel name": (
        lambda folder: make_wheel(folder, "Sample", filename="Sample-1.0-py3-none-any.whl", files={"Sample-1.0.dist-info/WHEEL": ""}),
        "Filename 'Sample-1.0-py3-none-any.whl' should contain the normalized project name 'sample', not 'Sample'.",
    ),
    "wheel of another project": (
        lambda folder: make_wheel(folder, headers=[("Name", "other")]),
        "Start filename for 'other' with 'other'.",
    ),
    "wheel of another version": (lambda folder: make_wheel(folder, headers=[("Version", "2.0")]), "Version in filename should be '2.0' not '1.0'."),
    "sdist name": (
        lambda folder: make_sdist(folder, "Sample-Project", filename="Sample-Project-1.0.tar.gz"),
        "Filename 'Sample-Project-1.0.tar.gz' is invalid, should be 'sample_project-1.0.tar.gz'.",
    ),
    "license file": (
        wheel_with(("License-File", "LICENSE")),
        "License-File LICENSE does not exist in distribution file sample_project-1.0-py3-none-any.whl at sample_project-1.0.dist-info/licenses/",
    ),
    "license file of an sdist": (
        lambda folder: make_sdist(folder, headers=[("License-File", "LICENSE")]),
        "License-File LICENSE does not exist in distribution file sample_project-1.0.tar.gz at sample_project-1.0/LICENSE",
    ),
    "RECORD": (
        lambda folder: make_wheel(folder, without=["RECORD"]),
        "Wheel 'sample_project-1.0-py3-none-any.whl' does not contain the required RECORD file: sample_project-1.0.dist-info/RECORD",
    ),
    "WHEEL": (
        lambda folder: make_wheel(folder, without=["WHEEL"]),
        "Invalid distribution file. WHEEL not found at sample_project-1.0.dist-info/WHEEL",
    ),
    "entry points": (
        lambda folder: make_wheel(folder, files={"entry_points.txt": "[console_scripts]\n../x = module:main\n"}),
        "Wheel 'sample_project-1.0-py3-none-any.whl' has invalid entry points defined in the entry_points.txt file",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_words_of_one_thing_wrong(tmp_path: Path, case: str) -> None:
    """A distribution that is right but for one thing is refused for that thing, in PyPI's words."""
    make, expected = CASES[case]

    assert words(make(tmp_path)).startswith(f"400 {expected}")


@pytest.mark.parametrize("rule", FAULTY)
def test_sample_of_each_rule(tmp_path: Path, rule: str) -> None:
    """Without an index each sample is refused for its rule, as by the twin."""
    with pytest.raises(Refused) as refused:
        check_distribution(write_faulty(rule, tmp_path), new_project=True)

    assert refused.value.rule.id == rule


@pytest.mark.parametrize("make", [make_wheel, make_sdist])
def test_nothing_wrong(tmp_path: Path, make: Make) -> None:
    """The sample itself is taken."""
    assert words(make(tmp_path), new_project=True) == ""


def test_first_error_only_and_in_order(tmp_path: Path) -> None:
    """Of several errors the first by PyPI's order is told: version before anything else, then by field name."""
    headers = [("Classifier", "Foo"), ("Summary", "x" * 600), ("Requires-Dist", "a @ https://x.example/a.zip")]

    assert "classifier" in words(make_wheel(tmp_path, headers=headers))
    assert "local versions" in words(make_wheel(tmp_path, version="1+x", headers=headers))
    assert "direct dependency" in words(make_wheel(tmp_path, headers=headers[1:]))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("json", "400 The name 'json' isn't allowed (conflict with Python Standard Library module name). See https://pypi.org/help/#project-name"),
        ("JSON", "400 The name 'JSON' isn't allowed (conflict"),
        ("json-sample", ""),
    ],
)
def test_standard_library_names(tmp_path: Path, name: str, expected: str) -> None:
    """A new project cannot have the name of a module of the standard library."""
    assert words(make_wheel(tmp_path, name), new_project=True).startswith(expected)
    assert (words(make_wheel(tmp_path, name), new_project=True) == "") == (expected == "")


@pytest.mark.parametrize(
    "tag",
    ["any", "manylinux_2_17_x86_64", "manylinux2014_aarch64", "musllinux_1_2_x86_64", "macosx_10_9_universal2", "macosx_26_0_arm64", "win_arm64"],
)
def test_platforms_that_pypi_takes(tmp_path: Path, tag: str) -> None:
    """Every kind of platform that PyPI takes is taken."""
    assert words(make_wheel(tmp_path, tag=f"py3-none-{tag}")) == ""


@pytest.mark.parametrize("tag", ["linux_x86_64", "macosx_12_3_arm64", "macosx_27_0_arm64", "manylinux_2_17_sparc", "plan9_x86_64"])
def test_platforms_that_pypi_does_not_take(tmp_path: Path, tag: str) -> None:
    """Platforms without a published definition are refused."""
    assert f"unsupported platform tag '{tag}'." in words(make_wheel(tmp_path, tag=f"py3-none-{tag}"))


def test_archives_that_are_none(tmp_path: Path) -> None:
    """A truncated, empty or swapped archive is refused as one."""
    wheel, sdist = make_wheel(tmp_path), make_sdist(tmp_path)
    wheel_bytes, sdist_bytes = wheel.read_bytes(), sdist.read_bytes()

    wheel.write_bytes(sdist_bytes)
    assert words(wheel) == "400 Invalid distribution file. File is not a zipfile"
    sdist.write_bytes(wheel_bytes)
    assert words(sdist) == "400 Invalid distribution file. File is not a tarfile"
    sdist.write_bytes(sdist_bytes[: len(sdist_bytes) // 2])
    assert words(sdist).startswith("400 Invalid distribution file. ")
    wheel.write_bytes(b"")
    assert words(wheel) == "400 Invalid distribution file. File is not a zipfile"


def test_sdist_with_two_top_folders(tmp_path: Path) -> None:
    """An sdist has one folder at its top."""
    path, info = make_sdist(tmp_path), tmp_path / "PKG-INFO"
    info.write_text(metadata("sample-project", "1.0"))
    with tarfile.open(tmp_path / "more.tar.gz", "w:gz") as more:
        more.add(info, "sample_project-1.0/PKG-INFO")
        more.add(info, "other/file")
    (tmp_path / "more.tar.gz").replace(path)

    assert words(path) == "400 Invalid distribution file. Incorrect number of top-level directories in sdist"


def test_wheel_compressed_in_another_way(tmp_path: Path) -> None:
    """Only stored and deflated members are taken."""
    path = make_wheel(tmp_path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_LZMA) as wheel:
        wheel.writestr("more.py", "x = 1")

    assert words(path) == "400 Invalid distribution file. File does not use a supported compression type"
