"""What starts a workflow, with which inputs, on which commit, and what the run is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small import commit, project

from pypi_runbook.errors import RunbookError
from pypi_runbook.project import read_project
from pypi_runbook.project.refs import matches
from pypi_runbook.rehearsal.choosing import starts
from pypi_runbook.rehearsal.definition import WorkflowDefinition
from pypi_runbook.rehearsal.filters import reason_against
from pypi_runbook.rehearsal.inputs import called_inputs, read_inputs
from pypi_runbook.rehearsal.source import Source, changed_paths, choose_ref, take

WORKFLOW = "on: push\njobs: {a: {runs-on: x, steps: [{run: x}]}}\n"
# The cases are those of GitHub's documentation of filter patterns.
PATTERNS = [
    ("feature/*", "feature/my-branch", True),
    ("feature/*", "feature/beta-a/my-branch", False),
    ("feature/**", "feature/beta-a/my-branch", True),
    ("*", "main", True),
    ("*", "all/the/branches", False),
    ("**", "all/the/branches", True),
    ("*feature", "mona-feature", True),
    ("v2*", "v2.0", True),
    ("v[12].[0-9]+.[0-9]+", "v1.10.1", True),
    ("v[12].[0-9]+.[0-9]+", "v3.0.0", False),
    ("[0-9]+.[0-9]+.[0-9]+", "1.2.0", True),
    ("[0-9]+.[0-9]+.[0-9]+", "1.2.0rc1", False),
    ("**.js", "js/index.js", True),
    ("*.js", "js/index.js", False),
    ("*.jsx?", "page.js", True),
    ("*.jsx?", "page.jsx", True),
    ("docs/*", "docs/file.txt", True),
    ("docs/**/*.md", "docs/mona/hello-world.md", True),
    ("docs/**/*.md", "docs/README.md", True),
    ("**/docs/**", "dir/docs/my-file.txt", True),
    ("**/docs/**", "docs/hello.md", True),
    ("**/*src/**", "a/src/app.js", True),
    ("**/migrate-*.sql", "db/sept/migrate-v1.sql", True),
    ("v1.0", "v1x0", False),
    ("\\*", "*", True),
    ("[z-a]", "b", False),
]


@pytest.mark.parametrize(("pattern", "name", "wanted"), PATTERNS)
def test_patterns_match_as_github_documents(pattern: str, name: str, wanted: bool) -> None:
    """Each pattern of a filter takes exactly the names that GitHub's takes."""
    assert matches([pattern], name) is wanted


def test_the_order_of_patterns_counts() -> None:
    """A pattern with `!` takes out what one before it took in, and one behind it takes it in again."""
    assert not matches(["releases/**", "!releases/**-alpha"], "releases/beta/3-alpha")
    assert matches(["releases/**", "!releases/**-alpha", "releases/1-alpha"], "releases/1-alpha")


@pytest.mark.parametrize(
    ("filters", "event", "ref", "words"),
    [
        ({}, "push", "refs/heads/main", ""),
        ({"tags": ["v*"]}, "push", "refs/tags/v1", ""),
        ({"tags": "v*"}, "push", "refs/tags/1.0", "no pattern of `tags` matches the tag 1.0: v*"),
        ({"tags": ["v*"]}, "push", "refs/heads/main", "only tags start it, and main is a branch"),
        ({"branches": ["main"]}, "push", "refs/tags/1.0", "only branches start it, and 1.0 is a tag"),
        ({"branches": ["main"], "tags": ["*"]}, "push", "refs/tags/1.0", ""),
        ({"tags-ignore": ["*rc*"]}, "push", "refs/tags/1rc1", "`tags-ignore` matches the tag 1rc1"),
        ({"paths": ["src/**"]}, "push", "refs/heads/main", "the commit changes nothing that `paths` names: src/**"),
        ({"paths": ["src/**"]}, "push", "refs/tags/1.0", ""),
        ({"paths-ignore": ["docs/**"]}, "push", "refs/heads/main", "`paths-ignore` names everything that the commit changes"),
        ({"types": ["created"]}, "release", "refs/tags/1", "the activity is published, and `types` names created"),
    ],
)
def test_filters_decide_whether_a_workflow_starts(filters: dict[str, Any], event: str, ref: str, words: str) -> None:
    """`types`, `branches`, `tags` and `paths` let an event through or say why not."""
    action = "published" if event == "release" else ""
    assert reason_against(filters, event, action=action, ref=ref, changed=["docs/a.md"]) == words


