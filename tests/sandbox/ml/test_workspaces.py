"""Workspaces through the official client: dependents, keys, soft deletion, the lazy registry."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.sandbox.conftest import Place, RunningSandbox, make_workspace, wait_until

VERSION = "2025-12-01"


@pytest.fixture
def place(sandbox: RunningSandbox, group: str) -> Place:
    return make_workspace(sandbox, group)


def put(sandbox: RunningSandbox, place: Place, **changes: Any) -> httpx.Response:
    """Put the workspace as it is stored, with other properties."""
    stored = sandbox.arm("GET", place.id, version=VERSION).json()
    body = {key: stored[key] for key in ("location", "identity", "properties") if key in stored}
    return sandbox.arm(
        "PUT",
        place.id,
        {**body, "properties": {**body["properties"], **changes}},
        version=VERSION,
    )


def test_a_workspace_is_read_updated_and_listed(client: Any, place: Place) -> None:
    workspace = client.workspaces.get(place.workspace)
    assert workspace.location == "eastus"
    assert workspace.storage_account.endswith(place.storage)
    assert workspace.mlflow_tracking_uri.startswith("azureml://eastus.api.azureml.ms/mlflow/")
    workspace.description = "of the tests"
    workspace.tags = {"a": "b"}
    updated = client.workspaces.begin_update(workspace).result()
    assert (updated.description, updated.tags) == ("of the tests", {"a": "b"})
    assert [item.name for item in client.workspaces.list()] == [place.workspace]
    keys = client.workspaces.get_keys(place.workspace)
    assert keys.user_storage_key
    client.workspaces.begin_sync_keys(place.workspace).result()


def workspace_id(sandbox: RunningSandbox, place: Place) -> str:
    answer = sandbox.arm("GET", place.id, version=VERSION).json()
    return str(answer["properties"]["workspaceId"])


def test_the_default_datastores_are_on_the_workspaces_account(
    sandbox: RunningSandbox, client: Any, place: Place
) -> None:
    place_id = workspace_id(sandbox, place)
    stores = {store.name: store for store in client.datastores.list()}
    assert set(stores) == {
        "workspaceblobstore",
        "workspaceartifactstore",
        "workspacefilestore",
        "workspaceworkingdirectory",
    }
    assert client.datastores.get_default().name == "workspaceblobstore"
    assert {store.account_name for store in stores.values()} == {place.storage}
    assert stores["workspaceblobstore"].container_name == f"azureml-blobstore-{place_id}"


def test_diagnosis_names_what_a_workspace_has_lost(
    sandbox: RunningSandbox, client: Any, place: Place
) -> None:
    assert client.workspaces.begin_diagnose(place.workspace).result().storage_account_results == []
    workspace = client.workspaces.get(place.workspace)
    sandbox.arm("DELETE", workspace.storage_account, version="2023-01-01")
    found = client.workspaces.begin_diagnose(place.workspace).result().storage_account_results
    assert found[0].code == "ResourceNotFound"


@pytest.mark.parametrize("part", ["storageAccount", "keyVault", "applicationInsights"])
def test_a_workspace_stands_on_what_is_there(
    sandbox: RunningSandbox, group: str, workspace: Place, part: str
) -> None:
    stored = sandbox.arm("GET", workspace.id, version=VERSION).json()["properties"]
    properties = {key: stored[key] for key in ("storageAccount", "keyVault")}
    properties[part] = f"{stored['storageAccount']}not"
    path = f"/subscriptions/{sandbox.subscription}/resourceGroups/{group}/providers"
    answer = sandbox.arm(
        "PUT",
        f"{path}/Microsoft.MachineLearningServices/workspaces/mlw-x",
        {"location": "eastus", "identity": {"type": "SystemAssigned"}, "properties": properties},
        version=VERSION,
    )
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "InvalidResourceReference")
    assert error["target"] == f"properties.{part}"


def test_a_workspace_wants_a_vault_for_a_vault(sandbox: RunningSandbox, place: Place) -> None:
    stored = sandbox.arm("GET", place.id, version=VERSION).json()["properties"]
    properties = {"storageAccount": stored["storageAccount"], "keyVault": stored["storageAccount"]}
    identity = {"type": "SystemAssigned"}
    body = {"location": "eastus", "identity": identity, "properties": properties}
    answer = sandbox.arm("PUT", f"{place.id}-2", body, version=VERSION)
    error = answer.json()["error"]
    assert (answer.status_code, error["target"]) == (400, "properties.keyVault")


def test_what_cannot_change_is_refused(sandbox: RunningSandbox, place: Place) -> None:
    other = make_workspace(sandbox, place.group)
    account = sandbox.arm("GET", other.id, version=VERSION).json()["properties"]["storageAccount"]
    answer = put(sandbox, place, storageAccount=account)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "PropertyChangeNotAllowed")


def test_a_deleted_workspace_keeps_its_name_until_it_is_recovered(
    sandbox: RunningSandbox, client: Any, place: Place
) -> None:
    before = workspace_id(sandbox, place)
    stored = sandbox.arm("GET", place.id, version=VERSION).json()
    client.workspaces.begin_delete(place.workspace, delete_dependent_resources=False).result()
    with pytest.raises(ResourceNotFoundError):
        client.workspaces.get(place.workspace)
    properties = {key: stored["properties"][key] for key in ("storageAccount", "keyVault")}
    body = {"location": "eastus", "identity": {"type": "SystemAssigned"}, "properties": properties}
    refused = sandbox.arm("PUT", place.id, body, version=VERSION)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "ConflictError")
    properties["allowRecoverSoftDeletedWorkspace"] = True
    assert sandbox.arm("PUT", place.id, body, version=VERSION).is_success
    assert workspace_id(sandbox, place) == before
    assert client.datastores.get_default().name == "workspaceblobstore"


def test_a_permanently_deleted_workspace_frees_its_name(
    sandbox: RunningSandbox, client: Any, place: Place
) -> None:
    before = workspace_id(sandbox, place)
    stored = sandbox.arm("GET", place.id, version=VERSION).json()
    client.workspaces.begin_delete(
        place.workspace, delete_dependent_resources=False, permanently_delete=True
    ).result()
    left = [item["name"] for item in sandbox.admin("GET", "/state")["deleted"]]
    assert place.workspace not in left
    properties = {key: stored["properties"][key] for key in ("storageAccount", "keyVault")}
    body = {"location": "eastus", "identity": {"type": "SystemAssigned"}, "properties": properties}
    assert sandbox.arm("PUT", place.id, body, version=VERSION).is_success
    assert workspace_id(sandbox, place) != before


def test_dependents_go_with_a_workspace_when_asked(
    sandbox: RunningSandbox, client: Any, place: Place
) -> None:
    workspace = client.workspaces.get(place.workspace)
    client.workspaces.begin_delete(place.workspace, delete_dependent_resources=True).result()
    answer = sandbox.arm("GET", workspace.storage_account, version="2023-01-01")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("kind", "target"), [("Hub", "kind"), ("default", "properties.storageAccount")]
)
def test_a_workspace_that_could_not_be_provisioned_is_refused(
    sandbox: RunningSandbox, place: Place, kind: str, target: str
) -> None:
    body = {"location": "eastus", "identity": {"type": "SystemAssigned"}, "kind": kind}
    at = f"{place.id}-{kind}".lower()
    refused = sandbox.arm("PUT", at, body | {"properties": {}}, version=VERSION)
    assert (refused.status_code, refused.json()["error"]["target"]) == (400, target)


def test_a_workspace_without_identity_is_refused(sandbox: RunningSandbox, place: Place) -> None:
    stored = sandbox.arm("GET", place.id, version=VERSION).json()["properties"]
    properties = {key: stored[key] for key in ("storageAccount", "keyVault")}
    body = {"location": "eastus", "properties": properties}
    answer = sandbox.arm("PUT", f"{place.id}-2", body, version=VERSION)
    assert (answer.status_code, answer.json()["error"]["target"]) == (400, "identity")


def test_a_stranger_to_the_workspace_reads_nothing(sandbox: RunningSandbox, place: Place) -> None:
    token = sandbox.token(str(uuid.uuid4()))
    for path in (place.id, f"{place.id}/datastores"):
        assert sandbox.arm("GET", path, version=VERSION, token=token).status_code == 403


def test_the_client_sees_the_error_of_a_failed_creation(
    sandbox: RunningSandbox, client: Any, place: Place
) -> None:
    sandbox.admin("POST", "/faults", {"kind": "provisioning", "match": place.workspace})
    try:
        workspace = client.workspaces.get(place.workspace)
        workspace.tags = {"will": "fail"}
        with pytest.raises(HttpResponseError, match="ProvisioningFailed"):
            client.workspaces.begin_update(workspace).result()
    finally:
        sandbox.admin("DELETE", "/faults")


def test_a_workspaces_own_identity_needs_its_roles(sandbox: RunningSandbox, place: Place) -> None:
    group = place.id.split("/providers/")[0]
    stored = sandbox.arm("GET", place.id, version=VERSION).json()["properties"]
    identity = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-own"
    made = sandbox.arm("PUT", identity, {"location": "eastus"}, version="2024-11-30").json()
    own = f"{place.id}-own"
    parts = {name: stored[name] for name in ("storageAccount", "keyVault")}
    body = {
        "location": "eastus",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}},
        "properties": {**parts, "primaryUserAssignedIdentity": identity},
    }

    def state() -> str:
        sandbox.arm("PUT", own, body, version=VERSION)
        wanted = ("Succeeded", "Failed")

        def ended() -> str:
            found = sandbox.arm("GET", own, version=VERSION).json()["properties"]
            state: str = found["provisioningState"]
            return state if state in wanted else ""

        return str(wait_until(ended, what="the workspace is made or not"))

    assert state() == "Failed"
    subscription = f"/subscriptions/{sandbox.subscription}/providers/Microsoft.Authorization"
    contributor = f"{subscription}/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c"
    grant = {
        "roleDefinitionId": contributor,
        "principalId": made["properties"]["principalId"],
        "principalType": "ServicePrincipal",
    }
    name = f"{group}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    assert sandbox.arm("PUT", name, {"properties": grant}, version="2022-04-01").is_success
    assert state() == "Succeeded"
