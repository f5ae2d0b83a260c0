"""Deployments of templates: what they put, in which order, and how they fail."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import RunningSandbox, error, wait_until

VERSION = "2024-03-01"
IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
STORAGE = "Microsoft.Storage/storageAccounts"


def identity(name: str, **more: Any) -> dict[str, Any]:
    declared = {"type": IDENTITIES, "apiVersion": "2023-01-31", "name": name}
    return {**declared, "location": "[resourceGroup().location]", **more}


def template(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    return {"$schema": schema, "contentVersion": "1.0.0.0", "resources": [*resources], **more}


class Deployments:
    def __init__(self, sandbox: RunningSandbox, group: str) -> None:
        self.sandbox = sandbox
        self.root = f"/subscriptions/{sandbox.subscription}/resourceGroups/{group}"
        self.path = f"{self.root}/providers/Microsoft.Resources/deployments"

    def put(self, deployment: str, source: dict[str, Any], **parameters: Any) -> httpx.Response:
        given = {key: {"value": value} for key, value in parameters.items()}
        properties = {"mode": "Incremental", "template": source, "parameters": given}
        body = {"properties": properties}
        return self.sandbox.arm("PUT", f"{self.path}/{deployment}", body, version=VERSION)

    def run(self, deployment: str, source: dict[str, Any], **parameters: Any) -> dict[str, Any]:
        """The deployment's properties when it has ended."""
        answer = self.put(deployment, source, **parameters)
        assert answer.status_code in (200, 201), answer.text
        return self.ended(deployment)

    def ended(self, name: str) -> dict[str, Any]:
        def read() -> dict[str, Any] | None:
            found = self.sandbox.arm("GET", f"{self.path}/{name}", version=VERSION).json()
            properties: dict[str, Any] = found["properties"]
            return (
                properties if properties["provisioningState"] in ("Succeeded", "Failed") else None
            )

        properties: dict[str, Any] = wait_until(read, what=f"{name} has ended")
        return properties

    def operations(self, name: str) -> list[dict[str, Any]]:
        path = f"{self.root}/deployments/{name}/operations"
        found = self.sandbox.arm("GET", path, version=VERSION).json()["value"]
        return [operation["properties"] for operation in found]

    def exists(self, path: str, version: str = "2023-01-31") -> bool:
        answer = self.sandbox.arm("GET", f"{self.root}/providers/{path}", version=version)
        return answer.status_code == 200


@pytest.fixture
def deployments(sandbox: RunningSandbox, group: str) -> Deployments:
    return Deployments(sandbox, group)


def test_parameters_variables_conditions_and_outputs(deployments: Deployments) -> None:
    source = template(
        identity("[variables('full')]", tags={"made": "[parameters('by')]"}),
        identity("left-out", condition="[equals(parameters('by'), 'nobody')]"),
        parameters={
            "prefix": {"type": "string"},
            "by": {"type": "string", "defaultValue": "[concat(parameters('prefix'), '-team')]"},
            "secret": {"type": "secureString", "defaultValue": "hush"},
        },
        variables={"full": "[concat(parameters('prefix'), '-identity')]"},
        outputs={
            "principal": {
                "type": "string",
                "value": "[reference(resourceId('" + IDENTITIES + "', variables('full')))"
                ".principalId]",
            },
            "hidden": {"type": "secureString", "value": "[parameters('secret')]"},
        },
    )
    properties = deployments.run("first", source, prefix="abc")
    assert properties["provisioningState"] == "Succeeded", properties
    made = deployments.sandbox.arm(
        "GET", f"{deployments.root}/providers/{IDENTITIES}/abc-identity", version="2023-01-31"
    ).json()
    assert made["tags"] == {"made": "abc-team"}
    assert properties["outputs"]["principal"]["value"] == made["properties"]["principalId"]
    assert not deployments.exists(f"{IDENTITIES}/left-out")
    assert "secret" not in properties["parameters"]
    assert "value" not in properties["outputs"]["hidden"]
    assert properties["parameters"]["prefix"]["value"] == "abc"


def test_a_resource_waits_for_what_it_depends_on_or_refers_to(deployments: Deployments) -> None:
    account = f"st{uuid.uuid4().hex[:10]}"
    source = template(
        identity("third", dependsOn=["second"]),
        identity("second", tags={"endpoint": f"[reference('{account}').primaryEndpoints.blob]"}),
        {
            "type": STORAGE,
            "apiVersion": "2023-01-01",
            "name": account,
            "location": "eastus",
            "sku": {"name": "Standard_LRS"},
            "kind": "StorageV2",
            "properties": {},
        },
    )
    assert deployments.run("ordered", source)["provisioningState"] == "Succeeded"
    targets = [one["targetResource"]["resourceName"] for one in deployments.operations("ordered")]
    assert targets == [account, "second", "third"]


