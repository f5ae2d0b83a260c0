"""A container registry for the images of environments, where a stack wants its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_azure_native import containerregistry

from infra import settings
from infra.encryption import CustomerKey
from infra.firewall import Firewall
from infra.placement import Placement


@dataclass(frozen=True)
class RegistryArgs:
    registry_name: str
    placement: Placement
    sku: str
    registry: settings.Registry = field(default_factory=settings.Registry)
    firewall: Firewall = field(default_factory=Firewall)
    key: CustomerKey | None = None
    """None: encrypted with a key of Microsoft's."""
    after: Sequence[pulumi.Resource] = ()
    """The grants on that key."""


class Registry(pulumi.ComponentResource):
    """Does not manage images. Without it the service makes a registry when it first needs one.

    Quarantine and signing are left as the service has them: both need a tool that takes part.
    """

    def __init__(
        self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:Registry", name, None, opts)
        self.registry = containerregistry.Registry(
            f"{name}-registry",
            registry_name=args.registry_name,
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            sku={"name": args.sku},
            identity=_identity(args.key),
            encryption=_encryption(args.key),
            admin_user_enabled=False,
            anonymous_pull_enabled=False,
            network_rule_bypass_options="AzureServices",
            network_rule_set=_rules(args),
            policies=_policies(args),
            public_network_access=args.firewall.public_network_access,
            zone_redundancy="Enabled" if args.registry.zone_redundant else "Disabled",
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=args.after),
        )
        self.register_outputs({"id": self.registry.id})


def _identity(key: CustomerKey | None) -> Any:
    # The SDK takes a map here, where other types take a list.
    return key and {
        "type": "UserAssigned",
        "user_assigned_identities": pulumi.Output.from_input(key.identity_id).apply(
            lambda identity: {identity: {}}
        ),
    }


def _encryption(key: CustomerKey | None) -> Any:
    return key and {
        "status": "enabled",
        "key_vault_properties": {
            "identity": key.identity_client_id,
            "key_identifier": key.key_uri,
        },
    }


def _rules(args: RegistryArgs) -> Any:
    """Only Premium has a firewall; the others are open, or asked for by no setting."""
    if args.sku != "Premium":
        return None
    return {
        "default_action": args.firewall.default_action,
        "ip_rules": [
            {"action": "Allow", "i_p_address_or_range": address}
            for address in args.firewall.allowed_ips
        ],
    }


def _policies(args: RegistryArgs) -> Any:
    tokens = "enabled" if args.registry.arm_tokens else "disabled"
    policies: dict[str, Any] = {"azure_ad_authentication_as_arm_policy": {"status": tokens}}
    if args.sku != "Premium":
        return policies
    days = args.registry.retention_days
    policies["retention_policy"] = {
        "days": 7 if days is None else days,
        "status": "disabled" if days is None else "enabled",
    }
    # Images may leave it, unless nobody outside is let in anyway: Azure allows to forbid it then.
    exported = "enabled" if args.firewall.public else "disabled"
    policies["export_policy"] = {"status": exported}
    return policies
