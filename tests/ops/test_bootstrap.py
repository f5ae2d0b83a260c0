"""The backend that `amlops bootstrap` makes, and a stack that moves into it and works there.

State through Pulumi's own blob driver, secrets by the vault's key, login by its Go SDK: none of it
knows of the sandbox.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from azure.keyvault.keys import KeyClient
from azure.mgmt.storage import StorageManagementClient

from ops import bootstrap
from ops.bootstrap import Backend
from ops.commands.bootstrap import HOW
from ops.failure import Failure
from tests.ops.conftest import ROOT, run_in
from tests.sandbox.conftest import RunningSandbox

WORD = "open sesame"


@pytest.fixture(scope="module")
def place(start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    return start_sandbox(tracking=False)


@pytest.fixture(scope="module")
def backend(place: RunningSandbox) -> dict[str, Any]:
    done = run_in(place, "bootstrap", "--location", "koreacentral", "--output", "json")
    assert done.returncode == 0, done.stderr
    made: dict[str, Any] = json.loads(done.stdout)
    return made


@pytest.fixture
def client(place: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    place.lead(monkeypatch)


def test_it_is_keyless_versioned_locked_and_protected(
    place: RunningSandbox, backend: dict[str, Any], client: None
) -> None:
    storage = StorageManagementClient(place.credential(), place.subscription)
    account = storage.storage_accounts.get_properties(backend["group"], backend["account"])
    assert (account.location, account.sku.name) == ("koreacentral", "Standard_ZRS")
    assert account.allow_shared_key_access is False
    assert account.allow_blob_public_access is False
    service = storage.blob_services.get_service_properties(backend["group"], backend["account"])
    assert service.is_versioning_enabled
    assert service.delete_retention_policy.days == 90
    key = KeyClient(f"https://{backend['vault']}.vault.azure.net", place.credential()).get_key(
        "pulumi"
    )
    assert (key.key_type, key.properties.recoverable_days) == ("RSA", 90)
    assert key.properties.recovery_level == "Recoverable", "protected against purge"
    group = f"/subscriptions/{place.subscription}/resourceGroups/{backend['group']}"
    refused = place.arm("DELETE", group, version="2025-04-01")
    assert refused.json()["error"]["code"] == "ScopeLocked"


def test_it_may_run_again(place: RunningSandbox, backend: dict[str, Any], client: None) -> None:
    vault = f"https://{backend['vault']}.vault.azure.net"
    before = KeyClient(vault, place.credential()).get_key("pulumi").id
    again = run_in(place, "bootstrap", "--location", "koreacentral", "--output", "json")
    assert (again.returncode, json.loads(again.stdout)) == (0, backend), again.stderr
    assert KeyClient(vault, place.credential()).get_key("pulumi").id == before
    moved = run_in(place, "bootstrap", "--location", "eastus")
    assert moved.returncode == 1
    assert "is in koreacentral, not in eastus" in moved.stderr
    text = run_in(place, "bootstrap", "--location", "koreacentral")
    assert f"export PULUMI_BACKEND_URL='{backend['backend']}'" in text.stdout
    assert f"--secrets-provider '{backend['secrets_provider']}'" in text.stdout
    assert "`amlops` keeps to the sandbox's own backend" in text.stdout


def test_a_stack_moves_there_and_works(
    place: RunningSandbox, backend: dict[str, Any], tmp_path: Path
) -> None:
    """The program itself, from the sandbox's file backend into the account, with its resources."""
    for name in ("infra", "policies", ".venv"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    here = {**os.environ, **place.environment}
    there = {**here, "PULUMI_BACKEND_URL": backend["backend"]}
    del there["PULUMI_CONFIG_PASSPHRASE"]
    provider = backend["secrets_provider"]

    def pulumi(environment: dict[str, str], *arguments: str) -> str:
        done = subprocess.run(
            ["pulumi", "--non-interactive", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    pulumi(here, "stack", "init", "test")
    pulumi(here, "up", "--yes", "-s", "test", "--skip-preview")
    pulumi(here, "stack", "export", "-s", "test", "--file", "test.json")
    held = len(json.loads((tmp_path / "test.json").read_text())["deployment"]["resources"])

    file = tmp_path / "stacks" / "Pulumi.test.yaml"
    # The import opens what was encrypted in the old place, so it still needs the passphrase.
    both = {**there, "PULUMI_CONFIG_PASSPHRASE": place.environment["PULUMI_CONFIG_PASSPHRASE"]}
    pulumi(both, "stack", "init", "test", "--secrets-provider", provider)
    pulumi(both, "stack", "import", "-s", "test", "--file", "test.json")
    pulumi(both, "stack", "change-secrets-provider", "-s", "test", provider)

    pulumi(there, "config", "set", "-s", "test", "--secret", "other:word", WORD)
    assert pulumi(there, "config", "get", "-s", "test", "other:word").strip() == WORD
    assert WORD not in file.read_text()
    assert provider in file.read_text()
    pulumi(there, "preview", "-s", "test", "--expect-no-changes")
    state = json.loads(pulumi(there, "stack", "export", "-s", "test"))["deployment"]
    assert len(state["resources"]) == held
    assert state["secrets_providers"]["type"] == "cloud"
    assert state["secrets_providers"]["state"]["url"] == provider


def test_a_service_that_does_not_answer_in_time_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A new account's host is not known everywhere at once, or is slow."""
    answers: list[Exception | bool] = [
        requests.ReadTimeout("read timed out"),
        requests.ConnectionError("no such host"),
        False,
        True,
    ]

    def answer(*_: object, **__: object) -> SimpleNamespace:
        told = answers.pop(0)
        if isinstance(told, Exception):
            raise told
        return SimpleNamespace(ok=told)

    token = SimpleNamespace(token="t")
    arm: Any = SimpleNamespace(credential=SimpleNamespace(get_token=lambda _: token))
    monkeypatch.setattr(requests, "request", answer)
    monkeypatch.setattr(bootstrap, "PAUSE", 0.0)
    backend = Backend("11111111-2222-3333-4444-555555555555", "rg-pulumi-state", "eastus")
    bootstrap.until(lambda: bootstrap.reads_state(arm, backend), "it answers")
    assert answers == []
    monkeypatch.setattr(bootstrap, "PATIENCE", 0.0)
    with pytest.raises(Failure, match="Not within 0 minutes: it answers"):
        bootstrap.until(lambda: False, "it answers")


def test_names_are_allowed_and_the_same_for_the_same_place() -> None:
    one = Backend("11111111-2222-3333-4444-555555555555", "rg-pulumi-state", "eastus")
    assert one == Backend(one.subscription, one.group, one.location)
    assert one.account == Backend(one.subscription.upper(), "RG-pulumi-STATE", "eastus").account
    assert one.account != Backend(one.subscription, "rg-other", "eastus").account
    assert one.account.isalnum()
    assert len(one.account) <= 24
    assert len(one.vault) <= 24


def test_the_move_of_a_stack_ends_with_the_committed_file() -> None:
    lines = [line.strip() for line in HOW.splitlines() if line.startswith("    ")]
    assert lines[-2].startswith("pulumi stack change-secrets-provider -s ENV")
    assert lines[-1] == "git checkout stacks/Pulumi.ENV.yaml"
