"""Which endpoint has a host name, and which of its deployments takes a request."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.arm.resource import Resource

ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"


def host_of(endpoint: Resource) -> str:
    region = endpoint.location.replace(" ", "").lower()
    return f"{endpoint.name.lower()}.{region}.inference.ml.azure.com"


def choose(traffic: Mapping[str, int], point: float) -> str | None:
    """The deployment whose share of the traffic holds `point`, in [0, 1); None without traffic."""
    total = sum(traffic.values())
    rest = point * total
    for name, share in traffic.items():
        if rest < share:
            return name
        rest -= share
    return None
