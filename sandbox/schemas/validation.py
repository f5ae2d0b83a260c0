"""Checks of bodies against the vendor's models."""

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jsonschema_rs

from sandbox.schemas.documents import Schema, document
from sandbox.schemas.messages import message
from sandbox.schemas.variants import Purpose, variant

Kind = jsonschema_rs.ValidationErrorKind

# What every resource carries in an answer and clients send back, known to a request's model or not.
ENVELOPE = frozenset({"id", "name", "type", "etag", "systemData"})

_DURATION = re.compile(
    r"-?P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+(\.\d+)?D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?"
)
# The services also take times without a zone.
_DATE_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)?", re.ASCII
)

_FORMATS = {
    "duration": lambda text: _DURATION.fullmatch(text) is not None,
    "date-time": lambda text: _DATE_TIME.fullmatch(text) is not None,
}


class Violation(NamedTuple):
    """One thing that is wrong: `path` as in `properties.accessPolicies[0].tenantId`."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path or 'body'}: {self.message}"


@dataclass
class Findings:
    """Errors, and the paths of properties that the model does not know (no error), both sorted."""

    errors: list[Violation] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def check(type_name: str, body: object, *, patch: bool = False) -> Findings:
    """Check the body of a PUT or PATCH. A type without a schema passes.

    One schema holds for all API versions of a type: what a newer one renamed or dropped is known
    through the patches. See `versions` for those allowed.
    """
    purpose = Purpose.PATCH if patch else Purpose.PUT
    return _findings(_validator(type_name.lower(), purpose), body, ENVELOPE)


def check_action(type_name: str, action: str, body: object) -> Findings:
    """Check the body of a POST. An action without a model passes."""
    return _findings(_action_validator(type_name.lower(), action.lower()), body, frozenset())


def check_response(type_name: str, body: object) -> Findings:
    """Check what is answered to a GET or PUT of a resource."""
    return _findings(_validator(type_name.lower(), Purpose.RESPONSE), body, ENVELOPE)


@functools.cache
def _validator(type_name: str, purpose: Purpose) -> "jsonschema_rs.Validator | None":
    found = document(type_name)
    if found is None:
        return None
    root = found["x-response"] if purpose is Purpose.RESPONSE else _root(found)
    return _compile(variant(found, root, purpose))


@functools.cache
def _action_validator(type_name: str, action: str) -> "jsonschema_rs.Validator | None":
    found = document(type_name)
    actions = found["x-actions"] if found else {}
    root = next((actions[name] for name in actions if name.lower() == action), None)
    return _compile(variant(found, root, Purpose.PUT)) if found and root else None


def _root(found: Schema) -> Schema:
    return {"$ref": found["$ref"], "type": found["type"]}


def _compile(schema: Schema) -> "jsonschema_rs.Validator":
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, formats=_FORMATS)


def _findings(
    validator: "jsonschema_rs.Validator | None", body: object, envelope: frozenset[str]
) -> Findings:
    found = Findings()
    if validator is None or validator.is_valid(body):
        return found
    seen: set[str] = set()
    for error in validator.iter_errors(body):
        kind, at = error.kind, list(error.instance_path)
        if isinstance(kind, Kind.AdditionalProperties):
            unknown = [name for name in kind.unexpected if at or name not in envelope]
            found.unknown += [_dotted([*at, name]) for name in unknown]
            continue
        if isinstance(kind, Kind.Required):
            at.append(kind.property)
        path = _dotted(at)
        if path not in seen:  # the first one says it: a wrong type breaks every other rule too
            seen.add(path)
            found.errors.append(Violation(path, message(kind, error.instance)))
    found.errors.sort()
    found.unknown.sort()
    return found


def _dotted(at: Iterable[Any]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at)
    return text.removeprefix(".")
