"""What holds in a registry stack:

- One registry with its own region first, in each region what it stands on, nothing of it public.
- Everything that can bears the tags; people have roles on the group, with a reason.
- Diagnostics, budget, lock and protection as in an environment.
"""

from __future__ import annotations

from typing import Any

import pytest

from infra.asset_registry import check_regions
from infra.rest import Get
from infra.settings import FaultsError, RegistryStack, SettingsError, load, parse
from tests.infra.mocks import MINIMAL, SUBSCRIPTION, Plan, plan
from tests.infra.test_environment import takes_tags

FILE = "stacks/Pulumi.shared.yaml"
EVERYTHING = {
    "kind": "registry",
    "regions": ["westeurope"],
    "redundancy": "ZRS",
    "description": "What all may use",
    "protection": True,
    "budget": {"monthly": 50, "emails": ["me@example.com"]},
    "access": {"readers": {"principal": SUBSCRIPTION, "roles": ["AzureML Registry User"]}},
}


def registry(**changes: Any) -> Plan:
    return plan(parse({**MINIMAL, **EVERYTHING, **changes}, FILE), "shared")


@pytest.fixture(scope="module")
def planned() -> Plan:
    return registry()


def test_a_registry_has_its_regions(planned: Plan) -> None:
    inputs = planned.only("machinelearningservices:Registry").inputs
    assert inputs["registryName"].startswith("mlr-bikes-shared-")
    assert inputs["identity"] == {"type": "SystemAssigned"}
    assert [region["location"] for region in inputs["regionDetails"]] == ["eastus", "westeurope"]
    for region in inputs["regionDetails"]:
        (account,) = region["storageAccountDetails"]
        assert account["systemCreatedStorageAccount"] == {
            "storageAccountType": "Standard_ZRS",
            "storageAccountHnsEnabled": False,
            "allowBlobPublicAccess": False,
        }
        (images,) = region["acrDetails"]
        assert images["systemCreatedAcrAccount"]["acrAccountSku"] == "Premium"


def test_a_region_given_twice_is_one() -> None:
    inputs = registry(regions=["eastus"]).only("machinelearningservices:Registry").inputs
    assert [region["location"] for region in inputs["regionDetails"]] == ["eastus"]


@pytest.mark.parametrize(("public", "shown"), [(True, "Enabled"), (False, "Disabled")])
def test_public_access_is_said(public: bool, shown: str) -> None:
    found = registry(public_access=public).only("machinelearningservices:Registry")
    assert found.inputs["publicNetworkAccess"] == shown


def test_everything_that_can_bears_the_tags(planned: Plan) -> None:
    tagged = [resource for resource in planned.resources.values() if takes_tags(resource)]
    assert len(tagged) == 3
    for resource in tagged:
        assert resource.inputs["tags"].items() >= planned.outputs["tags"].items(), resource.name
    found = planned.only("machinelearningservices:Registry")
    assert found.inputs["tags"]["description"] == "What all may use"


def test_people_get_roles_on_the_group(planned: Plan) -> None:
    grant = planned.only("authorization:RoleAssignment").inputs
    assert grant["scope"] == "/id/of/rg-bikes-shared"
    assert grant["description"] == "`access.readers` in the stack file."


def test_it_sends_its_logs_unless_told_otherwise(planned: Plan) -> None:
    sent = {d.name for d in planned.of_type("monitor:DiagnosticSetting")}
    assert sent == {"diagnostics-logs", "diagnostics-registry"}
    # Azure refuses metrics of what has none, and a registry has none.
    assert planned.resources["diagnostics-registry"].inputs["metrics"] == []
    off = registry(diagnostics=False)
    assert off.of_type("monitor:DiagnosticSetting") == []
    assert off.of_type("operationalinsights:Workspace") == []
    assert off.outputs["logAnalytics"] is None


def test_protection_covers_it_and_can_be_lifted(planned: Plan) -> None:
    assert planned.only("machinelearningservices:Registry").protect
    assert planned.only("resources:ResourceGroup").protect
    locks = planned.of_type("authorization:ManagementLockByScope")
    assert {lock.name for lock in locks} == {"locks-registry", "locks-logs"}
    assert not any(lock.protect for lock in locks)
    lifted = registry(protection=False)
    assert not any(resource.protect for resource in lifted.resources.values())
    assert lifted.of_type("authorization:ManagementLockByScope") == []


def test_its_outputs_tell_what_it_is(planned: Plan) -> None:
    outputs = planned.outputs
    assert outputs["kind"] == "registry"
    assert "workspace" not in outputs
    assert outputs["resourceGroup"] == "rg-bikes-shared"
    assert outputs["assetRegistry"]["id"] == f"/id/of/{outputs['assetRegistry']['name']}"
    assert outputs["assetRegistry"]["regions"] == ["eastus", "westeurope"]


REGISTRY = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/registries/mlr"


def regions_of_azure(*regions: str) -> Get:
    found = {"properties": {"regionDetails": [{"location": region} for region in regions]}}
    return lambda identifier, _version: found if identifier == REGISTRY else None


def test_a_region_that_an_update_cannot_take_away_is_told_before() -> None:
    told: list[str] = []
    azure = regions_of_azure("eastus", "West Europe")
    with pytest.raises(FaultsError, match=r"is in westeurope, too, .* add that here") as caught:
        check_regions(REGISTRY, ["eastus", "westus"], azure, told.append)
    assert [fault.path for fault in caught.value.found] == [("regions",)]
    check_regions(REGISTRY, ["eastus", "westeurope", "westus"], azure, told.append)
    check_regions(f"{REGISTRY}-new", ["eastus"], azure, told.append)
    assert told == []


def test_regions_that_nobody_tells_stop_nothing() -> None:
    def silent(_identifier: str, _version: str) -> None:
        raise OSError("no route")

    told: list[str] = []
    check_regions(REGISTRY, ["eastus"], silent, told.append)
    assert told == [f"cannot tell in which regions {REGISTRY} is: no route"]


def test_the_file_of_the_registry_is_one() -> None:
    assert isinstance(load("shared"), RegistryStack)


@pytest.mark.parametrize(
    ("change", "path", "expected"),
    [
        ({"clusters": {}}, "clusters", "unknown; allowed are workload, location"),
        ({"kind": "registri"}, "kind", "'registri'; allowed are environment and registry"),
        (
            {"access": {"team": {"principal": SUBSCRIPTION, "roles": ["Reader", "Reader"]}}},
            "access.team.roles.1",
            "Reader is there twice",
        ),
        ({"regions": ["mars"]}, "regions.0", "'mars': not in infra/regions.yaml"),
        ({"logs": {"local_auth": False}}, "logs.local_auth", "unknown; allowed are retention_days"),
        ({"diagnostics": "off", "logs": {}}, "logs", "nothing goes there with diagnostics: off"),
        ({"redundancy": "RAGRS"}, "redundancy", "allowed are 'LRS', 'ZRS'"),
        ({"budget": {"monthly": 5}}, "budget", "tells nobody; give it emails"),
        (
            {"access": {"us": {"principal": SUBSCRIPTION, "roles": ["Reader"], "scope": "vault"}}},
            "access.us.scope",
            "is vault; allowed here is resource_group",
        ),
    ],
)
def test_a_mistake_is_one_line(change: dict[str, Any], path: str, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse({**MINIMAL, **EVERYTHING, **change}, FILE)
    assert expected in str(caught.value)
    assert f"amlops:settings.{path}: " in str(caught.value) or not path
