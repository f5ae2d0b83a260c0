"""Whether the region offers what the stack wants there: types of resources, sizes of machines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ops.doctor.case import Case
from ops.doctor.finding import Finding, ok, problem
from ops.doctor.machines import learning, virtual


def resource_types(case: Case) -> Iterator[Finding]:
    """By what the resource providers say of themselves; one that is global says nothing."""
    wanted = {(item.kind, item.location) for item in case.plan.resources if item.location}
    fine = 0
    for kind, region in sorted(wanted):
        offered = _regions(case, kind)
        if not offered or region in offered or region == "global":
            fine += 1
            continue
        yield problem(
            f"{kind} is not offered in {region}.",
            f"set 'location' in {case.file} to one of: {', '.join(sorted(offered))}",
        )
    if fine:
        yield ok(f"{case.plan.location} offers {fine} of {len(wanted)} types of resources")


def _regions(case: Case, kind: str) -> set[str]:
    namespace, _, name = kind.partition("/")
    provider: dict[str, Any] = case.providers.get(namespace.lower(), {})
    for item in provider.get("resourceTypes", []):
        if str(item["resourceType"]).lower() == name.lower():
            return {str(region).replace(" ", "").lower() for region in item.get("locations") or []}
    return set()


def machine_sizes(case: Case) -> Iterator[Finding]:
    region, checked = case.plan.location, 0
    for size, users in _by_size(learning(case)).items():
        checked += 1
        if size.lower() not in case.machine_sizes:
            yield problem(
                f"Azure Machine Learning does not offer {size} in {region} ({users}).",
                f"az ml compute list-sizes --location {region} --output table, then change 'size' "
                f"in {case.file}",
            )
    for size, users in _by_size(virtual(case)).items():
        checked += 1
        sku = case.skus.get(size.lower())
        closed = [item.get("reasonCode") for item in (sku or {}).get("restrictions") or []]
        if sku is None or closed:
            why = f"restricted: {closed[0]}" if closed else "not offered"
            yield problem(
                f"{size} is {why} in {region} ({users}).",
                f"az vm list-skus --location {region} --resource-type virtualMachines --output "
                f"table, then change 'size' in {case.file}",
            )
    if checked:
        yield ok(f"looked for {checked} size{'s' * (checked > 1)} of machines in {region}")


def _by_size(machines: list[Any]) -> dict[str, str]:
    """Size -> the names of those that want it."""
    found: dict[str, list[str]] = {}
    for machine in machines:
        found.setdefault(machine.size, []).append(machine.name)
    return {size: ", ".join(names) for size, names in found.items()}
