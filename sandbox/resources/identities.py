"""User-assigned managed identities and the federated credentials on them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sandbox.arm.identities import IDENTITIES
from sandbox.arm.types import Change, ResourceType

if TYPE_CHECKING:
    from sandbox.azure import Azure


def _prepare(azure: Azure, change: Change) -> None:
    private = change.resource.private
    private.setdefault("principal_id", str(uuid.uuid4()))
    private.setdefault("client_id", str(uuid.uuid4()))
    change.resource.properties.update(
        principalId=private["principal_id"],
        clientId=private["client_id"],
        tenantId=azure.identity.tenant_id,
    )


TYPES = [
    ResourceType(IDENTITIES, tracked=True, states=False, delete_status=200, prepare=_prepare),
    ResourceType(f"{IDENTITIES}/federatedIdentityCredentials", states=False, delete_status=200),
]
