"""Everything that a stack file may say, put together out of the sections."""

from __future__ import annotations

from itertools import combinations
from typing import Annotated, Self

from pydantic import Field, model_validator

from infra.settings import agreement
from infra.settings.attached import Attached
from infra.settings.compute import Cluster, Instance
from infra.settings.compute_fields import AttachedName
from infra.settings.data import BlobDatastore, Connection, Datastore, check_accounts
from infra.settings.encryption import Encryption
from infra.settings.endpoints import Endpoint
from infra.settings.faults import Faults
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
from infra.settings.foundation import (
    Existing,
    Logs,
    OwnNames,
    Registry,
    Storage,
    Vault,
    Workspace,
)
from infra.settings.identity import Access
from infra.settings.kubernetes import Kubernetes
from infra.settings.network import Network


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
    names: OwnNames = OwnNames()
    existing: Existing = Existing()
    network: Network = Network()
    encryption: Encryption = Encryption()
    logs: Logs = Logs()
    storage: Storage = Storage()
    vault: Vault = Vault()
    registry: Registry = Registry()
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
        """A workspace's computes share their names."""
        kinds = {
            "instances": "an instance",
            "clusters": "a cluster",
            "kubernetes": "a Kubernetes cluster",
            "attached": "an attached compute",
        }
        for (one, kind), (other, other_kind) in combinations(kinds.items(), 2):
            for key in getattr(self, one).keys() & getattr(self, other).keys():
                raise Faults.at(
                    f"{other}.{key}",
                    f"{key} is {kind} and {other_kind}; allowed is one of the two",
                )
        return self

    @model_validator(mode="after")
    def _sections_agree(self) -> Self:
        agreement.check(self)
        return self

    @model_validator(mode="after")
    def _accounts(self) -> Self:
        check_accounts(self.datastores, shared_keys=self.storage.shared_keys)
        return self

    @model_validator(mode="after")
    def _short_lived(self) -> Self:
        if "expires" in self.tags:
            raise Faults.at("tags.expires", "is the tag of short-lived environments; set 'expires'")
        if self.expires and self.protection:
            raise Faults.at("expires", "'protection' is set too; allowed is one of the two")
        return self
