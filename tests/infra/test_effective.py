"""Where a setting comes from: its line, its default, or what other settings make of it.

What is said to follow from others is what the program then declares.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from infra.settings import parse
from infra.settings.effective import Effective, effective
from infra.settings.source import read
from tests.infra.mocks import MINIMAL, plan


def shown(**settings: Any) -> dict[str, Effective]:
    text = yaml.safe_dump({"config": {"amlops:settings": MINIMAL | settings}}, sort_keys=False)
    chosen = parse(MINIMAL | settings, "stacks/Pulumi.dev.yaml")
    return {".".join(map(str, one.path)): one for one in effective(chosen, read(text), "dev")}


def test_a_setting_of_the_file_has_its_line() -> None:
    one = shown(clusters={"a-b": {"max": 7, "idle": "90m"}})
    assert (one["workload"].origin, one["workload"].line) == ("file", 3)
    assert (one["clusters.a-b.max"].value, one["clusters.a-b.max"].line) == (7, 8)
    assert one["clusters.a-b.idle"].value == "90m"
    assert (one["clusters.a-b.min"].origin, one["clusters.a-b.min"].line) == ("default", None)


def test_a_whole_map_can_be_a_default() -> None:
    one = shown()["clusters.cpu-cluster.size"]
    assert (one.value, one.origin) == ("Standard_DS3_v2", "default")


def test_what_is_given_is_not_derived() -> None:
    one = shown(registry={"create": "now", "sku": "Basic"})
    assert (one["registry.sku"].value, one["registry.sku"].origin) == ("Basic", "file")


def test_what_follows_from_nothing_stays_empty() -> None:
    one = shown()
    assert (one["network.outbound"].value, one["network.outbound"].origin) == (None, "default")
    assert one["subscription"].without == "whichever is logged in"


@pytest.mark.parametrize("mode", ["public", "managed", "own"])
def test_what_is_derived_is_what_the_program_declares(mode: str) -> None:
    given = {"network": {"mode": mode}, "instances": {"mine": {}}, "endpoints": {"bike": {}}}
    told = {path: one.value for path, one in shown(**given).items() if one.origin == "derived"}
    planned = plan(parse(MINIMAL | given, "stacks/Pulumi.dev.yaml"))

    assert planned.outputs["resourceGroup"] == told["names.resource_group"] == "rg-bikes-dev"
    workspace = planned.only("machinelearningservices:Workspace").inputs
    assert workspace["workspaceName"] == told["names.workspace"]
    assert (workspace["publicNetworkAccess"] == "Enabled") is told["workspace.public_access"]
    endpoint = planned.only("machinelearningservices:OnlineEndpoint").inputs["properties"]
    assert (endpoint["publicNetworkAccess"] == "Enabled") is told["endpoints.bike.public_access"]
    for compute in planned.of_type("machinelearningservices:Compute"):
        public = compute.inputs["properties"]["properties"]["enableNodePublicIp"]
        assert public is told["instances.mine.public_ip"] is told["clusters.cpu-cluster.public_ip"]
    registries = planned.of_type("containerregistry:Registry")
    assert told["registry.create"] == ("now" if registries else "lazy")
    assert [registry.inputs["sku"]["name"] for registry in registries] == [
        value for path, value in told.items() if path == "registry.sku"
    ]
    for network in planned.of_type("network:VirtualNetwork"):
        assert network.inputs["addressSpace"] == {"addressPrefixes": [told["network.addresses"]]}
        assert {subnet["addressPrefix"] for subnet in network.inputs["subnets"]} == {
            value for path, value in told.items() if path.startswith("network.subnets.")
        }
    assert bool(planned.of_type("network:NatGateway")) is told.get("network.nat_gateway", False)
