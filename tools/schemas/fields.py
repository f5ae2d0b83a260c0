"""What the two kinds of SDK model classes say about the JSON they stand for."""

import datetime
import functools
import inspect
import operator
import re
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

# What `Union[X, Y]` and `X | Y` have as their origin.
UNIONS = (typing.Union, types.UnionType)

# A property that a client may send at any time carries either no visibility or all of these.
EVERY_VISIBILITY = frozenset({"read", "create", "update", "delete", "query"})

# The names that msrest gives to wire types in `_attribute_map`.
WIRE_TYPES: Mapping[str, Any] = {
    "str": str,
    "bool": bool,
    "int": int,
    "long": int,
    "float": float,
    "object": Any,
    "iso-8601": datetime.datetime,
    "date": datetime.date,
    "duration": datetime.timedelta,
    "bytearray": bytes,
}

# The names that msrest gives to constraints in `_validation`, and JSON Schema's for the same.
CONSTRAINTS: Mapping[str, str] = {
    "pattern": "pattern",
    "minimum": "minimum",
    "maximum": "maximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "min_items": "minItems",
    "max_items": "maxItems",
}


@dataclass(frozen=True)
class Field:
    """One property of a model.

    `path` are its names on the wire; longer than one where the SDK has flattened an inner object.
    `mutability` is the subset of create, read and update in which the property takes part, empty
    if it takes part in all.
    """

    path: tuple[str, ...]
    annotation: Any
    required: bool = False
    read_only: bool = False
    mutability: tuple[str, ...] = ()
    constraints: Mapping[str, Any] = field(default_factory=dict)


def is_model(candidate: object) -> bool:
    """Whether this is a model class, of either kind."""
    return isinstance(candidate, type) and (
        hasattr(candidate, "_attribute_map") or getattr(candidate, "_is_model", False)
    )


def fields_of(model: type) -> list[Field]:
    """The model's properties with the inherited ones, ordered by wire name."""
    read = _from_attribute_map if hasattr(model, "_attribute_map") else _from_rest_fields
    return sorted(read(model), key=lambda one: one.path)


def subtypes_of(model: type) -> tuple[str, dict[str, type]] | None:
    """The wire name of the model's discriminator and its subclass for each value."""
    if "_subtype_map" in vars(model):
        return _from_subtype_map(model)
    mapping = vars(model).get("__mapping__")
    if mapping is None:
        return None
    attribute, name = next(
        (attribute, value._rest_name_input or attribute)
        for attribute, value in vars(model).items()
        if getattr(value, "_is_discriminator", False)
    )
    # An abstract class in between is filed under its own class name; it is no wire value.
    concrete = {
        str(getattr(value, "value", value)): subclass
        for value, subclass in mapping.items()
        if typing.get_origin(_hints(subclass).get(attribute)) is Literal
    }
    return name, dict(sorted(concrete.items()))


def _from_subtype_map(model: Any) -> tuple[str, dict[str, type]]:
    """The same of a model in the msrest form, where a subclass may have subclasses of its own."""
    ((attribute, names),) = model._subtype_map.items()
    module = sys.modules[model.__module__]
    classes: dict[str, type] = {}
    for value, name in names.items():
        subclass = getattr(module, name)
        if "_subtype_map" in vars(subclass):
            classes |= _from_subtype_map(subclass)[1]
        else:
            classes[value] = subclass
    (wire,) = _path(model._attribute_map[attribute]["key"])
    return wire, dict(sorted(classes.items()))


def without_optional(annotation: Any) -> tuple[Any, bool]:
    """The annotation less `None`, and whether there was one."""
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) not in UNIONS or type(None) not in arguments:
        return annotation, False
    left = tuple(one for one in arguments if one is not type(None))
    return functools.reduce(operator.or_, left), True


def _hints(subject: Any) -> dict[str, Any]:
    owner = inspect.getmodule(subject)
    assert owner is not None
    package = sys.modules[owner.__name__.rpartition(".")[0]]
    # The SDKs import their own package as `_models` for the type checker only.
    return typing.get_type_hints(subject, localns={"_models": package})


def _from_rest_fields(model: type) -> Iterator[Field]:
    hints = _hints(model)
    declared: dict[str, Any] = {}
    for ancestor in reversed(model.__mro__):
        for attribute, value in vars(ancestor).items():
            if hasattr(value, "_rest_name_input"):
                declared[attribute] = value
    for attribute, value in declared.items():
        annotation, optional = without_optional(hints[attribute])
        visibility = frozenset(value._visibility or EVERY_VISIBILITY)
        read_only = visibility == {"read"}
        narrowed = () if visibility >= EVERY_VISIBILITY or read_only else tuple(sorted(visibility))
        yield Field(
            path=(value._rest_name_input or attribute,),
            annotation=annotation,
            required=not optional and not read_only,
            read_only=read_only,
            mutability=narrowed,
        )


def _from_attribute_map(model: Any) -> Iterator[Field]:
    hints = _hints(model.__init__)
    for attribute, wire in model._attribute_map.items():
        if not wire["key"]:  # stands for whatever the model does not know
            continue
        rules = model._validation.get(attribute, {})
        annotation = hints.get(attribute)
        constant = _constant(model, attribute)
        if constant is not None:
            annotation = Literal[constant]
        elif annotation is None or annotation is Any:  # a read-only one is no argument
            annotation = _wire_type(wire["type"], model)
        path = _path(wire["key"])
        read_only = bool(rules.get("readonly"))
        yield Field(
            path=path,
            annotation=without_optional(annotation)[0],
            required=bool(rules.get("required")) and not read_only,
            read_only=read_only,
            constraints={CONSTRAINTS[key]: rules[key] for key in rules if key in CONSTRAINTS},
        )


def _constant(model: type, attribute: str) -> str | None:
    """The value by which a model's base is told to be this one; None for any other attribute."""
    for ancestor in model.__mro__[1:]:
        names = vars(ancestor).get("_subtype_map", {}).get(attribute, {})
        for value, name in names.items():
            if name == model.__name__:
                return str(value)
    return None


def _path(key: str) -> tuple[str, ...]:
    """``properties.odata\\.type`` taken apart."""
    return tuple(part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", key))


def _wire_type(name: str, model: type) -> Any:
    if name.startswith("["):
        return list[_wire_type(name[1:-1], model)]  # type: ignore[misc]
    if name.startswith("{"):
        return dict[str, _wire_type(name[1:-1], model)]  # type: ignore[misc]
    if name in WIRE_TYPES:
        return WIRE_TYPES[name]
    return getattr(sys.modules[model.__module__.rpartition(".")[0]], name)
