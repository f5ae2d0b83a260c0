"""Cores: how many a subscription may use in a region, and how many it does.

Azure Machine Learning and the virtual machines each have limits of their own, by family of sizes
and for all together.
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sandbox.arm.answers import Response, page
from sandbox.arm.errors import ArmError, invalid
from sandbox.arm.ids import SUBSCRIPTION, ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.routes import Route
from sandbox.arm.types import ResourceType
from sandbox.arm.writes import squeeze
from sandbox.jobs.nodes import Nodes
from sandbox.resources.regions import vm_size, vm_sizes_in

if TYPE_CHECKING:
    from sandbox.azure import Azure

MACHINE_LEARNING, COMPUTE = "Microsoft.MachineLearningServices", "Microsoft.Compute"
UPGRADE_RESERVE = 1.2
"""Cores that an online deployment counts for each it has ("Manage quotas", online endpoints)."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS limits (
  subscription TEXT NOT NULL, service TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
  cores INTEGER NOT NULL, PRIMARY KEY (subscription, service, region, name));
"""
Use = tuple[str, str, int]
"""Family, priority (`dedicated` or `low`), cores."""


@functools.cache
def _table() -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = yaml.safe_load(
        Path(__file__).with_suffix(".yaml").read_text()
    )
    return table


class Quota:
    """The limits of a subscription's one service in one region, and what counts against them."""

    def __init__(self, azure: Azure, subscription: str, service: str, region: str) -> None:
        self.azure = azure
        self.subscription = subscription.lower()
        self.service = next(name for name in _table() if name.lower() == service.lower())
        self.region = squeeze(region)
        self.row = _table()[self.service]
        azure.store.migrate(SCHEMA)

    def limit(self, name: str) -> int:
        """Of a family, or of a total."""
        row = self.azure.store.connection.execute(
            "SELECT cores FROM limits "
            "WHERE subscription = ? AND service = ? AND region = ? AND name = ?",
            (self.subscription, self.service, self.region, name.lower()),
        ).fetchone()
        if row:
            return int(row[0])
        totals = {total["name"].lower(): total["limit"] for total in self.row["totals"].values()}
        families = {family.lower(): cores for family, cores in self.row["families"].items()}
        return int({**families, **totals}.get(name.lower(), self.row["default"]))

    def change(self, name: str, cores: int) -> None:
        with self.azure.store.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO limits VALUES (?, ?, ?, ?, ?)",
                (self.subscription, self.service, self.region, name.lower(), cores),
            )

    def used(self) -> Counter[str]:
        """Cores in use, by family and by total."""
        found: Counter[str] = Counter()
        uses = _learning(self.azure) if self.service == MACHINE_LEARNING else _machines(self.azure)
        for user, (family, priority, cores) in uses:
            place = (user.id.subscription.lower(), squeeze(user.location))
            if place == (self.subscription, self.region):
                found[self.row["totals"][priority]["name"]] += cores
                # Low priority has a total alone, for all families together.
                if priority == "dedicated":
                    found[family] += cores
        return found

    def names(self) -> list[tuple[str, str]]:
        """What there are limits of, each as programs and as people call it."""
        families = dict.fromkeys(size["family"] for size in vm_sizes_in(self.region))
        text: str = self.row["family_text"]
        totals = [(total["name"], total["text"]) for total in self.row["totals"].values()]
        return totals + [(name, text.format(family=_plain(name))) for name in families]

    def counted(self, family: str, priority: str) -> list[tuple[str, str]]:
        """The limits that a machine of a family counts against, each with what people call it."""
        found = [(self.row["totals"][priority]["name"], "total")]
        if priority == "dedicated":
            found.append((family, f"Standard {_plain(family)} family"))
        return found


def check_compute(azure: Azure, compute: Resource, previous: Resource | None) -> None:
    """Raises what Azure Machine Learning answers where not even the least fits into the quota.

    An instance is one node, a cluster begins with its minimum; with a minimum of none it must be
    able to have one. The maximum is not looked at: a job that wants more than there is waits.
    """
    inner = compute.properties["properties"]
    size, least = vm_size(inner.get("vmSize")), _least(compute)
    before = _least(previous) if previous else -1
    if size is None or least <= before:
        return
    more = least - max(before, 0)
    quota = Quota(azure, compute.id.subscription, MACHINE_LEARNING, compute.location)
    low = str(inner.get("vmPriority", "")).lower() == "lowpriority"
    used = quota.used() if more else Counter[str]()
    for name, text in quota.counted(size["family"], "low" if low else "dedicated"):
        limit, nodes = quota.limit(name), max(least, 1)
        if size["vCPUs"] * nodes > limit or size["vCPUs"] * more > limit - used[name]:
            raise ArmError(
                400,
                "ClusterMinNodesExceedCoreQuota",
                f"The specified subscription has a {text} vCPU quota of {limit} and cannot "
                f"accomodate for at least {nodes} requested managed compute node"
                f"{'s' * (nodes > 1)} which maps to {size['vCPUs'] * nodes} vCPUs. Talk to your "
                "Subscription Admin or refer to https://docs.microsoft.com/azure/machine-learning/"
                "how-to-manage-quotas#request-quota-increases to increase the quota.",
                target="properties.properties.vmSize",
            )


def _least(compute: Resource) -> int:
    scale = compute.properties["properties"].get("scaleSettings")
    return 1 if scale is None else int(scale.get("minNodeCount") or 0)


def _plain(family: str) -> str:
    """``standardDSv2Family`` -> ``DSv2``."""
    return family.removeprefix("standard").removeprefix("Standard ").removesuffix("Family").strip()


