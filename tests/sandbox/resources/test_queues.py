"""Queues of a storage account, made through ARM and used as queues."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient

from tests.sandbox.conftest import RunningSandbox
from tests.sandbox.resources.conftest import Clients


@pytest.fixture
def account(clients: Clients, group: str, unique: str) -> str:
    body = {"location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    clients.storage.storage_accounts.begin_create(group, f"st{unique}", body).result()
    return f"st{unique}"


def queue(sandbox: RunningSandbox, account: str, name: str) -> QueueClient:
    return QueueClient(f"https://{account}.queue.core.windows.net", name, sandbox.credential())


def test_queues_of_arm_are_those_of_the_queue_service(
    sandbox: RunningSandbox, clients: Clients, group: str, account: str
) -> None:
    queues: Any = clients.storage.queue
    assert queues.create(group, account, "orders", {}).name == "orders"
    client = queue(sandbox, account, "orders")
    client.send_message("one")
    assert client.receive_message().content == "one"
    assert [found.name for found in queues.list(group, account)] == ["orders"]
    queues.delete(group, account, "orders")
    with pytest.raises(ResourceNotFoundError):
        client.get_queue_properties()


def test_an_account_made_anew_has_no_old_queues(
    sandbox: RunningSandbox, clients: Clients, group: str, account: str
) -> None:
    clients.storage.queue.create(group, account, "orders", {})
    accounts = clients.storage.storage_accounts
    accounts.delete(group, account)
    body = {"location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    accounts.begin_create(group, account, body).result()
    with pytest.raises(ResourceNotFoundError):
        queue(sandbox, account, "orders").get_queue_properties()
