"""Every required, enum and typed property of every schema, broken one by one.

Each fault yields one violation that names exactly its path; the body without the fault yields none.
"""

import pytest

from sandbox import schemas
from tests.sandbox.schemas.bodies import Bodies, document


@pytest.mark.parametrize("type_name", schemas.known())
def test_each_fault_of_a_put_is_found_at_its_path(type_name: str) -> None:
    schema = document(type_name)
    bodies = Bodies(schema)
    assert schemas.check(type_name, bodies.valid(schema)) == schemas.Findings()

    mutations = list(bodies.mutations(schema))

    assert len(mutations) > 2
    for mutation in mutations:
        findings = schemas.check(type_name, mutation.body)
        assert [one.path for one in findings.errors] == [mutation.path], mutation
        assert findings.errors[0].message
        assert findings.unknown == []


@pytest.mark.parametrize("type_name", schemas.known())
def test_a_patch_may_leave_out_and_remove_but_not_mistype(type_name: str) -> None:
    schema = document(type_name)
    for mutation in Bodies(schema).mutations(schema):
        findings = schemas.check(type_name, mutation.body, patch=True)
        wanted = [] if mutation.lenient else [mutation.path]
        assert [one.path for one in findings.errors] == wanted, mutation


ACTIONS = [
    (type_name, action)
    for type_name in schemas.known()
    for action in document(type_name)["x-actions"]
]


@pytest.mark.parametrize(("type_name", "action"), ACTIONS)
def test_each_fault_of_an_action_is_found_at_its_path(type_name: str, action: str) -> None:
    schema = document(type_name)
    bodies = Bodies(schema)
    root = schema["x-actions"][action]
    assert schemas.check_action(type_name, action.lower(), bodies.valid(root)).errors == []
    for mutation in bodies.mutations(root):
        findings = schemas.check_action(type_name, action, mutation.body)
        assert [one.path for one in findings.errors] == [mutation.path], mutation
