"""The machines that a stack may come to run, at the most: nodes, instances, pools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ops.doctor.case import Case

COMPUTES = "Microsoft.MachineLearningServices/workspaces/computes"
CLUSTERS = "Microsoft.ContainerService/managedClusters"
MACHINES = "Microsoft.Compute/virtualMachines"


@dataclass(frozen=True)
class Machines:
    """So many machines of one size. low: by low priority, which has a quota of its own."""

    name: str
    size: str
    count: int
    low: bool


def learning(case: Case) -> list[Machines]:
    """Of Azure Machine Learning's own computes: they count against its quota."""
    found = []
    for compute in case.plan.of_kind(COMPUTES):
        properties = compute.inputs.get("properties") or {}
        inner = properties.get("properties") or {}
        size = inner.get("vmSize")
        kind, name = properties.get("computeType"), str(compute.inputs.get("computeName"))
        if not isinstance(size, str):
            continue
        if kind == "AmlCompute":
            most = (inner.get("scaleSettings") or {}).get("maxNodeCount", 1)
            low = str(inner.get("vmPriority", "")).lower() == "lowpriority"
            found.append(Machines(name, size, int(most), low))
        elif kind == "ComputeInstance":
            found.append(Machines(name, size, 1, low=False))
    return found


def virtual(case: Case) -> list[Machines]:
    """Of Kubernetes clusters and virtual machines: they count against Microsoft.Compute's."""
    found = []
    for cluster in case.plan.of_kind(CLUSTERS):
        for pool in cluster.inputs.get("agentPoolProfiles") or []:
            found += _pool(pool)
    for pool in case.plan.of_kind(f"{CLUSTERS}/agentPools"):
        found += _pool(pool.inputs)
    for machine in case.plan.of_kind(MACHINES):
        size = (machine.inputs.get("hardwareProfile") or {}).get("vmSize")
        low = machine.inputs.get("priority") in ("Spot", "Low")
        if isinstance(size, str):
            found.append(Machines(str(machine.inputs.get("vmName")), size, 1, low))
    return found


def _pool(pool: dict[str, Any]) -> list[Machines]:
    size = pool.get("vmSize")
    if not isinstance(size, str):
        return []
    most = pool.get("maxCount") if pool.get("enableAutoScaling") else pool.get("count")
    name = str(pool.get("name") or pool.get("agentPoolName"))
    return [Machines(name, size, int(most or 1), pool.get("scaleSetPriority") == "Spot")]
