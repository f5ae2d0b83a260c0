"""What a person sees while Pulumi works.

- Components, which only hold others together, are no rows; nor are providers; nor are they counted.
- What a refresh does not find is forgotten: nothing is deleted, nothing lost with it.
- What is lost with a resource that is deleted or replaced is a line of its own.
- What the policies say is a count, with the command that names it.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pulumi.automation.events import EngineEvent

from ops.doctor.plan import IDENTIFIERS
from ops.watching import Resources, _holders

WORKSPACE = "azure-native:machinelearningservices:Workspace"


def step(
    operation: str, kind: str, name: str, *, custom: bool = True, event: str = "resourcePreEvent"
) -> EngineEvent:
    """The engine begins with a resource, or is done (`resOutputsEvent`)."""
    urn = f"urn:pulumi:dev::amlops::{kind}::{name}"
    state: dict[str, Any] = {"type": kind, "urn": urn, "id": "", "parent": "", "provider": ""}
    state |= {"inputs": {}, "outputs": {}, **({"custom": True} if custom else {})}
    metadata = {"op": operation, "urn": urn, "type": kind, "provider": "", "new": state}
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, event: {"metadata": metadata}})


def advice() -> EngineEvent:
    told = {
        "resourceUrn": "urn:pulumi:dev::amlops::t::account", "message": "W.\naccount: off.",
        "color": "", "policyName": "https", "policyPackName": "amlops", "policyPackVersion": "",
        "policyPackVersionTag": "", "enforcementLevel": "advisory",
    }  # fmt: skip
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, "policyEvent": told})


def test_components_are_no_rows() -> None:
    with Resources(planned=True) as resources:
        resources.watch(step("create", "amlops:infra:Workspace", "workspace", custom=False))
        resources.watch(step("create", "pulumi:providers:azure-native", "default_3_29_0"))
        resources.watch(step("create", WORKSPACE, "workspace-workspace"))
    assert [row[1] for row in resources.rows()] == ["workspace-workspace"]
    assert (resources.counts(), resources.summary()) == ({"create": 1}, "1 made")


@pytest.mark.parametrize(
    ("operations", "counts", "text"),
    [
        ([], {}, "nothing to do"),
        (["same"], {"same": 1}, "1 unchanged"),
        (["create", "create", "same"], {"create": 1}, "1 made"),
        (["create-replacement", "replace", "delete-replaced"], {"replace": 1}, "1 replaced"),
        (["refresh", "delete"], {"delete": 1}, "1 deleted"),
        (["refresh", "same"], {"same": 1}, "1 unchanged"),
    ],
)
def test_a_resource_is_counted_once(
    operations: list[str], counts: dict[str, int], text: str
) -> None:
    resources = Resources(planned=True)
    for operation in operations:
        resources.watch(step(operation, WORKSPACE, "one"))
    assert (resources.counts(), resources.summary()) == (counts, text)


def test_what_a_refresh_does_not_find_is_forgotten(capsys: pytest.CaptureFixture[str]) -> None:
    gone = step("delete", WORKSPACE, "one", event="resOutputsEvent")
    with Resources(refreshing=True) as resources:
        resources.watch(gone)
    assert resources.summary() == "1 forgotten"
    told = capsys.readouterr().err
    assert "done     forget   one" in told
    assert "lost with it" not in told


@pytest.mark.parametrize(
    ("operation", "kind", "told"),
    [
        ("create-replacement", WORKSPACE, "one is replaced, and lost with it: jobs, models"),
        ("delete", "azure-native:storage:BlobContainer", "one is deleted, and lost with it: all b"),
        ("update", WORKSPACE, ""),
        ("delete", "azure-native:authorization:RoleAssignment", ""),
    ],
)
def test_what_is_lost_with_a_resource_is_told(
    operation: str, kind: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Resources("dev", planned=True) as planned:
        planned.watch(step(operation, kind, "one"))
    assert "".join(planned.lost()).startswith(told)
    assert bool(planned.lost()) == bool(told)
    assert "lost with it" not in capsys.readouterr().err
    with Resources("dev") as done:
        done.watch(step(operation, kind, "one"))
    assert ("lost with it" in capsys.readouterr().err) == bool(told)


def test_what_holds_something_is_of_a_type_that_the_program_makes() -> None:
    assert set(_holders()) - set(yaml.safe_load(IDENTIFIERS.read_text())) == set()


def test_what_policies_say_is_a_count_and_the_command_that_names_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Resources("lab", planned=True) as resources:
        resources.watch(advice())
    told = capsys.readouterr().err
    assert told == "policies: 1 advisory; see: amlops policy check lab\n"
