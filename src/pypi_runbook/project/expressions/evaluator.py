"""Working out a tree; what only a run can tell stays UNKNOWN as far as it matters."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from pypi_runbook.project.expressions.errors import MOST_CHARACTERS, ExpressionError, too_large
from pypi_runbook.project.expressions.functions import BUILT_IN
from pypi_runbook.project.expressions.tree import Call, Compare, Constant, Index, Logical, Name, Node, Not, Star, written
from pypi_runbook.project.expressions.values import (
    UNKNOWN,
    Filtered,
    Open,
    Unknown,
    Value,
    as_number,
    as_text,
    equal,
    find,
    greater,
    primitive,
    truthy,
)

Truth = bool | Unknown
Functions = Mapping[str, Callable[..., Value]]


class Evaluator:
    """Works out trees with one set of contexts and functions; names are known without regard to case."""

    def __init__(self, contexts: Mapping[str, Value], functions: Functions) -> None:
        self.contexts = {name.lower(): value for name, value in contexts.items()}
        self.characters = 0
        self.functions = BUILT_IN | {name.lower(): function for name, function in functions.items()}

    def value(self, node: Node) -> Value:
        """Return what NODE comes to; ExpressionError when a function fails."""
        return self.both(node)[0]

    def truth(self, node: Node) -> Truth:
        """Tell whether NODE counts as true: `unknown && false` does not, though its value is unknown."""
        return self.both(node)[1]

    def both(self, node: Node) -> tuple[Value, Truth]:
        """Return value and truth of NODE, worked out once."""
        if isinstance(node, Logical):
            return self.logical(node)
        if isinstance(node, Not):
            truth = self.truth(node.operand)
            negated: Truth = UNKNOWN if truth is UNKNOWN else not truth
            return negated, negated
        value = self.plain(node)
        return value, UNKNOWN if value is UNKNOWN else truthy(value)

    def plain(self, node: Node) -> Value:
        """Return the value of a node whose truth follows from it."""
        match node:
            case Constant(value=value):
                return value
            case Name(name=name):
                return self.contexts.get(name.lower())
            case Index(of=of, index=index):
                return item(self.value(of), index if isinstance(index, Star) else self.value(index))
            case Compare(operator=operator, left=left, right=right):
                return compare(operator, self.value(left), self.value(right))
            case Call(name=name, arguments=arguments):
                return self.case(arguments) if name.lower() == "case" else self.call(name, arguments)
        return None

    def logical(self, node: Logical) -> tuple[Value, Truth]:
        """Work out `&&` and `||` from left to right, until an operand decides; what stands behind it is not looked at."""
        decisive = node.operator == "||"
        doubt, value = False, None
        for operand in node.operands:
            value, truth = self.guarded(operand) if doubt else self.both(operand)
            if truth is decisive:
                return UNKNOWN if doubt else value, decisive
            doubt = doubt or truth is UNKNOWN
        return (UNKNOWN, UNKNOWN) if doubt else (value, not decisive)

    def guarded(self, node: Node) -> tuple[Value, Truth]:
        """Work out NODE, which a run may not get to: its error is no error yet."""
        try:
            return self.both(node)
        except ExpressionError:
            return UNKNOWN, UNKNOWN

    def call(self, name: str, arguments: tuple[Node, ...]) -> Value:
        """Call a function, unless an argument is known to a run only; ExpressionError when the texts grow beyond GitHub's limit."""
        values = [self.value(argument) for argument in arguments]
        result = UNKNOWN if UNKNOWN in values else self.functions[name.lower()](*values)
        self.characters += len(result) if isinstance(result, str) else 0
        if self.characters > MOST_CHARACTERS:
            raise too_large(written(Call(name, arguments)))
        return result

    def case(self, arguments: tuple[Node, ...]) -> Value:
        """Return the argument after the first predicate that is true, or the last one; only that one is worked out."""
        for predicate, result in zip(arguments[:-1:2], arguments[1::2], strict=True):
            value = self.value(predicate)
            if value is UNKNOWN:
                return UNKNOWN
            if not isinstance(value, bool):
                raise ExpressionError("case predicate must evaluate to a boolean value")
            if value:
                return self.value(result)
        return self.value(arguments[-1])


def compare(operator: str, left: Value, right: Value) -> Truth:
    """Return what a comparison comes to; `<=` and `>=` also hold for two that are equal."""
    if operator in ("==", "!="):
        same = equal(left, right)
        return same if same is UNKNOWN else same is (operator == "==")
    more = greater(left, right) if operator[0] == ">" else greater(right, left)
    return equal(left, right) if more is False and operator.endswith("=") else more


def item(of: Value, index: Value | Star) -> Value:
    """Return what stands at INDEX in OF: null where there is nothing, and for a Star every entry, to which later indexes apply."""
    if of is UNKNOWN or index is UNKNOWN or (isinstance(index, Star) and isinstance(of, Open)):
        return UNKNOWN
    if isinstance(of, Filtered):
        return UNKNOWN if UNKNOWN in of else filtered(of, index)
    if isinstance(index, Star):
        return Filtered(entries(of))
    return next(iter(at(of, index)), None)


def filtered(items: Filtered, index: Value | Star) -> Value:
    """Apply INDEX to each of ITEMS that is an array or an object, and leave out where nothing stands there."""
    if any(isinstance(each, Open) for each in items):
        return UNKNOWN
    return Filtered(value for each in items for value in (entries(each) if isinstance(index, Star) else at(each, index)))


def entries(of: Value) -> list[Value]:
    """Return all that an array or an object holds."""
    return of if isinstance(of, list) else list(of.values()) if isinstance(of, dict) else []


def at(of: Value, index: Value) -> list[Value]:
    """Return what stands at INDEX of an array or an object, as a list of one or of none; an Open's gaps are UNKNOWN."""
    if isinstance(of, dict) and primitive(index):
        found = list(find(of, as_text(index)))[:1]
        return found or ([UNKNOWN] if isinstance(of, Open) else [])
    number = as_number(index)
    if isinstance(of, list) and math.isfinite(number) and 0 <= number < len(of):
        return [of[math.floor(number)]]
    return []
