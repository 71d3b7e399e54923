"""What pages may use: variables and macros say what the real files say, and complain about what nobody can know."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from minisite import PROJECT, ROOT, MiniSite

from pypi_runbook.errors import RunbookError
from pypi_runbook.pages import excerpts, practices, reference, roles, tables, values
from pypi_runbook.pages.picture import workflow_picture
from pypi_runbook.project import Facts, Workflow, read_project
from pypi_runbook.project.routes import routes, warnings

OWN = read_project(ROOT)
AI_OPS = read_project(PROJECT)


def workflow_of(facts: Facts) -> Workflow:
    """Return the workflow that publishes, which these projects have."""
    found = roles.publishing_workflow(facts)
    assert found
    return found


def workflow_from(folder: Path, text: str) -> Workflow:
    """Return the workflow that TEXT is, read from a real file."""
    file = folder / ".github/workflows/release.yml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    shutil.copy(PROJECT / "pyproject.toml", folder)
    (workflow,) = read_project(folder).workflows
    return workflow


# Variables


def test_addresses_of_the_indexes_are_those_of_this_project() -> None:
    """Each form and page on an index is linked with the project's normalized name."""
    found = values.variables(AI_OPS)
    assert found["pypi"].publishing_url == "https://pypi.org/manage/project/nautobot-ai-ops/settings/publishing/"
    assert found["pypi"].upload_url == "https://upload.pypi.org/legacy/"
    assert found["testpypi"].upload_url == "https://test.pypi.org/legacy/"
    assert found["testpypi"].pending_url == "https://test.pypi.org/manage/account/publishing/"
    assert found["testpypi"].environment == "testpypi"


def test_file_names_are_those_that_a_build_makes() -> None:
    """Dashes of the name become underscores, as in the names of real distributions."""
    project = values.variables(AI_OPS)["project"]
    assert project.sdist == "nautobot_ai_ops-1.0.0.tar.gz"
    assert project.wheel == "nautobot_ai_ops-1.0.0-py3-none-any.whl"
    assert project.import_name == "ai_ops"


def test_commands_are_local_where_the_project_has_the_scripts() -> None:
    """This repository's pages call its scripts, another project's pages the tool."""
    assert values.variables(OWN)["commands"].build == "scripts/build"
    assert values.variables(AI_OPS)["commands"].build == "pypi-runbook build"
    assert values.variables(AI_OPS)["commands"].twin == "pypi-runbook twin"


def test_missing_value_is_false_in_a_condition_and_an_error_where_it_is_shown() -> None:
    """A page may ask whether there is a workflow; it cannot show the name of one that is not there."""
    nothing = values.variables(replace(AI_OPS, workflows=[]))
    assert not nothing["workflow"]
    with pytest.raises(RunbookError, match=r"no file in .github/workflows/ publishes to an index"):
        str(nothing["workflow"].pypi.environment)


def test_a_page_that_asks_for_a_missing_workflow_says_its_line(tmp_path: Path) -> None:
    """An adopter without a workflow learns which page needs it, and what to do."""
    site = MiniSite(tmp_path, ROOT / "tests/projects/tiny")
    with pytest.raises(RunbookError) as caught:
        site.render("\nFine: {{ project.version }}\n\n{{ jobs_table() }}\n")
    assert "docs/index.md:7: `workflow` cannot be known" in str(caught.value)


# Roles


def test_jobs_are_found_by_what_they_do(tmp_path: Path) -> None:
    """Names say nothing: the job that builds, those that upload, and the one that comes afterwards are found by their steps."""
    workflow = workflow_from(
        tmp_path,
        """
on: {release: {types: [published]}, workflow_dispatch: {inputs: {really: {description: To the trial index, type: boolean}}}}
jobs:
  zeta: {runs-on: x, steps: [{run: "true"}]}
  alpha: {runs-on: x, needs: zeta, steps: [{run: "python -m build"}]}
  beta: {runs-on: x, needs: alpha, steps: [{run: twine upload dist/*}]}
  gamma: {runs-on: x, needs: [alpha], if: inputs.really, steps: [{run: twine upload --repository testpypi dist/*}]}
  delta: {runs-on: x, needs: beta, steps: [{run: "true"}]}
""",
    )
    assert {role: job.id for role, job in roles.find(workflow).items()} == {"build": "alpha", "pypi": "beta", "testpypi": "gamma", "notes": "delta"}
    assert roles.testpypi_label(workflow) == "To the trial index"


# Tables


def test_triggers_name_the_jobs_that_each_starts() -> None:
    """The seed's promise holds for the real file: a release publishes to PyPI, a dispatch only builds, with the input it tests."""
    rows = [row.strip("| ").split(" | ") for row in tables.triggers(routes(AI_OPS, workflow_of(AI_OPS))).splitlines()[2:]]
    found = {row[1].replace("*", ""): (row[2], row[3]) for row in rows}
    names = {role: job.name for role, job in roles.find(workflow_of(AI_OPS)).items()}
    label = roles.testpypi_label(workflow_of(AI_OPS))
    assert found == {
        "A GitHub release is published": (f"{names['build']}, {names['pypi']}, {names['notes']}", "PyPI"),
        f"Someone selects Run workflow, with {label} clear": (names["build"], "nothing"),
        f"Someone selects Run workflow, with {label} ticked": (f"{names['build']}, {names['testpypi']}", "TestPyPI"),
    }


