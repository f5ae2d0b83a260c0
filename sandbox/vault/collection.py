"""What secrets and keys have in common: versions, attributes, pages, deletion, recovery, purge."""

from __future__ import annotations

import base64
import re
from abc import ABC, abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.vault.access import VaultError
from sandbox.vault.versions import Deletion, Version, Versions

if TYPE_CHECKING:
    from sandbox.arm.resource import Resource
    from sandbox.azure import Azure

VAULTS = "Microsoft.KeyVault/vaults"
DEFAULT_RETENTION_DAYS = 90
PAGE = 25
_NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")

Body = dict[str, Any]
Stored = TypeVar("Stored", bound=Versions)


class Collection(ABC, Generic[Stored]):
    """The secrets, or the keys, of one vault, as one request sees them."""

    word: ClassVar[str]
    """What one is called, in messages and in ids: ``secret``."""

    def __init__(self, azure: Azure, stored: Stored, vault: Resource) -> None:
        self.azure = azure
        self.stored = stored
        self.resource = vault
        self.vault = vault.id.key
        self.url = f"https://{vault.id.name}.vault.azure.net"
        properties = vault.properties
        self.retention_days = int(
            properties.get("softDeleteRetentionInDays") or DEFAULT_RETENTION_DAYS
        )
        self.protected = bool(properties.get("enablePurgeProtection"))

    # -- what clients see ---------------------------------------------------------------------

    def address(self, item: Version, *, version: bool = True) -> str:
        base = f"{self.url}/{self.word}s/{item.name}"
        return f"{base}/{item.version}" if version else base

    def attributes(self, item: Version) -> Body:
        level = "Recoverable" if self.protected else "Recoverable+Purgeable"
        if self.retention_days < DEFAULT_RETENTION_DAYS:
            level = f"Customized{level}"
        return {
            **item.attributes,
            "created": int(item.created),
            "updated": int(item.updated),
            "recoveryLevel": level,
            "recoverableDays": self.retention_days,
        }

    def deleted(self, deletion: Deletion, *, whole: bool = True) -> Body:
        item = self.stored.newest(self.vault, deletion.name)
        body: Body = {}
        if item:
            body = self.without_value(item) if whole else self.listed(item, version=False)
        return {
            **body,
            "recoveryId": f"{self.url}/deleted{self.word}s/{deletion.name}",
            "deletedDate": int(deletion.deleted),
            "scheduledPurgeDate": int(deletion.purge),
        }

    def without_value(self, item: Version) -> Body:
        """The whole of it that may be shown without having asked for its value."""
        return self.listed(item)

    @abstractmethod
    def listed(self, item: Version, *, version: bool = True) -> Body:
        """As it stands in a listing."""

    # -- what is there ------------------------------------------------------------------------

    def need(self, name: str, version: str = "") -> Version:
        """The version, by default the newest. Raises 404, also for what is deleted."""
        found = None
        if self.stored.deletion(self.vault, name) is None:
            found = (
                self.stored.get(self.vault, name, version)
                if version
                else self.stored.newest(self.vault, name)
            )
        if found is None:
            word = self.word
            raise VaultError(
                404,
                f"{word.title()}NotFound",
                f"A {word} with (name/id) {name}{'/' if version else ''}{version} was not found in "
                f"this key vault. If you recently deleted this {word} you may be able to recover "
                "it using the correct recovery command. For help resolving this issue, please "
                "see https://go.microsoft.com/fwlink/?linkid=2125182",
            )
        return found

    def need_enabled(self, name: str, version: str, operation: str) -> Version:
        """Raises 403 for one that is disabled."""
        found = self.need(name, version)
        if not found.attributes["enabled"]:
            raise VaultError(
                403,
                "Forbidden",
                f"Operation {operation} is not allowed on a disabled {self.word}.",
                f"{self.word.title()}Disabled",
            )
        return found

    def need_deleted(self, name: str) -> Deletion:
        found = self.stored.deletion(self.vault, name)
        if found is None:
            title = self.word.title()
            raise VaultError(
                404, f"{title}NotFound", f"Deleted {title} not found: {name} in {self.url}"
            )
        return found

    def check_new(self, name: str) -> None:
        """Raises 400 for a name that Key Vault refuses, 409 for one that is soft-deleted."""
        if not _NAME.fullmatch(name):
            raise bad(f"The request URI contains an invalid name: {name}")
        if self.stored.deletion(self.vault, name) is not None:
            raise VaultError(
                409,
                "Conflict",
                f"{self.word.title()} {name} is currently in a deleted but recoverable state, and "
                f"its name cannot be reused; in this state, the {self.word} can only be recovered "
                "or purged.",
                "ObjectIsDeletedButRecoverable",
            )

    def changed(self, name: str) -> None:
        """Called when one comes or goes; a kind that ARM shows too tells it there."""


