"""The grammar of expressions: symbols into a tree, or the error that GitHub shows for the first that does not fit."""

from __future__ import annotations

from collections.abc import Collection

from pypi_runbook.project.expressions.arities import ARITIES, BUILT_IN, STATUS
from pypi_runbook.project.expressions.errors import DEEPEST, ExpressionError, at, too_deep
from pypi_runbook.project.expressions.lexer import Kind, Token, tokens
from pypi_runbook.project.expressions.tree import Call, Compare, Constant, Index, Name, Node, Not, Star, above, logical

# How strongly each operator binds; `!` binds more than all of them.
LEVELS = {"||": 0, "&&": 1, "==": 2, "!=": 2, "<": 3, "<=": 3, ">": 3, ">=": 3}


def parse(text: str, contexts: Collection[str] | None = None, functions: Collection[str] | None = None) -> Node | None:
    """Return the tree of TEXT, None when it is blank; ExpressionError for what GitHub would not take.

    contexts, functions: the names that it may use, beside the built-in functions; None allows every name.
    """
    return _Parser(text, contexts, functions).whole()


class _Parser:
    """Reads one text; `nested` counts what is open, groups too, so that no text can exhaust Python's stack."""

    def __init__(self, text: str, contexts: Collection[str] | None, functions: Collection[str] | None) -> None:
        self.text = text
        self.contexts = None if contexts is None else {name.lower() for name in contexts}
        self.functions = None if functions is None else {name.lower() for name in functions}
        self.coming = tokens(text)
        self.last: Token | None = None
        self.token: Token | None = next(self.coming, None)
        self.nested = 0

    def whole(self) -> Node | None:
        if self.token is None:
            return None
        node = self.binary()
        if self.token is not None:
            raise self.unexpected()
        return node

    def binary(self, least: int = 0) -> Node:
        """Read operands with operators between them that bind at least as strongly as LEAST."""
        node = self.unary()
        while operator := self.take(*(name for name, level in LEVELS.items() if level >= least)):
            right = self.binary(LEVELS[operator] + 1)
            node = logical(operator, node, right) if operator in ("||", "&&") else Compare(operator, node, right, depth=above(node, right))
        return node

    def unary(self) -> Node:
        bangs = 0
        while self.take("!"):
            bangs += 1
        node = self.postfix()
        for _ in range(bangs):
            node = Not(node, depth=above(node))
        return node

    def postfix(self) -> Node:
        node = self.primary()
        while not isinstance(node, Constant) or self.closed_group():
            if self.take("."):
                key = self.property()
            elif self.take("["):
                key = Star() if self.take("*") else self.inner("]")
                if isinstance(key, Star):
                    self.expect("]")
            else:
                break
            node = Index(node, key, depth=above(node, key))
        return node

    def closed_group(self) -> bool:
        return self.last is not None and self.last.raw == ")" and self.last.kind is Kind.MARK

    def property(self) -> Node:
        if self.take("*"):
            return Star()
        if self.token is None or self.token.kind is not Kind.NAME:
            raise self.unexpected()
        return Constant(self.advance().raw)

    def primary(self) -> Node:
        if self.token is None:
            raise self.unexpected()
        if self.token.kind is Kind.LITERAL:
            return Constant(self.advance().value)
        if self.token.kind is Kind.NAME:
            name = self.advance()
            return self.call(name) if self.token and self.token.raw == "(" else self.named(name)
        if self.take("("):
            return self.inner(")")
        raise self.unexpected()

    def named(self, name: Token) -> Node:
        if self.contexts is not None and name.raw.lower() not in self.contexts:
            raise at("Unrecognized named-value", name.raw, name.position, self.text)
        return Name(name.raw)

    def call(self, name: Token) -> Node:
        if self.functions is not None and name.raw.lower() not in self.functions | BUILT_IN.keys():
            raise at("Unrecognized function", name.raw, name.position, self.text)
        self.expect("(")
        arguments = self.arguments()
        self.count(name, len(arguments))
        return Call(name.raw, tuple(arguments), depth=above(*arguments))

    def arguments(self) -> list[Node]:
        if self.take(")"):
            return []
        found = [self.inner(",", ")")]
        while self.last and self.last.raw == ",":
            found.append(self.inner(",", ")"))
        return found

    def count(self, name: Token, given: int) -> None:
        """Hold the number of arguments against what the function takes."""
        least, most = ARITIES.get(name.raw.lower(), (0, 255))
        if name.raw.lower() in STATUS and "steps" in (self.contexts or ()):
            # Only a job's condition can ask for certain jobs; a step's asks for the steps before it.
            most = 0
        wrong = "Too few parameters supplied" if given < least else "Too many parameters supplied" if given > most else ""
        if not wrong and name.raw.lower() == "case" and given % 2 == 0:
            wrong = "Even number of parameters supplied, requires an odd number of parameters"
        if wrong:
            raise at(wrong, name.raw, name.position, self.text)

    def inner(self, *ends: str) -> Node:
        """Read an expression inside brackets, and the one of ENDS after it."""
        self.nested += 1
        if self.nested > DEEPEST:
            raise too_deep()
        node = self.binary()
        self.expect(*ends)
        self.nested -= 1
        return node

    def advance(self) -> Token:
        if self.token is None:
            raise self.unexpected()
        self.last = self.token
        self.token = next(self.coming, None)
        return self.last

    def take(self, *raws: str) -> str | None:
        """Go past the operator or mark that comes when it is one of RAWS."""
        if self.token is None or self.token.kind not in (Kind.OPERATOR, Kind.MARK) or self.token.raw not in raws:
            return None
        return self.advance().raw

    def expect(self, *raws: str) -> None:
        if not self.take(*raws):
            raise self.unexpected()

    def unexpected(self) -> ExpressionError:
        """Return the error for what comes; at the end GitHub names the last symbol."""
        if self.token is not None:
            return at("Unexpected symbol", self.token.raw, self.token.position, self.text)
        last = self.last or Token(Kind.MARK, "", 0)
        return at("Unexpected end of expression", last.raw, last.position, self.text)
