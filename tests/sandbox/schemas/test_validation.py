"""How findings read, and the rules that plain JSON Schema would not give."""

import functools
import re
import time
import timeit
from typing import Any

import pytest

from sandbox import schemas

COMPUTES = "Microsoft.MachineLearningServices/workspaces/computes"
JOBS = "Microsoft.MachineLearningServices/workspaces/jobs"
VAULTS = "Microsoft.KeyVault/vaults"


def cluster(**scale: Any) -> dict[str, Any]:
    settings = {"minNodeCount": 0, "maxNodeCount": 2, **scale}
    inner = {"vmSize": "Standard_DS3_v2", "scaleSettings": settings}
    return {"location": "eastus", "properties": {"computeType": "AmlCompute", "properties": inner}}


def vault(**properties: Any) -> dict[str, Any]:
    sku = {"family": "A", "name": "standard"}
    return {"location": "eastus", "properties": {"tenantId": "t", "sku": sku, **properties}}


def messages(findings: schemas.Findings) -> list[str]:
    return [str(one) for one in findings.errors]


def test_a_message_names_path_expected_and_found_type() -> None:
    assert messages(schemas.check(COMPUTES, cluster(maxNodeCount="2"))) == [
        "properties.properties.scaleSettings.maxNodeCount: expected integer, found string"
    ]


def test_a_message_lists_the_values_of_an_enum() -> None:
    body = cluster()
    body["properties"]["properties"]["osType"] = "BeOS"
    assert messages(schemas.check(COMPUTES, body)) == [
        "properties.properties.osType: expected one of Linux, Windows, found 'BeOS'"
    ]


def test_a_message_names_the_bound() -> None:
    findings = schemas.check(VAULTS, vault(softDeleteRetentionInDays=91))
    assert messages(findings) == [
        "properties.softDeleteRetentionInDays: must be at most 90, found 91"
    ]


def test_an_element_of_an_array_has_its_index() -> None:
    policy = {"tenantId": "t", "objectId": "o", "permissions": {}}
    findings = schemas.check(VAULTS, vault(accessPolicies=[policy, {**policy, "tenantId": 1}]))
    assert [one.path for one in findings.errors] == ["properties.accessPolicies[1].tenantId"]


def test_a_body_that_is_no_object_is_refused() -> None:
    assert messages(schemas.check(COMPUTES, [])) == ["body: expected object, found array"]


def test_no_message_shows_a_value_that_may_be_a_secret() -> None:
    body = vault(accessPolicies="hunter2")
    assert "hunter2" not in str(schemas.check(VAULTS, body))


@pytest.mark.parametrize("kind", ["amlcompute", "AMLCOMPUTE"])
def test_enums_and_discriminators_ignore_case_and_still_choose_the_model(kind: str) -> None:
    body = cluster(maxNodeCount="2")
    body["properties"]["computeType"] = kind
    assert [one.path for one in schemas.check(COMPUTES, body).errors] == [
        "properties.properties.scaleSettings.maxNodeCount"
    ]


@pytest.mark.parametrize("kind", ["SystemAssigned,UserAssigned", "SystemAssigned, UserAssigned"])
def test_a_set_of_identities_is_taken_with_and_without_a_space(kind: str) -> None:
    body = {"location": "eastus", "properties": {}, "identity": {"type": kind}}
    workspaces = "Microsoft.MachineLearningServices/workspaces"
    assert schemas.check(workspaces, body) == schemas.Findings()


@pytest.mark.parametrize(
    ("bypass", "taken"),
    [("None", True), ("Logging, Metrics, AzureServices", True), ("Logging, Everything", False)],
)
def test_a_storage_firewall_is_bypassed_by_any_combination(bypass: str, taken: bool) -> None:
    body = {
        "location": "eastus",
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        "properties": {"networkAcls": {"defaultAction": "Deny", "bypass": bypass}},
    }
    findings = schemas.check("Microsoft.Storage/storageAccounts", body)
    assert [one.path for one in findings.errors] == (
        [] if taken else ["properties.networkAcls.bypass"]
    )


def test_an_unknown_kind_is_one_error_at_the_discriminator() -> None:
    body = {"location": "eastus", "properties": {"computeType": "Abacus"}}
    (violation,) = schemas.check(COMPUTES, body).errors
    assert violation.path == "properties.computeType"
    assert "AmlCompute" in violation.message


