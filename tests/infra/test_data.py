"""Datastores and connections:

- Each kind of the settings is the kind of the service, at its place, without a key by default.
- A secret is named in the settings, read out of Key Vault, and passed on as a Pulumi secret.
- Whoever works with data without a key has a role on just that data: to read where that is enough.
- What the environment does not have is made: containers, file shares, one account for lakes.
"""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from infra.key_vault import Secrets
from infra.names import Names
from infra.settings import FaultsError, NamedSecret, SettingsError, named_secrets, table
from tests.infra.mocks import CLIENT, SUBSCRIPTION, Plan, plan, settings

OTHER = "9f9e9d9c-9b9a-4998-8796-959493929190"
ELSEWHERE = (
    f"/subscriptions/{OTHER}/resourceGroups/rg-data/providers/Microsoft.Storage/"
    "storageAccounts/stshared"
)
OLD_LAKE = (
    f"/subscriptions/{OTHER}/resourceGroups/rg-old/providers/Microsoft.DataLakeStore/accounts/old"
)
PRINCIPAL = {"auth": "service_principal", "client": OTHER, "secret": "lake-secret"}


def properties_of(planned: Plan, short_type: str, *, secret: bool) -> dict[str, Any]:
    """Of the only one of its type; that something in them is a secret marks them as a whole."""
    properties = planned.only(short_type).inputs["properties"]
    assert pulumi.runtime.rpc.is_rpc_secret(properties) is secret
    found: dict[str, Any] = pulumi.runtime.rpc.unwrap_rpc_secret(properties)
    return found


def datastore(**given: Any) -> dict[str, Any]:
    """The properties of the one datastore of these settings."""
    planned = plan(settings(datastores={"it": given}, storage={"shared_keys": True}))
    return properties_of(planned, "machinelearningservices:Datastore", secret="secret" in given)


def connection(**given: Any) -> dict[str, Any]:
    """The properties of the one connection of these settings."""
    planned = plan(settings(connections={"that": given}))
    kind = "machinelearningservices:WorkspaceConnection"
    return properties_of(planned, kind, secret="secret" in given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"kind": "blob"}, {"datastoreType": "AzureBlob", "containerName": "data"}),
        (
            {"kind": "files", "share": "reports"},
            {"datastoreType": "AzureFile", "fileShareName": "reports"},
        ),
        ({"kind": "gen2"}, {"datastoreType": "AzureDataLakeGen2", "filesystem": "data"}),
        (
            {"kind": "gen1", "account": OLD_LAKE},
            {
                "datastoreType": "AzureDataLakeGen1",
                "storeName": "old",
                "subscriptionId": OTHER,
                "resourceGroup": "rg-old",
            },
        ),
        (
            {"kind": "onelake", "workspace": OTHER, "artifact": SUBSCRIPTION},
            {
                "datastoreType": "OneLake",
                "oneLakeWorkspaceName": OTHER,
                "artifact": {"artifactType": "LakeHouse", "artifactName": SUBSCRIPTION},
            },
        ),
        (
            {"kind": "blob", "account": ELSEWHERE, "container": "landing"},
            {
                "accountName": "stshared",
                "containerName": "landing",
                "subscriptionId": OTHER,
                "resourceGroup": "rg-data",
            },
        ),
    ],
    ids=lambda value: value.get("kind", "") if isinstance(value, dict) else "",
)
def test_each_kind_is_one_of_the_service(given: dict[str, Any], expected: dict[str, Any]) -> None:
    properties = datastore(**given)
    assert properties | expected == properties
    assert properties["credentials"] == {"credentialsType": "None"}
    assert properties["serviceDataAccessAuthIdentity"] == "WorkspaceUserAssignedIdentity"


@pytest.mark.parametrize(
    ("given", "credentials", "name"),
    [
        ({"kind": "blob", "auth": "account_key", "secret": "key"}, "AccountKey", "key"),
        ({"kind": "files", "auth": "sas", "secret": "sas"}, "Sas", "sasToken"),
        ({"kind": "gen2", **PRINCIPAL}, "ServicePrincipal", "clientSecret"),
        ({"kind": "gen1", "account": OLD_LAKE, **PRINCIPAL}, "ServicePrincipal", "clientSecret"),
    ],
)
def test_a_datastores_secret_comes_out_of_the_vault(
    given: dict[str, Any], credentials: str, name: str
) -> None:
    properties = datastore(**given)
    found = properties["credentials"]
    vault = Names(SUBSCRIPTION, "bikes", "dev").vault
    assert found["credentialsType"] == found["secrets"]["secretsType"] == credentials
    expected = f"value of {given['secret']} in {vault}.vault.azure.net"
    assert found["secrets"][name] == expected
    assert properties["serviceDataAccessAuthIdentity"] == "None"
    if credentials == "ServicePrincipal":
        assert (found["clientId"], found["tenantId"]) == (OTHER, CLIENT.tenant_id)


def test_a_secret_may_be_in_another_vault() -> None:
    given = {"kind": "blob", "auth": "sas", "secret": "token", "vault": "kv-team"}
    found = datastore(**given)["credentials"]["secrets"]["sasToken"]
    assert found == "value of token in kv-team.vault.azure.net"


