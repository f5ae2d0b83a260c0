"""What differs between two sets of inputs, and whether it can be changed in place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.provider.table import ResourceType
from sandbox.provider.values import UNKNOWN, drop, get, unknown

CREATE_BEFORE_DELETE = "__createBeforeDelete"


@dataclass(frozen=True)
class Difference:
    """One change: its property path as Pulumi writes it, and `add`, `delete` or `update`."""

    path: str
    kind: str
    replaces: bool


def differences(
    resource: ResourceType, old: dict[str, Any], new: dict[str, Any]
) -> list[Difference]:
    """Every change from `old` to `new` inputs, in order of their paths."""
    before, after = without_defaults(resource, old), without_defaults(resource, new)
    found = _objects(resource, before, after, "", "")
    return sorted(found, key=lambda difference: difference.path)


def ignored(path: str, ignore_changes: Iterable[str]) -> bool:
    """Whether a change lies at or below what `ignore_changes` names.

    The engine leaves it to the provider where it compares after a refresh.
    """
    return any(
        path == given or path.startswith((f"{given}.", f"{given}[")) for given in ignore_changes
    )


def without_defaults(resource: ResourceType, inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs less what only repeats the service's defaults and what is ours alone."""
    for path, default in resource.defaults.items():
        if get(inputs, path) is not None and same(resource, path, get(inputs, path), default):
            inputs = drop(inputs, path)
    return {
        name: value for name, value in inputs.items() if not name.startswith("__") and value != {}
    }


def same(resource: ResourceType, path: str, old: Any, new: Any) -> bool:
    """Whether the service takes both values for the same."""
    return not list(_values(resource, old, new, path, path))


def _objects(
    resource: ResourceType, old: dict[str, Any], new: dict[str, Any], path: str, shown: str
) -> Iterator[Difference]:
    for name in {*old, *new}:
        inner, label = (f"{path}.{name}" if path else name), _label(shown, name)
        if name not in new and inner in resource.filled:
            continue
        if name not in new:
            yield Difference(label, "delete", _replaces(resource, inner))
        elif name not in old:
            yield Difference(label, "add", _replaces(resource, inner))
        else:
            yield from _values(resource, old[name], new[name], inner, label)


def _values(
    resource: ResourceType, old: Any, new: Any, path: str, shown: str
) -> Iterator[Difference]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _objects(resource, old, new, path, shown)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(resource, old, new, path, shown)
    elif not _equal(old, new, path):
        yield Difference(shown, "update", _replaces(resource, path))


def _lists(
    resource: ResourceType, old: list[Any], new: list[Any], path: str, shown: str
) -> Iterator[Difference]:
    if path in resource.sets or path in resource.keyed:
        if not unknown(old) and not unknown(new) and _sorted(old) == _sorted(new):
            return
        old = sorted(old, key=_canonical)
        new = sorted(new, key=_canonical)
    replaces = _replaces(resource, path)
    for index in range(max(len(old), len(new))):
        label = f"{shown}[{index}]"
        if index >= len(new):
            yield Difference(label, "delete", replaces)
        elif index >= len(old):
            yield Difference(label, "add", replaces)
        else:
            yield from _values(resource, old[index], new[index], path, label)


def _equal(old: Any, new: Any, path: str) -> bool:
    if old is UNKNOWN or new is UNKNOWN:
        return False
    if isinstance(old, str) and isinstance(new, str):
        return _normal(old, path) == _normal(new, path)
    return (type(old) is type(new) and bool(old == new)) or _numbers(old, new)


def _numbers(old: Any, new: Any) -> bool:
    plain = (isinstance(value, int | float) and not isinstance(value, bool) for value in (old, new))
    return all(plain) and bool(old == new)


def _normal(text: str, path: str) -> str:
    """Regions are written with and without spaces and capitals; ids are matched without case."""
    if path.rpartition(".")[2] in ("location", "computeLocation"):
        return text.replace(" ", "").lower()
    if text.lower().startswith(("/subscriptions/", "/providers/")):
        return text.rstrip("/").lower()
    return text


def _canonical(value: Any) -> str:
    text = _normal(value, "") if isinstance(value, str) else value
    return json.dumps(text, sort_keys=True, default=str)


def _sorted(values: list[Any]) -> list[str]:
    return sorted(map(_canonical, values))


def _replaces(resource: ResourceType, path: str) -> bool:
    names = path.split(".")
    return any(".".join(names[:length]) in resource.replace for length in range(1, len(names) + 1))


def _label(shown: str, name: str) -> str:
    if re.fullmatch(r"[A-Za-z_$][\w$]*", name):
        return f"{shown}.{name}" if shown else name
    return f'{shown}["{name}"]'


def carry_over(inputs: Any, old: Any, new: Any) -> Any:
    """`inputs` with what changed in the cloud from `old` to `new`, and nothing else.

    The service fills in much that the program never said. What it filled in before and fills in
    now is no change; only what differs between the two readings reaches the inputs.
    """
    if isinstance(inputs, dict) and isinstance(old, dict) and isinstance(new, dict):
        kept = {name: value for name, value in inputs.items() if name in new or name not in old}
        for name, value in new.items():
            if name not in old:
                kept[name] = value if name not in inputs else kept[name]
                if name in inputs and inputs[name] != value:
                    kept[name] = value
            elif value != old[name]:
                kept[name] = carry_over(inputs[name], old[name], value) if name in inputs else value
        return kept
    if isinstance(inputs, list) and isinstance(old, list) and isinstance(new, list):
        return [
            carry_over(inputs[index], old[index], value)
            if index < len(inputs) and index < len(old)
            else value
            for index, value in enumerate(new)
        ]
    return inputs if old == new else new
