"""Texts with `${{ }}` in them: where the expressions stand, and what the text becomes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from pypi_runbook.project.expressions.arities import STATUS
from pypi_runbook.project.expressions.errors import ExpressionError, Size
from pypi_runbook.project.expressions.evaluator import Evaluator, Functions, Truth
from pypi_runbook.project.expressions.parser import parse
from pypi_runbook.project.expressions.tree import Call, Compare, Constant, Index, Logical, Name, Node, Not, Star, children
from pypi_runbook.project.expressions.values import UNKNOWN, Unknown, Value, as_text, trim

OPEN, CLOSE = "${{", "}}"


@dataclass(frozen=True)
class Expression:
    """One expression of a text, without its braces, and where it begins there (from 0)."""

    text: str
    start: int

    def tree(self, contexts: Collection[str] | None = None, functions: Collection[str] | None = None) -> Node:
        """Return its tree; an error's column counts in the text that it stands in."""
        try:
            node = parse(self.text, contexts, functions)
        except ExpressionError as error:
            raise ExpressionError(error.message, error.column + self.start) from None
        if node is None:
            raise ExpressionError("An expression was expected", self.start + 1)
        return node


def is_expression(text: str) -> bool:
    """Tell whether TEXT holds something for GitHub to work out."""
    return OPEN in text


def pieces(text: str) -> list[str | Expression]:
    """Return TEXT cut into what stands as it is and expressions; ExpressionError for one that does not end."""
    found: list[str | Expression] = []
    position = 0
    while (start := text.find(OPEN, position)) >= 0:
        end = _end(text, start + len(OPEN))
        inner = text[start + len(OPEN) : end]
        found += [text[position:start], _trimmed(inner, start + len(OPEN))]
        position = end + len(CLOSE)
    return [piece for piece in [*found, text[position:]] if piece != ""]


def _trimmed(text: str, start: int) -> Expression:
    """Return the expression TEXT, which stands at START, without the white space around it."""
    inner = trim(text)
    return Expression(inner, start + (text.find(inner) if inner else 0))


def _end(text: str, position: int) -> int:
    """Return where the expression that begins at POSITION ends: at braces outside a string."""
    quoted = False
    for index in range(position, len(text) - 1):
        quoted ^= text[index] == "'"
        if not quoted and text.startswith(CLOSE, index):
            return index
    raise ExpressionError(
        "The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not found.", position - 2
    )


def evaluate(text: str, contexts: Mapping[str, Value], functions: Functions | None = None) -> Value:
    """Return what the expression TEXT (without `${{ }}`) comes to, null for a blank one; ExpressionError in GitHub's words."""
    functions = functions or {}
    node = parse(text, contexts.keys(), functions.keys())
    return None if node is None else Evaluator(contexts, functions).value(node)


def interpolate(text: str, contexts: Mapping[str, Value], functions: Functions | None = None) -> Value:
    """Return TEXT with each `${{ }}` replaced; a text that is one whole expression gives its value itself.

    UNKNOWN when some expression is; ExpressionError, with its column in TEXT, for one that GitHub would refuse.
    """
    functions, found = functions or {}, pieces(text)
    trees = [piece if isinstance(piece, str) else piece.tree(contexts.keys(), functions.keys()) for piece in found]
    evaluator = Evaluator(contexts, functions)
    values: list[Value] = [tree if isinstance(tree, str) else evaluator.value(tree) for tree in trees]
    if len(values) == 1:
        return values[0]
    if UNKNOWN in values:
        return UNKNOWN
    size = Size()
    return "".join([size.of(as_text(value)) for value in values])


def condition(text: str, contexts: Mapping[str, Value], functions: Functions | None = None) -> bool | Unknown:
    """Tell whether an `if:` holds; TEXT with or without `${{ }}`.

    `success()` comes first unless TEXT calls a status function itself; it counts as true where `functions` does not offer it.
    A text with anything around `${{ }}` is a string that is not empty, so it holds, as on GitHub.
    """
    functions = functions or {}
    trees = condition_trees(text, contexts.keys(), functions.keys())
    evaluator = Evaluator(contexts, functions)
    answers: list[Truth] = []
    success = {name.lower(): function for name, function in functions.items()}.get("success")
    if success and not any(calls_status(tree) for tree in trees if not isinstance(tree, str)):
        answers.append(evaluator.truth(Call("success", ())))
    if False not in answers:
        answers.append(_holds(trees, evaluator))
    return False if False in answers else UNKNOWN if UNKNOWN in answers else True


