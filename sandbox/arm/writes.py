"""PUT and PATCH: what is checked, in which order, before a resource is stored and provisioned."""

from __future__ import annotations

import asyncio
import copy
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sandbox import schemas
from sandbox.arm.answers import Response, poll_headers, render
from sandbox.arm.durations import seconds
from sandbox.arm.errors import ArmError, conflict, invalid
from sandbox.arm.identities import give_identity
from sandbox.arm.ids import GROUP, SUBSCRIPTION, TENANT, ResourceId
from sandbox.arm.operations import GRACE_SECONDS
from sandbox.arm.request import Request
from sandbox.arm.resource import SUCCEEDED, Resource
from sandbox.arm.types import Change, ResourceType

if TYPE_CHECKING:
    from sandbox.azure import Azure

# What the service writes and clients send back after a GET.
_ANSWERED = ("id", "name", "type", "etag", "systemData")


async def put(azure: Azure, request: Request, kind: ResourceType, at: ResourceId) -> Response:
    """Create or replace a resource."""
    if not isinstance(request.body, dict):
        raise ArmError(400, "InvalidRequestContent", "The request's body must be a JSON object.")
    previous = azure.resources.get(at)
    check_preconditions(request, previous)
    if previous is None:
        check_name(kind, at)
        need_parent(azure, at)
    check_body(azure, kind, request, patch=False)
    if previous is None:
        azure.registrations.need_region(kind, request.body)
    return await _store(azure, request, kind, at, request.body, previous)


async def patch(azure: Azure, request: Request, kind: ResourceType, at: ResourceId) -> Response:
    """Merge into a resource: tags are replaced, everything else is merged by key."""
    previous = azure.resources.need(at)
    if not isinstance(request.body, dict):
        raise ArmError(400, "InvalidRequestContent", "The request's body must be a JSON object.")
    check_preconditions(request, previous)
    check_body(azure, kind, request, patch=True)
    merged = merge(previous.body, request.body)
    if "tags" in request.body:
        merged["tags"] = request.body["tags"]
    return await _store(azure, request, kind, at, merged, previous)


async def _store(
    azure: Azure,
    request: Request,
    kind: ResourceType,
    at: ResourceId,
    body: dict[str, Any],
    previous: Resource | None,
) -> Response:
    if previous and kind.states and azure.operations.open_on(previous.id):
        raise conflict(
            f"Another operation is in progress on '{previous.id}'. Wait for it, then try again.",
            "AnotherOperationInProgress",
        )
    body = {key: copy.deepcopy(value) for key, value in body.items() if key not in _ANSWERED}
    if previous is None:
        previous = _recover(azure, kind, at, body)
        created = True
    else:
        created = False
    new = Resource(
        previous.id if previous else ResourceId(at.scope, kind.name, at.names),
        body,
        copy.deepcopy(previous.private) if previous else {},
        created=previous.created if previous else None,
        created_by=previous.created_by if previous else request.principal,
    )
    if previous:
        _check_create_only(kind, previous, new)
    else:
        _check_unique(azure, kind, at)
    _check_references(azure, kind, new)
    give_identity(azure, new)
    if kind.prepare:
        kind.prepare(azure, Change(new, previous, request))
    return await _provision(azure, request, kind, new, created=created)


async def _provision(
    azure: Azure, request: Request, kind: ResourceType, new: Resource, *, created: bool
) -> Response:
    step = "create" if created else "update"
    duration = seconds(kind.name, step)
    status = kind.create_status if created else kind.update_status
    if not duration and not kind.provision:
        azure.faults.fail_provisioning(new)
        if kind.states:
            new.state = SUCCEEDED
        _keep_container(azure, new)
        azure.resources.save(new)
        return Response(status, render(azure, new), {"etag": new.etag})
    with azure.store.transaction():
        if kind.states:
            new.state = "Creating" if created else "Updating"
        _keep_container(azure, new)
        azure.resources.save(new)
        operation = azure.operations.record(new.id, step, duration)
    task = azure.operations.launch(operation)
    if kind.synchronous or not duration:
        await asyncio.wait({task}, timeout=None if kind.synchronous else GRACE_SECONDS)
    ended = azure.operations.get(operation.id)
    stored = azure.resources.get(new.id) or new
    headers = {"etag": stored.etag}
    if ended is None or ended.status != SUCCEEDED:
        headers |= poll_headers(request, operation, "azure-asyncoperation")
    return Response(status, render(azure, stored), headers)


