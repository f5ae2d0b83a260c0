"""Between the SDK's shape of a resource and ARM's: paths, bodies, outputs, inputs."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from sandbox.provider.table import ResourceType, Shape
from sandbox.provider.values import UNKNOWN, Secret, drop, get, put

API_VERSION = "azureApiVersion"
SCOPES = frozenset({"scope", "resourceUri"})
"""Inputs that hold a whole id, of what the resource is put on."""


def resource_id(resource: ResourceType, inputs: dict[str, Any], subscription: str) -> str:
    """The ARM id that the inputs name."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        given = subscription if name == "subscriptionId" else str(inputs[name])
        if name in SCOPES:
            return given.strip("/")
        return quote(given, safe="")

    return re.sub(r"{(\w+)}", value, resource.path)


def path_inputs(resource: ResourceType, identifier: str) -> dict[str, str]:
    """The inputs that an id gives away. Raises `ValueError` when it is of another type."""
    pattern = re.sub(
        r"\\{(\w+)\\}",
        lambda match: f"(?P<{match[1]}>{'.+' if match[1] in SCOPES else '[^/]+'})",
        re.escape(resource.path),
    )
    match = re.fullmatch(pattern, identifier, re.IGNORECASE)
    if match is None:
        raise ValueError(f"'{identifier}' is not the id of a {resource.token}: {resource.path}")
    found = {name: match[name] for name in resource.path_inputs}
    return {name: f"/{given}" if name in SCOPES else given for name, given in found.items()}


def request_body(resource: ResourceType, inputs: dict[str, Any]) -> dict[str, Any]:
    """The body of the PUT that brings a resource to these inputs."""
    elsewhere = {*resource.path_inputs, *resource.query}
    body: dict[str, Any] = {}
    for name, kind in resource.shape.properties.items():
        if name in elsewhere or name not in inputs:
            continue
        target = resource.renamed.get(name, name)
        if resource.flattened and name not in resource.envelope:
            target = f"properties.{target}"
        body = put(body, target, _outward(resource, kind, inputs[name], name))
    return body


def _outward(resource: ResourceType, kind: Any, value: Any, path: str) -> Any:
    if isinstance(value, list):
        if path in resource.keyed:
            return {str(item): {} for item in value}
        inner = kind.get("list") if isinstance(kind, dict) else None
        return [_outward(resource, inner, item, path) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(kind, dict) and "map" in kind:
        return {key: _outward(resource, kind["map"], item, path) for key, item in value.items()}
    shape = resource.shape.nested(kind, value)
    body: dict[str, Any] = {}
    for name, item in value.items():
        inner_path = f"{path}.{name}"
        inner_kind = shape.properties.get(name) if shape else None
        target = str(resource.renamed.get(inner_path, name))
        if "." in target:
            body = put(body, target, _outward(resource, inner_kind, item, inner_path))
        else:
            body[target] = _outward(resource, inner_kind, item, inner_path)
    return _lowered(resource, body) if _is_lifted(resource, kind) else body


def _is_lifted(resource: ResourceType, kind: Any) -> bool:
    return isinstance(kind, dict) and kind.get("type") in resource.lifted


def _lowered(resource: ResourceType, body: dict[str, Any]) -> dict[str, Any]:
    beside = {name: value for name, value in body.items() if name in resource.envelope}
    below = {name: value for name, value in body.items() if name not in resource.envelope}
    return beside | ({"properties": below} if below else {})


def outputs(resource: ResourceType, body: dict[str, Any]) -> dict[str, Any]:
    """What the SDK shows of a resource that ARM answered with `body`."""
    flat = dict(body)
    # A vault's key is asked for with `properties` and shown without.
    if resource.flattened or "properties" not in resource.outputs:
        flat |= flat.pop("properties", None) or {}
    shown = _inward(resource, flat, "")
    found = {name: shown[name] for name in resource.outputs if shown.get(name) is not None}
    for path in resource.secret:
        if (value := get(found, path)) is not None:
            found = put(found, path, Secret(value))
    return found | {API_VERSION: resource.api_version}


def _inward(resource: ResourceType, value: Any, path: str) -> Any:
    if isinstance(value, list):
        return [_inward(resource, item, path) for item in value]
    if not isinstance(value, dict):
        return value
    given = dict(value)
    if path and resource.lifted:
        given |= given.pop("properties", None) or {}
    found: dict[str, Any] = {}
    for sdk_path, target in resource.renamed.items():
        parent, _, name = sdk_path.rpartition(".")
        if parent != path or (item := get(given, target)) is None:
            continue
        found[name] = _inward(resource, item, sdk_path)
        given = drop(given, target)
        container = target.partition(".")[0]
        if "." in target and given.get(container) == {}:
            del given[container]
    for name, item in given.items():
        found[name] = _inward(resource, item, f"{path}.{name}" if path else name)
    return found


def inputs_of(resource: ResourceType, shown: dict[str, Any]) -> dict[str, Any]:
    """The part of a resource's outputs that are inputs, in the form in which inputs are given."""
    found = _project(resource, resource.shape, shown, "")
    return {name: value for name, value in found.items() if name not in resource.path_inputs}


def _project(resource: ResourceType, shape: Shape, values: dict[str, Any], path: str) -> Any:
    found: dict[str, Any] = {}
    for name, kind in shape.properties.items():
        if name in values:
            inner = f"{path}.{name}" if path else name
            found[name] = _as_input(resource, shape, kind, values[name], inner)
    return found


def _as_input(resource: ResourceType, shape: Shape, kind: Any, value: Any, path: str) -> Any:
    if isinstance(value, Secret):
        value = value.value
    if isinstance(value, dict):
        if path in resource.keyed and isinstance(kind, dict) and "list" in kind:
            return sorted(value)
        nested = shape.nested(kind, value)
        return _project(resource, nested, value, path) if nested else value
    if isinstance(value, list) and isinstance(kind, dict) and "list" in kind:
        return [_as_input(resource, shape, kind["list"], item, path) for item in value]
    return value


OF_IDENTITY = ("principalId", "tenantId")
"""What the service makes for an identity of the resource's own."""


def preview(resource: ResourceType, inputs: dict[str, Any]) -> dict[str, Any]:
    """The outputs that a preview can show: the inputs, and unknowns for the rest."""
    shown: dict[str, Any] = dict.fromkeys(resource.outputs, UNKNOWN)
    for name, value in inputs.items():
        if name not in shown:
            continue
        shown[name] = value
        for path in resource.keyed:
            if path.startswith(f"{name}.") and isinstance(get(shown, path), list):
                shown = put(shown, path, UNKNOWN)
    if "SystemAssigned" in str((inputs.get("identity") or {}).get("type", "")):
        shown["identity"] = dict.fromkeys(OF_IDENTITY, UNKNOWN) | shown["identity"]
    return shown | {API_VERSION: resource.api_version}
