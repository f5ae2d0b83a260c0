"""Key Vault's secrets by the official client."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import jwt
import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.keyvault.secrets import SecretClient

from sandbox.clock import Clock
from sandbox.identity import Identity
from sandbox.login.tokens import ARM, VAULT, mint

ALL = ["get", "list", "set", "delete", "recover", "purge"]


def make_vault(sandbox: Any, group: str, **properties: Any) -> str:
    """A vault's name; by default it goes by roles."""
    name = f"kv-{uuid.uuid4().hex[:12]}"
    path = (
        f"/subscriptions/{sandbox.subscription}/resourceGroups/{group}"
        f"/providers/Microsoft.KeyVault/vaults/{name}"
    )
    body = {
        "location": "eastus",
        "properties": {
            "tenantId": sandbox.environment["AZURE_TENANT_ID"],
            "sku": {"name": "standard", "family": "A"},
            "enableRbacAuthorization": True,
            **properties,
        },
    }
    answer = sandbox.arm("PUT", path, body, version="2024-11-01")
    assert answer.is_success, answer.text
    return name


@pytest.fixture
def client(sandbox: Any, group: str) -> Iterator[SecretClient]:
    name = make_vault(sandbox, group)
    with SecretClient(f"https://{name}.vault.azure.net", sandbox.credential()) as client:
        yield client


def test_a_secret_has_versions_and_attributes(client: SecretClient) -> None:
    first = client.set_secret("token", "one", tags={"a": "b"}, content_type="text/plain")
    second = client.set_secret("Token", "two")
    assert client.get_secret("token").value == "two"
    assert client.get_secret("token", first.properties.version).value == "one"
    assert first.properties.tags == {"a": "b"}
    assert first.properties.content_type == "text/plain"
    versions = [one.version for one in client.list_properties_of_secret_versions("token")]
    assert versions == [first.properties.version, second.properties.version]
    changed = client.update_secret_properties("token", enabled=False)
    assert changed.enabled is False
    with pytest.raises(HttpResponseError, match="not allowed on a disabled secret") as refused:
        client.get_secret("token")
    assert refused.value.status_code == 403
    assert client.get_secret("token", first.properties.version).value == "one"


def test_listing_goes_over_pages(client: SecretClient) -> None:
    names = [f"s{number:02}" for number in range(27)]
    for name in names:
        client.set_secret(name, "x")
    assert [one.name for one in client.list_properties_of_secrets()] == names


def test_a_deleted_secret_is_recovered_or_purged(client: SecretClient) -> None:
    client.set_secret("gone", "value")
    deleted = client.begin_delete_secret("gone").result()
    assert deleted.scheduled_purge_date - deleted.deleted_date == timedelta(days=90)
    with pytest.raises(ResourceNotFoundError, match="was not found in this key vault"):
        client.get_secret("gone")
    with pytest.raises(ResourceExistsError, match="deleted but recoverable"):
        client.set_secret("gone", "new")
    assert [one.name for one in client.list_deleted_secrets()] == ["gone"]
    client.begin_recover_deleted_secret("gone").wait()
    assert client.get_secret("gone").value == "value"
    client.begin_delete_secret("gone").wait()
    client.purge_deleted_secret("gone")
    assert list(client.list_deleted_secrets()) == []
    assert client.set_secret("gone", "new").value == "new"


def test_purge_protection_holds(sandbox: Any, group: str) -> None:
    name = make_vault(sandbox, group, enablePurgeProtection=True)
    client = SecretClient(f"https://{name}.vault.azure.net", sandbox.credential())
    client.set_secret("kept", "value")
    client.begin_delete_secret("kept").wait()
    with pytest.raises(HttpResponseError, match="purge protection is enabled"):
        client.purge_deleted_secret("kept")


def test_access_policies_count_where_roles_do_not(sandbox: Any, group: str) -> None:
    identity = Identity.open(sandbox.directory)
    policy = {
        "tenantId": identity.tenant_id,
        "objectId": identity.principal_id,
        "permissions": {"secrets": ["get", "set"]},
    }
    name = make_vault(sandbox, group, enableRbacAuthorization=False, accessPolicies=[policy])
    client = SecretClient(f"https://{name}.vault.azure.net", sandbox.credential())
    assert client.set_secret("s", "v").value == "v"
    with pytest.raises(HttpResponseError, match="not authorized to perform action") as refused:
        list(client.list_properties_of_secrets())
    assert refused.value.status_code == 403


def ask(sandbox: Any, client: SecretClient, token: str) -> Any:
    with sandbox.http() as http:
        return http.get(
            f"{client.vault_url}/secrets?api-version=7.4",
            headers={"authorization": f"Bearer {token}"},
        )


def test_a_principal_without_a_role_is_refused(sandbox: Any, client: SecretClient) -> None:
    identity, clock = Identity.open(sandbox.directory), Clock(sandbox.directory.clock)
    stranger = mint(identity, clock, audience=VAULT, principal_id="nobody", client_id="app")
    answer = ask(sandbox, client, stranger)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "Forbidden"
    assert answer.json()["error"]["innererror"]["code"] == "ForbiddenByRbac"


def test_a_token_for_arm_or_an_old_one_is_challenged(sandbox: Any, client: SecretClient) -> None:
    identity, clock = Identity.open(sandbox.directory), Clock(sandbox.directory.clock)
    mine = partial(
        mint, identity, clock, principal_id=identity.principal_id, client_id=identity.client_id
    )
    wrong = mine(audience=ARM)
    old = mine(audience=VAULT, lifetime=timedelta(seconds=-1))
    for token in (wrong, old, jwt.encode({}, "k" * 32)):
        answer = ask(sandbox, client, token)
        assert answer.status_code == 401
        assert 'resource="https://vault.azure.net"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("bad_name", {"value": "v"}, "invalid name"),
        ("s", {}, "'value' is required"),
        ("s", {"value": 5}, "'value' is required"),
        ("s", {"value": "v", "tags": []}, "'tags' has the wrong type"),
        ("s", {"value": "v", "attributes": {"enabled": "yes"}}, "'enabled' has the wrong type"),
        ("s", {"value": "v" * 26_000}, "longer than 25k"),
    ],
)
def test_a_bad_request_is_named(
    sandbox: Any, client: SecretClient, name: str, body: dict[str, Any], message: str
) -> None:
    token = sandbox.credential().get_token("https://vault.azure.net/.default").token
    with sandbox.http() as http:
        answer = http.put(
            f"{client.vault_url}/secrets/{name}?api-version=7.4",
            json=body,
            headers={"authorization": f"Bearer {token}"},
        )
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "BadParameter"
    assert message in answer.json()["error"]["message"]
    assert list(client.list_properties_of_secrets()) == []


def test_a_vault_that_is_not_there_has_no_secrets(sandbox: Any) -> None:
    # A name of its own: the client keeps for the process which tenant a vault once asked for.
    name = f"kv-{uuid.uuid4().hex[:8]}"
    client = SecretClient(f"https://{name}.vault.azure.net", sandbox.credential())
    with pytest.raises((ResourceNotFoundError, ClientAuthenticationError), match=name):
        client.get_secret("s")
