"""Batch endpoints of a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices

from infra.names import Names
from infra.placement import Placement
from infra.settings import BatchEndpoint


@dataclass(frozen=True)
class BatchEndpointsArgs:
    names: Names
    placement: Placement
    workspace_name: pulumi.Input[str]
    endpoints: Mapping[str, BatchEndpoint]


class BatchEndpoints(pulumi.ComponentResource):
    """Does not manage deployments, nor which of them is the default. Who may call one is a matter
    of roles: Azure has no keys for batch endpoints. They act as the cluster that their jobs run on.

    An endpoint's name is unique in a region, so its own has environment and suffix.
    """

    def __init__(
        self, name: str, args: BatchEndpointsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:BatchEndpoints", name, None, opts)
        self.endpoints = {
            key: machinelearningservices.BatchEndpoint(
                f"{name}-{key}",
                endpoint_name=args.names.endpoint(key),
                workspace_name=args.workspace_name,
                resource_group_name=args.placement.resource_group,
                location=args.placement.location,
                properties={
                    "auth_mode": "AADToken",
                    "description": endpoint.description or None,
                },
                tags={**args.placement.tags, **endpoint.tags},
                opts=pulumi.ResourceOptions(
                    parent=self, ignore_changes=["properties.defaults", "properties.properties"]
                ),
            )
            for key, endpoint in args.endpoints.items()
        }
        self.register_outputs({"names": sorted(self.endpoints)})
