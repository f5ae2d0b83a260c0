"""What holds in every environment, whatever its settings:

- Everything that bears tags bears the four that costs are told apart by.
- Nothing is reachable without TLS 1.2, no blob is public, no datastore holds a key.
- What security hangs on is written out, not left to a default of the SDK or the service.
- Every grant says why, names its kind of principal, and is called the same in every run.
- `amlops deploy` owns traffic, the service owns a registry that it made: the program ignores both.
- Clusters are called alike in every environment; without protection nothing stands in `down`'s way.
- All of it lies in the one resource group, so that deleting the group deletes the environment.
"""

from __future__ import annotations

import importlib
import inspect
import uuid
from typing import Any

import pulumi
import pytest

from infra.settings import Settings, load, registry_is_made, table
from infra.settings.foundation import OwnNames
from policies.catalogue import rules
from policies.parameters import parameters
from tests.checkout import ROOT
from tests.infra.every_compute import ATTACHED, KUBERNETES
from tests.infra.mocks import FORESEEN, SUBSCRIPTION, Plan, Registered, plan, settings

ROLE_DEFINITION = "authorization:RoleDefinition"
EVERYTHING = {
    "registry": {"zone_redundant": True, "retention_days": 30},
    "network": {"mode": "own"},
    "encryption": {"customer_key": True},
    "protection": True,
    "vault": {"purge_protection": True},
    "tags": {"expiry": "never"},
    "instances": {"workstation": {"assigned_user": SUBSCRIPTION}},
    "clusters": {"cpu-cluster": {}, "gpu-cluster": {"priority": "low", "public_ip": False}},
    "kubernetes": KUBERNETES,
    "attached": ATTACHED,
    "endpoints": {"bike-rentals": {}, "churn": {"auth": "aad_token", "public_access": False}},
    "datastores": {
        "data": {"kind": "blob"},
        "raw": {"kind": "blob", "container": "raw-data"},
        "reports": {"kind": "files"},
        "lake": {"kind": "gen2"},
    },
    "connections": {"sales": {"kind": "sql", "server": "sales.example.com", "database": "sales"}},
    "access": {
        "scientists": {"principal": SUBSCRIPTION, "roles": ["AzureML Data Scientist"]},
        "pipeline": {
            "principal": SUBSCRIPTION,
            "type": "ServicePrincipal",
            "roles": ["Deployer"],
            "why": "The pipeline deploys what was approved.",
        },
    },
    "batch_endpoints": {"nightly": {}},
    "alerts": {"emails": ["me@example.com"]},
    "events": {"all": {"queue": "ml-events"}},
    "budget": {"monthly": 100},
}
ON_ANOTHER = {"monitor:DiagnosticSetting": "resourceUri", "consumption:Budget": "scope"}
"""What is put on a resource or group, by the input that says on which."""


@pytest.fixture(scope="module", params=["dev", "test", "prod", "everything"])
def chosen(request: pytest.FixtureRequest) -> Settings:
    if request.param == "everything":
        return settings(**EVERYTHING)
    found = load(request.param)
    assert isinstance(found, Settings)
    return found


@pytest.fixture(scope="module")
def planned(chosen: Settings) -> Plan:
    return plan(chosen)


@pytest.fixture(scope="module")
def everything() -> Plan:
    return plan(settings(**EVERYTHING))


def inputs_of(planned: Plan, short_type: str) -> list[dict[str, Any]]:
    return [resource.inputs for resource in planned.of_type(short_type)]


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


def test_storage_is_closed(planned: Plan) -> None:
    accounts = inputs_of(planned, "storage:StorageAccount")
    assert accounts
    for account in accounts:
        assert account["enableHttpsTrafficOnly"] is True
        assert account["minimumTlsVersion"] == "TLS1_2"
        assert account["allowBlobPublicAccess"] is False
        assert account["allowSharedKeyAccess"] is False
        assert account["allowCrossTenantReplication"] is False
    for container in inputs_of(planned, "storage:BlobContainer"):
        assert container["publicAccess"] == "None"


def test_shared_keys_are_a_setting_that_the_workspace_follows() -> None:
    planned = plan(settings(storage={"shared_keys": True}))
    assert planned.only("storage:StorageAccount").inputs["allowSharedKeyAccess"] is True
    workspace = planned.only("machinelearningservices:Workspace").inputs
    assert workspace["systemDatastoresAuthMode"] == "AccessKey"


def test_the_vault_goes_by_roles_and_soft_deletes(chosen: Settings, planned: Plan) -> None:
    vault = planned.only("keyvault:Vault").inputs["properties"]
    assert vault["enableRbacAuthorization"] is True
    assert vault["enableSoftDelete"] is True
    # The service refuses `false`.
    expected = True if chosen.vault.purge_protection else None
    assert vault.get("enablePurgeProtection") is expected


@pytest.mark.parametrize(("deleted", "mode"), [(True, "recover"), (False, "default")])
def test_a_soft_deleted_vault_is_recovered(deleted: bool, mode: str) -> None:
    vault = plan(settings(), recover_vault=deleted).only("keyvault:Vault")
    assert vault.inputs["properties"]["createMode"] == mode
    assert vault.ignore_changes == ("properties.createMode",)


def test_datastores_hold_no_key(planned: Plan) -> None:
    datastores = inputs_of(planned, "machinelearningservices:Datastore")
    assert datastores
    for datastore in datastores:
        assert datastore["properties"]["credentials"] == {"credentialsType": "None"}


