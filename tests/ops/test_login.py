"""Where one stands, and getting there. A sandbox stands in for Azure: the same clients."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ops.identity import Principal
from tests.ops.conftest import Done, assert_one_message, run, run_in
from tests.sandbox.conftest import RunningSandbox


@pytest.fixture(scope="module")
def place(start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    return start_sandbox(tracking=False)


def as_azure(place: RunningSandbox, *arguments: str, **changes: str) -> Done:
    """As in a real subscription, whose addresses happen to lead to a sandbox."""
    return run(*arguments, "--target", "azure", **{**place.environment, **changes})


def test_in_the_sandbox(place: RunningSandbox) -> None:
    done = run_in(place, "whoami", "--output", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["target"] == "sandbox"
    assert found["subscription"]["id"] == place.subscription
    assert (found["subscription"]["name"], found["subscription"]["state"]) == ("Sandbox", "Enabled")
    assert found["principal"]["type"] == "service principal"
    assert found["principal"]["tenant"] == place.environment["AZURE_TENANT_ID"]
    assert found["roles"] == [
        {"role": "everything", "scope": f"/subscriptions/{place.subscription}"}
    ]
    assert found["backend"] == place.environment["PULUMI_BACKEND_URL"]
    assert (found["secrets_provider"], found["environments"]) == ("passphrase", [])
    assert place.environment["AZURE_CLIENT_SECRET"] not in done.stdout + done.stderr


def test_the_environments_that_are_provisioned(place: RunningSandbox) -> None:
    group = f"/subscriptions/{place.subscription}/resourceGroups/rg-bikes-dev"
    tags = {"workload": "bikes", "environment": "dev"}
    place.arm("PUT", group, {"location": "eastus", "tags": tags}, version="2025-04-01")
    assert "environments" in run_in(place, "whoami").stdout
    found = json.loads(run_in(place, "whoami", "--output", "json").stdout)
    assert found["environments"] == ["dev"]


def test_the_sandbox_needs_no_login(place: RunningSandbox) -> None:
    done = run_in(place, "login")
    assert done.returncode == 0, done.stderr
    assert "the sandbox needs no login" in done.stderr
    assert place.subscription in done.stdout


def test_who_is_logged_in_already_need_not_log_in(place: RunningSandbox) -> None:
    done = as_azure(place, "login", PATH="/nowhere:" + os.environ["PATH"])
    assert done.returncode == 0, done.stderr
    assert "already logged in" in done.stderr
    assert "target" in done.stdout


def test_a_subscription_has_to_be_chosen(place: RunningSandbox) -> None:
    done = as_azure(place, "login", AZURE_SUBSCRIPTION_ID="", ARM_SUBSCRIPTION_ID="")
    assert_one_message(done)
    assert f"export AZURE_SUBSCRIPTION_ID={place.subscription}  # Sandbox" in done.stderr


def test_without_a_login_the_azure_cli_is_asked(place: RunningSandbox, tmp_path: Path) -> None:
    """Our `az` writes down how it was called and then fails, as a person who gives up."""
    fake = tmp_path / "az"
    fake.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\nexit 1\n')
    fake.chmod(0o755)
    done = as_azure(
        place, "login", "--tenant", "my-tenant", "--device-code",
        AZURE_CLIENT_SECRET="wrong", PATH=f"{tmp_path}:{os.environ['PATH']}",
    )  # fmt: skip
    assert_one_message(done)
    assert "'az login' failed" in done.stderr
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls[-1] == "login --output none --tenant my-tenant --use-device-code"


def test_without_the_azure_cli_it_says_what_else_there_is(
    place: RunningSandbox, tmp_path: Path
) -> None:
    done = as_azure(place, "login", AZURE_CLIENT_SECRET="wrong", PATH=str(tmp_path))
    assert_one_message(done)
    assert "There is no 'az' on PATH" in done.stderr
    assert "Credential" not in done.stderr
    assert "AZURE_CLIENT_SECRET of a service principal" in done.stderr


def test_whoami_of_nobody_says_how_to_log_in(place: RunningSandbox) -> None:
    done = as_azure(place, "whoami", AZURE_CLIENT_SECRET="wrong")
    assert_one_message(done)
    assert "AADSTS7000215" in done.stderr
    assert "Log in with: amlops login --target azure" in done.stderr


@pytest.mark.parametrize(
    ("claims", "name", "kind"),
    [
        ({"upn": "kim@contoso.com", "scp": "user_impersonation"}, "kim@contoso.com", "user"),
        ({"appid": "an-app", "idtyp": "app"}, "an-app", "service principal"),
        (
            {
                "appid": "an-app",
                "idtyp": "app",
                "xms_mirid": "/s/1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i",
            },
            "an-app",
            "managed identity",
        ),
    ],
)
def test_a_principal_by_its_token(claims: dict[str, str], name: str, kind: str) -> None:
    found = Principal.of({"oid": "object", "tid": "tenant", **claims})
    assert (found.id, found.tenant, found.name, found.type) == ("object", "tenant", name, kind)
