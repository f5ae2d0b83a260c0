"""Role assignments and definitions, managed identities, and what they may do."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from sandbox.arm.authorization import built_in_roles, permits
from tests.sandbox.conftest import RunningSandbox
from tests.sandbox.resources.conftest import Clients, code

READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"


@pytest.fixture
def principal(clients: Clients, group: str, unique: str) -> Any:
    identities = clients.identities.user_assigned_identities
    return identities.create_or_update(group, f"id-{unique}", {"location": "eastus"})


@pytest.fixture
def scope(sandbox: RunningSandbox, group: str) -> str:
    return f"/subscriptions/{sandbox.subscription}/resourceGroups/{group}"


@pytest.fixture
def no_faults(sandbox: RunningSandbox) -> Iterator[None]:
    yield
    sandbox.admin("DELETE", "/faults")


def role(sandbox: RunningSandbox, name: str) -> str:
    kind = "Microsoft.Authorization/roleDefinitions"
    return f"/subscriptions/{sandbox.subscription}/providers/{kind}/{name}"


def assign(clients: Clients, scope: str, role_name: str, principal_id: str, **more: Any) -> Any:
    body = {
        "roleDefinitionId": role(clients.sandbox, role_name),
        "principalId": principal_id,
        **more,
    }
    return clients.roles.role_assignments.create(scope, str(uuid.uuid4()), {"properties": body})


def test_a_reader_may_read_and_not_write(
    sandbox: RunningSandbox, clients: Clients, scope: str, principal: Any, unique: str
) -> None:
    path, token = (
        f"{scope}/providers/{IDENTITIES}/id-{unique}",
        sandbox.token(principal.principal_id, principal.client_id),
    )

    def status(method: str, body: Any = None) -> int:
        return sandbox.arm(method, path, body, version="2023-01-31", token=token).status_code

    assert status("GET") == 403
    assignment = assign(clients, scope, READER, principal.principal_id)
    assert status("GET") == 200
    assert status("PUT", {"location": "eastus"}) == 403
    assert status("DELETE") == 403
    assign(clients, scope, CONTRIBUTOR, principal.principal_id)
    assert status("PUT", {"location": "eastus"}) == 200
    clients.roles.role_assignments.delete_by_id(assignment.id)
    found = clients.roles.role_assignments.list_for_scope(
        scope, filter=f"principalId eq '{principal.principal_id}'"
    )
    assert [item.role_definition_id.rsplit("/")[-1] for item in found] == [CONTRIBUTOR]


def test_an_assignment_that_is_there_already_is_a_conflict(
    clients: Clients, scope: str, principal: Any
) -> None:
    assign(clients, scope, READER, principal.principal_id)
    with pytest.raises(HttpResponseError) as twice:
        assign(clients, scope, READER, principal.principal_id)
    assert code(twice) == (409, "RoleAssignmentExists")


def test_unknown_roles_and_principals_are_refused(
    clients: Clients, scope: str, principal: Any
) -> None:
    with pytest.raises(HttpResponseError) as unknown_role:
        assign(clients, scope, str(uuid.uuid4()), principal.principal_id)
    assert code(unknown_role) == (400, "RoleDefinitionDoesNotExist")
    with pytest.raises(HttpResponseError) as unknown_principal:
        assign(clients, scope, READER, str(uuid.uuid4()))
    assert code(unknown_principal) == (400, "PrincipalNotFound")
    # With its type given, Azure takes a principal that its directory has not seen yet.
    assign(clients, scope, READER, str(uuid.uuid4()), principalType="ServicePrincipal")


def test_a_custom_role_allows_what_it_says_and_stays_while_it_is_assigned(
    sandbox: RunningSandbox, clients: Clients, scope: str, principal: Any, unique: str
) -> None:
    name = str(uuid.uuid4())
    properties = {
        "roleName": f"Identity reader {unique}",
        "type": "CustomRole",
        "permissions": [{"actions": [f"{IDENTITIES}/read"]}],
        "assignableScopes": [scope],
    }
    definitions = clients.roles.role_definitions
    definitions.create_or_update(scope, name, {"properties": properties})
    definitions.create_or_update(scope, name, {"properties": properties})  # 201 again.
    found = definitions.list(scope, filter=f"roleName eq 'Identity reader {unique}'")
    assert [item.name for item in found] == [name]
    assignment = assign(clients, scope, name, principal.principal_id)
    token = sandbox.token(principal.principal_id, principal.client_id)
    path = f"{scope}/providers/{IDENTITIES}/id-{unique}"
    assert sandbox.arm("GET", path, version="2023-01-31", token=token).status_code == 200
    assert sandbox.arm("GET", scope, version="2025-04-01", token=token).status_code == 403
    with pytest.raises(HttpResponseError) as in_use:
        definitions.delete(scope, name)
    assert code(in_use) == (409, "RoleDefinitionHasAssignments")
    assert clients.roles.role_assignments.delete_by_id(assignment.id).id == assignment.id
    assert definitions.delete(scope, name).name == name
    with pytest.raises(HttpResponseError):
        definitions.get(scope, name)


def test_a_role_cannot_name_what_is_not_in_the_list_of_operations(
    clients: Clients, scope: str, unique: str
) -> None:
    codes = "Microsoft.MachineLearningServices/workspaces/codes/versions"

    def define(action: str) -> None:
        properties = {
            "roleName": f"Uploader {unique}",
            "type": "CustomRole",
            "permissions": [{"actions": [action]}],
            "assignableScopes": [scope],
        }
        name = str(uuid.uuid4())
        clients.roles.role_definitions.create_or_update(scope, name, {"properties": properties})

    with pytest.raises(HttpResponseError) as refused:
        define(f"{codes}/startPendingUpload/action")
    assert code(refused) == (400, "InvalidActionOrNotAction")
    define(f"{codes}/*")


def test_who_may_grant_under_a_condition_is_held_to_its_roles(
    sandbox: RunningSandbox, clients: Clients, scope: str, principal: Any
) -> None:
    allowed = " AND ".join(
        f"((!(ActionMatches{{'Microsoft.Authorization/roleAssignments/{verb}'}})) OR "
        f"({of}[Microsoft.Authorization/roleAssignments:RoleDefinitionId] "
        f"ForAnyOfAnyValues:GuidEquals {{{READER}}}))"
        for verb, of in (("write", "@Request"), ("delete", "@Resource"))
    )
    delegate = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"
    with pytest.raises(HttpResponseError) as unversioned:
        assign(clients, scope, delegate, principal.principal_id, condition=allowed)
    assert code(unversioned) == (400, "InvalidRoleAssignmentCondition")
    condition = {"condition": allowed, "conditionVersion": "2.0"}
    assign(clients, scope, delegate, principal.principal_id, **condition)
    token = sandbox.token(principal.principal_id, principal.client_id)

    def grant(name: str) -> tuple[int, str]:
        path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
        properties = {
            "roleDefinitionId": role(sandbox, name),
            "principalId": str(uuid.uuid4()),
            "principalType": "User",
        }
        body = {"properties": properties}
        answer = sandbox.arm("PUT", path, body, version="2022-04-01", token=token)
        return answer.status_code, path

    status, path = grant(READER)
    assert status == 201
    assert grant(CONTRIBUTOR)[0] == 403
    other = assign(clients, scope, CONTRIBUTOR, str(uuid.uuid4()), principalType="User")
    for given, expected in ((path, 200), (other.id, 403)):
        answer = sandbox.arm("DELETE", given, version="2022-04-01", token=token)
        assert answer.status_code == expected


def test_assignments_can_be_made_to_be_seen_late(
    sandbox: RunningSandbox,
    clients: Clients,
    scope: str,
    principal: Any,
    no_faults: None,
) -> None:
    sandbox.admin("POST", "/faults", {"kind": "roles", "match": scope, "seconds": 3600})
    token = sandbox.token(principal.principal_id, principal.client_id)
    assign(clients, scope, READER, principal.principal_id)
    status = sandbox.arm("GET", scope, version="2025-04-01", token=token).status_code
    assert status == 403
    sandbox.advance(timedelta(hours=1))
    status = sandbox.arm("GET", scope, version="2025-04-01", token=token).status_code
    assert status == 200


def test_the_directory_can_be_made_to_hear_late_of_an_identity(
    sandbox: RunningSandbox, clients: Clients, scope: str, principal: Any, no_faults: None
) -> None:
    sandbox.admin("POST", "/faults", {"kind": "principals", "match": scope, "seconds": 3600})
    with pytest.raises(HttpResponseError) as unknown:
        assign(clients, scope, READER, principal.principal_id)
    assert code(unknown) == (400, "PrincipalNotFound")
    sandbox.admin("DELETE", "/faults")
    assign(clients, scope, READER, principal.principal_id)


def test_a_federated_credential_belongs_to_its_identity(
    clients: Clients, group: str, principal: Any
) -> None:
    credentials = clients.identities.federated_identity_credentials
    body = {
        "properties": {
            "issuer": "https://token.actions.githubusercontent.com",
            "subject": "repo:acme/bikes:ref:refs/heads/main",
            "audiences": ["api://AzureADTokenExchange"],
        }
    }
    credentials.create_or_update(group, principal.name, "main", body)
    assert credentials.get(group, principal.name, "main").subject.startswith("repo:acme")
    assert [item.name for item in credentials.list(group, principal.name)] == ["main"]
    credentials.delete(group, principal.name, "main")
    assert list(credentials.list(group, principal.name)) == []


@pytest.mark.parametrize(
    ("role_name", "action", "allowed"),
    [
        ("AzureML Data Scientist", "workspaces/jobs/write", True),
        ("AzureML Data Scientist", "workspaces/computes/read", True),
        ("AzureML Data Scientist", "workspaces/computes/write", False),
        ("AzureML Data Scientist", "workspaces/computes/delete", False),
        ("AzureML Data Scientist", "workspaces/listKeys/action", False),
        ("AzureML Data Scientist", "workspaces/write", False),
        ("AzureML Compute Operator", "workspaces/computes/start/action", True),
        ("Reader", "workspaces/onlineEndpoints/read", True),
        ("Reader", "workspaces/onlineEndpoints/listKeys/action", False),
        ("Reader", "workspaces/datastores/listSecrets/action", False),
        ("Contributor", "workspaces/onlineEndpoints/listKeys/action", True),
    ],
)
def test_what_a_built_in_role_allows(role_name: str, action: str, allowed: bool) -> None:
    found = next(item for item in built_in_roles().values() if item["name"] == role_name)
    action = f"Microsoft.MachineLearningServices/{action}"
    assert permits(found, action, data=False) is allowed


def test_a_reader_gets_no_keys(
    sandbox: RunningSandbox, clients: Clients, scope: str, principal: Any, unique: str
) -> None:
    version = "2024-01-01"
    path = f"{scope}/providers/Microsoft.Storage/storageAccounts/st{unique}"
    body = {"location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    assert sandbox.arm("PUT", path, body, version=version).is_success
    kind = {"principal_type": "ServicePrincipal"}
    assign(clients, scope, READER, principal.principal_id, **kind)
    token = sandbox.token(principal.principal_id, principal.client_id)
    assert sandbox.arm("GET", path, version=version, token=token).is_success
    refused = sandbox.arm("POST", f"{path}/listKeys", version=version, token=token)
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "AuthorizationFailed"
