"""Online endpoints: one address, its keys, and how its traffic is split between deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import invalid
from sandbox.arm.identities import give_identity
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.types import Action, Change, ResourceType
from sandbox.ml import deployments
from sandbox.ml.endpoint_computes import prepare_endpoint
from sandbox.ml.workspaces import workspace_of
from sandbox.serving import keys
from sandbox.serving.choice import ENDPOINTS, check_name, host_of
from sandbox.serving.reconciliation import reconcile
from sandbox.serving.release import serving

if TYPE_CHECKING:
    from sandbox.azure import Azure

WHOLE = 100
"""Per cent."""


def _prepare(azure: Azure, change: Change) -> None:
    endpoint, properties = change.resource, change.resource.properties
    workspace = workspace_of(azure, endpoint.id)
    endpoint.body["location"] = endpoint.location or workspace.location
    prepare_endpoint(azure, endpoint, change.previous)
    _keep_identity(change)
    give_identity(azure, endpoint)
    check_name(azure, endpoint)
    _set_keys(endpoint)
    for name in ("traffic", "mirrorTraffic"):
        # Who does not speak of traffic does not mean it: the deployments' owner set it.
        before = change.previous.properties.get(name) if change.previous else None
        properties[name] = before or {} if properties.get(name) is None else properties[name]
    properties.setdefault("properties", {})
    properties.setdefault("publicNetworkAccess", "Enabled")
    _check_traffic(azure, endpoint)
    address = f"https://{host_of(endpoint)}"
    properties["scoringUri"] = f"{address}/score"
    properties["swaggerUri"] = f"{address}/swagger.json"


def _keep_identity(change: Change) -> None:
    """Raises 400 for another kind of identity than the endpoint was made with: Azure gives it one
    of its own unless told otherwise.
    """
    if change.previous is None or not change.resource.body.get("identity"):
        return
    before, now = (
        str((one.body.get("identity") or {}).get("type") or "SystemAssigned").lower()
        for one in (change.previous, change.resource)
    )
    if before != now:
        raise invalid("The identity of an endpoint is immutable.", "identity")


def _set_keys(endpoint: Resource) -> None:
    """Keys may be brought in the body, which never shows them; missing ones are made."""
    given = endpoint.properties.pop("keys", None) or {}
    known = endpoint.private.setdefault("keys", {})
    for name in (keys.PRIMARY, keys.SECONDARY):
        known[name] = given.get(f"{name}Key") or known.get(name) or keys.new_key()


def _check_traffic(azure: Azure, endpoint: Resource) -> None:
    """Raises 400 unless the shares make sense and name deployments that can serve."""
    traffic = _shares(azure, endpoint, "traffic")
    mirrored = _shares(azure, endpoint, "mirrorTraffic")
    if sum(traffic.values()) not in (0, WHOLE):
        raise invalid(
            f"The traffic of endpoint '{endpoint.name}' adds up to {sum(traffic.values())}. It "
            f"must be 0 or {WHOLE}.",
            "properties.traffic",
            code="BadRequest",
        )
    chosen = {name for name, share in mirrored.items() if share}
    if len(chosen) > 1:
        raise invalid(
            "Traffic can be mirrored to one deployment only.",
            "properties.mirrorTraffic",
            code="BadRequest",
        )
    both = chosen & {name for name, share in traffic.items() if share}
    if both:
        raise invalid(
            f"The deployment '{both.pop()}' cannot receive live and mirrored traffic at once.",
            "properties.mirrorTraffic",
            code="BadRequest",
        )


def _shares(azure: Azure, endpoint: Resource, kind: str) -> dict[str, int]:
    shares: dict[str, int] = endpoint.properties[kind]
    for name, share in shares.items():
        target = f"properties.{kind}.{name}"
        deployment = azure.resources.get(endpoint.id.child("deployments", name))
        if deployment is None:
            raise invalid(
                f"The endpoint '{endpoint.name}' has no deployment '{name}' to send traffic to.",
                target,
                code="BadRequest",
            )
        if share and serving(deployment) is None:
            raise invalid(
                f"The deployment '{name}' is {deployment.state} and cannot take traffic.",
                target,
                code="BadRequest",
            )
    return shares


def _list_keys(_azure: Azure, endpoint: Resource, _request: Request) -> dict[str, Any]:
    if keys.mode(endpoint) != keys.KEY:
        raise invalid(
            f"The endpoint '{endpoint.name}' does not use keys: its authMode is "
            f"{endpoint.properties.get('authMode')}.",
            code="BadRequest",
        )
    known = endpoint.private["keys"]
    return {"primaryKey": known[keys.PRIMARY], "secondaryKey": known[keys.SECONDARY]}


def _regenerate_keys(azure: Azure, endpoint: Resource, request: Request) -> None:
    """A given value becomes the key. The official client sends the present one to ask for a new."""
    body = request.body if isinstance(request.body, dict) else {}
    name = str(body.get("keyType", "")).lower()
    if name not in (keys.PRIMARY, keys.SECONDARY):
        raise invalid("'keyType' must be 'Primary' or 'Secondary'.", "keyType")
    given, known = body.get("keyValue"), endpoint.private["keys"]
    known[name] = keys.new_key() if given in (None, "", known[name]) else str(given)
    azure.resources.save(endpoint)


async def _already_done(_azure: Azure, _endpoint: Resource) -> None:
    """The keys are changed when the request is answered; the client still polls."""


def _token(azure: Azure, endpoint: Resource, request: Request) -> dict[str, Any]:
    if keys.mode(endpoint) != keys.OWN_TOKEN:
        raise invalid(
            f"The endpoint '{endpoint.name}' gives out no tokens: its authMode is "
            f"{endpoint.properties.get('authMode')}.",
            code="BadRequest",
        )
    return keys.own_token(azure, endpoint, request.principal)


async def run(azure: Azure) -> None:
    """Keep the deployments' processes as they should be."""
    await reconcile(azure)


TYPES = [
    ResourceType(
        ENDPOINTS,
        tracked=True,
        prepare=_prepare,
        actions={
            "listKeys": Action(_list_keys),
            "regenerateKeys": Action(_regenerate_keys, effect=_already_done, azure_async=False),
            "token": Action(_token),
        },
    ),
    deployments.TYPE,
]
