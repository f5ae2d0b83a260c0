"""The functions of the template language that need nothing but their arguments.

Reference: "ARM template functions", Microsoft Learn. `uniqueString` is deterministic and has the
real one's form, not its value: its algorithm is not published.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import urllib.parse
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.templates.expressions import Evaluator, Expression, Function

Pure = Callable[..., Any]
_GUIDS = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")
_UNIQUE_LENGTH = 13


def _concat(*parts: Any) -> Any:
    if parts and all(isinstance(part, list) for part in parts):
        return [item for part in parts for item in part]
    return "".join(_string(part) for part in parts)


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "True" if value else "False"
    return json.dumps(value, separators=(",", ":"))


def _equals(left: Any, right: Any) -> bool:
    return type(left) is type(right) and bool(left == right)


def _bool(value: Any) -> bool:
    return value.lower() == "true" if isinstance(value, str) else bool(value)


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, (str, list, dict)) and not value)


def _union(*parts: Any) -> Any:
    if all(isinstance(part, dict) for part in parts):
        joined: dict[str, Any] = {}
        for part in parts:
            for key, value in part.items():
                old = joined.get(key)
                both = isinstance(old, dict) and isinstance(value, dict)
                joined[key] = _union(old, value) if both else value
        return joined
    found: list[Any] = []
    for part in parts:
        found += [item for item in part if item not in found]
    return found


def _intersection(first: Any, *others: Any) -> Any:
    if isinstance(first, dict):
        return {
            key: value
            for key, value in first.items()
            if all(key in other and other[key] == value for other in others)
        }
    return [item for item in first if all(item in other for other in others)]


def _contains(container: Any, item: Any) -> bool:
    if isinstance(container, dict):
        return str(item).lower() in {key.lower() for key in container}
    if isinstance(container, str):
        return _string(item) in container
    return item in container


def _format(pattern: str, *values: Any) -> str:
    return re.sub(r"\{(\d+)(?::[^}]*)?\}", lambda match: _string(values[int(match[1])]), pattern)


def _split(text: str, delimiters: str | list[str]) -> list[str]:
    if isinstance(delimiters, str):
        return text.split(delimiters)
    return re.split("|".join(re.escape(one) for one in delimiters), text)


def _unique_string(*parts: Any) -> str:
    digest = hashlib.sha256("-".join(map(str, parts)).encode()).digest()
    return base64.b32encode(digest).decode().lower()[:_UNIQUE_LENGTH]


def _object(*pairs: Any) -> dict[str, Any]:
    return {pairs[at]: pairs[at + 1] for at in range(0, len(pairs), 2)}


def _first(value: Any) -> Any:
    return value[0] if value else ("" if isinstance(value, str) else None)


def _last(value: Any) -> Any:
    return value[-1] if value else ("" if isinstance(value, str) else None)


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _resource_path(type_name: str, *names: str) -> str:
    namespace, *kinds = type_name.split("/")
    if len(kinds) != len(names):
        raise ValueError(f"'{type_name}' needs {len(kinds)} names, not {len(names)}")
    return namespace + "".join(f"/{kind}/{name}" for kind, name in zip(kinds, names, strict=True))


def resource_id(subscription: str, group: str, *arguments: Any) -> str:
    """``resourceId([subscription], [group], type, name, …)`` with the deployment's as defaults."""
    at = next(index for index, part in enumerate(arguments) if "/" in str(part))
    if at == 1:
        group = arguments[0]
    elif at == 2:
        subscription, group = arguments[:2]
    scope = f"/subscriptions/{subscription}"
    if group and arguments[at].lower() != "microsoft.resources/resourcegroups":
        scope += f"/resourceGroups/{group}"
    return f"{scope}/providers/{_resource_path(*arguments[at:])}"


def subscription_resource_id(subscription: str, *arguments: Any) -> str:
    if "/" not in arguments[0]:
        subscription, *rest = arguments
        arguments = tuple(rest)
    return f"/subscriptions/{subscription}/providers/{_resource_path(*arguments)}"


