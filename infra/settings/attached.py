"""Settings of machines and clusters of others that jobs of the workspace run on."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings.azure_ids import (
    DatabricksId,
    HDInsightId,
    SparkPoolId,
    SubnetId,
    VirtualMachineId,
)
from infra.settings.compute_fields import Port, PublicKey, UserName
from infra.settings.fields import Section, Size
from infra.settings.hosts import HostOrAddress
from infra.settings.vault_secrets import VaultSecret


class NewMachine(Section):
    """A Linux virtual machine that the program makes, reached by SSH with a key only."""

    size: Size = "Standard_DS3_v2"
    """Of the machine."""
    image: Literal["ubuntu-24.04", "ubuntu-22.04"] = "ubuntu-24.04"
    """As in infra/vm-images.yaml."""
    disk_gb: Annotated[int, Field(ge=30, le=4095)] = 64
    """Gigabytes of its disk."""
    subnet: SubnetId | None = None
    """Id of the subnet that it lies in; None: the network's subnet of computes, else a small
    network of its own."""
    public_ip: bool = False
    """A public address, which a machine needs that lies in no subnet of yours."""


class VirtualMachine(Section):
    """A virtual machine: made, one of Azure's that is there, or any that answers at an address."""

    kind: Literal["virtual-machine"]
    create: NewMachine | None = None
    existing: VirtualMachineId | None = None
    """Id of a machine in Azure that is there already."""
    address: HostOrAddress | None = None
    """Of a machine that is there, in Azure or not."""
    port: Port = 22
    """Of SSH."""
    user: UserName = "azureuser"
    """Who logs in."""
    public_key: PublicKey | None = None
    """Of the key with which `user` logs in; a machine that is made takes no other."""
    private_key: VaultSecret
    """The same key's private half, with which the workspace logs in."""

    @model_validator(mode="after")
    def _one_machine(self) -> Self:
        if bool(self.create) == bool(self.existing or self.address):
            raise ValueError(
                "give either 'create' or one that is there ('existing', 'address'); "
                "allowed is one of the two"
            )
        if self.create and not self.public_key:
            raise ValueError("public_key: missing; a machine that is made needs it")
        return self


class Databricks(Section):
    """A Databricks workspace."""

    kind: Literal["databricks"]
    existing: DatabricksId
    """Its id."""
    token: VaultSecret
    """An access token of Databricks."""


class HDInsight(Section):
    """An HDInsight cluster, reached by SSH."""

    kind: Literal["hdinsight"]
    existing: HDInsightId
    """Its id."""
    address: HostOrAddress | None = None
    """Where SSH answers; None: NAME-ssh.azurehdinsight.net, its own."""
    port: Port = 22
    """Of SSH."""
    user: UserName = "sshuser"
    """Who logs in."""
    password: VaultSecret | None = None
    private_key: VaultSecret | None = None

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        if bool(self.password) == bool(self.private_key):
            raise ValueError("give either 'private_key' or 'password'; allowed is one of the two")
        return self


class SynapseSpark(Section):
    """An Apache Spark pool of a Synapse workspace, reached by identity."""

    kind: Literal["synapse-spark"]
    existing: SparkPoolId
    """Its id."""
    identity: Literal["user", "system"] = "user"
    """What jobs act as: the environment's identity of computes, or one of its own."""


Attached = Annotated[
    VirtualMachine | Databricks | HDInsight | SynapseSpark, Field(discriminator="kind")
]