def test_an_unknown_property_is_no_error() -> None:
    body = cluster(autoPilot=True)
    assert schemas.check(COMPUTES, body) == schemas.Findings(
        errors=[], unknown=["properties.properties.scaleSettings.autoPilot"]
    )


def test_what_a_get_answered_can_be_sent_back() -> None:
    body = {**cluster(), "id": "/x", "name": "x", "type": COMPUTES, "etag": "1", "systemData": {}}
    body["properties"]["provisioningState"] = "NoSuchState"
    body["properties"]["createdOn"] = 5
    assert schemas.check(COMPUTES, body) == schemas.Findings()
    answered = [one.path for one in schemas.check_response(COMPUTES, body).errors]
    assert answered == ["properties.createdOn", "properties.provisioningState"]


def test_an_optional_property_may_be_null_and_a_required_one_not() -> None:
    assert schemas.check(COMPUTES, cluster(minNodeCount=None)).errors == []
    assert messages(schemas.check(COMPUTES, cluster(maxNodeCount=None))) == [
        "properties.properties.scaleSettings.maxNodeCount: expected integer, found null"
    ]


@pytest.mark.parametrize("text", ["PT2M", "PT0S", "P1D", "P1DT2H", "PT1.5S", "P3W"])
def test_durations(text: str) -> None:
    assert schemas.check(COMPUTES, cluster(nodeIdleTimeBeforeScaleDown=text)).errors == []


@pytest.mark.parametrize("text", ["", "P", "PT", "120", "2M", "PT2", "PTM", "P1DT"])
def test_no_durations(text: str) -> None:
    findings = schemas.check(COMPUTES, cluster(nodeIdleTimeBeforeScaleDown=text))
    assert [one.path for one in findings.errors] == [
        "properties.properties.scaleSettings.nodeIdleTimeBeforeScaleDown"
    ]


def test_a_patch_of_a_nested_value_needs_no_discriminator() -> None:
    body = {"properties": {"properties": {"scaleSettings": {"maxNodeCount": 4}}}}
    assert schemas.check(COMPUTES, body, patch=True) == schemas.Findings()


def test_an_answer_need_not_hold_what_clients_only_write() -> None:
    blob = {
        "datastoreType": "AzureBlob",
        "accountName": "a",
        "containerName": "c",
        "credentials": {"credentialsType": "AccountKey"},
    }
    datastores = "Microsoft.MachineLearningServices/workspaces/datastores"
    path = "properties.credentials.secrets"
    put = schemas.check(datastores, {"properties": blob})
    assert [one.path for one in put.errors] == [path]
    assert schemas.check_response(datastores, {"properties": blob}).errors == []


def test_type_names_ignore_case_and_unknown_types_pass() -> None:
    assert schemas.check(COMPUTES.upper(), {}).errors
    assert schemas.check("Microsoft.Nothing/things", 5) == schemas.Findings()
    assert schemas.check_action(COMPUTES, "start", 5) == schemas.Findings()


def test_a_check_takes_less_than_a_fifth_of_a_millisecond() -> None:
    body = cluster()
    schemas.check(COMPUTES, body)
    once = functools.partial(schemas.check, COMPUTES, body)
    best = min(timeit.repeat(once, timer=time.process_time, number=100, repeat=5))
    assert best / 100 < 0.0002


def test_versions_come_from_the_nearest_parent() -> None:
    namespace = schemas.versions("Microsoft.MachineLearningServices")
    assert "2025-12-01" in namespace
    assert schemas.versions(JOBS) == namespace
    assert schemas.versions("microsoft.authorization/LOCKS") == {
        "2015-01-01",
        "2016-09-01",
        "2017-04-01",
        "2020-05-01",
    }
    assert schemas.versions("Microsoft.Nothing/things") == frozenset()


@pytest.mark.parametrize("type_name", schemas.known())
def test_every_type_has_versions_in_the_form_of_one(type_name: str) -> None:
    versions = schemas.versions(type_name)
    assert versions
    form = re.compile(r"\d{4}-\d\d-\d\d(-(dataplane)?preview)?")
    assert all(form.fullmatch(version) for version in versions)
