"""What follows from other settings where a setting itself is not given, for people to see.

The components ask the same functions; what only Azure decides is not here.
"""

from __future__ import annotations

from typing import Any

from infra.names import Names
from infra.settings.agreement import image_builder, registry_is_made, registry_sku
from infra.settings.faults import Path
from infra.settings.network import ADDRESSES
from infra.settings.stack import Settings


def derived(settings: Settings, environment: str) -> dict[Path, Any]:
    """By path; only where it can be told without a subscription."""
    network = settings.network
    open_ = not network.private
    names = Names("", settings.workload, environment)
    found: dict[Path, Any] = {
        ("names", "resource_group"): settings.existing.resource_group or names.resource_group,
        ("names", "workspace"): names.workspace,
        ("registry", "create"): "now" if registry_is_made(settings) else "lazy",
        ("workspace", "public_access"): open_,
        ("workspace", "image_build_compute"): image_builder(settings),
    }
    if registry_is_made(settings):
        found["registry", "sku"] = registry_sku(settings)
    if network.private:
        found["network", "outbound"] = "approved" if network.approved_only else "internet"
    if ranges := network.ranges():
        found["network", "addresses"] = ADDRESSES
        found |= {("network", "subnets", name): text for name, text in ranges.items()}
    if network.mode == "own":
        found["network", "nat_gateway"] = network.makes_nat_gateway
    for section in ("instances", "clusters"):
        found |= {(section, key, "public_ip"): open_ for key in getattr(settings, section)}
    found |= {
        ("endpoints", key, "public_access"): open_
        for key, endpoint in settings.endpoints.items()
        if not endpoint.compute
    }
    return found
