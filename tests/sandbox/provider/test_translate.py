"""Inputs become the requests that the vendor's own clients and models know.

Protects against a name that only our sandbox would understand: every input that the SDK has is
looked up in the vendor's models, and requests are compared with recorded ones of official clients.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sandbox.schemas
from sandbox.provider import translate
from sandbox.provider.table import ResourceType, resource_type, tokens
from sandbox.provider.values import leaves
from tests.sandbox.provider.full import variants

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
SCHEMAS = Path(sandbox.schemas.__file__).parent

# Not in the vendor's models that are installed: the SDK uses a preview version of these.
PREVIEW_ONLY = {
    # Container registries
    "properties.policies.softDeletePolicy",
    # Action groups
    "identity",
    "properties.incidentReceivers",
    "properties.automationRunbookReceivers.managedIdentity",
    "properties.azureFunctionReceivers.managedIdentity",
    "properties.eventHubReceivers.managedIdentity",
    "properties.logicAppReceivers.managedIdentity",
    "properties.webhookReceivers.managedIdentity",
    # Scheduled query rules
    "properties.actions.actionProperties",
    "properties.criteria.allOf.alertSensitivity",
    "properties.criteria.allOf.criterionType",
    "properties.criteria.allOf.ignoreDataBefore",
    "properties.criteria.allOf.minRecurrenceCount",
    "properties.resolveConfiguration",
}


# The SDK that has their models is not installed.
WITHOUT_MODELS = {"azure-native:kubernetesconfiguration:Extension"}


def schema(resource: ResourceType) -> dict[str, Any]:
    segments = resource.path.rpartition("/providers/")[2].split("/")
    name = "/".join([segments[0], *segments[1::2]])
    if "/providers/" not in resource.path:
        name = "Microsoft.Resources/resourceGroups"
    document: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text())
    return document


def strangers(document: dict[str, Any], node: Any, body: Any, path: str = "") -> Iterator[str]:
    """Paths in `body` that the schema does not have."""
    while "$ref" in node:
        found = document["$defs"][node["$ref"].rpartition("/")[2]]
        node = {**found, **{key: value for key, value in node.items() if key != "$ref"}}
    for key in ("oneOf", "anyOf"):
        if key in node:
            options = [list(strangers(document, option, body, path)) for option in node[key]]
            yield from min(options, key=len)
            return
    if isinstance(body, dict):
        known, rest = node.get("properties"), node.get("additionalProperties", True)
        for name, value in body.items():
            inner = f"{path}.{name}" if path else name
            if known and name in known:
                yield from strangers(document, known[name], value, inner)
            elif isinstance(rest, dict):
                yield from strangers(document, rest, value, inner)
            elif rest is False:
                yield inner
    elif isinstance(body, list) and isinstance(node.get("items"), dict):
        for item in body:
            yield from strangers(document, node["items"], item, path)


@pytest.mark.parametrize("token", sorted(set(tokens()) - WITHOUT_MODELS))
def test_every_input_has_a_name_that_the_vendor_knows(token: str) -> None:
    resource = resource_type(token)
    document = schema(resource)
    for inputs in variants(resource):
        body = translate.request_body(resource, inputs)
        assert body, "a resource without a body"
        assert set(strangers(document, document, body)) <= PREVIEW_ONLY


def test_the_comparison_sees_a_wrong_name() -> None:
    resource = resource_type("azure-native:storage:StorageAccount")
    document = schema(resource)
    body = {"properties": {"networkAcls": {"virtualNetworkRules": [{"identifier": "x"}]}}}
    found = list(strangers(document, document, body))
    assert found == ["properties.networkAcls.virtualNetworkRules.identifier"]


@pytest.mark.parametrize("token", tokens())
def test_what_goes_out_comes_back(token: str) -> None:
    """The service's echo of a body shows the inputs that made it, whatever was renamed."""
    resource = resource_type(token)
    for inputs in variants(resource):
        body = translate.request_body(resource, inputs)
        shown = translate.outputs(resource, body)
        back = translate.inputs_of(resource, shown)
        elsewhere = {*resource.path_inputs, *resource.query}
        # What the SDK shows of a resource leaves some inputs out (a workspace's features, say).
        expected = {
            name: value
            for name, value in inputs.items()
            if name not in elsewhere and name in resource.outputs
        }
        assert dict(leaves(back)) == dict(leaves(expected))


@pytest.mark.parametrize("token", tokens())
def test_an_id_gives_its_inputs_back_whatever_its_case(token: str) -> None:
    resource = resource_type(token)
    inputs = {name: f"some-{name}" for name in resource.path_inputs}
    for name in translate.SCOPES & inputs.keys():
        inputs[name] = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
    identifier = "/" + translate.resource_id(resource, inputs, SUBSCRIPTION).lstrip("/")
    assert translate.path_inputs(resource, identifier) == inputs
    shouted = translate.path_inputs(resource, identifier.upper())
    assert {name: value.lower() for name, value in shouted.items()} == {
        name: value.lower() for name, value in inputs.items()
    }
    with pytest.raises(ValueError, match="is not the id of"):
        translate.path_inputs(resource, "/subscriptions/x/nonsense")


def test_a_name_is_escaped_in_a_path() -> None:
    resource = resource_type("azure-native:keyvault:Vault")
    inputs = {"resourceGroupName": "a group", "vaultName": "../other"}
    assert translate.resource_id(resource, inputs, SUBSCRIPTION) == (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/a%20group/providers/Microsoft.KeyVault"
        "/vaults/..%2Fother"
    )
