"""Everything that a stack file may say, put together out of the sections."""

from __future__ import annotations

from itertools import combinations
from typing import Literal, Self

from pydantic import model_validator

from infra.settings import agreement
from infra.settings.alerts import Alerts
from infra.settings.attached import Attached
from infra.settings.compute import Cluster, Instance
from infra.settings.compute_fields import AttachedName
from infra.settings.data import BlobDatastore, Connection, Datastore, check_accounts
from infra.settings.encryption import Encryption
from infra.settings.endpoints import BatchEndpoint, Endpoint
from infra.settings.faults import FaultsError
from infra.settings.fields import (
    AccessName,
    ClusterName,
    ConnectionName,
    DatastoreName,
    EndpointName,
    InstanceName,
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
from infra.settings.governance import Event, EventName
from infra.settings.identity import Access
from infra.settings.kubernetes import Kubernetes
from infra.settings.network import Network
from infra.settings.owned import Owned


class Settings(Owned):
    """Everything a stack file may say under `amlops:settings` of an environment."""

    kind: Literal["environment"] = "environment"
    """`registry` for a stack that is a registry, see infra/settings/registry.py."""
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
    """Where data lies that jobs read and write, by the names that they use; None: `data` of kind
    blob. Beside others it must be named, too."""
    connections: dict[ConnectionName, Connection] = {}
    """What lies outside and has no datastore: databases, feeds, registries."""
    instances: dict[InstanceName, Instance] = {}
    clusters: dict[ClusterName, Cluster] = {"cpu-cluster": Cluster()}
    """Nodes on demand, by the names that jobs use; None: `cpu-cluster`. Beside others it must be
    named, too."""
    kubernetes: dict[AttachedName, Kubernetes] = {}
    attached: dict[AttachedName, Attached] = {}
    """Machines and clusters of others that jobs run on."""
    endpoints: dict[EndpointName, Endpoint] = {}
    batch_endpoints: dict[EndpointName, BatchEndpoint] = {}
    access: dict[AccessName, Access] = {}
    alerts: Alerts | None = None
    events: dict[EventName, Event] = {}

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
                raise FaultsError.at(
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
    def _endpoints(self) -> Self:
        for key in self.endpoints.keys() & self.batch_endpoints.keys():
            raise FaultsError.at(
                f"batch_endpoints.{key}",
                f"{key} is an online and a batch endpoint; allowed is one of both",
            )
        for key, endpoint in self.endpoints.items():
            if endpoint.compute and endpoint.compute not in self.kubernetes:
                raise FaultsError.at(
                    f"endpoints.{key}.compute",
                    agreement.unknown_name(endpoint.compute, "kubernetes", self.kubernetes),
                )
        return self

    @model_validator(mode="after")
    def _somebody_is_told(self) -> Self:
        if self.budget and not self.budget.emails and not self.alerts:
            raise FaultsError.at("budget", "tells nobody; give it emails, or the stack alerts")
        return self
