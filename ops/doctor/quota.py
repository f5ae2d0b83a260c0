"""Whether the cores that the stack may come to use are within the subscription's quota."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ops.doctor.case import Case
from ops.doctor.finding import Finding, ok, problem
from ops.doctor.machines import Machines, learning, virtual

LEARNING, COMPUTE = "Microsoft.MachineLearningServices", "Microsoft.Compute"
VERSIONS = {LEARNING: "2025-12-01", COMPUTE: "2024-07-01"}
DEDICATED, LOW = "dedicated", "low priority"


@dataclass(frozen=True)
class Limit:
    """One row of what the service lists as usage."""

    name: str
    text: str
    used: int
    limit: int


def machine_learning(case: Case) -> Iterator[Finding]:
    sizes = {name: (str(s["family"]), int(s["vCPUs"])) for name, s in case.machine_sizes.items()}
    own = _in_use(case, sizes)
    yield from _compare(case, LEARNING, _cores(learning(case), sizes), own)


def virtual_machines(case: Case) -> Iterator[Finding]:
    machines = virtual(case)
    if not machines:
        return
    sizes = {name: (str(sku["family"]), _vcpus(sku)) for name, sku in case.skus.items()}
    yield from _compare(case, COMPUTE, _cores(machines, sizes), Counter())


Cores = Counter[tuple[str, str]]
"""Cores by family and priority."""


def _cores(machines: list[Machines], sizes: dict[str, tuple[str, int]]) -> Cores:
    found: Cores = Counter()
    for machine in machines:
        if machine.size.lower() in sizes:  # what the region lacks is another check's finding
            family, cores = sizes[machine.size.lower()]
            found[family, LOW if machine.low else DEDICATED] += cores * machine.count
    return found


def _compare(case: Case, service: str, asked: Cores, own: Cores) -> Iterator[Finding]:
    limits = _limits(case, service)
    for priority in (DEDICATED, LOW):
        families = {family: n for (family, p), n in asked.items() if p == priority and n}
        if not families:
            continue
        checks = [(_total(limits, priority), sum(families.values()), _sum(own, priority))]
        if priority == DEDICATED:  # low priority has one limit for all families together
            checks += [
                (_of_family(limits, family), cores, own[family, priority])
                for family, cores in families.items()
            ]
        for limit, cores, mine in checks:
            if limit:
                yield _judge(case, service, limit, cores, mine)


def _judge(case: Case, service: str, limit: Limit, asked: int, own: int) -> Finding:
    free = limit.limit - limit.used + own
    figures = f"{asked} cores asked for, {free} free of {limit.limit}"
    if asked <= free:
        return ok(f"{limit.text}: {figures}")
    kind = "lowPriority" if "low" in limit.text.lower() else "dedicated"
    scope = f"{case.root}/providers/{service}/locations/{case.plan.location}"
    return problem(
        f"{limit.text} in {case.plan.location}: {figures}.",
        f"az quota update --resource-name {limit.name!r} --scope {scope} --limit-object "
        f"value={limit.limit + asked - free} --resource-type {kind}, or lower 'max' in {case.file}",
    )


def _limits(case: Case, service: str) -> list[Limit]:
    path = f"{case.root}/providers/{service}/locations/{case.plan.location}/usages"
    return [
        Limit(
            str(row["name"]["value"]),
            str(row["name"].get("localizedValue") or row["name"]["value"]),
            int(row["currentValue"]),
            int(row["limit"]),
        )
        for row in case.arm.list(path, VERSIONS[service])
    ]


def _of_family(limits: list[Limit], family: str) -> Limit | None:
    wanted = _bare(family)
    rows = [limit for limit in limits if "priority" not in limit.text.lower()]
    return next((row for row in rows if wanted in (_bare(row.name), _bare(row.text))), None)


def _total(limits: list[Limit], priority: str) -> Limit | None:
    low = priority == LOW
    for limit in limits:
        text = limit.text.lower()
        if "total" in text and ("priority" in text) is low:
            return limit
    return None


def _bare(name: str) -> str:
    """The service writes a family as standardDSv2Family here and as "Standard DSv2 Family Cluster
    Dedicated vCPUs" there: what both have in common.
    """
    words = re.sub(r"cluster|dedicated|vcpus|family", "", name.lower())
    return re.sub(r"[^a-z0-9]", "", words)


def _sum(cores: Cores, priority: str) -> int:
    return sum(count for (_, kind), count in cores.items() if kind == priority)


def _in_use(case: Case, sizes: dict[str, tuple[str, int]]) -> Cores:
    """What the environment itself uses already: it asks for that anew."""
    found: Cores = Counter()
    for workspace in case.plan.of_kind("Microsoft.MachineLearningServices/workspaces"):
        path = workspace.id(case.subscription, case.plan.group)
        if path is None or case.arm.get(path, workspace.version) is None:
            continue
        for compute in case.arm.list(f"{path}/computes", workspace.version):
            inner = compute["properties"].get("properties") or {}
            size = sizes.get(str(inner.get("vmSize", "")).lower())
            if size is None:
                continue
            cluster = compute["properties"].get("computeType") == "AmlCompute"
            count = int(inner.get("currentNodeCount") or 0) if cluster else 1
            low = str(inner.get("vmPriority", "")).lower() == "lowpriority"
            found[size[0], LOW if low else DEDICATED] += size[1] * count
    return found


def _vcpus(sku: dict[str, Any]) -> int:
    capabilities = {item["name"]: item["value"] for item in sku.get("capabilities") or []}
    return int(capabilities.get("vCPUs", 0))
