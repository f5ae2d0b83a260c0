"""Secrets: set, get, update."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.vault.collection import Body, Collection, bad, given_attributes, typed
from sandbox.vault.secrets import Secrets
from sandbox.vault.versions import Version

VALUE_LIMIT = 25 * 1024


class SecretsOfVault(Collection[Secrets]):
    """Only `get` and `set` answer with the value."""

    word = "secret"

    def listed(self, item: Version, *, version: bool = True) -> Body:
        body: Body = {
            "id": self.address(item, version=version),
            "attributes": self.attributes(item),
        }
        if item.content_type is not None:
            body["contentType"] = item.content_type
        if item.tags is not None:
            body["tags"] = item.tags
        return body

    def bundle(self, item: Version) -> Body:
        return {**self.listed(item), "value": item.value}


def set_secret(secrets: SecretsOfVault, request: Request, body: Body) -> Response:
    name = request.path_params["name"]
    value = body.get("value")
    secrets.check_new(name)
    if not isinstance(value, str):
        raise bad("Parameter 'value' is required and must be a string.")
    if len(value.encode()) > VALUE_LIMIT:
        raise bad("The secret value is longer than 25k bytes.")
    secret = secrets.stored.add(
        secrets.vault,
        name,
        value,
        typed(body, "contentType", str),
        typed(body, "tags", dict),
        given_attributes(body),
    )
    secrets.changed(name)
    return JSONResponse(secrets.bundle(secret))


def get_secret(secrets: SecretsOfVault, request: Request, _body: Body) -> Response:
    path = request.path_params
    return JSONResponse(
        secrets.bundle(secrets.need_enabled(path["name"], path.get("version", ""), "get"))
    )


def update_secret(secrets: SecretsOfVault, request: Request, body: Body) -> Response:
    secret = secrets.need(request.path_params["name"], request.path_params.get("version", ""))
    secret.attributes.update(given_attributes(body))
    if "tags" in body:
        secret.tags = typed(body, "tags", dict)
    if "contentType" in body:
        secret.content_type = typed(body, "contentType", str)
    secrets.stored.update(secrets.vault, secret)
    return JSONResponse(secrets.listed(secret))