def test_copy_loops_make_as_many_as_they_say(deployments: Deployments) -> None:
    loop = {"name": "many", "count": "[length(parameters('names'))]"}
    source = template(
        identity(
            "[concat('id-', parameters('names')[copyIndex()])]",
            copy=loop,
            tags={"number": "[string(copyIndex('many', 1))]"},
        ),
        identity("after", dependsOn=["many"]),
        parameters={"names": {"type": "array"}},
    )
    assert deployments.run("loops", source, names=["a", "b"])["provisioningState"] == "Succeeded"
    found = deployments.sandbox.arm(
        "GET", f"{deployments.root}/providers/{IDENTITIES}", version="2023-01-31"
    ).json()["value"]
    tags = {one["name"]: one.get("tags", {}).get("number") for one in found}
    assert tags == {"id-a": "1", "id-b": "2", "after": None}


@pytest.mark.parametrize("scope", ["outer", "inner"])
def test_nested_templates_see_the_parameters_of_their_scope(
    deployments: Deployments, scope: str
) -> None:
    inner = template(
        identity("[parameters('name')]"),
        parameters={"name": {"type": "string", "defaultValue": "of-inner"}},
        outputs={"said": {"type": "string", "value": "[parameters('name')]"}},
    )
    nested = {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": VERSION,
        "name": "child",
        "properties": {
            "mode": "Incremental",
            "expressionEvaluationOptions": {"scope": scope},
            "template": inner,
        },
    }
    source = template(
        nested,
        parameters={"name": {"type": "string"}},
        outputs={"said": {"type": "string", "value": "[reference('child').outputs.said.value]"}},
    )
    properties = deployments.run("parent", source, name="of-outer")
    assert properties["provisioningState"] == "Succeeded", properties
    assert deployments.exists(f"{IDENTITIES}/of-{scope}")
    assert properties["outputs"]["said"]["value"] == f"of-{scope}"
    listed = deployments.sandbox.arm("GET", deployments.path, version=VERSION).json()["value"]
    assert {one["name"] for one in listed} == {"parent", "child"}


def test_a_failing_resource_fails_the_deployment_with_its_own_error(
    deployments: Deployments,
) -> None:
    broken = {
        "type": STORAGE,
        "apiVersion": "2023-01-01",
        "name": f"st{uuid.uuid4().hex[:10]}",
        "location": "eastus",
        "sku": {"name": "Standard_LRS"},
        "kind": "NoSuchKind",
    }
    source = template(broken, identity("later", dependsOn=[broken["name"]]), identity("beside"))
    properties = deployments.run("broken", source)
    assert properties["provisioningState"] == "Failed"
    assert properties["error"]["code"] == "DeploymentFailed"
    (inner,) = properties["error"]["details"]
    assert inner["code"] == "ValidationError"
    assert inner["details"][0]["target"] == "kind"
    states = {
        one["targetResource"]["resourceName"]: one["provisioningState"]
        for one in deployments.operations("broken")
    }
    assert states == {broken["name"]: "Failed", "beside": "Succeeded"}
    assert not deployments.exists(f"{IDENTITIES}/later")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (template(identity("a"), parameters={"x": {"type": "string"}}), "'x' is not provided"),
        (template(identity("[parameters('x')]")), "'x' is not declared"),
        (template(identity("a", dependsOn=["nothing"])), "'nothing'"),
        (template(identity("[oops(1)]")), "oops"),
        (template(identity("a/b")), "must have 1 segments"),
    ],
)
def test_an_invalid_template_puts_nothing(
    deployments: Deployments, source: dict[str, Any], says: str
) -> None:
    answer = deployments.put("invalid", source)
    assert error(answer) == (400, "InvalidTemplate")
    assert says in answer.json()["error"]["message"]
    assert deployments.sandbox.arm(
        "GET", f"{deployments.path}/invalid", version=VERSION
    ).status_code == 404  # fmt: skip


def test_validate_refuses_what_a_deployment_would_and_makes_nothing(
    deployments: Deployments,
) -> None:
    path = f"{deployments.path}/tried/validate"
    good = {"properties": {"mode": "Incremental", "template": template(identity("tried"))}}
    answer = deployments.sandbox.arm("POST", path, good, version=VERSION)
    assert answer.status_code == 200, answer.text
    assert not deployments.exists(f"{IDENTITIES}/tried")
    bad = {"properties": {"mode": "Incremental", "template": template(identity("[x('y')]"))}}
    refusal = deployments.sandbox.arm("POST", path, bad, version=VERSION)
    assert error(refusal) == (400, "InvalidTemplate")


