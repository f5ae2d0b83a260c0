"""Names that all of Azure shares, or that a soft deletion still holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from ops.doctor.case import Case
from ops.doctor.finding import Finding, ok, problem, warning
from ops.doctor.plan import Planned

VAULTS = "Microsoft.KeyVault/vaults"
LOGS = "Microsoft.OperationalInsights/workspaces"
WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
SHARED = {
    "Microsoft.Storage/storageAccounts": ("accountName", "2024-01-01"),
    VAULTS: ("vaultName", "2024-11-01"),
    "Microsoft.ContainerRegistry/registries": ("registryName", "2023-07-01"),
}
"""Types whose names are taken once in all of Azure: the input with the name, the API version."""
KEPT = timedelta(days=14)
"""How long a deleted Azure Machine Learning or Log Analytics workspace can be recovered."""


def taken(case: Case) -> Iterator[Finding]:
    """By somebody else; what is this environment's own is as it should be."""
    for kind, (field, version) in SHARED.items():
        for item in case.plan.of_kind(kind):
            yield _taken(case, item, str(item.inputs[field]), version)


def _taken(case: Case, item: Planned, name: str, version: str) -> Finding:
    what = f"{item.kind.rpartition('/')[2]} name '{name}'"
    identifier = item.id(case.subscription, case.plan.group)
    if identifier and case.arm.get(identifier, item.version):
        return ok(f"{what} is this environment's own")
    path = f"{case.root}/providers/{item.namespace}/checkNameAvailability"
    answer = case.arm.post(path, version, {"name": name, "type": item.kind})
    if answer.get("nameAvailable"):
        return ok(f"{what} is free")
    if item.kind == VAULTS and _deleted_vault(case, name):
        return ok(f"{what} is held by a deleted vault of this subscription: see below")
    return problem(
        f"The {what} is taken ({answer.get('reason')}): {answer.get('message')}",
        f"set another 'workload' in {case.file}, on which the name depends",
    )


def soft_deleted(case: Case) -> Iterator[Finding]:
    """What was deleted and still has its name."""
    for vault in case.plan.of_kind(VAULTS):
        yield from _vault(case, vault)
    for logs in case.plan.of_kind(LOGS):
        yield from _logs(case, logs)
    for workspace in case.plan.of_kind(WORKSPACES):
        yield from _workspace(case, workspace)


def _deleted_vault(case: Case, name: str) -> dict[str, Any] | None:
    path = f"{case.root}/providers/Microsoft.KeyVault/locations/{case.plan.location}"
    return case.arm.get(f"{path}/deletedVaults/{name}", "2024-11-01")


def _vault(case: Case, vault: Planned) -> Iterator[Finding]:
    name = str(vault.inputs["vaultName"])
    found = _deleted_vault(case, name)
    if found is None:
        yield ok(f"no deleted vault holds the name '{name}'")
        return
    properties = found["properties"]
    until = str(properties.get("scheduledPurgeDate", ""))[:10]
    purge = f"az keyvault purge --name {name} --location {case.plan.location}"
    if properties.get("purgeProtectionEnabled"):
        purge = f"wait until {until}: it is protected against purge"
    own = vault.id(case.subscription, case.plan.group) or ""
    if str(properties["vaultId"]).lower() == own.lower():
        yield warning(
            f"The vault '{name}' is deleted and kept until {until}: 'up' recovers it, with the "
            "secrets that are in it.",
            f"to begin with an empty one: {purge}",
        )
    else:
        yield problem(
            f"A deleted vault of another group holds the name '{name}' until {until}: "
            f"{properties['vaultId']}.",
            purge if "protected" not in purge else f"set another 'workload' in {case.file}",
        )


def _logs(case: Case, logs: Planned) -> Iterator[Finding]:
    name = str(logs.inputs["workspaceName"])
    path = f"{case.root}/providers/Microsoft.OperationalInsights/deletedWorkspaces"
    own = (logs.id(case.subscription, case.plan.group) or "").lower()
    for item in case.arm.list(path, "2023-09-01"):
        if str(item["id"]).lower() == own:
            yield warning(
                f"The log workspace '{name}' is deleted and kept for {KEPT.days} days: 'up' brings "
                "it back with its logs.",
                f"to begin with an empty one: az monitor log-analytics workspace recover "
                f"--resource-group {case.plan.group} --workspace-name {name}, then az monitor "
                f"log-analytics workspace delete --force true --resource-group {case.plan.group} "
                f"--workspace-name {name}",
            )
            return
    yield ok(f"no deleted log workspace holds the name '{name}'")


def _workspace(case: Case, workspace: Planned) -> Iterator[Finding]:
    """Azure does not list deleted workspaces: what tells is the activity log, which does not say
    whether one was deleted for good.
    """
    name = str(workspace.inputs["workspaceName"])
    identifier = workspace.id(case.subscription, case.plan.group)
    if identifier is None or case.arm.get(identifier, workspace.version):
        yield ok(f"the workspace '{name}' is there")
        return
    deleted = _deletion(case, identifier)
    if deleted is None:
        yield ok(f"no workspace '{name}' was deleted in the last {KEPT.days} days")
        return
    yield warning(
        f"The workspace '{name}' was deleted on {deleted[:10]}: Azure keeps its name for "
        f"{KEPT.days} days, unless 'amlops down' or 'teardown' has deleted it for good.",
        # Typed when a new one is there, it would delete that.
        f"nothing now; only when 'up' says that the name is taken: az ml workspace delete "
        f"--name {name} --resource-group {case.plan.group} --permanently-delete --yes",
    )


def _deletion(case: Case, identifier: str) -> str | None:
    """When the activity log saw it deleted, the last time; None when it did not."""
    now = datetime.now(UTC)
    since = (now - KEPT).isoformat(timespec="seconds").replace("+00:00", "Z")
    events = case.arm.list(
        f"{case.root}/providers/Microsoft.Insights/eventtypes/management/values",
        "2015-04-01",
        **{"$filter": f"eventTimestamp ge '{since}' and resourceUri eq '{identifier}'"},
    )
    times = [
        str(event["eventTimestamp"])
        for event in events
        if str(event["operationName"]["value"]).lower().endswith("workspaces/delete")
        and event["status"]["value"] in ("Succeeded", "Accepted")
    ]
    return max(times, default=None)
