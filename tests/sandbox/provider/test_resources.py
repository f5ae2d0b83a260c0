"""A resource's life through the plugin, against a scripted ARM that throws on the unforeseen."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from sandbox.provider import check
from sandbox.provider.arm import ATTEMPTS, ArmFailure
from sandbox.provider.connection import connect
from sandbox.provider.diff import differences
from sandbox.provider.resources import AlreadyExistsError, IncompleteError, Resources
from sandbox.provider.table import resource_type, tokens
from tests.sandbox.provider.echo import GROUP, SUBSCRIPTION, Echo, Script
from tests.sandbox.provider.full import variants

CLUSTER = resource_type("azure-native:machinelearningservices:Compute")
PATH = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/mlw/computes/cpu"
OPERATION = "https://management.azure.com/operations/1"
URN = "urn:pulumi:dev::p::azure-native:machinelearningservices:Compute::cpu"
INPUTS: dict[str, Any] = {
    "resourceGroupName": "rg",
    "workspaceName": "mlw",
    "computeName": "cpu",
    "location": "eastus",
    "properties": {
        "computeType": "AmlCompute",
        "properties": {
            "vmSize": "Standard_DS2_v2",
            "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 2},
        },
    },
}
BODY = {"id": PATH, "name": "cpu", "location": "eastus", "properties": INPUTS["properties"]}
NOT_FOUND = {"error": {"code": "ResourceNotFound", "message": "no"}}


def quiet(_: str) -> None:
    return None


def test_create_follows_the_operation_to_its_end(script: Script) -> None:
    seen: list[str] = []
    script.expect("GET", PATH, 404, NOT_FOUND)
    script.expect("PUT", PATH, 201, BODY, azure_asyncoperation=OPERATION, retry_after="0")
    script.expect("GET", "/operations/1", 200, {"status": "Creating"}, x_ms_retry_after_ms="1")
    script.expect("GET", "/operations/1", 200, {"status": "Succeeded"})
    script.expect("GET", PATH, 200, BODY | {"properties": {"provisioningState": "Succeeded"}})
    identifier, shown = script.connection().resources.create(CLUSTER, URN, INPUTS, seen.append)
    assert identifier == PATH
    assert shown["properties"] == {"provisioningState": "Succeeded"}
    assert script.body(1) == {"location": "eastus", "properties": INPUTS["properties"]}
    assert script.requests[1].url.params["api-version"] == "2025-12-01"
    assert seen == ["Running", "Creating"]
    assert not script.answers


def test_create_refuses_what_exists_and_says_how_to_import_it(script: Script) -> None:
    script.expect("GET", PATH, 200, BODY)
    with pytest.raises(AlreadyExistsError) as caught:
        script.connection().resources.create(CLUSTER, URN, INPUTS, quiet)
    assert "cannot create already existing resource" in str(caught.value)
    assert f"pulumi import {CLUSTER.token} cpu {PATH}" in str(caught.value)


def test_a_refused_create_gives_arms_code_and_what_to_do(script: Script) -> None:
    script.expect("GET", PATH, 404, NOT_FOUND)
    error = {"code": "QuotaExceeded", "message": "8 of 6 cores"}
    script.expect("PUT", PATH, 400, {"error": error})
    with pytest.raises(ArmFailure, match=r"QuotaExceeded: 8 of 6 cores .*ask for more quota"):
        script.connection().resources.create(CLUSTER, URN, INPUTS, quiet)


def test_a_create_that_fails_on_the_way_keeps_what_is_there(script: Script) -> None:
    script.expect("GET", PATH, 404, NOT_FOUND)
    script.expect("PUT", PATH, 201, BODY, azure_asyncoperation=OPERATION, retry_after="0")
    failed = {"status": "Failed", "error": {"code": "SkuNotAvailable", "message": "not here"}}
    script.expect("GET", "/operations/1", 200, failed)
    script.expect("GET", PATH, 200, BODY | {"properties": {"provisioningState": "Failed"}})
    with pytest.raises(IncompleteError) as caught:
        script.connection().resources.create(CLUSTER, URN, INPUTS, quiet)
    assert caught.value.identifier == PATH
    assert "SkuNotAvailable: not here" in caught.value.reason
    assert caught.value.outputs["properties"] == {"provisioningState": "Failed"}


def test_cancelling_ends_the_wait_and_keeps_the_resource(script: Script) -> None:
    connection = script.connection()

    def cancel(_: httpx.Request) -> httpx.Response:
        connection.arm.cancel()
        return httpx.Response(
            201, json=BODY, headers={"azure-asyncoperation": OPERATION, "retry-after": "3600"}
        )

    script.expect("GET", PATH, 404, NOT_FOUND)
    script.expect("PUT", PATH, cancel)
    script.expect("GET", PATH, 200, BODY)
    with pytest.raises(IncompleteError, match="cancelled"):
        connection.resources.create(CLUSTER, URN, INPUTS, quiet)


def test_a_resource_without_an_operation_is_polled_itself(script: Script) -> None:
    running = BODY | {"properties": {"provisioningState": "Creating"}}
    script.expect("GET", PATH, 404, NOT_FOUND)
    script.expect("PUT", PATH, 200, running, retry_after="0")
    script.expect("GET", PATH, 200, BODY | {"properties": {"provisioningState": "Succeeded"}})
    script.expect("GET", PATH, 200, BODY)
    script.connection().resources.create(CLUSTER, URN, INPUTS, quiet)
    assert not script.answers


def test_throttling_and_faults_are_retried(script: Script) -> None:
    script.expect("GET", PATH, 429, {}, retry_after="0")
    script.expect("GET", PATH, 503, {}, retry_after="0")
    script.expect("GET", PATH, 200, BODY)
    assert script.connection().resources.read(CLUSTER, PATH, INPUTS, {}) is not None


def busy(script: Script, times: int) -> None:
    error = {"code": "AnotherOperationInProgress", "message": "the cluster is being made"}
    for _ in range(times):
        script.expect("PUT", PATH, 409, {"error": error}, retry_after="0")


def test_a_create_whose_answer_was_lost_waits_for_itself(script: Script) -> None:
    def killed(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("the service was killed after it had begun", request=request)

    script.expect("GET", PATH, 404, NOT_FOUND)
    script.expect("PUT", PATH, killed)
    busy(script, 2)
    script.expect("PUT", PATH, 200, BODY)
    script.expect("GET", PATH, 200, BODY)
    identifier, _ = script.connection().resources.create(CLUSTER, URN, INPUTS, quiet)
    assert identifier == PATH
    assert not script.answers


def test_an_operation_of_somebody_else_that_does_not_end_is_named(script: Script) -> None:
    script.expect("GET", PATH, 404, NOT_FOUND)
    busy(script, ATTEMPTS)
    with pytest.raises(ArmFailure, match=r"the cluster is being made .wait for the other"):
        script.connection().resources.create(CLUSTER, URN, INPUTS, quiet)
    assert not script.answers


def test_an_expired_token_is_renewed_once(script: Script) -> None:
    script.expect("GET", PATH, 401, {"error": {"code": "ExpiredAuthenticationToken"}})
    script.expect("GET", PATH, 200, BODY)
    assert script.connection().arm.get(PATH, "1") == BODY
    script.expect("GET", PATH, 401, {"error": {"code": "InvalidAuthenticationToken"}})
    script.expect("GET", PATH, 401, {"error": {"code": "InvalidAuthenticationToken"}})
    with pytest.raises(ArmFailure, match="InvalidAuthenticationToken"):
        script.connection().arm.get(PATH, "1")


def test_read_finds_a_resource_gone(script: Script) -> None:
    script.expect("GET", PATH, 404, NOT_FOUND)
    assert script.connection().resources.read(CLUSTER, PATH, INPUTS, {}) is None


def test_an_import_gives_the_inputs_that_a_program_would() -> None:
    """Less what the service fills in: a program that says no more than it must sees no change."""
    body = {
        **BODY,
        "properties": {
            "computeType": "AmlCompute",
            "computeLocation": "eastus",
            "disableLocalAuth": False,
            "provisioningState": "Succeeded",
            "properties": {
                "vmSize": "Standard_DS2_v2",
                "vmPriority": "Dedicated",
                "currentNodeCount": 1,
                "scaleSettings": {
                    "minNodeCount": 0,
                    "maxNodeCount": 2,
                    "nodeIdleTimeBeforeScaleDown": "PT2M",
                },
            },
        },
    }
    script = Script()
    script.expect("GET", PATH, 200, body)
    found = script.connection().resources.read(CLUSTER, PATH, {}, {})
    assert found is not None
    identifier, inputs, shown = found
    assert identifier == PATH
    assert shown["properties"]["properties"]["currentNodeCount"] == 1
    assert "currentNodeCount" not in inputs["properties"]["properties"]
    complete = INPUTS | {"azureApiVersion": "2025-12-01"}
    assert not differences(CLUSTER, inputs, complete)


def test_a_refresh_takes_over_only_what_changed_in_the_cloud() -> None:
    def body(nodes: int, most: int) -> dict[str, Any]:
        settings = {"minNodeCount": 0, "maxNodeCount": most}
        inner = {"vmSize": "Standard_DS2_v2", "currentNodeCount": nodes, "scaleSettings": settings}
        properties = {"computeType": "AmlCompute", "vmPriority": "Dedicated", "properties": inner}
        return BODY | {"properties": properties}

    script = Script()
    for answer in (body(0, 2), body(2, 2), body(2, 8)):
        script.expect("GET", PATH, 200, answer)
    resources = script.connection().resources
    _, inputs, shown = resources.read(CLUSTER, PATH, INPUTS, {}) or ("", {}, {})
    assert inputs == INPUTS
    _, inputs, shown = resources.read(CLUSTER, PATH, INPUTS, shown) or ("", {}, {})
    assert inputs == INPUTS, "a node that started is no drift"
    _, inputs, _ = resources.read(CLUSTER, PATH, INPUTS, shown) or ("", {}, {})
    changed = differences(CLUSTER, INPUTS, inputs)
    assert [change.path for change in changed] == [
        "properties.properties.scaleSettings.maxNodeCount"
    ]
    assert not changed[0].replaces


def test_delete_waits_until_it_is_gone_and_forgives_what_never_was(script: Script) -> None:
    script.expect("DELETE", PATH, 202, {}, location=OPERATION, retry_after="0")
    script.expect("GET", "/operations/1", 202, {}, retry_after="0")
    script.expect("GET", "/operations/1", 404, NOT_FOUND)
    resources = script.connection().resources
    resources.delete(CLUSTER, PATH, quiet)
    assert not script.answers
    script.expect("DELETE", PATH, 404, NOT_FOUND)
    resources.delete(CLUSTER, PATH, quiet)


def test_a_locked_resource_is_not_deleted(script: Script) -> None:
    script.expect("DELETE", PATH, 409, {"error": {"code": "ScopeLocked", "message": "locked"}})
    with pytest.raises(ArmFailure, match=r"ScopeLocked: locked .remove the lock"):
        script.connection().resources.delete(CLUSTER, PATH, quiet)


def test_what_other_resources_own_survives_an_update(script: Script) -> None:
    """A vault's access policies may be resources of their own; an update sends them back."""
    vault = resource_type("azure-native:keyvault:Vault")
    path = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv"
    policies = [{"objectId": "o", "tenantId": "t", "permissions": {"secrets": ["get"]}}]
    sku = {"family": "A", "name": "standard"}
    body = {"id": path, "properties": {"sku": sku, "tenantId": "t", "accessPolicies": policies}}
    inputs = {
        "resourceGroupName": "rg",
        "vaultName": "kv",
        "properties": {"sku": sku, "tenantId": "t"},
    }
    script.expect("GET", path, 404, NOT_FOUND)
    script.expect("PUT", path, 200, body)
    script.expect("GET", path, 200, body)
    resources = script.connection().resources
    resources.create(vault, "urn::p::x::kv", inputs, quiet)
    assert script.body(1)["properties"]["accessPolicies"] == []
    script.expect("GET", path, 200, body)
    script.expect("PUT", path, 200, body)
    script.expect("GET", path, 200, body)
    resources.update(vault, path, inputs, quiet)
    assert script.body(4)["properties"]["accessPolicies"] == policies


