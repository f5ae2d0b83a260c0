"""The plugin as the engine meets it: a process that prints its port, and gRPC messages."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest

from sandbox.provider.protocol import grpc_service, messages, status
from sandbox.provider.service import VERSION, Provider
from sandbox.provider.values import UNKNOWN, Secret, decode, encode
from tests.sandbox.provider.echo import GROUP, Script

ROOT = Path(__file__).parents[3]
IDENTITY = "urn:pulumi:dev::p::my:component:Thing$azure-native:managedidentity:Thing::id"
USER_ASSIGNED = "urn:pulumi:dev::p::azure-native:managedidentity:UserAssignedIdentity::id"
ASSIGNMENT = "urn:pulumi:dev::p::azure-native:authorization:RoleAssignment::role"
COMPUTE = "urn:pulumi:dev::p::azure-native:machinelearningservices:Compute::cpu"
GROUP_URN = "urn:pulumi:dev::p::azure-native:resources:ResourceGroup::rg"


@pytest.fixture
def stub(script: Script) -> Iterator[Any]:
    """A client of a provider whose ARM is the test's script."""
    server = grpc.server(futures.ThreadPoolExecutor(4))
    provider = Provider(connect=lambda config, engine: script.connection(**config))
    grpc_service.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield grpc_service.ResourceProviderStub(channel)
    server.stop(None).wait()


def test_the_process_prints_its_port_and_answers() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.provider", "127.0.0.1:1"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"AMLOPS_PROVIDER": ""},
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = grpc_service.ResourceProviderStub(channel)
            assert stub.GetPluginInfo(decode_empty(), timeout=60).version == VERSION
            configured = stub.Configure(messages.ConfigureRequest(), timeout=60)
            assert configured.supportsPreview
    finally:
        process.terminate()
        assert process.wait(180) == 0


def decode_empty() -> Any:
    from google.protobuf import empty_pb2

    return empty_pb2.Empty()


