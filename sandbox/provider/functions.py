"""The SDK's functions: who the caller is, a resource as it stands, keys."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from sandbox.provider.credentials import ARM, Credentials
from sandbox.provider.resources import Resources
from sandbox.provider.table import UnknownTypeError, resource_type
from sandbox.provider.translate import outputs, resource_id
from sandbox.provider.values import Secret

TABLE = Path(__file__).with_name("functions.yaml")


class MissingError(Exception):
    """What a `get…` function asks for is not there."""


@cache
def _actions() -> dict[str, dict[str, Any]]:
    import yaml

    found: dict[str, dict[str, Any]] = yaml.safe_load(TABLE.read_text())
    return found


def call(
    token: str, arguments: dict[str, Any], resources: Resources, credentials: Credentials
) -> dict[str, Any]:
    """The result of a function. Raises `UnknownTypeError`, `MissingError`, `ArmFailure`."""
    if token == "azure-native:authorization:getClientConfig":  # noqa: S105 a type token
        return _client_config(credentials)
    if token == "azure-native:authorization:getClientToken":  # noqa: S105 a type token
        audience = str(arguments.get("endpoint") or ARM)
        return {"token": Secret(credentials.token(audience.rstrip("/")))}
    if row := _actions().get(token):
        return _action(row, arguments, resources)
    package, module, function = token.split(":")
    if not function.startswith("get"):
        raise UnknownTypeError(f"'{token}' is unknown here: add a row to {TABLE.name}.")
    return _read(f"{package}:{module}:{function.removeprefix('get')}", arguments, resources)


def _client_config(credentials: Credentials) -> dict[str, Any]:
    account, claims = credentials.account, credentials.claims()
    return {
        "clientId": account.client or claims.get("appid", ""),
        "objectId": claims.get("oid", ""),
        "subscriptionId": account.subscription,
        "tenantId": account.tenant or claims.get("tid", ""),
    }


def _action(row: dict[str, Any], arguments: dict[str, Any], resources: Resources) -> dict[str, Any]:
    resource = resource_type(row["resource"])
    identifier = resource_id(resource, arguments, resources.subscription)
    found = resources.arm.post(identifier, row["action"], resource.api_version)
    secret = row.get("secret", [])
    return {name: Secret(value) if name in secret else value for name, value in found.items()}


def _read(token: str, arguments: dict[str, Any], resources: Resources) -> dict[str, Any]:
    resource = resource_type(token)
    identifier = resource_id(resource, arguments, resources.subscription)
    found = resources.arm.get(identifier, resource.api_version)
    if not found:
        raise MissingError(f"There is no {token} with the id '{identifier}'.")
    return outputs(resource, found) | {"id": found.get("id") or identifier}
