"""Where Pydantic says that a mistake is, as a path in the file and the section that it is in.

Pydantic's way also names which of several types a value was held against; the file does not.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Discriminator, Tag
from pydantic.fields import FieldInfo

from infra.settings.faults import Path

KEY_MARK = "[key]"
Chooser = str | Callable[..., Any] | None
"""What says which of several types a value is: the name of a key in it, or a function."""


@dataclass(frozen=True)
class Location:
    """`attempt` is where a value may be of several types, and the type that this is about."""

    path: Path
    section: type[BaseModel]
    attempt: tuple[Path, str] | None = None


def locate(root: type[BaseModel], location: Sequence[str | int]) -> Location:
    """Follow Pydantic's `loc` through the types from `root` on."""
    section: type[BaseModel] = root
    kind: Any = root
    path: list[str | int] = []
    attempt: tuple[Path, str] | None = None
    for part in location:
        if part == KEY_MARK:
            break
        choices, chooser = _choices(kind)
        if len(choices) > 1:
            if chooser is None and attempt is None:
                attempt = (tuple(path), str(part))
            kind = next((one for one in choices if str(part) in _labels(one, chooser)), None)
            continue
        path.append(part)
        kind = _bare(choices[0]) if choices else None
        if _is_section(kind):
            section = kind
            kind = _annotated(section.model_fields.get(str(part)))
        else:
            inner = get_args(kind)
            kind = inner[-1 if _is_map(kind) else 0] if inner else None
    return Location(tuple(path), section, attempt)


def _choices(kind: Any) -> tuple[list[Any], Chooser]:
    """What a value may be, None left out, and what chooses among them."""
    chooser: Chooser = None
    while get_origin(kind) is Annotated:
        kind, *metadata = get_args(kind)
        for one in metadata:
            chooser = getattr(one, "discriminator", None) or chooser
    if isinstance(chooser, Discriminator):
        chooser = chooser.discriminator
    if get_origin(kind) not in (Union, types.UnionType):
        return [kind] if kind is not None else [], None
    found = [one for one in get_args(kind) if one is not types.NoneType]
    return (found, chooser) if len(found) > 1 else _choices(found[0])


def _labels(kind: Any, chooser: Chooser) -> set[str]:
    """What Pydantic may call one of several types."""
    found = {str(one.tag) for one in get_args(kind) if isinstance(one, Tag)}
    kind = _bare(kind)
    if not _is_section(kind):
        return found | {str(kind).replace("typing.", "")}
    if isinstance(chooser, str):
        field = kind.model_fields.get(chooser)
        return found | {str(value) for value in get_args(field.annotation if field else None)}
    return found | {kind.__name__}


def _annotated(field: FieldInfo | None) -> Any:
    """A field's type with what chooses in it, which Pydantic has taken apart."""
    if field is None or field.discriminator is None:
        return field and field.annotation
    return Annotated[field.annotation, field]


def _bare(kind: Any) -> Any:
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return kind


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _is_map(kind: Any) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, Mapping)
