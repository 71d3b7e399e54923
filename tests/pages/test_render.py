"""What a page publishes is found as the site's own pipeline publishes it, each fence with its source line."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import markdown
import pytest
from minisite import MiniSite

from pypi_runbook.errors import RunbookError
from pypi_runbook.pages.config import configure
from pypi_runbook.pages.render import render_guide
from pypi_runbook.pages.snippet import Page, Snippet, TabSet, dump_pages, load_pages, paths


@pytest.fixture(name="site")
def _site(tmp_path: Path) -> MiniSite:
    return MiniSite(tmp_path)


def source_line(page: Page, snippet: Snippet) -> str:
    """Return the line that the snippet says it begins on."""
    return page.source.read_text().split("\n")[snippet.line - 1].strip()


FORMS = """

# Forms

```bash title="a.sh" exit="1"
echo plain # {n}
```

```{.bash .annotate}
echo attribute list
```

~~~ bash
echo tildes
~~~

````bash
echo four ticks
````

=== "First"

    ```bash
    echo in a tab
    ```

=== "Second"

    ```bash
    echo in another tab
    ```

    === "Inner"

        ```bash
        echo in a nested tab
        ```

!!! note

    ```bash
    echo in a note
    ```

??? note "Folded"

    ```bash
    echo folded
    ```

1. A list

    ```bash
    echo in a list
    ```

> ```bash
> echo in a quote
> ```

