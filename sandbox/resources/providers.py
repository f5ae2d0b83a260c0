"""Resource providers: registered with a subscription or not, their types and regions."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from sandbox import schemas
from sandbox.arm.answers import Response, page
from sandbox.arm.durations import seconds
from sandbox.arm.errors import ArmError, conflict
from sandbox.arm.ids import GROUP, SUBSCRIPTION, ResourceId
from sandbox.arm.request import Request
from sandbox.arm.routes import Route
from sandbox.arm.types import Body, ResourceType
from sandbox.arm.writes import squeeze
from sandbox.resources.regions import offering

if TYPE_CHECKING:
    from sandbox.azure import Azure

SCHEMA = """
CREATE TABLE IF NOT EXISTS registrations (
  subscription TEXT NOT NULL, namespace TEXT NOT NULL, state TEXT NOT NULL,
  PRIMARY KEY (subscription, namespace));
"""
REGISTERED, REGISTERING, UNREGISTERED = "Registered", "Registering", "Unregistered"
FREE = ("microsoft.resources", "microsoft.authorization", "microsoft.subscription")
"""Registered with every subscription, and cannot be unregistered."""


class Registrations:
    """Which providers a subscription has; all, until somebody unregisters one."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure
        azure.store.migrate(SCHEMA)

    def state(self, subscription: str, namespace: str) -> str:
        row = self.azure.store.connection.execute(
            "SELECT state FROM registrations WHERE subscription = ? AND namespace = ?",
            (subscription.lower(), namespace.lower()),
        ).fetchone()
        if row is None:
            return REGISTERED
        kept = json.loads(row[0])
        if kept["state"] == REGISTERING and self.azure.clock.time() >= kept["due"]:
            return REGISTERED
        return str(kept["state"])

    def register(self, subscription: str, namespace: str) -> None:
        """Takes its time, during which resources are still refused."""
        if self.state(subscription, namespace) not in (REGISTERED, REGISTERING):
            due = self.azure.clock.time() + seconds("register")
            self._save(subscription, namespace, {"state": REGISTERING, "due": due})

    def unregister(self, subscription: str, namespace: str) -> None:
        """Raises 409 while the subscription has resources of the provider."""
        if namespace.lower() in FREE:
            raise conflict(
                f"The resource provider '{namespace}' cannot be unregistered.",
                "CannotUnregisterResourceProvider",
            )
        for resource in self.azure.resources.list():
            place = (resource.id.subscription.lower(), resource.id.namespace.lower())
            if place == (subscription.lower(), namespace.lower()):
                raise conflict(
                    f"The resource provider '{namespace}' cannot be unregistered: the subscription "
                    f"has resources of it, such as '{resource.id}'. Delete them first.",
                    "CannotUnregisterResourceProvider",
                )
        self._save(subscription, namespace, {"state": UNREGISTERED})

    def need(self, at: ResourceId) -> None:
        """Raises what ARM answers to a PUT of an unregistered provider's resource."""
        namespace = at.namespace
        if self.state(at.subscription, namespace) != REGISTERED:
            raise ArmError(
                409,
                "MissingSubscriptionRegistration",
                f"The subscription is not registered to use namespace '{namespace}'. See "
                "https://aka.ms/rps-not-found for how to register subscriptions.",
                details=[
                    {
                        "code": "MissingSubscriptionRegistration",
                        "target": namespace,
                        "message": f"The subscription is not registered to use '{namespace}'.",
                    }
                ],
            )

    def need_region(self, kind: ResourceType, body: Body) -> None:
        """Raises what ARM answers to a PUT of a resource in a region that does not offer it."""
        location = body.get("location")
        if not kind.tracked or kind.name == GROUP or not isinstance(location, str):
            return
        names = [squeeze(text) for text in offering(kind.name.partition("/")[0])]
        if squeeze(location) not in (*names, "global", ""):
            raise ArmError(
                400,
                "LocationNotAvailableForResourceType",
                f"The provided location '{location}' is not available for resource type "
                f"'{kind.name}'. List of available regions for the resource type is "
                f"'{','.join(names)}'.",
            )

    def _save(self, subscription: str, namespace: str, state: dict[str, Any]) -> None:
        with self.azure.store.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO registrations VALUES (?, ?, ?)",
                (subscription.lower(), namespace.lower(), json.dumps(state)),
            )


def _view(azure: Azure, subscription: str, namespace: str) -> dict[str, Any]:
    name = _spelled(azure, namespace)
    found = [kind for kind in azure.types if kind.key.split("/")[0] == name.lower()]
    return {
        "id": f"/subscriptions/{subscription}/providers/{name}",
        "namespace": name,
        "registrationState": azure.registrations.state(subscription, name),
        "registrationPolicy": (
            "RegistrationFree" if name.lower() in FREE else "RegistrationRequired"
        ),
        "resourceTypes": [
            {
                "resourceType": kind.name.split("/", 1)[1],
                "locations": [] if kind.extension else offering(name),
                "apiVersions": sorted(schemas.versions(kind.name), reverse=True),
                "capabilities": "SupportsTags, SupportsLocation" if kind.tracked else "None",
            }
            for kind in found
        ],
    }


def _spelled(azure: Azure, namespace: str) -> str:
    """As the provider writes itself. Raises 404 for one that the sandbox has not."""
    name = azure.types.namespaces.get(namespace.lower())
    if name is None:
        raise ArmError(
            404,
            "InvalidResourceNamespace",
            f"The resource namespace '{namespace}' is invalid or not in this sandbox.",
        )
    return name


def _list(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    names = azure.types.namespaces.values()
    return page(request, [_view(azure, match["subscription"], name) for name in names])


def _one(azure: Azure, _request: Request, match: re.Match[str]) -> Response:
    return Response(200, _view(azure, match["subscription"], match["namespace"]))


def _change(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    name, verb = _spelled(azure, match["namespace"]), match["verb"].lower()
    subscription = match["subscription"]
    at = ResourceId("", SUBSCRIPTION, (subscription,))
    azure.authorization.check(request.principal, at, f"{name}/{verb}/action")
    if verb == "register":
        azure.registrations.register(subscription, name)
    else:
        azure.registrations.unregister(subscription, name)
    return Response(200, _view(azure, subscription, name))


TYPES: list[ResourceType] = []
_PROVIDERS = r"/subscriptions/(?P<subscription>[^/]+)/providers"
ROUTES = [
    Route("GET", _PROVIDERS, _list),
    Route("GET", rf"{_PROVIDERS}/(?P<namespace>[^/]+)", _one),
    Route("POST", rf"{_PROVIDERS}/(?P<namespace>[^/]+)/(?P<verb>register|unregister)", _change),
]
