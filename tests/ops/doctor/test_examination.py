"""The whole examination, as a person types it, and checks that cannot be made."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ops.doctor import examination, login, state, tools
from ops.doctor.case import Case
from ops.doctor.examination import examine, failed
from ops.target import Target
from tests.ops.conftest import run_in
from tests.ops.doctor.conftest import levels, only
from tests.sandbox.conftest import RunningSandbox


def doctor(place: RunningSandbox, *arguments: str) -> Any:
    return run_in(place, "doctor", *arguments)


def test_an_environment_that_is_not_there_yet(place: RunningSandbox) -> None:
    done = doctor(place, "dev", "--output", "json")
    assert done.returncode == 0, done.stderr
    findings = json.loads(done.stdout)
    assert {item["level"] for item in findings} == {"ok"}
    checks = {title for title, _ in examination.CHECKS} | {"command line", "login"}
    # dev names nothing that it does not make.
    assert {item["check"] for item in findings} == checks - {"references", "secrets"}
    assert set(findings[0]) == {"level", "what", "mend", "check"}


def test_a_problem_is_an_exit_code_and_a_command(place: RunningSandbox) -> None:
    path = f"/subscriptions/{place.subscription}/providers/Microsoft.ContainerRegistry"
    place.arm("POST", f"{path}/unregister", version="2022-09-01")
    try:
        done = doctor(place, "dev")
    finally:
        place.arm("POST", f"{path}/register", version="2022-09-01")
    assert done.returncode == 1
    assert "Microsoft.ContainerRegistry is not registered" in done.stdout
    assert "az provider register --namespace Microsoft.ContainerRegistry --wait" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stack_that_is_none(place: RunningSandbox) -> None:
    findings = list(examine(Target("sandbox", place.subscription), "nosuch"))
    assert failed(findings)
    assert "no such stack" in findings[-1].what
    assert findings[-1].check == "settings"


def test_a_check_that_cannot_be_made_is_a_finding(
    place: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_case: Case) -> list[Any]:
        raise TimeoutError("Azure did not answer")

    monkeypatch.setattr(examination, "CHECKS", (("weather", broken), ("clock", login.clock)))
    findings = list(examine(Target("sandbox", place.subscription), "dev"))
    assert [item.check for item in findings[-2:]] == ["weather", "clock"]
    assert findings[-2].what == "Could not be checked: Azure did not answer"
    assert failed(findings)


def test_without_a_login_nothing_else_is_asked(
    place: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "wrong")
    findings = list(examine(Target("azure", place.subscription), "dev"))
    assert findings[-1].check == "login"
    assert "AADSTS7000215" in findings[-1].what
    assert findings[-1].mend == "amlops login --target azure"


def test_another_subscription(case: Case) -> None:
    case.arm.subscription = "11111111-2222-3333-4444-555555555555"
    found = only(login.subscription(case), "problem")
    assert "could not be found" in found.what
    assert "az account list" in str(found.mend)


def test_a_clock_that_is_off(
    start_sandbox: Callable[..., RunningSandbox], case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(case.arm), "date", lambda _: "Mon, 01 Jan 2024 00:00:00 GMT")
    assert "has been moved" in only(login.clock(case), "ok").what
    monkeypatch.setattr(case, "target", Target("azure", case.subscription))
    found = only(login.clock(case), "problem")
    assert "ahead of Azure's" in found.what
    assert timedelta(minutes=5) == login.SKEW


@pytest.mark.parametrize(
    ("output", "level"),
    [("v3.220.0", "ok"), ("v3.300.1-alpha", "ok"), ("v3.219.9", "problem"), ("what", "problem")],
)
def test_an_old_pulumi(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, output: str, level: str
) -> None:
    fake = tmp_path / "pulumi"
    fake.write_text(f"#!/bin/sh\necho {output}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert next(iter(tools.check("sandbox"))).level == level


def test_the_azure_cli_is_asked_for_where_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("AZURE_CLIENT_ID", raising=False)
    assert levels(tools.check("azure")) == ["problem", "ok", "warning"]
    monkeypatch.setenv("AZURE_CLIENT_ID", "app")
    assert levels(tools.check("azure")) == ["problem", "ok"]


def test_a_backend_that_cannot_be_read(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "azblob://pulumi?storage_account=stnowhere")
    found = only(state.backend(case), "problem")
    assert found.what.startswith("the backend azblob://pulumi cannot be read: ")
    monkeypatch.delenv("PULUMI_BACKEND_URL")
    assert only(state.backend(case), "problem").mend == "amlops bootstrap --target azure"


def test_a_state_whose_secrets_cannot_be_opened(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    assert (
        "PULUMI_CONFIG_PASSPHRASE is not set" in only(state.secrets_provider(case), "problem").what
    )
