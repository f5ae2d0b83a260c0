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
from ops.platform import GROUP, Platform

CHANGED, DELETED, CREATED = "changed", "deleted", "created"
_STEP = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[\]]+)')
"""A step of Pulumi's property paths: `["a.b"]`, `[0]`, `name`."""


@dataclass(frozen=True)
class Difference:
    """`property` is empty where the resource as a whole has gone or come.

    expected is what the stack says, actual what Azure has; None where one of them has nothing.
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
        found += created(stack, platform)
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


def created(stack: automation.Stack, platform: Platform) -> list[Difference]:
    """What lies in the environment's group and is not the stack's; nothing for a group that others
    have made and use as well.
    """
    from azure.mgmt.resource.resources import ResourceManagementClient

    managed = stacks.resources(stack)
    if not any(resource["type"] == GROUP for resource in managed):
        return []
    ids = {str(resource.get("id", "")).lower() for resource in managed}
    client = ResourceManagementClient(platform.credential, platform.subscription)
    return [
        Difference(CREATED, str(item.name), str(item.type))
        for item in client.resources.list_by_resource_group(platform.group)
        if str(item.id).lower() not in ids and str(item.type).lower() not in _of_others()
    ]


@cache
def _of_others() -> frozenset[str]:
    table: dict[str, str] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text())
    return frozenset(kind.lower() for kind in table)


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
