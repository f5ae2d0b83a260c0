"""Over HTTP's back door: every body that breaks the vendor's model is refused by its path.

The faults are those of ``tests/sandbox/schemas``: each required, enum and typed property once.
"""

from __future__ import annotations

import re
import uuid

import pytest

from sandbox import schemas
from sandbox.arm.ids import GROUP, ResourceId
from sandbox.arm.resource import Resource
from sandbox.arm.types import ResourceType
from sandbox.azure import Azure
from sandbox.resources import all_types
from sandbox.schemas.documents import document
from tests.sandbox.arm.conftest import InProcess
from tests.sandbox.schemas.bodies import Bodies

TYPES = [kind for kind in all_types() if document(kind.name) and not kind.versioned]
NAMES = ("name1", "default", str(uuid.UUID(int=7)), "1", "n-1", "zone.example")


def a_name(type_name: str) -> str:
    pattern = schemas.names(type_name) or ""
    return next(name for name in NAMES if re.search(pattern, name))


def a_place(azure: Azure, kind: ResourceType) -> ResourceId:
    """An id of that type whose group and parents are there."""
    group = ResourceId.parse(f"/subscriptions/{azure.identity.subscription_id}/resourceGroups/rg")
    if kind.name == GROUP:
        return ResourceId(group.scope, GROUP, ("rg-new",))
    azure.resources.save(Resource(group, {"location": "eastus", "properties": {}}))
    segments = kind.name.split("/")
    names: list[str] = []
    for depth in range(1, len(segments) - 1):
        holder = "/".join(segments[: depth + 1])
        names.append(a_name(holder))
        parent = ResourceId(str(group), holder, tuple(names))
        azure.resources.save(Resource(parent, {"location": "eastus", "properties": {}}))
    return ResourceId(str(group), kind.name, (*names, a_name(kind.name)))


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.name)
def test_each_fault_of_a_put_is_refused_with_its_path(
    in_process: InProcess, kind: ResourceType
) -> None:
    at = a_place(in_process.azure, kind)
    version = max(schemas.versions(kind.name))
    schema = document(kind.name)
    assert schema is not None
    count = 0
    for mutation in Bodies(schema).mutations(schema):
        answer = in_process.ask("PUT", str(at), mutation.body, version)
        if not isinstance(mutation.body, dict):
            assert answer.status == 400
            continue
        assert answer.status == 400, (mutation, answer.body)
        error = answer.body["error"]
        assert error["code"] == "ValidationError", (mutation, error)
        assert error["target"] == mutation.path
        assert f"'{mutation.path}'" in error["message"]
        count += 1
    assert count > 1
    assert in_process.azure.resources.get(at) is None, "nothing half created"
    assert in_process.azure.operations.open_on(at) is None
