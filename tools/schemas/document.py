"""JSON Schema documents out of model classes."""

import datetime
import decimal
import enum
import typing
from collections.abc import Mapping
from typing import Any, Literal

from tools.schemas.fields import UNIONS, Field, fields_of, is_model, subtypes_of, without_optional

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

SCALARS: Mapping[Any, Schema] = {
    str: {"type": "string"},
    bytes: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    decimal.Decimal: {"type": "number"},
    datetime.datetime: {"type": "string", "format": "date-time"},
    datetime.date: {"type": "string", "format": "date"},
    datetime.timedelta: {"type": "string", "format": "duration"},
}


def document(
    title: str,
    source: str,
    request: type,
    response: type,
    actions: Mapping[str, type],
) -> Schema:
    """The document of one resource type.

    Its root describes the body of a PUT; `x-response` what a GET returns, `x-actions` the body of
    each POST that takes one. An optional property may be null. Objects are closed: what the models
    do not know is found by `additionalProperties`, and it is the reader who decides that this is a
    warning and no error.
    """
    definitions = _Definitions()
    root = definitions.refer(request)
    answer = definitions.refer(response)
    bodies = {name: definitions.refer(actions[name]) for name in sorted(actions)}
    return {
        "$schema": DIALECT,
        "title": title,
        "$comment": source,
        **root,
        "x-response": answer,
        "x-actions": bodies,
        "$defs": dict(sorted(definitions.schemas.items())),
    }


class _Definitions:
    """The `$defs` of a document, by the name of the model class."""

    def __init__(self) -> None:
        self.schemas: dict[str, Schema] = {}
        self._models: dict[str, type] = {}

    def refer(self, model: type) -> Schema:
        name = model.__name__
        if self._models.setdefault(name, model) is not model:
            raise ValueError(f"two models are called {name}")
        if name not in self.schemas:
            self.schemas[name] = {}  # stops the recursion of models that contain themselves
            self.schemas[name].update(self._define(model))
        return {"$ref": f"#/$defs/{name}", "type": "object"}

    def _define(self, model: type) -> Schema:
        subtypes = subtypes_of(model)
        if subtypes is None:
            return self._object(fields_of(model))
        discriminator, classes = subtypes
        branches = [
            {
                "if": {
                    "properties": {discriminator: {"enum": [value]}},
                    "required": [discriminator],
                },
                "then": {"$ref": self.refer(subclass)["$ref"]},
            }
            for value, subclass in classes.items()
        ]
        return {
            "properties": {discriminator: {"type": "string", "enum": list(classes)}},
            "required": [discriminator],
            "allOf": branches,
        }

    def _object(self, fields: list[Field]) -> Schema:
        """A closed object; fields with a longer path are put back into their inner objects."""
        inner: dict[str, list[Field]] = {}
        properties: dict[str, Schema] = {}
        required: set[str] = set()
        for one in fields:
            name, *rest = one.path
            if rest:
                deeper = Field(
                    tuple(rest), one.annotation, one.required, one.read_only, one.mutability,
                    one.constraints,
                )  # fmt: skip
                inner.setdefault(name, []).append(deeper)
            else:
                properties[name] = self._property(one)
            if one.required:
                required.add(name)
        for name, group in inner.items():
            schema = self._object(group)
            properties[name] = {"type": "object" if name in required else _nullable("object")}
            properties[name].update(schema)
        result: Schema = {
            "properties": dict(sorted(properties.items())),
            "additionalProperties": False,
        }
        if required:
            result["required"] = sorted(required)
        return result

    def _property(self, one: Field) -> Schema:
        schema = {**self._schema(one.annotation), **one.constraints}
        if not one.required:
            schema = _accept_null(schema)
        if one.read_only:
            schema["readOnly"] = True
        if one.mutability:
            schema["x-ms-mutability"] = list(one.mutability)
        return schema

    def _schema(self, annotation: Any) -> Schema:
        annotation, optional = without_optional(annotation)
        schema = self._not_null(annotation)
        return _accept_null(schema) if optional else schema

    def _not_null(self, annotation: Any) -> Schema:
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        if annotation in SCALARS:
            return dict(SCALARS[annotation])
        if is_model(annotation):
            return self.refer(annotation)
        if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
            values = sorted({one.value for one in annotation})
            if not isinstance(values[0], str):  # a scale, such as a severity
                return {"type": "integer", "minimum": values[0], "maximum": values[-1]}
            return {"type": "string", "enum": values}
        if origin is Literal:
            values = [getattr(one, "value", one) for one in arguments]
            return {"type": "string", "enum": values}
        if origin is list:
            return {"type": "array", "items": self._schema(arguments[0])}
        if origin is dict:
            return {"type": "object", "additionalProperties": self._schema(arguments[1])}
        if origin in UNIONS:
            return self._union(arguments)
        return {}  # Any, and JSON that the service itself does not describe

    def _union(self, members: tuple[Any, ...]) -> Schema:
        enums = [one for one in members if isinstance(one, type) and issubclass(one, enum.Enum)]
        if enums and set(members) - {*enums} <= {str, int}:
            # The SDKs let an extensible enum be any value; the service refuses others.
            return self._schema(enums[0])
        return {"anyOf": [self._schema(one) for one in members]}


def _nullable(kind: str) -> list[str]:
    return [kind, "null"]


def _accept_null(schema: Schema) -> Schema:
    schema = dict(schema)
    if isinstance(schema.get("type"), str):
        schema["type"] = _nullable(schema["type"])
    if "enum" in schema and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    if "anyOf" in schema:
        schema["anyOf"] = [*schema["anyOf"], {"type": "null"}]
    return schema
