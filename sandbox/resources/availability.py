"""Whether a name that all of Azure shares is free: of storage accounts, vaults, registries."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sandbox import schemas
from sandbox.arm.answers import Response
from sandbox.arm.errors import invalid
from sandbox.arm.request import Request
from sandbox.arm.routes import Route
from sandbox.arm.types import ResourceType
from sandbox.resources.registries import REGISTRIES
from sandbox.resources.storage import ACCOUNTS
from sandbox.vault.collection import VAULTS

if TYPE_CHECKING:
    from sandbox.azure import Azure


@dataclass(frozen=True)
class Kind:
    """One type's way to say that a name is taken, or none."""

    type: str
    invalid: str
    taken: str
    malformed: str


KINDS = (
    Kind(
        ACCOUNTS,
        "AccountNameInvalid",
        "The storage account named {name} is already taken.",
        "{name} is not a valid storage account name. Storage account name must be between 3 and 24 "
        "characters in length and use numbers and lower-case letters only.",
    ),
    Kind(
        VAULTS,
        "AccountNameInvalid",
        "The vault name '{name}' is already in use. Vault names are globally unique so it is "
        "possible that the name is already taken. If you are sure that the vault name was not "
        "taken then it is possible that a vault with the same name was recently deleted but not "
        "purged after being placed in a recoverable state.",
        "The vault name '{name}' is invalid. A vault's name must be between 3-24 alphanumeric "
        "characters. The name must begin with a letter, end with a letter or digit, and not "
        "contain consecutive hyphens.",
    ),
    Kind(
        REGISTRIES,
        "Invalid",
        "The registry {name} is already in use.",
        "The specified resource name {name} is invalid: 5 to 50 letters and digits.",
    ),
)


def _check(kind: Kind, azure: Azure, request: Request, _match: re.Match[str]) -> Response:
    body = request.body if isinstance(request.body, dict) else {}
    name = body.get("name")
    if not isinstance(name, str):
        raise invalid("'name' is missing.", "name")
    if str(body.get("type", "")).lower() != kind.type.lower():
        raise invalid(f"'type' must be '{kind.type}'.", "type")
    if not re.search(schemas.names(kind.type) or "", name):
        return _answer(kind.invalid, kind.malformed.format(name=name))
    there = azure.resources.list(kind.type) + [d.resource for d in azure.deleted.list(kind.type)]
    if any(item.name.lower() == name.lower() for item in there):
        return _answer("AlreadyExists", kind.taken.format(name=name))
    return Response(200, {"nameAvailable": True})


def _answer(reason: str, message: str) -> Response:
    return Response(200, {"nameAvailable": False, "reason": reason, "message": message})


def _route(kind: Kind) -> Route:
    namespace = re.escape(kind.type.partition("/")[0])
    handler: Callable[[Azure, Request, re.Match[str]], Response] = partial(_check, kind)
    path = rf"/subscriptions/[^/]+/providers/{namespace}/checknameavailability"
    return Route("POST", path, handler)


TYPES: list[ResourceType] = []
ROUTES = [_route(kind) for kind in KINDS]
