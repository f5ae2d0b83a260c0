"""Bodies out of a schema document: a valid one for each place in it, and what breaks it there."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from sandbox.schemas import documents

Schema = dict[str, Any]
Rebuild = Callable[[Any], Any]

ABSENT = object()

VALID: dict[str | None, Any] = {
    None: "anything",
    "string": "text",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "array": [],
    "object": {},
}
VALID_FORMATS = {"date-time": "2026-01-31T12:00:00Z", "date": "2026-01-31", "duration": "PT2M"}


@dataclass(frozen=True)
class Mutation:
    """A body that has exactly one fault, at `path`; `lenient` if a PATCH may have it."""

    fault: str
    path: str
    body: Any
    lenient: bool = False


def document(type_name: str) -> Schema:
    """The schema document of a type that has one."""
    found = documents.document(type_name)
    assert found is not None, f"{type_name} has no schema document"
    return found


class Bodies:
    """Walks a document from a root schema, each definition once."""

    def __init__(self, document: Schema) -> None:
        self._definitions: dict[str, Schema] = document["$defs"]
        self._visited: set[str] = set()

    def valid(self, schema: Schema) -> Any:
        """The smallest value that the schema takes."""
        schema = self.resolve(schema)
        if "allOf" in schema:
            branch = schema["allOf"][0]
            return {**self.valid(branch["then"]), **_discriminator(branch)}
        if "enum" in schema:
            return schema["enum"][0]
        kind = _kind(schema)
        if kind == "object" or "properties" in schema:
            properties = schema.get("properties", {})
            return {name: self.valid(properties[name]) for name in schema.get("required", ())}
        if kind == "array":
            return [self.valid(schema["items"]) for _ in range(schema.get("minItems", 0))]
        if "format" in schema:
            return VALID_FORMATS[schema["format"]]
        if "minimum" in schema or "maximum" in schema:
            return schema.get("minimum", schema.get("maximum"))
        assert "pattern" not in schema, "say here what fits the pattern of a new model"
        return VALID[kind]

    def mutations(
        self, schema: Schema, path: str = "", rebuild: Rebuild = lambda value: value
    ) -> Iterator[Mutation]:
        """Every fault that can be put anywhere below; `rebuild` makes the body around a value."""
        if schema.get("readOnly"):
            return
        target = self.resolve(schema)
        yield from self._scalar(target, path, rebuild)
        if "$ref" in schema:
            if schema["$ref"] in self._visited:
                return
            self._visited.add(schema["$ref"])
        yield from self._inside(target, path, rebuild)

    def _inside(self, schema: Schema, path: str, rebuild: Rebuild) -> Iterator[Mutation]:
        if "allOf" in schema:
            (discriminator,) = schema["required"]
            name = _join(path, discriminator)
            whole = self.valid(schema)
            missing = {key: value for key, value in whole.items() if key != discriminator}
            yield Mutation("missing", name, rebuild(missing), lenient=True)
            yield Mutation("enum", name, rebuild({**whole, discriminator: "no-such-kind"}))
            for branch in schema["allOf"]:
                yield from self.mutations(branch["then"], path, rebuild)
            return
        properties = schema.get("properties", {})
        least: dict[str, Any] = self.valid(schema) if properties else {}
        for name in schema.get("required", ()):
            without = {key: value for key, value in least.items() if key != name}
            discriminating = len(properties[name].get("enum", ())) == 1
            if not discriminating:  # reached through its union, which asks for it
                yield Mutation("missing", _join(path, name), rebuild(without), lenient=True)
        for name, inner in properties.items():
            if len(inner.get("enum", ())) == 1:
                continue
            around = _around(rebuild, partial(_with, least, name))
            yield from self.mutations(inner, _join(path, name), around)
        additional = schema.get("additionalProperties")
        if additional == {"type": "string"}:  # takes any scalar
            yield Mutation("type", _join(path, "key"), rebuild({"key": []}))
        elif isinstance(additional, dict):
            around = _around(rebuild, lambda value: {"key": value})
            yield from self.mutations(additional, _join(path, "key"), around)
        if "items" in schema:
            around = _around(rebuild, lambda value: [value])
            yield from self.mutations(schema["items"], f"{path}[0]", around)

    def _scalar(self, schema: Schema, path: str, rebuild: Rebuild) -> Iterator[Mutation]:
        kind = _kind(schema)
        if kind is None:
            return
        wrong = "text" if kind == "array" else []
        yield Mutation("type", path, rebuild(wrong))
        if kind in ("integer", "number", "boolean"):
            yield Mutation("type", path, rebuild("text"))
        if kind == "integer":
            yield Mutation("type", path, rebuild(1.5))
        if isinstance(schema["type"], str) and path:
            yield Mutation("null", path, rebuild(None), lenient=True)
        if "enum" in schema:
            yield Mutation("enum", path, rebuild("no-such-value"))
        if "pattern" in schema:
            yield Mutation("pattern", path, rebuild("?!"))
        if "format" in schema:
            yield Mutation("format", path, rebuild("tomorrow"))
        if "minimum" in schema:
            yield Mutation("minimum", path, rebuild(schema["minimum"] - 1))
        if "maximum" in schema:
            yield Mutation("maximum", path, rebuild(schema["maximum"] + 1))

    def resolve(self, schema: Schema) -> Schema:
        if "$ref" not in schema:
            return schema
        return {**self._definitions[_name(schema["$ref"])], **schema}


def _kind(schema: Schema) -> str | None:
    kinds = schema.get("type")
    return kinds if isinstance(kinds, str) or kinds is None else kinds[0]


def _name(reference: str) -> str:
    return reference.removeprefix("#/$defs/")


def _discriminator(branch: Schema) -> dict[str, str]:
    ((name, values),) = branch["if"]["properties"].items()
    return {name: values["enum"][0]}


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _with(properties: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    return {**properties, name: value}


def _around(rebuild: Rebuild, inner: Rebuild) -> Rebuild:
    return lambda value: rebuild(copy.deepcopy(inner(value)))
