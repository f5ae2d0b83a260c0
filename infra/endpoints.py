"""Online endpoints of a workspace, on machines of Azure's or on a Kubernetes cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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
    """Id of the user-assigned identity that deployments act as, unless theirs is their own."""
    public: bool
    """Whether an endpoint that does not say is reached from anywhere."""
    endpoints: Mapping[str, Endpoint]
    computes: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Ids of the Kubernetes clusters by name: outputs, so that they are there first."""


class Endpoints(pulumi.ComponentResource):
    """Does not manage deployments, traffic and mirrored traffic: `amlops deploy` owns them. Nor
    what an endpoint's own identity may do: Azure lets it fetch models and images when it is made.

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
                kind="Kubernetes" if endpoint.compute else "Managed",
                identity=_identity(endpoint, args),
                properties=_properties(endpoint, args),
                tags={**args.placement.tags, **endpoint.tags},
                opts=pulumi.ResourceOptions(
                    parent=self,
                    # Azure never changes it: "Access Azure resources from an online endpoint",
                    # Microsoft Learn. The new endpoint has the old one's name.
                    replace_on_changes=["identity.type"],
                    delete_before_replace=True,
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


def _identity(endpoint: Endpoint, args: EndpointsArgs) -> dict[str, Any]:
    if endpoint.identity == "own":
        return {"type": "SystemAssigned"}
    return {"type": "UserAssigned", "user_assigned_identities": [args.identity]}


def _properties(endpoint: Endpoint, args: EndpointsArgs) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "auth_mode": AUTH_MODES[endpoint.auth],
        "description": endpoint.description or None,
    }
    if endpoint.compute:
        return {**properties, "compute": args.computes[endpoint.compute]}
    public = args.public if endpoint.public_access is None else endpoint.public_access
    return {**properties, "public_network_access": "Enabled" if public else "Disabled"}
