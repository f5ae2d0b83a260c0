"""Datastores through the official client."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from azure.ai.ml.entities import (
    AccountKeyConfiguration,
    AzureBlobDatastore,
    AzureDataLakeGen1Datastore,
    AzureDataLakeGen2Datastore,
    AzureFileDatastore,
    CertificateConfiguration,
    OneLakeDatastore,
    SasTokenConfiguration,
    ServicePrincipalConfiguration,
)
from azure.ai.ml.entities._datastore.one_lake import LakeHouseArtifact
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


SECRET = "do-not-show-3141592653"
TENANT = "1f1e1d1c-1b1a-4918-8716-151413121110"
PRINCIPAL = ServicePrincipalConfiguration(tenant_id=TENANT, client_id=TENANT, client_secret=SECRET)
CERTIFICATE = CertificateConfiguration(
    tenant_id=TENANT, client_id=TENANT, thumbprint="aa" * 20, certificate=SECRET
)


def of_every_kind(name: str, account: str) -> dict[str, Any]:
    """A datastore of each kind that the official client has, with each kind of credentials."""
    lake = {"name": name, "account_name": account, "filesystem": "data"}
    artifact = LakeHouseArtifact(name=TENANT)
    lakehouse = {"name": name, "one_lake_workspace_name": TENANT, "artifact": artifact}
    old_lake = {"name": name, "store_name": "oldlake"}
    at = {"name": name, "account_name": account}
    return {
        "blob": AzureBlobDatastore(**at, container_name="data"),
        "blob-key": AzureBlobDatastore(
            **at,
            container_name="data",
            credentials=AccountKeyConfiguration(account_key=SECRET),
        ),
        "files-sas": AzureFileDatastore(
            **at,
            file_share_name="data",
            credentials=SasTokenConfiguration(sas_token=SECRET),
        ),
        "gen1": AzureDataLakeGen1Datastore(**old_lake, credentials=PRINCIPAL),
        "gen1-certificate": AzureDataLakeGen1Datastore(**old_lake, credentials=CERTIFICATE),
        "gen2": AzureDataLakeGen2Datastore(**lake),
        "gen2-principal": AzureDataLakeGen2Datastore(**lake, credentials=PRINCIPAL),
        "gen2-certificate": AzureDataLakeGen2Datastore(**lake, credentials=CERTIFICATE),
        "onelake": OneLakeDatastore(**lakehouse),
        "onelake-principal": OneLakeDatastore(**lakehouse, credentials=PRINCIPAL),
    }


@pytest.mark.parametrize("kind", of_every_kind("", ""))
def test_every_kind_is_kept_with_its_place_and_without_its_secret(
    sandbox: RunningSandbox, ml: Any, workspace: Place, name: str, kind: str
) -> None:
    wanted = of_every_kind(name, workspace.storage)[kind]
    ml.datastores.create_or_update(wanted)
    found = ml.datastores.get(name)
    assert type(found) is type(wanted)
    for place in ("account_name", "filesystem", "store_name", "one_lake_workspace_name"):
        assert getattr(found, place, None) == getattr(wanted, place, None)
    path = f"{workspace.id}/datastores"
    for shown in (path, f"{path}/{name}"):
        assert SECRET not in sandbox.arm("GET", shown, version=VERSION).text
    answer = sandbox.arm("POST", f"{path}/{name}/listSecrets", version=VERSION)
    if "-" in kind or kind == "gen1":
        assert SECRET in answer.text
    else:
        assert answer.status_code == 400
        assert "accessed by identity" in answer.json()["error"]["message"]
    ml.datastores.delete(name)


def test_a_datastore_that_goes_over_to_identity_forgets_its_secret(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    path = f"{workspace.id}/datastores/{name}"
    place = {"accountName": workspace.storage, "containerName": "azureml"}
    with_key = {"credentialsType": "AccountKey"}

    def put(credentials: dict[str, Any]) -> int:
        properties = {"datastoreType": "AzureBlob", **place, "credentials": credentials}
        body = {"properties": properties}
        return sandbox.arm("PUT", path, body, version=VERSION).status_code

    secrets = {"secretsType": "AccountKey", "key": SECRET}
    assert put({**with_key, "secrets": secrets}) == 201
    assert put({"credentialsType": "None"}) == 200
    assert sandbox.arm("POST", f"{path}/listSecrets", version=VERSION).status_code == 400


@pytest.mark.parametrize(
    ("place", "target"),
    [
        ({"subscriptionId": TENANT}, "properties.accountName"),
        ({"resourceGroup": "elsewhere"}, "properties.resourceGroup"),
    ],
)
def test_an_account_is_where_the_datastore_says(
    sandbox: RunningSandbox, workspace: Place, name: str, place: dict[str, str], target: str
) -> None:
    properties = {
        "datastoreType": "AzureDataLakeGen2",
        "accountName": workspace.storage,
        "filesystem": "data",
        "credentials": {"credentialsType": "None"},
        **place,
    }
    path, body = f"{workspace.id}/datastores/{name}", {"properties": properties}
    answer = sandbox.arm("PUT", path, body, version=VERSION)
    assert (answer.status_code, answer.json()["error"]["target"]) == (400, target)
    assert sandbox.arm("PUT", f"{path}?skipValidation=true", body, version=VERSION).is_success
