"""What checks ask of a value, and how they say what they found instead."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from policies.resource import Resource

Findings = Iterator[str]

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


def shown(value: Any) -> str:
    """A value as a person writes it: numbers reach a policy as floats, booleans as Python's."""
    match value:
        case None | "":
            return "not set"
        case bool():
            return str(value).lower()
        case float() | int():
            return f"{value:g}"
        case str():
            return value
    return ", ".join(shown(item) for item in value)


def label(path: str) -> str:
    """A path without the envelopes that Azure puts around a resource's properties."""
    return path.removeprefix("properties.").removeprefix("properties.")


def same(one: Any, other: Any) -> bool:
    """Azure takes its words in any case."""
    if isinstance(one, str) and isinstance(other, str):
        return one.casefold() == other.casefold()
    return bool(one == other)


def must_be(resource: Resource, path: str, *allowed: Any, unset: Any = None) -> Findings:
    """`unset`: the value that Azure takes where there is none."""
    found = resource.get(path)
    if not any(same(unset if found is None else found, value) for value in allowed):
        yield f"{label(path)} is {shown(found)}"


def must_not_be(resource: Resource, path: str, *forbidden: Any, unset: Any = None) -> Findings:
    found = resource.get(path)
    if any(same(unset if found is None else found, value) for value in forbidden):
        yield f"{label(path)} is {shown(found)}"


def must_be_set(resource: Resource, path: str) -> Findings:
    if not resource.get(path):
        yield f"{label(path)} is not set"


def must_be_in(resource: Resource, path: str, allowed: Iterable[str]) -> Findings:
    """Names what is allowed; a value that is not set is not this condition's business."""
    found = resource.get(path)
    if found is not None and not any(same(found, value) for value in allowed):
        yield f"{label(path)} is {shown(found)}, allowed are {', '.join(allowed)}"


def must_be_at_most(resource: Resource, path: str, limit: float, unset: float = 0) -> Findings:
    found = resource.get(path)
    if (unset if found is None else found) > limit:
        yield f"{label(path)} is {shown(found)}, allowed are {limit:g} at most"


def must_be_at_least(resource: Resource, path: str, limit: float, unset: float = 0) -> Findings:
    found = resource.get(path)
    if (unset if found is None else found) < limit:
        yield f"{label(path)} is {shown(found)}, allowed are {limit:g} or more"


def minutes(duration: str) -> float:
    """An ISO 8601 duration such as PT30M; raises ValueError where it is none."""
    match = _DURATION.fullmatch(duration)
    if not match or duration in ("P", "PT"):
        raise ValueError(duration)
    days, hours, minutes_, seconds = (int(part or 0) for part in match.groups())
    return days * 1440 + hours * 60 + minutes_ + seconds / 60


def must_last_at_most(
    resource: Resource, path: str, limit: float, *, required: bool = True
) -> Findings:
    """`limit` in minutes."""
    found = resource.get(path)
    if not found:
        if required:
            yield f"{label(path)} is not set, allowed are {limit:g} minutes at most"
        return
    try:
        length = minutes(found)
    except ValueError:
        yield f"{label(path)} is {shown(found)}, not a duration such as PT30M"
        return
    if length > limit:
        yield f"{label(path)} is {found}, allowed are {limit:g} minutes at most"


def has_identity(resource: Resource, kind: str) -> bool:
    """Whether it acts as an identity of a kind; `SystemAssigned,UserAssigned` is both."""
    kinds = str(resource.get("identity.type") or "").casefold().replace(" ", "").split(",")
    return kind.casefold() in kinds


def parts(
    resource: Resource, type_: str, named: str, listed: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Parts with their names: the resource itself where it is one, and those written into it."""
    if resource.type == type_:
        yield resource.get(named) or resource.name, resource.properties
    for part in resource.items(listed):
        yield part.get("name") or "without a name", part


def is_private(resource: Resource) -> bool:
    """Whether it takes no request from public networks."""
    return same(resource.get("publicNetworkAccess"), "Disabled")


def any_of(values: Iterable[Any], wanted: Container[str]) -> bool:
    return any(isinstance(value, str) and value.casefold() in wanted for value in values)
