"""MLflow's search language for registered models and their versions.

``name LIKE 'bike%' AND tags.stage = 'live'``, ordered by ``name ASC, last_updated_timestamp DESC``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sandbox.tracking.runs import MlflowError

Item = dict[str, Any]

_CLAUSE = re.compile(
    r"""\s*(?P<key>tags?\.(?:`[^`]+`|"[^"]+"|[\w.\-/]+)|`[^`]+`|\w+)
        \s*(?P<operator>!=|<=|>=|=|<|>|\bLIKE\b|\bILIKE\b|\bIN\b)
        \s*(?P<value>'(?:[^']|'')*'|"[^"]*"|\([^)]*\)|-?\d+(?:\.\d+)?)\s*""",
    re.IGNORECASE | re.VERBOSE,
)
_AND = re.compile(r"AND\b", re.IGNORECASE)
_STRINGS = re.compile(r"'((?:[^']|'')*)'|\"([^\"]*)\"")
_ORDER = re.compile(r"\s*`?(\w+)`?(?:\s+(ASC|DESC))?\s*", re.IGNORECASE)
_KEYS = {"version_number": "version", "source_path": "source"}
_NUMBERS = ("version_number", "creation_timestamp", "last_updated_timestamp")


def invalid(message: str) -> MlflowError:
    return MlflowError(400, "INVALID_PARAMETER_VALUE", message)


def select(items: Iterable[Item], text: str, keys: tuple[str, ...]) -> list[Item]:
    """The items that fit the filter `text`, which may use `keys` and tags.

    Raises MlflowError 400 for a filter that cannot be read.
    """
    found, at = list(items), 0
    while text[at:].strip():
        match = _CLAUSE.match(text, at)
        if match is None:
            raise invalid(f"The filter cannot be read at '{text[at : at + 40]}'.")
        found = [item for item in found if _fits(item, match, keys)]
        at = match.end()
        following = _AND.match(text, at)
        if following:
            at = following.end()
        elif text[at:].strip():
            raise invalid(f"The filter needs AND before '{text[at : at + 40]}'.")
    return found


def _fits(item: Item, clause: re.Match[str], keys: tuple[str, ...]) -> bool:
    key, operator, text = clause["key"].strip('`"'), clause["operator"].upper(), clause["value"]
    actual: Any
    if key.startswith(("tags.", "tag.")):
        wanted = key.split(".", 1)[1].strip('`"')
        actual = next((tag["value"] for tag in item["tags"] if tag["key"] == wanted), None)
    elif key in keys:
        actual = item.get(_KEYS.get(key, key))
    else:
        raise invalid(f"'{key}' cannot be searched for; there are {', '.join(keys)} and tags.")
    values = [single.replace("''", "'") or double for single, double in _STRINGS.findall(text)]
    if operator == "IN":
        return actual in values
    if operator in ("LIKE", "ILIKE"):
        flags = re.DOTALL | (re.IGNORECASE if operator == "ILIKE" else 0)
        pattern = re.escape(values[0] if values else text).replace("%", ".*").replace("_", ".")
        return actual is not None and re.fullmatch(pattern, str(actual), flags) is not None
    expected: Any = values[0] if values else text
    if key in _NUMBERS:
        actual, expected = _number(actual), _number(expected)
    if actual is None:
        return operator == "!=" and not key.startswith("tag")
    return bool(
        {
            "=": actual == expected,
            "!=": actual != expected,
            "<": actual < expected,
            "<=": actual <= expected,
            ">": actual > expected,
            ">=": actual >= expected,
        }[operator]
    )


def order(items: list[Item], clauses: Iterable[str], keys: tuple[str, ...]) -> list[Item]:
    """Sorted by clauses like ``name DESC``, the first one counting most."""
    for clause in reversed(list(clauses)):
        match = _ORDER.fullmatch(clause)
        key = {"timestamp": "last_updated_timestamp"}.get(match[1], match[1]) if match else ""
        if match is None or key not in keys:
            raise invalid(f"'{clause}' is no order; there are {', '.join(keys)}.")
        name, number = _KEYS.get(key, key), key in _NUMBERS

        def value(item: Item, name: str = name, number: bool = number) -> Any:
            return _number(item.get(name)) if number else str(item.get(name) or "")

        items = sorted(items, key=value, reverse=(match[2] or "").upper() == "DESC")
    return items


def page(items: list[Item], most: int, token: str) -> tuple[list[Item], str]:
    """At most `most` items after `token`, and the token of the next page, empty at the end."""
    if token and not token.isdigit():
        raise invalid(f"'{token}' is not a page token.")
    start = int(token or 0)
    end = start + most
    return items[start:end], str(end) if end < len(items) else ""


def _number(value: Any) -> float:
    """A version that is no number sorts before all numbers."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return -1.0
