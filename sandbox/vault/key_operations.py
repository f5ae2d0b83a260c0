"""Keys: create, import, rotate, update, and use. The private half never leaves the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.arm.resource import Resource
from sandbox.vault import algorithms
from sandbox.vault.access import VaultError
from sandbox.vault.algorithms import AlgorithmError
from sandbox.vault.collection import Body, Collection, bad, given_attributes, typed
from sandbox.vault.keys import KeyRefusedError, Keys, Material, decode, encode, permitted
from sandbox.vault.versions import Version

AT_ANY_TIME = ("decrypt", "unwrapKey", "verify")
"""Also before a key's time and after it: what was encrypted in time can be read."""


class KeysOfVault(Collection[Keys]):
    """ARM shows keys too: a resource below the vault stands for each that is there."""

    word = "key"

    def listed(self, item: Version, *, version: bool = True) -> Body:
        body: Body = {
            "kid": self.address(item, version=version),
            "attributes": {**self.attributes(item), "exportable": False},
        }
        if item.tags is not None:
            body["tags"] = item.tags
        return body

    def bundle(self, item: Version) -> Body:
        body = self.listed(item)
        return {"key": {"kid": body.pop("kid"), **Material.read(item.value).public()}, **body}

    def without_value(self, item: Version) -> Body:
        return self.bundle(item)

    def changed(self, name: str) -> None:
        at = self.resource.id.child("keys", name)
        there = self.stored.deletion(self.vault, name) is None
        if there and self.azure.resources.get(at) is None:
            self.azure.resources.save(Resource(at, {"properties": {}}))
        elif not there:
            self.azure.resources.delete(at)

    def add(self, name: str, material: Material, body: Body) -> Version:
        tags, attributes = typed(body, "tags", dict), given_attributes(body)
        key = self.stored.add(self.vault, name, material.text(), None, tags, attributes)
        self.changed(key.name)
        return key


async def create_key(keys: KeysOfVault, request: Request, body: Body) -> Response:
    name = request.path_params["name"]
    keys.check_new(name)
    try:
        # Away from the event loop: a long key takes a second.
        material = await asyncio.to_thread(
            Material.generate,
            body.get("kty"),
            size=body.get("key_size"),
            curve=body.get("crv"),
            operations=body.get("key_ops"),
        )
    except KeyRefusedError as error:
        raise bad(str(error)) from None
    return JSONResponse(keys.bundle(keys.add(name, material, body)))


def import_key(keys: KeysOfVault, request: Request, body: Body) -> Response:
    name = request.path_params["name"]
    keys.check_new(name)
    try:
        material = Material.of_web_key(typed(body, "key", dict) or {})
    except KeyRefusedError as error:
        raise bad(str(error)) from None
    return JSONResponse(keys.bundle(keys.add(name, material, body)))


async def rotate_key(keys: KeysOfVault, request: Request, _body: Body) -> Response:
    """A new version of the same kind."""
    old = keys.need(request.path_params["name"])
    before = Material.read(old.value)
    material = await asyncio.to_thread(
        Material.generate,
        before.kind,
        size=None if before.curve else before.private.key_size,
        curve=before.curve,
        operations=list(before.operations),
    )
    return JSONResponse(keys.bundle(keys.add(old.name, material, {"tags": old.tags})))


def get_key(keys: KeysOfVault, request: Request, _body: Body) -> Response:
    key = keys.need(request.path_params["name"], request.path_params.get("version", ""))
    return JSONResponse(keys.bundle(key))


def update_key(keys: KeysOfVault, request: Request, body: Body) -> Response:
    key = keys.need(request.path_params["name"], request.path_params.get("version", ""))
    key.attributes.update(given_attributes(body))
    if "tags" in body:
        key.tags = typed(body, "tags", dict)
    if "key_ops" in body:
        material = Material.read(key.value)
        try:
            allowed = permitted(material.kind, body["key_ops"])
        except KeyRefusedError as error:
            raise bad(str(error)) from None
        key.value = Material(material.kind, allowed, material.private).text()
    keys.stored.update(keys.vault, key)
    return JSONResponse(keys.bundle(key))


Use = Callable[[KeysOfVault, Request, Body], Response]


def _use(operation: str, work: Callable[[Material, str, bytes], bytes]) -> Use:
    """An operation that turns one value into another."""

    def perform(keys: KeysOfVault, request: Request, body: Body) -> Response:
        key, material = _usable(keys, request, operation)
        try:
            made = work(material, _text(body, "alg"), _bytes(body, "value"))
        except AlgorithmError as error:
            raise bad(str(error)) from None
        return JSONResponse({"kid": keys.address(key), "value": encode(made)})

    return perform


encrypt = _use("encrypt", algorithms.encrypt)
decrypt = _use("decrypt", algorithms.decrypt)
wrap = _use("wrapKey", algorithms.encrypt)
unwrap = _use("unwrapKey", algorithms.decrypt)
sign = _use("sign", algorithms.sign)


def verify(keys: KeysOfVault, request: Request, body: Body) -> Response:
    _, material = _usable(keys, request, "verify")
    digest, signature = _bytes(body, "digest"), _bytes(body, "value")
    try:
        valid = algorithms.verify(material, _text(body, "alg"), digest, signature)
    except AlgorithmError as error:
        raise bad(str(error)) from None
    return JSONResponse({"value": valid})


def _usable(keys: KeysOfVault, request: Request, operation: str) -> tuple[Version, Material]:
    """Raises 403 for a key that is disabled, out of its time, or not made for this."""
    path = request.path_params
    key = keys.need_enabled(path["name"], path.get("version", ""), operation)
    material, now = Material.read(key.value), keys.azure.clock.time()
    if operation not in material.operations:
        message = f"Operation {operation} is not permitted on this key."
        raise VaultError(403, "Forbidden", message, "KeyOperationForbidden")
    too_early = now < key.attributes.get("nbf", now)
    too_late = now >= key.attributes.get("exp", now + 1)
    if operation not in AT_ANY_TIME and (too_early or too_late):
        when = "before its time" if too_early else "after its expiry"
        message = f"Operation {operation} is not allowed on a key {when}."
        inner = "KeyNotYetValid" if too_early else "KeyExpired"
        raise VaultError(403, "Forbidden", message, inner)
    return key, material


def _text(body: Body, name: str) -> str:
    value = typed(body, name, str)
    if not value:
        raise bad(f"Parameter '{name}' is required.")
    return str(value)


def _bytes(body: Body, name: str) -> bytes:
    try:
        return decode(_text(body, name))
    except ValueError:
        raise bad(f"Parameter '{name}' is not base64url.") from None
