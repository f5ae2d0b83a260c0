"""More subscriptions than one: how another is made, and that what is of one is not of the other."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.subscription import SubscriptionClient, models

from tests.sandbox.conftest import RunningSandbox, error
from tests.sandbox.resources.conftest import Clients, code
from tests.sandbox.resources.test_networks import LOCATION, network
from tests.sandbox.resources.test_quota import FAMILY, change, usages
from tests.sandbox.resources.test_subscriptions import READER, assign

LOGS = {"location": LOCATION, "properties": {}}
PROVIDER = "Microsoft.Synapse"


@pytest.fixture(scope="module")
def subscriptions(sandbox: RunningSandbox) -> Any:
    return SubscriptionClient(sandbox.credential())


def make(client: Any, alias: str, **properties: Any) -> Any:
    body = models.PutAliasRequest(properties=models.PutAliasRequestProperties(**properties))
    return client.alias.begin_create(alias, body).result()


@pytest.fixture(scope="module")
def hub(sandbox: RunningSandbox, subscriptions: Any) -> Clients:
    """The clients of another subscription."""
    made = make(subscriptions, f"hub-{uuid.uuid4().hex[:8]}", display_name="Hub")
    chosen = {**sandbox.environment, "AZURE_SUBSCRIPTION_ID": made.properties.subscription_id}
    return Clients(replace(sandbox, environment=chosen))


@pytest.fixture
def hub_group(hub: Clients, group: str) -> Iterator[str]:
    """A group in the other subscription, of the same name."""
    hub.resources.resource_groups.create_or_update(group, {"location": LOCATION})
    yield group
    hub.resources.resource_groups.begin_delete(group).result()


def test_an_alias_makes_a_subscription(subscriptions: Any, unique: str) -> None:
    made = make(subscriptions, unique, display_name="Data", workload="Production").properties
    assert made.provisioning_state == "Succeeded"
    found = subscriptions.subscriptions.get(made.subscription_id)
    assert (found.display_name, found.state) == ("Data", "Enabled")
    assert made.subscription_id in [
        item.subscription_id for item in subscriptions.subscriptions.list()
    ]
    assert unique in [item.name for item in subscriptions.alias.list().value]


def test_the_same_alias_again_makes_no_other(subscriptions: Any, unique: str) -> None:
    first = make(subscriptions, unique, display_name="Data").properties
    again = make(subscriptions, unique, display_name="Renamed").properties
    assert again.subscription_id == first.subscription_id
    found = subscriptions.subscriptions.get(first.subscription_id)
    assert found.display_name == "Data"


def test_an_alias_goes_and_its_subscription_stays(subscriptions: Any, unique: str) -> None:
    made = make(subscriptions, unique, display_name="Data").properties
    subscriptions.alias.delete(unique)
    with pytest.raises(ResourceNotFoundError):
        subscriptions.alias.get(unique)
    assert subscriptions.subscriptions.get(made.subscription_id).display_name == "Data"


def test_an_alias_may_name_what_is_there_only(
    sandbox: RunningSandbox, subscriptions: Any, unique: str
) -> None:
    named = make(subscriptions, unique, subscription_id=sandbox.subscription)
    assert named.properties.subscription_id == sandbox.subscription
    with pytest.raises(HttpResponseError) as unknown:
        make(subscriptions, f"{unique}-2", subscription_id=str(uuid.uuid4()))
    assert unknown.value.status_code == 404


def test_groups_and_resources_are_of_one_subscription(
    clients: Clients, hub: Clients, hub_group: str, unique: str
) -> None:
    hub.logs.workspaces.begin_create_or_update(hub_group, f"log-{unique}", LOGS).result()
    assert [item.name for item in hub.resources.resources.list()] == [f"log-{unique}"]
    assert f"log-{unique}" not in [item.name for item in clients.resources.resources.list()]
    assert list(clients.logs.workspaces.list_by_resource_group(hub_group)) == []
    assert [item.name for item in hub.resources.resource_groups.list()] == [hub_group]


def test_a_role_in_one_is_none_in_the_other(
    sandbox: RunningSandbox, hub: Clients, hub_group: str
) -> None:
    stranger = str(uuid.uuid4())
    assign(sandbox, f"/subscriptions/{sandbox.subscription}", stranger, READER)
    token = sandbox.token(stranger)
    listed = sandbox.arm("GET", "/subscriptions", version="2022-12-01", token=token).json()
    assert [item["subscriptionId"] for item in listed["value"]] == [sandbox.subscription]
    path = f"/subscriptions/{hub.sandbox.subscription}/resourceGroups/{hub_group}"
    refused = sandbox.arm("GET", path, version="2025-04-01", token=token)
    assert error(refused) == (403, "AuthorizationFailed")


def test_built_in_roles_are_there_in_each(hub: Clients) -> None:
    root = f"/subscriptions/{hub.sandbox.subscription}"
    roles = {item.role_name: item.id for item in hub.roles.role_definitions.list(root)}
    assert roles["Reader"].startswith(f"{root}/providers/Microsoft.Authorization/")


def test_a_provider_is_registered_with_each(clients: Clients, hub: Clients) -> None:
    hub.resources.providers.unregister(PROVIDER)
    assert hub.resources.providers.get(PROVIDER).registration_state == "Unregistered"
    assert clients.resources.providers.get(PROVIDER).registration_state == "Registered"
    found = hub.resources.providers.register(PROVIDER)
    assert found.id == f"/subscriptions/{hub.sandbox.subscription}/providers/{PROVIDER}"


def test_each_has_its_own_quota(sandbox: RunningSandbox, hub: Clients) -> None:
    before = usages(sandbox, "westus2")[FAMILY]
    assert change(hub.sandbox, FAMILY, before[1] + 10, "westus2").is_success
    assert usages(hub.sandbox, "westus2")[FAMILY] == (0, before[1] + 10)
    assert usages(sandbox, "westus2")[FAMILY] == before


def test_a_deleted_vault_is_purged_where_it_was(
    clients: Clients, hub: Clients, hub_group: str, unique: str
) -> None:
    properties = {
        "tenantId": hub.sandbox.environment["AZURE_TENANT_ID"],
        "sku": {"family": "A", "name": "standard"},
    }
    name, body = f"kv-{unique}", {"location": LOCATION, "properties": properties}
    hub.vaults.vaults.begin_create_or_update(hub_group, name, body).result()
    hub.vaults.vaults.delete(hub_group, name)
    assert name not in [item.name for item in clients.vaults.vaults.list_deleted()]
    with pytest.raises(ResourceNotFoundError):
        clients.vaults.vaults.begin_purge_deleted(name, LOCATION)
    deleted = hub.vaults.vaults.get_deleted(name, LOCATION)
    assert deleted.id.startswith(f"/subscriptions/{hub.sandbox.subscription}/")
    hub.vaults.vaults.begin_purge_deleted(name, LOCATION).result()


def test_an_account_name_is_taken_in_all(
    clients: Clients, hub: Clients, hub_group: str, unique: str
) -> None:
    body = {"location": LOCATION, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    hub.storage.storage_accounts.begin_create(hub_group, f"st{unique}", body).result()
    with pytest.raises(HttpResponseError) as taken:
        clients.storage.storage_accounts.begin_create(hub_group, f"st{unique}", body)
    assert code(taken) == (409, "StorageAccountAlreadyTaken")


def test_each_has_its_own_activity_log(clients: Clients, hub: Clients, hub_group: str) -> None:
    wanted = f"resourceGroupName eq '{hub_group}'"
    for one in (clients, hub):
        found = [item.resource_id for item in one.monitor.activity_logs.list(wanted)]
        root = f"/subscriptions/{one.sandbox.subscription}"
        assert set(found) == {f"{root}/resourceGroups/{hub_group}"}


def test_a_resource_may_stand_on_one_of_another_subscription(
    clients: Clients, hub: Clients, hub_group: str, unique: str
) -> None:
    logs = hub.logs.workspaces.begin_create_or_update(hub_group, f"log-{unique}", LOGS).result()
    body = {
        "location": LOCATION,
        "kind": "web",
        "properties": {"Application_Type": "web", "WorkspaceResourceId": logs.id},
    }
    made = clients.insights.components.create_or_update(hub_group, f"appi-{unique}", body)
    assert made.tenant_id == clients.sandbox.subscription


def test_a_private_endpoint_lies_in_its_networks_subscription(
    clients: Clients, hub: Clients, hub_group: str, unique: str
) -> None:
    body = {"location": LOCATION, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    account = clients.storage.storage_accounts.begin_create(hub_group, f"st{unique}", body).result()
    made = hub.networks.virtual_networks.begin_create_or_update(
        hub_group, "vnet", network({"a": "10.0.0.0/24"})
    ).result()
    link = {"privateLinkServiceId": account.id, "groupIds": ["blob"]}
    endpoint = {
        "location": LOCATION,
        "properties": {
            "subnet": {"id": made.subnets[0].id},
            "privateLinkServiceConnections": [{"name": "link", "properties": link}],
        },
    }
    with pytest.raises(HttpResponseError) as refused:
        clients.networks.private_endpoints.begin_create_or_update(hub_group, "pep", endpoint)
    assert code(refused) == (400, "InvalidResourceReference")
    there = hub.networks.private_endpoints.begin_create_or_update(hub_group, "pep", endpoint)
    assert there.result().provisioning_state == "Succeeded"
    hub.networks.private_endpoints.begin_delete(hub_group, "pep").result()


def test_a_template_tells_the_subscription_it_is_deployed_to(hub: Clients, hub_group: str) -> None:
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [],
        "outputs": {
            "id": {"type": "string", "value": "[subscription().subscriptionId]"},
            "name": {"type": "string", "value": "[subscription().displayName]"},
        },
    }
    root = f"/subscriptions/{hub.sandbox.subscription}/resourceGroups/{hub_group}"
    path = f"{root}/providers/Microsoft.Resources/deployments/tell"
    body = {"properties": {"mode": "Incremental", "template": template}}
    assert hub.sandbox.arm("PUT", path, body, version="2024-03-01").is_success
    outputs = hub.sandbox.arm("GET", path, version="2024-03-01").json()["properties"]["outputs"]
    assert (outputs["id"]["value"], outputs["name"]["value"]) == (hub.sandbox.subscription, "Hub")