def merge(old: Any, new: Any) -> Any:
    """JSON merge patch (RFC 7396)."""
    if not isinstance(new, dict):
        return new
    merged = dict(old) if isinstance(old, dict) else {}
    for key, value in new.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def check_name(kind: ResourceType, at: ResourceId) -> None:
    """Raises 400 for a name that Azure refuses."""
    pattern = schemas.names(kind.name)
    if pattern and not re.search(pattern, at.name):
        raise ArmError(
            400,
            "InvalidResourceName",
            f"'{at.name}' is not a valid name for '{kind.name}'. It must match {pattern}",
            target="name",
        )


def need_parent(azure: Azure, at: ResourceId) -> None:
    """Raises 404 where the group or the resource that should hold this one is not there."""
    parent = at.parent
    if parent is None or parent.type in (SUBSCRIPTION, TENANT):
        return None
    holder = azure.types.get(parent.type)
    if holder and holder.versioned:
        return need_parent(azure, parent)
    found = azure.resources.get(parent)
    if found is None:
        if parent.type == GROUP:
            raise ArmError(
                404, "ResourceGroupNotFound", f"Resource group '{parent.name}' could not be found."
            )
        raise ArmError(
            404,
            "ParentResourceNotFound",
            f"Failed to perform 'write' on resource(s) of type '{at.type}', because the parent "
            f"resource '{parent}' could not be found.",
        )
    if found.state == "Deleting":
        code = "ResourceGroupBeingDeleted" if parent.type == GROUP else "ParentBeingDeleted"
        raise conflict(f"'{parent.name}' is being deleted and takes no new resources.", code)
    if at.group_id and parent.type != GROUP:
        need_parent(azure, parent)
    return None


def check_body(azure: Azure, kind: ResourceType, request: Request, *, patch: bool) -> None:
    """Raises 400 that names the path of what the vendor's model does not allow."""
    for path in kind.booleans:
        _read_boolean(request.body, path)
    findings = schemas.check(kind.name, request.body, patch=patch)
    for path in findings.unknown:
        azure.log.warning("%s: unknown property '%s' in the body", request.path, path)
    _refuse(findings)


def check_action(kind: ResourceType, action: str, request: Request) -> None:
    """The same for the body of a POST."""
    if request.body is not None:
        _refuse(schemas.check_action(kind.name, action, request.body))


def _refuse(findings: schemas.Findings) -> None:
    if not findings.errors:
        return
    first = findings.errors[0]
    details = [
        {"code": "ValidationError", "target": item.path, "message": item.message}
        for item in findings.errors
    ]
    raise ArmError(400, "ValidationError", f"'{first.path}': {first.message}", first.path, details)


def check_preconditions(request: Request, previous: Resource | None) -> None:
    """Raises 412 where ``If-Match`` or ``If-None-Match`` does not fit what is stored."""
    wanted = request.headers.get("if-match")
    if wanted and wanted != "*" and (previous is None or previous.etag != wanted):
        raise ArmError(
            412, "PreconditionFailed", "The resource has changed: If-Match does not fit its etag."
        )
    if wanted == "*" and previous is None:
        raise ArmError(412, "PreconditionFailed", "If-Match is '*', but there is no such resource.")
    if request.headers.get("if-none-match") == "*" and previous is not None:
        raise ArmError(412, "PreconditionFailed", "If-None-Match is '*', but it exists already.")


