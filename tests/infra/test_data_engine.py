"""Every kind of datastore and connection, and a role of our own, in the real engine and a sandbox:

- `up` twice: the second changes nothing, and nothing has drifted. `down` leaves nothing.
- A secret goes from the vault to the service and is nowhere to be seen on the way.
- A missing secret stops `up` with one line; once it is there, the next `up` completes.

The tests are one story and run in order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import Done
from tests.infra.engine import ML, Stack, stack_file
from tests.sandbox.conftest import RunningSandbox

SOMEBODY = "9f9e9d9c-9b9a-4998-8796-959493929190"
ELSEWHERE = (
    f"/subscriptions/{SOMEBODY}/resourceGroups/rg-data/providers/Microsoft.Storage/"
    "storageAccounts/stshared"
)
OLD_LAKE = (
    f"/subscriptions/{SOMEBODY}/resourceGroups/rg/providers/Microsoft.DataLakeStore/accounts/old"
)
PRINCIPAL = {"auth": "service_principal", "client": SOMEBODY, "secret": "principal"}
DATABASE = {"server": "db.example.com", "database": "sales"}
SETTINGS: dict[str, Any] = {
    "workload": "data",
    "owner": "me",
    "cost_centre": "4711",
    "clusters": {},
    "storage": {"shared_keys": True},
    "datastores": {
        "blob": {"kind": "blob"},
        "blob_key": {"kind": "blob", "auth": "account_key", "secret": "account-key"},
        "blob_elsewhere": {"kind": "blob", "account": ELSEWHERE, "auth": "sas", "secret": "sas"},
        "files": {"kind": "files", "share": "reports", "quota_gb": 5},
        "gen2": {"kind": "gen2", "filesystem": "raw"},
        "gen2_principal": {"kind": "gen2", "account": ELSEWHERE, **PRINCIPAL},
        "gen1": {"kind": "gen1", "account": OLD_LAKE, **PRINCIPAL},
        "onelake": {"kind": "onelake", "workspace": SOMEBODY, "artifact": SOMEBODY},
    },
    "connections": {
        "sql": {"kind": "sql", **DATABASE},
        "synapse": {"kind": "synapse", **DATABASE, **PRINCIPAL},
        "postgres": {"kind": "postgresql", **DATABASE, "auth": "password", "user": "u",
                     "secret": "password"},
        "mysql": {"kind": "mysql", **DATABASE, "port": 3307},
        "dbfs": {"kind": "databricks-files", "server": "adb-1.azuredatabricks.net",
                 "auth": "token", "secret": "token"},
        "git": {"kind": "git", "target": "https://git.example.com/x", "auth": "none"},
        "bucket": {"kind": "s3", "target": "https://s3.example.com", "auth": "access_key",
               "user": "id", "secret": "access-key"},
        "registry": {"kind": "container-registry", "target": "cr.example.com", "auth": "identity"},
    },
    "access": {
        "pipeline": {"principal": SOMEBODY, "type": "ServicePrincipal", "roles": ["Deployer"]},
        "leads": {"principal": SOMEBODY, "may_grant": ["Reader", "Deployer"], "scope": "workspace"},
    },
}  # fmt: skip
SECRETS = {
    name: f"hush-{name}-8675309"
    for name in ("account-key", "sas", "principal", "password", "token", "access-key")
}


@dataclass
class Logged(Stack):
    """What is printed goes into a log."""

    def pulumi(self, *arguments: str, **variables: str) -> Done:
        done = super().pulumi(*arguments, **variables)
        with self.log.open("a") as log:
            log.write(done.stdout + done.stderr)
        return done

    @property
    def log(self) -> Path:
        assert self.file
        return self.file.with_suffix(".log")

    def keep(self, name: str, value: str) -> None:
        """Put a secret into the vault, as `amlops secrets set` does."""
        from azure.keyvault.secrets import SecretClient

        path = f"/subscriptions/{self.sandbox.subscription}/resources"
        query = "$filter=resourceType eq 'Microsoft.KeyVault/vaults'"
        found = self.arm("GET", f"{path}?{query}", version="2025-04-01")
        (vault,) = (item["name"] for item in found["value"])
        with pytest.MonkeyPatch.context() as patch:
            self.sandbox.lead(patch)
            client = SecretClient(f"https://{vault}.vault.azure.net", self.sandbox.credential())
            client.set_secret(name, value)

    def secrets_of(self, kind: str, name: str) -> str:
        """What the service answers to those who may list secrets."""
        path = f"{self.outputs()['workspace']['id']}/{kind}/{name}/listSecrets"
        return self.sandbox.arm("POST", path, version=ML).text


@pytest.fixture(scope="module")
def stack(
    start_sandbox: Callable[..., RunningSandbox], tmp_path_factory: pytest.TempPathFactory
) -> Logged:
    file = tmp_path_factory.mktemp("stack") / "Pulumi.dev.yaml"
    file.write_text(stack_file(SETTINGS))
    stack = Logged(start_sandbox(tracking=False), file)
    stack.init()
    return stack


def test_a_missing_secret_is_one_line_that_says_what_to_do(stack: Logged) -> None:
    printed = stack.refused("up", "--yes", "--skip-preview")
    for name in SECRETS:
        assert f"has no secret '{name}'" in printed
        assert f"amlops secrets set dev {name}" in printed


def test_up_completes_when_the_secrets_are_there(stack: Logged) -> None:
    for name, value in SECRETS.items():
        stack.keep(name, value)
    stack.up()
    workspace = stack.outputs()["workspace"]["id"]
    for kind in ("datastores", "connections"):
        found = stack.arm("GET", f"{workspace}/{kind}")["value"]
        assert SETTINGS[kind].keys() <= {item["name"] for item in found}


def test_a_second_up_changes_nothing(stack: Logged) -> None:
    assert "unchanged" in stack.up("--expect-no-changes")
    stack.no_drift()


def test_the_service_has_each_secret(stack: Logged) -> None:
    for kind in ("datastores", "connections"):
        for name, given in SETTINGS[kind].items():
            if "secret" in given:
                assert SECRETS[given["secret"]] in stack.secrets_of(kind, name), name


def test_a_changed_secret_is_passed_on(stack: Logged) -> None:
    stack.keep("password", "hush-another-8675309")
    assert "1 updated" in stack.up()
    assert "hush-another-8675309" in stack.secrets_of("connections", "postgres")


def test_no_secret_is_in_the_state_or_a_log(stack: Logged) -> None:
    folder = stack.sandbox.directory
    files = [stack.log, *folder.pulumi.rglob("*"), *folder.logs.rglob("*")]
    texts = {file: file.read_bytes() for file in files if file.is_file()}
    assert any(b"amlops:infra:Connections" in text for text in texts.values())
    for value in [*SECRETS.values(), "hush-another-8675309"]:
        assert [file for file, text in texts.items() if value.encode() in text] == []


def test_down_leaves_nothing(stack: Logged) -> None:
    root = f"/subscriptions/{stack.sandbox.subscription}"
    stack.destroy()
    assert stack.arm("GET", f"{root}/resourceGroups", version="2025-04-01")["value"] == []
    roles = "providers/Microsoft.Authorization/roleDefinitions"
    answer = stack.arm("GET", f"{root}/{roles}", version="2022-04-01")
    assert not [r for r in answer["value"] if r["properties"]["type"] == "CustomRole"]
