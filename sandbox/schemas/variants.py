"""What a document means for a PUT, a PATCH and an answer: one stricter or laxer copy of it each.

What differs from plain JSON Schema in all of them:
- a value of an enum is matched without case, as ARM's resource providers do when they read JSON
  (their .NET enum converters ignore case; azure-ai-ml relies on it: `linux`, `key`);
- the discriminator of a union is such a value too;
- a dictionary of strings (tags, properties, metadata) takes numbers, booleans and null, which the
  services read as text: azure-ai-ml sends `hash_version: 202208` and tags as they are in the YAML;
- objects stay closed, since this is how unknown properties are found.
"""

import enum
import re
from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

_SCHEMA_MAPS = ("properties", "$defs")
_SCHEMAS = ("additionalProperties", "items", "if", "then")
_SCHEMA_LISTS = ("allOf", "anyOf")

_SCALARS = ["boolean", "null", "number", "string"]

_CHOICES: dict[str, tuple[str, ...]] = {}


class Purpose(enum.Enum):
    """What a body is checked as."""

    PUT = "put"
    PATCH = "patch"
    RESPONSE = "response"


def variant(document: Mapping[str, Any], root: Mapping[str, Any], purpose: Purpose) -> Schema:
    """The document for one purpose, with `root` (a schema of it) as what is checked."""
    return {
        "$schema": document["$schema"],
        **root,
        "$defs": {name: _adapt(one, purpose) for name, one in document["$defs"].items()},
    }


def choices(pattern: str) -> tuple[str, ...]:
    """The values of the enum that became this pattern; empty if it came from none."""
    return _CHOICES.get(pattern, ())


def _one_of(values: tuple[str, ...]) -> str:
    # Values that are sets, `SystemAssigned,UserAssigned`, come with and without a space.
    either = "|".join(re.escape(value).replace(",", ", ?") for value in values)
    pattern = f"(?i)^(?:{either})$"
    _CHOICES[pattern] = values
    return pattern


def _adapt(schema: Any, purpose: Purpose, *, condition: bool = False) -> Any:
    if not isinstance(schema, dict):
        return schema
    if schema.get("readOnly") and purpose is not Purpose.RESPONSE:
        return {}  # what only the service writes is ignored when a client sends it back
    adapted = dict(schema)
    for key in _SCHEMA_MAPS:
        if key in schema:
            inner = schema[key].items()
            adapted[key] = {name: _adapt(one, purpose, condition=condition) for name, one in inner}
    for key in _SCHEMAS:
        if key in schema:
            adapted[key] = _adapt(schema[key], purpose, condition=condition or key == "if")
    for key in _SCHEMA_LISTS:
        if key in schema:
            adapted[key] = [_adapt(one, purpose, condition=condition) for one in schema[key]]
    if schema.get("additionalProperties") == {"type": "string"}:
        adapted["additionalProperties"] = {"type": _SCALARS}
    if "enum" in schema:
        del adapted["enum"]
        adapted["pattern"] = _one_of(tuple(one for one in schema["enum"] if one is not None))
    if condition:
        if "enum" in schema:
            adapted["type"] = "string"  # a pattern alone would take null for any kind
        return adapted
    if "required" in schema:
        adapted["required"] = _required(schema, purpose)
    if purpose is Purpose.PATCH and isinstance(schema.get("type"), str):
        adapted["type"] = [schema["type"], "null"]  # null removes a property
    return adapted


def _required(schema: Schema, purpose: Purpose) -> list[str]:
    if purpose is Purpose.PUT:
        return list(schema["required"])
    if purpose is Purpose.PATCH:
        return []
    # What clients only write, keys and passwords, is not in an answer.
    properties = schema["properties"]
    return [
        name
        for name in schema["required"]
        if "read" in properties.get(name, {}).get("x-ms-mutability", ["read"])
    ]
