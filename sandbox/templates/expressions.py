"""The expressions of ARM templates: ``[concat(parameters('name'), '-x')]``.

Grammar: "Template expression syntax", Microsoft Learn. A string is an expression when it starts
with ``[`` and ends with ``]``; ``[[`` stands for a literal bracket.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<name>[A-Za-z_]\w*)|(?P<sign>[().,\[\]]))"
)


class TemplateError(Exception):
    """A template that says something it may not; the message is for its author."""


@dataclass(frozen=True)
class Literal:
    value: Any


@dataclass(frozen=True)
class Call:
    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Member:
    """``of.key`` or ``of[key]``."""

    of: Expression
    key: Expression


Expression = Literal | Call | Member
Function = Callable[[tuple[Expression, ...]], Any]


def is_expression(text: str) -> bool:
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def parse(text: str) -> Expression:
    """Read what stands between the brackets. Raises TemplateError where it breaks the grammar."""
    reader = _Reader(text[1:-1])
    expression = reader.expression()
    if reader.peek():
        raise TemplateError(f"'{text}': '{reader.peek()}' is not expected there.")
    return expression


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[str] = []
        at = 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if match is None:
                raise TemplateError(f"'[{text}]' is not an expression: see '{text[at:]}'.")
            self.tokens.append(match[match.lastgroup or 0])
            at = match.end()

    def peek(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        if not token or (wanted and token != wanted):
            raise TemplateError(
                f"'[{self.text}]': expected '{wanted or 'a value'}', found '{token or 'the end'}'."
            )
        return self.tokens.pop(0)

    def expression(self) -> Expression:
        found = self.primary()
        while self.peek() in (".", "["):
            if self.take() == ".":
                found = Member(found, Literal(self.take()))
            else:
                found = Member(found, self.expression())
                self.take("]")
        return found

    def primary(self) -> Expression:
        token = self.take()
        if token.startswith("'"):
            return Literal(token[1:-1].replace("''", "'"))
        if token.lstrip("-").isdigit():
            return Literal(int(token))
        if not (token[0].isalpha() or token[0] == "_"):
            raise TemplateError(f"'[{self.text}]': '{token}' is not expected there.")
        self.take("(")
        arguments: list[Expression] = []
        while self.peek() != ")":
            arguments.append(self.expression())
            if self.peek() != ")":
                self.take(",")
        self.take(")")
        return Call(token, tuple(arguments))


class Evaluator:
    """Evaluates expressions with functions looked up without case.

    A function gets its arguments unevaluated, so that ``if`` may leave one alone.
    """

    def __init__(self, functions: dict[str, Function]) -> None:
        self.functions = {name.lower(): function for name, function in functions.items()}

    def value(self, anything: Any) -> Any:
        """Evaluate every expression in a JSON value, keys of objects included."""
        if isinstance(anything, str):
            return self.text(anything)
        if isinstance(anything, list):
            return [self.value(item) for item in anything]
        if isinstance(anything, dict):
            return {self.text(key): self.value(item) for key, item in anything.items()}
        return anything

    def text(self, text: str) -> Any:
        if is_expression(text):
            return self.evaluate(parse(text))
        return text[1:] if text.startswith("[[") else text

    def evaluate(self, expression: Expression) -> Any:
        """Raises TemplateError for an unknown function or member."""
        if isinstance(expression, Literal):
            return expression.value
        if isinstance(expression, Member):
            return _member(self.evaluate(expression.of), self.evaluate(expression.key))
        name = expression.name.lower()
        function = self.functions.get(name)
        if function is None and name.startswith("list"):
            action = Literal(expression.name)
            return self.functions["list*"]((action, *expression.arguments))
        if function is None:
            raise TemplateError(
                f"The template function '{expression.name}' is not valid or not in this sandbox."
            )
        try:
            return function(expression.arguments)
        except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
            raise TemplateError(
                f"The template function '{expression.name}' cannot take these arguments: {error}"
            ) from None


def _member(value: Any, key: Any) -> Any:
    if isinstance(value, dict):
        for name, item in value.items():
            if name.lower() == str(key).lower():
                return item
    elif isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value):
        return value[key]
    raise TemplateError(f"The expression's value has no property '{key}'.")