@pytest.mark.parametrize(
    ("kind", "category", "target"),
    [
        ("sql", "AzureSqlDb", "Server=tcp:db.example.com,1433;Database=sales;"),
        ("synapse", "AzureSynapseAnalytics", "Server=tcp:db.example.com,1433;Database=sales;"),
        ("postgresql", "AzurePostgresDb", "Server=db.example.com;Port=5432;Database=sales;"),
        ("mysql", "AzureMySqlDb", "Server=db.example.com;Port=3306;Database=sales;"),
    ],
)
def test_a_database_is_a_connection(kind: str, category: str, target: str) -> None:
    found = connection(kind=kind, server="db.example.com", database="sales")
    assert found["category"] == category
    assert found["target"].startswith(target)
    # By the identity that jobs act as: the database knows it, no secret is there.
    assert found["authType"] == "ManagedIdentity"
    assert found["credentials"] == {
        "clientId": "client of id-bikes-dev-compute",
        "resourceId": "/id/of/id-bikes-dev-compute",
    }


def test_the_databricks_file_system_is_a_connection() -> None:
    server = "adb-1.2.azuredatabricks.net"
    found = connection(
        kind="databricks-files", server=server, path="dbfs:/raw", auth="token", secret="token"
    )
    assert (found["category"], found["target"]) == ("Databricks", f"https://{server}")
    assert found["metadata"] == {"path": "dbfs:/raw"}
    assert found["authType"] == "PAT"


@pytest.mark.parametrize(
    ("given", "auth_type", "expected", "secret"),
    [
        ({"kind": "git", "auth": "none"}, "None", {}, None),
        ({"kind": "git", "auth": "token", "secret": "s"}, "PAT", {}, "pat"),
        (
            {"kind": "snowflake", "auth": "password", "user": "u", "secret": "s"},
            "UsernamePassword",
            {"username": "u"},
            "password",
        ),
        (
            {"kind": "s3", "auth": "access_key", "user": "id", "secret": "s"},
            "AccessKey",
            {"accessKeyId": "id"},
            "secretAccessKey",
        ),
        (
            {"kind": "snowflake", "auth": "service_principal", "client": OTHER, "secret": "s"},
            "ServicePrincipal",
            {"clientId": OTHER, "tenantId": CLIENT.tenant_id},
            "clientSecret",
        ),
    ],
)
def test_each_way_to_log_in(
    given: dict[str, Any], auth_type: str, expected: dict[str, str], secret: str | None
) -> None:
    found = connection(target="https://there.example.com", **given)
    assert found["authType"] == auth_type
    credentials = found.get("credentials", {})
    assert credentials | expected == credentials
    if secret:
        assert credentials[secret].startswith("value of s in kv-bikes-dev-")


def grants(planned: Plan, words: str) -> dict[str, tuple[str, str]]:
    """Role and scope of the grants on data, by the name of the grant."""
    roles = {id_: name for name, id_ in table("roles.yaml").items()}
    return {
        resource.name.removeprefix("roles-"): (
            roles[resource.inputs["roleDefinitionId"].rpartition("/")[2]],
            resource.inputs["scope"],
        )
        for resource in planned.of_type("authorization:RoleAssignment")
        if words in resource.name
    }


def test_who_works_with_data_elsewhere_has_a_role_on_its_container() -> None:
    given = {"kind": "blob", "account": ELSEWHERE, "container": "landing"}
    planned = plan(settings(datastores={"landing": given}))
    scope = f"{ELSEWHERE}/blobServices/default/containers/landing"
    expected = ("Storage Blob Data Contributor", scope)
    assert grants(planned, "-data-") == {
        "workspace-data-stshared-landing-contributor": expected,
        "compute-data-stshared-landing-contributor": expected,
    }
    role = planned.resources["roles-compute-data-stshared-landing-contributor"]
    assert role.inputs["roleDefinitionId"].startswith(f"/subscriptions/{OTHER}/")


def test_who_only_reads_has_the_role_of_a_reader() -> None:
    given = {"kind": "gen2", "account": ELSEWHERE, "read_only": True}
    found = grants(plan(settings(datastores={"lake": given})), "-data-")
    assert {role for role, _ in found.values()} == {"Storage Blob Data Reader"}


def test_datastores_on_one_place_share_a_grant() -> None:
    given = {"kind": "gen2", "account": ELSEWHERE}
    planned = plan(settings(datastores={"one": given, "two": given}))
    assert len(grants(planned, "-data-")) == 2
    role = planned.resources["roles-compute-data-stshared-data-contributor"]
    assert role.inputs["description"].startswith("Datastore one, two: jobs")


def test_whoever_has_a_key_needs_no_role() -> None:
    given = {"kind": "gen2", "account": ELSEWHERE, **PRINCIPAL}
    assert grants(plan(settings(datastores={"lake": given})), "-data-") == {}


