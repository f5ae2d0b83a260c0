"""Pulumi without engine and provider: records what the program registers, throws on the unforeseen.

A type that is not in FORESEEN, a function call or a read ends the program: whoever adds a resource
to `infra/` says here what Azure would answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks

from infra import shared
from infra.environment import Client, declare, names_of
from infra.names import Names
from infra.node_counts import Counts
from infra.settings import RegistryStack, Settings, Stack, parse

SUBSCRIPTION = "0f0e0d0c-0b0a-4908-8706-050403020100"
CLIENT = Client(SUBSCRIPTION, "1f1e1d1c-1b1a-4918-8716-151413121110")

# Type -> the input that holds the name.
FORESEEN = {
    "azure-native:resources:ResourceGroup": "resourceGroupName",
    "azure-native:operationalinsights:Workspace": "workspaceName",
    "azure-native:applicationinsights:Component": "resourceName",
    "azure-native:keyvault:Vault": "vaultName",
    "azure-native:storage:StorageAccount": "accountName",
    "azure-native:storage:BlobContainer": "containerName",
    "azure-native:storage:FileShare": "shareName",
    "azure-native:storage:BlobServiceProperties": "blobServicesName",
    "azure-native:storage:FileServiceProperties": "fileServicesName",
    "azure-native:keyvault:Key": "keyName",
    "azure-native:network:VirtualNetwork": "virtualNetworkName",
    "azure-native:network:NetworkSecurityGroup": "networkSecurityGroupName",
    "azure-native:network:PublicIPAddress": "publicIpAddressName",
    "azure-native:network:NatGateway": "natGatewayName",
    "azure-native:network:PrivateEndpoint": "privateEndpointName",
    "azure-native:network:PrivateDnsZoneGroup": "privateDnsZoneGroupName",
    "azure-native:privatedns:PrivateZone": "privateZoneName",
    "azure-native:privatedns:VirtualNetworkLink": "virtualNetworkLinkName",
    "azure-native:containerregistry:Registry": "registryName",
    "azure-native:managedidentity:UserAssignedIdentity": "resourceName",
    "azure-native:authorization:RoleAssignment": "roleAssignmentName",
    "azure-native:authorization:RoleDefinition": "roleDefinitionId",
    "azure-native:authorization:ManagementLockByScope": "lockName",
    "azure-native:machinelearningservices:Workspace": "workspaceName",
    "azure-native:machinelearningservices:Datastore": "name",
    "azure-native:machinelearningservices:WorkspaceConnection": "connectionName",
    "azure-native:machinelearningservices:Compute": "computeName",
    "azure-native:machinelearningservices:OnlineEndpoint": "endpointName",
    "azure-native:machinelearningservices:BatchEndpoint": "endpointName",
    "azure-native:machinelearningservices:Registry": "registryName",
    "azure-native:monitor:DiagnosticSetting": "name",
    "azure-native:monitor:ActionGroup": "actionGroupName",
    "azure-native:monitor:MetricAlert": "ruleName",
    "azure-native:monitor:ActivityLogAlert": "activityLogAlertName",
    "azure-native:monitor:ScheduledQueryRule": "ruleName",
    "azure-native:storage:Queue": "queueName",
    "azure-native:eventgrid:SystemTopic": "systemTopicName",
    "azure-native:eventgrid:SystemTopicEventSubscription": "eventSubscriptionName",
    "azure-native:consumption:Budget": "budgetName",
    "azure-native:containerservice:ManagedCluster": "resourceName",
    "azure-native:kubernetesconfiguration:Extension": "extensionName",
    "azure-native:compute:VirtualMachine": "vmName",
    "azure-native:network:NetworkInterface": "networkInterfaceName",
}
TODAY = date(2026, 11, 23)

# What may be there already and be used instead of made.
READ = {"azure-native:resources:ResourceGroup", "azure-native:operationalinsights:Workspace"}

MINIMAL: dict[str, Any] = {"workload": "bikes", "owner": "me", "cost_centre": "4711"}


@dataclass(frozen=True)
class Registered:
    """A custom resource: its inputs as the engine would get them, and its options."""

    type: str
    name: str
    inputs: dict[str, Any]
    protect: bool
    ignore_changes: tuple[str, ...]
    aliases: tuple[str, ...]
    """The names that it had before."""
    replace_on_changes: tuple[str, ...]
    dependencies: tuple[str, ...]
    parent: str

    @property
    def short_type(self) -> str:
        return self.type.removeprefix("azure-native:")


@dataclass
class Plan:
    resources: dict[str, Registered] = field(default_factory=dict)
    components: dict[str, str] = field(default_factory=dict)
    protected_components: set[str] = field(default_factory=set)
    outputs: dict[str, Any] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)
    """Ids of what was there before, by the resource's name in the program."""

    def of_type(self, short_type: str) -> list[Registered]:
        return [r for r in self.resources.values() if r.short_type == short_type]

    def only(self, short_type: str) -> Registered:
        (found,) = self.of_type(short_type)
        return found


