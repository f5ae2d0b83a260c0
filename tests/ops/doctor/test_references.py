"""What a stack file names and does not make is looked for, whatever setting names it:

- Every id in the settings, by its setting; what follows from them as well.
- Every secret, in the environment's own vault or a team's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ops.doctor import references, secrets
from ops.doctor.case import Case
from tests.ops.doctor.conftest import levels, only
from tests.sandbox.conftest import RunningSandbox

FILE = "stacks/Pulumi.dev.yaml"


@pytest.fixture
def nowhere(place: RunningSandbox) -> str:
    return f"/subscriptions/{place.subscription}/resourceGroups/rg-nowhere"


@pytest.fixture
def own_vault(place: RunningSandbox, own_group: str, case: Case) -> Iterator[str]:
    """The vault of the environment, as its first `up` has left it; its name."""
    (planned,) = case.plan.of_kind("Microsoft.KeyVault/vaults")
    name = str(planned.inputs["vaultName"])
    at = f"{own_group}/providers/Microsoft.KeyVault/vaults/{name}"
    properties = {
        "tenantId": planned.inputs["properties"]["tenantId"],
        "sku": {"family": "A", "name": "standard"},
        "enableRbacAuthorization": True,
    }
    body = {"location": "eastus", "properties": properties}
    assert place.arm("PUT", at, body, version="2024-11-01").is_success
    yield name
    place.arm("DELETE", at, version="2024-11-01")
    root = f"/subscriptions/{place.subscription}/providers/Microsoft.KeyVault/locations/eastus"
    place.arm("POST", f"{root}/deletedVaults/{name}/purge", version="2024-11-01")


def test_every_id_in_the_settings_is_looked_for_by_its_setting(case: Case, nowhere: str) -> None:
    provider = f"{nowhere}/providers"
    named = {
        "existing.logs": f"{provider}/Microsoft.OperationalInsights/workspaces/log",
        "attached.box.existing": f"{provider}/Microsoft.Compute/virtualMachines/vm",
        "attached.pool.existing": f"{provider}/Microsoft.HDInsight/clusters/hadoop",
        "network.existing.dns_zones": nowhere,
        "network.existing.virtual_network": f"{provider}/Microsoft.Network/virtualNetworks/hub",
        "some.setting.of.tomorrow": f"{provider}/Microsoft.Storage/storageAccounts/st",
    }
    settings: dict[str, Any] = {"workload": "bikes"}
    for setting, identifier in named.items():
        *above, last = setting.split(".")
        section = settings
        for part in above:
            section = section.setdefault(part, {})
        section[last] = identifier
    case.settings = settings
    found = list(references.check(case))
    assert {item.mend for item in found} == {f"correct '{name}' in {FILE}" for name in named}
    assert levels(found) == ["problem"] * len(named)
    assert all("is not there" in item.what for item in found)


def test_a_group_that_is_named_by_its_id_is_found(case: Case, other_group: str) -> None:
    case.settings = {"network": {"existing": {"dns_zones": other_group}}}
    assert levels(references.check(case)) == ["ok"]


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("containers", "container"),
        ("registries", "registry"),
        ("publicIPAddresses", "publicIPAddress"),
        ("workspaces", "workspace"),
    ],
)
def test_what_is_missing_is_one_thing(many: str, one: str) -> None:
    assert references._one(many) == one


def test_what_lies_in_something_that_a_setting_names_is_to_be_made(
    case: Case, nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = f"{nowhere}/providers/Microsoft.Storage/storageAccounts/st"
    container = f"{account}/blobServices/default/containers/raw"
    case.settings = {}
    monkeypatch.setattr(references, "named", lambda _case: {container: ""})
    found = only(references.check(case), "problem")
    assert found.what == f"The container 'raw' is not there: {container}"
    assert found.mend == f"make it, or correct {FILE}"


def test_what_the_stack_makes_itself_is_not_looked_for(case: Case) -> None:
    (account,) = case.plan.of_kind("Microsoft.Storage/storageAccounts")
    made = account.id(case.subscription, case.plan.group)
    assert made
    case.settings = {"datastores": {"own": {"account": made.upper()}}}
    assert references.named(case) == {}


def secret(vault: str | None = None) -> dict[str, Any]:
    orders = {"kind": "sql", "secret": "orders-password", "vault": vault}
    return {"connections": {"orders": orders}}


def test_a_secret_of_a_vault_that_is_to_come_is_a_warning(case: Case) -> None:
    case.settings = secret()
    found = only(secrets.check(case), "warning")
    assert found.what.startswith("connections.orders.secret: the secret 'orders-password' cannot")
    assert "amlops secrets set dev orders-password" in str(found.mend)


def test_a_secret_that_is_missing_is_a_problem(
    case: Case, place: RunningSandbox, own_vault: str
) -> None:
    case.settings = secret()
    found = only(secrets.check(case), "problem")
    assert found.what == (
        f"connections.orders.secret: the secret 'orders-password' is not in vault {own_vault}."
    )
    assert found.mend == "amlops secrets set dev orders-password"
    from azure.keyvault.secrets import SecretClient

    client = SecretClient(f"https://{own_vault}.vault.azure.net", case.arm.credential)
    client.set_secret("orders-password", "value")
    assert (
        only(secrets.check(case), "ok").what == f"secret 'orders-password' is in vault {own_vault}"
    )


def test_a_vault_of_a_team_that_is_not_there(case: Case) -> None:
    case.settings = secret(vault="kv-nowhere")
    found = only(secrets.check(case), "problem")
    assert found.what.startswith("connections.orders.secret: the vault 'kv-nowhere' cannot be")
