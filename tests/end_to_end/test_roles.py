"""What a role allows, with the functions behind `amlops` and the official client, as somebody who
has that role and nothing else:

- A deployer deploys a model and promotes it, and makes no compute, submits no job, deletes nothing.
- A data scientist submits a job, and makes no compute and does not delete the workspace.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError

from ops import deployments, models, promotion
from ops.deployments import Workload
from ops.platform import Platform
from ops.target import Target
from sandbox.clock import Clock
from sandbox.directory import Directory
from sandbox.environment import client_environment
from sandbox.identity import Identity
from sandbox.login.tokens import mint
from tests.end_to_end.chain import GROUPS, ML_VERSION, MODEL, WORKSPACES, Chain
from tests.end_to_end.commands import ROOT

ROLES = yaml.safe_load((ROOT / "infra" / "role-definitions.yaml").read_text())
BUILT_IN = yaml.safe_load((ROOT / "infra" / "roles.yaml").read_text())
VERSION = "2022-04-01"


class Somebody:
    """A credential of the official clients: tokens of a principal, for whatever they ask."""

    def __init__(self, directory: Directory) -> None:
        self.principal = str(uuid.uuid4())
        self._directory = directory

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        token = mint(
            Identity.open(self._directory),
            Clock(self._directory.clock),
            audience=scopes[0].removesuffix("/.default").rstrip("/"),
            principal_id=self.principal,
            client_id=self.principal,
        )
        return AccessToken(token, int(time.time()) + 3600)


As = Callable[..., dict[str, Platform]]


@pytest.fixture
def as_role(chain: Chain) -> Iterator[As]:
    """The environments, met by somebody new who has this role in their groups."""
    chain.have("up-dev")
    amlops = chain.amlops
    made: list[str] = []

    def put(path: str, properties: dict[str, Any]) -> None:
        amlops.arm(path, VERSION, "PUT", {"properties": properties})
        made.append(path)

    def become(role: str, *environments: str) -> dict[str, Platform]:
        somebody = Somebody(amlops.directory)
        found = {}
        for environment in environments:
            group = f"resourceGroups/{GROUPS[environment]}"
            scope = f"/subscriptions/{amlops.subscription}/{group}"
            own, name = str(uuid.uuid4()), BUILT_IN.get(role)
            if name is None:
                given = ROLES[role]
                permissions = {
                    "actions": given["actions"],
                    "notActions": given["not_actions"],
                    "dataActions": given["data_actions"],
                }
                put(
                    f"{group}/providers/Microsoft.Authorization/roleDefinitions/{own}",
                    {
                        "roleName": f"{role} {own}",
                        "type": "CustomRole",
                        "permissions": [permissions],
                        "assignableScopes": [scope],
                    },
                )
            put(
                f"{group}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}",
                {
                    "roleDefinitionId": f"{scope}/providers/Microsoft.Authorization/"
                    f"roleDefinitions/{name or own}",
                    "principalId": somebody.principal,
                    "principalType": "ServicePrincipal",
                },
            )
            target = Target("sandbox", amlops.subscription)
            platform = Platform(target, environment, amlops.data("outputs", environment))
            platform.__dict__["credential"] = somebody
            found[environment] = platform
        return found

    with pytest.MonkeyPatch.context() as patch:
        for name, value in client_environment(amlops.directory).items():
            patch.setenv(name, value)
        yield become
    for path in reversed(made):
        amlops.arm(path, VERSION, "DELETE")


def refused(wish: Callable[[], Any]) -> str:
    """The action that the caller may not do."""
    with pytest.raises(HttpResponseError) as caught:
        wish()
    assert caught.value.status_code == 403, caught.value
    assert caught.value.error
    assert caught.value.error.code == "AuthorizationFailed"
    return str(caught.value.error.message).split("action '")[1].split("'")[0]


def compute(platform: Platform) -> Any:
    from azure.ai.ml.entities import AmlCompute

    return platform.client.compute.begin_create_or_update(
        AmlCompute(name="one-too-many", size="Standard_DS3_v2")
    )


def job(platform: Platform) -> Any:
    from azure.ai.ml import command

    return platform.client.jobs.create_or_update(
        command(
            command="echo hello",
            environment="azureml://registries/azureml/environments/sklearn-1.5/labels/latest",
            compute="cpu-cluster",
        )
    )


def test_a_deployer_deploys_and_makes_no_compute(chain: Chain, as_role: As) -> None:
    chain.have("register")
    (platform,) = as_role("Deployer", "dev").values()
    model = models.get(platform, MODEL)
    done = deployments.deploy(platform, model, Workload.of(MODEL), MODEL)
    assert len(done.answer) == 3
    prefix = "Microsoft.MachineLearningServices/workspaces"
    assert refused(lambda: compute(platform)) == f"{prefix}/computes/write"
    assert refused(lambda: job(platform)) == f"{prefix}/jobs/write"
    client, name = platform.client, platform.workspace
    endpoint = platform.endpoint(MODEL)
    for wish, action in (
        (lambda: client.online_endpoints.begin_delete(endpoint), "onlineEndpoints/delete"),
        (lambda: client.datastores.delete("data"), "datastores/delete"),
    ):
        assert refused(wish) == f"{prefix}/{action}"
    assert refused(
        lambda: client.workspaces.begin_delete(name, delete_dependent_resources=False)
    ).endswith("workspaces/delete")


def test_a_deployer_promotes(chain: Chain, as_role: As) -> None:
    chain.have("register")
    chain.have("up-test")
    places = as_role("Deployer", "dev", "test")
    model = models.get(places["dev"], MODEL)
    checks, done = promotion.promote(
        places["dev"], places["test"], model, Workload.of(MODEL), MODEL
    )
    assert {check.passed for check in checks} == {True}
    assert len(done.answer) == 3


def test_a_data_scientist_trains_and_keeps_the_workspace(chain: Chain, as_role: As) -> None:
    chain.have("up-dev")
    (platform,) = as_role("AzureML Data Scientist", "dev").values()
    submitted = job(platform)
    path = f"{WORKSPACES['dev']}/jobs/{submitted.name}"
    assert chain.amlops.arm(path, ML_VERSION)["properties"]["jobType"] == "Command"
    platform.client.jobs.begin_cancel(submitted.name).result()
    prefix = "Microsoft.MachineLearningServices/workspaces"
    assert refused(lambda: compute(platform)) == f"{prefix}/computes/write"
    client, name = platform.client, platform.workspace
    assert (
        refused(lambda: client.workspaces.begin_delete(name, delete_dependent_resources=False))
        == f"{prefix}/delete"
    )


def test_a_reader_changes_nothing(chain: Chain, as_role: As) -> None:
    chain.have("up-dev")
    (platform,) = as_role("Reader", "dev").values()
    assert "cpu-cluster" in [item.name for item in platform.client.compute.list()]
    assert refused(lambda: compute(platform)).endswith("computes/write")
    assert refused(lambda: job(platform)).endswith("/write")