class StrictMocks(Mocks):
    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if args.resource_id:  # it was there before
            return args.resource_id, {"name": args.resource_id.rsplit("/", 1)[1]}
        if not args.custom:
            if not args.typ.startswith("amlops:infra:"):
                raise AssertionError(f"unforeseen component type {args.typ} ({args.name})")
            return "", args.inputs
        if args.typ not in FORESEEN:
            raise AssertionError(f"unforeseen resource type {args.typ} ({args.name})")
        name = args.inputs[FORESEEN[args.typ]]
        state = {**args.inputs, "name": name}
        identity = args.inputs.get("identity")
        if identity and identity["type"] == "SystemAssigned":
            state["identity"] = {**identity, "principalId": f"principal of {name}"}
        elif identity:
            ids = identity["userAssignedIdentities"]
            state["identity"] = {**identity, "userAssignedIdentities": {i: {} for i in ids}}
        if args.typ.endswith(":UserAssignedIdentity"):
            state["principalId"] = f"principal of {name}"
            state["clientId"] = f"client of {name}"
        if args.typ.endswith(":keyvault:Vault"):
            uri = f"https://{name}.vault.azure.net/"
            state["properties"] = {**args.inputs["properties"], "vaultUri": uri}
        if args.typ.endswith(":keyvault:Key"):
            uri = f"https://{args.inputs['vaultName']}.vault.azure.net/keys/{name}"
            state |= {"keyUri": uri, "keyUriWithVersion": f"{uri}/1"}
        if args.typ.endswith(":ManagedCluster"):
            kubelet = {"objectId": f"kubelet of {name}"}
            state["identityProfile"] = {"kubeletidentity": kubelet}
        if args.typ.endswith(":OnlineEndpoint"):
            uri = f"https://{name}.eastus.inference.ml.azure.com/score"
            state["properties"] = {**args.inputs["properties"], "scoringUri": uri}
        return f"/id/of/{name}", state

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], None]:
        raise AssertionError(f"unforeseen function call {args.token}")


class RecordingMonitor(MockMonitor):
    """Keeps the options, which mocks are not told."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(StrictMocks())
        self.plan = plan

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        response = super().RegisterResource(request)
        if request.custom:
            self.plan.resources[request.name] = Registered(
                type=request.type,
                name=request.name,
                inputs=pulumi.runtime.rpc.deserialize_properties(request.object),
                protect=request.protect,
                ignore_changes=tuple(request.ignoreChanges),
                aliases=tuple(a.spec.name for a in request.aliases if a.spec.name),
                replace_on_changes=tuple(request.replaceOnChanges),
                dependencies=tuple(urn.split("::")[-1] for urn in request.dependencies),
                parent=request.parent.split("::")[-1],
            )
        elif request.type != "pulumi:pulumi:Stack":
            self.plan.components[request.name] = request.type
            if request.protect:
                self.plan.protected_components.add(request.name)
        return response

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        if request.type not in READ:
            raise AssertionError(f"unforeseen read of {request.type} ({request.name})")
        self.plan.read[request.name] = request.id
        return super().ReadResource(request)


def secret_of(host: str, name: str) -> str:
    """What is in a vault."""
    return f"value of {name} in {host}"


def settings(**changes: Any) -> Settings:
    chosen = parse({**MINIMAL, **changes}, "stacks/Pulumi.dev.yaml")
    assert isinstance(chosen, Settings)
    return chosen


def plan(
    chosen: Stack,
    environment: str = "dev",
    *,
    recover_vault: bool = False,
    node_counts: Mapping[str, Counts] | None = None,
) -> Plan:
    """What the program registers and exports for these settings."""
    result = Plan()
    # Pulumi takes the thread's event loop, which `asyncio.run` of another test leaves closed.
    asyncio.set_event_loop(asyncio.new_event_loop())
    pulumi.runtime.set_mocks(
        StrictMocks(), project="amlops", stack=environment, monitor=RecordingMonitor(result)
    )

    @pulumi.runtime.test
    def program() -> pulumi.Output[None]:
        outputs = _declared(
            chosen, environment, recover_vault=recover_vault, node_counts=node_counts
        )
        return pulumi.Output.from_input(outputs).apply(result.outputs.update)

    program()
    return result


def _declared(
    chosen: Stack,
    environment: str,
    *,
    recover_vault: bool,
    node_counts: Mapping[str, Counts] | None,
) -> dict[str, Any]:
    subscription, tenant = CLIENT.subscription_id, CLIENT.tenant_id
    if isinstance(chosen, RegistryStack):
        names = Names(subscription, chosen.workload, environment)
        return shared.declare(chosen, names, subscription, tenant, TODAY)
    names = names_of(chosen, subscription, environment)
    return declare(
        chosen,
        names,
        CLIENT,
        read_secret=secret_of,
        recover_vault=recover_vault,
        node_counts=node_counts,
        today=TODAY,
    )


def inputs_of(planned: Plan, short_type: str) -> list[dict[str, Any]]:
    return [resource.inputs for resource in planned.of_type(short_type)]