```bash hl_lines="1" linenums="3" timeout="7"
echo with lines
```
"""


def test_every_published_form_is_found_with_its_line(site: MiniSite) -> None:
    """Titles, attribute lists, tildes, tabs, notes, lists and quotes: each fence is a snippet, and its line is an opening fence."""
    page = site.render(FORMS)
    texts = [snippet.text for snippet in page.snippets]
    assert len(texts) == 12
    assert texts[0] == "echo plain # {n}"
    assert [snippet.number for snippet in page.snippets] == list(range(1, 13))
    for snippet in page.snippets:
        assert re.search(r"(```|~~~)", source_line(page, snippet))
        following = page.source.read_text().split("\n")[snippet.line].strip("> ")
        assert following == snippet.text
    assert page.snippets[0].options == {"exit": "1"}
    assert page.snippets[0].title == "a.sh"
    assert page.snippets[6].tabs == ("Second", "Inner")


def test_what_is_not_published_is_no_snippet(site: MiniSite) -> None:
    """A fence in an HTML comment, one shown inside another and one in a branch not taken are not published."""
    page = site.render(
        """
        <!--
        ```bash
        echo commented out
        ```
        -->

        ````markdown
        ```bash
        echo shown
        ```
        ````

        {% if false %}
        ```bash
        echo not taken
        ```
        {% endif %}

        ```text
        last
        ```
        """
    )
    assert [(snippet.number, snippet.language) for snippet in page.snippets] == [(1, "markdown"), (2, "text")]
    assert 'data-snippet="2"' in page.html


def test_lines_hold_below_macros_of_many_lines_loops_and_values(site: MiniSite) -> None:
    """A value of several lines, a macro that makes fences, a loop, `set`, `raw` and `include` do not move the lines below them."""
    (site.root / "docs/part.txt").write_text("one\ntwo\n\n```text\nincluded\n```\n")
    page = site.render(
        """
        {{ metadata_excerpt() }}

        {% set lines = "a\\nb\\nc\\nd" %}
        {{ lines }}

        {% include "part.txt" %}

        {% for word in ["x", "y"] %}
        ```bash
        echo {{ word }}
        ```
        {% endfor %}

        {% raw %}
        ```text
        {{ raw }} {# not a comment #}
        ```
        {% endraw %}

        === "Tab"

            {{ "```text\\nmade\\n```" | indent(4) }}

            ```bash
            echo "${#HOME}"
            ```
        """
    )
    places = [(snippet.language, source_line(page, snippet)) for snippet in page.snippets]
    assert places == [
        ("toml", "{{ metadata_excerpt() }}"),
        ("text", '{% include "part.txt" %}'),
        ("bash", "```bash"),
        ("bash", "```bash"),
        ("text", "```text"),
        ("text", '{{ "```text\\nmade\\n```" | indent(4) }}'),
        ("bash", "```bash"),
    ]
    assert [snippet.text for snippet in page.snippets[2:4]] == ["echo x", "echo y"]
    assert page.snippets[2].line == page.snippets[3].line
    assert page.snippets[4].text == "{{ raw }} {# not a comment #}"
    assert page.snippets[6].text == 'echo "${#HOME}"'


def test_lines_hold_without_j2_extensions_in_the_configuration(site: MiniSite) -> None:
    """Older mkdocs-macros refuses that option; the pluglet brings the Jinja extension itself."""
    config = site.root / "mkdocs.yml"
    kept = [line for line in config.read_text().splitlines(keepends=True) if "j2_extensions" not in line]
    assert len(kept) == len(config.read_text().splitlines()) - 1
    config.write_text("".join(kept))
    page = site.render("\n{{ metadata_excerpt() }}\n\n```bash\ntrue\n```\n")
    assert source_line(page, page.snippets[1]) == "```bash"


def test_html_is_that_of_a_build_without_the_recorder(site: MiniSite) -> None:
    """But for its own attribute, the recorder changes nothing of what a page looks like."""
    config = configure(site.guide)
    name = "pypi_runbook.pages.recorder"
    source = FORMS.replace(' exit="1"', "").replace(' timeout="7"', "")
    plain = [extension for extension in config.markdown_extensions if extension != name]
    without = markdown.Markdown(extensions=plain, extension_configs=config.mdx_configs).convert(source)
    recorded = markdown.Markdown(extensions=config.markdown_extensions, extension_configs=config.mdx_configs).convert(source)
    assert "data-snippet" in recorded
    assert re.sub(r' data-(snippet|copy)="[^"]*"', "", recorded) == without


def test_lines_and_numbers_do_not_come_from_the_page_before(site: MiniSite) -> None:
    """Pages are converted one after another; each is counted for itself."""
    for name in ("a.md", "b.md"):
        site.write(name, "\n\n```bash\necho one\n```\n\n```bash\necho two\n```\n")
    found = [[(snippet.number, snippet.line) for snippet in page.snippets] for page in render_guide(site.guide)]
    assert found == [[(1, 6), (2, 10)], [(1, 6), (2, 10)]]


WRONG = [
    ("```\nx\n```", "no language", 5),
    ("```BASH\nx\n```", "`BASH` is no language", 5),
    ("```mermaid\nx\n```", "`mermaid` is no language", 5),
    ('text\n\n```bash skp="x"\nx\n```', "`skp` is no option", 7),
    ("```bash skip\nx\n```", "a skip needs its reason", 5),
    ('```bash skip=""\nx\n```', "a skip needs its reason", 5),
    ('```bash timeout="soon"\nx\n```', "whole number", 5),
    ('```bash exit="256"\nx\n```', "out of range", 5),
    ('```bash input="token:other"\nx\n```', "no token of the twin", 5),
    ('```toml timeout="9"\nx\n```', "is only shown", 5),
    ('```bash hl_lines="some"\nx\n```', "`hl_lines` is written", 5),
    ("```bash exit=1\nx\n```", "published as text", 5),
    ("```bash\nnever closed", "published as text", 5),
    ("text\n\n    indented = 1", "indented code", 7),
    ("<pre>raw</pre>", "raw code", 5),
    ("<pre><code>raw</code></pre>", "raw code", 5),
    ("{{ no_such_macro() }}", "'no_such_macro' is undefined", 5),
    ("text\n{{ project.nothing }}", "nothing", 6),
    ("{% if %}", "cannot be rendered", 5),
    ('{{ workflow_excerpt("nothing") }}', "has no job `nothing`", 5),
    ("{{ you_need() }}", "front matter has no list `needs`", 5),
    (
        '=== "A"\n\n    ```bash\n    x\n    ```\n\n=== "B"\n\n    y\n\ntext\n\n=== "B"\n\n    y\n\n=== "C"\n\n    z\n',
        "share some labels",
        1,
    ),
]


@pytest.mark.parametrize(("text", "words", "line"), WRONG, ids=[words for _, words, _ in WRONG])
def test_wrong_page_ends_with_page_line_and_advice(site: MiniSite, text: str, words: str, line: int) -> None:
    """What is outside the closed lists, not recorded, or undefined is an error that leads to the line."""
    with pytest.raises(RunbookError) as caught:
        site.render(f"\n{text}\n")
    assert words in str(caught.value)
    assert f"docs/index.md:{line}:" in str(caught.value)


def test_errors_of_all_pages_are_told_at_once(site: MiniSite) -> None:
    """An author sees every wrong line, not the first one of the first page."""
    site.write("a.md", "\n```sh\nx\n```\n")
    site.write("b.md", '\n```bash wait="1"\nx\n```\n\n{{ nothing }}\n')
    with pytest.raises(RunbookError) as caught:
        render_guide(site.guide)
    assert "docs/a.md:5:" in str(caught.value)
    assert "docs/b.md" in str(caught.value)
    assert "'nothing' is undefined" in str(caught.value)


def test_pages_survive_the_way_to_another_process(site: MiniSite, tmp_path: Path) -> None:
    """The JSON of pages gives the same pages back, so that workers need not render again."""
    page = site.render(FORMS, needs="[git, python3]", minutes=3)
    dump_pages([page], tmp_path / "pages.json")
    assert load_pages(tmp_path / "pages.json") == [page]


def page_with(*snippets: tuple[str, tuple[str, ...]], alternatives: tuple[TabSet, ...]) -> Page:
    """Return a page with snippets of these languages in these tabs."""
    made = [Snippet("g", "docs/p.md", number, number, language, "x", {}, tabs) for number, (language, tabs) in enumerate(snippets, 1)]
    return Page("g", "docs/p.md", Path("p.md"), {}, made, "", "p", alternatives)


def numbers(page: Page) -> dict[str, list[int]]:
    """Return the snippets of each path, by the path's name."""
    return {path.name: [snippet.number for snippet in path.snippets] for path in paths(page)}


