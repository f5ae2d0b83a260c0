"""Sizes of machines on offer in a region, as Azure Machine Learning and as Compute list them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandbox.arm.answers import Response, page
from sandbox.arm.errors import invalid
from sandbox.arm.request import Request
from sandbox.arm.routes import Route
from sandbox.arm.types import ResourceType
from sandbox.arm.writes import squeeze
from sandbox.resources.regions import vm_sizes_in

if TYPE_CHECKING:
    from sandbox.azure import Azure


def _list_sizes(_azure: Azure, request: Request, match: re.Match[str]) -> Response:
    offered = {
        "supportedComputeTypes": ["AmlCompute", "ComputeInstance"],
        "lowPriorityCapable": True,
        "premiumIO": True,
    }
    sizes = vm_sizes_in(match["region"])
    return page(request, [{**_without_regions(size), **offered} for size in sizes])


def _without_regions(size: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in size.items() if key != "missing"}


_LOCATION = re.compile(r"location eq '([^']+)'", re.IGNORECASE)


def _skus(_azure: Azure, request: Request, _match: re.Match[str]) -> Response:
    """Virtual machine sizes in a region; one that is not offered there is restricted."""
    asked = _LOCATION.search(request.query.get("$filter", ""))
    if asked is None:
        raise invalid("The sandbox lists sizes by region: $filter=location eq 'eastus'.", "$filter")
    region = squeeze(asked[1])
    return page(request, [_sku(size, region) for size in vm_sizes_in(region)])


def _sku(size: dict[str, Any], region: str) -> dict[str, Any]:
    name = size["name"]
    return {
        "resourceType": "virtualMachines",
        "name": name,
        "tier": "Standard",
        "size": name.removeprefix("Standard_"),
        "family": size["family"],
        "locations": [region],
        "locationInfo": [{"location": region, "zones": ["1", "2", "3"], "zoneDetails": []}],
        "capabilities": [
            {"name": "vCPUs", "value": str(size["vCPUs"])},
            {"name": "MemoryGB", "value": str(size["memoryGB"])},
            {"name": "GPUs", "value": str(size["gpus"])},
        ],
        "restrictions": [],
    }


TYPES: list[ResourceType] = []
_PROVIDERS = r"/subscriptions/[^/]+/providers"
ROUTES = [
    Route(
        "GET",
        rf"{_PROVIDERS}/microsoft\.machinelearningservices/locations/(?P<region>[^/]+)/vmSizes",
        _list_sizes,
    ),
    Route("GET", rf"{_PROVIDERS}/microsoft\.compute/skus", _skus),
]
