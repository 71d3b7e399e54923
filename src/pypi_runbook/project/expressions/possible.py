"""Every value that a tree can come to, where a run decides some of it: `known && 'a' || 'b'` is one value, `unknown && 'a' || 'b'` two."""

from __future__ import annotations

import itertools
from enum import Enum
from typing import Final, Literal

from pypi_runbook.project.expressions.arities import STATUS
from pypi_runbook.project.expressions.evaluator import Evaluator
from pypi_runbook.project.expressions.tree import Call, Compare, Constant, Logical, Node, Not
from pypi_runbook.project.expressions.values import UNKNOWN, Value, truthy

MOST = 256
YES_OR_NO = ("contains", "startswith", "endswith", *STATUS)


class _Falsy(Enum):
    FALSY = "FALSY"


FALSY: Final = _Falsy.FALSY
"""What only a run can tell, but that it does not count as true."""
Outcome = Value | Literal[_Falsy.FALSY]


def outcomes(node: Node, evaluator: Evaluator) -> list[Outcome]:
    """Return every value that NODE can come to, each once; UNKNOWN and FALSY stand for those that nobody can list."""
    value, truth = evaluator.both(node)
    if value is not UNKNOWN:
        return [value]
    if isinstance(node, Not | Compare) or (isinstance(node, Call) and node.name.lower() in YES_OR_NO):
        return [True, False]
    if truth is False:
        return [FALSY]
    if isinstance(node, Logical):
        return once(_logical(list(node.operands), node.operator == "||", evaluator))
    if isinstance(node, Call):
        case = node.name.lower() == "case"
        return once(_case(list(node.arguments), evaluator) if case else _call(node, evaluator))
    return [UNKNOWN]


def _logical(operands: list[Node], decisive: bool, evaluator: Evaluator) -> list[Outcome]:
    """Return what OPERANDS can come to: each outcome that decides, and what follows where one does not."""
    first, rest = outcomes(operands[0], evaluator), operands[1:]
    if not rest:
        return first
    after = _logical(rest, decisive, evaluator)
    found: list[Outcome] = []
    for outcome in first:
        if outcome is UNKNOWN:
            # As the value of `||` it counts as true and stays unknown; as that of `&&` it does not.
            found += [UNKNOWN if decisive else FALSY, *after]
        else:
            found += [outcome] if (outcome is not FALSY and truthy(outcome)) is decisive else after
    return found


def _case(arguments: list[Node], evaluator: Evaluator) -> list[Outcome]:
    if len(arguments) == 1:
        return outcomes(arguments[0], evaluator)
    predicate, result, *rest = arguments
    answers = outcomes(predicate, evaluator)
    taken = outcomes(result, evaluator) if True in answers or UNKNOWN in answers else []
    return taken + (_case(rest, evaluator) if False in answers or UNKNOWN in answers else [])


def _call(node: Call, evaluator: Evaluator) -> list[Outcome]:
    """Return what a function gives for every combination of what its arguments can be."""
    choices = [outcomes(argument, evaluator) for argument in node.arguments]
    combinations = list(itertools.islice(itertools.product(*choices), MOST + 1))
    if len(combinations) > MOST or not combinations or any(UNKNOWN in each or FALSY in each for each in combinations):
        return [UNKNOWN]
    constants = (tuple(Constant(value) for value in each if value is not FALSY) for each in combinations)
    return [evaluator.value(Call(node.name, arguments)) for arguments in constants]


def once(found: list[Outcome]) -> list[Outcome]:
    """Return FOUND without repetitions; 1, true and '1' are three values."""
    return [value for index, value in enumerate(found) if not any(type(value) is type(other) and value == other for other in found[:index])]
