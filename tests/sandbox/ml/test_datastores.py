"""Datastores and connections through the official client."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from azure.ai.ml.entities import (
    AccountKeyConfiguration,
    ApiKeyConfiguration,
    AzureBlobDatastore,
    AzureFileDatastore,
    SasTokenConfiguration,
    WorkspaceConnection,
)
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.sandbox.conftest import Place, RunningSandbox

VERSION = "2024-10-01"


@pytest.fixture
def name() -> str:
    return f"store_{uuid.uuid4().hex[:8]}"


def test_a_blob_datastore_is_made_read_updated_and_deleted(
    ml: Any, workspace: Place, name: str
) -> None:
    store = AzureBlobDatastore(name=name, account_name=workspace.storage, container_name="azureml")
    made = ml.datastores.create_or_update(store)
    assert (made.account_name, made.container_name) == (workspace.storage, "azureml")
    store.description = "where data lie"
    assert ml.datastores.create_or_update(store).description == "where data lie"
    assert name in [item.name for item in ml.datastores.list()]
    ml.datastores.delete(name)
    with pytest.raises(ResourceNotFoundError):
        ml.datastores.get(name)


@pytest.mark.parametrize(
    ("credentials", "attribute"),
    [
        (AccountKeyConfiguration(account_key="c2VjcmV0"), "account_key"),
        (SasTokenConfiguration(sas_token="sv=2024&sig=secret"), "sas_token"),
    ],
    ids=["key", "sas"],
)
def test_secrets_are_answered_only_when_asked_for(
    sandbox: RunningSandbox,
    ml: Any,
    workspace: Place,
    name: str,
    credentials: Any,
    attribute: str,
) -> None:
    ml.datastores.create_or_update(
        AzureFileDatastore(
            name=name,
            account_name=workspace.storage,
            file_share_name="share",
            credentials=credentials,
        )
    )
    shown = sandbox.arm("GET", f"{workspace.id}/datastores/{name}", version=VERSION).text
    assert getattr(credentials, attribute) not in shown
    found = ml.datastores.get(name, include_secrets=True)
    assert getattr(found.credentials, attribute) == getattr(credentials, attribute)
    ml.datastores.delete(name)


def test_a_datastore_needs_its_account(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    properties = {
        "datastoreType": "AzureBlob",
        "accountName": "nowhere0",
        "containerName": "azureml",
        "credentials": {"credentialsType": "None"},
    }
    path, body = f"{workspace.id}/datastores/{name}", {"properties": properties}
    answer = sandbox.arm("PUT", path, body, version=VERSION)
    error = answer.json()["error"]
    assert (answer.status_code, error["target"]) == (400, "properties.accountName")
    assert sandbox.arm("GET", path, version=VERSION).status_code == 404
    # azure-ai-ml asks the service not to look, and then it does not.
    assert sandbox.arm("PUT", f"{path}?skipValidation=true", body, version=VERSION).is_success


def test_the_default_datastore_is_not_deleted(ml: Any) -> None:
    with pytest.raises(HttpResponseError) as refused:
        ml.datastores.delete("workspaceblobstore")
    assert refused.value.status_code == 409


def test_another_datastore_becomes_the_default_and_only_one_is(
    sandbox: RunningSandbox, ml: Any, workspace: Place, name: str
) -> None:
    def put(store: str, container: str) -> None:
        properties = {
            "datastoreType": "AzureBlob",
            "accountName": workspace.storage,
            "containerName": container,
            "credentials": {"credentialsType": "None"},
            "isDefault": True,
        }
        path = f"{workspace.id}/datastores/{store}"
        body = {"properties": properties}
        assert sandbox.arm("PUT", path, body, version=VERSION).is_success

    old = ml.datastores.get_default()
    put(name, "azureml")
    assert ml.datastores.get_default().name == name
    put(old.name, old.container_name)
    assert ml.datastores.get_default().name == old.name
    ml.datastores.delete(name)


def test_a_connection_is_made_listed_and_deleted(ml: Any) -> None:
    name = f"conn-{uuid.uuid4().hex[:8]}"
    wanted = WorkspaceConnection(
        name=name,
        type="python_feed",
        target="https://pypi.example.org/simple",
        credentials=ApiKeyConfiguration(key="hush"),
    )
    made = ml.connections.create_or_update(wanted)
    assert made.target == "https://pypi.example.org/simple"
    assert name in [item.name for item in ml.connections.list()]
    assert getattr(ml.connections.get(name).credentials, "key", None) != "hush"
    assert ml.connections.get(name, populate_secrets=True).credentials.key == "hush"
    ml.connections.delete(name)
    with pytest.raises(ResourceNotFoundError):
        ml.connections.get(name)
