"""What a workspace reads: datastores and connections."""

from __future__ import annotations

from azure.ai.ml._restclient.arm_ml_service import MachineLearningServicesMgmtClient
from azure.ai.ml._restclient.arm_ml_service import models as ml_models
from pulumi_azure_native import machinelearningservices as ml

from tests.sandbox.provider.recordings.recorder import SUBSCRIPTION, Pair

PAIRS: dict[str, Pair] = {
    "blob": Pair(
        "machinelearningservices:Datastore",
        ml.DatastoreArgs(
            resource_group_name="rg",
            workspace_name="mlw",
            name="blob",
            properties=ml.AzureBlobDatastoreArgs(
                datastore_type="AzureBlob",
                account_name="st",
                container_name="data",
                credentials=ml.AccountKeyDatastoreCredentialsArgs(
                    credentials_type="AccountKey",
                    secrets=ml.AccountKeyDatastoreSecretsArgs(
                        secrets_type="AccountKey", key="secret"
                    ),
                ),
                service_data_access_auth_identity="WorkspaceSystemAssignedIdentity",
            ),
        ),
        MachineLearningServicesMgmtClient,
        lambda c: c.datastores.create_or_update(
            "rg",
            "mlw",
            "blob",
            ml_models.Datastore(
                properties=ml_models.AzureBlobDatastore(
                    account_name="st",
                    container_name="data",
                    credentials=ml_models.AccountKeyDatastoreCredentials(
                        secrets=ml_models.AccountKeyDatastoreSecrets(key="secret")
                    ),
                    service_data_access_auth_identity="WorkspaceSystemAssignedIdentity",
                )
            ),
        ),
    ),
    "lake": Pair(
        "machinelearningservices:Datastore",
        ml.DatastoreArgs(
            resource_group_name="rg",
            workspace_name="mlw",
            name="lake",
            properties=ml.AzureDataLakeGen2DatastoreArgs(
                datastore_type="AzureDataLakeGen2",
                account_name="dls",
                filesystem="raw",
                subscription_id=SUBSCRIPTION,
                resource_group="rg",
                credentials=ml.NoneDatastoreCredentialsArgs(credentials_type="None"),
            ),
        ),
        MachineLearningServicesMgmtClient,
        lambda c: c.datastores.create_or_update(
            "rg",
            "mlw",
            "lake",
            ml_models.Datastore(
                properties=ml_models.AzureDataLakeGen2Datastore(
                    account_name="dls",
                    filesystem="raw",
                    subscription_id=SUBSCRIPTION,
                    resource_group="rg",
                    credentials=ml_models.NoneDatastoreCredentials(),
                    service_data_access_auth_identity="None",
                )
            ),
        ),
    ),
    "connection": Pair(
        "machinelearningservices:WorkspaceConnection",
        {
            "resourceGroupName": "rg",
            "workspaceName": "mlw",
            "connectionName": "sales",
            "properties": {
                "authType": "UsernamePassword",
                "category": "AzureSqlDb",
                "target": "there",
                "isSharedToAll": True,
                "credentials": {"username": "u", "password": "secret"},
            },
        },
        MachineLearningServicesMgmtClient,
        lambda c: c.workspace_connections.create(
            "rg",
            "mlw",
            "sales",
            ml_models.WorkspaceConnectionPropertiesV2BasicResource(
                properties=ml_models.UsernamePasswordAuthTypeWorkspaceConnectionProperties(
                    category="AzureSqlDb",
                    target="there",
                    is_shared_to_all=True,
                    credentials=ml_models.WorkspaceConnectionUsernamePassword(
                        username="u", password="secret"
                    ),
                )
            ),
        ),
    ),
}
