"""The pluglet of mkdocs-macros: registers what pages may use; each macro is a thin call of a function that has its own tests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.pages import excerpts, reference, tables, values
from pypi_runbook.pages.config import PROJECT_KEY, PROJECT_VARIABLE
from pypi_runbook.pages.guides import Guide, guides
from pypi_runbook.pages.linemarks import front_matter_lines, name_page
from pypi_runbook.pages.picture import workflow_picture
from pypi_runbook.pages.practices import practices_table
from pypi_runbook.project import Facts, Workflow, read_project


def define_env(env: Any) -> None:
    """Give pages their variables and macros, and the site its name and addresses."""
    root = Path(env.project_dir).resolve()
    every = guides(root)
    project_root = Path(env.conf["extra"].get(PROJECT_KEY) or os.environ.get(PROJECT_VARIABLE) or root).resolve()
    guide = next((guide for guide in every if guide.project_root == project_root), None)
    if guide is None:
        raise RunbookError("no-such-guide", f"{project_root} is no guide of this site", "mkdocs.yml", next="name it under `extra.guides`")
    own = read_project(root)
    facts = own if guide.own else read_project(project_root)
    found = values.variables(facts) | {"guide": guide_values(guide, every, own)}
    env.variables.update(found)
    for name, macro in Macros(env, facts, found).all().items():
        env.macro(macro, name)
    name_site(env.conf, guide, facts, own)
    tell_theme(env.conf["extra"], found["guide"])


class Macros:
    """The macros of one guide; each public method is one."""

    def __init__(self, env: Any, facts: Facts, found: dict[str, Any]) -> None:
        self._env = env
        self._facts = facts
        self._variables = found
        self._project = found["project"]
        self._repository: values.RepositoryValues = found["repository"]
        self._workflow = found["workflow"]
        self._indexes: dict[str, values.IndexValues] = {key: found[key] for key in ("pypi", "testpypi")}

    def all(self) -> dict[str, Callable[..., str]]:
        """Return every macro by its name in pages."""
        names = [name for name in vars(Macros) if not name.startswith("_") and name != "all"]
        return {name: getattr(self, name) for name in names}

    def you_need(self) -> str:
        """Return the box with what the page needs and how long it takes, from its front matter."""
        return tables.you_need(self._env.page.meta)

    def metadata_excerpt(self, *keys: str) -> str:
        """Return the lines of the project's metadata file that say these fields."""
        return excerpts.metadata(self._facts.root, self._facts.project, self._repository, keys)

    def workflow_excerpt(self, job_id: str | None = None) -> str:
        """Return one job of the publishing workflow, or the whole file."""
        return excerpts.workflow(self._facts.root, self._file(), self._repository, job_id)

    def workflow_picture(self) -> str:
        """Return a drawing of the publishing workflow."""
        return workflow_picture(self._file(), self._repository)

    def triggers_table(self) -> str:
        """Return what starts the publishing workflow, and which jobs run then."""
        return tables.triggers(self._file())

    def jobs_table(self) -> str:
        """Return the jobs of the publishing workflow, with what each waits for and may do."""
        return tables.jobs(self._file(), self._repository)

    def publisher_form(self, index: str, pending: bool = False) -> str:
        """Return the fields of an index's form for a trusted publisher, filled in."""
        if index not in self._indexes:
            raise RunbookError("no-such-index", f"there is no form of `{index}`", next="ask for pypi or testpypi")
        return tables.publisher_form(self._indexes[index], self._repository, self._workflow, self._project, pending=pending)

    def practices_table(self) -> str:
        """Return the practices of good metadata, each with the project's own value."""
        return practices_table(self._facts.project, self._repository)

    def entries(self) -> str:
        """Return the list of troubleshooting entries, below the headings that people look for."""
        return reference.entries(Path(self._env.conf["docs_dir"]), self._env.page.file.src_uri)

    def commands_reference(self) -> str:
        """Return every command with the help that it prints."""
        return reference.commands_reference()

    def macros_reference(self) -> str:
        """Return every macro and variable."""
        return reference.macros_reference(self.all(), self._variables)

    def fences_reference(self) -> str:
        """Return the languages and options that a fence may have."""
        return reference.fences_reference()

    def last_proven(self) -> str:
        """Return the place where a built site says when and on which commit the guide was last proven."""
        return '<p class="last-proven" data-last-proven hidden></p>\n'

    def _file(self) -> Workflow:
        """Return the publishing workflow, or raise what the page cannot show."""
        if not self._workflow:
            str(self._workflow)
        found: Workflow = self._workflow.facts
        return found


def guide_values(guide: Guide, every: list[Guide], own: Facts) -> values.GuideValues:
    """Return what pages know about GUIDE: the other one is the first that it is not."""
    other = next((other for other in every if other is not guide), None)
    address = site_url(own) + other.url_prefix if other else None
    return values.GuideValues(guide.name, guide.own, other.name if other else None, address)


def site_url(own: Facts) -> str:
    """Return where the site is published, from the project's own link to its documentation."""
    urls = {label.lower(): url for label, url in own.project.urls.items()}
    address = urls.get("documentation") or urls.get("homepage") or ""
    return address.rstrip("/") + "/" if address else ""


def name_site(conf: Any, guide: Guide, facts: Facts, own: Facts) -> None:
    """Set the names and addresses of GUIDE's site; pages are edited where they lie, which is the own repository."""
    conf["site_name"] = f"Publishing {guide.name}"
    conf["site_description"] = f"How {guide.name} is published, with every command run before it was shown"
    conf["site_url"] = site_url(own) + guide.url_prefix or conf["site_url"]
    pages = own.repository
    if facts.repository.url:
        conf["repo_url"] = facts.repository.url
        conf["repo_name"] = f"{facts.repository.owner}/{facts.repository.name}"
    if pages.url:
        docs = Path(conf["docs_dir"]).relative_to(guide.root).as_posix()
        conf["edit_uri"] = f"{pages.url}/edit/{pages.default_branch or 'HEAD'}/{docs}/"


def tell_theme(extra: dict[str, Any], guide: values.GuideValues) -> None:
    """Tell the templates of docs/_theme which guide this is and where the other one stands."""
    other = {"name": guide.other_name, "url": guide.other_url} if guide.other_name and guide.other_url else None
    extra.update(runbook_name=guide.name, runbook_own=guide.is_own, runbook_other=other)


def on_pre_page_macros(env: Any) -> None:
    """Tell the Jinja extension how many lines stand above the page's text."""
    env.env.front_matter_lines = front_matter_lines(env.page.file.content_string, env.markdown)


def on_post_page_macros(env: Any) -> None:
    """Write the page's name into its text, for the recorder."""
    source = env.page.file.content_string.rstrip()
    docs = Path(env.conf["docs_dir"]).relative_to(env.project_dir)
    env.markdown = name_page(env.markdown, (docs / env.page.file.src_uri).as_posix(), source.count("\n") + 1)
