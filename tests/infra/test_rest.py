"""What the program asks Azure itself: what is not there is no error, silence and refusals are.

A vault's name that nobody can tell of is a warning: the creation of the vault then tells.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from infra.rest import asking
from infra.soft_delete import vault_is_deleted

GROUP = "/subscriptions/s/resourceGroups/rg"


def answering(monkeypatch: pytest.MonkeyPatch, status: int, body: Any = None) -> list[Any]:
    """The requests that were made."""
    asked = []

    def get(url: str, **options: Any) -> httpx.Response:
        asked.append((url, options))
        return httpx.Response(status, json=body)

    monkeypatch.setattr(httpx, "get", get)
    return asked


def test_a_resource_is_asked_for_by_id_version_and_token(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(monkeypatch, 200, {"name": "rg"})
    assert asking("secret")(GROUP, "2025-04-01") == {"name": "rg"}
    ((url, options),) = asked
    assert url == f"https://management.azure.com{GROUP}"
    assert options["params"] == {"api-version": "2025-04-01"}
    assert options["headers"] == {"Authorization": "Bearer secret"}


def test_what_is_not_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, 404)
    assert asking("secret")(GROUP, "1") is None


@pytest.mark.parametrize(("status", "kind"), [(403, PermissionError), (500, OSError)])
def test_a_refusal_is_told_from_an_absence(
    monkeypatch: pytest.MonkeyPatch, status: int, kind: type[OSError]
) -> None:
    answering(monkeypatch, status)
    with pytest.raises(kind, match=f"HTTP {status}"):
        asking("secret")(GROUP, "1")


def test_silence_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def get(_url: str, **_options: Any) -> httpx.Response:
        raise httpx.ConnectError("no route")

    monkeypatch.setattr(httpx, "get", get)
    with pytest.raises(OSError, match="no route"):
        asking("secret")(GROUP, "1")


@pytest.mark.parametrize(("found", "deleted"), [({"name": "kv"}, True), (None, False)])
def test_a_deleted_vault_is_recovered(found: dict[str, Any] | None, deleted: bool) -> None:
    asked: list[str] = []
    warned: list[str] = []

    def get(identifier: str, _version: str) -> dict[str, Any] | None:
        asked.append(identifier)
        return found

    assert vault_is_deleted("s", "eastus", "kv", get, warned.append) is deleted
    assert asked == [
        "/subscriptions/s/providers/Microsoft.KeyVault/locations/eastus/deletedVaults/kv"
    ]
    assert warned == []


def test_a_vault_that_nobody_can_tell_of_is_a_warning() -> None:
    def get(_identifier: str, _version: str) -> None:
        raise PermissionError("HTTP 403")

    warned: list[str] = []
    assert vault_is_deleted("s", "eastus", "kv", get, warned.append) is False
    assert warned == ["cannot tell whether vault kv is soft-deleted: HTTP 403"]
