"""What every ARM request has to get right, whatever it is about."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.clock import Clock
from sandbox.identity import Identity
from sandbox.login.tokens import mint
from tests.sandbox.conftest import RunningSandbox, error

STORAGE = "2024-01-01"
ACCOUNT = {
    "location": "eastus",
    "sku": {"name": "Standard_LRS"},
    "kind": "StorageV2",
    "properties": {},
}


def _root(sandbox: RunningSandbox, group: str) -> str:
    return f"/subscriptions/{sandbox.subscription}/resourceGroups/{group}"


def test_malformed_json_is_refused(sandbox: RunningSandbox, group: str) -> None:
    answer = sandbox.arm(
        "PUT",
        _root(sandbox, group),
        '{"location": ',
        version="2025-04-01",
        headers={"content-type": "application/json"},
    )
    assert error(answer) == (400, "InvalidRequestContent")


def test_another_content_type_is_refused(sandbox: RunningSandbox, group: str) -> None:
    answer = sandbox.arm(
        "PUT",
        _root(sandbox, group),
        "<location/>",
        version="2025-04-01",
        headers={"content-type": "application/xml"},
    )
    assert error(answer) == (415, "UnsupportedMediaType")


def test_an_unknown_api_version_names_the_known_ones(sandbox: RunningSandbox, group: str) -> None:
    answer = sandbox.arm("GET", _root(sandbox, group), version="1999-01-01")
    assert error(answer) == (400, "NoRegisteredProviderFound")
    assert "2025-04-01" in answer.json()["error"]["message"]


def test_a_request_without_api_version_is_refused(sandbox: RunningSandbox, group: str) -> None:
    answer = sandbox.arm("GET", _root(sandbox, group), version="")
    assert error(answer) == (400, "MissingApiVersionParameter")


def test_an_api_version_that_is_none_is_refused_everywhere(sandbox: RunningSandbox) -> None:
    for path in ("/subscriptions", f"/subscriptions/{sandbox.subscription}/providers"):
        refused = error(sandbox.arm("GET", path, version="newest"))
        assert refused == (400, "InvalidApiVersionParameter")


def test_an_empty_part_of_a_path_counts_for_nothing(sandbox: RunningSandbox, group: str) -> None:
    path = f"/subscriptions/{sandbox.subscription}//resourcegroups/{group}"
    answer = sandbox.arm("GET", path, version="2025-04-01")
    assert answer.json()["name"] == group


@pytest.mark.parametrize("path", ["/%2e%2e/other", "/x/%2E%2E%2fother"])
def test_a_path_that_climbs_is_refused(sandbox: RunningSandbox, group: str, path: str) -> None:
    with sandbox.http() as client:
        request = client.build_request("GET", "https://management.azure.com/")
        raw = f"/subscriptions/{sandbox.subscription}{path}?api-version=2025-04-01"
        request.url = request.url.copy_with(raw_path=raw.encode())
        token = sandbox.credential().get_token("https://management.azure.com/.default").token
        request.headers["authorization"] = f"Bearer {token}"
        assert error(client.send(request)) == (400, "InvalidRequestUri")


def test_a_token_of_another_sandbox_is_foreign(sandbox: RunningSandbox, group: str) -> None:
    stranger = Identity.generate()
    token = mint(
        stranger,
        Clock(sandbox.directory.clock),
        audience="https://management.azure.com",
        principal_id=stranger.principal_id,
        client_id=stranger.client_id,
    )
    answer = sandbox.arm("GET", _root(sandbox, group), version="2025-04-01", token=token)
    assert error(answer) == (401, "InvalidAuthenticationToken")


@pytest.mark.parametrize(
    ("audience", "lifetime", "code"),
    [
        ("https://management.azure.com", timedelta(seconds=-1), "ExpiredAuthenticationToken"),
        ("https://vault.azure.net", timedelta(hours=1), "InvalidAuthenticationTokenAudience"),
    ],
)
def test_an_expired_or_misdirected_token_is_refused(
    sandbox: RunningSandbox, group: str, audience: str, lifetime: timedelta, code: str
) -> None:
    identity = Identity.open(sandbox.directory)
    token = mint(
        identity,
        Clock(sandbox.directory.clock),
        audience=audience,
        principal_id=identity.principal_id,
        client_id=identity.client_id,
        lifetime=lifetime,
    )
    answer = sandbox.arm("GET", _root(sandbox, group), version="2025-04-01", token=token)
    assert error(answer) == (401, code)
    assert "authorization_uri" in answer.headers["www-authenticate"]


def test_a_principal_without_a_role_may_do_nothing(sandbox: RunningSandbox, group: str) -> None:
    token = sandbox.token("00000000-0000-0000-0000-00000000abcd", "someone")
    answer = sandbox.arm("GET", _root(sandbox, group), version="2025-04-01", token=token)
    assert error(answer) == (403, "AuthorizationFailed")
    assert "Microsoft.Resources/resourceGroups/read" in answer.json()["error"]["message"]


@pytest.mark.parametrize("rest", ["", "/resourceGroups/x", "/resources", "/providers"])
def test_another_subscription_is_not_found(sandbox: RunningSandbox, rest: str) -> None:
    path = f"/subscriptions/00000000-0000-0000-0000-000000000000{rest}"
    assert error(sandbox.arm("GET", path, version="2025-04-01")) == (404, "SubscriptionNotFound")


def test_a_group_that_is_not_there_takes_nothing(sandbox: RunningSandbox) -> None:
    root = f"/subscriptions/{sandbox.subscription}/resourceGroups/rg-nowhere"
    answer = sandbox.arm(
        "PUT",
        f"{root}/providers/Microsoft.Storage/storageAccounts/stnowhere",
        ACCOUNT,
        version=STORAGE,
    )
    assert error(answer) == (404, "ResourceGroupNotFound")


def test_ids_are_matched_without_case_and_kept_as_given(
    sandbox: RunningSandbox, group: str
) -> None:
    loud = _root(sandbox, group.upper()).replace("resourceGroups", "RESOURCEGROUPS")
    answer = sandbox.arm("GET", loud, version="2025-04-01")
    assert answer.json()["id"] == _root(sandbox, group)


def test_an_etag_that_does_not_fit_is_refused(sandbox: RunningSandbox, group: str) -> None:
    path = f"{_root(sandbox, group)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1"
    body, version = {"location": "eastus"}, "2024-11-30"
    first = sandbox.arm("PUT", path, body, version=version)
    assert first.status_code == 201
    stale = sandbox.arm("PUT", path, body, version=version, headers={"if-match": '"old"'})
    assert error(stale) == (412, "PreconditionFailed")
    fresh = {"if-match": first.headers["etag"]}
    assert sandbox.arm("PUT", path, body, version=version, headers=fresh).status_code == 200


def test_patch_replaces_tags_and_merges_the_rest(sandbox: RunningSandbox, group: str) -> None:
    path = _root(sandbox, group)
    tags = {"a": "1", "b": "2"}
    sandbox.arm("PUT", path, {"location": "eastus", "tags": tags}, version="2025-04-01")
    answer = sandbox.arm("PATCH", path, {"tags": {"b": "3"}}, version="2025-04-01")
    assert answer.json()["tags"] == {"b": "3"}
    assert answer.json()["location"] == "eastus"


def test_a_resource_does_not_move_to_another_region(sandbox: RunningSandbox, group: str) -> None:
    answer = sandbox.arm(
        "PUT", _root(sandbox, group), {"location": "westeurope"}, version="2025-04-01"
    )
    assert error(answer) == (409, "InvalidResourceLocation")


def test_a_lock_keeps_what_it_guards(sandbox: RunningSandbox, group: str) -> None:
    lock = f"{_root(sandbox, group)}/providers/Microsoft.Authorization/locks/keep"
    body = {"properties": {"level": "CanNotDelete"}}
    assert sandbox.arm("PUT", lock, body, version="2020-05-01").status_code == 201
    refused = sandbox.arm("DELETE", _root(sandbox, group), version="2025-04-01")
    assert error(refused) == (409, "ScopeLocked")
    assert sandbox.arm("DELETE", lock, version="2020-05-01").status_code == 200


def test_throttling_is_survived_by_the_official_client(sandbox: RunningSandbox, group: str) -> None:
    from azure.mgmt.resource.resources import ResourceManagementClient

    fault = {"kind": "throttle", "match": f"GET .*{group}", "times": 1, "seconds": 1}
    sandbox.admin("POST", "/faults", fault)
    client = ResourceManagementClient(sandbox.credential(), sandbox.subscription)
    assert client.resource_groups.get(group).name == group
    assert sandbox.admin("GET", "/faults") == []
