"""Managed networks and their outbound rules, by the official Azure ML client."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from azure.ai.ml.entities import (
    FqdnDestination,
    IsolationMode,
    ManagedNetwork,
    PrivateEndpointDestination,
    ServiceTagDestination,
)
from azure.core.exceptions import HttpResponseError

from tests.sandbox.conftest import Place, RunningSandbox, make_workspace, wait_until

ML = "2025-12-01"
PACKAGES = {"type": "FQDN", "destination": "packages.example.com"}
FACTORY = {
    "type": "ServiceTag",
    "destination": {"serviceTag": "DataFactory", "protocol": "TCP", "portRanges": "443"},
}


@pytest.fixture
def place(sandbox: RunningSandbox) -> Place:
    """A workspace whose managed network lets out what is approved; its vault is private."""
    place = make_workspace(sandbox, f"rg-{uuid.uuid4().hex[:8]}")
    put(sandbox, place, rules={"packages": PACKAGES})
    vault = body(sandbox, place)["properties"]["keyVault"]
    patch = {"properties": {"publicNetworkAccess": "Disabled"}}
    assert sandbox.arm("PATCH", vault, patch, version="2024-11-01").is_success
    return place


def body(sandbox: RunningSandbox, place: Place) -> dict[str, Any]:
    found: dict[str, Any] = sandbox.arm("GET", place.id, version=ML).json()
    return found


def put(
    sandbox: RunningSandbox,
    place: Place,
    mode: str = "AllowOnlyApprovedOutbound",
    rules: dict[str, Any] | None = None,
) -> Any:
    wanted = body(sandbox, place)
    wanted["properties"]["managedNetwork"] = {"isolationMode": mode}
    if rules is not None:
        wanted["properties"]["managedNetwork"]["outboundRules"] = rules
    return sandbox.arm("PUT", place.id, wanted, version=ML)


def names(client: Any, place: Place) -> set[str]:
    return {rule.name for rule in client.workspace_outbound_rules.list(place.workspace)}


def test_the_client_adds_shows_and_removes_rules(client: Any, place: Place) -> None:
    operations = client.workspace_outbound_rules
    rule = ServiceTagDestination(
        name="factory", service_tag="DataFactory", protocol="TCP", port_ranges="443"
    )
    operations.begin_create(place.workspace, rule).result()
    assert names(client, place) == {"packages", "factory"}
    assert operations.get(place.workspace, "factory").service_tag == "DataFactory"
    operations.begin_remove(place.workspace, "factory").result()
    assert names(client, place) == {"packages"}


def test_a_put_replaces_the_users_rules_and_none_of_the_services(
    sandbox: RunningSandbox, client: Any, place: Place
) -> None:
    client.workspaces.begin_provision_network(workspace_name=place.workspace).result()
    required = names(client, place) - {"packages"}
    assert len(required) == 1  # of all that it stands on only the vault is private
    assert put(sandbox, place, rules={"factory": FACTORY}).is_success
    assert names(client, place) == {"factory", *required}
    assert put(sandbox, place).is_success  # says nothing of rules
    assert names(client, place) == {"factory", *required}
    (rule,) = required
    with pytest.raises(HttpResponseError) as refused:
        client.workspace_outbound_rules.begin_remove(place.workspace, rule)
    assert refused.value.status_code == 409


def test_an_update_by_the_client_adds_to_the_rules(client: Any, place: Place) -> None:
    workspace = client.workspaces.get(place.workspace)
    workspace.managed_network = ManagedNetwork(
        isolation_mode=IsolationMode.ALLOW_ONLY_APPROVED_OUTBOUND,
        outbound_rules=[FqdnDestination(name="more", destination="more.example.com")],
    )
    client.workspaces.begin_update(workspace).result()
    assert names(client, place) == {"packages", "more"}


def test_provisioning_connects_what_is_private(
    sandbox: RunningSandbox, client: Any, place: Place
) -> None:
    before = client.workspaces.get(place.workspace).managed_network
    assert before.status.status == "Inactive"
    client.workspaces.begin_provision_network(workspace_name=place.workspace).result()
    wait_until(
        lambda: client.workspaces.get(place.workspace).managed_network.status.status == "Active",
        what="the network is there",
    )
    vault = body(sandbox, place)["properties"]["keyVault"]
    found = sandbox.arm("GET", vault, version="2024-11-01").json()["properties"]
    (connection,) = found["privateEndpointConnections"]
    state = connection["properties"]["privateLinkServiceConnectionState"]
    assert state["status"] == "Approved"


def test_a_private_endpoint_rule_leads_to_what_is_there(client: Any, place: Place) -> None:
    rule = PrivateEndpointDestination(
        name="lake",
        service_resource_id=f"{place.id.rsplit('/', 2)[0]}/x/y".replace(
            "Microsoft.MachineLearningServices/x/y", "Microsoft.Storage/storageAccounts/none"
        ),
        subresource_target="blob",
        spark_enabled=False,
    )
    with pytest.raises(HttpResponseError, match="not found"):
        client.workspace_outbound_rules.begin_create(place.workspace, rule).result()


@pytest.mark.parametrize(
    ("mode", "rules", "expected"),
    [
        ("Disabled", {}, "cannot be disabled"),
        ("AllowInternetOutbound", {"packages": PACKAGES}, "needs isolation mode"),
        ("AllowInternetOutbound", {}, "cannot allow the internet again"),
        (
            "AllowOnlyApprovedOutbound",
            {"x": {**PACKAGES, "category": "Required"}},
            "which is the service's",
        ),
    ],
)
def test_what_the_service_refuses_is_refused(
    sandbox: RunningSandbox, place: Place, mode: str, rules: dict[str, Any], expected: str
) -> None:
    answer = put(sandbox, place, mode, rules)
    assert answer.status_code == 400
    assert expected in answer.json()["error"]["message"]


def test_an_identity_that_may_not_approve_gets_no_network(
    sandbox: RunningSandbox, client: Any, place: Place
) -> None:
    group = place.id.split("/providers/")[0]
    identity = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-network"
    made = sandbox.arm("PUT", identity, {"location": "eastus"}, version="2024-11-30")
    assert made.is_success, made.text
    wanted = body(sandbox, place)
    wanted["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}
    wanted["properties"]["managedNetwork"] = {"isolationMode": "AllowOnlyApprovedOutbound"}
    assert sandbox.arm("PUT", place.id, wanted, version=ML).is_success
    with pytest.raises(HttpResponseError, match="privateEndpointConnectionsApproval"):
        client.workspaces.begin_provision_network(workspace_name=place.workspace).result()
    found = client.workspaces.get(place.workspace).managed_network
    assert found.status.status == "Inactive"