def workflow(**triggers: dict[str, Any]) -> WorkflowDefinition:
    """Return a workflow without jobs that TRIGGERS start."""
    return WorkflowDefinition("w.yml", "w", triggers, [], lines=dict.fromkeys(triggers, 3))


def test_one_release_can_start_a_workflow_more_than_once() -> None:
    """Without `types` a published release starts it three times, and once more where the new tag's push does too."""
    ways = starts(workflow(release={}, push={"tags": ["*"]}), "release", "refs/tags/1rc1", [], prerelease=True)
    assert ways == [("release", "published"), ("release", "prereleased"), ("release", "created"), ("push", "")]
    only = workflow(release={"types": ["published"]}, push={"branches": ["main"]})
    assert starts(only, "release", "refs/tags/1", [], prerelease=False) == [("release", "published")]


def test_an_event_that_does_not_start_it_leads_to_the_page() -> None:
    """An event that `on:` lacks, or whose filters hold it back, ends with the line and the page about it."""
    with pytest.raises(RunbookError) as lacking:
        starts(workflow(push={}), "release", "refs/tags/1", [], prerelease=False)
    with pytest.raises(RunbookError) as held:
        starts(workflow(release={"types": ["released"]}), "release", "refs/tags/1rc1", [], prerelease=True)
    for error, status in ((lacking.value, 2), (held.value, 1)):
        assert (error.file, error.line, error.status) == ("w.yml", 3, status)
        assert error.page == "troubleshooting/workflow-does-not-start.md"


DECLARED = {
    "flag": {"type": "boolean"},
    "count": {"type": "number", "default": 2},
    "place": {"type": "choice", "options": ["a", "b"]},
    "text": {"required": True},
    "free": None,
}


def test_inputs_have_their_types() -> None:
    """What a person types becomes a boolean, a number, a choice or a text; what they leave out is the default."""
    assert read_inputs(DECLARED, {"text": "x"}, "w", 1) == {"flag": False, "count": 2, "place": "a", "text": "x", "free": ""}
    assert read_inputs(DECLARED, {"text": "1", "flag": "true", "count": "1.5", "place": "b"}, "w", 1) == {
        "flag": True,
        "count": 1.5,
        "place": "b",
        "text": "1",
        "free": "",
    }


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Required input 'text' not provided"),
        ({"text": "x", "other": "1"}, 'Unexpected inputs provided: ["other"]'),
        ({"text": "x", "place": "c"}, "Provided value 'c' for input 'place' not in the list of allowed values"),
        ({"text": "x", "flag": "yes"}, "Provided value 'yes' for input 'flag' is not a boolean"),
        ({"text": "x", "count": "many"}, "Provided value 'many' for input 'count' is not a number"),
    ],
)
def test_inputs_that_github_would_not_take_are_refused(given: dict[str, str], words: str) -> None:
    """Missing, unknown and mistyped inputs end with its words, at the line of the event."""
    with pytest.raises(RunbookError) as caught:
        read_inputs(DECLARED, given, "w", 7)
    assert (caught.value.message, caught.value.line, caught.value.status) == (words, 7, 2)


def test_inputs_of_a_called_workflow_are_checked() -> None:
    """A called workflow takes its declared inputs with their types only."""
    declared = {"flag": {"type": "boolean", "required": True}, "text": {"type": "string", "default": "d"}}
    assert called_inputs(declared, {"flag": True}) == {"flag": True, "text": "d"}
    for given, words in (
        ({"flag": "yes"}, "Unexpected value 'yes'"),
        ({}, "Input flag is required, but not provided while calling."),
        ({"flag": True, "x": 1}, "Invalid input, x is not defined in the referenced workflow."),
    ):
        with pytest.raises(ValueError, match=words):
            called_inputs(declared, given)


