"""What Microsoft's own clients would send, caught before it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

import pytest
from azure.core.credentials import AccessToken
from pulumi import _types

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id"
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
ADDRESS = f"{GROUP}/providers/Microsoft.Network/publicIPAddresses/pip"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/st"


@dataclass(frozen=True)
class Pair:
    """One wish, said with Pulumi's SDK and with the official client."""

    kind: str
    arguments: Any
    client: Callable[..., Any]
    wish: Callable[[Any], Any]


class RecordedError(Exception):
    """The client has sent its request."""

    def __init__(self, request: Any) -> None:
        super().__init__(request.method)
        self.method: str = request.method
        self.path = unquote(urlsplit(request.url).path)
        self.body = json.loads(request.content if hasattr(request, "content") else request.body)


class Recorder:
    """A transport that sends nothing."""

    def send(self, request: Any, **_: Any) -> NoReturn:
        raise RecordedError(request)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class Nobody:
    def get_token(self, *_: str, **__: Any) -> AccessToken:
        return AccessToken("token", 4102444800)


def recorded(pair: Pair) -> RecordedError:
    """The request of the official client."""
    client = pair.client(Nobody(), SUBSCRIPTION, transport=Recorder(), retry_total=0)
    with pytest.raises(RecordedError) as caught:
        pair.wish(client)
    return caught.value


def plain(value: Any) -> Any:
    """What Pulumi's SDK puts on the wire for an argument object."""
    if _types.is_input_type(type(value)):
        return {name: plain(item) for name, item in _types.input_type_to_dict(value).items()}
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
