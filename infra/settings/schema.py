"""The JSON schema of a stack file, from which editors complete and check while one writes.

What a schema cannot say (bounds of times, what settings have to do with each other) is left to the
models: a file that the models take, the schema takes too.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from infra.settings.descriptions import description, section_description
from infra.settings.faults import KEY
from infra.settings.fields import written
from infra.settings.files import PULUMIS
from infra.settings.registry import RegistryStack
from infra.settings.stack import Settings

FILE = "stacks/settings.schema.json"
LINE = "# yaml-language-server: $schema=settings.schema.json"
"""The first line of a stack file, by which an editor finds the schema."""
SWITCH = [True, False, "on", "off"]
"""YAML 1.2 has no other truths than true and false; `on` is a text to it, and taken."""


def schema() -> dict[str, Any]:
    """Of a whole stack file, with what Pulumi keeps in it."""
    either = TypeAdapter(Settings | RegistryStack)
    definitions = either.json_schema(schema_generator=_Generator)["$defs"]
    registry = {"properties": {"kind": {"const": "registry"}}, "required": ["kind"]}
    return {
        "$schema": _Generator.schema_dialect,
        "title": "A stack of amlops",
        "description": "Made by `amlops config schema` out of infra/settings; not to be edited.",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {
                    KEY: {
                        "if": registry,
                        "then": {"$ref": "#/$defs/RegistryStack"},
                        "else": {"$ref": "#/$defs/Settings"},
                    }
                },
                "patternProperties": {f"^(?!{KEY}$)amlops:": False},
                "required": [KEY],
            },
            **{name: {} if name == "environment" else {"type": "string"} for name in PULUMIS},
        },
        "required": ["config"],
        "additionalProperties": False,
        "$defs": definitions,
    }


def text() -> str:
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def write(root: Path) -> Path:
    path = root / FILE
    path.write_text(text(), encoding="utf-8")
    return path


class _Generator(GenerateJsonSchema):
    """With what the source says of each setting, and without the titles that repeat its name."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        made.pop("title", None)
        section = schema["cls"]
        made["description"] = section_description(section)
        for name, of_field in made.get("properties", {}).items():
            if said := description(section, name):
                of_field["description"] = said
        return made

    def field_title_should_be_set(self, _schema: Any) -> bool:
        return False

    def encode_default(self, dft: Any) -> Any:
        return written(dft) if isinstance(dft, timedelta) else super().encode_default(dft)

    def bool_schema(self, _schema: core_schema.BoolSchema) -> JsonSchemaValue:
        return {"enum": SWITCH}

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Every key is held against the names that are allowed, whatever its pattern."""
        keys, values = schema.get("keys_schema"), schema.get("values_schema")
        made: JsonSchemaValue = {"type": "object"}
        if keys:
            names = self.generate_inner(keys)
            names.pop("type", None)
            made["propertyNames"] = names
        if values:
            made["additionalProperties"] = self.generate_inner(values)
        return made
