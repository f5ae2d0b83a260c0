"""Every kind of compute in one stack, in the real engine against a real sandbox:

- A second `up` changes nothing and `refresh` finds no drift: attaching is idempotent.
- What is attached again after somebody detached it is what it was; what is there already stays.
- Numbers of nodes change in place, what the service keeps for life makes anew.
- No key or token is in the state as it is.
- `destroy` leaves nothing but what was there before.

The tests are one story and run in order.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from azure.keyvault.secrets import SecretClient

from tests.infra.engine import Stack, stack_file
from tests.infra.every_compute import CLUSTERS, INSTANCES, KUBERNETES, PUBLIC_KEY
from tests.sandbox.conftest import Place, RunningSandbox
from tests.sandbox.ml import targets

SECRETS = {"vm-key": "the private key", "dapi": "the access token", "hdi": "the pass phrase"}


@dataclass
class Computes(Stack):
    """A stack whose settings change."""

    settings: dict[str, Any] = field(default_factory=dict)

    def write(self) -> None:
        assert self.file
        self.file.write_text(stack_file(self.settings))

    def compute(self, name: str) -> dict[str, Any]:
        path = f"{self.outputs()['workspace']['id']}/computes/{name}"
        found: dict[str, Any] = self.arm("GET", path)["properties"]
        return found


def before(sandbox: RunningSandbox) -> dict[str, str]:
    """What others have made: a group with what is to be attached, and a vault with the keys."""
    unique = uuid.uuid4().hex[:8]
    theirs = Place(sandbox.subscription, "rg-theirs", "", f"st{unique}")
    root = f"/subscriptions/{sandbox.subscription}/resourceGroups/rg-theirs"
    assert sandbox.arm("PUT", root, {"location": "eastus"}, version="2025-04-01").is_success
    vault = f"kv-{unique}"
    properties = {
        "tenantId": sandbox.environment["AZURE_TENANT_ID"],
        "sku": {"family": "A", "name": "standard"},
        "enableRbacAuthorization": True,
    }
    path = f"{root}/providers/Microsoft.KeyVault/vaults/{vault}"
    targets.put(sandbox, path, "2024-11-01", {"properties": properties})
    client = SecretClient(f"https://{vault}.vault.azure.net", sandbox.credential())
    for name, value in SECRETS.items():
        client.set_secret(name, value)
    return {
        "vault": vault,
        "aks": targets.kubernetes(sandbox, theirs, f"aks-{unique}"),
        "databricks": targets.databricks(sandbox, theirs, f"dbw-{unique}"),
        "hdinsight": targets.hdinsight(sandbox, theirs, f"hdi{unique}"),
        "spark": targets.spark(sandbox, theirs, f"syn{unique}"),
    }


def settings(found: dict[str, str]) -> dict[str, Any]:
    def secret(name: str) -> dict[str, str]:
        return {"secret": name, "vault": found["vault"]}

    clusters = {name: given for name, given in CLUSTERS.items() if name != "gpu-cluster"}
    return {
        "workload": "bikes",
        "owner": "me",
        "cost_centre": "4711",
        "instances": {
            **copy.deepcopy(INSTANCES),
            "workstation": {**copy.deepcopy(INSTANCES["workstation"]), "assigned_user": None},
        },
        "clusters": copy.deepcopy(clusters),
        "kubernetes": {
            "inference": copy.deepcopy(KUBERNETES["inference"]),
            "theirs": {"existing": found["aks"], "namespace": "learning"},
        },
        "attached": {
            "box": {
                "kind": "virtual-machine",
                "create": {"public_ip": True},
                "public_key": PUBLIC_KEY,
                "private_key": secret("vm-key"),
            },
            "anywhere": {
                "kind": "virtual-machine",
                "address": "10.1.2.3",
                "private_key": secret("vm-key"),
            },
            "bricks": {
                "kind": "databricks",
                "existing": found["databricks"],
                "token": secret("dapi"),
            },
            "hadoop": {
                "kind": "hdinsight",
                "existing": found["hdinsight"],
                "password": secret("hdi"),
            },
            "spark": {"kind": "synapse-spark", "existing": found["spark"]},
        },
    }


@pytest.fixture(scope="module")
def stack(
    start_sandbox: Callable[..., RunningSandbox], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Computes]:
    sandbox = start_sandbox(tracking=False)
    with pytest.MonkeyPatch.context() as patch:
        sandbox.lead(patch)
        file = tmp_path_factory.mktemp("stack") / "Pulumi.dev.yaml"
        made = Computes(sandbox, file, settings=settings(before(sandbox)))
        made.write()
        made.init()
        made.up()
        yield made


def test_a_second_up_changes_nothing(stack: Computes) -> None:
    assert "unchanged" in stack.up("--expect-no-changes")
    stack.no_drift()


def test_every_compute_is_there_by_its_key(stack: Computes) -> None:
    outputs = stack.outputs()
    for kind in ("clusters", "instances", "kubernetes", "attached"):
        assert set(outputs[kind]) == set(stack.settings[kind])
        for name in outputs[kind].values():
            assert stack.compute(name)["provisioningState"] == "Succeeded"


def test_the_machine_that_was_made_is_the_one_that_is_attached(stack: Computes) -> None:
    box = stack.compute("box")
    machine = stack.arm("GET", box["resourceId"], version="2024-11-01")
    assert machine["properties"]["osProfile"]["adminUsername"] == "azureuser"
    assert box["properties"]["address"].startswith("203.0.113.")
    assert box["properties"]["virtualMachineSize"] == "Standard_DS3_v2"


def test_no_key_is_in_the_state_as_it_is(stack: Computes) -> None:
    state = stack.run("stack", "export")
    assert PUBLIC_KEY.split()[1] in state, "the export shows what is no secret"
    for value in SECRETS.values():
        assert value not in state


def test_what_somebody_detached_is_attached_again(stack: Computes) -> None:
    outputs = stack.outputs()
    path = f"{outputs['workspace']['id']}/computes/theirs?underlyingResourceAction=Detach"
    stack.arm("DELETE", path)
    assert "1 deleted" in stack.run("refresh", "--yes", "--skip-preview")
    assert "1 created" in stack.up()
    assert stack.compute("theirs")["properties"]["namespace"] == "learning"


def test_instance_types_and_nodes_change_in_place(stack: Computes) -> None:
    types = stack.settings["kubernetes"]["theirs"].setdefault("instance_types", {})
    types |= {"defaultinstancetype": {}, "large": {"cpu": "8", "memory": "32Gi"}}
    stack.settings["clusters"]["debug"]["max"] = 5
    stack.write()
    preview = stack.run("preview", "--diff")
    assert "2 to update" in preview
    # The principal of the cluster's own identity is open in a preview, so its grants are too.
    assert "5 to replace" in preview
    done = stack.up()
    assert "2 updated" in done
    assert "replaced" not in done
    assert set(stack.compute("theirs")["properties"]["instanceTypes"]) == set(types)
    stack.no_drift()


def test_another_schedule_makes_an_instance_anew(stack: Computes) -> None:
    schedules = stack.settings["instances"]["workstation"]["schedules"]
    schedules["evening"]["cron"] = "0 20 * * 1-5"
    stack.write()
    assert "1 to replace" in stack.run("preview")
    stack.up()
    stack.no_drift()


def test_another_size_makes_a_compute_and_its_grants_anew(stack: Computes) -> None:
    stack.settings["clusters"]["debug"]["size"] = "Standard_DS4_v2"
    stack.write()
    assert "6 to replace" in stack.run("preview")
    # Its place in the list is taken by the next, which keeps its own number of nodes.
    del stack.settings["kubernetes"]["inference"]["create"]["pools"]["spot"]
    stack.write()
    stack.up()
    assert stack.compute("debug")["properties"]["vmSize"] == "Standard_DS4_v2"
    stack.up("--expect-no-changes")


def test_what_was_there_before_is_there_afterwards(stack: Computes) -> None:
    group = stack.outputs()["resourceGroup"]
    stack.destroy()
    root = f"/subscriptions/{stack.sandbox.subscription}/resourceGroups"
    left = stack.arm("GET", root, version="2025-04-01")["value"]
    assert group not in [item["name"] for item in left]
    attached, kubernetes = stack.settings["attached"], stack.settings["kubernetes"]
    for there, version in (
        (attached["bricks"], "2024-05-01"),
        (attached["hadoop"], "2021-06-01"),
        (attached["spark"], "2021-06-01"),
        (kubernetes["theirs"], "2025-09-01"),
    ):
        assert stack.arm("GET", there["existing"], version=version)["id"]
