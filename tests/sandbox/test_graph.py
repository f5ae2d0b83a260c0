"""Microsoft Graph as far as the Azure CLI's role commands ask it: their requests, literally."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from sandbox.login.tokens import ARM, GRAPH
from tests.sandbox.conftest import RunningSandbox, error

TYPES = ["user", "group", "servicePrincipal", "directoryObjectPartnerReference"]
NOBODY = "00000000-0000-0000-0000-000000000001"


def ask(
    sandbox: RunningSandbox, method: str, path: str, body: Any = None, audience: str = GRAPH
) -> httpx.Response:
    headers = {"authorization": f"Bearer {sandbox.token(audience=audience)}"}
    with sandbox.http() as client:
        address = f"https://graph.microsoft.com/v1.0{path}"
        return client.request(method, address, json=body, headers=headers)


def by_ids(sandbox: RunningSandbox, *ids: str) -> list[dict[str, Any]]:
    answer = ask(sandbox, "POST", "/directoryObjects/getByIds", {"ids": ids, "types": TYPES})
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["value"]
    return found


def named(sandbox: RunningSandbox, name: str) -> list[str]:
    """The object ids of the principals of this name, as `--assignee NAME` looks for them."""
    text = quote(f"servicePrincipalNames/any(c:c eq '{name}')", safe="")
    answer = ask(sandbox, "GET", f"/servicePrincipals?$filter={text}")
    return [one["id"] for one in answer.json()["value"]]


def make_identity(sandbox: RunningSandbox, group: str) -> tuple[str, str]:
    root = f"/subscriptions/{sandbox.subscription}/resourceGroups/{group}"
    sandbox.arm("PUT", root, {"location": "eastus"}, version="2025-04-01")
    path = f"{root}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-graph"
    made = sandbox.arm("PUT", path, {"location": "eastus"}, version="2024-11-30").json()
    return made["properties"]["principalId"], made["properties"]["clientId"]


def test_principals_are_told_by_their_object_ids(sandbox: RunningSandbox) -> None:
    own = sandbox.environment["AZURE_CLIENT_ID"]
    principal, client = make_identity(sandbox, "rg-graph-ids")
    found = {one["id"]: one for one in by_ids(sandbox, principal, NOBODY)}
    assert list(found) == [principal]
    assert found[principal]["@odata.type"] == "#microsoft.graph.servicePrincipal"
    assert found[principal]["servicePrincipalNames"] == [client]
    assert by_ids(sandbox, *named(sandbox, own))[0]["appId"] == own


def test_an_assignee_is_found_by_its_application(sandbox: RunningSandbox) -> None:
    principal, client = make_identity(sandbox, "rg-graph-names")
    assert named(sandbox, client) == [principal]
    assert named(sandbox, principal) == []  # The CLI then asks for it as an object id.
    assert ask(sandbox, "GET", f"/servicePrincipals/{principal}").json()["appId"] == client
    missing = ask(sandbox, "GET", f"/servicePrincipals/{NOBODY}")
    assert error(missing) == (404, "Request_ResourceNotFound")


def test_there_are_no_users(sandbox: RunningSandbox) -> None:
    text = quote("userPrincipalName eq 'me@example.com'", safe="")
    assert ask(sandbox, "GET", f"/users?$filter={text}").json()["value"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/me"), ("GET", "/users"), ("GET", "/servicePrincipals"), ("POST", "/applications")],
)
def test_anything_else_says_that_there_is_no_directory(
    sandbox: RunningSandbox, method: str, path: str
) -> None:
    answer = ask(sandbox, method, path)
    assert error(answer) == (501, "NotImplemented")
    assert "The sandbox has no directory" in answer.json()["error"]["message"]


def test_a_token_for_arm_is_refused(sandbox: RunningSandbox) -> None:
    answer = ask(sandbox, "POST", "/directoryObjects/getByIds", {"ids": []}, audience=ARM)
    assert error(answer) == (401, "InvalidAuthenticationToken")
    assert 'resource="https://graph.microsoft.com"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("body", [None, [], {"ids": "x"}])
def test_ids_are_a_list(sandbox: RunningSandbox, body: Any) -> None:
    answer = ask(sandbox, "POST", "/directoryObjects/getByIds", body)
    assert error(answer) == (400, "Request_BadRequest")
