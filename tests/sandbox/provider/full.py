"""Inputs that give every property of a resource, so that nothing can be mapped wrongly unseen."""

from __future__ import annotations

from typing import Any

from sandbox.provider.table import ResourceType, Shape

PLAIN = {"string": "text", "boolean": True, "integer": 3, "number": 1.5, "any": {"free": "form"}}
DEPTH = 6  # deep enough for every type here; a type may contain itself


def variants(resource: ResourceType) -> list[dict[str, Any]]:
    """Complete inputs, one for every form that the resource's `properties` may take."""
    kind = resource.shape.properties.get("properties")
    names = kind["oneOf"] if isinstance(kind, dict) and kind.get("oneOf") else [None]
    return [
        {
            name: value(resource.shape, {"type": form} if form and name == "properties" else kind)
            for name, kind in resource.shape.properties.items()
        }
        for form in names
    ]


def value(shape: Shape, kind: Any, depth: int = 0) -> Any:
    if isinstance(kind, str):
        return PLAIN[kind]
    if "list" in kind:
        return [value(shape, kind["list"], depth + 1)]
    if "map" in kind:
        return {"key": value(shape, kind["map"], depth + 1)}
    if depth > DEPTH:
        return {}
    name = kind["type"] if "type" in kind else kind["oneOf"][0]
    document = shape.types[name]
    return {
        inner: document.get("constants", {}).get(inner, value(shape, inner_kind, depth + 1))
        for inner, inner_kind in document["properties"].items()
    }
