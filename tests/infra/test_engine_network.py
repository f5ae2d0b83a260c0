"""Each network mode in the real engine, against a real sandbox, from nothing to nothing:

- A second `up` changes nothing and a refresh finds no drift, whatever the service added itself.
- Private means private: no public access on workspace, storage, vault, registry; every one of them
  has an approved private endpoint with its names in the zones that are linked to the network.
- Rules of a managed network do not delete each other: neither when several are made, nor when one
  goes, nor when something else of the workspace changes.
- What was there before is used, is not changed, and stays, in another subscription, too.
- With a customer's key all three services name it; afterwards the group is empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.settings import table
from sandbox.subscriptions import Subscriptions
from tests.infra.engine import ML, STACK_FILE, Stack
from tests.sandbox.conftest import RunningSandbox

NETWORK, DNS = "2024-05-01", "2024-06-01"
VERSIONS = {
    "Microsoft.Storage/storageAccounts": "2024-01-01",
    "Microsoft.KeyVault/vaults": "2024-11-01",
    "Microsoft.ContainerRegistry/registries": "2023-07-01",
    "Microsoft.MachineLearningServices/workspaces": ML,
}

LINKS = table("private-links.yaml")
ZONES = sorted({z for name in LINKS if name != "lake" for zs in LINKS[name].values() for z in zs})
"""That have to be there in the resource group of a hub's."""


@dataclass
class Networked(Stack):
    """The stack `dev` with settings of the test's besides."""

    settings: dict[str, Any] = field(default_factory=dict)

    def choose(self, **settings: Any) -> None:
        self.settings |= settings
        document = yaml.safe_load(STACK_FILE.read_text())
        document["config"]["amlops:settings"] |= self.settings
        assert self.file
        self.file.write_text(yaml.safe_dump(document))

    def up(self, *arguments: str, **settings: Any) -> str:
        self.choose(**settings)
        return super().up(*arguments)

    def settled(self) -> None:
        """A second `up` changes nothing, and nothing has drifted."""
        self.up("--expect-no-changes")
        self.no_drift()

    def group(self) -> str:
        return f"/subscriptions/{self.sandbox.subscription}/resourceGroups/rg-bikes-dev"

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """The resources of a type in the group, as they show themselves."""
        version = VERSIONS.get(kind, DNS if "privateDns" in kind else NETWORK)
        found = self.arm("GET", f"{self.group()}/providers/{kind}", version=version)["value"]
        return list(found)

    def purge_workspace(self, identifier: str) -> None:
        self.arm("DELETE", f"{identifier}?forceToPurge=true")


@pytest.fixture
def stack(start_sandbox: Callable[..., RunningSandbox], tmp_path: Path) -> Iterator[Networked]:
    before = STACK_FILE.read_bytes()
    stack = Networked(start_sandbox(tracking=False), tmp_path / "Pulumi.dev.yaml")
    stack.init()
    yield stack
    stack.sandbox.stop()
    assert STACK_FILE.read_bytes() == before


def another_subscription(stack: Networked) -> str:
    """A hub's: its zones and logs are used by those of others."""
    first = stack.sandbox.subscription
    return Subscriptions(stack.sandbox.directory, first).make("Hub")


def is_private(stack: Networked) -> None:
    for kind in VERSIONS:
        (service,) = stack.of_type(kind)
        properties = service["properties"]
        assert properties["publicNetworkAccess"] == "Disabled", kind
        states = [
            connection["properties"]["privateLinkServiceConnectionState"]["status"]
            for connection in properties["privateEndpointConnections"]
        ]
        assert states
        assert set(states) == {"Approved"}
    assert stack.of_type("Microsoft.ContainerRegistry/registries")[0]["sku"]["name"] == "Premium"


def records(stack: Networked) -> dict[str, list[str]]:
    """Names by zone."""
    return {
        zone["name"]: [
            record["name"] for record in stack.arm("GET", f"{zone['id']}/A", version=DNS)["value"]
        ]
        for zone in stack.of_type("Microsoft.Network/privateDnsZones")
    }