def test_dispatch_on_a_tag_that_publishes_to_pypi_is_told() -> None:
    """The drifted workflow publishes on a tag push, and to both indexes by hand on a tag; the table says so, whatever its guide said."""
    drifted = read_project(ROOT / "tests/projects/nautobot-ai-ops-drifted")
    rows = [row.strip("| ").split(" | ") for row in tables.triggers(routes(drifted, workflow_of(drifted))).splitlines()[2:]]
    assert [row[3] for row in rows if row[0] == "`push`"] == ["PyPI"]
    assert {row[1].rpartition(", ")[2]: row[3] for row in rows if "ticked" in row[1]} == {"on a branch": "TestPyPI", "on a tag": "PyPI, TestPyPI"}


def test_routes_that_are_not_safe_are_told_in_a_box() -> None:
    """The page shows a box for each warning, with the line; a project without any shows nothing."""
    drifted = read_project(ROOT / "tests/projects/nautobot-ai-ops-drifted")
    assert tables.warnings_box(warnings(AI_OPS)) == ""
    box = tables.warnings_box(warnings(drifted))
    assert box.count("!!! warning") == len(warnings(drifted)) > 3
    assert "a tag like &#42;.&#42;.&#42; is pushed" in box
    assert "`.github/workflows/publish-pypi.yml`, line 8." in box


def test_jobs_table_links_to_the_lines() -> None:
    """Each job leads to its lines on the branch that releases come from."""
    workflow = workflow_of(OWN)
    text = tables.jobs(workflow, values.RepositoryValues(OWN.repository))
    for job in workflow.jobs:
        assert f"/blob/main/{workflow.file}#L{job.line}-L{job.end_line})" in text


def test_only_the_pending_form_asks_for_the_name() -> None:
    """The form in a project's settings knows its project; the one in the account does not."""
    found = values.variables(AI_OPS)
    arguments = (found["repository"], found["workflow"], found["project"])
    pending, existing = (tables.publisher_form(found["testpypi"], *arguments, pending=pending) for pending in (True, False))
    assert "| PyPI Project Name | `nautobot-ai-ops` |" in pending
    assert "PyPI Project Name" not in existing
    for row in ("| Owner | `kvncampos` |", "| Workflow name | `publish-pypi.yml` |", "| Environment name | `testpypi` |"):
        assert row in existing


def test_cells_cannot_break_a_table() -> None:
    """A pipe or a newline in a value stays in its cell."""
    assert tables.table(["A", "B"], [["x|y", "1\n2"], ["", "z"]]).splitlines()[2:] == ["| x\\|y | 1 2 |", "| &ndash; | z |"]


def test_every_practice_of_the_seed_has_a_row_with_this_projects_value() -> None:
    """Seven practices, each judged by the real file; what is met is marked so."""
    text = practices.practices_table(AI_OPS.project, values.RepositoryValues(AI_OPS.repository))
    rows = text.splitlines()[2:]
    assert [row.split("**")[1] for row in rows] == list(practices.PRACTICES)
    for wanted in ("`nautobot-ai-ops`", "`README.md`", "`Apache-2.0`, an SPDX expression", "`1.0.0`: major, minor and patch"):
        assert wanted in text
    assert not [row for row in rows if practices.LACKING in row]


@pytest.mark.parametrize(
    ("change", "practice", "words"),
    [
        ({"keywords": []}, "Keywords", "has none"),
        ({"classifiers": ["Topic :: Utilities"]}, "Classifiers", "lacks the Python versions; lacks the development status"),
        ({"readme": None}, "README", "stays empty"),
        ({"license": "Apache 2"}, "License", "is no SPDX expression"),
        ({"version": "1"}, "Version management", "three numbers"),
        ({"urls": {}}, "Comprehensive metadata", "lacks the link Homepage, the link Repository, the link Documentation"),
        ({"name": "My_Pkg"}, "Clear package name", "PyPI lists it as `my-pkg`"),
    ],
)
def test_a_practice_that_is_not_met_is_told(change: dict[str, object], practice: str, words: str) -> None:
    """A table that praises whatever it finds would be worth nothing."""
    _, _, judge = practices.PRACTICES[practice]
    good, told = judge(replace(AI_OPS.project, **change))  # type: ignore[arg-type]
    assert not good
    assert words in told


# Excerpts


