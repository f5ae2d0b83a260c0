"""Who one is and what one may do, as the official clients ask."""

from __future__ import annotations

import uuid
from typing import Any

from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.subscription import SubscriptionClient

from tests.sandbox.conftest import RunningSandbox
from tests.sandbox.resources.conftest import Clients

READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"


def assign(sandbox: RunningSandbox, scope: str, principal: str, role: str) -> None:
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    root = f"/subscriptions/{sandbox.subscription}/providers/Microsoft.Authorization"
    body = {
        "properties": {
            "principalId": principal,
            "principalType": "ServicePrincipal",
            "roleDefinitionId": f"{root}/roleDefinitions/{role}",
        }
    }
    assert sandbox.arm("PUT", path, body, version="2022-04-01").is_success


def permissions(sandbox: RunningSandbox, scope: str, principal: str) -> list[dict[str, Any]]:
    answer = sandbox.arm(
        "GET",
        f"{scope}/providers/Microsoft.Authorization/permissions",
        version="2022-04-01",
        token=sandbox.token(principal),
    )
    assert answer.is_success, answer.text
    found: list[dict[str, Any]] = answer.json()["value"]
    return found


def test_tenant_subscription_and_regions(sandbox: RunningSandbox) -> None:
    client = SubscriptionClient(sandbox.credential())
    (tenant,) = client.tenants.list()
    assert tenant.tenant_id == sandbox.environment["AZURE_TENANT_ID"]
    listed = next(iter(client.subscriptions.list()))
    assert (listed.subscription_id, listed.state) == (sandbox.subscription, "Enabled")
    assert client.subscriptions.get(sandbox.subscription).display_name == "Sandbox"
    regions = {
        item.name: item for item in client.subscriptions.list_locations(sandbox.subscription)
    }
    assert regions["koreacentral"].display_name == "Korea Central"
    assert len(regions) > 40


def test_a_stranger_sees_no_subscription(sandbox: RunningSandbox, group: str) -> None:
    stranger = str(uuid.uuid4())
    token = sandbox.token(stranger)
    one = f"/subscriptions/{sandbox.subscription}"
    assert sandbox.arm("GET", "/subscriptions", version="2022-12-01", token=token).json() == {
        "value": []
    }
    assert sandbox.arm("GET", one, version="2022-12-01", token=token).status_code == 403
    assign(sandbox, f"{one}/resourceGroups/{group}", stranger, READER)
    listed = sandbox.arm("GET", "/subscriptions", version="2022-12-01", token=token)
    assert len(listed.json()["value"]) == 1
    assert sandbox.arm("GET", one, version="2022-12-01", token=token).is_success


def test_the_owner_may_do_everything(clients: Clients, sandbox: RunningSandbox, group: str) -> None:
    client = AuthorizationManagementClient(sandbox.credential(), sandbox.subscription)
    (owner,) = client.permissions.list_for_resource_group(group)
    assert (owner.actions, owner.not_actions) == (["*"], [])


def test_a_callers_permissions_are_those_of_the_roles_at_the_scope_and_above(
    sandbox: RunningSandbox, group: str
) -> None:
    principal = str(uuid.uuid4())
    root = f"/subscriptions/{sandbox.subscription}"
    at = f"{root}/resourceGroups/{group}"
    assert permissions(sandbox, root, principal) == []
    assign(sandbox, at, principal, CONTRIBUTOR)
    assert permissions(sandbox, root, principal) == []
    (contributor,) = permissions(sandbox, at, principal)
    assert contributor["actions"] == ["*"]
    assert "Microsoft.Authorization/*/Write" in contributor["notActions"]
    assign(sandbox, root, principal, READER)
    assert [block["actions"] for block in permissions(sandbox, at, principal)] == [
        ["*"],
        ["*/read"],
    ]


def test_permissions_at_what_is_not_there(sandbox: RunningSandbox) -> None:
    path = f"/subscriptions/{sandbox.subscription}/resourceGroups/rg-nowhere/providers/"
    answer = sandbox.arm("GET", f"{path}Microsoft.Authorization/permissions", version="2022-04-01")
    assert answer.status_code == 404
