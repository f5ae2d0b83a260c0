"""What the kinds of compute have in common: where their settings lie, how those are checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource
from sandbox.jobs.iso8601 import duration

if TYPE_CHECKING:
    from sandbox.azure import Azure

SETTINGS = "properties.properties"
_SUBNETS = "Microsoft.Network/virtualNetworks/subnets"


def settings_of(compute: Resource) -> dict[str, Any]:
    """What belongs to the kind of compute, one level below the compute's own properties."""
    if not isinstance(compute.properties.get("properties"), dict):
        compute.properties["properties"] = {}
    inner: dict[str, Any] = compute.properties["properties"]
    return inner


def check_duration(text: str, path: str) -> None:
    try:
        duration(text)
    except ValueError as error:
        raise invalid(f"{error}.", path) from None


def check_subnet(azure: Azure, inner: dict[str, Any]) -> None:
    """Raises 400 for a subnet that is not there."""
    named = (inner.get("subnet") or {}).get("id")
    if not named:
        return
    at = ResourceId.parse(named)
    if at.type.lower() != _SUBNETS.lower() or azure.resources.get(at) is None:
        raise invalid(
            f"The subnet '{named}' was not found.",
            f"{SETTINGS}.subnet.id",
            code="InvalidResourceReference",
        )
