"""The pluglet of mkdocs-macros: registers what pages may use; each macro is a thin call of a function that has its own tests.

Zensical calls `define_env` once for each page and knows no other hook, and its page knows its path only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.pages import benchmarks, clienttable, excerpts, guidance, linemarks, reference, rehearsed, ruletable, tables, values
from pypi_runbook.pages.picture import workflow_picture
from pypi_runbook.pages.practices import practices_table
from pypi_runbook.project import Facts, Workflow
from pypi_runbook.project.routes import routes, warnings


def define_env(env: Any) -> None:
    """Give pages their variables and macros, and the site its name and addresses."""
    about = guidance.of(env)
    found = values.variables(about.facts) | {"guide": about.values}
    env.variables.update(found)
    for name, macro in Macros(env, about.facts, found).all().items():
        env.macro(macro, name)
    about.name_site(env.conf)
    if page := env.variables.get("page"):
        page.canonical_url = about.address + page.url
        linemarks.CURRENT.set((guidance.page_path(env), 0))


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
        """Return what starts the publishing workflow, which jobs run then, and where they publish."""
        return tables.triggers(routes(self._facts, self._file()))

    def routes_warnings(self) -> str:
        """Return a box for each way to publish that is not safe, such as two that publish one release; nothing where all are."""
        return tables.warnings_box(warnings(self._facts))

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
        return reference.entries(guidance.docs(self._env), guidance.source_of(self._env))

    def rules_table(self) -> str:
        """Return every reason for which PyPI refuses an upload or a token, in its order of checks."""
        return ruletable.rules_table()

    def rules_gap(self) -> str:
        """Return the rules that a file can break while `twine check --strict` finds nothing, as links into their table."""
        return ruletable.gap_list()

    def commands_reference(self) -> str:
        """Return every command with the help that it prints."""
        return reference.commands_reference()

    def macros_reference(self) -> str:
        """Return every macro and variable."""
        return reference.macros_reference(self.all(), self._variables)

    def fences_reference(self) -> str:
        """Return the languages and options that a fence may have."""
        return reference.fences_reference()

    def benchmark_table(self, name: str) -> str:
        """Return what a benchmark found, for example `index` or `testing`, and when it was measured."""
        return benchmarks.benchmark_table(guidance.docs(self._env), name)

    def clients_table(self) -> str:
        """Return what each client of the matrix does and prints, and what is known to be broken."""
        return clienttable.clients_table(Path(self._env.project_dir))

    def last_rehearsal(self) -> str:
        """Return the place where a built site shows the rehearsal that this page's commands ran last: jobs, times, transcript."""
        return f"{rehearsed.PLACE}\n"

    def last_proven(self) -> str:
        """Return the place where a built site says when and on which commit the guide was last proven."""
        return '<p class="last-proven" data-last-proven hidden></p>\n'

    def _file(self) -> Workflow:
        """Return the publishing workflow, or raise what the page cannot show."""
        if not self._workflow:
            str(self._workflow)
        found: Workflow = self._workflow.facts
        return found


def on_pre_page_macros(env: Any) -> None:
    """Tell the Jinja extension which page it is, and how many lines stand above its text."""
    above = linemarks.front_matter_lines(env.page.file.content_string, env.markdown)
    linemarks.CURRENT.set((guidance.page_path(env), above))
    # mkdocs-macros before 1.5 knows no `j2_extensions`, and an adopter may have forgotten it.
    if linemarks.LineMarks.identifier not in env.env.extensions:
        env.env.add_extension(linemarks.LineMarks)


def on_post_page_macros(env: Any) -> None:
    """Mark the last line, which ends without a newline."""
    lines = env.page.file.content_string.rstrip().count("\n") + 1
    env.markdown = linemarks.mark_last(env.markdown, lines)
