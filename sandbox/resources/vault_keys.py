"""Keys as ARM shows them: a resource below the vault for each key that is there.

The keys themselves are `sandbox.vault`'s. ARM makes the first version of a key and answers with
what is there when it exists; to delete, rotate or use it is the vault's own business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import ArmError, conflict, invalid
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.types import Body, Change, ResourceType
from sandbox.vault.collection import VAULTS
from sandbox.vault.key_operations import KeysOfVault
from sandbox.vault.keys import KeyRefusedError, Keys, Material

if TYPE_CHECKING:
    from sandbox.azure import Azure

KEYS = f"{VAULTS}/keys"


def _of_vault(azure: Azure, key: Resource) -> KeysOfVault:
    vault = azure.resources.need(str(key.id.parent))
    return KeysOfVault(azure, Keys(azure.store, azure.clock), vault)


def _prepare(azure: Azure, change: Change) -> None:
    """Make the first version; an existing key is answered as it is, whatever was asked for."""
    key, keys = change.resource, _of_vault(azure, change.resource)
    wanted, tags = key.properties, key.body.get("tags")
    key.body = {"properties": {}}
    if keys.stored.deletion(keys.vault, key.name):
        raise conflict(
            f"Key '{key.name}' is currently in a deleted but recoverable state, and its name "
            "cannot be reused; recover or purge it.",
            "ConflictError",
        )
    if keys.stored.newest(keys.vault, key.name):
        return
    try:
        material = Material.generate(
            wanted.get("kty", "RSA"),
            size=wanted.get("keySize"),
            curve=wanted.get("curveName"),
            operations=wanted.get("keyOps"),
        )
    except KeyRefusedError as error:
        raise invalid(str(error), "properties.kty") from None
    if wanted.get("rotationPolicy"):
        key.private["rotation_policy"] = wanted["rotationPolicy"]
    given = {k: v for k, v in (wanted.get("attributes") or {}).items() if k in _GIVEN}
    keys.stored.add(keys.vault, key.name, material.text(), None, tags, given)


_GIVEN = ("enabled", "exp", "nbf")


def _view(azure: Azure, key: Resource, body: Body) -> None:
    keys = _of_vault(azure, key)
    newest = keys.stored.newest(keys.vault, key.name)
    if newest is None:
        return
    material = Material.read(newest.value)
    attributes = keys.attributes(newest)
    attributes.pop("recoverableDays")
    properties: dict[str, Any] = {
        "attributes": {**attributes, "exportable": False},
        "kty": material.kind,
        "keyOps": list(material.operations),
        "keyUri": keys.address(newest, version=False),
        "keyUriWithVersion": keys.address(newest),
    }
    if "rotation_policy" in key.private:
        properties["rotationPolicy"] = key.private["rotation_policy"]
    if material.curve:
        properties["curveName"] = material.curve
    else:
        properties["keySize"] = material.private.key_size
    body["location"] = keys.resource.location
    body["properties"] = properties
    if newest.tags is not None:
        body["tags"] = newest.tags


def _refuse_delete(_azure: Azure, key: Resource, _request: Request) -> None:
    raise ArmError(
        405,
        "MethodNotAllowed",
        f"ARM does not delete keys. Delete '{key.name}' at its vault's own address.",
    )


TYPES = [
    ResourceType(
        KEYS,
        states=False,
        create_status=200,
        prepare=_prepare,
        view=_view,
        refuse_delete=_refuse_delete,
    ),
]
