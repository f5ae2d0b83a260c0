"""Storage accounts at once, through the gateway, and nothing lost when Azurite is killed."""

from __future__ import annotations

import asyncio
import hashlib
import os
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobServiceClient

from sandbox.blob import accounts, containers
from sandbox.clock import Clock
from sandbox.directory import Directory
from sandbox.identity import Identity
from sandbox.login.tokens import ARM, STORAGE, mint

VERSION = "2024-01-01"


def make_account(sandbox: Any, group: str) -> str:
    name = f"st{uuid.uuid4().hex[:16]}"
    answer = sandbox.arm(
        "PUT",
        account_path(sandbox, group, name),
        {"location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}},
        version=VERSION,
    )
    assert answer.is_success, answer.text
    return name


def account_path(sandbox: Any, group: str, name: str) -> str:
    return (
        f"/subscriptions/{sandbox.subscription}/resourceGroups/{group}"
        f"/providers/Microsoft.Storage/storageAccounts/{name}"
    )


def blobs(sandbox: Any, account: str, credential: Any = None) -> BlobServiceClient:
    """A client that does not repeat what failed, so that a test sees it."""
    return BlobServiceClient(
        f"https://{account}.blob.core.windows.net",
        credential=credential or sandbox.credential(),
        retry_total=0,
    )


def test_a_new_account_takes_tokens_and_keys_at_once(sandbox: Any, group: str) -> None:
    account = make_account(sandbox, group)
    container = blobs(sandbox, account).create_container("data")
    container.upload_blob("a/b.txt", b"text")
    keys = sandbox.arm(
        "POST", account_path(sandbox, group, account) + "/listKeys", version=VERSION
    ).json()["keys"]
    for key in keys:
        client = blobs(sandbox, account, key["value"])
        assert client.get_blob_client("data", "a/b.txt").download_blob().readall() == b"text"


def test_a_large_blob_comes_back_the_same(sandbox: Any, group: str) -> None:
    content = os.urandom(20 * 2**20)
    container = blobs(sandbox, make_account(sandbox, group)).create_container("data")
    container.upload_blob("large", content, max_concurrency=4)
    found = container.download_blob("large", max_concurrency=4).readall()
    assert hashlib.sha256(found).digest() == hashlib.sha256(content).digest()


@pytest.mark.parametrize("kind", ["audience", "expired", "foreign", "key"])
def test_a_credential_that_is_not_for_storage_now_is_refused(
    sandbox: Any, group: str, kind: str
) -> None:
    from datetime import timedelta

    from azure.core.credentials import AccessToken

    account = make_account(sandbox, group)
    identity, clock = Identity.open(sandbox.directory), Clock(sandbox.directory.clock)
    token = mint(
        # All that it says of itself is right, but another has signed it.
        replace(identity, signing_key=Identity.generate().signing_key)
        if kind == "foreign"
        else identity,
        clock,
        audience=ARM if kind == "audience" else STORAGE,
        principal_id=identity.principal_id,
        client_id=identity.client_id,
        lifetime=timedelta(hours=-1 if kind == "expired" else 1),
    )

    class Fixed:
        def get_token(self, *_: str, **__: Any) -> AccessToken:
            return AccessToken(token, 2**40)

    wrong_key = "d3Jvbmc="
    client = blobs(sandbox, account, wrong_key if kind == "key" else Fixed())
    # Azurite says 400 to a wrong key where Azure says 403; the client takes both for the same.
    with pytest.raises(ClientAuthenticationError):
        client.create_container("data")
    assert blobs(sandbox, account).get_container_client("data").exists() is False


def test_a_traversal_in_a_blobs_name_is_refused(sandbox: Any, group: str) -> None:
    account = make_account(sandbox, group)
    container = blobs(sandbox, account).create_container("data")
    with pytest.raises(HttpResponseError) as refused:
        container.upload_blob("../../escape", b"x")
    assert refused.value.status_code == 400
    assert list(container.list_blobs()) == []


def test_a_deleted_account_leaves_no_blobs(sandbox: Any, group: str) -> None:
    account = make_account(sandbox, group)
    blobs(sandbox, account).create_container("data").upload_blob("a", b"x")
    answer = sandbox.arm("DELETE", account_path(sandbox, group, account), version=VERSION)
    assert answer.is_success
    assert account not in accounts.accounts(sandbox.directory)
    answer = sandbox.arm(
        "PUT",
        account_path(sandbox, group, account),
        {"location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}},
        version=VERSION,
    )
    assert answer.is_success
    assert list(blobs(sandbox, account).list_containers()) == []


def test_removing_an_account_keeps_one_that_comes_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context: Any = SimpleNamespace(directory=Directory(tmp_path))

    async def meanwhile(*_: object) -> None:
        await accounts.put_account(context, "second", ["a2V5"])

    monkeypatch.setattr(containers, "delete_all", meanwhile)
    asyncio.run(accounts.put_account(context, "first", ["a2V5"]))
    asyncio.run(accounts.remove_account(context, "first"))
    assert accounts.accounts(context.directory) == {"second": ["a2V5"]}


def test_azurite_killed_after_each_upload_has_lost_nothing(
    start_sandbox: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Azurite saves every five seconds; what it has acknowledged survives a kill at once."""
    sandbox = start_sandbox(tracking=False)
    sandbox.lead(monkeypatch)
    group = f"/subscriptions/{sandbox.subscription}/resourceGroups/rg"
    assert sandbox.arm("PUT", group, {"location": "eastus"}, version="2025-04-01").is_success
    account = make_account(sandbox, "rg")
    container = BlobServiceClient(
        f"https://{account}.blob.core.windows.net", credential=sandbox.credential()
    ).create_container("data")
    expected: dict[str, bytes] = {}
    for turn in range(3):
        for number in range(10):
            name = f"{turn}/{number}"
            expected[name] = f"content of {name}".encode()
            container.upload_blob(name, expected[name])
        container.upload_blob("latest", f"{turn}".encode(), overwrite=True)
        expected["latest"] = f"{turn}".encode()
        if turn:
            container.delete_blob(f"{turn - 1}/0")
            del expected[f"{turn - 1}/0"]
        sandbox.kill("azurite")
        found = {
            blob.name: container.download_blob(blob.name).readall()
            for blob in container.list_blobs()
        }
        assert found == expected
    with pytest.raises(ResourceNotFoundError):
        container.download_blob("0/0")
