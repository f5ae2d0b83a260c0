"""Who owns what: the program an endpoint, `amlops deploy` its deployments and their traffic, the
service the registry that it made. No update takes them away, none of them is drift.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.chain import ML_VERSION as ML
from tests.end_to_end.chain import MODEL, SAMPLE, WORKSPACES, Chain
from tests.end_to_end.commands import ROOT, Amlops

STACK_FILE = ROOT / "stacks" / "Pulumi.dev.yaml"
WORKSPACE = WORKSPACES["dev"]


def pulumi(amlops: Amlops, *arguments: str) -> str:
    """Plain Pulumi in the sandbox's environment; what it printed."""
    ended = amlops.run("sandbox", "run", "--", "pulumi", *arguments, "--non-interactive")
    assert ended.code == 0, str(ended)
    return ended.output


def served(amlops: Amlops) -> tuple[Any, list[str]]:
    """The endpoint's traffic and its deployments."""
    endpoint = amlops.data("outputs", "dev")["endpoints"][MODEL]["name"]
    path = f"{WORKSPACE}/onlineEndpoints/{endpoint}"
    deployments = amlops.arm(f"{path}/deployments", ML)["value"]
    traffic = amlops.arm(path, ML)["properties"]["traffic"]
    return traffic, sorted(item["name"] for item in deployments)


@pytest.mark.step("score")
def test_updates_leave_traffic_and_a_lazily_made_registry_alone(
    chain: Chain, tmp_path: Path
) -> None:
    chain.have("deploy")
    amlops = chain.amlops
    before = served(amlops)
    assert list(before[0].values()) == [100]
    registry = amlops.arm(WORKSPACE, ML)["properties"]["containerRegistry"]
    assert registry, "the service made one for the deployment's image"

    text = STACK_FILE.read_text()
    (tmp_path / STACK_FILE.name).write_text(text.replace("owner: data-science", "owner: research"))
    other = f"--config-file={tmp_path / STACK_FILE.name}"
    pulumi(amlops, "up", "-s", "dev", "--yes", "--skip-preview", other)
    assert amlops.arm(WORKSPACE, ML)["tags"]["owner"] == "research"
    assert served(amlops) == before

    changes = amlops.data("up", "dev")["changes"]
    assert set(changes) == {"same", "update"}, changes
    assert amlops.arm(WORKSPACE, ML)["tags"]["owner"] == "data-science"
    assert amlops.arm(WORKSPACE, ML)["properties"]["containerRegistry"] == registry
    assert served(amlops) == before
    pulumi(amlops, "refresh", "-s", "dev", "--preview-only", "--expect-no-changes")
    assert len(amlops.data("score", "dev", MODEL, "--data", str(SAMPLE))) == 3
    assert STACK_FILE.read_text() == text


@pytest.mark.step("score")
def test_a_resource_is_imported_without_generated_code(chain: Chain) -> None:
    chain.have("up-dev")
    amlops = chain.amlops
    project = "urn:pulumi:dev::amlops::amlops:infra:Computes"
    token, name = "azure-native:machinelearningservices:Compute", "computes-cluster-cpu-cluster"
    identifier = f"/subscriptions/{amlops.subscription}/{WORKSPACE}/computes/cpu-cluster"
    pulumi(amlops, "state", "delete", f"{project}${token}::{name}", "-s", "dev", "--yes")
    pulumi(
        amlops,
        *("import", token, name, identifier, "-s", "dev", "--yes", "--skip-preview"),
        *("--parent", f"parent={project}::computes", "--generate-code=false", "--protect=false"),
    )
    pulumi(amlops, "preview", "-s", "dev", "--expect-no-changes")


@pytest.mark.step("teardown-test")
def test_down_leaves_nothing_and_up_comes_again(chain: Chain) -> None:
    chain.have("up-dev")
    amlops = chain.amlops
    before = amlops.data("outputs", "dev")
    amlops.ok("down", "dev", "--yes")
    chain.forget("up-dev")
    groups = amlops.arm("resourcegroups", "2025-04-01")["value"]
    assert "rg-bikes-dev" not in [group["name"] for group in groups]
    resources = amlops.arm("resources", "2025-04-01")["value"]
    assert not [item for item in resources if "/rg-bikes-dev/" in item["id"]]
    assert not [name for name in amlops.units() if name.startswith("deployment-")]
    chain.have("up-dev")
    assert amlops.data("outputs", "dev") == before
