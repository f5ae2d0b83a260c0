"""Drift: where an environment in Azure is no longer as its stack made it.

Asks as a refresh would and changes nothing, neither in Azure nor in Pulumi's state.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation
from pulumi.automation.events import EngineEvent, OpType, StepEventMetadata

from ops import stacks
from ops.platform import Platform

CHANGED, DELETED, CREATED, GRANTED = "changed", "deleted", "created", "granted"
ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
_STEP = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[\]]+)')
"""A step of Pulumi's property paths: `["a.b"]`, `[0]`, `name`."""


@dataclass(frozen=True)
class Difference:
    """`property` is empty where the resource as a whole has gone or come.

    expected is what the stack says, actual what Azure has; None where one of them has nothing.
    Of what is granted, `resource` is on what, `property` the role, and `actual` who has it.
    """

    kind: str
    resource: str
    type: str
    property: str = ""
    expected: Any = None
    actual: Any = None

    def data(self) -> dict[str, Any]:
        return asdict(self)


def find(stack: automation.Stack, platform: Platform | None) -> list[Difference]:
    """What differs now. Raises `Failure` when the engine or a resource does not answer."""
    found: list[Difference] = []

    def watch(event: EngineEvent) -> None:
        if event.res_outputs_event:
            found.extend(differences(event.res_outputs_event.metadata))

    try:
        stack.preview_refresh(on_event=watch, show_secrets=False, suppress_outputs=True)
    except automation.CommandError as error:
        raise stacks.failure_of(error) from None
    if platform is not None:
        managed = stacks.resources(stack)
        found += [*created(managed, platform), *granted(managed, platform)]
    return sorted(found, key=lambda item: (item.kind, item.resource, item.property))


def differences(step: StepEventMetadata) -> list[Difference]:
    """What one resource's refresh tells."""
    name = step.urn.rsplit("::", 1)[-1]
    if step.op == OpType.DELETE:
        return [Difference(DELETED, name, step.type)]
    if step.op != OpType.UPDATE or step.old is None or step.new is None:
        return []
    if not step.detailed_diff:
        return [
            Difference(CHANGED, name, step.type, path, _at(step.old.inputs, path),
                       _at(step.new.inputs, path))
            for path in step.diffs or []
        ]  # fmt: skip
    found = []
    for path, difference in step.detailed_diff.items():
        kept = (step.old.inputs, step.new.inputs)
        if not difference.input_diff:
            kept = (step.old.outputs, step.new.outputs)
        expected, actual = (_at(values, path) for values in kept)
        found.append(Difference(CHANGED, name, step.type, path, expected, actual))
    return found


def created(managed: list[dict[str, Any]], platform: Platform) -> list[Difference]:
    """What lies in the environment's group and is neither the stack's nor made and kept by what is,
    as a machine's disk; nothing for a group that others have made and use as well.
    """
    from azure.mgmt.resource.resources import ResourceManagementClient

    if not any(resource["type"] == stacks.GROUP for resource in managed):
        return []
    ids, by_right = _ids(managed), _of_others("resources")
    client = ResourceManagementClient(platform.credential, platform.subscription)
    return [
        Difference(CREATED, str(item.name), str(item.type))
        for item in client.resources.list_by_resource_group(platform.group)
        if not ids & {str(item.id).lower(), str(item.managed_by).lower()}
        and str(item.type).lower() not in by_right
    ]


def granted(managed: list[dict[str, Any]], platform: Platform) -> list[Difference]:
    """The roles that somebody has on what the stack made, or below it, and not by the stack. What
    is inherited from above is none of the environment's.
    """
    from azure.mgmt.authorization import AuthorizationManagementClient

    ids, own = _ids(managed), _own_identities(managed)
    client = AuthorizationManagementClient(platform.credential, platform.subscription)
    foreign = [
        item
        for item in client.role_assignments.list_for_resource_group(platform.group)
        if str(item.id).lower() not in ids and below(str(item.scope).lower(), ids)
    ]
    if not foreign:
        return []
    scope = f"/subscriptions/{platform.subscription}/resourceGroups/{platform.group}"
    names = {
        _last(str(role.id)).lower(): str(role.role_name)
        for role in client.role_definitions.list(scope)
    }
    by_right, found = _of_others("roles"), []
    for item in foreign:
        role = _last(str(item.role_definition_id))
        name = names.get(role.lower(), role)
        if item.principal_id in own and name.lower() in by_right:
            continue
        who = {"principal": item.principal_id, "type": item.principal_type}
        place = {"scope": item.scope, "assignment": item.id}
        on = _last(str(item.scope))
        found.append(Difference(GRANTED, on, ASSIGNMENTS, name, None, {**who, **place}))
    return found


def _ids(managed: list[dict[str, Any]]) -> frozenset[str]:
    """What the stack has made, by id in lower case; what it only reads is not among it."""
    return frozenset(
        str(resource["id"]).lower()
        for resource in managed
        if resource.get("id") and resource.get("custom") and not resource.get("external")
    )


def below(scope: str, ids: frozenset[str]) -> bool:
    """Whether a scope is one of these ids or lies below one."""
    parts = scope.split("/")
    return any("/".join(parts[:end]) in ids for end in range(len(parts), 1, -1))


def _own_identities(managed: list[dict[str, Any]]) -> frozenset[str]:
    """The principals that Azure made with the stack's resources, one each, to act as them."""
    found = ((resource.get("outputs") or {}).get("identity") for resource in managed)
    return frozenset(str(one["principalId"]) for one in found if one and one.get("principalId"))


def _last(identifier: str) -> str:
    return identifier.rpartition("/")[2]


@cache
def _of_others(kind: str) -> frozenset[str]:
    """What the table says that others do by right: `resources` or `roles`."""
    table: dict[str, dict[str, str]] = yaml.safe_load(
        Path(__file__).with_suffix(".yaml").read_text()
    )
    return frozenset(name.lower() for name in table[kind])


def _at(value: Any, path: str) -> Any:
    """The value at a property path; None where there is none."""
    for quoted, index, name in _STEP.findall(path):
        key = quoted.replace('\\"', '"') or name
        if index:
            value = (
                value[int(index)] if isinstance(value, list) and int(index) < len(value) else None
            )
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value
