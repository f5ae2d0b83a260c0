"""Names, locations and complaints: what Check does to a program's inputs."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.provider.check import Autonaming, complete, failures
from sandbox.provider.table import resource_type, tokens
from sandbox.provider.values import UNKNOWN

URN = "urn:pulumi:dev::p::t::thing"


def run(token: str, new: dict[str, Any], old: dict[str, Any] | None = None, **kw: Any) -> Any:
    resource = resource_type(f"azure-native:{token}")
    return complete(
        resource,
        URN,
        old or {},
        new,
        kw.get("seed", b"seed"),
        kw.get("autonaming"),
        kw.get("region", lambda _: "westeurope"),
    )


def test_a_resource_below_its_provider_gets_a_random_name() -> None:
    inputs = run("storage:StorageAccount", {"resourceGroupName": "rg"})
    assert re.fullmatch(r"thing[0-9a-f]{8}", inputs["accountName"])
    assert inputs["__createBeforeDelete"] is True


def test_a_child_keeps_its_own_name() -> None:
    inputs = run("storage:BlobContainer", {"resourceGroupName": "rg", "accountName": "st"})
    assert inputs["containerName"] == "thing"
    assert "__createBeforeDelete" not in inputs


def test_a_grant_is_named_by_a_uuid() -> None:
    name = run("authorization:RoleAssignment", {"scope": "/x"})["roleAssignmentName"]
    assert str(uuid.UUID(name)) == name


@given(st.binary(min_size=1), st.sampled_from(tokens()))
def test_check_is_idempotent_and_a_seed_gives_one_name(seed: bytes, token: str) -> None:
    short = token.removeprefix("azure-native:")
    first = run(short, {}, seed=seed)
    assert run(short, {}, seed=seed) == first
    assert run(short, {}, old=first, seed=b"other") == first
    assert run(short, first, old=first, seed=b"other") == first


def test_the_projects_autonaming_is_respected() -> None:
    propose = Autonaming("propose", "proposed")
    assert run("storage:StorageAccount", {}, autonaming=propose)["accountName"] == "proposed"
    name = run("authorization:RoleAssignment", {"scope": "/x"}, autonaming=propose)
    assert name["roleAssignmentName"] != "proposed"
    resource = resource_type("azure-native:storage:StorageAccount")
    disabled = run("storage:StorageAccount", {}, autonaming=Autonaming("disable"))
    assert "accountName" in {failure.property for failure in failures(resource, disabled)}


def test_the_location_is_that_of_the_group_unless_said() -> None:
    assert run("storage:StorageAccount", {"resourceGroupName": "rg"})["location"] == "westeurope"
    assert run("storage:StorageAccount", {"location": "eastus"})["location"] == "eastus"
    unknown = run("keyvault:Vault", {"resourceGroupName": UNKNOWN}, region=lambda group: group)
    assert unknown["location"] is UNKNOWN
    assert "location" not in run("storage:BlobContainer", {})


@pytest.mark.parametrize(
    ("token", "path", "value", "said"),
    [
        ("storage:StorageAccount", "sku", None, "missing required property 'sku'"),
        ("storage:StorageAccount", "sku", {}, "missing required property 'sku.name'"),
        ("storage:StorageAccount", "kind", 3, "'kind' should be of type string, not number"),
        ("storage:StorageAccount", "isHnsEnabled", "yes", "should be of type boolean, not string"),
        ("storage:StorageAccount", "tags", ["a"], "'tags' should be of type object, not array"),
        (
            "machinelearningservices:Compute",
            "properties",
            {"computeType": "Abacus"},
            "'properties.computeType' is 'Abacus'; it is one of AKS, AmlCompute",
        ),
        (
            "machinelearningservices:Compute",
            "properties",
            {
                "computeType": "AmlCompute",
                "properties": {"scaleSettings": {"maxNodeCount": 1.5}},
            },
            "'properties.properties.scaleSettings.maxNodeCount' must be an integer, not 1.5",
        ),
    ],
)
def test_a_complaint_names_the_property(token: str, path: str, value: Any, said: str) -> None:
    resource = resource_type(f"azure-native:{token}")
    good = {
        "resourceGroupName": "rg",
        "workspaceName": "w",
        "computeName": "c",
        "accountName": "a",
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
    }
    inputs = {name: item for name, item in (good | {path: value}).items() if item is not None}
    found = failures(resource, inputs)
    assert len(found) == 1
    assert said in found[0].reason
    assert found[0].property.startswith(path)


def test_what_is_not_known_yet_is_not_complained_about() -> None:
    resource = resource_type("azure-native:storage:StorageAccount")
    names = [*resource.path_inputs, *resource.shape.required]
    assert not failures(resource, dict.fromkeys(names, UNKNOWN))
