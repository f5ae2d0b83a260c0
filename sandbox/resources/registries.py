"""Container registries. There is no image store behind them: environments are built as venvs."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import ArmError, invalid
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.types import Action, Body, Change, ResourceType
from sandbox.resources import customer_keys, private_links

if TYPE_CHECKING:
    from sandbox.azure import Azure

REGISTRIES = "Microsoft.ContainerRegistry/registries"
_PASSWORDS = ("password", "password2")


def _prepare(azure: Azure, change: Change) -> None:
    registry = change.resource
    customer_keys.check_registry(azure, registry)
    registry.private.setdefault(
        "passwords", {name: secrets.token_urlsafe(24) for name in _PASSWORDS}
    )
    registry.properties.setdefault("adminUserEnabled", False)
    sku = registry.body.get("sku")
    if sku:
        sku["tier"] = sku["name"]


def _view(azure: Azure, registry: Resource, body: Body) -> None:
    private_links.show(azure, registry, body)
    body["properties"]["loginServer"] = f"{registry.name.lower()}.azurecr.io"
    if registry.created:
        body["properties"]["creationDate"] = registry.created.isoformat()


def _credentials(_azure: Azure, registry: Resource, _request: Request) -> dict[str, Any]:
    if not registry.properties.get("adminUserEnabled"):
        raise ArmError(
            400, "UnAuthorizedForCredentialOperations", "The registry's admin user is disabled."
        )
    passwords = registry.private["passwords"]
    return {
        "username": registry.name,
        "passwords": [{"name": name, "value": passwords[name]} for name in _PASSWORDS],
    }


def _regenerate(azure: Azure, registry: Resource, request: Request) -> dict[str, Any]:
    name = (request.body or {}).get("name")
    if name not in _PASSWORDS:
        raise invalid(f"'name' must be one of {', '.join(_PASSWORDS)}.", "name")
    registry.private["passwords"][name] = secrets.token_urlsafe(24)
    azure.resources.save(registry)
    return _credentials(azure, registry, request)


TYPES = [
    ResourceType(
        REGISTRIES,
        tracked=True,
        unique="AlreadyInUse",
        prepare=_prepare,
        view=_view,
        actions={
            "listCredentials": Action(_credentials),
            "regenerateCredential": Action(_regenerate),
        },
    ),
]
