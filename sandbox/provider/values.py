"""Property values: between Pulumi's wire form and plain Python, and by dotted path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import struct_pb2

# Signatures of sdk/v3/go/common/resource/sig and of plugin.UnknownStringValue.
_UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 a type's signature
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


class Unknown:
    """A value that a preview cannot know yet."""

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that Pulumi is to keep encrypted."""

    value: Any


def decode(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A message's properties without nulls; secrets are opened, unknowns become `UNKNOWN`."""
    return _fields(struct)


def _fields(struct: struct_pb2.Struct) -> dict[str, Any]:
    return {
        key: _decode(value)
        for key, value in struct.fields.items()
        if value.WhichOneof("kind") not in (None, "null_value")
    }


def _decode(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value == _UNKNOWN_TEXT else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_decode(item) for item in value.list_value.values]
    if kind == "struct_value":
        fields = _fields(value.struct_value)
        if fields.get(_SIGNATURE) in (_SECRET, _OUTPUT):
            return fields.get("value", UNKNOWN)
        return fields
    return None


def encode(values: dict[str, Any]) -> struct_pb2.Struct:
    """The message for plain values; nulls are left out."""
    struct = struct_pb2.Struct()
    _fill(struct, values)
    return struct


def _fill(struct: struct_pb2.Struct, values: dict[str, Any]) -> None:
    for key, value in values.items():
        if value is not None:
            _set(struct.fields[key], value)


def _set(target: struct_pb2.Value, value: Any) -> None:
    if isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, dict):
        target.struct_value.SetInParent()
        _fill(target.struct_value, value)
    elif isinstance(value, list | tuple):
        target.list_value.SetInParent()
        for item in value:
            _set(target.list_value.values.add(), item)
    elif isinstance(value, Secret):
        _set(target, {_SIGNATURE: _SECRET, "value": value.value})
    elif value is UNKNOWN:
        target.string_value = _UNKNOWN_TEXT
    else:
        target.null_value = struct_pb2.NULL_VALUE


def unknown(value: Any) -> bool:
    """Whether anything in `value` is not yet known."""
    if isinstance(value, dict):
        return any(unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(unknown(item) for item in value)
    return value is UNKNOWN


def get(values: Any, path: str) -> Any:
    """The value at a dotted path, or None."""
    for name in _names(path):
        if not isinstance(values, dict):
            return None
        values = values.get(name)
    return values


def put(values: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of `values` with the one at a dotted path replaced; containers are made."""
    name, rest = _first(path)
    if rest:
        inner = values.get(name)
        value = put(inner if isinstance(inner, dict) else {}, rest, value)
    return {**values, name: value}


def drop(values: dict[str, Any], path: str) -> dict[str, Any]:
    """A copy of `values` without the one at a dotted path."""
    name, rest = _first(path)
    if name not in values:
        return values
    if not rest:
        return {key: value for key, value in values.items() if key != name}
    inner = values[name]
    return {**values, name: drop(inner, rest)} if isinstance(inner, dict) else values


def _names(path: str) -> list[str]:
    """The path taken apart; a dot that belongs to a name is written ``\\.``."""
    return [name.replace("\\.", ".") for name in re.split(r"(?<!\\)\.", path)]


def _first(path: str) -> tuple[str, str]:
    first, *rest = re.split(r"(?<!\\)\.", path, maxsplit=1)
    return first.replace("\\.", "."), rest[0] if rest else ""


def leaves(values: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every plain value with its dotted path (list items share their list's path)."""
    if isinstance(values, dict) and values:
        for key, value in values.items():
            yield from leaves(value, f"{path}.{key}" if path else key)
    elif isinstance(values, list) and values:
        for item in values:
            yield from leaves(item, path)
    else:
        yield path, values