def is_empty(stack: Networked) -> None:
    groups = stack.arm(
        "GET", f"/subscriptions/{stack.sandbox.subscription}/resourceGroups", version="2025-04-01"
    )
    assert groups["value"] == []


def test_an_own_network_is_private_and_goes_again(stack: Networked) -> None:
    stack.up(network={"mode": "own"})
    stack.settled()
    is_private(stack)
    outputs = stack.outputs()
    (network,) = stack.of_type("Microsoft.Network/virtualNetworks")
    assert network["id"] == outputs["virtualNetwork"]
    subnets = {item["name"]: item["properties"] for item in network["properties"]["subnets"]}
    assert subnets["snet-compute"]["natGateway"]["id"]
    assert len(subnets["snet-endpoints"]["privateEndpoints"]) == 7
    names = records(stack)
    assert names["privatelink.blob.core.windows.net"] == [outputs["storageAccount"]]
    assert names["privatelink.vaultcore.azure.net"] == [outputs["keyVault"]]
    assert len(names["privatelink.api.azureml.ms"]) == 3
    workspace = stack.arm("GET", outputs["workspace"]["id"])["properties"]
    serverless = workspace["serverlessComputeSettings"]
    assert serverless["serverlessComputeCustomSubnet"].endswith("/subnets/snet-compute")
    assert workspace["imageBuildCompute"] == "cpu-cluster"
    stack.destroy()
    is_empty(stack)


RULES = {
    "packages": {"fqdn": "packages.example.com"},
    "factory": {"service_tag": "DataFactory", "ports": "80, 443"},
    "monitor": {"service_tag": "AzureMonitor"},
}


PROGRAMS = {"storage-queue", "storage-table"}
"""Rules that the program adds to those of the settings."""


def rules(stack: Networked) -> dict[str, Any]:
    workspace = stack.arm("GET", stack.outputs()["workspace"]["id"])
    found: dict[str, Any] = workspace["properties"]["managedNetwork"]["outboundRules"]
    return found


def users_rules(stack: Networked) -> set[str]:
    found = {name for name, rule in rules(stack).items() if rule["category"] == "UserDefined"}
    assert found >= PROGRAMS
    return found - PROGRAMS


def test_rules_of_a_managed_network_do_not_delete_each_other(stack: Networked) -> None:
    stack.up(network={"mode": "managed", "rules": RULES})
    stack.settled()
    is_private(stack)
    assert users_rules(stack) == set(RULES)
    required = [rule for rule in rules(stack).values() if rule["category"] == "Required"]
    assert {rule["destination"]["subresourceTarget"] for rule in required} == {
        "blob",
        "file",
        "vault",
        "registry",
    }
    assert all(rule["status"] == "Active" for rule in rules(stack).values())
    (network,) = stack.of_type("Microsoft.Network/virtualNetworks")
    assert [item["name"] for item in network["properties"]["subnets"]] == ["snet-endpoints"]
    # Something else of the workspace changes: every rule stays.
    stack.up(workspace={"description": "changed"})
    assert users_rules(stack) == set(RULES)
    # One goes: the others stay, the service's own as well.
    stack.up(network={"mode": "managed", "rules": {"packages": RULES["packages"]}})
    assert users_rules(stack) == {"packages"}
    assert len(rules(stack)) == 1 + len(PROGRAMS) + len(required)
    stack.settled()
    stack.destroy()
    is_empty(stack)


def test_a_firewall_lets_some_addresses_in(stack: Networked) -> None:
    stack.up(network={"allowed_ips": ["198.51.100.7", "198.51.100.16/28"]})
    stack.settled()
    expected = ["198.51.100.7", "198.51.100.16/28"]
    (account,) = stack.of_type("Microsoft.Storage/storageAccounts")
    acls = account["properties"]["networkAcls"]
    assert acls["defaultAction"] == "Deny"
    assert [rule["value"] for rule in acls["ipRules"]] == expected
    (registry,) = stack.of_type("Microsoft.ContainerRegistry/registries")
    assert registry["properties"]["networkRuleSet"]["defaultAction"] == "Deny"
    stack.destroy()
    is_empty(stack)


