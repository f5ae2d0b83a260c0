"""The Azure Machine Learning workspace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices

from infra import settings
from infra.placement import Placement


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


class Workspace(pulumi.ComponentResource):
    """Does not manage assets: jobs, models, data and environments come by `amlops` and by people.

    Storage and vault cannot be changed after creation: another one replaces the workspace.
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
            identity={"type": "UserAssigned", "user_assigned_identities": [args.identity]},
            primary_user_assigned_identity=args.identity,
            system_datastores_auth_mode="Identity" if args.keyless else "AccessKey",
            public_network_access="Enabled" if args.workspace.public_access else "Disabled",
            allow_public_access_when_behind_vnet=False,
            managed_network={"isolation_mode": "Disabled"},
            hbi_workspace=False,
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
