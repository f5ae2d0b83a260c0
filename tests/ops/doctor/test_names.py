"""Names that are taken, by whom, and those that a soft deletion holds."""

from __future__ import annotations

from typing import Any

from ops.doctor import names
from ops.doctor.case import Case
from tests.ops.doctor.conftest import levels, only
from tests.sandbox.conftest import RunningSandbox


def account(place: RunningSandbox, group: str, name: str) -> None:
    body = {"location": "eastus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2",
            "properties": {}}  # fmt: skip
    at = f"{group}/providers/Microsoft.Storage/storageAccounts/{name}"
    assert place.arm("PUT", at, body, version="2024-01-01").is_success


def vault(place: RunningSandbox, group: str, name: str, **properties: Any) -> str:
    tenant = place.environment["AZURE_TENANT_ID"]
    at = f"{group}/providers/Microsoft.KeyVault/vaults/{name}"
    body = {"location": "eastus", "properties": {
        "tenantId": tenant, "sku": {"name": "standard", "family": "A"}, **properties}}  # fmt: skip
    assert place.arm("PUT", at, body, version="2024-11-01").is_success
    return at


def planned(case: Case, kind: str, field: str) -> str:
    (item,) = case.plan.of_kind(kind)
    return str(item.inputs[field])


def test_free_names(case: Case) -> None:
    assert set(levels(names.taken(case))) == {"ok"}
    assert set(levels(names.soft_deleted(case))) == {"ok"}


def test_a_name_that_somebody_else_has(case: Case, place: RunningSandbox, other_group: str) -> None:
    name = planned(case, "Microsoft.Storage/storageAccounts", "accountName")
    account(place, other_group, name)
    found = only(names.taken(case), "problem")
    assert f"The storageAccounts name '{name}' is taken (AlreadyExists)" in found.what
    assert (
        found.mend == "set another 'workload' in stacks/Pulumi.dev.yaml, on which the name depends"
    )


def test_a_name_that_this_environment_has(
    case: Case, place: RunningSandbox, own_group: str
) -> None:
    name = planned(case, "Microsoft.Storage/storageAccounts", "accountName")
    account(place, own_group, name)
    found = [finding.what for finding in names.taken(case)]
    assert f"storageAccounts name '{name}' is this environment's own" in found


def test_a_deleted_vault_of_this_environment_comes_back(
    case: Case, place: RunningSandbox, own_group: str
) -> None:
    name = planned(case, names.VAULTS, "vaultName")
    at = vault(place, own_group, name)
    assert place.arm("DELETE", at, version="2024-11-01").is_success
    assert "problem" not in levels(names.taken(case))
    found = only(names.soft_deleted(case), "warning")
    assert "'up' recovers it" in found.what
    assert found.mend == (
        f"to begin with an empty one: az keyvault purge --name {name} --location eastus"
    )
    purge = f"/subscriptions/{case.subscription}/providers/Microsoft.KeyVault/locations/eastus"
    place.arm("POST", f"{purge}/deletedVaults/{name}/purge", version="2024-11-01")


def test_a_deleted_vault_of_another_group_is_in_the_way(
    case: Case, place: RunningSandbox, other_group: str
) -> None:
    name = planned(case, names.VAULTS, "vaultName")
    at = vault(place, other_group, name)
    place.arm("DELETE", at, version="2024-11-01")
    found = only(names.soft_deleted(case), "problem")
    assert f"A deleted vault of another group holds the name '{name}'" in found.what
    assert found.mend == f"az keyvault purge --name {name} --location eastus"
    purge = f"/subscriptions/{case.subscription}/providers/Microsoft.KeyVault/locations/eastus"
    place.arm("POST", f"{purge}/deletedVaults/{name}/purge", version="2024-11-01")
    assert "problem" not in levels(names.soft_deleted(case))


def test_a_deleted_log_workspace_comes_back(
    case: Case, place: RunningSandbox, own_group: str
) -> None:
    name = planned(case, names.LOGS, "workspaceName")
    at = f"{own_group}/providers/{names.LOGS}/{name}"
    place.arm("PUT", at, {"location": "eastus", "properties": {}}, version="2023-09-01")
    place.arm("DELETE", at, version="2023-09-01")
    found = only(names.soft_deleted(case), "warning")
    assert f"The log workspace '{name}' is deleted" in found.what
    assert "--force true" in str(found.mend)
    place.arm("PUT", at, {"location": "eastus", "properties": {}}, version="2023-09-01")
    place.arm("DELETE", f"{at}?force=true", version="2023-09-01")
    assert "warning" not in levels(names.soft_deleted(case))


def test_a_workspace_that_was_deleted_of_late(
    case: Case, place: RunningSandbox, own_group: str
) -> None:
    """Azure lists no deleted workspaces: the activity log tells of the deletion."""
    from tests.sandbox.conftest import make_workspace

    made = make_workspace(place, own_group.rpartition("/")[2])
    name = planned(case, names.WORKSPACES, "workspaceName")
    at = made.id.rpartition("/")[0] + f"/{name}"
    body = place.arm("GET", made.id, version="2025-12-01").json()
    wanted = {key: body[key] for key in ("location", "identity", "properties")}
    assert place.arm("PUT", at, wanted, version="2025-12-01").is_success
    assert "warning" not in levels(names.soft_deleted(case))
    place.arm("DELETE", at, version="2025-12-01")
    found = only(names.soft_deleted(case), "warning")
    assert f"The workspace '{name}' was deleted on" in found.what
    assert "unless 'amlops down' or 'teardown' has deleted it for good" in found.what
    assert str(found.mend).startswith("nothing now; only when 'up' says that the name is taken: az")
    assert "--permanently-delete" in str(found.mend)
    assert place.arm("DELETE", f"{at}?forceToPurge=true", version="2025-12-01").is_success