def test_a_customers_key_encrypts_all_three_and_comes_again(stack: Networked) -> None:
    chosen = {"encryption": {"customer_key": True}, "vault": {"purge_protection": True}}
    stack.up(**chosen)
    stack.settled()
    outputs = stack.outputs()
    (account,) = stack.of_type("Microsoft.Storage/storageAccounts")
    key = account["properties"]["encryption"]["keyvaultproperties"]["keyname"]
    (registry,) = stack.of_type("Microsoft.ContainerRegistry/registries")
    assert key in registry["properties"]["encryption"]["keyVaultProperties"]["keyIdentifier"]
    workspace = stack.arm("GET", outputs["workspace"]["id"])["properties"]
    assert f"/{key}/" in workspace["encryption"]["keyVaultProperties"]["keyIdentifier"]
    stack.destroy()
    is_empty(stack)
    stack.purge_workspace(outputs["workspace"]["id"])
    # The vault is recovered with the old key in it; the new life has a key of another name.
    stack.up()
    (account,) = stack.of_type("Microsoft.Storage/storageAccounts")
    assert account["properties"]["encryption"]["keyvaultproperties"]["keyname"] != key
    stack.settled()


def test_what_was_there_before_is_used_and_stays(stack: Networked) -> None:
    root = f"/subscriptions/{stack.sandbox.subscription}/resourceGroups"
    hub = f"/subscriptions/{another_subscription(stack)}/resourceGroups/rg-hub"
    spoke, team = f"{root}/rg-spoke", f"{root}/rg-team"
    network = f"{spoke}/providers/Microsoft.Network/virtualNetworks/vnet-spoke"
    logs = f"{hub}/providers/Microsoft.OperationalInsights/workspaces/log-hub"
    chosen = {
        "existing": {"resource_group": "rg-team", "logs": logs},
        "network": {
            "mode": "own",
            "existing": {
                "virtual_network": network,
                "subnets": {"endpoints": "private", "compute": "nodes"},
                "dns_zones": hub,
            },
        },
    }
    stack.choose(**chosen)
    text = stack.refused("preview")
    for setting in ("existing.resource_group", "network.existing.subnets.compute"):
        # Each a diagnostic of its own, by which readers of Pulumi's output know it.
        assert re.search(rf"error: stacks/.*amlops:settings.{setting}: there is no", text)
    for group in (hub, spoke, team):
        stack.arm("PUT", group, {"location": "eastus"}, "2025-04-01")
    stack.arm("PUT", logs, {"location": "eastus", "properties": {}}, "2023-09-01")
    subnets = [
        {"name": name, "properties": {"addressPrefix": addresses}}
        for name, addresses in [("private", "10.9.0.0/24"), ("nodes", "10.9.1.0/24")]
    ]
    body = {
        "location": "eastus",
        "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}, "subnets": subnets},
    }
    stack.arm("PUT", network, body, NETWORK)
    zones = [f"{hub}/providers/Microsoft.Network/privateDnsZones/{zone}" for zone in ZONES]
    for zone in zones:
        stack.arm("PUT", zone, {"location": "global"}, DNS)
    stack.up()
    stack.settled()
    outputs = stack.outputs()
    assert outputs["resourceGroup"] == "rg-team"
    assert outputs["ownsResourceGroup"] is False
    assert outputs["logAnalytics"] == "log-hub"
    assert outputs["virtualNetwork"] == network
    found = stack.arm("GET", network, version=NETWORK)["properties"]["subnets"]
    assert len(found[0]["properties"]["privateEndpoints"]) == 7
    names = [stack.arm("GET", f"{zone}/A", version=DNS)["value"] for zone in zones]
    assert all(names), "each has the addresses of what is reached by it"
    stack.destroy()
    left = stack.arm("GET", f"{team}/resources", version="2025-04-01")["value"]
    assert left == []
    assert stack.arm("GET", logs, version="2023-09-01")["name"] == "log-hub"
    assert stack.arm("GET", network, version=NETWORK)["name"] == "vnet-spoke"
    assert [stack.arm("GET", f"{zone}/A", version=DNS)["value"] for zone in zones] == [[]] * len(
        zones
    )