# -- operations that both have ----------------------------------------------------------------


def list_all(items: Collection[Any], request: Request, _body: Body) -> Response:
    found = [items.need(name) for name in items.stored.names(items.vault)]
    return _page(items, request, [items.listed(one, version=False) for one in found])


def list_versions(items: Collection[Any], request: Request, _body: Body) -> Response:
    name = request.path_params["name"]
    items.need(name)
    found = items.stored.versions(items.vault, name)
    return _page(items, request, [items.listed(one) for one in found])


def delete(items: Collection[Any], request: Request, _body: Body) -> Response:
    item = items.need(request.path_params["name"])
    retention = timedelta(days=items.retention_days)
    deletion = items.stored.delete(items.vault, item.name, retention)
    items.changed(item.name)
    return JSONResponse(items.deleted(deletion))


def list_deleted(items: Collection[Any], request: Request, _body: Body) -> Response:
    found = items.stored.deletions(items.vault)
    return _page(items, request, [items.deleted(one, whole=False) for one in found])


def get_deleted(items: Collection[Any], request: Request, _body: Body) -> Response:
    return JSONResponse(items.deleted(items.need_deleted(request.path_params["name"])))


def recover(items: Collection[Any], request: Request, _body: Body) -> Response:
    deletion = items.need_deleted(request.path_params["name"])
    items.stored.recover(items.vault, deletion.name)
    items.changed(deletion.name)
    return JSONResponse(items.without_value(items.need(deletion.name)))


def purge(items: Collection[Any], request: Request, _body: Body) -> Response:
    deletion = items.need_deleted(request.path_params["name"])
    if items.protected:
        raise VaultError(
            403,
            "Forbidden",
            "Operation purge is not allowed because purge protection is enabled for this vault. "
            f"Key Vault will automatically purge this {items.word} after its scheduled purge date.",
        )
    items.stored.purge(items.vault, deletion.name)
    return Response(status_code=204)


# -- requests ---------------------------------------------------------------------------------


def bad(message: str) -> VaultError:
    return VaultError(400, "BadParameter", message)


def typed(body: Body, name: str, kind: type) -> Any:
    """The parameter, None without it. Raises 400 for another type."""
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        raise bad(f"Parameter '{name}' has the wrong type.")
    return value


def given_attributes(body: Body) -> Body:
    """What a client may set of them."""
    given = typed(body, "attributes", dict) or {}
    kinds: dict[str, type] = {"enabled": bool, "exp": int, "nbf": int}
    for name, kind in kinds.items():
        value = given.get(name)
        if value is not None and (not isinstance(value, kind) or (kind is int and value is True)):
            raise bad(f"Attribute '{name}' has the wrong type.")
    return {name: given[name] for name in kinds if given.get(name) is not None}


def _page(items: Collection[Any], request: Request, found: list[Body]) -> Response:
    try:
        size = min(max(int(request.query_params.get("maxresults", PAGE)), 1), PAGE)
        start = int(base64.b64decode(request.query_params.get("$skiptoken", "MA==")))
    except ValueError:
        raise bad("Parameter 'maxresults' or '$skiptoken' is not valid.") from None
    following = None
    if start + size < len(found):
        token = base64.urlsafe_b64encode(str(start + size).encode()).decode()
        version = request.query_params.get("api-version", "7.4")
        following = (
            f"{items.url}{request.url.path}?api-version={version}&$skiptoken={token}"
            f"&maxresults={size}"
        )
    return JSONResponse({"value": found[start : start + size], "nextLink": following})
