"""What a Python file looks like it runs or assigns; parsed, never imported."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from functools import lru_cache

from pypi_runbook.project.shell import Command, shell_commands


def parse(source: str) -> ast.Module | None:
    """Return SOURCE's syntax tree; None for what is not Python, or nested more deeply than the parser can follow."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a project's invalid escapes are no concern of whoever reads it
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@lru_cache(maxsize=64)
def python_commands(source: str) -> tuple[Command, ...]:
    """Return what SOURCE looks like it runs: lists and calls that begin with words, and strings given to calls."""
    tree = parse(source)
    return tuple(commands_below(tree)) if tree else ()


def commands_below(tree: ast.AST) -> Iterator[Command]:
    """Yield the commands in TREE, with the literal variables that a call's `env` gives them."""
    given: dict[int, dict[str, str]] = {}
    for node in ast.walk(tree):
        env, line = given.get(id(node), {}), getattr(node, "lineno", 1) - 1
        if isinstance(node, ast.List | ast.Tuple):
            yield Command([word_of(item) for item in node.elts], env, line)
        elif isinstance(node, ast.Call):
            env = literal_env(node)
            given.update((id(item), env) for item in node.args)
            yield Command([word_of(item) for item in node.args], env, line)
            for item in node.args:
                if isinstance(item, ast.Constant) and isinstance(item.value, str) and " " in item.value:
                    yield from (Command(found.words, env | found.env, line) for found in shell_commands(item.value))


def literal_env(call: ast.Call) -> dict[str, str]:
    """Return the literal variables in CALL's keyword `env`."""
    value = next((keyword.value for keyword in call.keywords if keyword.arg == "env"), None)
    tables = [node for node in ast.walk(value) if isinstance(node, ast.Dict)] if value else []
    pairs = [pair for table in tables for pair in zip(table.keys, table.values, strict=True)]
    return {str(key.value): word_of(item) for key, item in pairs if isinstance(key, ast.Constant)}


def word_of(node: ast.expr) -> str:
    """Return a literal string; `python` for any name of the interpreter; `?` for what only a run can tell."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return "python" if re.search(r"(executable|python)$", name, re.IGNORECASE) else "?"


def functions(source: str) -> Iterator[ast.FunctionDef]:
    """Yield the functions at SOURCE's top level, for task runners whose tasks are functions."""
    tree = parse(source)
    yield from (node for node in (tree.body if tree else []) if isinstance(node, ast.FunctionDef))


def assigned(source: str, name: str) -> ast.expr | None:
    """Return what SOURCE assigns to NAME first, at its top level; None when it does not."""
    tree = parse(source)
    for node in tree.body if tree else []:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        value = getattr(node, "value", None)
        if value and any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return value  # type: ignore[no-any-return]
    return None


def only_calls_setup(source: str) -> bool:
    """Tell whether the setup.py SOURCE does nothing but call `setup()` without arguments."""
    tree = parse(source)
    statements = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)] if tree else []
    calls = [node.value for node in statements if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)]
    plain = [ast.dump(call.func) for call in calls if isinstance(call, ast.Call) and not call.args and not call.keywords]
    texts = sum(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in statements)
    return len(plain) == 1 and "'setup'" in plain[0] and len(statements) == 1 + texts