PURE: dict[str, Pure] = {
    "concat": _concat, "string": _string, "equals": _equals, "bool": _bool, "empty": _empty,
    "union": _union, "intersection": _intersection, "contains": _contains, "format": _format,
    "split": _split, "uniqueString": _unique_string, "createObject": _object, "first": _first,
    "last": _last, "coalesce": _coalesce,
    "not": lambda value: not value,
    "true": lambda: True,
    "false": lambda: False,
    "null": lambda: None,
    "json": json.loads,
    "int": int,
    "toLower": lambda text: text.lower(),
    "toUpper": lambda text: text.upper(),
    "trim": lambda text: text.strip(),
    "length": len,
    "array": lambda value: value if isinstance(value, list) else [value],
    "createArray": lambda *values: list(values),
    "join": lambda values, delimiter: delimiter.join(map(_string, values)),
    "replace": lambda text, old, new: text.replace(old, new),
    "substring": lambda text, start, length=None: (
        text[start:] if length is None else text[start : start + length]
    ),
    "startsWith": lambda text, head: text.lower().startswith(head.lower()),
    "endsWith": lambda text, tail: text.lower().endswith(tail.lower()),
    "indexOf": lambda text, part: text.lower().find(part.lower()),
    "padLeft": lambda text, width, fill=" ": _string(text).rjust(width, fill),
    "skip": lambda value, count: value[count:],
    "take": lambda value, count: value[:count],
    "range": lambda start, count: list(range(start, start + count)),
    "min": lambda *values: min(values[0] if isinstance(values[0], list) else values),
    "max": lambda *values: max(values[0] if isinstance(values[0], list) else values),
    "add": lambda left, right: left + right,
    "sub": lambda left, right: left - right,
    "mul": lambda left, right: left * right,
    "div": lambda left, right: left // right,
    "mod": lambda left, right: left % right,
    "less": lambda left, right: left < right,
    "lessOrEquals": lambda left, right: left <= right,
    "greater": lambda left, right: left > right,
    "greaterOrEquals": lambda left, right: left >= right,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64ToString": lambda text: base64.b64decode(text).decode(),
    "uriComponent": lambda text: urllib.parse.quote(text, safe=""),
    "uri": urllib.parse.urljoin,
    "guid": lambda *parts: str(uuid.uuid5(_GUIDS, "-".join(parts))),
    "newGuid": lambda: str(uuid.uuid4()),
    "extensionResourceId": lambda scope, *rest: f"{scope}/providers/{_resource_path(*rest)}",
    "tenantResourceId": lambda *rest: f"/providers/{_resource_path(*rest)}",
}  # fmt: skip


def eager(evaluator: Evaluator, function: Pure) -> Function:
    """A function that is handed values, not expressions."""

    def call(arguments: tuple[Expression, ...]) -> Any:
        return function(*[evaluator.evaluate(argument) for argument in arguments])

    return call


def evaluator(contextual: dict[str, Pure], now: datetime) -> Evaluator:
    """All functions: the pure ones, the lazy ones, and those that know the deployment."""
    made = Evaluator({})

    def choose(arguments: tuple[Expression, ...]) -> Any:
        condition, positive, negative = arguments
        return made.evaluate(positive if made.evaluate(condition) else negative)

    def every(arguments: tuple[Expression, ...]) -> bool:
        return all(made.evaluate(argument) for argument in arguments)

    def some(arguments: tuple[Expression, ...]) -> bool:
        return any(made.evaluate(argument) for argument in arguments)

    eagerly = {**PURE, "utcNow": lambda *_: now.strftime("%Y%m%dT%H%M%SZ"), **contextual}
    functions = {name: eager(made, function) for name, function in eagerly.items()}
    made.functions = {
        **{name.lower(): function for name, function in functions.items()},
        "if": choose,
        "and": every,
        "or": some,
    }
    return made
