"""Words for what the validator finds: what was expected, and what kind of value came."""

from typing import Any

import jsonschema_rs

from sandbox.schemas.variants import choices

Kind = jsonschema_rs.ValidationErrorKind

FORMATS = {
    "duration": "an ISO 8601 duration such as 'PT2M'",
    "date-time": "an ISO 8601 date and time such as '2026-01-31T12:00:00Z'",
    "date": "a date such as '2026-01-31'",
}

_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),  # before int, of which Python's bool is one
    (int, "integer"),
    (float, "number"),
    (str, "string"),
    (list, "array"),
    (dict, "object"),
)


def message(kind: Any, value: object) -> str:
    """One sentence for an error of this kind; the value itself is shown for an enum only.

    Any other value may be a secret.
    """
    match kind:
        case Kind.Required():
            return "is required"
        case Kind.Type():
            wanted = " or ".join(sorted(one for one in kind.types if one != "null"))
            return f"expected {wanted}, found {_type_of(value)}"
        case Kind.Pattern():
            values = choices(kind.pattern)
            if values:
                return f"expected one of {', '.join(values)}, found '{str(value)[:60]}'"
            return f"must match {kind.pattern}"
        case Kind.Format():
            return f"expected {FORMATS.get(kind.format, kind.format)}"
        case Kind.Minimum():
            return f"must be at least {kind.limit}, found {value}"
        case Kind.Maximum():
            return f"must be at most {kind.limit}, found {value}"
        case Kind.MinLength():
            return f"must have at least {kind.limit} characters"
        case Kind.MaxLength():
            return f"must have at most {kind.limit} characters"
        case Kind.MinItems():
            return f"must have at least {kind.limit} elements"
        case Kind.MaxItems() | Kind.MaxProperties():
            return f"must have at most {kind.limit} elements"
    return f"breaks the rule '{kind.name}' of its model"


def _type_of(value: object) -> str:
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "null")
