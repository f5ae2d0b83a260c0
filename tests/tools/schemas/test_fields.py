"""How the two kinds of SDK model classes are read, on classes small enough to see whole."""

import sys
from types import ModuleType
from typing import Any

import pytest
from azure.ai.ml._restclient.arm_ml_service import models as ml
from azure.mgmt.authorization.v2022_04_01 import models as authorization
from azure.mgmt.eventgrid import models as events
from azure.mgmt.monitor.v2018_03_01 import models as monitor

from tools.schemas.document import document
from tools.schemas.fields import Field, fields_of, is_model, subtypes_of


def field(model: type, *path: str) -> Field:
    return next(one for one in fields_of(model) if one.path == path)


def test_a_rest_field_without_optional_is_required() -> None:
    assert field(ml.ScaleSettings, "maxNodeCount").required
    assert not field(ml.ScaleSettings, "minNodeCount").required


def test_a_rest_field_that_is_only_read_is_read_only_and_never_required() -> None:
    state = field(ml.AmlCompute, "provisioningState")
    assert state.read_only
    assert not state.required


def test_narrowed_visibility_is_mutability() -> None:
    assert field(ml.AmlCompute, "computeLocation").mutability == ("create", "read")
    assert field(ml.AmlCompute, "description").mutability == ()


def test_inherited_fields_belong_to_the_model() -> None:
    assert {one.path for one in fields_of(ml.Compute)} < {
        one.path for one in fields_of(ml.AmlCompute)
    }


def told_apart(model: type) -> tuple[str, dict[str, type]]:
    found = subtypes_of(model)
    assert found is not None
    return found


def test_subtypes_are_the_concrete_ones_by_wire_value() -> None:
    name, classes = told_apart(ml.Compute)
    assert name == "computeType"
    assert classes["AmlCompute"] is ml.AmlCompute
    assert list(classes) == sorted(classes)
    assert subtypes_of(ml.ScaleSettings) is None
    assert subtypes_of(ml.AmlCompute) is None


def test_a_flattened_msrest_attribute_has_its_whole_path() -> None:
    principal = field(authorization.RoleAssignmentCreateParameters, "properties", "principalId")
    assert principal.required
    assert field(authorization.RoleAssignmentCreateParameters, "properties", "scope").read_only


def test_models_are_told_from_enums() -> None:
    assert is_model(ml.ScaleSettings)
    assert is_model(authorization.RoleAssignment)
    assert not is_model(ml.ComputeType)


def schema_of(model: type) -> dict[str, Any]:
    return document("title", "source", model, model, {})


def test_a_flattened_attribute_is_put_back_into_its_object() -> None:
    schema = schema_of(authorization.RoleAssignmentCreateParameters)
    definition = schema["$defs"]["RoleAssignmentCreateParameters"]
    inner = definition["properties"]["properties"]
    assert definition["required"] == ["properties"]
    assert inner["required"] == ["principalId", "roleDefinitionId"]
    assert inner["properties"]["principalType"]["type"] == ["string", "null"]
    assert "ServicePrincipal" in inner["properties"]["principalType"]["enum"]


def test_a_union_is_chosen_by_its_discriminator() -> None:
    compute = schema_of(ml.Compute)["$defs"]["Compute"]
    assert compute["required"] == ["computeType"]
    chosen = {
        branch["if"]["properties"]["computeType"]["enum"][0]: branch["then"]["$ref"]
        for branch in compute["allOf"]
    }
    assert chosen["AmlCompute"] == "#/$defs/AmlCompute"


def test_kinds_of_values() -> None:
    settings = schema_of(ml.ScaleSettings)["$defs"]["ScaleSettings"]["properties"]
    assert settings["maxNodeCount"] == {"type": "integer"}
    assert settings["nodeIdleTimeBeforeScaleDown"] == {
        "type": ["string", "null"],
        "format": "duration",
    }


def test_subtypes_in_the_msrest_form_are_the_concrete_ones_too() -> None:
    name, classes = told_apart(events.EventSubscriptionDestination)
    assert name == "endpointType"
    assert classes["StorageQueue"] is events.StorageQueueEventSubscriptionDestination
    assert subtypes_of(events.StorageQueueEventSubscriptionDestination) is None


def test_what_stands_for_anything_else_is_no_field() -> None:
    name, _ = told_apart(monitor.MetricAlertCriteria)
    assert name == "odata.type"
    fields = fields_of(monitor.MetricAlertSingleResourceMultipleMetricCriteria)
    assert [one.path for one in fields] == [("allOf",), ("odata.type",)]


def test_two_models_of_one_name_are_refused() -> None:
    module = ModuleType("other.models")
    sys.modules["other"] = sys.modules["other.models"] = module
    try:
        twin = type("ScaleSettings", (ml.ScaleSettings,), {"__module__": "other.models"})
        with pytest.raises(ValueError, match="two models are called ScaleSettings"):
            document("title", "source", ml.ScaleSettings, twin, {})
    finally:
        del sys.modules["other"], sys.modules["other.models"]
