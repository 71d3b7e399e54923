"""Projects that are hostile to a rehearsal: real publishing workflows with small changes in what only a rehearsal reads, and bombs.

`hostile_rehearsals` is a Hypothesis strategy; BOMBS are named cases that it would hardly come to.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from hostile import CHANGES, Files
from hostile_specials import write
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
METADATA = b'[project]\nname = "small"\nversion = "1.0.0"\nurls = {Repository = "https://github.com/octo/thing"}\n'
PUBLISH = ".github/workflows/publish.yml"
ON = "on: {release: {types: [published]}, push: {tags: ['*']}, workflow_dispatch: {inputs: {a: {type: string, default: x}}}}\n"
STEPS = "    runs-on: ubuntu-latest\n    steps: [{uses: pypa/gh-action-pypi-publish@v1}]\n"
HEAD = f"{ON}jobs:\n  a:\n"
WORKFLOWS = sorted({*(ROOT / "tests" / "projects").glob("*/.github/workflows/*.y*ml"), ROOT / ".github/workflows/publish-pypi.yml"})
HERE = Path(__file__).parent
# Lines of a job, of a step or of the whole file that a mutation puts in, at the indentation of a line that is there.
LINES = [line.replace("\\n", "\n") for line in (HERE / "hostile_lines.txt").read_text().splitlines()[1:]]
RICH = (HERE / "everything.yml").read_bytes()
EVERYWHERE = ["true", "1e308", "0xff", "'x'", "'{0}{'", "'[1]'", "null", "NaN", "github", "github.event.*", "github['ref']", "inputs.a", "vars"]
SOMEWHERE = ["needs", "matrix.a", "secrets", "strategy", "env", "steps.*.outputs", "success()", "always()", "hashFiles('**')", "nothing(1)"]
FUNCTIONS = {"format": 2, "join": 1, "toJSON": 1, "fromJSON": 1, "contains": 2, "startsWith": 2, "endsWith": 2, "case": 3}
EXPRESSION = re.compile(rb"(?<=\$\{\{ ).*?(?= \}\})")
KEYS = re.compile(rb"^( *)([\w-]+:)(.*)$", re.MULTILINE)
UNQUOTED = re.compile(r"(?<!['\"])\$\{\{[^\"]*?\}\}(?!['\"])")
CALLED = (
    b"on:\n  workflow_call:\n    inputs:\n      a:\n        type: string\njobs:\n  a:\n    runs-on: x\n    steps:\n    - run: echo ${{ inputs.a }}\n"
)


def expressions(atoms: list[str]) -> st.SearchStrategy[str]:
    """Give expressions of ATOMS, mostly such that GitHub can read."""
    return st.recursive(st.sampled_from(atoms), larger, max_leaves=6)


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Give expressions made from INNER ones: a function's call, two with an operator between, or one with something around it."""
    calls = [st.builds("{}({})".format, st.just(name), st.tuples(*[inner] * count).map(", ".join)) for name, count in FUNCTIONS.items()]
    operators = st.sampled_from((" && ", " || ", " == ", " != ", " < ", " >= "))
    around = st.sampled_from(("!{0}", "({0})", "({0})[{1}]", "({0}).a", "({0}).*", "-{0}"))
    return st.one_of(
        st.one_of(calls),
        st.builds("{}{}{}".format, inner, operators, inner),
        st.builds(str.format, around, inner, inner),
    )


ANYWHERE = expressions(EVERYWHERE)
ANYTHING = expressions(EVERYWHERE + SOMEWHERE)


def ask_otherwise(draw: st.DrawFn, text: bytes) -> bytes:
    """Put another expression in the place of one that is there; it may fail only when it is worked out."""
    places = list(EXPRESSION.finditer(text))
    if not places:
        return text
    place = draw(st.sampled_from(places))
    return text[: place.start()] + draw(ANYWHERE).encode() + text[place.end() :]


def put_in(draw: st.DrawFn, text: bytes) -> bytes:
    """Put one of LINES before a line with a key, at its indentation."""
    line = draw(st.sampled_from(lines()))
    places = list(KEYS.finditer(text))
    if not places:
        return line.encode() + b"\n" + text
    place = draw(st.sampled_from(places))
    return text[: place.start()] + place[1] + line.encode() + b"\n" + text[place.start() :]