def _check_create_only(kind: ResourceType, previous: Resource, new: Resource) -> None:
    if kind.tracked:
        location = new.body.setdefault("location", previous.location)
        if squeeze(str(location)) != squeeze(previous.location):
            raise conflict(
                f"The resource '{new.name}' already exists in location '{previous.location}' and "
                f"cannot be moved to '{location}'.",
                "InvalidResourceLocation",
            )
        new.body["location"] = previous.location
    for path in schemas.create_only(kind.name):
        old, now = dig(previous.body, path), dig(new.body, path)
        if now is not None and old is not None and str(now).lower() != str(old).lower():
            raise ArmError(
                400,
                "PropertyChangeNotAllowed",
                f"Changing property '{path}' is not allowed; delete the resource and make it anew.",
                target=path,
            )


def _check_unique(azure: Azure, kind: ResourceType, at: ResourceId) -> None:
    if not kind.unique:
        return
    taken = any(item.name.lower() == at.name.lower() for item in azure.resources.list(kind.name))
    if taken:
        raise conflict(f"The name '{at.name}' is already taken.", kind.unique)
    if kind.soft_delete_days and azure.deleted.named(kind.name, at.name):
        raise conflict(
            f"'{at.name}' exists in deleted state. Recover or purge it before you use the name.",
            "ConflictError",
        )


def _recover(
    azure: Azure, kind: ResourceType, at: ResourceId, body: dict[str, Any]
) -> Resource | None:
    deleted = azure.deleted.get(at) if kind.soft_delete_days else None
    if deleted is None:
        return None
    if kind.recovers is None or not kind.recovers(body):
        raise conflict(
            f"'{at.name}' exists in deleted state since {deleted.deleted_at.isoformat()}. "
            "Recover or purge it before you use the name.",
            "ConflictError",
        )
    return azure.deleted.recover(deleted)


def _check_references(azure: Azure, kind: ResourceType, new: Resource) -> None:
    for path in kind.needs:
        for target, value in _values(new.body, path):
            at = ResourceId.parse(str(value))
            if at.type == SUBSCRIPTION and azure.subscriptions.name(at.name):
                continue
            if not azure.resources.get(at):
                raise invalid(
                    f"'{target}' names '{value}', which was not found.",
                    target=target,
                    code="InvalidResourceReference",
                )


def _values(body: Any, path: str) -> Iterator[tuple[str, Any]]:
    """What is at a path, with where it stands: ``actions[].id`` is one in each of a list."""
    head, many, rest = path.partition("[]")
    found = dig(body, head)
    if not many:
        if found not in (None, ""):
            yield head, found
        return
    for number, item in enumerate(found if isinstance(found, list) else []):
        inner = _values(item, rest.removeprefix(".")) if rest else [("", item)]
        for where, value in inner:
            yield f"{head}[{number}]" + (f".{where}" if where else ""), value


def _keep_container(azure: Azure, new: Resource) -> None:
    """The container of a first version comes into being with it."""
    parent = new.id.parent
    holder = azure.types.get(parent.type) if parent else None
    if parent and holder and holder.versioned and azure.resources.get(parent) is None:
        container = Resource(parent, {"properties": {"isArchived": False}})
        container.created_by = new.created_by
        azure.resources.save(container)


def dig(body: Any, path: str) -> Any:
    """The value at a dotted path, None where there is none."""
    for part in path.split("."):
        body = body.get(part) if isinstance(body, dict) else None
    return body


def _read_boolean(body: Any, path: str) -> None:
    *parents, name = path.split(".")
    holder = dig(body, ".".join(parents))
    if isinstance(holder, dict) and holder.get(name) in ("true", "false"):
        holder[name] = holder[name] == "true"


def squeeze(location: str) -> str:
    """``East US`` and ``eastus`` are one region."""
    return location.replace(" ", "").lower()
