"""A stack's state never goes to a backend of the other target:

- Without a word on the target nothing is planned: no subscription is reached by accident.
- The sandbox's state stays in the sandbox, and its requests on this machine.
- A stack that is bound to a subscription goes to no other; in a sandbox that has it not the binding
  says nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.target import TargetError, check_backend, check_subscription

ONE = "0f0e0d0c-0b0a-4908-8706-050403020100"
OTHER = "1f1e1d1c-1b1a-4918-8716-151413121110"
PROXY = "http://127.0.0.1:4711"


@pytest.fixture
def sandbox(tmp_path: Path) -> str:
    """The backend address of a sandbox."""
    (tmp_path / "supervisor.json").touch()
    return f"file://{tmp_path}/pulumi"


def environ(target: str, backend: str, proxy: str = "") -> dict[str, str]:
    return {"AMLOPS_TARGET": target, "PULUMI_BACKEND_URL": backend, "HTTPS_PROXY": proxy}


def test_the_sandbox_in_its_own_backend(sandbox: str) -> None:
    assert check_backend(environ("sandbox", sandbox, PROXY)) == "sandbox"


def test_the_sandbox_in_an_account_of_its_own() -> None:
    """As `amlops bootstrap` makes it; the proxy leads to no other account of that name."""
    backend = "azblob://pulumi?storage_account=stpulumi"
    assert check_backend(environ("sandbox", backend, PROXY)) == "sandbox"
    with pytest.raises(TargetError, match="would leave this machine"):
        check_backend(environ("sandbox", backend))


@pytest.mark.parametrize("backend", ["azblob://pulumi", "file:///tmp/my-state", "file://~"])
def test_azure_in_a_backend_of_its_own(backend: str) -> None:
    assert check_backend(environ("azure", backend)) == "azure"


@pytest.mark.parametrize("target", ["", "Azure", "aws"])
def test_the_target_must_be_said(target: str, sandbox: str) -> None:
    with pytest.raises(TargetError, match="allowed are sandbox and azure"):
        check_backend(environ(target, sandbox, PROXY))


def test_azure_not_into_the_sandbox(sandbox: str) -> None:
    with pytest.raises(TargetError, match="a sandbox's"):
        check_backend(environ("azure", sandbox))


def test_azure_not_into_whatever_was_logged_in_to_last() -> None:
    with pytest.raises(TargetError, match="PULUMI_BACKEND_URL is not set"):
        check_backend(environ("azure", ""))


@pytest.mark.parametrize("backend", ["", "azblob://pulumi", "file:///tmp/my-state"])
def test_the_sandbox_not_elsewhere(backend: str) -> None:
    with pytest.raises(TargetError, match="not the sandbox's"):
        check_backend(environ("sandbox", backend, PROXY))


@pytest.mark.parametrize("proxy", ["", "http://proxy.example.com:8080"])
def test_the_sandboxs_requests_stay_here(proxy: str, sandbox: str) -> None:
    with pytest.raises(TargetError, match="would leave this machine"):
        check_backend(environ("sandbox", sandbox, proxy))


def test_a_stack_goes_to_its_subscription_only() -> None:
    check_subscription("azure", ONE, ONE.upper(), {OTHER}.__contains__)
    check_subscription("azure", None, OTHER, {OTHER}.__contains__)
    check_subscription("sandbox", ONE, OTHER, {OTHER}.__contains__)
    for target, there in [("azure", {OTHER}), ("sandbox", {ONE, OTHER})]:
        with pytest.raises(TargetError, match=f"belongs to subscription {ONE}"):
            check_subscription(target, ONE, OTHER, there.__contains__)
