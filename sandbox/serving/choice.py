"""Which endpoint has a host name, and which of its deployments takes a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sandbox.arm.errors import invalid
from sandbox.arm.resource import Resource

if TYPE_CHECKING:
    from sandbox.azure import Azure

ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"


def host_of(endpoint: Resource) -> str:
    region = endpoint.location.replace(" ", "").lower()
    return f"{endpoint.name.lower()}.{region}.inference.ml.azure.com"


def check_name(azure: Azure, endpoint: Resource) -> None:
    """Raises 400 where another endpoint of its type has the host that it would have."""
    for other in azure.resources.list(endpoint.type):
        if other.id.key != endpoint.id.key and host_of(other) == host_of(endpoint):
            raise invalid(
                f"An endpoint with the name '{endpoint.name}' already exists in this region: the "
                "name is part of its address. Choose another name.",
                "name",
                code="BadRequest",
            )


def choose(traffic: Mapping[str, int], point: float) -> str | None:
    """The deployment whose share of the traffic holds `point`, in [0, 1); None without traffic."""
    total = sum(traffic.values())
    rest = point * total
    for name, share in traffic.items():
        if rest < share:
            return name
        rest -= share
    return None
