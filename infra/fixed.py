"""Settings that Azure takes only when it makes something: another value fails before planning.

That they are fixed is from memory, but for what "Key Vault soft-delete overview", Microsoft Learn,
says of vaults.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.names import Names
from infra.rest import Get
from infra.settings import Fault, FaultsError, Settings


def check_fixed(settings: Settings, names: Names, get: Get) -> None:
    """Raises FaultsError where what is there was made otherwise. What may not be seen, or is not
    there yet, fits.
    """
    if found := list(_changed(settings, names, get)):
        raise FaultsError(found)


def _changed(settings: Settings, names: Names, get: Get) -> Iterator[Fault]:
    vault = _properties(names, f"Microsoft.KeyVault/vaults/{names.vault}", "2024-11-01", get)
    account = _properties(
        names, f"Microsoft.Storage/storageAccounts/{names.storage}", "2024-01-01", get
    )
    workspace = _properties(
        names,
        f"Microsoft.MachineLearningServices/workspaces/{names.workspace}",
        "2025-12-01",
        get,
    )
    if vault is not None:
        days = vault.get("softDeleteRetentionInDays")
        if days and days != settings.vault.soft_delete_days:
            yield _fault("vault", "soft_delete_days", names.vault, days)
        if vault.get("enablePurgeProtection") and not settings.vault.purge_protection:
            yield _fault("vault", "purge_protection", names.vault, "true")
    if account is not None:
        twice = bool((account.get("encryption") or {}).get("requireInfrastructureEncryption"))
        if twice != settings.storage.infrastructure_encryption:
            where = ("storage", "infrastructure_encryption", names.storage)
            yield _fault(*where, str(twice).lower())
    if workspace is not None:
        impact = bool(workspace.get("hbiWorkspace"))
        if impact != settings.workspace.high_business_impact:
            where = ("workspace", "high_business_impact", names.workspace)
            yield _fault(*where, str(impact).lower())


def _fault(section: str, setting: str, name: str, there: object) -> Fault:
    text = (
        f"{name} was made with {there}, which Azure does not change; set it to {there}, or make "
        f"it anew under another name (names.{section}), by which what it holds is lost"
    )
    return Fault((section, setting), text)


def _properties(names: Names, what: str, version: str, get: Get) -> dict[str, Any] | None:
    group = f"/subscriptions/{names.subscription}/resourceGroups/{names.resource_group}"
    try:
        found = get(f"{group}/providers/{what}", version)
    except OSError:
        return None  # The update tells.
    return None if found is None else found.get("properties") or {}
