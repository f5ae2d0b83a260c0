"""Role assignments and role definitions, built-in ones included."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.arm.answers import Response, page, render
from sandbox.arm.authorization import ASSIGNMENTS, DEFINITIONS, built_in_roles
from sandbox.arm.errors import ArmError, conflict
from sandbox.arm.ids import ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.routes import Route
from sandbox.arm.types import Body, Change, ResourceType
from sandbox.blob.access import refresh

if TYPE_CHECKING:
    from sandbox.azure import Azure

_PRINCIPAL = re.compile(r"(?:principalId|assignedTo)\W+(?:eq\s+)?'?([0-9a-f-]{36})", re.IGNORECASE)
_ROLES = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ROLE_NAME = re.compile(r"roleName eq '([^']+)'", re.IGNORECASE)
_UNLISTED = re.compile(
    r"Microsoft\.MachineLearningServices/workspaces/\w+/versions/startPendingUpload/action",
    re.IGNORECASE,
)
"""What the service asks for and its list of operations lacks ("Azure permissions for AI + machine
learning", Microsoft Learn): a role has it by a wildcard, and cannot name it.
"""


def _prepare(azure: Azure, change: Change) -> None:
    properties = change.resource.properties
    role = str(properties["roleDefinitionId"])
    name = role.rsplit("/", 1)[-1].lower()
    if name not in built_in_roles() and not azure.authorization.permissions(role):
        raise ArmError(
            400,
            "RoleDefinitionDoesNotExist",
            f"The specified role definition with ID '{name}' does not exist.",
        )
    if not properties.get("principalType") and not _known(azure, properties["principalId"]):
        raise ArmError(
            400,
            "PrincipalNotFound",
            f"Principal {properties['principalId']} does not exist in the directory "
            f"{azure.identity.tenant_id}. If it was made just now, set 'principalType'.",
        )
    properties.setdefault("principalType", "ServicePrincipal")
    if properties.get("condition") and properties.get("conditionVersion") != "2.0":
        raise ArmError(
            400,
            "InvalidRoleAssignmentCondition",
            "A role assignment with a 'condition' needs the 'conditionVersion' 2.0.",
        )
    scope = change.resource.id.parent
    if scope:
        _check_bounds(azure, change.request, scope, name, "write")
    identity = ("roleDefinitionId", "principalId")
    old = change.previous
    if old and any(
        str(old.properties[key]).lower() != str(properties[key]).lower() for key in identity
    ):
        raise conflict(
            "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
            "RoleAssignmentUpdateNotPermitted",
        )
    for other in azure.resources.list(ASSIGNMENTS):
        if other.id.key == change.resource.id.key or scope is None or other.id.parent != scope:
            continue
        if all(str(other.properties[k]).lower() == str(properties[k]).lower() for k in identity):
            raise conflict(
                f"The role assignment already exists. Its id is '{other.name}'.",
                "RoleAssignmentExists",
            )


def _check_bounds(azure: Azure, request: Request, scope: ResourceId, role: str, verb: str) -> None:
    """Who may grant under conditions only is held to the roles that these name. Raises 403."""
    action = f"{ASSIGNMENTS}/{verb}"
    conditions = azure.authorization.conditions(request.principal, scope, action)
    if conditions is not None and not any(role in _ROLES.findall(text) for text in conditions):
        raise ArmError(
            403,
            "AuthorizationFailed",
            f"The client with object id '{request.principal}' does not have authorization to "
            f"perform action '{action}' over scope '{scope}': the conditions of its role "
            f"assignments do not allow the role '{role}'.",
        )


def _refuse_assignment(azure: Azure, assignment: Resource, request: Request) -> None:
    scope = assignment.id.parent
    role = str(assignment.properties["roleDefinitionId"]).rsplit("/", 1)[-1].lower()
    if scope:
        _check_bounds(azure, request, scope, role, "delete")


def _prepare_definition(_azure: Azure, change: Change) -> None:
    for permission in change.resource.properties.get("permissions") or []:
        for action in (permission.get("actions") or []) + (permission.get("notActions") or []):
            if _UNLISTED.fullmatch(action):
                raise ArmError(
                    400,
                    "InvalidActionOrNotAction",
                    f"'{action}' does not match any of the actions supported by the providers.",
                )


def _refuse_definition(azure: Azure, definition: Resource, _request: Request) -> None:
    for assignment in azure.resources.list(ASSIGNMENTS):
        role = str(assignment.properties.get("roleDefinitionId", ""))
        if role.rsplit("/", 1)[-1].lower() == definition.name.lower():
            raise conflict(
                f"There are existing role assignments referencing role '{definition.name}', such "
                f"as '{assignment.id}'. Delete them first.",
                "RoleDefinitionHasAssignments",
            )


def _known(azure: Azure, principal: str) -> bool:
    """Whether the directory has the principal: of an identity that is new it may hear late."""
    if principal == azure.identity.principal_id:
        return True
    for item in azure.resources.list():
        if item.private.get("principal_id") == principal:
            delay = timedelta(seconds=azure.faults.unseen_seconds(item.id, "principals"))
            return item.created is None or azure.clock.now() >= item.created + delay
    return False


def _view(_azure: Azure, assignment: Resource, body: Body) -> None:
    body["properties"]["scope"] = str(assignment.id.parent)


def _select(
    _azure: Azure, _parent: ResourceId, found: list[Resource], request: Request
) -> list[Resource]:
    match = _PRINCIPAL.search(request.query.get("$filter", ""))
    if not match:
        return found
    return [item for item in found if item.properties.get("principalId") == match[1]]


def _definition(scope: ResourceId, name: str) -> dict[str, Any]:
    role = built_in_roles()[name]
    keys = ("actions", "notActions", "dataActions", "notDataActions")
    root = f"/subscriptions/{scope.subscription}" if scope.subscription else ""
    return {
        "id": f"{root}/providers/{DEFINITIONS}/{name}",
        "name": name,
        "type": DEFINITIONS,
        "properties": {
            "roleName": role["name"],
            "type": "BuiltInRole",
            "description": "",
            "assignableScopes": ["/"],
            "permissions": [{key: role.get(key, []) for key in keys}],
        },
    }


def _assignable(definition: Resource, scope: ResourceId) -> bool:
    """Whether a role may be given at the scope, or somewhere below it."""
    scopes = definition.properties.get("assignableScopes") or [str(definition.id.parent)]
    places = [ResourceId.parse(str(text)) for text in scopes]
    return any(scope.within(place) or place.within(scope) for place in places)


def _list_definitions(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    scope = ResourceId.parse(match["scope"] or "")
    there = azure.resources.list(DEFINITIONS)
    custom = [render(azure, item) for item in there if _assignable(item, scope)]
    found = [*custom, *(_definition(scope, name) for name in built_in_roles())]
    wanted = _ROLE_NAME.search(request.query.get("$filter", ""))
    if wanted:
        found = [item for item in found if item["properties"]["roleName"] == wanted[1]]
    return page(request, found)


def _get_definition(azure: Azure, _request: Request, match: re.Match[str]) -> Response:
    name = match["name"].lower()
    if name in built_in_roles():
        return Response(200, _definition(ResourceId.parse(match["scope"] or ""), name))
    for item in azure.resources.list(DEFINITIONS):
        if item.name.lower() == name:
            return Response(200, render(azure, item))
    raise ArmError(
        404, "RoleDefinitionDoesNotExist", f"The role definition '{match['name']}' does not exist."
    )


async def _changed(azure: Azure, _role: Resource) -> None:
    refresh(azure)


async def _removed(azure: Azure, role: Resource) -> None:
    refresh(azure, without=role.id)


def watch(azure: Azure) -> None:
    """Azurite waits for what is written down here, once at least."""
    refresh(azure)


TYPES = [
    ResourceType(
        ASSIGNMENTS,
        extension=True,
        states=False,
        synchronous=True,
        delete_status=200,
        delete_shows=True,
        provision=_changed,
        refuse_delete=_refuse_assignment,
        remove=_removed,
        prepare=_prepare,
        view=_view,
        select=_select,
    ),
    ResourceType(
        DEFINITIONS,
        extension=True,
        update_status=201,
        states=False,
        synchronous=True,
        delete_status=200,
        delete_shows=True,
        provision=_changed,
        prepare=_prepare_definition,
        refuse_delete=_refuse_definition,
    ),
]
_PATH = r"(?P<scope>/.*?)?/providers/microsoft\.authorization/roledefinitions"
ROUTES = [
    Route("GET", _PATH, _list_definitions),
    Route("GET", rf"{_PATH}/(?P<name>[^/]+)", _get_definition),
]
