"""What a workspace stands on, in every environment:

- Nothing is reachable without TLS 1.2, no blob is public.
- The vault goes by roles; one that is deleted softly is recovered.
- The service owns a registry that it made: the program ignores it.
"""

from __future__ import annotations

import pytest

from infra.settings import Settings, registry_is_made, table
from infra.settings.foundation import OwnNames
from tests.infra.mocks import Plan, inputs_of, plan, settings


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
