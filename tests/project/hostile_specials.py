"""The hostile projects that no chance would make: pipes, devices, loops of links, bombs, and values in values without end."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

WORKFLOW = ".github/workflows/x.yml"
# Python's engine needs longer than anybody lives to find that it does not match.
PATTERN = """
[project]
name = "x"
dynamic = ["version"]
[build-system]
build-backend = "hatchling.build"
[tool.hatch.version]
path = "v"
pattern = "(a+)+$(?P<version>x)"
"""


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Write FILES below FOLDER."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text)


def file(name: str, text: str | bytes) -> Callable[[Path], None]:
    """Return what writes one file, and a workflow that is in order beside it."""
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return lambda folder: write(folder, {WORKFLOW: b"on: push\njobs: {a: {steps: [{run: bash x.sh && make a && python x.py}]}}\n"} | {name: raw})


def workflow(text: str) -> Callable[[Path], None]:
    """Return what writes one workflow."""
    return file(WORKFLOW, text)


def step(run: str) -> Callable[[Path], None]:
    """Return what writes a workflow with one step that runs RUN."""
    lines = "\n".join(f"          {line}" for line in run.splitlines())
    return workflow(f"on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n{lines}\n")


def link(name: str, target: str) -> Callable[[Path], None]:
    """Return what makes NAME a link to TARGET."""

    def make(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)

    return make


def pipe(name: str) -> Callable[[Path], None]:
    """Return what makes NAME a named pipe, which nobody ever writes to."""

    def make(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(folder / name)

    return make


def folder_called(name: str) -> Callable[[Path], None]:
    """Return what makes NAME a folder where a file belongs."""
    return lambda folder: (folder / name).mkdir(parents=True)


LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
JOB = "on: push\njobs:\n  a:\n    runs-on: x\n"
SPECIALS: dict[str, Callable[[Path], None]] = {
    **{f"pipe-{number}": pipe(name) for number, name in enumerate((WORKFLOW, "pyproject.toml", "setup.cfg", ".git", "x.sh", ".github"))},
    **{f"device-{number}": link(name, "/dev/zero") for number, name in enumerate((WORKFLOW, "pyproject.toml", "setup.cfg", "a/pyproject.toml"))},
    **{
        f"loop-{number}": link(name, Path(name).name)
        for number, name in enumerate((WORKFLOW, "pyproject.toml", "src", ".github", ".git", "a/setup.py"))
    },
    **{f"folder-{number}": folder_called(name) for number, name in enumerate((WORKFLOW, "pyproject.toml", "setup.cfg", "setup.py"))},
    "link-to-root": link("up", ".."),
    "link-out": link("pyproject.toml", "/etc/passwd"),
    "workflows-is-a-file": lambda folder: write(folder, {".github/workflows": b""}),
    "git-is-a-file": file(".git", "gitdir: .git"),
    "name-of-bytes": lambda folder: write(folder, {".github/workflows/\udcff\x1b[31m.yml": b"on: push\njobs: {a: {}}\n"}),
    "name-of-a-broken-file": lambda folder: write(folder, {".github/workflows/\x1b]0;x.yml": b"on: [\n"}),
    "long-names": step("bash " + "x" * 5000 + "\n. ./" + "y/" * 3000 + "\npython \x01"),
    "bomb-yaml": workflow(JOB + "    env: {A: " + "x" * 10_000_000 + "}\n"),
    "bomb-toml": file("pyproject.toml", "a = [\n" + '"x",\n' * 1_600_000 + "]\n"),
    "bomb-cfg": file("setup.cfg", "[metadata]\nname = x\n" + " y\n" * 3_000_000),
    "bomb-script": file("x.sh", "'" + "twine upload\n" * 800_000),
    "bomb-python": file("x.py", "x(" * 3_000_000),
    "wide-yaml": workflow("on: push\njobs:\n" + "".join(f"  j{number}: {{steps: [{{run: echo}}]}}\n" for number in range(400))),
    "wide-toml": file("pyproject.toml", "[project]\nname = 'x'\nkeywords = [\n" + '"x",\n' * 20_000 + "]\n"),
    "wide-script": file("x.sh", "'\n" + "twine upload ${A:-\n" * 20_000),
    "wide-expressions": step("echo '" + "${{ " * 20_000 + "'"),
    "wide-heredocs": file("x.sh", "cat <<E\n" * 40_000),
    "wide-makefile": file("Makefile", "".join(f"t{number}: t{number + 1}\n\tmake t{number}\n" for number in range(3000)) + "a: t0\n"),
    "wide-matrix": workflow(
        JOB + "    strategy: {matrix: {" + ", ".join(f"k{n}: [1,2,3,4,5,6,7,8,9]" for n in range(12)) + "}}\n    environment: ${{ matrix.k1 }}\n"
    ),
    "wide-env": workflow(
        JOB
        + "    env:\n"
        + "".join(f"      A{n}: ${{{{ env.A{n + 1} }}}}${{{{ env.A{n + 1} }}}}\n" for n in range(60))
        + "    environment: ${{ env.A0 }}\n"
    ),
    "wide-shell-env": step("\n".join(f"A{n + 1}=$A{n}$A{n}" for n in range(80)) + "\ntwine upload -r $A80"),
    "deep-flow": workflow(JOB + "    env: " + "[" * 4000 + "]" * 4000 + "\n"),
    "deep-block": workflow("- " * 20_000),
    "deep-keys": workflow("? " * 5000),
    "deep-toml": file("pyproject.toml", "a = " + "[" * 5000 + "]" * 5000),
    "deep-toml-keys": file("pyproject.toml", ".".join(["a"] * 5000) + " = 1"),
    "deep-python": file("x.py", "x = " + "(" * 150 + ")" * 150 + "\ny = " + "-" * 50_000 + "1\nz = a" + ".b" * 50_000),
    "deep-json": file("package.json", "[" * 50_000),
    "deep-expression": workflow(JOB + "    environment: ${{ " + "(" * 3000 + "1" + ")" * 3000 + " }}\n    if: " + "!" * 5000 + "true\n"),
    "wide-expression": workflow(JOB + "    environment: ${{ " + " || ".join(["github.ref"] * 5000) + " }}\n"),
    "laughs": workflow(LAUGHS + JOB + "    env: {A: *a11}\n"),
    "laughs-in-needs": workflow(LAUGHS + JOB + "    needs: *a11\n    strategy: {matrix: {x: *a11}}\n"),
    "anchor-in-itself": workflow("on: push\njobs: &j\n  a: *j\n"),
    "anchor-in-itself-2": workflow("on: &o {push: *o}\njobs: {a: &a {env: *a, steps: [*a], with: *a}}\n"),
    "merge-with-itself": workflow("on: push\njobs: {a: &a {<<: *a}}\n"),
    "merge-of-a-list": workflow("on: push\njobs: {a: {<<: [1, 2]}}\n"),
    "anchor-from-below": workflow(JOB + "    steps: *s\nz: &s [{run: x}]\n"),
    "anchored-steps": workflow("x: {y: {z: &s [{run: twine upload}]}}\n" + JOB + "    steps: *s\n  b: {steps: *s}\n"),
    "keys-of-all-kinds": workflow("on: push\njobs: {1: {}, 1.5: {}, true: {}, null: {}, [a]: {}, {b: c}: {}, 2024-01-01: {}}\n"),
    "names-of-all-kinds": workflow(
        "name: [x]\non: {1: {2: 3}, null: {inputs: {3: [4]}}}\njobs: {a: {name: {x: y}, needs: {a: b}, uses: 3, if: [x], environment: [a]}}\n"
    ),
    "tagged": workflow("on: !!set {push}\njobs: !!omap [a: {steps: !!python/tuple [!x {run: !!binary dHdpbmU=}]}]\n"),
    "surrogate": workflow('on: push\njobs: {"\\ud800": {name: "\\udfff \\u001b[31m", steps: [{run: "twine \\ud800"}]}}\n'),
    "calls-itself": workflow("on: workflow_call\njobs: {a: {uses: ./.github/workflows/x.yml}, b: {uses: ./.github/workflows/x.yml}}\n"),
    "duplicate-keys": workflow("on: push\non: push\njobs: {a: {}, a: {}}\n"),
    "many-duplicates": workflow("on: push\n" * 3_000),
    "slow-pattern": file("pyproject.toml", PATTERN),
    "slow-pattern-2": lambda folder: write(folder, {"pyproject.toml": PATTERN.encode(), "v": b"a" * 5000 + b"!"}),
    "values-elsewhere": file(
        "pyproject.toml",
        '[project]\nname="x"\ndynamic=["version"]\n[tool.setuptools.dynamic]\nversion={file=["/etc/passwd","../../etc/passwd","\\u0000"]}\n',
    ),
    "cargo-loop": file("pyproject.toml", '[build-system]\nbuild-backend="maturin"\n[tool.maturin]\nmanifest-path="../../../Cargo.toml"\n'),
    "scripts-that-call-scripts": lambda folder: write(
        folder,
        {
            "x.sh": b"".join(b"A=%d bash x.sh\n" % n for n in range(30)) + b"A=$A$A bash x.sh\n",
            WORKFLOW: (JOB + "    steps: [{run: A=1 bash x.sh}]\n").encode(),
        },
    ),
}
