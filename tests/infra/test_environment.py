"""What holds in every environment, whatever its settings:

- Everything that bears tags bears the four that costs are told apart by.
- Every grant says why, names its kind of principal, and is called the same in every run.
- Without protection nothing stands in `down`'s way.
- All of it lies in the one resource group, so that deleting the group deletes the environment.
"""

from __future__ import annotations

import importlib
import inspect
import re
import uuid

import pulumi
import pytest

from infra.settings import Settings, load, table
from policies.catalogue import rules
from policies.parameters import parameters
from tests.checkout import ROOT
from tests.infra.mocks import FORESEEN, SUBSCRIPTION, Plan, Registered, inputs_of, plan, settings

ROLE_DEFINITION = "authorization:RoleDefinition"
ON_ANOTHER = {"monitor:DiagnosticSetting": "resourceUri", "consumption:Budget": "scope"}
"""What is put on a resource or group, by the input that says on which."""


def takes_tags(resource: Registered) -> bool:
    _, module, type_ = resource.type.split(":")
    class_ = getattr(importlib.import_module(f"pulumi_azure_native.{module}"), type_)
    return "tags" in inspect.signature(class_._internal_init).parameters


def test_everything_that_can_bears_the_required_tags(planned: Plan) -> None:
    required = set(parameters("dev").required_tags)
    for resource in planned.resources.values():
        if takes_tags(resource):
            assert required <= resource.inputs["tags"].keys(), resource.name


def test_more_tags_are_passed_on(everything: Plan) -> None:
    assert everything.only("resources:ResourceGroup").inputs["tags"]["expiry"] == "never"


def test_everything_of_a_short_lived_environment_says_when_it_expires() -> None:
    planned = plan(settings(expires="2026-11-24T10:00:00Z"))
    tagged = [resource for resource in planned.resources.values() if takes_tags(resource)]
    assert {r.inputs["tags"]["expires"] for r in tagged} == {"2026-11-24T10:00:00Z"}


def test_what_stays_has_no_time_at_which_it_expires(planned: Plan) -> None:
    for resource in planned.resources.values():
        assert "expires" not in resource.inputs.get("tags", {}), resource.name


def test_the_tag_rule_looks_at_every_type_that_bears_tags(everything: Plan) -> None:
    tagged = {r.short_type for r in everything.resources.values() if takes_tags(r)}
    types = set(rules()["required-tags"].metadata.types)
    assert tagged <= types


def test_every_output_is_in_the_documentation(everything: Plan) -> None:
    page = (ROOT / "docs" / "infra.md").read_text()
    listed = page.partition("stack's outputs")[2].partition("## ")[0]
    missing = everything.outputs.keys() - set(re.findall(r"\w+", listed))
    assert everything.outputs
    assert sorted(missing) == []


def test_every_grant_has_a_reason_and_a_known_role(planned: Plan) -> None:
    grants = inputs_of(planned, "authorization:RoleAssignment")
    assert grants
    known = {f"/{id_}" for id_ in table("roles.yaml").values()}
    known |= {f"/{d['roleDefinitionId']}" for d in inputs_of(planned, ROLE_DEFINITION)}
    for grant in grants:
        assert len(grant["description"]) > 10
        assert grant["principalType"] in {"ServicePrincipal", "Group", "User"}
        assert any(grant["roleDefinitionId"].endswith(id_) for id_ in known)
        assert grant["scope"].startswith(("/id/of/", "/subscriptions/"))
        if grant["scope"].startswith("/subscriptions/"):
            of = grant["scope"].split("/")[2]
            assert grant["roleDefinitionId"].startswith(f"/subscriptions/{of}/")
        uuid.UUID(grant["roleAssignmentName"])


def test_grants_are_called_the_same_in_every_run(chosen: Settings, planned: Plan) -> None:
    def names(of: Plan) -> set[str]:
        return {g["roleAssignmentName"] for g in inputs_of(of, "authorization:RoleAssignment")}

    assert names(plan(chosen)) == names(planned)
    assert len(names(planned)) == len(planned.of_type("authorization:RoleAssignment"))


