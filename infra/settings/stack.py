"""Everything that a stack file may say, put together out of the sections."""

from __future__ import annotations

from collections.abc import Collection
from itertools import combinations
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from infra.settings.attached import Attached
from infra.settings.compute import Cluster, Instance
from infra.settings.compute_fields import AttachedName
from infra.settings.data import BlobDatastore, Connection, Datastore, check_accounts
from infra.settings.endpoints import Endpoint
from infra.settings.fields import (
    AccessName,
    ClusterName,
    ConnectionName,
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
from infra.settings.kubernetes import Kubernetes


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
    datastores: dict[DatastoreName, Datastore] = {"data": BlobDatastore(kind="blob")}
    connections: dict[ConnectionName, Connection] = {}
    instances: dict[InstanceName, Instance] = {}
    clusters: dict[ClusterName, Cluster] = {"cpu-cluster": Cluster()}
    kubernetes: dict[AttachedName, Kubernetes] = {}
    attached: dict[AttachedName, Attached] = {}
    endpoints: dict[EndpointName, Endpoint] = {}
    access: dict[AccessName, Access] = {}

    @model_validator(mode="after")
    def _computes(self) -> Self:
        kinds: dict[str, Collection[str]] = {
            "an instance": self.instances,
            "a cluster": self.clusters,
            "a Kubernetes cluster": self.kubernetes,
            "an attached compute": self.attached,
        }
        for (one, first), (other, second) in combinations(kinds.items(), 2):
            both = sorted(set(first) & set(second))
            if both:
                raise ValueError(f"{both[0]} is {one} and {other}; allowed is one of the two")
        return self

    @model_validator(mode="after")
    def _accounts(self) -> Self:
        check_accounts(self.datastores, shared_keys=self.storage.shared_keys)
        return self

    @model_validator(mode="after")
    def _short_lived(self) -> Self:
        if "expires" in self.tags:
            raise ValueError("tags.expires is the tag of short-lived environments; set 'expires'")
        if self.expires and self.protection:
            raise ValueError("'expires' and 'protection' are both set; allowed is one of the two")
        return self
