"""Inputs made complete and checked: names, location, what is required, what type it must have."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.provider.diff import CREATE_BEFORE_DELETE
from sandbox.provider.table import ResourceType, Shape
from sandbox.provider.translate import API_VERSION
from sandbox.provider.values import UNKNOWN

SUFFIX_DIGITS = 8  # as many as the official plugin adds

_WANTED = {
    "string": str,
    "boolean": bool,
    "integer": int | float,
    "number": int | float,
    "list": list,
    "map": dict,
    "type": dict,
    "oneOf": dict,
}


@dataclass(frozen=True)
class Autonaming:
    """What the project's `pulumi:autonaming` asks for: `propose`, `enforce` or `disable`."""

    mode: str
    proposed: str = ""


@dataclass(frozen=True)
class Failure:
    property: str
    reason: str


def complete(
    resource: ResourceType,
    urn: str,
    old: dict[str, Any],
    new: dict[str, Any],
    seed: bytes,
    autonaming: Autonaming | None,
    region: Callable[[Any], Any],
) -> dict[str, Any]:
    """The new inputs with a name, a location and the API version.

    `region` gives the location of the resource group by its name, UNKNOWN or None.
    """
    inputs = dict(new)
    name = resource.name_input
    if inputs.get(name) is None and name not in resource.shape.required:
        if name in old:
            inputs[name] = old[name]
            if CREATE_BEFORE_DELETE in old:
                inputs[CREATE_BEFORE_DELETE] = old[CREATE_BEFORE_DELETE]
        else:
            inputs |= _made_name(resource, name, urn.rpartition("::")[2], seed, autonaming)
    if inputs.get("location") is None and "location" in resource.shape.properties:
        location = old.get("location")
        if location is None:
            location = region(inputs.get("resourceGroupName"))
        if location is not None:
            inputs["location"] = location
    inputs.setdefault(API_VERSION, resource.api_version)
    return inputs


def _made_name(
    resource: ResourceType, key: str, name: str, seed: bytes, autonaming: Autonaming | None
) -> dict[str, Any]:
    way = resource.autoname
    if way.startswith("="):
        return {key: way[1:]}
    if autonaming is not None:
        if autonaming.mode == "disable":
            return {}
        if autonaming.mode == "enforce" or way != "uuid":
            return {key: autonaming.proposed, CREATE_BEFORE_DELETE: True}
    if way == "copy":
        return {key: name}
    # The engine's seed makes the name of a preview that of the update which follows it.
    digits = hashlib.sha256(seed + name.encode()).hexdigest() if seed else uuid.uuid4().hex
    if way == "uuid":
        return {key: str(uuid.UUID(digits[:32], version=4)), CREATE_BEFORE_DELETE: True}
    return {key: name + digits[:SUFFIX_DIGITS], CREATE_BEFORE_DELETE: True}


def failures(resource: ResourceType, inputs: dict[str, Any]) -> list[Failure]:
    """What is wrong with complete inputs, each with the path of the property."""
    found = [
        Failure(name, f"missing required property '{name}'{_advice(name)}")
        for name in resource.path_inputs
        if inputs.get(name) is None
    ]
    known = {failure.property for failure in found}
    nested = _object(resource.shape, inputs, "")
    return found + [failure for failure in nested if failure.property not in known]


def _advice(name: str) -> str:
    if name == "location":
        return ": set it, or 'pulumi config set azure-native:location REGION'"
    return ""


def _object(shape: Shape, values: dict[str, Any], path: str) -> Iterator[Failure]:
    for name in shape.required:
        if values.get(name) is None:
            full = f"{path}.{name}" if path else name
            yield Failure(full, f"missing required property '{full}'{_advice(full)}")
    for name, kind in shape.properties.items():
        if name in values:
            yield from _value(shape, kind, values[name], f"{path}.{name}" if path else name)


def _value(shape: Shape, kind: Any, value: Any, path: str) -> Iterator[Failure]:
    if value is UNKNOWN or kind == "any" or value is None:
        return
    name = kind if isinstance(kind, str) else next(iter(kind))
    wanted: Any = _WANTED[name]
    if not isinstance(value, wanted) or (isinstance(value, bool) and name in ("integer", "number")):
        yield Failure(path, f"'{path}' should be of type {_called(name)}, not {_called_of(value)}")
        return
    if name == "integer" and not float(value).is_integer():
        yield Failure(path, f"'{path}' must be an integer, not {value}")
    elif name == "list":
        for index, item in enumerate(value):
            yield from _value(shape, kind["list"], item, f"{path}[{index}]")
    elif name == "map":
        for key, item in value.items():
            yield from _value(shape, kind["map"], item, f"{path}.{key}")
    elif name in ("type", "oneOf"):
        nested = shape.nested(kind, value)
        if nested is not None:
            yield from _object(nested, value, path)
        elif "type" not in kind:
            yield from _no_variant(shape, kind["oneOf"], value, path)


def _no_variant(
    shape: Shape, names: list[str], value: dict[str, Any], path: str
) -> Iterator[Failure]:
    """A value that is none of the types it may have: say which the discriminator allows."""
    allowed: dict[str, list[str]] = {}
    for name in names:
        for key, constant in shape.types[name].get("constants", {}).items():
            allowed.setdefault(key, []).append(constant)
    for key, constants in allowed.items():
        given = value.get(key)
        if given is not UNKNOWN and given not in constants:
            said = f"'{given}'" if given is not None else "missing"
            yield Failure(
                f"{path}.{key}", f"'{path}.{key}' is {said}; it is one of {', '.join(constants)}"
            )


def _called(name: str) -> str:
    return {"list": "array", "map": "object", "type": "object", "oneOf": "object"}.get(name, name)


def _called_of(value: Any) -> str:
    kinds = {bool: "boolean", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "number")
