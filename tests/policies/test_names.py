"""Rules speak of types and properties that exist: a misspelt one would pass everything for ever.

The names are those of the SDK, out of which the plugin's shapes are made.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from policies.catalogue import rules
from policies.checks import logs, network
from policies.resource import PREFIX
from sandbox.provider.shapes.__main__ import Module
from sandbox.provider.table import Shape, UnknownTypeError, resource_type
from tests.policies.cases import CASES, Case, Declared


@cache
def shape_of(type_: str) -> Shape:
    """Read off the SDK itself where the plugin does not know the type."""
    with contextlib.suppress(UnknownTypeError):
        return resource_type(PREFIX + type_).shape
    module, _, name = type_.partition(":")
    sdk = Module(module)
    return Shape(sdk.resource(name), sdk.types)


def strange(shape: Shape, value: dict[str, Any], path: str = "") -> Iterator[str]:
    """Paths of properties that the shape does not have."""
    for name, inner in value.items():
        if name not in shape.properties:
            yield f"{path}{name}"
            continue
        kind = shape.properties[name]
        for one, item in _items(kind, inner):
            nested = shape.nested(one, item)
            if nested and isinstance(item, dict):
                yield from strange(nested, item, f"{path}{name}.")


def _items(kind: Any, value: Any) -> list[tuple[Any, Any]]:
    """The values below a list or a map, each with its kind; otherwise the value itself."""
    if isinstance(kind, dict) and "list" in kind:
        return [(kind["list"], item) for item in value or ()]
    if isinstance(kind, dict) and "map" in kind:
        return [(kind["map"], item) for item in value.values()] if isinstance(value, dict) else []
    return [(kind, value)]


@pytest.mark.parametrize("type_", sorted({t for r in rules().values() for t in r.metadata.types}))
def test_a_type_that_is_asked_about_exists(type_: str) -> None:
    assert shape_of(type_).properties


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_property_that_is_asked_for_exists(case: Case) -> None:
    for declared in case.resources:
        shape = shape_of(declared.type)
        every = {**declared.properties, **dict.fromkeys(declared.refers)}
        assert list(strange(shape, every)) == [], declared.type


@pytest.mark.parametrize(
    ("type_", "names"),
    [
        ("monitor:ActionGroup", logs.RECEIVERS),
        ("monitor:DiagnosticSetting", logs.DESTINATIONS),
        ("network:PrivateEndpoint", network.CONNECTIONS),
    ],
)
def test_the_properties_of_a_list_exist(type_: str, names: tuple[str, ...]) -> None:
    assert set(names) <= set(shape_of(type_).properties)


def test_a_misspelt_one_is_found() -> None:
    account = Declared("storage:StorageAccount", "a", {"sku": {"nam": "x"}, "tier": 1})
    shape = shape_of(account.type)
    assert list(strange(shape, account.properties)) == ["sku.nam", "tier"]
