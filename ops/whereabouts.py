"""Where one stands: target, subscription, principal and its roles, backend, environments."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import asdict, dataclass
from typing import Any

from ops import identity
from ops.arm import Arm
from ops.environments import inventory
from ops.failure import Failure, explain
from ops.identity import Principal, Subscription
from ops.permissions import granted
from ops.target import Target


@dataclass(frozen=True)
class Whereabouts:
    """`environments` are those that are provisioned in the subscription, `elsewhere` those that
    stand in others, with these; `secrets_provider` is that of new stacks.
    """

    target: str
    subscription: Subscription
    principal: Principal
    roles: list[tuple[str, str]]
    """Role and scope; "everything" for who owns the subscription without an assignment there."""
    backend: str
    secrets_provider: str
    environments: list[str] | None
    """None where the backend cannot be read."""
    elsewhere: dict[str, str]

    def data(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "roles": [{"role": role, "scope": scope} for role, scope in self.roles],
        }


def find(target: Target) -> Whereabouts:
    """Raises `Failure` when nobody is logged in, or the subscription is none of theirs."""
    from azure.core.exceptions import AzureError

    arm = Arm(target.subscription)
    try:
        who = identity.principal(arm)
        subscription = identity.subscription(arm)
        roles = _roles(arm, who)
    except AzureError as error:
        raise explain(error) from None
    environments, elsewhere = _environments(target)
    return Whereabouts(
        target=target.name,
        subscription=subscription,
        principal=who,
        roles=roles,
        backend=os.environ.get("PULUMI_BACKEND_URL", ""),
        secrets_provider=_secrets_provider(),
        environments=environments,
        elsewhere=elsewhere,
    )


def log_in(tenant: str, *, device_code: bool) -> None:
    """By the Azure CLI, whose login the official clients and Pulumi take. Raises `Failure`."""
    if shutil.which("az") is None:
        raise Failure(
            "There is no 'az' on PATH to log in with. Install it (https://aka.ms/installazurecli), "
            "or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET of a service "
            "principal."
        )
    command = ["az", "login", "--output", "none"]
    command += ["--tenant", tenant] if tenant else []
    command += ["--use-device-code"] if device_code else []
    if subprocess.run(command, check=False).returncode:
        raise Failure("'az login' failed; its message is above.")


def can_log_in() -> bool:
    """Whether a token is to be had without asking anybody."""
    from azure.core.exceptions import AzureError

    try:
        Arm("").claims()
    except AzureError:
        return False
    return True


def subscriptions() -> list[Subscription]:
    """What the login can see."""
    return [
        Subscription(
            str(item["subscriptionId"]),
            str(item.get("displayName", "")),
            str(item.get("state", "")),
            str(item.get("tenantId", "")),
        )
        for item in Arm("").list("/subscriptions", identity.SUBSCRIPTIONS)
    ]


def _environments(target: Target) -> tuple[list[str] | None, dict[str, str]]:
    """Those in the subscription, and those in others, each with that."""
    from pulumi.automation import CommandError

    try:
        found = inventory(target).environments
    except (CommandError, Failure, OSError):
        return None, {}
    stand = [item for item in found if item.group or item.unseen]
    others = {item.name: place for item in stand if (place := item.elsewhere(target.subscription))}
    return [item.name for item in stand if not item.elsewhere(target.subscription)], others


def _roles(arm: Arm, who: Principal) -> list[tuple[str, str]]:
    """Some rights no assignment in the subscription tells of: those of the sandbox's own principal,
    of the owner of a management group.
    """
    found = identity.roles(arm, who)
    if ("Owner", arm.root) in found:
        return found
    blocks = granted(arm, arm.root)
    if any("*" in (block.get("actions") or []) and not block.get("notActions") for block in blocks):
        return [("everything", arm.root), *found]
    return found


def _secrets_provider() -> str:
    named = os.environ.get("PULUMI_SECRETS_PROVIDER")
    if named:
        return named
    passphrase = "PULUMI_CONFIG_PASSPHRASE"  # noqa: S105 - a variable's name
    set_so = os.environ.get(passphrase) or os.environ.get(f"{passphrase}_FILE")
    return "passphrase" if set_so else "none"
