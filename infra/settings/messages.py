"""What a person reads when settings are wrong: one line, the first mistake, the others counted."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

KEY = "amlops:settings"


class SettingsError(Exception):
    """One message for a person: the file, the path in it, what is wrong and what is allowed."""


def message(error: ValidationError, file: str, root: type[BaseModel]) -> str:
    """The first error, the others counted: one line for a person to mend and run again."""
    errors = error.errors(include_url=False)
    first = errors[0]
    section, parts = _follow(root, first["loc"])
    path = ".".join([KEY, *parts])
    text = _text(first["type"], first["msg"], dict(first.get("ctx", {})), first["input"])
    if first["type"] == "extra_forbidden":
        text = f"unknown; allowed are {', '.join(section.model_fields)}"
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{file}: {path}: {text}{more}"


def _text(kind: str, message: str, context: dict[str, Any], value: object) -> str:
    match kind:
        case "missing":
            return "missing; give it a value"
        case "greater_than_equal":
            return f"{value!r} is too small; allowed is {context['ge']} or more"
        case "less_than_equal":
            return f"{value!r} is too large; allowed is {context['le']} or less"
        case "literal_error":
            return f"{value!r}; allowed are {context['expected']}"
        case "model_type" | "model_attributes_type":
            return f"expected keys with values, not {value!r}"
        case "union_tag_not_found":
            return "kind: missing; give it a value"
        case "union_tag_invalid":
            return f"kind: {context['tag']!r}; allowed are {context['expected_tags']}"
        case "value_error" if isinstance(value, str):
            return f"{value!r}: {context['error']}"
        case "value_error":
            return str(context["error"])
        case _:
            return f"{value!r}: {message}"


def _follow(
    root: type[BaseModel], location: tuple[int | str, ...]
) -> tuple[type[BaseModel], list[str]]:
    """The last section on the way to a place, and the way as the file has it.

    Pydantic's way also names the `kind` by which one of several sections was chosen.
    """
    section, parts = root, []
    kinds: dict[str, type[BaseModel]] = {}
    below_map = False
    for part in location:
        if part == "[key]":
            continue
        if not below_map and str(part) in kinds:
            section, kinds = kinds[str(part)], {}
            continue
        parts.append(str(part))
        field = None if below_map else section.model_fields.get(str(part))
        below_map = False
        if field is None:
            continue
        sections = _sections(field.annotation)
        below_map = get_origin(field.annotation) is dict
        if len(sections) == 1:
            section, kinds = sections[0], {}
        else:
            kinds = {kind: choice for choice in sections for kind in _kinds(choice)}
    return section, parts


def _sections(annotation: Any) -> list[type[BaseModel]]:
    """The sections that a value of this type may be or hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for part in get_args(annotation) for section in _sections(part)]


def _kinds(section: type[BaseModel]) -> tuple[str, ...]:
    field = section.model_fields.get("kind")
    return get_args(field.annotation) if field else ()
