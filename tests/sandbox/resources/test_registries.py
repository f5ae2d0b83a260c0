"""Container registries."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.sandbox.resources.conftest import Clients, code


def test_a_registry_gives_credentials_to_its_admin_only(
    clients: Clients, group: str, unique: str
) -> None:
    registries, name = clients.registries.registries, f"cr{unique}"
    body = {"location": "eastus", "sku": {"name": "Basic"}}
    made = registries.begin_create(group, name, body).result()
    assert made.login_server == f"{name}.azurecr.io"
    with pytest.raises(HttpResponseError) as refused:
        registries.list_credentials(group, name)
    assert refused.value.status_code == 400
    registries.begin_update(group, name, {"properties": {"adminUserEnabled": True}}).result()
    first = registries.list_credentials(group, name).passwords[0].value
    again = registries.regenerate_credential(group, name, {"name": "password"})
    assert again.passwords[0].value != first
    other = f"rg-{unique}"
    clients.resources.resource_groups.create_or_update(other, {"location": "eastus"})
    with pytest.raises(HttpResponseError) as taken:
        registries.begin_create(other, name, body)
    assert code(taken) == (409, "AlreadyInUse")
    clients.resources.resource_groups.begin_delete(other).result()
    registries.begin_delete(group, name).result()
    with pytest.raises(ResourceNotFoundError):
        registries.get(group, name)
