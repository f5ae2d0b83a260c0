"""The expressions of GitHub Actions and Azure Pipelines: one grammar does for both.

Only what the pipelines use is known. Whatever else is met, a name as well as a function, is an
`Unresolved`, so that no test runs a line that says something else than it would in a pipeline.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


class Unresolved(Exception):  # noqa: N818 - what a test fails with
    """An expression that this reader does not understand, or that names nothing."""


TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w-]*)"
    r"|(?P<sign>&&|\|\||==|!=|[()\[\].,!*]))"
)
Function = Callable[..., Any]


@dataclass
class Scope:
    """What names stand for. A value may be a function without arguments, asked when it is met."""

    names: Mapping[str, Any]
    functions: Mapping[str, Function] = field(default_factory=dict)

    def evaluate(self, text: str) -> Any:
        return _Reader(text, self).result()


class _Reader:
    def __init__(self, text: str, scope: Scope) -> None:
        self.text, self.scope = text, scope
        self.tokens = self._split(text.strip())
        self.at = 0

    def _split(self, text: str) -> list[tuple[str, str]]:
        found, end = [], 0
        while end < len(text):
            match = TOKEN.match(text, end)
            if not match:
                raise Unresolved(f"{text!r}: {text[end:]!r} is not understood")
            kind = match.lastgroup or ""
            found.append((kind, match[kind]))
            end = match.end()
        return found

    def result(self) -> Any:
        value = self._either()
        if self.at != len(self.tokens):
            raise Unresolved(f"{self.text!r}: {self.tokens[self.at][1]!r} is one too many")
        return value

    def _next(self, *wanted: str) -> str | None:
        """The next sign, when it is one of those."""
        if self.at < len(self.tokens) and self.tokens[self.at] in [("sign", s) for s in wanted]:
            self.at += 1
            return self.tokens[self.at - 1][1]
        return None

    def _must(self, sign: str) -> None:
        if not self._next(sign):
            raise Unresolved(f"{self.text!r}: {sign!r} is missing")

    def _either(self) -> Any:
        value = self._both()
        while self._next("||"):
            other = self._both()
            value = value if truth(value) else other
        return value

    def _both(self) -> Any:
        value = self._compared()
        while self._next("&&"):
            other = self._compared()
            value = other if truth(value) else value
        return value

    def _compared(self) -> Any:
        value = self._one()
        while sign := self._next("==", "!="):
            value = equal(value, self._one()) is (sign == "==")
        return value

    def _one(self) -> Any:
        if self._next("!"):
            return not truth(self._one())
        if self._next("("):
            value = self._either()
            self._must(")")
            return value
        if self.at == len(self.tokens):
            raise Unresolved(f"{self.text!r} ends too early")
        kind, token = self.tokens[self.at]
        self.at += 1
        if kind == "text":
            return token[1:-1].replace("''", "'")
        if kind == "number":
            return float(token)
        if kind == "name" and token.lower() in ("true", "false"):
            return token.lower() == "true"
        if kind == "name" and self._next("("):
            return self._called(token)
        if kind == "name":
            return self._path(token)
        raise Unresolved(f"{self.text!r}: {token!r} is not understood")

    def _called(self, name: str) -> Any:
        arguments = []
        while not self._next(")"):
            arguments.append(self._either())
            if not self._next(","):
                self._must(")")
                break
        function = self.scope.functions.get(name)
        if function is None:
            raise Unresolved(f"{self.text!r}: no function {name!r} is known")
        return function(*arguments)

    def _path(self, name: str) -> Any:
        if name not in self.scope.names:
            raise Unresolved(f"{self.text!r}: nothing is known as {name!r}")
        value = self.scope.names[name]
        said = name
        while True:
            if self._next("."):
                if self._next("*"):
                    value = _Every(list(value))
                    continue
                kind, key = self.tokens[self.at]
                if kind != "name":
                    raise Unresolved(f"{self.text!r}: {key!r} is no name")
                self.at += 1
            elif self._next("["):
                key = self._either()
                self._must("]")
            else:
                return value
            said = f"{said}.{key}"
            value = self._below(value, key, said)

    def _below(self, value: Any, key: str, said: str) -> Any:
        if isinstance(value, _Every):
            return _Every([self._below(item, key, said) for item in value])
        if isinstance(value, Mapping) and key in value:
            return value[key]
        raise Unresolved(f"{self.text!r}: nothing is known as {said!r}")


class _Every(list[Any]):
    """What `.*` leads to."""


def truth(value: Any) -> bool:
    return value not in (None, "", 0, False)


def equal(left: Any, right: Any) -> bool:
    """Text is compared without regard to case, in both systems."""
    return text(left).lower() == text(right).lower()


def text(value: Any) -> str:
    """As it is written into the place of an expression."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (str, int, float)):
        return str(value)
    raise Unresolved(f"{value!r} cannot stand within a text")