def test_a_cluster_with_an_identity_of_its_own_has_the_same_roles() -> None:
    stores = {"landing": {"kind": "blob", "account": ELSEWHERE, "read_only": True}}
    planned = plan(settings(datastores=stores, clusters={"own": {"identity": "system"}}))
    found = grants(planned, "compute-own-data-")
    assert list(found.values()) == [
        ("Storage Blob Data Reader", f"{ELSEWHERE}/blobServices/default/containers/data")
    ]


def test_a_share_of_ours_is_made_and_jobs_may_use_it() -> None:
    stores = {
        "small": {"kind": "files", "share": "reports", "quota_gb": 5},
        "large": {"kind": "files", "share": "reports", "quota_gb": 50},
    }
    planned = plan(settings(datastores=stores))
    share = planned.only("storage:FileShare").inputs
    assert (share["shareName"], share["shareQuota"]) == ("reports", 50)
    assert share["accountName"] == planned.outputs["storageAccount"]
    # The workspace has the role anyway, for its notebooks.
    (found,) = grants(planned, "-data-").values()
    assert found[0] == "Storage File Data Privileged Contributor"


def test_lakes_of_ours_share_an_account_with_real_folders() -> None:
    stores = {"raw": {"kind": "gen2", "filesystem": "raw"}, "clean": {"kind": "gen2"}}
    planned = plan(settings(datastores=stores, storage={"shared_keys": True}))
    lake = planned.resources["lake-account"].inputs
    assert lake["isHnsEnabled"] is True
    assert lake["allowSharedKeyAccess"] is False
    assert planned.outputs["lake"] == lake["accountName"]
    made = {r.inputs["containerName"] for r in planned.of_type("storage:BlobContainer")}
    assert made == {"raw", "data"}
    for resource in planned.of_type("machinelearningservices:Datastore"):
        assert resource.inputs["properties"]["accountName"] == lake["accountName"]
    found = grants(planned, "-data-lake-")
    assert len(found) == 4
    for name in found:
        place = "raw" if "-raw-" in name else "data"
        assert f"lake-container-{place}" in planned.resources[f"roles-{name}"].dependencies


def test_without_lakes_there_is_no_such_account() -> None:
    planned = plan(settings())
    assert planned.outputs["lake"] is None
    assert planned.only("storage:StorageAccount").inputs["isHnsEnabled"] is False


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (LookupError("k"), "vault kv-x.vault.azure.net has no secret 'k'.*amlops secrets set dev"),
        (PermissionError("ForbiddenByRbac"), "may not read.*ForbiddenByRbac.*Secrets User"),
        (OSError("refused"), "kv-x.vault.azure.net did not answer: refused"),
    ],
)
def test_a_secret_that_cannot_be_had_is_one_line(error: Exception, expected: str) -> None:
    def read(_host: str, _name: str) -> str:
        raise error

    named = [NamedSecret(("datastores", "a", "secret"), "k", None)]
    secrets = Secrets("dev", "kv-x", "/id", read, named, FaultsError)
    with pytest.raises(FaultsError, match=expected) as caught:
        pulumi.runtime.test(lambda: secrets.value("k"))()
    assert [fault.path for fault in caught.value.found] == [named[0].path]
    assert "\n" not in str(caught.value)


def test_all_secrets_that_are_missing_are_told_together() -> None:
    key = {"kind": "blob", "account": ELSEWHERE, "auth": "account_key"}
    log_in = {"kind": "sql", "server": "db.example.com", "database": "x", "auth": "password"}
    box = {"kind": "virtual-machine", "address": "10.1.2.3", "private_key": {"secret": "vm-key"}}
    chosen = settings(
        datastores={
            "it": {**key, "secret": "there"},
            "team": {**key, "secret": "k", "vault": "kv-y"},
        },
        connections={"orders": {**log_in, "user": "u", "secret": "orders"}},
        attached={"anywhere": box},
        kubernetes={"one": {"create": {}, "tls": {"secret": "none", "host": "m.example.com"}}},
    )
    asked = []

    def read(host: str, name: str) -> str:
        asked.append((host.partition(".")[0], name))
        if name != "there":
            raise LookupError(name)
        return "value"

    secrets = Secrets("dev", "kv-x", "/id", read, named_secrets(chosen), FaultsError)
    with pytest.raises(FaultsError) as caught:
        pulumi.runtime.test(lambda: secrets.value("there"))()
    assert {".".join(map(str, fault.path)) for fault in caught.value.found} == {
        "connections.orders.secret",
        "attached.anywhere.private_key.secret",
    }
    assert sorted(asked) == [("kv-x", "orders"), ("kv-x", "there"), ("kv-x", "vm-key")]
    with pytest.raises(FaultsError, match="az keyvault secret set --vault-name kv-y --name k"):
        pulumi.runtime.test(lambda: secrets.value("k", "kv-y"))()


def test_a_setting_takes_no_value_of_a_secret() -> None:
    value = "AccountKey=abc+/=="
    given = {"kind": "blob", "account": ELSEWHERE, "auth": "account_key", "secret": value}
    with pytest.raises(SettingsError, match=r"datastores\.it\.secret.*letters, digits"):
        settings(datastores={"it": given})
