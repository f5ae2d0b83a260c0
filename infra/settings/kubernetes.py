"""Settings of Kubernetes clusters that serve models and run jobs."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings.azure_ids import KubernetesId, SubnetId
from infra.settings.fields import (
    AS_TEXT,
    KEBAB,
    KEBAB_TEXT,
    NUMBER_TOO,
    Checked,
    Section,
    Size,
    Uuid,
    named,
)
from infra.settings.hosts import Addresses

Quantity = Annotated[
    str,
    AS_TEXT,
    named(r"[1-9]\d{0,5}(m|Mi|Gi)?", "quantities, as 2, 500m or 4Gi", 1, 8),
    Checked(str, NUMBER_TOO),
]
PoolName = Annotated[
    str, named(r"[a-z][a-z0-9]*", "lower-case letters and digits, a letter first", 1, 12)
]
"""Of a Linux node pool: "Naming rules and restrictions for Azure resources"."""
Label = Annotated[
    str,
    named(
        r"[A-Za-z0-9]([\w./-]*[A-Za-z0-9])?",
        "letters, digits and _ . / -, a letter or digit first and last",
        1,
        253,
    ),
]
KubernetesName = Annotated[str, named(KEBAB, KEBAB_TEXT, 1, 63)]
"""Of objects in Kubernetes, RFC 1123."""
Version = Annotated[
    str, named(r"\d\.\d{1,2}(\.\d{1,2})?", 'a version in quotes, as "1.33" or "1.33.2"', 3, 8)
]


class NodePool(Section):
    """Machines of one size that grow and shrink with what runs on them."""

    size: Size = "Standard_DS3_v2"
    """Of each node."""
    min: Annotated[int, Field(ge=0, le=1000)] = 1
    """Nodes that are always there."""
    max: Annotated[int, Field(ge=1, le=1000)] = 3
    """Nodes that there may be at once."""
    mode: Literal["system", "user"] = "user"
    """system: also runs what Kubernetes itself needs, so it never shrinks to nothing."""
    priority: Literal["dedicated", "low"] = "dedicated"
    """low: cheaper, and Azure may take nodes away at any time."""
    disk_gb: Annotated[int, Field(ge=30, le=2048)] = 128
    """Gigabytes of each node's disk."""
    labels: dict[Label, Label] = {}
    """By which instance types choose their nodes."""

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}; allowed is min ≤ max")
        if self.mode == "system" and self.min < 1:
            raise ValueError("a system pool has at least one node; allowed is min of 1 or more")
        if self.mode == "system" and self.priority == "low":
            raise ValueError("a system pool is dedicated; allowed for priority low is mode user")
        return self


class NewKubernetes(Section):
    """A cluster of Azure Kubernetes Service that the program makes."""

    version: Version | None = None
    """Of Kubernetes; None: what the service has as its default when the cluster is made."""
    tier: Literal["free", "standard", "premium"] = "free"
    """standard: the control plane's availability is guaranteed; premium: longer support."""
    pools: dict[PoolName, NodePool] = {"system": NodePool(mode="system")}
    admins: list[Uuid] = []
    """Object ids of the Entra groups that administer it."""
    private: bool = False
    """Whether its API has a private address only."""
    authorized_ips: list[Addresses] = []
    """From where its API is reached; none: from everywhere, by those whom Entra lets in."""
    subnet: SubnetId | None = None
    """Of its nodes; None: the network mode decides."""

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if not any(pool.mode == "system" for pool in self.pools.values()):
            raise ValueError("pools: none has mode system; allowed is at least one")
        if self.private and self.authorized_ips:
            raise ValueError("authorized_ips is for a public API; allowed is it or private: true")
        return self


class InstanceType(Section):
    """What one instance of a deployment or job gets: so much, on nodes with these labels."""

    cpu: Quantity = "1"
    """Cores, as 2, or thousandths of one, as 500m."""
    memory: Quantity = "2Gi"
    """Main memory, as 512Mi or 4Gi."""
    gpu: Annotated[int, Field(ge=0, le=16)] = 0
    """Whole graphics cards."""
    nodes: dict[Label, Label] = {}
    """Labels that a node must have."""


class Tls(Section):
    """How endpoints on the cluster prove who they are."""

    secret: KubernetesName
    """The Kubernetes secret in namespace azureml that holds certificate and key."""
    host: Annotated[str, named(r"[a-z0-9.-]+\.[a-z]{2,}", "a host name of the certificate", 4, 253)]
    """The name that the certificate is for."""


class Kubernetes(Section):
    """A Kubernetes cluster attached to the workspace: made, or one that is there already."""

    create: NewKubernetes | None = None
    existing: KubernetesId | None = None
    """Id of a cluster that is there already."""
    extension: bool | None = None
    """Whether the program installs Azure ML's extension; None: on a cluster that it makes."""
    namespace: KubernetesName = "default"
    """Where jobs and deployments run."""
    training: bool = True
    """Whether jobs run on it."""
    inference: bool = True
    """Whether online endpoints run on it."""
    tls: Tls | None = None
    insecure: bool = False
    """Endpoints answer over plain HTTP: for trying out only."""
    instance_types: dict[KubernetesName, InstanceType] = {"defaultinstancetype": InstanceType()}
    default_instance_type: KubernetesName | None = None
    """Of who names none; None: the first of them by name."""

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if bool(self.create) == bool(self.existing):
            raise ValueError("give either 'create' or 'existing'; allowed is one of the two")
        if not self.training and not self.inference:
            raise ValueError(
                "training and inference are both false; allowed is one of them, or both"
            )
        if not self.instance_types:
            raise ValueError("instance_types: there is none; allowed is one or more")
        if self.default_type not in self.instance_types:
            raise ValueError(
                f"default_instance_type: {self.default_type!r}; "
                f"allowed are {', '.join(self.instance_types)}"
            )
        if self.installs_extension and self.inference and bool(self.tls) == self.insecure:
            raise ValueError("inference takes 'tls', or 'insecure: true'; allowed is one of them")
        return self

    @property
    def installs_extension(self) -> bool:
        return bool(self.create) if self.extension is None else self.extension

    @property
    def default_type(self) -> str:
        return self.default_instance_type or min(self.instance_types)
