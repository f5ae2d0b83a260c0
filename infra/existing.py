"""What settings say is there already: looked up before anything is planned.

Everything that is missing is told at once, each with the setting that names it. What is found is
used as it is, and never deleted: it is no resource of the stack's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.datastores import containers
from infra.rest import Get
from infra.settings import Fault, FaultsError, ResourceId, Settings, StorageDatastore, table

VERSIONS = {
    "resourceGroups": "2025-04-01",
    "Microsoft.OperationalInsights/workspaces": "2023-09-01",
    "Microsoft.Network/virtualNetworks": "2024-05-01",
    "Microsoft.Network/virtualNetworks/subnets": "2024-05-01",
    "Microsoft.Network/privateDnsZones": "2024-06-01",
    "Microsoft.KeyVault/vaults": "2024-11-01",
    "Microsoft.KeyVault/vaults/keys": "2024-11-01",
    "Microsoft.Storage/storageAccounts": "2024-01-01",
    "Microsoft.Storage/storageAccounts/blobServices/containers": "2024-01-01",
    "Microsoft.Storage/storageAccounts/fileServices/shares": "2024-01-01",
}
PLACES = {
    "blob": ("container", "blobServices", "containers"),
    "files": ("share", "fileServices", "shares"),
    "gen2": ("filesystem", "blobServices", "containers"),
}
"""By a datastore's kind: the setting of its place, and where Azure has that on an account."""


class MissingError(FaultsError):
    """What settings name and nobody finds."""


@dataclass(frozen=True)
class Wanted:
    """setting: its path in the stack file."""

    setting: str
    id: str
    kind: str
    mend: str = "correct the setting, or leave it out to have one made"


def wanted(settings: Settings, subscription: str) -> Iterator[Wanted]:
    """All that settings say is there."""
    existing, network = settings.existing, settings.network.existing
    if existing.resource_group:
        group = f"/subscriptions/{subscription}/resourceGroups/{existing.resource_group}"
        yield Wanted("existing.resource_group", group, "resourceGroups")
    if existing.logs:
        yield Wanted("existing.logs", existing.logs, "Microsoft.OperationalInsights/workspaces")
    if network.virtual_network and network.subnets:
        kind = "Microsoft.Network/virtualNetworks"
        yield Wanted("network.existing.virtual_network", network.virtual_network, kind)
        for name, subnet in network.subnets.model_dump(exclude_none=True).items():
            identifier = f"{network.virtual_network}/subnets/{subnet}"
            yield Wanted(f"network.existing.subnets.{name}", identifier, f"{kind}/subnets")
    if network.dns_zones:
        links = table("private-links.yaml")
        lake = bool(containers(settings.datastores, "gen2"))
        services = [name for name in links if name != "lake" or lake]
        for zone in sorted({z for name in services for zs in links[name].values() for z in zs}):
            kind = "Microsoft.Network/privateDnsZones"
            identifier = f"{network.dns_zones}/providers/{kind}/{zone}"
            yield Wanted("network.existing.dns_zones", identifier, kind)
    if settings.encryption.key:
        kind = "Microsoft.KeyVault/vaults"
        yield Wanted("encryption.key", str(settings.encryption.vault), kind)
        yield Wanted("encryption.key", settings.encryption.key, f"{kind}/keys")
    yield from _data(settings)


def _data(settings: Settings) -> Iterator[Wanted]:
    """Where roles are given on data of others: with a secret, whoever deploys need not see it."""
    for key, datastore in settings.datastores.items():
        if not isinstance(datastore, StorageDatastore) or not datastore.account:
            continue
        if datastore.auth != "identity":
            continue
        kind, account = "Microsoft.Storage/storageAccounts", datastore.account
        yield Wanted(f"datastores.{key}.account", account, kind)
        setting, service, inner = PLACES[datastore.kind]
        yield Wanted(
            f"datastores.{key}.{setting}",
            f"{account}/{service}/default/{inner}/{datastore.place}",
            f"{kind}/{service}/{inner}",
            "make it, since on an account that is there the program does not, or correct the "
            "setting",
        )


def elsewhere(settings: Settings, subscription: str) -> Iterator[Fault]:
    """What lies in another subscription, and has to be in the workspace's: "Secure a training
    environment with virtual networks", "Use customer-managed keys" and "Deploy Azure Machine
    Learning extension", Microsoft Learn.
    """
    network = settings.network.existing.virtual_network
    kept: dict[tuple[str, ...], tuple[str | None, str]] = {
        ("network", "existing", "virtual_network"): (
            network,
            "of a network, where the private endpoints lie,",
        ),
        ("encryption", "key"): (settings.encryption.key, "of a key for a workspace"),
        **{
            ("kubernetes", key, "existing"): (cluster.existing, "of a cluster to attach")
            for key, cluster in settings.kubernetes.items()
        },
    }
    for path, (named, what) in kept.items():
        if named and ResourceId.of(named).subscription.lower() != subscription.lower():
            text = (
                f"{named} is in another subscription; allowed {what} is the workspace's own, "
                f"{subscription}"
            )
            yield Fault(path, text)


def look_up(settings: Settings, subscription: str, get: Get) -> str | None:
    """The address of `encryption.key` with its version of now, None where none is given.

    Raises MissingError for what is not there or not in the workspace's subscription and has to be,
    for a key whose vault could be purged, and where Azure does not answer.
    """
    missing, versioned = list(elsewhere(settings, subscription)), None
    for one in wanted(settings, subscription):
        found = _found(one, get)
        path = tuple(one.setting.split("."))
        if found is None:
            text = f"there is no {one.id}, or whoever deploys may not see it; {one.mend}"
            missing.append(Fault(path, text))
            continue
        properties = found.get("properties") or {}
        versioned = properties.get("keyUriWithVersion") or versioned
        if one.kind == "Microsoft.KeyVault/vaults" and not properties.get("enablePurgeProtection"):
            text = (
                f"vault {found['name']} has no purge protection, and what the key "
                "encrypts is lost with it; switch that on first"
            )
            missing.append(Fault(path, text))
    if missing:
        raise MissingError(missing)
    return versioned


def _found(one: Wanted, get: Get) -> dict[str, Any] | None:
    try:
        return get(one.id, VERSIONS[one.kind])
    except PermissionError:
        return None
    except OSError as error:
        raise MissingError.at(
            one.setting, f"cannot tell whether {one.id} is there: {error}"
        ) from None