def _holds(trees: list[str | Node], evaluator: Evaluator) -> Truth:
    if len(trees) == 1 and not isinstance(trees[0], str):
        return evaluator.truth(trees[0])
    # Anything beside one expression makes the condition a string, which holds unless it is empty.
    values: list[Value] = [tree if isinstance(tree, str) else evaluator.value(tree) for tree in trees]
    if any(value is not UNKNOWN and as_text(value) != "" for value in values):
        return True
    return UNKNOWN if UNKNOWN in values else not values


def condition_trees(text: str, contexts: Collection[str] | None = None, functions: Collection[str] | None = None) -> list[str | Node]:
    """Return the trees of an `if:`, with the text between them; the whole text is one expression where it has no `${{ }}`."""
    found = pieces(text) if is_expression(text) else [_trimmed(text, 0)] if trim(text) else []
    return [piece if isinstance(piece, str) else piece.tree(contexts, functions) for piece in found]


def calls_status(node: Node) -> bool:
    """Tell whether NODE calls success, failure, always or cancelled, so that no success() is implied."""
    return any(isinstance(each, Call) and each.name.lower() in STATUS for each in walk(node))


def walk(node: Node) -> Iterator[Node]:
    """Yield NODE and everything below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def names(text: str) -> list[str]:
    """Return the dotted names that TEXT uses, each once, as they are written: `github.ref`, `steps.*.outcome`.

    TEXT is an `if:`, an expression, or any text with `${{ }}` in it; ExpressionError when GitHub could not read it.
    """
    trees = (tree for tree in condition_trees(text) if not isinstance(tree, str))
    return list(dict.fromkeys(name for tree in trees for name in _names(tree)))


def calls_no_status(text: str) -> bool:
    """Tell whether GitHub puts `success()` before the `if:` TEXT; no for one that it could not read."""
    try:
        return not any(calls_status(tree) for tree in condition_trees(text) if not isinstance(tree, str))
    except ExpressionError:
        return False


def taken_for_booleans(text: str) -> list[str]:
    """Return the dotted names that the `if:` TEXT takes for true or false by themselves: bare, behind `!`, or compared with `true`.

    Most of what a run knows is text, for which this is a mistake: `'false'` counts as true, and a text never equals a boolean.
    """
    try:
        trees = condition_trees(text)
    except ExpressionError:
        return []
    # With text around it, the whole is a string.
    return list(dict.fromkeys(_booleans(trees[0]))) if len(trees) == 1 and not isinstance(trees[0], str) else []


def _booleans(node: Node) -> Iterator[str]:
    match node:
        case Not(operand=operand):
            yield from _booleans(operand)
        case Logical(operands=operands):
            for operand in operands:
                yield from _booleans(operand)
        case Compare(operator="==" | "!=", left=left, right=right):
            for one, other in ((left, right), (right, left)):
                if isinstance(other, Constant) and isinstance(other.value, bool):
                    yield from _booleans(one)
        case Index():
            dotted, rest = _dotted(node)
            if dotted and not rest:
                yield dotted


def _names(node: Node) -> Iterator[str]:
    dotted, rest = _dotted(node)
    if dotted:
        yield dotted
    for child in rest if dotted else children(node):
        yield from _names(child)


def _dotted(node: Node) -> tuple[str | None, list[Node]]:
    """Return the name that NODE goes into as far as its indexes are written out, and the indexes that are worked out."""
    if isinstance(node, Name):
        return node.name, []
    if not isinstance(node, Index):
        return None, []
    dotted, rest = _dotted(node.of)
    if dotted is None or rest:
        return dotted, [*rest, node.index] if dotted else []
    if isinstance(node.index, Star):
        return f"{dotted}.*", []
    return (f"{dotted}.{as_text(node.index.value)}", []) if isinstance(node.index, Constant) else (dotted, [node.index])
