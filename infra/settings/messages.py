"""What a person reads when settings are wrong: one line, the first mistake, the others counted."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

KEY = "amlops:settings"


class SettingsError(Exception):
    """One message for a person: the file, the path in it, what is wrong and what is allowed."""


def message(error: ValidationError, file: str, root: type[BaseModel]) -> str:
    """The first error, the others counted: one line for a person to mend and run again."""
    errors = error.errors(include_url=False)
    first = errors[0]
    path = ".".join([KEY, *(str(part) for part in first["loc"] if part != "[key]")])
    text = _text(first["type"], first["msg"], dict(first.get("ctx", {})), first["input"])
    if first["type"] == "extra_forbidden":
        section = _section(root, first["loc"][:-1])
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
        case "model_type":
            return f"expected keys with values, not {value!r}"
        case "value_error" if isinstance(value, str):
            return f"{value!r}: {context['error']}"
        case "value_error":
            return str(context["error"])
        case _:
            return f"{value!r}: {message}"


def _section(root: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel]:
    """The section at a path: names of fields, or keys of the maps in between."""
    section = root
    for part in location:
        field = section.model_fields.get(str(part))
        if field is None:
            continue
        candidates = (field.annotation, *getattr(field.annotation, "__args__", ()))
        for candidate in candidates:
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                section = candidate
    return section
