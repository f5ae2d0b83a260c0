"""A storage account and what the datastores keep in it: containers, file shares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_azure_native import storage

from infra.placement import Placement
from infra.settings import Storage


@dataclass(frozen=True)
class AccountArgs:
    account_name: str
    placement: Placement
    storage: Storage
    containers: Iterable[str]
    shares: Mapping[str, int] = field(default_factory=dict)
    """File shares by name: what each may hold, in GiB."""
    hierarchical: bool = False
    """Whether folders are real, as Data Lake Storage Gen2 has them; cannot be changed later."""


class Account(pulumi.ComponentResource):
    """Does not manage the containers and shares that the workspace makes for itself, nor blobs."""

    def __init__(
        self, name: str, args: AccountArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:Account", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.account = storage.StorageAccount(
            f"{name}-account",
            account_name=args.account_name,
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            kind="StorageV2",
            sku={"name": f"Standard_{args.storage.redundancy}"},
            access_tier="Hot",
            allow_blob_public_access=False,
            allow_cross_tenant_replication=False,
            allow_shared_key_access=args.storage.shared_keys,
            default_to_o_auth_authentication=True,
            enable_https_traffic_only=True,
            minimum_tls_version="TLS1_2",
            is_hns_enabled=args.hierarchical,
            public_network_access="Enabled",
            network_rule_set={"default_action": "Allow", "bypass": "AzureServices"},
            tags=args.placement.tags,
            opts=child,
        )
        self.containers = {
            container: storage.BlobContainer(
                f"{name}-container-{container}",
                container_name=container,
                account_name=self.account.name,
                resource_group_name=args.placement.resource_group,
                public_access="None",
                opts=child,
            )
            for container in sorted(set(args.containers))
        }
        self.shares = {
            share: storage.FileShare(
                f"{name}-share-{share}",
                share_name=share,
                account_name=self.account.name,
                resource_group_name=args.placement.resource_group,
                access_tier="TransactionOptimized",
                enabled_protocols="SMB",
                share_quota=quota,
                opts=child,
            )
            for share, quota in sorted(args.shares.items())
        }
        self.register_outputs({"id": self.account.id, "name": self.account.name})