def test_dependencies_that_go_in_a_circle_are_named(deployments: Deployments) -> None:
    source = template(identity("one", dependsOn=["two"]), identity("two", dependsOn=["one"]))
    properties = deployments.run("circle", source)
    assert properties["provisioningState"] == "Failed"
    assert "Circular dependency" in properties["error"]["details"][0]["message"]


def test_only_incremental_deployments_are_made(deployments: Deployments) -> None:
    body = {"properties": {"mode": "Complete", "template": template()}}
    answer = deployments.sandbox.arm("PUT", f"{deployments.path}/all", body, version=VERSION)
    assert error(answer) == (400, "ValidationError")
    assert answer.json()["error"]["target"] == "properties.mode"


def test_a_subscription_deployment_makes_groups_and_what_is_in_them(
    sandbox: RunningSandbox,
) -> None:
    name = f"rg-{uuid.uuid4().hex[:8]}"
    group = {
        "type": "Microsoft.Resources/resourceGroups",
        "apiVersion": "2024-03-01",
        "name": name,
        "location": "eastus",
    }
    inside = {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": VERSION,
        "name": f"in-{name}",
        "resourceGroup": name,
        "dependsOn": [f"[subscriptionResourceId('{group['type']}', '{name}')]"],
        "properties": {
            "mode": "Incremental",
            "expressionEvaluationOptions": {"scope": "inner"},
            "template": template(identity("inside")),
        },
    }
    path = f"/subscriptions/{sandbox.subscription}/providers/Microsoft.Resources/deployments/{name}"
    body = {
        "location": "eastus",
        "properties": {"mode": "Incremental", "template": template(group, inside)},
    }
    answer = sandbox.arm("PUT", path, body, version=VERSION)
    assert answer.is_success, answer.text

    def done() -> bool:
        properties = sandbox.arm("GET", path, version=VERSION).json()["properties"]
        assert properties["provisioningState"] != "Failed", properties
        return bool(properties["provisioningState"] == "Succeeded")

    wait_until(done)
    root = f"/subscriptions/{sandbox.subscription}/resourceGroups/{name}"
    made = sandbox.arm("GET", f"{root}/providers/{IDENTITIES}/inside", version="2023-01-31")
    assert made.status_code == 200
    assert sandbox.arm("DELETE", root, version=VERSION).status_code in (200, 202)


@pytest.mark.parametrize("given", [False, True], ids=["makes its own", "takes what is given"])
def test_azure_ai_ml_creates_a_workspace(
    sandbox: RunningSandbox, group: str, monkeypatch: pytest.MonkeyPatch, given: bool
) -> None:
    from azure.ai.ml import MLClient
    from azure.ai.ml.constants._common import LROConfigurations
    from azure.ai.ml.entities import Workspace

    # The client looks every five seconds, whatever the service says.
    monkeypatch.setattr(LROConfigurations, "SLEEP_TIME", 0.2)
    monkeypatch.setattr(LROConfigurations, "POLL_INTERVAL", 0.2)
    client = MLClient(sandbox.credential(), sandbox.subscription, group)
    unique = uuid.uuid4().hex[:8]
    parts = make_parts(sandbox, group, unique) if given else {}
    wanted = Workspace(name=f"mlw-{unique}", location="eastus", tags={"a": "b"}, **parts)
    made = client.workspaces.begin_create(wanted).result()
    assert made.name == f"mlw-{unique}"
    assert made.tags["a"] == "b"
    stored = client.workspaces.get(made.name)
    for name in PARTS:
        identifier = getattr(stored, name)
        assert identifier == parts.get(name, identifier)
        _, version, _ = PARTS[name]
        assert sandbox.arm("GET", identifier, version=version).status_code == 200


PARTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "storage_account": (
        STORAGE,
        "2023-01-01",
        {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "properties": {}},
    ),
    "key_vault": (
        "Microsoft.KeyVault/vaults",
        "2023-02-01",
        {"properties": {"sku": {"name": "standard", "family": "A"}}},
    ),
    "application_insights": (
        "Microsoft.Insights/components",
        "2020-02-02",
        {"kind": "web", "properties": {"Application_Type": "web"}},
    ),
}


def make_parts(sandbox: RunningSandbox, group: str, unique: str) -> dict[str, str]:
    """What a workspace stands on, made before it: the client's argument and the id."""
    made = {}
    for name, (kind, version, body) in PARTS.items():
        properties = dict(body["properties"])
        if name == "key_vault":
            properties["tenantId"] = sandbox.environment["AZURE_TENANT_ID"]
        root = f"/subscriptions/{sandbox.subscription}/resourceGroups/{group}/providers"
        made[name] = f"{root}/{kind}/part{unique}"
        sent = {**body, "location": "eastus", "properties": properties}
        answer = sandbox.arm("PUT", made[name], sent, version=version)
        assert answer.is_success, answer.text
    return made
