"""What is in a workspace, in every environment:

- No datastore holds a key.
- What security hangs on is written out, not left to a default of the SDK or the service.
- Clusters are called alike in every environment.
- `amlops deploy` owns traffic: the program ignores it.
"""

from __future__ import annotations

import pytest

from infra.settings import load
from tests.infra.mocks import SUBSCRIPTION, Plan, inputs_of, plan, settings


def test_datastores_hold_no_key(planned: Plan) -> None:
    datastores = inputs_of(planned, "machinelearningservices:Datastore")
    assert datastores
    for datastore in datastores:
        assert datastore["properties"]["credentials"] == {"credentialsType": "None"}


def test_computes_say_what_security_hangs_on(planned: Plan) -> None:
    computes = inputs_of(planned, "machinelearningservices:Compute")
    assert computes
    for compute in computes:
        outer = compute["properties"]
        if outer.get("computeType") not in ("AmlCompute", "ComputeInstance"):
            continue
        inner = outer["properties"]
        assert outer["disableLocalAuth"] is True
        assert isinstance(inner["enableNodePublicIp"], bool)
        if outer["computeType"] == "AmlCompute":
            assert inner["remoteLoginPortPublicAccess"] == "Disabled"
        else:
            assert inner["applicationSharingPolicy"] == "Personal"
            assert inner["sshSettings"] == {"sshPublicAccess": "Disabled"}


def test_clusters_follow_their_settings(everything: Plan) -> None:
    gpu = next(
        compute["properties"]["properties"]
        for compute in inputs_of(everything, "machinelearningservices:Compute")
        if compute["computeName"] == "gpu-cluster"
    )
    assert gpu["vmPriority"] == "LowPriority"
    assert gpu["enableNodePublicIp"] is False
    assert gpu["scaleSettings"] == {
        "minNodeCount": 0,
        "maxNodeCount": 2,
        "nodeIdleTimeBeforeScaleDown": "PT2M",
    }


@pytest.mark.parametrize(
    ("mode", "subnet", "public"),
    [("public", None, True), ("managed", None, False), ("own", "snet-compute", False)],
)
def test_the_network_says_where_nodes_are(mode: str, subnet: str | None, public: bool) -> None:
    chosen = settings(network={"mode": mode}, instances={"workstation": {}})
    computes = inputs_of(plan(chosen), "machinelearningservices:Compute")
    assert len(computes) == 2
    for compute in computes:
        inner = compute["properties"]["properties"]
        assert inner["enableNodePublicIp"] is public
        place = inner.get("subnet", {}).get("id")
        assert (place and place.rpartition("/")[2]) == subnet


def test_an_instance_can_be_for_somebody(everything: Plan) -> None:
    (instance,) = (
        compute["properties"]["properties"]
        for compute in inputs_of(everything, "machinelearningservices:Compute")
        if compute["properties"].get("computeType") == "ComputeInstance"
    )
    user = instance["personalComputeInstanceSettings"]["assignedUser"]
    assert user["objectId"] == SUBSCRIPTION
    assert instance["idleTimeBeforeShutdown"] == "PT30M"


def test_clusters_are_called_alike_everywhere() -> None:
    names = [plan(load(name), name).outputs["clusters"] for name in ("dev", "test", "prod")]
    assert names == [{"cpu-cluster": "cpu-cluster"}] * 3


def test_traffic_is_not_the_programs(everything: Plan) -> None:
    endpoints = everything.of_type("machinelearningservices:OnlineEndpoint")
    assert len(endpoints) == 2
    for endpoint in endpoints:
        assert endpoint.ignore_changes == (
            "properties.traffic",
            "properties.mirrorTraffic",
            "properties.properties",
        )
        assert "traffic" not in endpoint.inputs["properties"]


def test_another_kind_of_identity_makes_an_endpoint_anew(everything: Plan) -> None:
    for endpoint in everything.of_type("machinelearningservices:OnlineEndpoint"):
        assert endpoint.replace_on_changes == ("identity.type",)


def test_endpoints_follow_their_settings(everything: Plan) -> None:
    by_name = {
        e["endpointName"].split("-dev-")[0]: e["properties"]
        for e in inputs_of(everything, "machinelearningservices:OnlineEndpoint")
    }
    assert by_name["bike-rentals"]["authMode"] == "Key"
    assert by_name["churn"]["authMode"] == "AADToken"
    assert by_name["churn"]["publicNetworkAccess"] == "Disabled"
