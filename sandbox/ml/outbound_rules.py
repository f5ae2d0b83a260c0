"""A workspace's managed network: isolation, outbound rules, provisioning.

A rule is a resource below the workspace, and the workspace shows all of them in its own body. A PUT
of the workspace that names rules replaces those of the user, a PATCH adds to them; those that the
service needs for itself (category `Required`) come with provisioning and belong to it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sandbox.arm.answers import render
from sandbox.arm.errors import ArmError, conflict, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.types import Body, Change, ResourceType
from sandbox.resources.private_links import CONNECTIONS, connect, disconnect, target_of

if TYPE_CHECKING:
    from sandbox.azure import Azure

WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
RULES = f"{WORKSPACES}/outboundRules"
DISABLED = "Disabled"
INTERNET = "AllowInternetOutbound"
APPROVED = "AllowOnlyApprovedOutbound"
REQUIRED = "Required"
# What a workspace stands on -> the group ids that its network needs of it.
_DEPENDENCIES = {
    "storageAccount": ("blob", "file"),
    "keyVault": ("vault",),
    "containerRegistry": ("registry",),
}


def isolation(workspace: Resource) -> str:
    network = workspace.properties.get("managedNetwork") or {}
    return str(network.get("isolationMode") or DISABLED)


def prepare(azure: Azure, change: Change) -> None:
    """Take the rules out of a workspace's body; refuse what the service would."""
    workspace = change.resource
    network = workspace.properties.setdefault("managedNetwork", {"isolationMode": DISABLED})
    mode = isolation(workspace)
    if change.previous and isolation(change.previous) != DISABLED and mode == DISABLED:
        raise invalid(
            "A managed network cannot be disabled again once it is there.",
            "properties.managedNetwork.isolationMode",
        )
    for key in ("networkId", "status"):
        network.pop(key, None)
    rules = network.pop("outboundRules", None)
    for name, properties in (rules or {}).items():
        if (properties or {}).get("category") not in (None, "UserDefined"):
            raise invalid(
                f"Rule '{name}' is of category '{properties['category']}', which is the service's.",
                f"properties.managedNetwork.outboundRules.{name}.category",
            )
        _check(azure, mode, name, properties)
    # "Workspace managed virtual network isolation", Microsoft Learn, a note of its table of modes.
    if change.previous and (isolation(change.previous), mode) == (APPROVED, INTERNET):
        raise invalid(
            "A managed network that allows only what is approved cannot allow the internet again.",
            "properties.managedNetwork.isolationMode",
        )
    if rules is None:
        return
    workspace.private["rules"] = rules
    workspace.private["rules_replace"] = change.request.method == "PUT"


async def provision(azure: Azure, workspace: Resource) -> None:
    """Settle the rules that the last PUT or PATCH named; provision where it asked for that."""
    rules: dict[str, Any] | None = workspace.private.pop("rules", None)
    replace = workspace.private.pop("rules_replace", False)
    if rules is not None:
        with azure.store.transaction():
            for rule in _user_rules(azure, workspace):
                if replace and rule.name not in rules:
                    _forget(azure, rule)
            for name, properties in rules.items():
                rule = Resource(
                    workspace.id.child("outboundRules", name), {"properties": dict(properties)}
                )
                _settle(azure, workspace, rule)
                azure.resources.save(rule)
    if (
        workspace.properties.pop("provisionNetworkNow", False) and isolation(workspace) != DISABLED
    ) or workspace.private.get("network_active"):
        await provision_network(azure, workspace)


async def provision_network(azure: Azure, workspace: Resource) -> None:
    """Make the network and the endpoints that the service needs for itself in it.

    Raises 400 where it is disabled, 403 where the workspace's identity may not approve an endpoint.
    """
    if isolation(workspace) == DISABLED:
        raise invalid("The workspace has no managed network.", "properties.managedNetwork")
    wanted: dict[str, tuple[Resource, str]] = {}
    for name, groups in _DEPENDENCIES.items():
        identifier = workspace.properties.get(name)
        target = azure.resources.get(ResourceId.parse(identifier)) if identifier else None
        if target is None or not _is_private(target):
            continue
        _may_approve(azure, workspace, target)
        for group in groups:
            digest = hashlib.sha256(f"{target.id.key}/{group}".encode()).hexdigest()[:8]
            wanted[f"__SYS_PE_{target.name}_{group}_{digest}"] = (target, group)
    with azure.store.transaction():
        for rule in azure.resources.children(workspace.id, RULES):
            if rule.properties.get("category") == REQUIRED and rule.name not in wanted:
                _forget(azure, rule)
        for name, (target, group) in wanted.items():
            rule = Resource(
                workspace.id.child("outboundRules", name),
                {
                    "properties": {
                        "type": "PrivateEndpoint",
                        "category": REQUIRED,
                        "destination": {
                            "serviceResourceId": str(target.id),
                            "subresourceTarget": group,
                            "sparkEnabled": True,
                        },
                    }
                },
            )
            workspace.private["network_active"] = True
            _settle(azure, workspace, rule)
            azure.resources.save(rule)
        workspace.private["network_active"] = True
        for rule in _user_rules(azure, workspace):
            _settle(azure, workspace, rule)
            azure.resources.save(rule)
        azure.resources.save(workspace)


