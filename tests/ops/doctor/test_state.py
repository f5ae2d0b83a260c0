"""The key of Pulumi's state: there, missing, closed to the caller, in a vault that is silent."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace

import pytest
import requests

from ops.arm import Arm
from ops.doctor import state
from ops.doctor.case import Case
from tests.ops.conftest import run_in
from tests.ops.doctor.conftest import Stranger, only
from tests.sandbox.conftest import RunningSandbox

VARIABLE = "PULUMI_SECRETS_PROVIDER"


@pytest.fixture(scope="module")
def key(place: RunningSandbox) -> str:
    """The key that `amlops bootstrap` makes."""
    done = run_in(place, "bootstrap", "--output", "json")
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["secrets_provider"])


def test_a_key_that_may_be_used(case: Case, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, key)
    told = only(state.secrets_provider(case), "ok").what
    assert told == f"the key {key.removeprefix('azurekeyvault://')} encrypts the state's secrets"


def test_a_key_that_is_missing(case: Case, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, f"{key}-nosuch")
    found = only(state.secrets_provider(case), "problem")
    assert "is not to be had: A key with (name/id) pulumi-nosuch was not found" in found.what
    assert found.mend == "amlops bootstrap --target azure"


def test_a_key_that_is_closed_to_the_caller(
    case: Case, place: RunningSandbox, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OfTheVault(Stranger):
        def get_token(self, *scopes: str, **_: object) -> object:
            assert scopes == ("https://vault.azure.net/.default",)
            return type(
                "Token", (), {"token": place.token(self.id, audience="https://vault.azure.net")}
            )

    monkeypatch.setenv(VARIABLE, key)
    stranger = replace(case, arm=Arm(place.subscription, OfTheVault(place)))
    found = only(state.secrets_provider(stranger), "problem")
    assert "may not be used: Caller is not authorized to perform action" in found.what
    principal = f"--assignee-object-id {case.principal.id} --assignee-principal-type"
    assert f"{principal} ServicePrincipal" in str(found.mend)


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"error": null}'])
def test_an_answer_that_says_nothing_is_told_by_its_status(body: bytes) -> None:
    answer = requests.Response()
    answer._content, answer.status_code, answer.reason = body, 502, "Bad Gateway"
    assert state._message(answer) == "Bad Gateway"


def test_a_vault_that_does_not_answer(
    case: Case, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise requests.ConnectionError(uuid.uuid4().hex)

    monkeypatch.setenv(VARIABLE, key)
    monkeypatch.setattr(requests, "get", nobody)
    found = only(state.secrets_provider(case), "problem")
    assert found.what.startswith("The vault kv-pulumi-")
    assert found.what.endswith(".vault.azure.net cannot be reached.")
