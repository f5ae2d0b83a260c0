"""`docs/settings.md`: every setting, out of the same source as the JSON schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.settings.descriptions import split
from infra.settings.fields import IN_WORDS
from infra.settings.schema import SWITCH, schema

FILE = "docs/settings.md"
HEAD = """\
# All settings

What a stack file may say under `amlops:settings`: made by `amlops config schema` out of
`infra/settings/`, not to be edited. What settings do together is in [infra.md](infra.md). `NAME` is
a name of your own. `amlops config show ENV` prints what is in effect in a stack.
"""
MANY = 12
"""Values that are shown one by one; more are where the words say."""
ENTRY = "NAME"
REGISTRY = "At the top of a stack of kind registry"
Schema = Mapping[str, Any]


def text() -> str:
    """The page."""
    definitions = schema()["$defs"]
    sections = _sections(definitions["Settings"], definitions, "")
    registry = _table(definitions["RegistryStack"], definitions, "")[0]
    return f"{HEAD}{''.join(sections)}\n## {REGISTRY}\n\n{registry}"


def write(root: Path) -> Path:
    path = root / FILE
    path.write_text(text(), encoding="utf-8")
    return path


def _sections(section: Schema, definitions: Schema, path: str) -> Iterator[str]:
    """The section's own table, then those of the sections in it."""
    table, below = _table(section, definitions, path)
    yield f"\n## {_title(path, section)}\n\n"
    if path and section.get("description"):
        yield f"{_without(section['description'])}\n\n"
    yield table
    for place, one in below:
        yield from _sections(one, definitions, place)


def _table(section: Schema, definitions: Schema, path: str) -> tuple[str, list[tuple[str, Schema]]]:
    """With the sections that it leads to, and their paths."""
    required = section.get("required", [])
    rows = ["| setting | meaning | allowed | without it |\n| --- | --- | --- | --- |\n"]
    below = []
    for name, field in section["properties"].items():
        inner, by_name = _inner(field, definitions)
        place = ".".join([*([path] if path else []), name, *([ENTRY] if by_name else [])])
        below += [(place, one) for one in inner]
        only = inner[0].get("description", "") if len(inner) == 1 else ""
        meaning, without = split(field.get("description") or only)
        links = [f"[{title}](#{_anchor(title)})" for title in (_title(place, i) for i in inner)]
        allowed = f"{_names(field)}{', '.join(links)}" if links else _allowed(field)
        default = "must be given" if name in required else without or _default(field)
        cells = (f"`{name}`", meaning, allowed, default)
        rows.append(f"| {' | '.join(map(_cell, cells))} |\n")
    return "".join(rows), below


def _title(path: str, section: Schema) -> str:
    kind = section["properties"].get("kind", {})
    if not path:
        return "At the top"
    kinds = kind.get("enum") or ([kind["const"]] if kind else [])
    return f"{path} of kind {', '.join(kinds)}" if kinds else path


def _anchor(title: str) -> str:
    """As GitHub makes it of a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _inner(field: Schema, definitions: Schema) -> tuple[list[Schema], bool]:
    """The sections that a field holds, and whether by names of one's own."""
    by_name = isinstance(field.get("additionalProperties"), Mapping)
    value = field["additionalProperties"] if by_name else field.get("items", field)
    choices = value.get("oneOf") or value.get("anyOf") or [value]
    names = [choice["$ref"].rpartition("/")[2] for choice in choices if "$ref" in choice]
    return [definitions[name] for name in names if "properties" in definitions[name]], by_name


def _allowed(field: Schema) -> str:
    """In words."""
    if choices := field.get("anyOf") or field.get("oneOf"):
        return " or ".join(filter(None, map(_allowed, choices)))
    if field.get("type") == "null":
        return ""
    words = field.get(IN_WORDS)
    if words and len(field.get("enum", [None] * MANY)) >= MANY:
        return f"{_characters(field)}{words}"
    if field.get("enum") == SWITCH:
        return "true, false"
    if values := field.get("enum") or ([field["const"]] if "const" in field else None):
        return ", ".join(map(str, values))
    match field.get("type"):
        case "integer" | "number":
            least = field.get("exclusiveMinimum")
            low = f"above {least}" if least is not None else field.get("minimum")
            return _between(low, field.get("maximum"), "number")
        case "string":
            return f"{_characters(field)}text"
        case "array":
            return f"a list: {_allowed(field['items'])}"
        case "object":
            return f"{_names(field)}{_allowed(field.get('additionalProperties', {}))}"
        case _:
            return ""


def _names(field: Schema) -> str:
    """What names of one's own may be, before what they stand for."""
    names = field.get("propertyNames")
    return f"`{ENTRY}` ({_allowed({'type': 'string', **names})}): " if names else ""


def _characters(field: Schema) -> str:
    low, high = field.get("minLength"), field.get("maxLength")
    bounds = _between(low, high, "")
    return f"{bounds} characters: " if bounds and low != high else ""


def _between(low: Any, high: Any, unbounded: str) -> str:
    if low is None and high is None:
        return unbounded
    if high is None:
        return f"{low} or more"
    return f"up to {high}" if low in (None, 0) and unbounded == "" else f"{low}–{high}"


def _default(field: Schema) -> str:
    match field.get("default"):
        case None | "" | []:
            return ""
        case bool() | int() | float() | str() as value:
            return json.dumps(value).strip('"')
        case Mapping() as entries if isinstance(field.get("additionalProperties"), Mapping):
            return ", ".join(f"`{key}`" for key in entries)
        case list() as items:
            return ", ".join(map(str, items))
        case _:
            return ""


def _without(text: str) -> str:
    return text.replace("None: ", "without it: ")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
