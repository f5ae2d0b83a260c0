"""The key that data at rest is encrypted with, where a team wants its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import keyvault, managedidentity

from infra.names import Names
from infra.placement import Placement
from infra.role_assignments import Grant, RoleAssignments, RoleAssignmentsArgs
from infra.settings import Encryption, ResourceId, iso8601

# The lowest that storage, workspace and registry need: they wrap their own keys with it.
KEY_OPERATIONS = ["wrapKey", "unwrapKey"]


@dataclass(frozen=True)
class CustomerKey:
    """What a service needs to know to encrypt with the key."""

    identity_id: pulumi.Input[str]
    identity_client_id: pulumi.Input[str]
    vault_id: pulumi.Input[str]
    vault_uri: pulumi.Input[str]
    key_name: pulumi.Input[str]
    key_uri: pulumi.Input[str]
    """Without a version: who has this one takes up a new version by itself."""
    versioned_key_uri: pulumi.Input[str]


@dataclass(frozen=True)
class CustomerKeyArgs:
    names: Names
    placement: Placement
    encryption: Encryption
    vault: keyvault.Vault
    versioned_uri: str | None = None
    """Of `encryption.key`, as it stands; None where the key is made."""


class CustomerKeys(pulumi.ComponentResource):
    """Does not manage Log Analytics: its keys need a dedicated cluster. Nor a key given by id.

    A key that was made is left where it is when the environment goes: the vault outlives it (purge
    protection), and what is soft-deleted is readable with that key only. A new life of the
    environment has a new identity and with it a key of another name.
    """

    def __init__(
        self, name: str, args: CustomerKeyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:CustomerKeys", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.identity = managedidentity.UserAssignedIdentity(
            f"{name}-identity",
            resource_name_=args.names.identity("encryption"),
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            tags=args.placement.tags,
            opts=child,
        )
        if args.encryption.key:
            scope: pulumi.Input[str] = args.encryption.key
        else:
            self.made = self._key(name, args)
            scope = self.made.id
        grants = RoleAssignments(
            f"{name}-roles",
            RoleAssignmentsArgs(
                args.names,
                [
                    Grant(
                        "encryption-key",
                        self.identity.principal_id,
                        "ServicePrincipal",
                        "Key Vault Crypto Service Encryption User",
                        scope,
                        "Storage, workspace and registry wrap and unwrap their keys with this one.",
                    )
                ],
            ),
            child,
        )
        self.key = self._told(args)
        self.granted = grants.assignments
        self.register_outputs({"identity": self.identity.id, "key": scope})

    def _key(self, name: str, args: CustomerKeyArgs) -> keyvault.Key:
        return keyvault.Key(
            f"{name}-key",
            key_name=self.identity.client_id.apply(lambda client: f"amlops-{client[:8]}"),
            vault_name=args.vault.name,
            resource_group_name=args.placement.resource_group,
            properties={
                "kty": "RSA",
                "key_size": args.encryption.key_size,
                "key_ops": KEY_OPERATIONS,
                "attributes": {"enabled": True, "exportable": False},
                "rotation_policy": {
                    "lifetime_actions": [
                        {
                            "action": {"type": "rotate"},
                            "trigger": {"time_after_create": iso8601(args.encryption.rotate)},
                        }
                    ],
                },
            },
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )

    def _told(self, args: CustomerKeyArgs) -> CustomerKey:
        if args.encryption.key:
            vault, key = ResourceId.of(args.encryption.key).names
            uri = f"https://{vault}.vault.azure.net/"
            return CustomerKey(
                self.identity.id,
                self.identity.client_id,
                str(args.encryption.vault),
                uri,
                key,
                f"{uri}keys/{key}",
                args.versioned_uri or f"{uri}keys/{key}",
            )
        return CustomerKey(
            self.identity.id,
            self.identity.client_id,
            args.vault.id,
            args.vault.properties.apply(lambda found: str(found.vault_uri)),
            self.made.name,
            self.made.key_uri,
            self.made.key_uri_with_version,
        )


def customer_key(args: CustomerKeyArgs) -> tuple[CustomerKey | None, Sequence[pulumi.Resource]]:
    """The key and the grants to wait for; (None, ()) where one of Microsoft's will do."""
    if not args.encryption.customer_key:
        return None, ()
    keys = CustomerKeys("encryption", args)
    return keys.key, keys.granted
