"""Resource providers: registered, unregistered, and what an unregistered one refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.eventgrid import models

from tests.sandbox.conftest import RunningSandbox
from tests.sandbox.resources.conftest import Clients, code

NAMESPACE = "Microsoft.EventGrid"
"""One of which no test leaves anything behind: all of them share a sandbox."""


@pytest.fixture
def providers(clients: Clients) -> Iterator[Any]:
    operations = clients.resources.providers
    yield operations
    operations.register(NAMESPACE)


def topic(clients: Clients, group: str, name: str) -> Any:
    body = models.Topic(location="eastus")
    return clients.events.topics.begin_create_or_update(group, name, body)


def test_what_the_sandbox_has_is_registered(providers: Any) -> None:
    found = {item.namespace: item for item in providers.list()}
    learning = found["Microsoft.MachineLearningServices"]
    assert {item.registration_state for item in found.values()} == {"Registered"}
    assert found["Microsoft.Authorization"].registration_policy == "RegistrationFree"
    regions = {t.resource_type: t.locations for t in learning.resource_types}["workspaces"]
    assert "Korea Central" in regions
    assert "West India" not in regions


def test_an_unregistered_provider_takes_no_resource_until_it_is_registered(
    clients: Clients, providers: Any, group: str, unique: str
) -> None:
    # What `az provider unregister --wait` waits for; `NotRegistered` is one that never was.
    assert providers.unregister(NAMESPACE).registration_state == "Unregistered"
    with pytest.raises(HttpResponseError, match="not registered to use namespace") as refused:
        topic(clients, group, f"evgt-{unique}")
    assert code(refused) == (409, "MissingSubscriptionRegistration")
    providers.register(NAMESPACE)
    assert providers.get(NAMESPACE).registration_state == "Registered"
    topic(clients, group, f"evgt-{unique}").result()


def test_registering_takes_its_time(start_sandbox: Callable[..., RunningSandbox]) -> None:
    slow = start_sandbox(durations="real", tracking=False)
    path = f"/subscriptions/{slow.subscription}/providers/{NAMESPACE}"
    slow.arm("POST", f"{path}/unregister", version="2022-09-01")
    answer = slow.arm("POST", f"{path}/register", version="2022-09-01")
    assert answer.json()["registrationState"] == "Registering"
    slow.advance(timedelta(minutes=2))
    answer = slow.arm("GET", path, version="2022-09-01")
    assert answer.json()["registrationState"] == "Registered"


def test_a_provider_with_resources_stays(
    clients: Clients, providers: Any, group: str, unique: str
) -> None:
    topic(clients, group, f"evgt-{unique}").result()
    with pytest.raises(HttpResponseError, match=f"evgt-{unique}") as refused:
        providers.unregister(NAMESPACE)
    assert refused.value.status_code == 409
    with pytest.raises(HttpResponseError, match="cannot be unregistered"):
        providers.unregister("Microsoft.Resources")


def test_a_region_that_does_not_offer_the_type(clients: Clients, group: str, unique: str) -> None:
    body = {"location": "West India", "properties": {}}
    with pytest.raises(HttpResponseError, match="List of available regions") as refused:
        clients.logs.workspaces.begin_create_or_update(group, f"log-{unique}", body)
    assert code(refused) == (400, "LocationNotAvailableForResourceType")
    body["location"] = "East US"
    clients.logs.workspaces.begin_create_or_update(group, f"log-{unique}", body).result()


def test_an_unknown_provider(providers: Any) -> None:
    with pytest.raises(HttpResponseError) as missing:
        providers.get("Microsoft.Nothing")
    assert code(missing) == (404, "InvalidResourceNamespace")
