"""How many nodes the pools of a cluster have now: an update sends what it finds.

The autoscaler changes the numbers after the start, and the service takes them with every update,
each between its pool's bounds. Pulumi ignores changes in a list by position, and positions shift as
soon as a pool comes or goes: one pool would get the number of another.
"""

from __future__ import annotations

from collections.abc import Mapping

from infra.names import Names
from infra.rest import Get
from infra.settings import Kubernetes

API_VERSION = "2025-09-01"
CLUSTERS = "Microsoft.ContainerService/managedClusters"

Counts = Mapping[str, int]
"""By the pool's name; empty where there is no cluster yet."""


def node_counts(clusters: Mapping[str, Kubernetes], names: Names, get: Get) -> dict[str, Counts]:
    """Of each cluster that the program makes, by its key in the settings."""
    return {key: _of(names, key, get) for key, chosen in clusters.items() if chosen.create}


def _of(names: Names, key: str, get: Get) -> Counts:
    identifier = (
        f"/subscriptions/{names.subscription}/resourceGroups/{names.resource_group}"
        f"/providers/{CLUSTERS}/{names.kubernetes(key)}"
    )
    try:
        found = get(identifier, API_VERSION)
    except PermissionError:
        return {}  # Who may not see the group may not make anything in it: the update tells.
    pools = (found or {}).get("properties", {}).get("agentPoolProfiles") or []
    return {str(pool["name"]): int(pool["count"]) for pool in pools}
