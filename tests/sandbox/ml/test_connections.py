"""Connections through the official client: what lies outside and has no datastore."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from azure.ai.ml.entities import (
    AadCredentialConfiguration,
    AccessKeyConfiguration,
    AccountKeyConfiguration,
    ApiKeyConfiguration,
    ManagedIdentityConfiguration,
    NoneCredentialConfiguration,
    PatTokenConfiguration,
    SasTokenConfiguration,
    ServicePrincipalConfiguration,
    UsernamePasswordConfiguration,
    WorkspaceConnection,
)
from azure.core.exceptions import ResourceNotFoundError

from tests.sandbox.conftest import Place, RunningSandbox

VERSION = "2025-12-01"
SECRET = "do-not-show-2718281828"
SOMEBODY = "1f1e1d1c-1b1a-4918-8716-151413121110"

# kind of connection, credentials as the client has them, whether they hold a secret
KINDS: list[tuple[str, Any, bool]] = [
    ("python_feed", ApiKeyConfiguration(key=SECRET), True),
    ("python_feed", NoneCredentialConfiguration(), False),
    ("git", PatTokenConfiguration(pat=SECRET), True),
    (
        "container_registry",
        UsernamePasswordConfiguration(username="u", password=SECRET),
        True,
    ),
    (
        "container_registry",
        ManagedIdentityConfiguration(client_id=SOMEBODY, resource_id="/x"),
        False,
    ),
    (
        "azure_sql_db",
        ServicePrincipalConfiguration(tenant_id=SOMEBODY, client_id=SOMEBODY, client_secret=SECRET),
        True,
    ),
    ("azure_sql_db", AadCredentialConfiguration(), False),
    ("azure_postgres_db", UsernamePasswordConfiguration(username="u", password=SECRET), True),
    ("azure_my_sql_db", ManagedIdentityConfiguration(client_id=SOMEBODY, resource_id="/x"), False),
    ("azure_synapse_analytics", SasTokenConfiguration(sas_token=SECRET), True),
    ("databricks", PatTokenConfiguration(pat=SECRET), True),
    ("snowflake", UsernamePasswordConfiguration(username="u", password=SECRET), True),
    (
        "s3",
        AccessKeyConfiguration(access_key_id="i", secret_access_key=SECRET),
        True,
    ),
    ("azure_one_lake", AccountKeyConfiguration(account_key=SECRET), True),
]


@pytest.fixture
def name() -> str:
    return f"conn-{uuid.uuid4().hex[:8]}"


@pytest.mark.parametrize(
    ("kind", "credentials", "secret"),
    KINDS,
    ids=[f"{kind}-{type(credentials).__name__}" for kind, credentials, _ in KINDS],
)
def test_a_connection_shows_its_address_and_keeps_its_secret(
    sandbox: RunningSandbox,
    ml: Any,
    workspace: Place,
    name: str,
    kind: str,
    credentials: Any,
    secret: bool,
) -> None:
    wanted = WorkspaceConnection(
        name=name,
        type=kind,
        target="https://there.example.org",
        credentials=credentials,
        metadata={"path": "dbfs:/"},
        strict_typing=False,
    )
    made = ml.connections.create_or_update(wanted)
    assert made.target == "https://there.example.org"
    assert name in [item.name for item in ml.connections.list()]
    path = f"{workspace.id}/connections"
    for shown in (path, f"{path}/{name}"):
        assert SECRET not in sandbox.arm("GET", shown, version=VERSION).text
    assert ml.connections.get(name, populate_secrets=True).type == kind
    # The client fills in API keys only; the service answers whatever there is.
    answer = sandbox.arm("POST", f"{path}/{name}/listSecrets", version=VERSION)
    kept = answer.json()["properties"]["credentials"] or {}
    assert (SECRET in kept.values()) is secret
    ml.connections.delete(name)
    with pytest.raises(ResourceNotFoundError):
        ml.connections.get(name)


def put(sandbox: RunningSandbox, workspace: Place, name: str, **properties: Any) -> Any:
    body = {"properties": {"category": "AzureSqlDb", "target": "there", **properties}}
    return sandbox.arm("PUT", f"{workspace.id}/connections/{name}", body, version=VERSION)


def test_a_way_to_log_in_needs_its_credentials(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    answer = put(sandbox, workspace, name, authType="UsernamePassword")
    assert (answer.status_code, answer.json()["error"]["target"]) == (400, "properties.credentials")


def test_a_connection_that_goes_over_to_another_way_forgets_the_old_secret(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    credentials = {"username": "u", "password": SECRET}
    first = put(sandbox, workspace, name, authType="UsernamePassword", credentials=credentials)
    assert first.is_success
    assert put(sandbox, workspace, name, authType="AAD").is_success
    path = f"{workspace.id}/connections/{name}/listSecrets"
    assert SECRET not in sandbox.arm("POST", path, version=VERSION).text


def test_listings_are_of_a_category_or_a_target(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    assert put(sandbox, workspace, name, authType="AAD", target=name).is_success
    path = f"{workspace.id}/connections"

    def names(query: str) -> list[str]:
        answer = sandbox.arm("GET", f"{path}?{query}", version=VERSION)
        return [item["name"] for item in answer.json()["value"]]

    assert names(f"target={name}") == [name]
    assert name in names("category=AzureSqlDb")
    assert name not in names("category=Git")
