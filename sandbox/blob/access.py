"""Who may do what with blobs, written down for Azurite: it goes on while ARM restarts.

Roles count as in Azure: on an account and all that holds it, or on one container. The sandbox's
own service principal may do everything.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from sandbox.arm.authorization import ASSIGNMENTS, permits
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource
from sandbox.directory import write_atomically

if TYPE_CHECKING:
    from sandbox.azure import Azure

ACCOUNTS = "Microsoft.Storage/storageAccounts"
CONTAINERS = f"{ACCOUNTS}/blobServices/containers"
# The words of azurite.js -> the action, and whether roles have it among their data actions.
ACTIONS = {
    "containers/read": (f"{CONTAINERS}/read", False),
    "containers/write": (f"{CONTAINERS}/write", False),
    "containers/delete": (f"{CONTAINERS}/delete", False),
    "delegate": (f"{ACCOUNTS}/blobServices/generateUserDelegationKey/action", False),
    "blobs/read": (f"{CONTAINERS}/blobs/read", True),
    "blobs/write": (f"{CONTAINERS}/blobs/write", True),
    "blobs/add": (f"{CONTAINERS}/blobs/add/action", True),
    "blobs/delete": (f"{CONTAINERS}/blobs/delete", True),
}


def takes_keys(account: Resource) -> bool:
    """Whether the account's keys open it."""
    return account.properties.get("allowSharedKeyAccess") is not False


def refresh(azure: Azure, without: ResourceId | None = None) -> None:
    """Write down what holds now; `without` is about to be deleted."""
    accounts = [item for item in azure.resources.list(ACCOUNTS) if item.id != without]
    grants: dict[str, list[dict[str, Any]]] = {}
    for assignment in azure.resources.list(ASSIGNMENTS):
        scope = assignment.id.parent
        if assignment.id == without or scope is None:
            continue
        may = _allowed(azure, str(assignment.properties.get("roleDefinitionId", "")))
        for account, container in _places(scope, accounts) if may else ():
            entry = {"account": account, "may": may, "seen": _seen(azure, assignment)}
            if container:
                entry["container"] = container
            grants.setdefault(str(assignment.properties["principalId"]), []).append(entry)
    keyless = sorted(account.name for account in accounts if not takes_keys(account))
    known = {"open": azure.identity.principal_id, "keyless": keyless, "grants": grants}
    text = json.dumps(known, indent=1)
    file = azure.directory.azurite_access
    if not file.exists() or file.read_text() != text:
        write_atomically(file, text)


def _allowed(azure: Azure, role: str) -> list[str]:
    blocks = azure.authorization.permissions(role)
    return [
        word
        for word, (action, data) in ACTIONS.items()
        if any(permits(block, action, data=data) for block in blocks)
    ]


def _places(scope: ResourceId, accounts: list[Resource]) -> list[tuple[str, str]]:
    """The accounts below a scope, or the one container that it is."""
    if scope.type.lower() == CONTAINERS.lower():
        return [(scope.names[0], scope.names[-1])]
    if scope.type.lower() == f"{ACCOUNTS}/blobServices".lower():
        return [(scope.names[0], "")]
    return [(account.name, "") for account in accounts if account.id.within(scope)]


def _seen(azure: Azure, assignment: Resource) -> float:
    """When it takes effect, by the machine's clock, which Azurite goes by."""
    if assignment.created is None:
        return 0.0
    delay = azure.faults.unseen_seconds(assignment.id)
    return assignment.created.timestamp() + delay - (azure.clock.time() - time.time())