def test_a_page_without_tabs_has_one_path_without_a_name() -> None:
    """Everything is on the one way down."""
    assert numbers(page_with(("bash", ()), ("text", ()), alternatives=())) == {"": [1, 2]}


def test_tabs_are_alternatives_and_linked_by_their_labels() -> None:
    """Choosing uv in one set chooses it in the next; what stands outside is on every path."""
    tabs = TabSet(("uv", "pip"))
    page = page_with(("bash", ()), ("bash", ("uv",)), ("bash", ("pip",)), ("bash", ("uv",)), ("bash", ("pip",)), alternatives=(tabs, tabs))
    assert numbers(page) == {"uv": [1, 2, 4], "pip": [1, 3, 5]}


def test_independent_sets_are_combined_and_inner_ones_only_inside() -> None:
    """Two sets with other labels give each combination; a set inside a tab is a choice for those who took that tab."""
    sets = (TabSet(("A", "B")), TabSet(("x", "y"), inside=("A",)), TabSet(("1", "2")))
    page = page_with(("bash", ("A", "x")), ("bash", ("A", "y")), ("bash", ("B",)), ("bash", ("1",)), ("bash", ("2",)), alternatives=sets)
    assert numbers(page) == {"A / x / 1": [1, 4], "A / x / 2": [1, 5], "A / y / 1": [2, 4], "A / y / 2": [2, 5], "B / 1": [3, 4], "B / 2": [3, 5]}


def test_a_tab_with_nothing_to_run_is_still_a_way_down() -> None:
    """A reader may take it, and does what stands outside."""
    page = page_with(("bash", ("uv",)), ("bash", ()), alternatives=(TabSet(("uv", "by hand")),))
    assert numbers(page) == {"uv": [1, 2], "by hand": [2]}


def test_sets_with_nothing_to_run_make_no_paths() -> None:
    """Two ways to write a file are no reason to run the page twice."""
    page = page_with(("toml", ("A",)), ("ini", ("B",)), ("bash", ()), alternatives=(TabSet(("A", "B")),))
    assert numbers(page) == {"": [1, 2, 3]}


def test_console_blocks_are_copied_without_prompts_and_output(site: MiniSite) -> None:
    """Material copies what an ancestor's `data-copy` says."""
    page = site.render("\n```console\n$ echo 'a < b' &&\n> echo c\na < b\nc\n$ true\n```\n")
    assert 'data-copy="echo &#x27;a &lt; b&#x27; &amp;&amp;\necho c\ntrue"' in page.html


def test_snippet_may_be_replaced_only_as_a_whole(site: MiniSite) -> None:
    """Snippets are values: a changed one is another one."""
    (snippet,) = site.render("\n```bash\ntrue\n```\n").snippets
    assert replace(snippet, text="false") != snippet
