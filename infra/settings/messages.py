"""What a person reads when settings are wrong: a line for each mistake, and every mistake.

Pydantic stops checking what settings have to do with each other as soon as one of them is wrong.
So what is wrong is taken out, and the rest is checked again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import partial
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from infra.settings.faults import Fault, FaultsError, Path, did_you_mean
from infra.settings.locations import Location, locate

Root = TypeVar("Root", bound=BaseModel)
MISSING = "missing; give it a value"
UNKNOWN = "unknown"
STAND_IN = "stand-in"
"""A text for one that is missing, so that the rest can be checked."""
LONGEST = 80
"""Characters of a value that are shown."""


def check(root: type[Root], data: object) -> tuple[Root | None, list[Fault]]:
    """The settings, or everything that is wrong with them."""
    try:
        return root.model_validate(data), []
    except ValidationError as error:
        found = _faults(error, root)
    rest = deepcopy(data)
    taken: list[Path] = []
    left = found
    while left:
        places = [(fault, _to_be_taken(fault, taken)) for fault in left]
        if not all(path for _, path in places):
            break
        for fault, path in places:
            _take_out(rest, path, stand_in=fault.text == MISSING and len(fault.path) == 1)
        taken += [path for _, path in places]
        try:
            root.model_validate(rest)
        except ValidationError as error:
            left = _faults(error, root)
            new = [fault for fault in left if fault not in found]
            found += [fault for fault in new if not _follows_from(data, taken, fault)]
        else:
            break
    return None, found


def _to_be_taken(fault: Fault, taken: Iterable[Path]) -> Path:
    """What is wrong: the value; the entry in which one is missing; the list of an item.

    What is wrong without it, too, goes with the section that it is in.
    """
    path = fault.path
    if fault.text == MISSING:
        if len(path) == 1:
            return path
        path = path[:-1]
    while path and (path in taken or isinstance(path[-1], int)):
        path = path[:-1]
    return path


def _take_out(data: Any, path: Path, *, stand_in: bool) -> None:
    above = _at(data, path[:-1])
    if stand_in:
        above[path[-1]] = STAND_IN
    elif isinstance(above, dict):
        above.pop(path[-1], None)


def _follows_from(data: object, taken: Iterable[Path], fault: Fault) -> bool:
    """Whether it may be about nothing but what was taken out.

    That itself, what a section lacks or has too much without it, an entry that is named.
    """
    about_a_key = fault.text.startswith((MISSING, UNKNOWN))
    return any(
        (fault.path and path[: len(fault.path)] == fault.path[: len(path)])
        or (about_a_key and path[:-1] == fault.path[:-1] != ())
        or (isinstance(_at(data, path), dict) and re.search(rf"\b{path[-1]}\b", fault.text))
        for path in taken
    )


def _at(data: Any, path: Path) -> Any:
    """What is there, or None."""
    for part in path:
        try:
            data = data[part]
        except (LookupError, TypeError):
            return None
    return data


def _faults(error: ValidationError, root: type[BaseModel]) -> list[Fault]:
    found: list[tuple[Location, Fault]] = []
    for one in error.errors(include_url=False):
        location = locate(root, one["loc"])
        inner = one.get("ctx", {}).get("error")
        if isinstance(inner, FaultsError):
            found += [
                (location, Fault((*location.path, *fault.path), fault.text))
                for fault in inner.found
            ]
        else:
            path, text = _told(one, location)
            found.append((location, Fault(path, text)))
    return list(dict.fromkeys(_one_attempt_each(found)))


def _one_attempt_each(found: list[tuple[Location, Fault]]) -> list[Fault]:
    """Of a value that none of several types fits, what the type says that it fits best.

    That is the one that looked deepest into it, of those the one with the least to say.
    """
    attempts: dict[Path, dict[str, list[Fault]]] = {}
    for location, fault in found:
        if location.attempt:
            path, label = location.attempt
            attempts.setdefault(path, {}).setdefault(label, []).append(fault)
    result = []
    for location, fault in found:
        if location.attempt is None:
            result.append(fault)
        elif at := attempts.pop(location.attempt[0], None):
            path = location.attempt[0]
            result += min(
                at.values(),
                key=partial(_poor_fit, path),
            )
    return result


def _poor_fit(path: Path, told: list[Fault]) -> tuple[bool, int]:
    return all(fault.path == path for fault in told), len(told)


def _told(error: Any, location: Location) -> tuple[Path, str]:
    """Where a mistake is and what is said of it."""
    value, context = error["input"], dict(error.get("ctx", {}))
    path, shown = location.path, _shown(error["input"])
    match error["type"]:
        case "missing":
            text = MISSING
        case "extra_forbidden":
            allowed = list(location.section.model_fields)
            text = f"{UNKNOWN}; allowed are {', '.join(allowed)}{did_you_mean(path[-1], allowed)}"
        case "greater_than_equal":
            text = f"{shown} is too small; allowed is {_number(context['ge'])} or more"
        case "less_than_equal":
            text = f"{shown} is too large; allowed is {_number(context['le'])} or less"
        case "greater_than":
            text = f"{shown} is too small; allowed is more than {_number(context['gt'])}"
        case "less_than":
            text = f"{shown} is too large; allowed is less than {_number(context['lt'])}"
        case "multiple_of":
            text = f"{shown}; allowed are multiples of {context['multiple_of']}"
        case "literal_error":
            text = f"{shown}; allowed are {_or_near(value, context['expected'])}"
        case "union_tag_not_found":
            path, text = (*path, _chooser(context)), MISSING
        case "union_tag_invalid":
            path = (*path, _chooser(context))
            near = _or_near(context["tag"], context["expected_tags"])
            text = f"'{context['tag']}'; allowed are {near}"
        case "model_type" | "model_attributes_type" | "dict_type":
            text = f"expected keys with values, not {shown}"
        case "list_type" | "tuple_type":
            text = f"expected a list, as [a, b], not {shown}"
        case "string_type" if isinstance(value, int | float) and not isinstance(value, bool):
            text = f"expected a text, not the number {shown}; write it in quotes"
        case "string_type":
            text = f"expected a text, not {shown}"
        case "int_type" | "int_parsing" | "int_from_float":
            text = f"expected a whole number, not {shown}{_quoted(value)}"
        case "float_type" | "float_parsing":
            text = f"expected a number, not {shown}{_quoted(value)}"
        case "bool_type" | "bool_parsing":
            text = f"{shown}; allowed are true and false, or on and off"
        case "string_too_short":
            text = f"{shown} is too short; allowed is {_count(context['min_length'])} or more"
        case "string_too_long":
            text = f"has {len(value)} characters; allowed is {context['max_length']} or less"
        case "string_pattern_mismatch":
            text = f"{shown}; allowed is what {context['pattern']} matches"
        case "too_short":
            text = f"has {context['actual_length']} of the {context['min_length']} needed at least"
        case "too_long":
            text = f"has too many; allowed is {context['max_length']} or less"
        case "value_error":
            text = (
                f"{shown}: {context['error']}" if isinstance(value, str) else str(context["error"])
            )
        case _:
            text = f"{shown}: {error['msg']}"
    return path, text


def _or_near(value: object, expected: str) -> str:
    """`'a', 'b' or 'c'` as Pydantic says it, and the one that was probably meant."""
    return expected + did_you_mean(value, re.findall("'([^']*)'", expected))


def _chooser(context: Mapping[str, Any]) -> str:
    return str(context["discriminator"]).strip("'")


def _number(value: float) -> str:
    """With all its digits: 1000000000, not 1e+09."""
    return f"{value:.15g}"


def _quoted(value: object) -> str:
    """What to do about a number that is a text, as the end of a message."""
    is_number = isinstance(value, str) and re.fullmatch(r"[-+]?\d+(\.\d+)?", value)
    return "; write it without quotes" if is_number else ""


def _count(characters: int) -> str:
    return "1 character" if characters == 1 else f"{characters} characters"


def _shown(value: object) -> str:
    """A value as YAML has it, cut where it is long."""
    if isinstance(value, Mapping | list):
        text = ", ".join(str(part) for part in value)
        text = f"{{{text}}}" if isinstance(value, Mapping) else f"[{text}]"
    elif value is None or isinstance(value, bool):
        text = json.dumps(value)
    else:
        text = _number(value) if isinstance(value, float) else repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
