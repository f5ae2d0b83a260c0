"""`amlops secrets`: into the vault by standard input, and never out again.

Before the environment exists there is no vault; then a missing secret is told by its setting.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from azure.core.exceptions import HttpResponseError

from ops import secrets, stacks
from ops.failure import Failure
from tests.checkout import ROOT, Done
from tests.ops.conftest import Amlops, assert_one_message, run_in
from tests.sandbox.conftest import RunningSandbox

VALUE = "hush-1618033988"


@dataclass
class Vault:
    sandbox: RunningSandbox

    def amlops(self, *arguments: str, given: str = "") -> Done:
        return run_in(self.sandbox, "secrets", *arguments, given=given)


@pytest.fixture(scope="module")
def vault(start_sandbox: Callable[..., RunningSandbox]) -> Vault:
    """A sandbox with an environment of which only a part could be made."""
    sandbox = start_sandbox(tracking=False)
    environment = {**os.environ, **sandbox.environment}

    def pulumi(*arguments: str) -> int:
        command = ["pulumi", *arguments, "-s", "dev", "--non-interactive"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
        return done.returncode

    assert pulumi("stack", "init") == 0
    # Its workspace fails, for its identity's roles are never seen: the vault is there all the same.
    sandbox.admin("POST", "/faults", {"kind": "roles", "seconds": 86400})
    assert pulumi("up", "--yes", "--skip-preview") != 0
    sandbox.admin("DELETE", "/faults")
    return Vault(sandbox)


def test_a_secret_goes_into_the_vault_and_is_not_shown(vault: Vault) -> None:
    done = vault.amlops("set", "dev", "orders-password", given=f"{VALUE}\n")
    assert done.returncode == 0, done.stderr
    assert "orders-password is in vault kv-bikes-dev-" in done.stdout
    assert VALUE not in done.stdout + done.stderr
    shown = vault.amlops("list", "dev", "--output", "json")
    assert VALUE not in shown.stdout + shown.stderr
    (found,) = json.loads(shown.stdout)
    assert found["name"] == "orders-password"
    assert found["updated"]
    assert found["settings"] == []


def test_the_value_is_what_was_given_without_the_end_of_its_line(vault: Vault) -> None:
    from azure.keyvault.secrets import SecretClient

    done = vault.amlops("set", "dev", "key", "--output", "json", given="two\nlines \n")
    name = json.loads(done.stdout)["vault"]
    with pytest.MonkeyPatch.context() as patch:
        vault.sandbox.lead(patch)
        client = SecretClient(f"https://{name}.vault.azure.net", vault.sandbox.credential())
        assert client.get_secret("key").value == "two\nlines "


def test_an_empty_value_changes_nothing(vault: Vault) -> None:
    done = vault.amlops("set", "dev", "nothing", given="\n")
    assert_one_message(done)
    assert "nothing was changed" in done.stderr
    assert "nothing" not in vault.amlops("list", "dev", "--output", "json").stdout


def test_a_name_that_a_vault_does_not_take_is_a_mistake(vault: Vault) -> None:
    done = vault.amlops("set", "dev", "my_secret", given=VALUE)
    assert done.returncode == 2
    assert "letters, digits and hyphens" in done.stderr


def test_without_an_environment_there_is_no_vault(running: Amlops) -> None:
    done = running("secrets", "set", "dev", "key")
    assert_one_message(done)
    assert "not provisioned" in done.stderr


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names in a vault, of which the test decides."""
    names: list[str] = []

    class Kept:
        updated_on = None

        def __init__(self, name: str) -> None:
            self.name = name

    class Client:
        def list_properties_of_secrets(self) -> list[Kept]:
            return [Kept(name) for name in names]

        def set_secret(self, _name: str, _value: str) -> None:
            error = HttpResponseError("no")
            error.status_code = 403
            raise error

    monkeypatch.setattr(secrets, "_client", lambda _vault: Client())
    monkeypatch.setattr(stacks, "check_settings", lambda _environment: None)
    return names


def test_what_the_stack_file_names_is_listed_also_when_missing(
    kept: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in = {"auth": "password", "user": "u", "secret": "password"}
    database = {"kind": "sql", "server": "db.example.com", "database": "x", **log_in}
    settings = {
        "connections": {
            "sales": {**database, "vault": None},
            "other": {**database, "vault": "kv-team"},
        },
        "kubernetes": {"serving": {"tls": {"secret": "certificate", "host": "m.example.com"}}},
    }
    monkeypatch.setattr(stacks, "settings", lambda _environment: settings)
    kept.append("own")
    found = secrets.listing("dev", "kv-x")
    assert [(one.name, one.settings) for one in found] == [
        ("own", ()),
        ("password", ("connections.sales.secret",)),
    ]
    assert found[1].updated == ""


def test_who_may_not_is_told_which_role_it_takes(kept: list[str]) -> None:
    assert kept == []
    with pytest.raises(Failure, match=r"Key Vault Secrets Officer.*scope: vault"):
        secrets.put("kv-x", "name", VALUE)
