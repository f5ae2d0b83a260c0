"""The program in the real engine, by plain `pulumi` commands, against a real sandbox:

- A second `up` changes nothing and `refresh` finds no drift, also after the service made a registry
  and somebody stopped an instance.
- A changed maximum updates the cluster in place; what was deleted behind Pulumi's back is rebuilt.
- A policy, a bad setting or the wrong target stops a preview in one line.
- A vault that was only soft-deleted is recovered.
- Nothing of all this writes into a stack file.

The tests are one story and run in order; each leaves the environment as `up` made it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.infra.engine import STACK_FILE, Stack
from tests.sandbox.conftest import RunningSandbox, wait_until


@pytest.fixture(scope="module")
def stack(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[Stack]:
    before = STACK_FILE.read_bytes()
    stack = Stack(start_sandbox(tracking=False))
    stack.init()
    stack.up()
    with pytest.MonkeyPatch.context() as patch:
        stack.sandbox.lead(patch)
        yield stack
    assert STACK_FILE.read_bytes() == before


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[str, str], str]:
    """The arguments for a stack file in which one text is another."""

    def change(old: str, new: str) -> str:
        text = STACK_FILE.read_text()
        assert old in text
        (tmp_path / "Pulumi.dev.yaml").write_text(text.replace(old, new))
        return f"--config-file={tmp_path / 'Pulumi.dev.yaml'}"

    return change


def test_a_second_up_changes_nothing(stack: Stack) -> None:
    assert "unchanged" in stack.up("--expect-no-changes")
    stack.no_drift()


def test_the_outputs_lead_to_what_is_there(stack: Stack) -> None:
    outputs = stack.outputs()
    assert stack.arm("GET", outputs["workspace"]["id"])["name"] == outputs["workspace"]["name"]
    for kind, name in [
        ("computes", outputs["clusters"]["cpu-cluster"]),
        ("computes", outputs["instances"]["workstation"]),
        ("datastores", outputs["datastores"]["data"]),
        ("onlineEndpoints", outputs["endpoints"]["bike-rentals"]["name"]),
    ]:
        assert stack.arm("GET", f"{outputs['workspace']['id']}/{kind}/{name}")["name"] == name


def test_a_registry_made_lazily_is_no_drift(stack: Stack) -> None:
    outputs = stack.outputs()
    group = outputs["workspace"]["id"].split("/providers/")[0]
    registry = f"{group}/providers/Microsoft.ContainerRegistry/registries/madebytheservice"
    body = {"location": "eastus", "sku": {"name": "Standard"}, "properties": {}}
    stack.arm("PUT", registry, body, "2025-11-01")
    workspace = outputs["workspace"]["id"]
    stack.arm("PATCH", workspace, {"properties": {"containerRegistry": registry}})
    stack.no_drift()
    stack.up("--expect-no-changes")
    assert stack.arm("GET", workspace)["properties"]["containerRegistry"] == registry


def test_a_stopped_instance_is_no_drift(stack: Stack) -> None:
    outputs = stack.outputs()
    instance = f"{outputs['workspace']['id']}/computes/{outputs['instances']['workstation']}"

    def state() -> str:
        found: str = stack.arm("GET", instance)["properties"]["properties"]["state"]
        return found

    stack.arm("POST", f"{instance}/stop")
    wait_until(lambda: state() == "Stopped", what="the instance stops")
    stack.no_drift()
    stack.arm("POST", f"{instance}/start")
    wait_until(lambda: state() == "Running", what="the instance runs")


def test_a_changed_maximum_updates_in_place(
    stack: Stack, changed: Callable[[str, str], str]
) -> None:
    more = changed("max: 2", "max: 3")
    preview = stack.run("preview", "--diff", more)
    assert "maxNodeCount: 2 => 3" in preview
    assert "1 to update" in preview
    assert "replace" not in preview
    stack.up(more)
    cluster = stack.arm("GET", f"{stack.outputs()['workspace']['id']}/computes/cpu-cluster")
    assert cluster["properties"]["properties"]["scaleSettings"]["maxNodeCount"] == 3
    stack.up()


def test_what_was_deleted_behind_pulumis_back_is_rebuilt(stack: Stack) -> None:
    datastore = f"{stack.outputs()['workspace']['id']}/datastores/data"
    stack.arm("DELETE", datastore)
    assert "1 deleted" in stack.run("refresh", "--yes", "--skip-preview")
    assert "1 created" in stack.up()
    assert stack.arm("GET", datastore)["name"] == "data"


def test_policies_pass_what_the_program_declares(stack: Stack) -> None:
    told = stack.run("preview", "--policy-pack", "policies")
    assert "amlops@" in told
    assert "[mandatory]" not in told


def test_a_policy_stops_a_bad_preview(stack: Stack, changed: Callable[[str, str], str]) -> None:
    text = stack.refused("preview", "--policy-pack", "policies", changed("min: 0", "min: 1"))
    assert "[mandatory] [severity: medium]  cluster-scales-to-zero" in text
    assert "computes-cluster-cpu-cluster: minNodeCount is 1. Set `clusters.NAME.min`" in text


def test_a_bad_setting_is_one_line(stack: Stack, changed: Callable[[str, str], str]) -> None:
    text = stack.refused("preview", changed("max: 2", "maxx: 2"))
    expected = "amlops:settings.clusters.cpu-cluster.maxx: unknown; allowed are size, min, max"
    assert f"error: stacks/Pulumi.dev.yaml: {expected}" in text


def test_the_wrong_target_is_refused(stack: Stack) -> None:
    assert "the target is azure" in stack.refused("preview", AMLOPS_TARGET="azure")
    assert "allowed are sandbox and azure" in stack.refused("preview", AMLOPS_TARGET="")


def test_down_and_up_again(stack: Stack) -> None:
    outputs = stack.outputs()
    stack.destroy()
    root = f"/subscriptions/{outputs['subscriptionId']}"
    assert stack.arm("GET", f"{root}/resourceGroups", version="2025-04-01")["value"] == []
    # The vault is recovered; a workspace of the name has to be purged first.
    stack.arm("DELETE", f"{outputs['workspace']['id']}?forceToPurge=true")
    stack.up()
    assert stack.outputs()["keyVault"] == outputs["keyVault"]