@cache
def lines() -> list[str]:
    """Return LINES with their expressions quoted where braces mean something else."""
    return [UNQUOTED.sub(r'"\g<0>"', line) if re.search(r": [\[{]", line) else line for line in LINES]


def say_otherwise(draw: st.DrawFn, text: bytes) -> bytes:
    """Give a key that is there what one of LINES, or an expression, gives it."""
    # A block below the key would make most of them no YAML at all.
    places = [place for place in KEYS.finditer(text) if place[3].strip(b" |>")]
    if not places:
        return text
    place = draw(st.sampled_from(places))
    known = [line.partition(": ")[2] for line in lines() if line.encode().startswith(place[2])]
    asked = ANYTHING.map(lambda expression: "${{ " + expression + " }}")
    value = draw(st.sampled_from(known) | asked if known else asked)
    return text[: place.start(3)] + b" " + value.encode() + text[place.end(3) :]


USUAL = (put_in, put_in, *[say_otherwise] * 3, *[ask_otherwise] * 4)


@st.composite
def changed(draw: st.DrawFn, text: bytes) -> bytes:
    """Draw TEXT with one to three changes, most of them where the rehearsal looks."""
    for _ in range(draw(st.sampled_from((1, 1, 1, 1, 2, 3)))):
        text = draw(st.sampled_from((*USUAL, draw(st.sampled_from(CHANGES)))))(draw, text)
    return text


@st.composite
def hostile_rehearsals(draw: st.DrawFn) -> Files:
    """Draw a project with a publishing workflow and one that it may call."""
    one = draw(changed(draw(st.sampled_from((RICH, RICH, RICH, draw(st.sampled_from(specimens())))))))
    other = draw(changed(CALLED)) if draw(st.integers(0, 9)) == 9 else CALLED
    return {"pyproject.toml": METADATA, PUBLISH: one, ".github/workflows/other.yml": other}


@cache
def specimens() -> list[bytes]:
    """Return real workflows, without what makes them long."""
    return [*(path.read_bytes() for path in WORKFLOWS if path.stat().st_size < 6_000), (HEAD + STEPS).encode()]


def job(*lines: str) -> str:
    """Return a workflow with one job that has LINES too."""
    return HEAD + "".join(f"    {line}\n" for line in lines) + STEPS


def nested(levels: int, text: str) -> str:
    """Return an expression in LEVELS of `format`, each ten times as long as what is in it."""
    return f"format('{'{0}' * 10}', {nested(levels - 1, text)})" if levels else text


def calls(levels: int, width: int) -> dict[str, str]:
    """Return workflows that call each other, each WIDTH times, LEVELS deep."""
    last = {f".github/workflows/w{levels}.yml": "on: workflow_call\njobs:\n  a:\n" + STEPS}
    called = {
        f".github/workflows/w{n}.yml": "on: workflow_call\njobs:\n"
        + "".join(f"  j{m}: {{if: {'true' if m < 2 else 'false'}, uses: ./.github/workflows/w{n + 1}.yml}}\n" for m in range(width))
        for n in range(levels)
    }
    return called | last | {PUBLISH: f"{ON}jobs:\n  p:\n{STEPS}  a: {{uses: ./.github/workflows/w0.yml}}\n"}


