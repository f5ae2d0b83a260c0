"""A storage account and what the datastores keep in it: containers, file shares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pulumi
from pulumi_azure_native import storage

from infra.encryption import CustomerKey
from infra.firewall import Firewall
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
    firewall: Firewall = field(default_factory=Firewall)
    key: CustomerKey | None = None
    """None: encrypted with a key of Microsoft's."""
    after: Sequence[pulumi.Resource] = ()
    """The grants on that key."""


class Account(pulumi.ComponentResource):
    """Does not manage the containers and shares that the workspace makes for itself, nor blobs."""

    def __init__(
        self, name: str, args: AccountArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:Account", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.keyless = not args.storage.shared_keys
        self.account = storage.StorageAccount(
            f"{name}-account",
            account_name=args.account_name,
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            kind="StorageV2",
            sku={"name": f"Standard_{args.storage.redundancy}"},
            identity=_identity(args.key),
            encryption=_encryption(args),
            access_tier="Hot",
            allow_blob_public_access=False,
            allow_cross_tenant_replication=False,
            allow_shared_key_access=args.storage.shared_keys,
            default_to_o_auth_authentication=True,
            enable_https_traffic_only=True,
            minimum_tls_version="TLS1_2",
            is_hns_enabled=args.hierarchical,
            is_local_user_enabled=False,
            is_sftp_enabled=False,
            sas_policy={
                "expiration_action": "Log",
                "sas_expiration_period": _days_and_time(args.storage.sas),
            },
            public_network_access=args.firewall.public_network_access,
            network_rule_set={
                "default_action": args.firewall.default_action,
                "bypass": "AzureServices",
                "ip_rules": [
                    {"action": "Allow", "i_p_address_or_range": address}
                    for address in args.firewall.allowed_ips
                ],
                "virtual_network_rules": [],
            },
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=args.after),
        )
        self._keep_what_is_deleted(name, args)
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

    def _keep_what_is_deleted(self, name: str, args: AccountArgs) -> None:
        child = pulumi.ResourceOptions(parent=self)
        kept = {"enabled": True, "days": args.storage.soft_delete_days}
        # Azure has neither versions nor a change feed where folders are real.
        flat = not args.hierarchical
        storage.BlobServiceProperties(
            f"{name}-blobs",
            blob_services_name="default",
            account_name=self.account.name,
            resource_group_name=args.placement.resource_group,
            delete_retention_policy={**kept, "allow_permanent_delete": False},
            container_delete_retention_policy=kept,
            is_versioning_enabled=args.storage.versioning and flat,
            change_feed={"enabled": args.storage.change_feed and flat},
            opts=child,
        )
        storage.FileServiceProperties(
            f"{name}-files",
            file_services_name="default",
            account_name=self.account.name,
            resource_group_name=args.placement.resource_group,
            share_delete_retention_policy=kept,
            opts=child,
        )


def _identity(key: CustomerKey | None) -> Any:
    return key and {"type": "UserAssigned", "user_assigned_identities": [key.identity_id]}


def _encryption(args: AccountArgs) -> dict[str, Any]:
    # Tables and queues take the customer's key only where that is said when the account is made.
    kind = {"enabled": True, "key_type": "Account"}
    encryption: dict[str, Any] = {
        "key_source": "Microsoft.Storage",
        "require_infrastructure_encryption": args.storage.infrastructure_encryption,
        "services": dict.fromkeys(("blob", "file", "queue", "table"), kind),
    }
    if args.key:
        encryption |= {
            "key_source": "Microsoft.Keyvault",
            # Without a version: the account takes up a new one by itself.
            "key_vault_properties": {
                "key_name": args.key.key_name,
                "key_vault_uri": args.key.vault_uri,
            },
            "encryption_identity": {"encryption_user_assigned_identity": args.key.identity_id},
        }
    return encryption


def _days_and_time(age: timedelta) -> str:
    """As storage writes it: 1.00:00:00."""
    minutes = int(age.total_seconds()) // 60
    return f"{minutes // 1440}.{minutes % 1440 // 60:02}:{minutes % 60:02}:00"
