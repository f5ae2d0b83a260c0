"""Managed identities: a principal for each system-assigned one, those of others by their id."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sandbox.arm.errors import invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource

if TYPE_CHECKING:
    from sandbox.azure import Azure

IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"


def give_identity(azure: Azure, new: Resource) -> None:
    """Fill in ``identity``: principals stay the same over updates.

    Raises 400 for a user-assigned identity that is not there.
    """
    identity = new.body.get("identity")
    if not identity:
        return
    kinds = {part.strip().lower() for part in str(identity.get("type", "")).split(",")}
    if "systemassigned" in kinds:
        known = new.private.get("principal_id")
        new.private["principal_id"] = known or str(uuid.uuid4())
        identity["principalId"] = new.private["principal_id"]
        identity["tenantId"] = azure.identity.tenant_id
    else:
        identity.pop("principalId", None)
    assigned = identity.get("userAssignedIdentities") or {}
    if not isinstance(assigned, dict):
        target = "identity.userAssignedIdentities"
        raise invalid(f"'{target}' must be an object with the identities' ids as its keys.", target)
    filled = {}
    for identifier in assigned:
        found = azure.resources.get(ResourceId.parse(identifier))
        if found is None or found.type.lower() != IDENTITIES.lower():
            raise invalid(
                f"The user-assigned identity '{identifier}' was not found.",
                "identity.userAssignedIdentities",
                code="FailedIdentityOperation",
            )
        filled[identifier] = {
            "principalId": found.properties["principalId"],
            "clientId": found.properties["clientId"],
        }
    if assigned:
        identity["userAssignedIdentities"] = filled