def remove(azure: Azure, workspace: Resource) -> None:
    """The endpoints of its network go with the workspace."""
    for rule in azure.resources.children(workspace.id, RULES):
        _forget(azure, rule)


def show(azure: Azure, workspace: Resource, body: Body) -> None:
    network = body["properties"].setdefault("managedNetwork", {"isolationMode": DISABLED})
    if isolation(workspace) == DISABLED:
        return
    rules = azure.resources.children(workspace.id, RULES)
    network["outboundRules"] = {rule.name: render(azure, rule)["properties"] for rule in rules}
    active = bool(workspace.private.get("network_active"))
    network["status"] = {"status": "Active" if active else "Inactive", "sparkReady": active}
    network["networkId"] = workspace.private["workspace_id"]


def _is_private(target: Resource) -> bool:
    return str(target.properties.get("publicNetworkAccess", "")).lower() == "disabled"


def _may_approve(azure: Azure, workspace: Resource, target: Resource) -> None:
    """A system-assigned identity gets its right from the service, a user-assigned one must have it:
    "Workspace managed virtual network isolation", Microsoft Learn. Raises 403 where none has.
    """
    assigned = (workspace.body.get("identity") or {}).get("userAssignedIdentities") or {}
    action = f"{target.type}/{CONNECTIONS}Approval/action"
    principals = [str(item["principalId"]) for item in assigned.values()]
    if not any(azure.authorization.allows(one, target.id, action) for one in principals):
        for principal in principals[:1]:
            azure.authorization.check(principal, target.id, action)


def _check(azure: Azure, mode: str, name: str, properties: Any) -> None:
    path = f"properties.managedNetwork.outboundRules.{name}"
    kind = properties.get("type")
    if mode == DISABLED:
        raise invalid("Outbound rules need a managed network.", path)
    if kind == "PrivateEndpoint":
        destination = properties.get("destination") or {}
        target_of(
            azure,
            str(destination.get("serviceResourceId") or ""),
            [str(destination.get("subresourceTarget") or "")],
            f"{path}.destination.serviceResourceId",
        )
    elif mode == INTERNET:
        raise invalid(
            f"Rule '{name}' of type '{kind}' needs isolation mode AllowOnlyApprovedOutbound.", path
        )


def _settle(azure: Azure, workspace: Resource, rule: Resource) -> None:
    """Whether it is in force, and its endpoint's connection where it has one."""
    properties = rule.properties
    properties.setdefault("category", "UserDefined")
    active = bool(workspace.private.get("network_active"))
    properties["status"] = "Active" if active else "Inactive"
    if properties.get("type") != "PrivateEndpoint" or not active:
        return
    destination = properties["destination"]
    target = azure.resources.need(destination["serviceResourceId"])
    _may_approve(azure, workspace, target)
    name = _connection_name(rule)
    # The endpoint lies in a network of Microsoft's: nobody else sees it.
    endpoint = (
        f"/subscriptions/{workspace.id.subscription}/resourceGroups/vnet-"
        f"{workspace.private['workspace_id']}/providers/Microsoft.Network/privateEndpoints/{name}"
    )
    connect(azure, target, name, endpoint, [destination["subresourceTarget"]], approved=True)


def _connection_name(rule: Resource) -> str:
    digest = hashlib.sha256(rule.id.key.encode()).hexdigest()[:12]
    return f"{rule.id.names[0]}.{digest}"


def _forget(azure: Azure, rule: Resource) -> None:
    destination = rule.properties.get("destination")
    if rule.properties.get("type") == "PrivateEndpoint" and isinstance(destination, dict):
        disconnect(azure, destination["serviceResourceId"], _connection_name(rule))
    azure.resources.delete(rule)


def _user_rules(azure: Azure, workspace: Resource) -> list[Resource]:
    found = azure.resources.children(workspace.id, RULES)
    return [rule for rule in found if rule.properties.get("category") != REQUIRED]


def _prepare_rule(azure: Azure, change: Change) -> None:
    rule = change.resource
    workspace = azure.resources.need(str(rule.id.parent))
    if change.previous and change.previous.properties.get("category") == REQUIRED:
        raise conflict(f"Rule '{rule.name}' is the service's own.", "RequiredRule")
    _check(azure, isolation(workspace), rule.name, rule.properties)


async def _provision_rule(azure: Azure, rule: Resource) -> None:
    workspace = azure.resources.need(str(rule.id.parent))
    _settle(azure, workspace, rule)


async def _remove_rule(azure: Azure, rule: Resource) -> None:
    _forget(azure, rule)


def _refuse_rule(_azure: Azure, rule: Resource, _request: Request) -> None:
    if rule.properties.get("category") == REQUIRED:
        raise ArmError(409, "RequiredRule", f"Rule '{rule.name}' is the service's own.")


def _view_rule(_azure: Azure, _rule: Resource, body: Body) -> None:
    body["properties"].pop("provisioningState", None)


TYPES = [
    ResourceType(
        RULES,
        create_status=200,
        states=False,
        prepare=_prepare_rule,
        provision=_provision_rule,
        remove=_remove_rule,
        refuse_delete=_refuse_rule,
        view=_view_rule,
    ),
]