def test_a_vault_secret_is_deleted_through_its_vault(script: Script) -> None:
    secret = resource_type("azure-native:keyvault:Secret")
    path = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv/secrets/s"
    script.expect("DELETE", "/secrets/s", 200, {})
    script.connection().resources.delete(secret, path, quiet)
    assert script.requests[0].url.host == "kv.vault.azure.net"


@pytest.mark.parametrize("token", tokens())
def test_nothing_differs_after_a_create(token: str) -> None:
    """For every type, with every input given: create, read, and there is nothing to change."""
    resource = resource_type(token)
    for inputs in variants(resource):
        if "scope" in resource.path_inputs:
            inputs["scope"] = GROUP
        echo = Echo()
        connection = connect(
            {"subscriptionId": SUBSCRIPTION, "clientSecret": "s"},
            transport=httpx.MockTransport(echo),
        )
        complete = _checked(resource, inputs, connection.resources)
        identifier, shown = connection.resources.create(resource, "urn::p::t::n", complete, quiet)
        again = check.complete(resource, "urn::p::t::n", complete, inputs, b"", None, _nowhere)
        assert not differences(resource, complete, again)
        found = connection.resources.read(resource, identifier, complete, shown)
        assert found is not None
        assert not differences(resource, complete, found[1])
        assert found[2] == shown
        connection.resources.delete(resource, identifier, quiet)
        if "reset" not in resource.row and resource.row.get("delete") != "vault":
            assert not echo.stored


def _checked(resource: Any, inputs: dict[str, Any], _: Resources) -> dict[str, Any]:
    complete = check.complete(resource, "urn::p::t::n", {}, inputs, b"seed", None, _nowhere)
    assert not check.failures(resource, complete)
    return complete


def _nowhere(_: Any) -> Any:
    return None
