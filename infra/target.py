"""Where the program may run: refuses a target that does not fit Pulumi's backend.

State of the sandbox in a real backend, or of a subscription in the sandbox's, would have the next
`up` delete or make twice what is really there. `AMLOPS_TARGET` says which of the two is meant:
`amlops` sets it, and the environment of `amlops sandbox run` has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlparse

TARGETS = ("sandbox", "azure")


class TargetError(Exception):
    """Says what does not fit and what to do."""


def check_backend(environ: Mapping[str, str]) -> str:
    """The target, `sandbox` or `azure`; raises TargetError where the backend is of the other."""
    target = environ.get("AMLOPS_TARGET", "")
    backend = environ.get("PULUMI_BACKEND_URL", "")
    if target not in TARGETS:
        raise TargetError(
            f"AMLOPS_TARGET is {target!r}, allowed are sandbox and azure: use `amlops`, or run "
            "Pulumi within `amlops sandbox run`, or set AMLOPS_TARGET=azure to mean a subscription"
        )
    if target == "sandbox":
        if not _of_a_sandbox(backend) and not _an_account(backend):
            raise TargetError(
                f"the target is the sandbox, but PULUMI_BACKEND_URL is {backend!r}, not the "
                "sandbox's: run within `amlops sandbox run` and leave PULUMI_BACKEND_URL as it is"
            )
        if not _leads_to_this_machine(environ.get("HTTPS_PROXY", "")):
            raise TargetError(
                "the target is the sandbox, but HTTPS_PROXY does not lead to it, so requests would "
                "leave this machine: run within `amlops sandbox run`"
            )
    elif not backend:
        raise TargetError(
            "the target is azure, but PULUMI_BACKEND_URL is not set: set it to your team's "
            "backend, such as azblob://pulumi"
        )
    elif _of_a_sandbox(backend):
        raise TargetError(
            f"the target is azure, but PULUMI_BACKEND_URL is {backend!r}, a sandbox's: set it to "
            "your team's backend, such as azblob://pulumi"
        )
    return target


def check_subscription(
    target: str, expected: str | None, actual: str, there: Callable[[str], bool]
) -> None:
    """Raises TargetError where a stack is bound to another subscription than the one logged in to.

    A sandbox has a random subscription of its own: one that it has not (`there`) binds nothing.
    """
    if not expected or expected.lower() == actual.lower():
        return
    if target == "azure" or there(expected):
        raise TargetError(
            f"this stack belongs to subscription {expected} (amlops:settings.subscription), but "
            f"the login is to {actual}: set AZURE_SUBSCRIPTION_ID to the former, or correct the "
            "stack file"
        )


def _of_a_sandbox(backend: str) -> bool:
    """A sandbox keeps its stacks in `pulumi`, beside what its supervisor writes."""
    url = urlparse(backend)
    if url.scheme != "file" or not url.path:
        return False
    return (Path(url.path).expanduser().parent / "supervisor.json").exists()


def _an_account(backend: str) -> bool:
    """State in a storage account: of the sandbox's own, since no request leaves this machine."""
    url = urlparse(backend)
    return url.scheme == "azblob" and "storage_account" in parse_qs(url.query)


def _leads_to_this_machine(proxy: str) -> bool:
    return urlparse(proxy).hostname in {"127.0.0.1", "localhost", "::1"}