def test_the_workspace_waits_for_the_grants_of_its_identity(planned: Plan) -> None:
    before = {name for name in planned.resources if name.startswith("workspace-roles-")}
    assert before
    assert before <= set(planned.only("machinelearningservices:Workspace").dependencies)


@pytest.mark.parametrize("environment", ["dev", "test"])
def test_nothing_stands_in_the_way_of_down(environment: str) -> None:
    planned = plan(load(environment), environment)
    assert not any(resource.protect for resource in planned.resources.values())
    assert planned.of_type("authorization:ManagementLockByScope") == []


def test_protection_covers_what_holds_data_and_can_be_lifted(everything: Plan) -> None:
    protected = {r.short_type for r in everything.resources.values() if r.protect}
    assert protected >= {
        "resources:ResourceGroup",
        "keyvault:Vault",
        "storage:StorageAccount",
        "storage:BlobContainer",
        "machinelearningservices:Workspace",
    }
    locks = everything.of_type("authorization:ManagementLockByScope")
    assert {lock.inputs["level"] for lock in locks} == {"CanNotDelete"}
    assert not any(lock.protect for lock in locks)
    assert "foundation" in everything.protected_components
    assert "locks" not in everything.protected_components


def test_locks_leave_clusters_their_scaling(everything: Plan) -> None:
    """Azure's clusters do not scale where the group or the workspace is locked."""
    locked = {r.inputs["scope"] for r in everything.of_type("authorization:ManagementLockByScope")}
    data = ("storageAccount", "lake", "keyVault", "registry", "logAnalytics")
    assert locked == {f"/id/of/{everything.outputs[name]}" for name in data}


def test_all_lies_in_the_one_group(planned: Plan) -> None:
    group = planned.outputs["resourceGroup"]
    for resource in planned.resources.values():
        if resource.short_type in ON_ANOTHER:
            assert resource.inputs[ON_ANOTHER[resource.short_type]].startswith("/id/of/")
        elif "authorization" not in resource.type:
            assert resource.inputs["resourceGroupName"] == group, resource.name


def test_children_are_named_after_their_component(planned: Plan) -> None:
    for resource in planned.resources.values():
        assert resource.name.startswith(f"{resource.parent}-")
        assert resource.parent in planned.components


def test_one_component_a_file() -> None:
    files = list((ROOT / "infra").rglob("*.py"))
    found = {path: path.read_text().count("(pulumi.ComponentResource)") for path in files}
    assert sum(found.values()) > 10
    assert [path for path, count in found.items() if count > 1] == []


def test_outputs_are_what_others_read(everything: Plan) -> None:
    outputs = everything.outputs
    assert outputs["environment"] == "dev"
    assert outputs["subscriptionId"] == SUBSCRIPTION
    assert outputs["resourceGroup"] == "rg-bikes-dev"
    assert outputs["workspace"] == {
        "name": "mlw-bikes-dev",
        "id": "/id/of/mlw-bikes-dev",
        "location": "eastus",
    }
    endpoint = outputs["endpoints"]["bike-rentals"]
    assert endpoint["scoringUri"] == (
        f"https://{endpoint['name']}.eastus.inference.ml.azure.com/score"
    )
    assert outputs["instances"]["workstation"].startswith("workstation-dev-")
    assert outputs["clusters"]["gpu-cluster"] == "gpu-cluster"
    assert outputs["registry"].startswith("crbikesdev")
    assert outputs["protection"] is True
    assert outputs["tags"]["cost-centre"] == "4711"


def test_mocks_foresee_nothing_that_is_not_made(everything: Plan) -> None:
    made = {resource.type for resource in everything.resources.values()}
    made |= {resource.type for resource in plan(load("shared"), "shared").resources.values()}
    assert made == set(FORESEEN)


def test_mocks_throw_on_the_unforeseen() -> None:
    class Surprise(pulumi.CustomResource):
        def __init__(self) -> None:
            super().__init__("azure-native:compute:Disk", "surprise", {})

    with pytest.raises(Exception, match="unforeseen resource type"):
        pulumi.runtime.test(Surprise)()
