"""Ids of Azure resources in settings: of one type each; a wrong one is seen before planning."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from infra.settings.fields import IN_WORDS, Checked

_SUBSCRIPTION = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_GROUP = rf"/subscriptions/{_SUBSCRIPTION}/resourceGroups/[-\w.()]{{1,90}}"
_NAME = r"[-\w.()]+"


@dataclass(frozen=True)
class ResourceId:
    """What an id that was checked says."""

    subscription: str
    resource_group: str
    names: tuple[str, ...]
    """Of what the resource lies in and of itself, from the outermost on."""

    @classmethod
    def of(cls, text: str) -> ResourceId:
        parts = text.split("/")
        return cls(parts[2], parts[4], tuple(parts[8::2]))

    @property
    def name(self) -> str:
        return self.names[-1]


def _checked(pattern: str, example: str, words: str, note: str = "") -> Checked:
    """Azure makes no difference of case in ids, which a JSON schema's pattern cannot say."""

    def check(value: str) -> str:
        if not re.fullmatch(_GROUP + pattern, value, re.IGNORECASE):
            wanted = f"/subscriptions/ID/resourceGroups/NAME{example}"
            raise ValueError(f"write an id, as {wanted}{note}{_wrong_part(value, wanted)}")
        return value

    return Checked(check, {IN_WORDS: words})


def _wrong_part(value: str, wanted: str) -> str:
    """What is another than in the example, as the end of a message; nothing of other than ids."""
    parts, names = value.split("/"), wanted.split("/")
    if not value.startswith("/") or "TYPE" in names:
        return ""
    for part, name in zip(parts, names, strict=False):
        pattern = {"ID": _SUBSCRIPTION, "NAME": _NAME}.get(name, re.escape(name))
        if not re.fullmatch(pattern, part, re.IGNORECASE):
            return f"; here {part!r} stands for {name}"
    if len(parts) > len(names):
        return f"; {'/'.join(parts[len(names) :])!r} at the end is too much"
    return f"; {'/'.join(names[len(parts) :])} is missing at the end"


def azure_id(type_: str, note: str = "") -> Checked:
    """Takes ids of a resource type in a resource group: `Microsoft.Network/virtualNetworks`."""
    namespace, *kinds = type_.split("/")
    pattern = f"/providers/{re.escape(namespace)}" + "".join(f"/{kind}/{_NAME}" for kind in kinds)
    example = f"/providers/{namespace}" + "".join(f"/{kind}/NAME" for kind in kinds)
    return _checked(pattern, example, f"an id of type {type_}{note}", note)


GroupId = Annotated[str, _checked("", "", "the id of a resource group")]
AnyId = Annotated[
    str,
    _checked(rf"/providers/[\w.]+(?:/{_NAME}){{2,}}", "/providers/TYPE/NAME", "an id of any type"),
]
LogsId = Annotated[str, azure_id("Microsoft.OperationalInsights/workspaces")]
VirtualNetworkId = Annotated[str, azure_id("Microsoft.Network/virtualNetworks")]
SubnetId = Annotated[str, azure_id("Microsoft.Network/virtualNetworks/subnets")]
KeyId = Annotated[str, azure_id("Microsoft.KeyVault/vaults/keys", ", without a version")]
StorageAccountId = Annotated[str, azure_id("Microsoft.Storage/storageAccounts")]
LakeStoreId = Annotated[str, azure_id("Microsoft.DataLakeStore/accounts")]
EventHubId = Annotated[str, azure_id("Microsoft.EventHub/namespaces/eventhubs")]
ServiceBusQueueId = Annotated[str, azure_id("Microsoft.ServiceBus/namespaces/queues")]
KubernetesId = Annotated[str, azure_id("Microsoft.ContainerService/managedClusters")]
VirtualMachineId = Annotated[str, azure_id("Microsoft.Compute/virtualMachines")]
DatabricksId = Annotated[str, azure_id("Microsoft.Databricks/workspaces")]
HDInsightId = Annotated[str, azure_id("Microsoft.HDInsight/clusters")]
SparkPoolId = Annotated[str, azure_id("Microsoft.Synapse/workspaces/bigDataPools")]
