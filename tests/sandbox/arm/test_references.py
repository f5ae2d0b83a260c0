"""An id that points to nothing is refused by its path, whatever type has it."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import schemas
from sandbox.arm.types import ResourceType
from sandbox.resources import all_types
from sandbox.schemas.documents import document
from tests.sandbox.arm.conftest import InProcess
from tests.sandbox.arm.test_mutations import a_place
from tests.sandbox.schemas.bodies import Bodies, Schema

REFERENCES = [(kind, path) for kind in all_types() for path in kind.needs]


def naming(bodies: Bodies, schema: Schema, path: list[str], value: str) -> Any:
    """The smallest body that the schema takes, with the value at the path."""
    if not path:
        return value
    head, *rest = path
    whole = bodies.resolve(schema)
    if head == "[]":
        return [naming(bodies, whole["items"], rest, value)]
    inner = naming(bodies, whole["properties"][head], rest, value)
    return {**bodies.valid(whole), head: inner}


@pytest.mark.parametrize(
    ("kind", "path"), REFERENCES, ids=[f"{kind.name} {path}" for kind, path in REFERENCES]
)
def test_an_id_of_nothing_is_refused(in_process: InProcess, kind: ResourceType, path: str) -> None:
    at = a_place(in_process.azure, kind)
    schema = document(kind.name)
    assert schema is not None
    version = max(schemas.versions(kind.name))
    nothing = f"{at.group_id}/providers/Microsoft.Nothing/things/thing"
    body = naming(Bodies(schema), schema, path.replace("[]", ".[]").split("."), nothing)
    for location in ("eastus", "global"):
        answer = in_process.ask("PUT", str(at), {**body, "location": location}, version)
        error = answer.body["error"]
        if error["code"] != "LocationNotAvailableForResourceType":
            break
    assert (answer.status, error["code"]) == (400, "InvalidResourceReference"), error
    assert error["target"] == path.replace("[]", "[0]")
    assert nothing in error["message"]
    assert in_process.azure.resources.get(at) is None
