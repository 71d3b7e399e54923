"""Projects that are hostile to a rehearsal: real publishing workflows with small changes in what only a rehearsal reads, and bombs.

`hostile_rehearsals(seed, count)` yields COUNT cases as `hostile.hostile_projects` does; BOMBS are those that no chance would make.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from hostile import CHANGES, Case
from hostile_specials import write

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


def expression(chance: random.Random, atoms: list[str], depth: int = 0) -> str:
    """Return an expression of ATOMS, mostly one that GitHub can read."""
    kind = chance.random()
    if depth > 3 or kind < 0.3:
        return chance.choice(atoms)
    if kind < 0.6:
        name = chance.choice(list(FUNCTIONS))
        return f"{name}({', '.join(expression(chance, atoms, depth + 1) for _ in range(FUNCTIONS[name]))})"
    inner = [expression(chance, atoms, depth + 1) for _ in range(2)]
    if kind < 0.8:
        return chance.choice((" && ", " || ", " == ", " != ", " < ", " >= ")).join(inner)
    return chance.choice(("!{0}", "({0})", "({0})[{1}]", "({0}).a", "({0}).*", "-{0}")).format(*inner)


def ask_otherwise(text: bytes, chance: random.Random) -> bytes:
    """Put another expression in the place of one that is there; it may fail only when it is worked out."""
    places = list(EXPRESSION.finditer(text))
    if not places:
        return text
    place = chance.choice(places)
    return text[: place.start()] + expression(chance, EVERYWHERE).encode() + text[place.end() :]


def put_in(text: bytes, chance: random.Random) -> bytes:
    """Put one of LINES before a line with a key, at its indentation."""
    line = chance.choice(lines())
    places = list(KEYS.finditer(text))
    if not places:
        return line.encode() + b"\n" + text
    place = chance.choice(places)
    return text[: place.start()] + place[1] + line.encode() + b"\n" + text[place.start() :]


@cache
def lines() -> list[str]:
    """Return LINES with their expressions quoted where braces mean something else."""
    return [UNQUOTED.sub(r'"\g<0>"', line) if re.search(r": [\[{]", line) else line for line in LINES]


def say_otherwise(text: bytes, chance: random.Random) -> bytes:
    """Give a key that is there what one of LINES, or an expression, gives it."""
    # A block below the key would make most of them no YAML at all.
    places = [place for place in KEYS.finditer(text) if place[3].strip(b" |>")]
    if not places:
        return text
    place = chance.choice(places)
    known = [line.partition(": ")[2] for line in lines() if line.encode().startswith(place[2])]
    value = chance.choice(known or [""]) if known and chance.random() < 0.6 else "${{ " + expression(chance, EVERYWHERE + SOMEWHERE) + " }}"
    return text[: place.start(3)] + b" " + value.encode() + text[place.end(3) :]


def hostile_rehearsals(seed: int, count: int) -> Iterator[Case]:
    """Yield COUNT projects with a publishing workflow or two; the same SEED gives the same ones, whatever COUNT is."""
    for number in range(count):
        chance = random.Random(f"{seed}/{number}")  # noqa: S311 - the same cases again, no secrets
        yield Case(f"{seed}-{number}", maker(changed(chance), changed(chance, CALLED) if chance.random() < 0.1 else CALLED))


def maker(one: bytes, other: bytes) -> Callable[[Path], None]:
    """Return what writes a project with the workflow ONE and, where there is one, OTHER."""
    files = {"pyproject.toml": METADATA, PUBLISH: one, ".github/workflows/other.yml": other}
    return lambda folder: write(folder, files)


def changed(chance: random.Random, text: bytes = b"") -> bytes:
    """Return TEXT, or some workflow, with one to three changes, most of them where the rehearsal looks."""
    text = text or chance.choice((RICH, RICH, RICH, chance.choice(specimens())))
    for _ in range(chance.choice((1, 1, 1, 1, 2, 3))):
        text = chance.choice((put_in, put_in, *[say_otherwise] * 3, *[ask_otherwise] * 4, chance.choice(CHANGES)))(text, chance)
    return text


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
