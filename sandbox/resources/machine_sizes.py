"""Sizes of machines on offer in a region, as Azure Machine Learning and as Compute list them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandbox.arm.answers import Response, page
from sandbox.arm.request import Request
from sandbox.arm.routes import Route
from sandbox.arm.types import ResourceType
from sandbox.arm.writes import squeeze
from sandbox.resources.regions import display_names, vm_sizes_in

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
    """Virtual machine sizes in the region of the filter, else in each: the Azure CLI names none."""
    asked = _LOCATION.search(request.query.get("$filter", ""))
    regions = [squeeze(asked[1])] if asked else list(display_names())
    found = [_sku(size, region) for region in regions for size in vm_sizes_in(region)]
    return page(request, found)


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