def _learning(azure: Azure) -> Iterator[tuple[Resource, Use]]:
    """Nodes that clusters have, instances unless they give up their cores, deployments."""
    from sandbox.ml.computes import CLUSTER, COMPUTES

    nodes = Nodes(azure)
    for compute in azure.resources.list(COMPUTES):
        inner = compute.properties.get("properties") or {}
        size = vm_size(inner.get("vmSize"))
        if size is None:
            continue
        low = str(inner.get("vmPriority", "")).lower() == "lowpriority"
        if compute.properties.get("computeType") == CLUSTER:
            count = len(nodes.live(compute.id.key))
        else:
            stopped = compute.private.get("state") == "Stopped"
            count = 0 if stopped and inner.get("releaseQuotaOnStop") else 1
        priority = "low" if low else "dedicated"
        yield compute, (size["family"], priority, size["vCPUs"] * count)
    kind = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments"
    for deployment in azure.resources.list(kind):
        size = vm_size(deployment.properties.get("instanceType"))
        if size:
            asked = int((deployment.body.get("sku") or {}).get("capacity") or 1)
            counted = math.ceil(asked * UPGRADE_RESERVE)
            yield deployment, (size["family"], "dedicated", size["vCPUs"] * counted)


def _machines(azure: Azure) -> Iterator[tuple[Resource, Use]]:
    """Virtual machines, and the nodes of Kubernetes clusters."""
    for machine in azure.resources.list("Microsoft.Compute/virtualMachines"):
        properties = machine.properties
        size = vm_size((properties.get("hardwareProfile") or {}).get("vmSize"))
        low = properties.get("priority") in ("Spot", "Low")
        yield from _counted(machine, size, 1, low=low)
    for cluster in azure.resources.list("Microsoft.ContainerService/managedClusters"):
        for pool in cluster.properties.get("agentPoolProfiles") or []:
            low = pool.get("scaleSetPriority") == "Spot"
            size = vm_size(pool.get("vmSize"))
            yield from _counted(cluster, size, int(pool.get("count") or 1), low=low)


def _counted(
    resource: Resource, size: dict[str, Any] | None, count: int, *, low: bool
) -> Iterator[tuple[Resource, Use]]:
    if size:
        priority = "low" if low else "dedicated"
        yield resource, (size["family"], priority, size["vCPUs"] * count)


def _quota(azure: Azure, match: re.Match[str]) -> Quota:
    return Quota(azure, match["subscription"], match["service"], match["region"])


def _usages(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    quota = _quota(azure, match)
    used, learning = quota.used(), quota.service == MACHINE_LEARNING
    rows = []
    for name, text in quota.names():
        row = {
            "unit": "Count",
            "currentValue": used[name],
            "limit": quota.limit(name),
            "name": {"value": name, "localizedValue": text},
        }
        if learning:
            row |= {
                "id": f"{request.path}/{name}",
                "type": f"{MACHINE_LEARNING}/usages",
                "amlWorkspaceLocation": quota.region,
            }
        rows.append(row)
    return page(request, rows)


def _limits(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    quota = Quota(azure, match["subscription"], MACHINE_LEARNING, match["region"])
    rows = [
        {
            "id": f"{request.path}/{name}",
            "amlWorkspaceLocation": quota.region,
            "type": f"{MACHINE_LEARNING}/quotas",
            "limit": quota.limit(name),
            "unit": "Count",
            "name": {"value": name, "localizedValue": text},
        }
        for name, text in quota.names()
    ]
    return page(request, rows)


def _get_limit(azure: Azure, _request: Request, match: re.Match[str]) -> Response:
    return Response(200, _limit_view(azure, match))


def _put_limit(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    """A request for more, granted at once; what is granted may also be less."""
    at = ResourceId("", SUBSCRIPTION, (match["subscription"],))
    azure.authorization.check(request.principal, at, "Microsoft.Quota/quotas/write")
    properties = (request.body or {}).get("properties") or {}
    cores = (properties.get("limit") or {}).get("value")
    if not isinstance(cores, int) or isinstance(cores, bool) or cores < 0:
        raise invalid("'properties.limit.value' must be a number of cores.", "properties.limit")
    _quota(azure, match).change(match["name"], cores)
    return Response(200, _limit_view(azure, match))


def _limit_view(azure: Azure, match: re.Match[str]) -> dict[str, Any]:
    quota, name = _quota(azure, match), match["name"]
    texts = {known.lower(): text for known, text in quota.names()}
    limit = {"limitObjectType": "LimitValue", "value": quota.limit(name)}
    return {
        "id": match[0],
        "name": name,
        "type": "Microsoft.Quota/Quotas",
        "properties": {
            "limit": limit,
            "unit": "Count",
            "name": {"value": name, "localizedValue": texts.get(name.lower(), name)},
            "provisioningState": "Succeeded",
        },
    }


TYPES: list[ResourceType] = []
_SUBSCRIPTION = r"/subscriptions/(?P<subscription>[^/]+)"
_SERVICE = r"(?P<service>microsoft\.(machinelearningservices|compute))"
_REGION = rf"{_SUBSCRIPTION}/providers/{_SERVICE}/locations/(?P<region>[^/]+)"
_QUOTA = rf"{_REGION}/providers/microsoft\.quota/quotas/(?P<name>[^/]+)"
ROUTES = [
    Route("GET", rf"{_REGION}/usages", _usages),
    Route("GET", rf"{_REGION}/quotas", _limits),
    Route("GET", _QUOTA, _get_limit),
    Route("PUT", _QUOTA, _put_limit),
    Route("PATCH", _QUOTA, _put_limit),
]