def test_excerpt_is_cut_from_the_file_and_linked_to_its_lines() -> None:
    """Each line of the excerpt is a line of the file; the links name the very lines."""
    text = excerpts.metadata(OWN.root, OWN.project, values.RepositoryValues(OWN.repository), ("name", "version", "classifiers"))
    lines = (OWN.root / "pyproject.toml").read_text().splitlines()
    body = text.split("\n```")[0].splitlines()[1:]
    assert body[0] == "[project]"
    assert all(line in lines for line in body if line)
    first, last = OWN.project.spans["classifiers"]
    assert f"#L{first}-L{last})" in text
    assert f"#L{OWN.project.lines['name']}-L{OWN.project.lines['version']})" in text


def test_excerpt_of_a_field_that_is_not_there_says_which_are() -> None:
    """An author who asks for too much learns what there is."""
    with pytest.raises(RunbookError, match="does not say gui-scripts"):
        excerpts.metadata(OWN.root, OWN.project, values.RepositoryValues(OWN.repository), ("gui_scripts",))


def test_workflow_excerpt_keeps_github_expressions() -> None:
    """What Jinja would take for its own stands in the page as in the file."""
    text = excerpts.workflow(OWN.root, workflow_of(OWN), values.RepositoryValues(OWN.repository), None)
    assert "${{" in text
    assert (OWN.root / workflow_of(OWN).file).read_text().rstrip("\n") in text


# Picture


def test_picture_has_every_job_and_an_arrow_for_each_wait() -> None:
    """Names, environments and waits of the real file; an arrow that another implies is not drawn."""
    workflow = workflow_of(OWN)
    svg = workflow_picture(workflow, values.RepositoryValues(OWN.repository))
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", svg))
    for job in workflow.jobs:
        assert job.name in text
        assert not job.environment or f"environment {job.environment}" in text
    assert svg.count('class="line"') == 5
    assert svg.count("<a href=") == len(workflow.jobs)


def test_picture_takes_its_colours_from_the_page() -> None:
    """A colour of its own could not be read in the other scheme."""
    svg = workflow_picture(workflow_of(AI_OPS), values.RepositoryValues(AI_OPS.repository))
    assert not re.search(r"#[0-9a-fA-F]{3,6}\b", re.sub(r'href="[^"]*"|url\([^)]*\)', "", svg))
    assert "viewBox" in svg
    assert "<title" in svg


def test_picture_escapes_names(tmp_path: Path) -> None:
    """A job may be called anything."""
    text = 'on: push\njobs:\n  a:\n    name: Build <b> & "ship"\n    runs-on: x\n    steps: [{run: twine upload dist/*}]\n'
    svg = workflow_picture(workflow_from(tmp_path, text), values.RepositoryValues(AI_OPS.repository))
    assert "Build &lt;b&gt; &amp; &quot;ship&quot;" in svg


# Reference


def test_macros_reference_lists_each_macro_and_each_variable(tmp_path: Path) -> None:
    """The list is made from what is registered, so nothing a page may use is missing from it."""
    page = MiniSite(tmp_path).render("\n{{ macros_reference() }}\n")
    for name in ("you_need()", "metadata_excerpt(*keys)", "publisher_form(index, pending=False)", "project.version", "commands.build"):
        assert f"<code>{name}</code>" in page.html
    assert "<code>nautobot_ai_ops-1.0.0.tar.gz</code>" in page.html


def test_entries_stand_below_their_heading_the_seeds_first(tmp_path: Path) -> None:
    """The three headings keep their anchors, whether they have entries or not."""
    site = MiniSite(tmp_path)
    site.write("troubleshooting/b.md", "\nB\n", title="Bee", heading="publishing-failures", description="Stings")
    site.write("troubleshooting/c.md", "\nC\n", title="Cee", heading="publishing-failures", seed="true")
    text = reference.entries(site.root / "docs", "troubleshooting/index.md")
    assert re.findall(r"\{ #([\w-]+) \}", text) == ["build-failures", "publishing-failures", "package-not-found-after-publishing"]
    assert text.index("[Cee](c.md)") < text.index("[Bee](b.md)")
    assert "| Stings |" in text


def test_an_entry_below_no_heading_is_an_error(tmp_path: Path) -> None:
    """A misspelt heading would hide the entry."""
    site = MiniSite(tmp_path)
    site.write("troubleshooting/b.md", "\nB\n", heading="publishing-failure")
    with pytest.raises(RunbookError, match=r"troubleshooting/b.md:1: .*is none of"):
        reference.entries(site.root / "docs", "troubleshooting/index.md")


def test_you_need_lists_what_path_holds_and_the_minutes() -> None:
    """The box and the sessions read the same front matter."""
    text = tables.you_need({"needs": ["git", "oddtool"], "minutes": 15})
    assert "[Git]" in text
    assert "`oddtool` on your `PATH`" in text
    assert "about 15 minutes" in text


def test_site_is_named_and_addressed_from_the_projects_files(tmp_path: Path) -> None:
    """Names in mkdocs.yml would be typed values."""
    page = MiniSite(tmp_path).render("\n[here]({{ page.canonical_url }}) {{ config.site_name }} {{ guide.is_own }}\n")
    url = AI_OPS.project.urls["Documentation"].rstrip("/")
    assert f'href="{url}/index.html"' in page.html
    assert "{{" not in page.html