def taken(root: Path, folder: Path, event: str, ref: str | None = None, *, working_tree: bool = False, on_tags: bool = False) -> Source:
    """Return the clone of the project in ROOT for EVENT."""
    folder.mkdir()
    facts = read_project(root)
    source = take(facts, folder, working_tree=working_tree)
    choose_ref(source, facts, event, ref, on_tags=on_tags, working_tree=working_tree)
    return source


def test_each_event_has_the_ref_that_it_would_have(tmp_path: Path) -> None:
    """A release is of the version's tag, a push of the tag where the workflow wants tags, a start by hand of the default branch."""
    root = project(tmp_path / "p", WORKFLOW)
    tagged = commit(root, "git tag v1.2.0")
    head = commit(root, "echo more > more.txt; git add more.txt; git commit -qm more")
    release, push = taken(root, tmp_path / "a", "release"), taken(root, tmp_path / "b", "push", on_tags=True)
    by_hand, on_branch = taken(root, tmp_path / "c", "workflow_dispatch"), taken(root, tmp_path / "d", "push")
    assert (release.ref, release.commit) == (push.ref, push.commit) == ("refs/tags/v1.2.0", tagged)
    assert (by_hand.ref, by_hand.commit) == (on_branch.ref, on_branch.commit) == ("refs/heads/main", head)
    assert not (release.checkout / "more.txt").exists()
    assert changed_paths(by_hand) == ["more.txt"]


def test_a_release_without_its_tag_makes_it_in_the_clone_only(tmp_path: Path) -> None:
    """A tag that git lacks is made on HEAD, told, and nowhere in the real repository."""
    root = project(tmp_path / "p", WORKFLOW)
    source = taken(root, tmp_path / "a", "release")
    assert source.ref == "refs/tags/1.2.0"
    assert "the tag 1.2.0 is not in git, and was made on HEAD, in the rehearsal's clone only" in source.notes
    assert commit(root, "git tag list-nothing && git tag --list 1.2.0 | wc -l; git tag -d list-nothing >/dev/null")
    assert not (root / ".git/refs/tags/1.2.0").exists()


def test_local_edits_are_rehearsed_on_request_only(tmp_path: Path) -> None:
    """Exactly the commits, with a word about the edits; or the edits as a commit of their own, to which the tag moves."""
    root = project(tmp_path / "p", WORKFLOW)
    commit(root, "git tag 1.2.0")
    (root / "edit.txt").write_text("e")
    without, with_edits = taken(root, tmp_path / "a", "release"), taken(root, tmp_path / "b", "release", working_tree=True)
    assert not (without.checkout / "edit.txt").exists()
    assert "there are local edits that are not rehearsed; --working-tree takes them along" in without.notes
    assert (with_edits.checkout / "edit.txt").exists()
    assert any("the tag 1.2.0 was moved to the local edits" in note for note in with_edits.notes)


@pytest.mark.parametrize("ref", ["no-such-branch", "a..b", "refs/heads/none", "-x"])
def test_a_ref_that_is_none_ends_with_a_message(ref: str, tmp_path: Path) -> None:
    """A branch that git lacks, or a text that is no name for one, is refused by name."""
    root = project(tmp_path / "p", WORKFLOW)
    with pytest.raises(RunbookError) as caught:
        taken(root, tmp_path / "a", "workflow_dispatch", ref)
    assert (caught.value.id, caught.value.status) == ("no-such-ref", 2)


@pytest.mark.parametrize("ref", ["main", "refs/heads/main"])
def test_a_release_of_a_branch_ends_with_a_message(ref: str, tmp_path: Path) -> None:
    """A release is of a tag."""
    root = project(tmp_path / "p", WORKFLOW)
    with pytest.raises(RunbookError) as caught:
        taken(root, tmp_path / "a", "release", ref)
    assert caught.value.message == f"a release is of a tag, and {ref} is none"


def test_a_repository_without_a_commit_ends_with_a_message(tmp_path: Path) -> None:
    """There is nothing to release before the first commit."""
    root = project(tmp_path / "p", WORKFLOW, commits=False)
    with pytest.raises(RunbookError) as caught:
        taken(root, tmp_path / "a", "release")
    assert caught.value.id == "no-commit"