BOMB = "${{ " + nested(6, "'12345'") + " }}"
LARGE = "${{ " + nested(5, "'12345'") + " }}"
INNER = "on: {workflow_call: {inputs: {x: {type: string, default: '" + LARGE.replace("'", "''") + "'}}}}\njobs:\n  a:\n"
WORKFLOW_BOMBS: dict[str, str] = {
    "matrix-wide": job("strategy: {matrix: {" + ", ".join(f"k{n}: [1, 2]" for n in range(300)) + "}}"),
    "matrix-include-bomb": job(
        "strategy: {matrix: {a: [1, 2], include: \"${{ fromJSON(format('[{0}1]', "
        + nested(5, "'{},{},'").replace("'{},{},'", "'{b:1},'")
        + ')) }}"}}'
    ),
    "matrix-empty-includes": job("strategy: {matrix: {a: [1, 2], include: \"${{ fromJSON(format('[{0}null]', " + nested(5, "'[],'") + ')) }}"}}'),
    "matrix-of-bombs": job("strategy: {matrix: {a: [" + f'"{LARGE}", ' * 300 + "]}}"),
    "matrix-deep": job(f"strategy: {{matrix: {{a: \"${{{{ fromJSON('{'[' * 5_000}{']' * 5_000}') }}}}\"}}}}"),
    "format": job(f'name: "{BOMB}"', f'environment: "{BOMB}"', f"if: {nested(6, chr(39) + 'x' + chr(39))}"),
    "format-name": job(f'name: "{LARGE * 300}"'),
    "format-concurrency": f'concurrency: "{LARGE * 300}"\n{HEAD}{STEPS}',
    "format-again": HEAD + '    uses: ./.github/workflows/inner.yml\n    with: {x: "' + LARGE + '"}\n',
    "format-runs-on": HEAD + f'    runs-on: ["{LARGE}"' + f', "{LARGE}"' * 300 + "]\n    steps: [{run: x}]\n",
    "condition-deep": job("if: " + "(" * 9_000 + "true" + ")" * 9_000),
    "condition-nots": job("if: ${{ " + "!" * 20_000 + "true }}"),
    "condition-indexes": job("if: github" + ".a" * 9_000),
    "condition-stars": job("if: github" + ".*" * 40),
    "tags-slow": HEAD.replace("['*']", f"['{'*0' * 60}x']") + STEPS,
    "paths-slow": HEAD.replace("tags: ['*']", f"branches: [main], paths: ['{'**a' * 40}x']") + STEPS,
    "paths-slow-2": HEAD.replace("tags: ['*']", f"branches: [main], paths: ['{'a+' * 60}x', '{'**/' * 200}x', '{'a?' * 200}{'a' * 200}']") + STEPS,
    "tags-class": HEAD.replace("['*']", "['[" + "]" * 3_000 + "', '" + "[a-" * 3_000 + "']") + STEPS,
    "merge": "x: &x {name: y}\n" + HEAD + "    <<: *x\n" + STEPS,
    "surrogates": job('name: "\\ud800"', 'env: {A: "\\udfff", "\\ud83d": x}'),
    "keys": f"{ON}jobs:\n  null: {{runs-on: x, steps: [{{run: x}}]}}\n  true: {{runs-on: x, steps: [{{run: x}}]}}\n",
}


def several(files: dict[str, str]) -> Callable[[Path], None]:
    """Return what writes a project of FILES."""
    return lambda folder: write(folder, {"pyproject.toml": METADATA, **{name: text.encode() for name, text in files.items()}})


def itself(lines: str, count: int) -> str:
    """Return a workflow with COUNT jobs that call it."""
    return (
        ON.replace("}}}}", "}}}, workflow_call: }")
        + f"jobs:\n  p:\n{STEPS}"
        + "".join(f"  a{n}: {{{lines}uses: ./.github/workflows/publish.yml}}\n" for n in range(count))
    )


BOMBS: dict[str, Callable[[Path], None]] = {
    **{
        name: several({PUBLISH: text, ".github/workflows/inner.yml": INNER + '    name: "' + "${{ inputs.x }}" * 2_000 + '"\n' + STEPS})
        for name, text in WORKFLOW_BOMBS.items()
    },
    "calls-itself": several({PUBLISH: itself("", 1)}),
    "calls-itself-never": several({PUBLISH: itself("if: false, ", 5)}),
    "calls-narrow": several(calls(7, 1)),
    "calls-double": several(calls(7, 2)),
    "calls-wide": several(calls(6, 8)),
    "calls-too-deep": several(calls(12, 3)),
    "calls-in-matrix": several(
        {name: text.replace("if: true,", "strategy: {matrix: {a: [1, 2, 3, 4, 5, 6, 7, 8, 9]}},") for name, text in calls(7, 1).items()}
    ),
}
