"""Online endpoints of a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices

from infra.names import Names
from infra.placement import Placement
from infra.settings import Endpoint

AUTH_MODES = {"key": "Key", "aml_token": "AMLToken", "aad_token": "AADToken"}


@dataclass(frozen=True)
class EndpointsArgs:
    names: Names
    placement: Placement
    workspace_name: pulumi.Input[str]
    identity: pulumi.Input[str]
    """Id of the user-assigned identity that deployments act as."""
    endpoints: Mapping[str, Endpoint]


class Endpoints(pulumi.ComponentResource):
    """Does not manage deployments, traffic and mirrored traffic: `amlops deploy` owns them.

    An endpoint's name is unique in a region, so its own has environment and suffix.
    """

    def __init__(
        self, name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:Endpoints", name, None, opts)
        self.endpoints = {
            key: machinelearningservices.OnlineEndpoint(
                f"{name}-{key}",
                endpoint_name=args.names.endpoint(key),
                workspace_name=args.workspace_name,
                resource_group_name=args.placement.resource_group,
                location=args.placement.location,
                kind="Managed",
                identity={"type": "UserAssigned", "user_assigned_identities": [args.identity]},
                properties={
                    "auth_mode": AUTH_MODES[endpoint.auth],
                    "description": endpoint.description or None,
                    "public_network_access": "Enabled" if endpoint.public_access else "Disabled",
                },
                tags=args.placement.tags,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    ignore_changes=[
                        "properties.traffic",
                        "properties.mirrorTraffic",
                        # The SDK notes there who made the endpoint, when it sets the traffic.
                        "properties.properties",
                    ],
                ),
            )
            for key, endpoint in args.endpoints.items()
        }
        self.register_outputs({"names": sorted(self.endpoints)})