def test_computes_say_what_security_hangs_on(planned: Plan) -> None:
    computes = inputs_of(planned, "machinelearningservices:Compute")
    assert computes
    for compute in computes:
        outer = compute["properties"]
        if outer.get("computeType") not in ("AmlCompute", "ComputeInstance"):
            continue
        inner = outer["properties"]
        assert outer["disableLocalAuth"] is True
        assert isinstance(inner["enableNodePublicIp"], bool)
        if outer["computeType"] == "AmlCompute":
            assert inner["remoteLoginPortPublicAccess"] == "Disabled"
        else:
            assert inner["applicationSharingPolicy"] == "Personal"
            assert inner["sshSettings"] == {"sshPublicAccess": "Disabled"}


def test_clusters_follow_their_settings(everything: Plan) -> None:
    gpu = next(
        compute["properties"]["properties"]
        for compute in inputs_of(everything, "machinelearningservices:Compute")
        if compute["computeName"] == "gpu-cluster"
    )
    assert gpu["vmPriority"] == "LowPriority"
    assert gpu["enableNodePublicIp"] is False
    assert gpu["scaleSettings"] == {
        "minNodeCount": 0,
        "maxNodeCount": 2,
        "nodeIdleTimeBeforeScaleDown": "PT2M",
    }


@pytest.mark.parametrize(
    ("mode", "subnet", "public"),
    [("public", None, True), ("managed", None, False), ("own", "snet-compute", False)],
)
def test_the_network_says_where_nodes_are(mode: str, subnet: str | None, public: bool) -> None:
    chosen = settings(network={"mode": mode}, instances={"workstation": {}})
    computes = inputs_of(plan(chosen), "machinelearningservices:Compute")
    assert len(computes) == 2
    for compute in computes:
        inner = compute["properties"]["properties"]
        assert inner["enableNodePublicIp"] is public
        place = inner.get("subnet", {}).get("id")
        assert (place and place.rpartition("/")[2]) == subnet


def test_an_instance_can_be_for_somebody(everything: Plan) -> None:
    (instance,) = (
        compute["properties"]["properties"]
        for compute in inputs_of(everything, "machinelearningservices:Compute")
        if compute["properties"].get("computeType") == "ComputeInstance"
    )
    user = instance["personalComputeInstanceSettings"]["assignedUser"]
    assert user["objectId"] == SUBSCRIPTION
    assert instance["idleTimeBeforeShutdown"] == "PT30M"


def test_clusters_are_called_alike_everywhere() -> None:
    names = [plan(load(name), name).outputs["clusters"] for name in ("dev", "test", "prod")]
    assert names == [{"cpu-cluster": "cpu-cluster"}] * 3


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


def test_images_are_pulled_from_wherever_the_registry_will_be(planned: Plan) -> None:
    pull = table("roles.yaml")["AcrPull"]
    outputs = planned.outputs
    place = outputs["registry"] or outputs["resourceGroup"]
    found = {
        grant["principalId"]: grant["scope"]
        for grant in inputs_of(planned, "authorization:RoleAssignment")
        if grant["roleDefinitionId"].endswith(pull)
    }
    environment = outputs["environment"]
    for purpose in ("compute", "endpoint"):
        assert found[f"principal of id-bikes-{environment}-{purpose}"] == f"/id/of/{place}"


def test_a_lazy_registry_is_the_services(planned: Plan, chosen: Settings) -> None:
    workspace = planned.only("machinelearningservices:Workspace")
    if not registry_is_made(chosen):
        assert workspace.ignore_changes == ("containerRegistry",)
        assert "containerRegistry" not in workspace.inputs
        assert planned.of_type("containerregistry:Registry") == []
    else:
        assert workspace.ignore_changes == ()
        registry = planned.only("containerregistry:Registry").inputs
        assert workspace.inputs["containerRegistry"] == f"/id/of/{registry['registryName']}"
        assert registry["adminUserEnabled"] is False
        assert registry["anonymousPullEnabled"] is False


def test_traffic_is_not_the_programs(everything: Plan) -> None:
    endpoints = everything.of_type("machinelearningservices:OnlineEndpoint")
    assert len(endpoints) == 2
    for endpoint in endpoints:
        assert endpoint.ignore_changes == (
            "properties.traffic",
            "properties.mirrorTraffic",
            "properties.properties",
        )
        assert "traffic" not in endpoint.inputs["properties"]


def test_endpoints_follow_their_settings(everything: Plan) -> None:
    by_name = {
        e["endpointName"].split("-dev-")[0]: e["properties"]
        for e in inputs_of(everything, "machinelearningservices:OnlineEndpoint")
    }
    assert by_name["bike-rentals"]["authMode"] == "Key"
    assert by_name["churn"]["authMode"] == "AADToken"
    assert by_name["churn"]["publicNetworkAccess"] == "Disabled"


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


def test_a_team_may_call_all_of_the_foundation_as_it_likes() -> None:
    own = {
        "resource_group": "rg-team",
        "workspace": "mlw-team",
        "storage": "stteam",
        "lake": "dlsteam",
        "vault": "kv-team",
        "registry": "crteam",
        "logs": "log-team",
        "insights": "appi-team",
        "workspace_identity": "id-team",
        "compute_identity": "id-team-jobs",
        "endpoint_identity": "id-team-models",
    }
    stores = {"raw": {"kind": "gen2"}}
    planned = plan(settings(names=own, datastores=stores, registry={"create": "now"}))
    inputs = [value for made in planned.resources.values() for value in made.inputs.values()]
    assert set(own.values()) <= {value for value in inputs if isinstance(value, str)}
    assert own.keys() == OwnNames.model_fields.keys()


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
