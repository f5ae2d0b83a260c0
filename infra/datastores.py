"""Datastores of a workspace beside its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices

from infra.placement import Placement
from infra.settings import Datastore


@dataclass(frozen=True)
class DatastoresArgs:
    placement: Placement
    workspace_name: pulumi.Input[str]
    account_name: pulumi.Input[str]
    subscription: str
    containers: Mapping[str, pulumi.Input[str]]
    """Its name by the name in the settings: an output, so that it is there first."""
    datastores: Mapping[str, Datastore]


class Datastores(pulumi.ComponentResource):
    """Does not manage the workspace's own four, nor the data. None of them holds a key."""

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
                    "datastore_type": "AzureBlob",
                    "account_name": args.account_name,
                    "container_name": args.containers[datastore.container],
                    "credentials": {"credentials_type": "None"},
                    "description": datastore.description or None,
                    "endpoint": "core.windows.net",
                    "protocol": "https",
                    "resource_group": args.placement.resource_group,
                    "service_data_access_auth_identity": "WorkspaceUserAssignedIdentity",
                    "subscription_id": args.subscription,
                    "tags": args.placement.tags,
                },
                # The check wants a grant that Azure may need minutes to see.
                skip_validation=True,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for key, datastore in args.datastores.items()
        }
        self.register_outputs({"names": sorted(self.datastores)})
