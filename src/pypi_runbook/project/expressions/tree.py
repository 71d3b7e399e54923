"""The tree that an expression is read into, and the text that a tree stands for."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from pypi_runbook.project.expressions.errors import DEEPEST, too_deep
from pypi_runbook.project.expressions.values import Value, as_text


@dataclass(frozen=True)
class Node:
    """One node; `depth` counts its levels as GitHub limits them: groups add none, and `a && b && c` is one level."""

    depth: int = field(default=1, kw_only=True, compare=False)


@dataclass(frozen=True)
class Constant(Node):
    """A literal."""

    value: Value


@dataclass(frozen=True)
class Name(Node):
    """A context."""

    name: str


@dataclass(frozen=True)
class Star(Node):
    """`*` in the place of an index."""


@dataclass(frozen=True)
class Index(Node):
    """`of[index]`, `of.name` or `of.*`."""

    of: Node
    index: Node


@dataclass(frozen=True)
class Call(Node):
    """A function with its arguments."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Not(Node):
    """`!operand`."""

    operand: Node


@dataclass(frozen=True)
class Compare(Node):
    """Two operands and `==`, `!=`, `<`, `<=`, `>` or `>=` between them."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Logical(Node):
    """Operands with `&&` or with `||` between them."""

    operator: str
    operands: tuple[Node, ...]


def above(*nodes: Node) -> int:
    """Return the depth of a node above NODES; ExpressionError beyond GitHub's limit."""
    depth = max((node.depth for node in nodes), default=0) + 1
    if depth > DEEPEST:
        raise too_deep()
    return depth


def logical(operator: str, left: Node, right: Node) -> Logical:
    """Return `left operator right`, joined with an operand of the same operator."""
    operands = [part for node in (left, right) for part in (node.operands if isinstance(node, Logical) and node.operator == operator else (node,))]
    return Logical(operator, tuple(operands), depth=above(*operands))


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes right below NODE."""
    match node:
        case Index(of=of, index=index):
            return of, index
        case Call(arguments=arguments):
            return arguments
        case Not(operand=operand):
            return (operand,)
        case Compare(left=left, right=right):
            return left, right
        case Logical(operands=operands):
            return operands
    return ()


def written(node: Node) -> str:
    """Return an expression that reads as NODE; grouped more than a person would."""
    match node:
        case Constant(value=value):
            return _literal(value)
        case Name(name=name):
            return name
        case Index(of=of, index=Star()):
            return f"{written(of)}.*"
        case Index(of=of, index=index):
            return f"{written(of)}[{written(index)}]"
        case Call(name=name, arguments=arguments):
            return f"{name}({', '.join(map(written, arguments))})"
        case Not(operand=operand):
            return f"!{written(operand)}"
        case Compare(operator=operator, left=left, right=right):
            return f"({written(left)} {operator} {written(right)})"
        case Logical(operator=operator, operands=operands):
            return "(" + f" {operator} ".join(map(written, operands)) + ")"
    return "*"


def _literal(value: Value) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    return "null" if value is None else as_text(value)
