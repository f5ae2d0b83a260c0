"""What is not about one resource: subscriptions, tenants, providers, preconditions."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from azure.mgmt.resource.resources import ResourceManagementClient

from tests.sandbox.arm.conftest import InProcess
from tests.sandbox.conftest import RunningSandbox

EAST = {"location": "eastus"}


def test_the_subscription_and_its_tenant_are_told(sandbox: RunningSandbox) -> None:
    tenant = sandbox.environment["AZURE_TENANT_ID"]
    (subscription,) = sandbox.arm("GET", "/subscriptions", version="2022-12-01").json()["value"]
    assert subscription["subscriptionId"] == sandbox.subscription
    assert subscription["tenantId"] == tenant
    (found,) = sandbox.arm("GET", "/tenants", version="2022-12-01").json()["value"]
    assert found["tenantId"] == tenant


def test_providers_are_registered_and_list_their_types(sandbox: RunningSandbox) -> None:
    client = ResourceManagementClient(sandbox.credential(), sandbox.subscription)
    provider = client.providers.register("Microsoft.MachineLearningServices")
    assert provider.registration_state == "Registered"
    kinds = {kind.resource_type for kind in provider.resource_types}
    assert {"workspaces", "workspaces/computes", "workspaces/jobs"} <= kinds
    assert "Microsoft.Storage" in [item.namespace for item in client.providers.list()]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/providers/Microsoft.Nonesuch/things/x", "InvalidResourceNamespace"),
        ("/providers/Microsoft.Storage/things/x", "InvalidResourceType"),
    ],
)
def test_what_the_sandbox_has_not_is_said(in_process: InProcess, path: str, code: str) -> None:
    subscription = in_process.azure.identity.subscription_id
    answer = in_process.ask("GET", f"/subscriptions/{subscription}{path}", version="2023-01-01")
    assert (answer.status, answer.body["error"]["code"]) == (404, code)


def test_generic_requests_by_id_reach_every_type(sandbox: RunningSandbox, group: str) -> None:
    client = ResourceManagementClient(sandbox.credential(), sandbox.subscription)
    path = (
        f"/subscriptions/{sandbox.subscription}/resourceGroups/{group}/providers/"
        f"Microsoft.Storage/storageAccounts/st{uuid.uuid4().hex[:10]}"
    )
    body: Any = {**EAST, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "properties": {}}
    version = {"api_version": "2023-01-01"}
    made = client.resources.begin_create_or_update_by_id(path, body, **version).result()
    assert made.id == path
    assert client.resources.get_by_id(path, **version).kind == "StorageV2"
    client.resources.begin_delete_by_id(path, **version).result()
    assert sandbox.arm("GET", path, version="2023-01-01").status_code == 404


def test_a_delete_that_does_not_fit_the_etag_deletes_nothing(
    sandbox: RunningSandbox, group: str
) -> None:
    path = (
        f"/subscriptions/{sandbox.subscription}/resourceGroups/{group}/providers/"
        "Microsoft.ManagedIdentity/userAssignedIdentities/id-etag"
    )
    etag = sandbox.arm("PUT", path, EAST, version="2023-01-31").headers["etag"]

    def delete(match: str) -> int:
        headers = {"if-match": match}
        return sandbox.arm("DELETE", path, version="2023-01-31", headers=headers).status_code

    assert delete('"other"') == 412
    assert sandbox.arm("GET", path, version="2023-01-31").status_code == 200
    assert delete(etag) == 200


def test_json_without_end_is_an_error_of_the_client(in_process: InProcess) -> None:
    path = f"/subscriptions/{in_process.azure.identity.subscription_id}/resourceGroups/rg-deep"
    answer = in_process.ask("PUT", path, b"[" * 100_000, "2025-04-01")
    assert (answer.status, answer.body["error"]["code"]) == (400, "InvalidRequestContent")
