"""Who may do what with blobs: roles on an account or a container; keys where one takes any."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import (
    BlobServiceClient,
    ContainerClient,
    generate_container_sas,
)

from sandbox.clock import Clock
from sandbox.identity import Identity
from sandbox.login.tokens import mint
from tests.sandbox.blob.test_azurite import VERSION, account_path, blobs, make_account
from tests.sandbox.conftest import RunningSandbox

CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"

Grant = Callable[[str, str], str]


@pytest.fixture
def account(sandbox: Any, group: str) -> str:
    """An account with the containers `aaa` and `bbb`, a blob in each."""
    name = make_account(sandbox, group)
    containers = f"{account_path(sandbox, group, name)}/blobServices/default/containers"
    for container in ("aaa", "bbb"):
        path = f"{containers}/{container}"
        assert sandbox.arm("PUT", path, {"properties": {}}, version=VERSION).is_success
        blobs(sandbox, name).get_container_client(container).upload_blob("x", b"text")
    return name


class Somebody:
    """A principal with an official client of its own."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox
        self.principal = str(uuid.uuid4())

    def get_token(self, *_scopes: str, **_: Any) -> AccessToken:
        identity, clock = Identity.open(self.sandbox.directory), Clock(self.sandbox.directory.clock)
        token = mint(
            identity,
            clock,
            audience="https://storage.azure.com",
            principal_id=self.principal,
            client_id=self.principal,
        )
        return AccessToken(token, int(time.time()) + 3600)

    def container(self, account: str, name: str = "aaa") -> ContainerClient:
        return blobs(self.sandbox, account, self).get_container_client(name)


@pytest.fixture
def somebody(sandbox: Any) -> Somebody:
    return Somebody(sandbox)


@pytest.fixture
def grant(sandbox: Any, somebody: Somebody) -> Grant:
    """Give a role at a scope; the assignment's path."""

    def give(role: str, scope: str) -> str:
        provider = "providers/Microsoft.Authorization"
        definition = f"/subscriptions/{sandbox.subscription}/{provider}/roleDefinitions/{role}"
        properties = {
            "roleDefinitionId": definition,
            "principalId": somebody.principal,
            "principalType": "ServicePrincipal",
        }
        path = f"{scope}/{provider}/roleAssignments/{uuid.uuid4()}"
        answer = sandbox.arm("PUT", path, {"properties": properties}, version="2022-04-01")
        assert answer.is_success, answer.text
        return path

    return give


def refused(wish: Callable[[], Any]) -> tuple[int | None, str]:
    with pytest.raises(HttpResponseError) as caught:
        wish()
    return caught.value.status_code, str(caught.value.error_code)


NOT_ALLOWED = (403, "AuthorizationPermissionMismatch")


def test_without_a_role_nothing_is_allowed(account: str, somebody: Somebody) -> None:
    container = somebody.container(account)
    assert refused(lambda: container.download_blob("x")) == NOT_ALLOWED
    assert refused(lambda: container.upload_blob("y", b"")) == NOT_ALLOWED
    assert refused(lambda: list(container.list_blob_names())) == NOT_ALLOWED
    assert refused(lambda: container.delete_container()) == NOT_ALLOWED


def test_an_owner_of_the_account_has_no_right_to_its_data(
    sandbox: Any, group: str, account: str, somebody: Somebody, grant: Grant
) -> None:
    grant(OWNER, account_path(sandbox, group, account))
    assert refused(lambda: somebody.container(account).download_blob("x")) == NOT_ALLOWED


def test_a_reader_reads_and_does_not_write(
    sandbox: Any, group: str, account: str, somebody: Somebody, grant: Grant
) -> None:
    path = grant(READER, account_path(sandbox, group, account))
    container = somebody.container(account)
    assert container.download_blob("x").readall() == b"text"
    assert list(container.list_blob_names()) == ["x"]
    assert container.get_container_properties().name == "aaa"
    assert refused(lambda: container.upload_blob("y", b"")) == NOT_ALLOWED
    assert refused(lambda: container.delete_blob("x")) == NOT_ALLOWED
    assert sandbox.arm("DELETE", path, version="2022-04-01").is_success
    assert refused(lambda: container.download_blob("x")) == NOT_ALLOWED


def test_a_role_on_a_container_is_for_that_container(
    sandbox: Any, group: str, account: str, somebody: Somebody, grant: Grant
) -> None:
    containers = f"{account_path(sandbox, group, account)}/blobServices/default/containers"
    grant(CONTRIBUTOR, f"{containers}/aaa")
    somebody.container(account).upload_blob("y", b"mine")
    somebody.container(account).delete_blob("y")
    assert refused(lambda: somebody.container(account, "bbb").download_blob("x")) == NOT_ALLOWED


def test_a_role_on_the_group_is_for_accounts_that_come_later(
    sandbox: Any, group: str, somebody: Somebody, grant: Grant
) -> None:
    grant(CONTRIBUTOR, f"/subscriptions/{sandbox.subscription}/resourceGroups/{group}")
    name = make_account(sandbox, group)
    blobs(sandbox, name, somebody).create_container("mine").upload_blob("x", b"text")


def test_roles_are_seen_late_where_a_fault_says_so(
    sandbox: Any, group: str, account: str, somebody: Somebody, grant: Grant
) -> None:
    scope = account_path(sandbox, group, account)
    sandbox.admin("POST", "/faults", {"kind": "roles", "match": account, "seconds": 3600})
    grant(READER, scope)
    container = somebody.container(account)
    assert refused(lambda: container.download_blob("x")) == NOT_ALLOWED
    sandbox.advance(timedelta(hours=1))
    grant(OWNER, scope)  # No right to data; but Azurite learns anew what is seen since when.
    sandbox.admin("DELETE", "/faults")
    assert container.download_blob("x").readall() == b"text"


def test_an_account_without_keys_refuses_them_and_what_they_sign(
    sandbox: Any, group: str, account: str
) -> None:
    path = account_path(sandbox, group, account)
    keys = sandbox.arm("POST", f"{path}/listKeys", version=VERSION).json()["keys"]
    by_key = blobs(sandbox, account, keys[0]["value"]).get_container_client("aaa")
    signature = generate_container_sas(
        account, "aaa", account_key=keys[0]["value"], permission="r", expiry="2099-01-01T00:00:00Z"
    )
    by_signature = blobs(sandbox, account, signature).get_container_client("aaa")
    for client in (by_key, by_signature):
        assert client.download_blob("x").readall() == b"text"

    def take_keys(value: bool) -> None:
        body = {"properties": {"allowSharedKeyAccess": value}}
        assert sandbox.arm("PATCH", path, body, version=VERSION).is_success

    take_keys(False)
    code = "KeyBasedAuthenticationNotPermitted"
    assert refused(lambda: by_key.download_blob("x")) == (403, code)
    assert refused(lambda: by_signature.download_blob("x"))[0] == 403
    by_token: BlobServiceClient = blobs(sandbox, account)
    assert by_token.get_blob_client("aaa", "x").download_blob().readall() == b"text"
    take_keys(True)
    assert by_key.download_blob("x").readall() == b"text"
