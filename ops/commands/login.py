"""`amlops login`, `amlops whoami`."""

from __future__ import annotations

import os

import click

from ops import options, screen
from ops.failure import Failure
from ops.target import enter


@click.command()
@click.option(
    "--tenant",
    default=lambda: os.environ.get("AZURE_TENANT_ID", ""),
    show_default="AZURE_TENANT_ID, else your own",
    help="The tenant to log in to.",
)
@click.option("--device-code", is_flag=True, help="Log in with another machine's browser.")
@options.target
@options.output
def login(tenant: str, device_code: bool, target: str, output: str) -> None:
    """Log in where that is needed, and tell as whom and where one is then.

    The sandbox needs no login: whoever may read its folder is its owner.
    """
    from ops import federation, whereabouts

    screen.header(target, None, "login")
    if target == "sandbox":
        screen.note("the sandbox needs no login: its commands are its service principal")
    else:
        federation.enter(os.environ)
        if whereabouts.can_log_in():
            screen.note("already logged in")
        else:
            whereabouts.log_in(tenant, device_code=device_code)
        _need_subscription()
    _show(target, output)


@click.command()
@options.target
@options.output
def whoami(target: str, output: str) -> None:
    """Tell where one stands: target, subscription, principal, roles, backend, environments."""
    screen.header(target, None, "whoami")
    _show(target, output)


def _show(target: str, output: str) -> None:
    from ops.whereabouts import find

    found = find(enter(target))
    who, where = found.principal, found.subscription
    rows = [
        ("target", found.target),
        ("tenant", who.tenant),
        ("subscription", f"{where.name} ({where.id}), {where.state}"),
        ("principal", f"{who.name} ({who.id}), {who.type}"),
        *(("role", f"{role} at {scope}") for role, scope in found.roles or [("none", "any scope")]),
        ("backend", _backend(found.backend, readable=found.environments is not None)),
        ("secrets provider", found.secrets_provider),
        ("environments", ", ".join(found.environments or []) or "none"),
        *(("elsewhere", f"{name} in subscription {at}") for name, at in found.elsewhere.items()),
    ]
    screen.result(found.data(), output, screen.table(("", ""), rows))


def _backend(url: str, *, readable: bool) -> str:
    if not url:
        return "none: see 'amlops bootstrap'"
    return url if readable else f"{url}, which cannot be read: see 'amlops doctor'"


def _need_subscription() -> None:
    """Raises `Failure` that lists what may be chosen, where none is named."""
    from ops.whereabouts import subscriptions

    if os.environ.get("AZURE_SUBSCRIPTION_ID") or os.environ.get("ARM_SUBSCRIPTION_ID"):
        return
    lines = [f"  export AZURE_SUBSCRIPTION_ID={item.id}  # {item.name}" for item in subscriptions()]
    if not lines:
        raise Failure(
            "You are logged in, but no subscription is to be seen: ask for a role in one."
        )
    raise Failure("\n".join(["You are logged in. Choose a subscription:", *lines]))
