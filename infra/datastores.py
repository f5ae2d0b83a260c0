"""Datastores of a workspace beside its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_azure_native import machinelearningservices

from infra.key_vault import Secrets
from infra.placement import Placement
from infra.settings import (
    Datastore,
    FilesDatastore,
    OneLakeDatastore,
    ResourceId,
    StorageDatastore,
    table,
)
from infra.storage import Account


@dataclass(frozen=True)
class Home:
    """The storage account that a datastore lies on, and the place there."""

    label: str
    """The account in names of resources; `own` and `lake` are the environment's."""
    subscription: str
    resource_group: pulumi.Input[str]
    account: pulumi.Input[str]
    account_id: pulumi.Input[str]
    place: pulumi.Input[str]
    """Container, share or filesystem: an output where the program makes it, so that it is first."""


def containers(datastores: Mapping[str, Datastore], kind: str) -> list[str]:
    """The containers or filesystems that datastores of a kind want on the environment's account."""
    return [datastore.place for datastore in _ours(datastores, kind)]


def shares(datastores: Mapping[str, Datastore]) -> dict[str, int]:
    """The file shares on the environment's account, with the largest quota asked for, in GiB."""
    found: dict[str, int] = {}
    for datastore in _ours(datastores, "files"):
        if isinstance(datastore, FilesDatastore):
            quota = max(datastore.quota_gb, found.get(datastore.share, 0))
            found[datastore.share] = quota
    return found


def _ours(datastores: Mapping[str, Datastore], kind: str) -> list[StorageDatastore]:
    return [
        datastore
        for datastore in datastores.values()
        if isinstance(datastore, StorageDatastore)
        and datastore.kind == kind
        and not datastore.account
    ]


def homes(
    datastores: Mapping[str, Datastore],
    subscription: str,
    placement: Placement,
    own: Account,
    lake: Account | None,
) -> dict[str, Home]:
    """Where each datastore on a storage account lies: there already, on ours, on the lake."""
    found = {}
    for key, datastore in datastores.items():
        if not isinstance(datastore, StorageDatastore):
            continue
        if datastore.account:
            there = ResourceId.of(datastore.account)
            found[key] = Home(
                there.name,
                there.subscription,
                there.resource_group,
                there.name,
                datastore.account,
                datastore.place,
            )
            continue
        label, account = ("lake", lake) if datastore.kind == "gen2" else ("own", own)
        assert account
        made = account.shares if datastore.kind == "files" else account.containers
        found[key] = Home(
            label,
            subscription,
            placement.resource_group,
            account.account.name,
            account.account.id,
            made[datastore.place].name,
        )
    return found


@dataclass(frozen=True)
class DatastoresArgs:
    placement: Placement
    tenant_id: pulumi.Input[str]
    workspace_name: pulumi.Input[str]
    secrets: Secrets
    homes: Mapping[str, Home]
    """By the name in the settings, of those on a storage account."""
    datastores: Mapping[str, Datastore]


class Datastores(pulumi.ComponentResource):
    """Does not manage the workspace's own four, nor the data, nor accounts that were there before.

    None holds a key unless its settings name a secret; then the service keeps that in the
    workspace's vault and shows it to nobody who may not list secrets.
    """

    def __init__(
        self, name: str, args: DatastoresArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:Datastores", name, None, opts)
        self.datastores = {
            key: machinelearningservices.Datastore(
                f"{name}-{key}",
                name=key,
                workspace_name=args.workspace_name,
                resource_group_name=args.placement.resource_group,
                properties={
                    "datastore_type": table("datastore-kinds.yaml")[datastore.kind]["type"],
                    "description": datastore.description or None,
                    "tags": args.placement.tags,
                    "credentials": _credentials(datastore, args),
                    "service_data_access_auth_identity": (
                        "WorkspaceUserAssignedIdentity" if datastore.auth == "identity" else "None"
                    ),
                    **_place(key, datastore, args.homes),
                },
                # The check wants a grant that Azure may need minutes to see.
                skip_validation=True,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for key, datastore in args.datastores.items()
        }
        self.register_outputs({"names": sorted(self.datastores)})


def _place(key: str, datastore: Datastore, homes: Mapping[str, Home]) -> dict[str, Any]:
    if isinstance(datastore, StorageDatastore):
        home = homes[key]
        holder = table("datastore-kinds.yaml")[datastore.kind]["place"]
        return {
            "account_name": home.account,
            holder: home.place,
            "endpoint": "core.windows.net",
            "protocol": "https",
            "subscription_id": home.subscription,
            "resource_group": home.resource_group,
        }
    if isinstance(datastore, OneLakeDatastore):
        return {
            "one_lake_workspace_name": datastore.workspace,
            "artifact": {"artifact_type": "LakeHouse", "artifact_name": datastore.artifact},
        }
    account = ResourceId.of(datastore.account)
    return {
        "store_name": account.name,
        "subscription_id": account.subscription,
        "resource_group": account.resource_group,
    }


def _credentials(datastore: Datastore, args: DatastoresArgs) -> dict[str, Any]:
    if datastore.secret is None:
        return {"credentials_type": "None"}
    value = args.secrets.value(datastore.secret, datastore.vault)
    match datastore.auth:
        case "account_key":
            secrets = {"secrets_type": "AccountKey", "key": value}
            return {"credentials_type": "AccountKey", "secrets": secrets}
        case "sas":
            secrets = {"secrets_type": "Sas", "sas_token": value}
            return {"credentials_type": "Sas", "secrets": secrets}
        case _:
            return {
                "credentials_type": "ServicePrincipal",
                "client_id": datastore.client,
                "tenant_id": datastore.tenant or args.tenant_id,
                "secrets": {"secrets_type": "ServicePrincipal", "client_secret": value},
            }
