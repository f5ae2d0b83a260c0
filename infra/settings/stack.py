"""Everything that a stack file may say, put together out of the sections."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from infra.settings.compute import Cluster, Instance
from infra.settings.data import Datastore
from infra.settings.endpoints import Endpoint
from infra.settings.fields import (
    AccessName,
    ClusterName,
    DatastoreName,
    EndpointName,
    InstanceName,
    Instant,
    Region,
    Section,
    TagValue,
    Uuid,
    Workload,
)
from infra.settings.foundation import Logs, Storage, Vault, Workspace
from infra.settings.identity import Access


def _on(value: object) -> object:
    """YAML 1.1 reads a bare `on` as true; Pulumi's own reader does not."""
    return "on" if value is True else value


class Settings(Section):
    """Everything a stack file may say under `amlops:settings`."""

    workload: Workload
    location: Region = "eastus"
    owner: TagValue
    cost_centre: TagValue
    tags: dict[Annotated[str, Field(min_length=1, max_length=512)], TagValue] = {}
    """More tags for every resource."""
    subscription: Uuid | None = None
    """The only subscription that this stack may go to on azure; None: whichever is logged in."""
    protection: bool = False
    """A lock on the resource group, and the stateful resources protected in Pulumi."""
    expires: Instant | None = None
    """When a short-lived environment may be removed; `amlops up ENV --ttl` writes it."""
    registry: Annotated[Literal["lazy", "on"], BeforeValidator(_on)] = "lazy"
    """lazy: the service makes a container registry when the first image needs one."""
    logs: Logs = Logs()
    storage: Storage = Storage()
    vault: Vault = Vault()
    workspace: Workspace = Workspace()
    datastores: dict[DatastoreName, Datastore] = {"data": Datastore()}
    instances: dict[InstanceName, Instance] = {}
    clusters: dict[ClusterName, Cluster] = {"cpu-cluster": Cluster()}
    endpoints: dict[EndpointName, Endpoint] = {}
    access: dict[AccessName, Access] = {}

    @model_validator(mode="after")
    def _computes(self) -> Self:
        both = sorted(self.instances.keys() & self.clusters.keys())
        if both:
            raise ValueError(f"{both[0]} is an instance and a cluster; allowed is one of the two")
        return self

    @model_validator(mode="after")
    def _short_lived(self) -> Self:
        if "expires" in self.tags:
            raise ValueError("tags.expires is the tag of short-lived environments; set 'expires'")
        if self.expires and self.protection:
            raise ValueError("'expires' and 'protection' are both set; allowed is one of the two")
        return self
