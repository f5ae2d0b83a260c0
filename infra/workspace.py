"""The Azure Machine Learning workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_azure_native import machinelearningservices

from infra import settings
from infra.encryption import CustomerKey
from infra.placement import Placement
from infra.settings.network import program_rules

OUTBOUND = {"internet": "AllowInternetOutbound", "approved": "AllowOnlyApprovedOutbound"}
USER_DEFINED = {"category": "UserDefined"}


@dataclass(frozen=True)
class WorkspaceArgs:
    workspace_name: str
    placement: Placement
    workspace: settings.Workspace
    storage: pulumi.Input[str]
    vault: pulumi.Input[str]
    insights: pulumi.Input[str]
    identity: pulumi.Input[str]
    """Id of the user-assigned identity that it acts as."""
    keyless: bool
    """Whether its own datastores are reached by identity rather than by the account's key."""
    after: Sequence[pulumi.Resource]
    """The grants of that identity: the service uses it while it makes the workspace."""
    registry: pulumi.Input[str] | None = None
    """Id of a container registry; None: the service makes one when it needs it."""
    lake: pulumi.Input[str] | None = None
    """Id of a storage account that jobs work with beside the workspace's own."""
    network: settings.Network = field(default_factory=settings.Network)
    compute_subnet: pulumi.Input[str] | None = None
    """Id of the subnet for serverless computes; None where there is no virtual network for them."""
    image_builder: str | None = None
    """The cluster that builds images; None: the service does."""
    key: CustomerKey | None = None
    """None: encrypted with a key of Microsoft's."""


class Workspace(pulumi.ComponentResource):
    """Does not manage assets: jobs, models, data and environments come by `amlops` and by people.

    Storage and vault cannot be changed after creation: another one replaces the workspace.

    The outbound rules of its managed network are part of it and no resources of their own: rules
    that are made one by one at the same time delete each other, and one at a time take the service
    minutes each. What the service adds by itself it keeps.
    """

    def __init__(
        self, name: str, args: WorkspaceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:Workspace", name, None, opts)
        self.workspace = machinelearningservices.Workspace(
            f"{name}-workspace",
            workspace_name=args.workspace_name,
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            kind="Default",
            sku={"name": "Basic", "tier": "Basic"},
            friendly_name=args.workspace_name,
            description=args.workspace.description or None,
            storage_account=args.storage,
            key_vault=args.vault,
            application_insights=args.insights,
            container_registry=args.registry,
            identity={
                "type": "UserAssigned",
                "user_assigned_identities": [
                    args.identity,
                    *([args.key.identity_id] if args.key else []),
                ],
            },
            primary_user_assigned_identity=args.identity,
            system_datastores_auth_mode="Identity" if args.keyless else "AccessKey",
            # Alone: the older allowPublicAccessWhenBehindVnet says the same, and "each property
            # overrides the other" ("Configure a private endpoint", Microsoft Learn).
            public_network_access="Enabled" if _is_public(args) else "Disabled",
            managed_network=_managed_network(args),
            # Otherwise the first compute waits for the network to be made.
            provision_network_now=args.network.mode == "managed",
            serverless_compute_settings=_serverless(args),
            encryption=_encryption(args.key),
            image_build_compute=args.image_builder,
            hbi_workspace=args.workspace.high_business_impact,
            v1_legacy_mode=False,
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=args.after,
                # The registry that the service made itself is not ours to take away again.
                ignore_changes=[] if args.registry else ["containerRegistry"],
            ),
        )
        self.register_outputs({"id": self.workspace.id, "name": self.workspace.name})


def _is_public(args: WorkspaceArgs) -> bool:
    said = args.workspace.public_access
    return not args.network.private if said is None else said


def _managed_network(args: WorkspaceArgs) -> dict[str, Any]:
    network = args.network
    if network.mode != "managed":
        return {"isolation_mode": "Disabled"}
    managed: dict[str, Any] = {
        "isolation_mode": OUTBOUND["approved" if network.approved_only else "internet"],
        "outbound_rules": {
            **_own_rules(args),
            **{name: _rule(rule) for name, rule in network.rules.items()},
        },
    }
    if network.approved_only:
        managed["firewall_sku"] = (network.firewall or "standard").capitalize()
    return managed


def _own_rules(args: WorkspaceArgs) -> Mapping[str, Any]:
    """To what the service does not see to by itself, of what the program makes."""
    accounts = {"storage": args.storage, "lake": args.lake}
    return {
        name: _private_endpoint(accounts[account], part)
        for name, (account, part) in program_rules().items()
        if accounts[account] is not None
    }


def _rule(rule: settings.OutboundRule) -> Mapping[str, Any]:
    if rule.fqdn:
        return {**USER_DEFINED, "type": "FQDN", "destination": rule.fqdn}
    if rule.service_tag:
        destination = {
            "action": "Allow",
            "service_tag": rule.service_tag,
            "protocol": rule.protocol,
            "port_ranges": rule.ports,
        }
        return {**USER_DEFINED, "type": "ServiceTag", "destination": destination}
    return _private_endpoint(rule.resource, rule.subresource)


def _private_endpoint(
    resource: pulumi.Input[str] | None, subresource: str | None
) -> Mapping[str, Any]:
    return {
        **USER_DEFINED,
        "type": "PrivateEndpoint",
        "destination": {
            "service_resource_id": resource,
            "subresource_target": subresource,
            "spark_enabled": False,
        },
    }


def _serverless(args: WorkspaceArgs) -> Any:
    return args.compute_subnet and {
        "serverless_compute_custom_subnet": args.compute_subnet,
        "serverless_compute_no_public_ip": True,
    }


def _encryption(key: CustomerKey | None) -> Any:
    return key and {
        "status": "Enabled",
        "identity": {"user_assigned_identity": key.identity_id},
        # With its version: the workspace does not take up a new one by itself, an `up` after a
        # rotation and a refresh gives it.
        "key_vault_properties": {
            "key_identifier": key.versioned_key_uri,
            "key_vault_arm_id": key.vault_id,
        },
    }
