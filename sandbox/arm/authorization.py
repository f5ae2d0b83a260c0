"""One authorisation step: may this principal do this, here?

Role assignments are resources like any other; this reads them. The sandbox's own service principal
owns every subscription, as the one who made it would.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sandbox.arm.errors import ArmError
from sandbox.arm.ids import ResourceId

if TYPE_CHECKING:
    from sandbox.arm.resource import Resource
    from sandbox.azure import Azure

ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
DEFINITIONS = "Microsoft.Authorization/roleDefinitions"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
Permission = dict[str, list[str]]


@functools.cache
def built_in_roles() -> dict[str, dict[str, Any]]:
    """Role id (a GUID) -> name and permissions, out of ``roles.yaml``."""
    table = yaml.safe_load(Path(__file__).with_name("roles.yaml").read_text())
    return {entry["id"]: {"name": name, **entry} for name, entry in table.items()}


def permits(permission: Permission, action: str, *, data: bool) -> bool:
    """Whether one permission block allows an action; ``*`` is any run of characters."""
    allowed = permission.get("dataActions" if data else "actions", [])
    denied = permission.get("notDataActions" if data else "notActions", [])
    return any(_matches(pattern, action) for pattern in allowed) and not any(
        _matches(pattern, action) for pattern in denied
    )


def _matches(pattern: str, action: str) -> bool:
    return _compiled(pattern).fullmatch(action) is not None


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    """``a/*/write`` is also ``a/write``: by ``computes/*/write`` Azure forbids making computes."""
    text = re.escape(pattern).replace(r"/\*/", "/(.*/)?").replace(r"\*", ".*")
    return re.compile(text, re.IGNORECASE)


class Authorization:
    """Reads role assignments and definitions out of the store."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure

    def check(self, principal: str, scope: ResourceId, action: str, *, data: bool = False) -> None:
        """Raises ARM's 403 ``AuthorizationFailed`` unless an assignment allows it."""
        if self.allows(principal, scope, action, data=data):
            return
        raise ArmError(
            403,
            "AuthorizationFailed",
            f"The client with object id '{principal}' does not have authorization to perform "
            f"action '{action}' over scope '{scope}' or the scope is invalid. If access was "
            "recently granted, please refresh your credentials.",
        )

    def allows(self, principal: str, scope: ResourceId, action: str, *, data: bool = False) -> bool:
        if principal == self.azure.identity.principal_id:
            return True
        blocks = self.granted(principal, scope)
        return any(permits(permission, action, data=data) for permission in blocks)

    def granted(self, principal: str, scope: ResourceId) -> Iterator[Permission]:
        """The permission blocks of every role that the principal has at the scope or above."""
        if principal == self.azure.identity.principal_id:
            yield from self.permissions(OWNER)
        for assignment in self._assignments(principal, scope):
            yield from self.permissions(str(assignment.properties.get("roleDefinitionId", "")))

    def conditions(self, principal: str, scope: ResourceId, action: str) -> list[str] | None:
        """The conditions under which the principal may do it, in lower case; None: without any."""
        if principal == self.azure.identity.principal_id:
            return None
        found = []
        for assignment in self._assignments(principal, scope):
            blocks = self.permissions(str(assignment.properties.get("roleDefinitionId", "")))
            if any(permits(block, action, data=False) for block in blocks):
                found.append(str(assignment.properties.get("condition") or "").lower())
        return None if "" in found else found

    def _assignments(self, principal: str, scope: ResourceId) -> Iterator[Resource]:
        """Those of the principal that count at the scope, now."""
        now = self.azure.clock.now()
        for assignment in self.azure.resources.list(ASSIGNMENTS):
            if assignment.properties.get("principalId") != principal:
                continue
            delay = timedelta(seconds=self.azure.faults.unseen_seconds(assignment.id))
            if assignment.created and now < assignment.created + delay:
                continue
            if scope.within(assignment.id.parent or scope):
                yield assignment

    def permissions(self, definition_id: str) -> list[Permission]:
        """The permission blocks of a role, built-in or custom; none for an unknown one."""
        name = definition_id.rsplit("/", 1)[-1].lower()
        built_in = built_in_roles().get(name)
        if built_in:
            return [built_in]
        for definition in self.azure.resources.list(DEFINITIONS):
            if definition.name.lower() == name:
                return list(definition.properties.get("permissions") or [])
        return []
