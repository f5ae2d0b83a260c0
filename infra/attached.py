"""Attached computes: virtual machines, Databricks, HDInsight and Spark pools of a workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices

from infra import settings
from infra.computes import compute_identity
from infra.key_vault import Secrets
from infra.names import Names
from infra.placement import Placement
from infra.settings import ResourceId
from infra.virtual_machine import VirtualMachine, VirtualMachineArgs

Properties = dict[str, object]
"""With keys as Azure has them: the SDK translates those of some kinds of compute only."""


@dataclass(frozen=True)
class AttachedArgs:
    names: Names
    placement: Placement
    workspace_name: pulumi.Input[str]
    identity: pulumi.Input[str]
    """Id of the user-assigned identity that jobs act as."""
    secrets: Secrets
    attached: Mapping[str, settings.Attached]
    subnet: pulumi.Input[str] | None = None
    """Id of the subnet of machines that are made and whose settings name none."""
    after: Sequence[pulumi.Resource] = ()
    """By what machines reach the workspace and what it stands on."""


class Attached(pulumi.ComponentResource):
    """Does not manage what was there before: Databricks, HDInsight, Synapse, others' machines.

    Their keys and tokens are read from Key Vault when the program runs, and are secrets here.
    """

    def __init__(
        self, name: str, args: AttachedArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:Attached", name, None, opts)
        self.machines: dict[str, VirtualMachine] = {}
        self.computes = {
            key: self._compute(f"{name}-{key}", key, args, chosen)
            for key, chosen in args.attached.items()
        }
        self.register_outputs({"names": sorted(self.computes)})

    def _compute(
        self, name: str, key: str, args: AttachedArgs, chosen: settings.Attached
    ) -> machinelearningservices.Compute:
        properties: Properties
        identity = "none"
        match chosen:
            case settings.VirtualMachine():
                properties = self._machine(name, key, args, chosen)
            case settings.Databricks():
                properties = {
                    "computeType": "Databricks",
                    "resourceId": chosen.existing,
                    "properties": {"databricksAccessToken": _secret(args, chosen.token)},
                }
            case settings.HDInsight():
                properties = _hdinsight(args, chosen)
            case settings.SynapseSpark():
                properties = _spark(chosen)
                identity = chosen.identity
        return machinelearningservices.Compute(
            f"{name}-compute",
            compute_name=key,
            workspace_name=args.workspace_name,
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            identity=compute_identity(identity, args.identity),
            properties=properties,
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=args.after,
                replace_on_changes=["properties.resourceId"],
                delete_before_replace=True,
            ),
        )

    def _machine(
        self, name: str, key: str, args: AttachedArgs, chosen: settings.VirtualMachine
    ) -> Properties:
        account: dict[str, object] = {
            "username": chosen.user,
            "privateKeyData": _secret(args, chosen.private_key),
        }
        if chosen.public_key:
            account["publicKeyData"] = chosen.public_key
        inner: dict[str, object] = {"sshPort": chosen.port, "administratorAccount": account}
        if chosen.address:
            inner["address"] = chosen.address
        properties: Properties = {"computeType": "VirtualMachine", "properties": inner}
        if chosen.existing:
            properties["resourceId"] = chosen.existing
        elif chosen.create:
            made = VirtualMachine(
                name,
                VirtualMachineArgs(
                    key=key,
                    names=args.names,
                    placement=args.placement,
                    machine=chosen.create,
                    user=chosen.user,
                    public_key=str(chosen.public_key),
                    port=chosen.port,
                    identity=args.identity,
                    subnet=args.subnet,
                ),
                pulumi.ResourceOptions(parent=self),
            )
            self.machines[key] = made
            properties["resourceId"] = made.machine.id
        return properties


def _hdinsight(args: AttachedArgs, chosen: settings.HDInsight) -> Properties:
    account: dict[str, object] = {"username": chosen.user}
    if chosen.private_key:
        account["privateKeyData"] = _secret(args, chosen.private_key)
    if chosen.password:
        account["password"] = _secret(args, chosen.password)
    own = f"{ResourceId.of(chosen.existing).name}-ssh.azurehdinsight.net"
    return {
        "computeType": "HDInsight",
        "resourceId": chosen.existing,
        "properties": {
            "address": chosen.address or own,
            "sshPort": chosen.port,
            "administratorAccount": account,
        },
    }


def _spark(chosen: settings.SynapseSpark) -> Properties:
    """The service would read names out of the id as well; said here, they are no drift later."""
    there = ResourceId.of(chosen.existing)
    workspace, pool = there.names
    return {
        "computeType": "SynapseSpark",
        "resourceId": chosen.existing,
        "properties": {
            "subscriptionId": there.subscription,
            "resourceGroup": there.resource_group,
            "workspaceName": workspace,
            "poolName": pool,
        },
    }


def _secret(args: AttachedArgs, named: settings.VaultSecret) -> pulumi.Output[str]:
    return args.secrets.value(named.secret, named.vault)
