"""A job acts as the managed identity of its compute, with the roles of that identity."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml.entities import (
    AmlCompute,
    IdentityConfiguration,
    Job,
    ManagedIdentityConfiguration,
)
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ManagedIdentityCredential
from azure.mgmt.msi import ManagedServiceIdentityClient

from sandbox.clock import Clock
from sandbox.identity import Identity
from sandbox.login.managed import ADDRESS, AUDIENCE
from sandbox.login.tokens import mint, verify
from tests.sandbox.conftest import Place, RunningSandbox
from tests.sandbox.jobs.conftest import ended, log_of

READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
ARM = "https://management.azure.com/.default"

# What azure-identity does with the two variables, without a package.
ASK = """
import json, os, sys, urllib.error, urllib.request as u
address = os.environ["MSI_ENDPOINT"] + "?api-version=2017-09-01&resource=https://management.azure.com"
headers = {"secret": os.environ["MSI_SECRET"]}
token = json.load(u.urlopen(u.Request(address, headers=headers)))["access_token"]
group = "https://management.azure.com" + sys.argv[1] + "?api-version=2025-04-01"
try:
    u.urlopen(u.Request(group, headers={"authorization": "Bearer " + token}))
    print("may read")
except urllib.error.HTTPError as error:
    print("refused", error.code)
"""


@pytest.fixture
def person(sandbox: RunningSandbox, workspace: Place) -> Any:
    """A user-assigned identity."""
    client = ManagedServiceIdentityClient(sandbox.credential(), sandbox.subscription)
    return client.user_assigned_identities.create_or_update(
        workspace.group, f"id-{uuid.uuid4().hex[:8]}", {"location": "eastus"}
    )


@pytest.fixture
def own_cluster(ml: Any, person: Any) -> str:
    identity = IdentityConfiguration(
        type="user_assigned",
        user_assigned_identities=[ManagedIdentityConfiguration(resource_id=person.id)],
    )
    made = AmlCompute(name=f"own-{uuid.uuid4().hex[:6]}", size="Standard_DS3_v2", min_instances=0,
                      max_instances=1, identity=identity)  # fmt: skip
    ml.compute.begin_create_or_update(made).result()
    return str(made.name)


def test_a_job_may_what_its_clusters_identity_may(
    sandbox: RunningSandbox,
    ml: Any,
    workspace: Place,
    submit: Callable[..., Job],
    own_cluster: str,
    person: Any,
    tmp_path: Path,
) -> None:
    group = f"/subscriptions/{workspace.subscription}/resourceGroups/{workspace.group}"
    source = tmp_path / "src"
    source.mkdir()
    (source / "ask.py").write_text(ASK)

    def told(name: str) -> str:
        job = ended(ml, submit(f"python ask.py {group}", code=str(source), compute=own_cluster))
        return log_of(ml, job, tmp_path / name).strip()

    assert told("before") == "refused 403"
    provider = "providers/Microsoft.Authorization"
    properties = {
        "roleDefinitionId": f"{group}/{provider}/roleDefinitions/{READER}",
        "principalId": person.principal_id,
    }
    path = f"{group}/{provider}/roleAssignments/{uuid.uuid4()}"
    answer = sandbox.arm("PUT", path, {"properties": properties}, version="2022-04-01")
    assert answer.is_success, answer.text
    assert told("after") == "may read"


def test_without_an_identity_there_is_none_to_ask_for(
    ml: Any, submit: Callable[..., Job], tmp_path: Path
) -> None:
    job = ended(ml, submit("echo [$MSI_ENDPOINT$MSI_SECRET]"))
    assert log_of(ml, job, tmp_path).strip() == "[]"


def test_the_secret_is_blanked_out_of_the_log(
    ml: Any, submit: Callable[..., Job], own_cluster: str, tmp_path: Path
) -> None:
    job = ended(ml, submit("echo [$MSI_SECRET]", compute=own_cluster))
    assert "eyJ" not in log_of(ml, job, tmp_path)


@pytest.fixture
def secret(sandbox: RunningSandbox, workspace: Place, own_cluster: str) -> str:
    return mint(
        Identity.open(sandbox.directory),
        Clock(sandbox.directory.clock),
        audience=AUDIENCE,
        principal_id=f"{workspace.id}/computes/{own_cluster}",
        client_id="whichever",
    )


def test_the_official_client_gets_its_token_there(
    sandbox: RunningSandbox, secret: str, person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MSI_ENDPOINT", ADDRESS)
    monkeypatch.setenv("MSI_SECRET", secret)
    monkeypatch.setenv("DEFAULT_IDENTITY_CLIENT_ID", person.client_id)
    token = ManagedIdentityCredential(client_id=person.client_id).get_token(ARM).token
    identity, clock = Identity.open(sandbox.directory), Clock(sandbox.directory.clock)
    caller = verify(identity, clock, token, ["https://management.azure.com"])
    assert (caller.principal_id, caller.client_id) == (person.principal_id, person.client_id)
    with pytest.raises(ClientAuthenticationError):
        ManagedIdentityCredential(client_id=str(uuid.uuid4())).get_token(ARM)


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"secret": "made up"}, 401), ({"resource": "api://AzureADTokenExchange"}, 400)],
)
def test_nothing_else_is_given(
    sandbox: RunningSandbox, secret: str, person: Any, changed: dict[str, str], status: int
) -> None:
    given = {"secret": secret, "resource": "https://vault.azure.net", **changed}
    query = {"resource": given["resource"], "clientid": person.client_id}
    with sandbox.http() as client:
        answer = client.get(ADDRESS, params=query, headers={"secret": given["secret"]})
    assert answer.status_code == status
