"""Who is logged in: principal, tenant, subscription, and what roles it has there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ops.arm import Arm

SUBSCRIPTIONS, AUTHORIZATION = "2022-12-01", "2022-04-01"
"""API versions."""
TYPES = {"app": "service principal", "user": "user"}


@dataclass(frozen=True)
class Principal:
    """Object id, what people call it, and what it is; from the token, so that it costs nothing."""

    id: str
    name: str
    type: str
    tenant: str

    @classmethod
    def of(cls, claims: dict[str, Any]) -> Principal:
        names = ("upn", "unique_name", "preferred_username", "app_displayname", "appid", "oid")
        name = next(str(claims[key]) for key in names if claims.get(key))
        kind = "app" if claims.get("idtyp") == "app" or "scp" not in claims else "user"
        managed = "/providers/Microsoft.ManagedIdentity/" in str(claims.get("xms_mirid", ""))
        return cls(
            str(claims["oid"]),
            name,
            "managed identity" if managed else TYPES[kind],
            str(claims["tid"]),
        )


@dataclass(frozen=True)
class Subscription:
    id: str
    name: str
    state: str
    tenant: str


def principal(arm: Arm) -> Principal:
    return Principal.of(arm.claims())


def subscription(arm: Arm) -> Subscription:
    """Raises `HttpResponseError` for one that the login cannot see."""
    found = arm.need(arm.root, SUBSCRIPTIONS)
    return Subscription(
        str(found["subscriptionId"]),
        str(found.get("displayName", "")),
        str(found.get("state", "")),
        str(found.get("tenantId", "")),
    )


def roles(arm: Arm, who: Principal) -> list[tuple[str, str]]:
    """Role and scope of every assignment to the principal in the subscription, groups' included."""
    base = f"{arm.root}/providers/Microsoft.Authorization"
    assigned = arm.list(
        f"{base}/roleAssignments", AUTHORIZATION, **{"$filter": f"assignedTo('{who.id}')"}
    )
    if not assigned:
        return []
    definitions = arm.list(f"{base}/roleDefinitions", AUTHORIZATION)
    names = {_last(item["id"]): item["properties"]["roleName"] for item in definitions}
    found = []
    for assignment in assigned:
        properties = assignment["properties"]
        role = _last(properties["roleDefinitionId"])
        found.append((str(names.get(role, role)), str(properties["scope"])))
    return sorted(found, key=lambda pair: (pair[1], pair[0]))


def _last(identifier: str) -> str:
    return identifier.rsplit("/", 1)[-1].lower()