def test_starting_loads_neither_the_sdk_nor_http() -> None:
    code = (
        "import sys, sandbox.provider.__main__, sandbox.provider.service\n"
        "print([m for m in ('httpx', 'yaml', 'azure.identity', 'pulumi.output') "
        "if m in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_check_completes_and_diff_tells_replacement(stub: Any) -> None:
    urn = "urn:pulumi:dev::p::azure-native:storage:StorageAccount::data"
    news = {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "resourceGroupName": UNKNOWN}
    checked = stub.Check(messages.CheckRequest(urn=urn, news=encode(news), randomSeed=b"x"))
    inputs = decode(checked.inputs)
    assert not checked.failures
    assert inputs["accountName"].startswith("data")
    assert inputs["location"] is UNKNOWN

    def diff(**change: Any) -> Any:
        return stub.Diff(
            messages.DiffRequest(
                urn=urn, id="i", old_inputs=checked.inputs, news=encode(inputs | change)
            )
        )

    known = {"resourceGroupName": "rg", "location": "eastus"}
    checked.inputs.CopyFrom(encode(inputs | known))
    inputs |= known
    assert diff().changes == messages.DiffResponse.DIFF_NONE
    updated = diff(sku={"name": "Standard_ZRS"})
    assert updated.detailedDiff["sku.name"].kind == messages.PropertyDiff.UPDATE
    assert not updated.replaces
    replaced = diff(location="westus")
    assert list(replaced.replaces) == ["location"]
    assert replaced.detailedDiff["location"].kind == messages.PropertyDiff.UPDATE_REPLACE
    assert not replaced.deleteBeforeReplace, "a made name leaves room beside the old one"


def test_a_preview_shows_inputs_and_leaves_the_rest_open(stub: Any) -> None:
    properties = encode({"resourceGroupName": "rg", "location": "eastus", "tags": {"a": UNKNOWN}})
    answer = stub.Create(messages.CreateRequest(urn=GROUP_URN, properties=properties, preview=True))
    shown = decode(answer.properties)
    assert shown["location"] == "eastus"
    assert shown["tags"] == {"a": UNKNOWN}
    assert shown["name"] is UNKNOWN
    assert not answer.id


def updated_in_a_preview(stub: Any, urn: str, olds: dict[str, Any], news: dict[str, Any]) -> Any:
    request = messages.UpdateRequest(
        urn=urn, id="i", olds=encode(olds), news=encode(news), preview=True
    )
    return decode(stub.Update(request).properties)


def test_a_preview_of_an_update_keeps_name_and_location_only(stub: Any) -> None:
    news = {"resourceGroupName": "rg", "resourceName": "id", "tags": {"team": "y"}}
    olds = {"name": "id", "location": "eastus", "type": "t", "principalId": "p", "clientId": "c"}
    shown = updated_in_a_preview(stub, USER_ASSIGNED, olds, news)
    assert (shown["name"], shown["location"]) == ("id", "eastus")
    assert shown["tags"] == {"team": "y"}
    assert {shown[name] for name in ("principalId", "clientId", "type")} == {UNKNOWN}


def test_a_preview_of_an_update_leaves_the_principal_of_an_own_identity_open(stub: Any) -> None:
    news = {"resourceGroupName": "rg", "identity": {"type": "SystemAssigned"}}
    olds = {"identity": {"type": "SystemAssigned", "principalId": "p", "tenantId": "t"}}
    shown = updated_in_a_preview(stub, COMPUTE, olds, news)
    unknown = dict.fromkeys(("principalId", "tenantId"), UNKNOWN)
    assert shown["identity"] == {"type": "SystemAssigned"} | unknown


def test_a_create_only_input_that_is_not_known_yet_announces_a_replacement(stub: Any) -> None:
    inputs = {"scope": "s", "roleAssignmentName": "n", "principalId": "p", "description": "d"}

    def replaced(**change: Any) -> list[str]:
        old, new = encode(inputs), encode(inputs | change)
        request = messages.DiffRequest(urn=ASSIGNMENT, id="i", old_inputs=old, news=new)
        return list(stub.Diff(request).replaces)

    assert replaced(principalId=UNKNOWN) == ["principalId"]
    assert replaced(description=UNKNOWN) == []
    assert replaced() == []


def test_a_half_made_resource_reaches_the_engine_with_its_id(stub: Any, script: Script) -> None:
    operation = "https://management.azure.com/operations/1"
    script.expect("GET", GROUP, 404, {})
    script.expect("PUT", GROUP, 201, {}, azure_asyncoperation=operation, retry_after="0")
    script.expect("GET", "/operations/1", 200, {"status": "Failed", "error": {"code": "Broken"}})
    script.expect("GET", GROUP, 200, {"id": GROUP, "location": "eastus"})
    inputs = encode({"resourceGroupName": "rg", "location": "eastus"})
    with pytest.raises(grpc.RpcError) as caught:
        stub.Create(messages.CreateRequest(urn=GROUP_URN, properties=inputs))
    trailing = dict(caught.value.trailing_metadata())
    found = status.Status.FromString(trailing["grpc-status-details-bin"])
    detail = messages.ErrorResourceInitFailed()
    assert found.details[0].Unpack(detail)
    assert detail.id == GROUP
    assert decode(detail.properties)["location"] == "eastus"
    assert "Broken" in detail.reasons[0]
    assert detail.inputs == inputs


@pytest.mark.parametrize(
    ("urn", "said"),
    [
        (IDENTITY, "'azure-native:managedidentity:Thing' is not among the resource types"),
    ],
)
def test_an_unknown_type_is_one_clear_message(stub: Any, urn: str, said: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        stub.Check(messages.CheckRequest(urn=urn, news=encode({})))
    assert said in caught.value.details()
    assert "types/managedidentity.yaml" in caught.value.details()


def test_a_refusal_names_the_resource_and_never_the_secret(stub: Any, script: Script) -> None:
    error = {"code": "AuthorizationFailed", "message": "no role"}
    script.expect("GET", GROUP, 403, {"error": error})
    inputs = encode({"resourceGroupName": "rg", "location": "eastus"})
    with pytest.raises(grpc.RpcError) as caught:
        stub.Create(messages.CreateRequest(urn=GROUP_URN, properties=inputs))
    assert caught.value.details().startswith("'rg': AuthorizationFailed: no role (ask for a role")
    assert "secret" not in caught.value.details()


def test_functions_tell_who_one_is_and_keep_keys_secret(stub: Any, script: Script) -> None:
    def invoke(name: str, **arguments: Any) -> Any:
        request = messages.InvokeRequest(tok=f"azure-native:{name}", args=encode(arguments))
        return getattr(stub.Invoke(request), "return")

    config = decode(invoke("authorization:getClientConfig"))
    assert config["clientId"] == "client"
    assert config["objectId"] == "object"
    path = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/st"
    keys = [{"keyName": "key1", "value": "v", "permissions": "FULL"}]
    script.expect("POST", f"{path}/listKeys", 200, {"keys": keys})
    found = invoke("storage:listStorageAccountKeys", resourceGroupName="rg", accountName="st")
    assert found == encode({"keys": Secret(keys)})
    body = {"id": path, "name": "st", "properties": {"supportsHttpsTrafficOnly": True}}
    script.expect("GET", path, 200, body)
    account = decode(invoke("storage:getStorageAccount", resourceGroupName="rg", accountName="st"))
    assert account["enableHttpsTrafficOnly"] is True
    assert account["id"] == path
    script.expect("GET", path, 404, {})
    with pytest.raises(grpc.RpcError) as caught:
        invoke("storage:getStorageAccount", resourceGroupName="rg", accountName="st")
    assert "There is no azure-native:storage:StorageAccount" in caught.value.details()


def test_values_survive_the_wire() -> None:
    values = {"a": [1, 2.5, True, "x", {"b": UNKNOWN}], "s": Secret({"k": "v"}), "n": None}
    assert decode(encode(values)) == {"a": [1, 2.5, True, "x", {"b": UNKNOWN}], "s": {"k": "v"}}
