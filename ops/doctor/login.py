"""Whether a token is to be had, for whom, whether the subscription is open, and what time it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from ops import identity
from ops.arm import Arm
from ops.doctor.case import Case
from ops.doctor.finding import Finding, ok, problem, warning
from ops.failure import LOG_IN, explain
from ops.identity import Principal
from ops.target import Target

SKEW = timedelta(minutes=5)
"""How far a clock may be off before tokens are refused as not yet valid."""


def log_in(target: Target, arm: Arm) -> tuple[Principal | None, Finding]:
    """The principal, None where no token is to be had."""
    from azure.core.exceptions import AzureError

    try:
        found = identity.principal(arm)
    except AzureError as error:
        mend = LOG_IN if target.name == "azure" else "amlops sandbox status"
        return None, problem(explain(error).message.splitlines()[0], mend)
    return found, ok(f"{found.type} {found.name} ({found.id}) of tenant {found.tenant}")


def subscription(case: Case) -> Iterator[Finding]:
    from azure.core.exceptions import HttpResponseError

    try:
        found = identity.subscription(case.arm)
    except HttpResponseError as error:
        yield problem(
            f"Subscription {case.subscription} cannot be seen: {explain(error).message}",
            "az account list --output table, then: export AZURE_SUBSCRIPTION_ID=ID",
        )
        return
    name = f"subscription {found.name} ({found.id})"
    if found.state in ("Enabled", "PastDue"):
        yield ok(f"{name} is {found.state}")
    else:
        yield problem(
            f"The {name} is {found.state}: it takes no changes.",
            "https://portal.azure.com, Subscriptions: reactivate it",
        )
    if found.tenant and found.tenant.lower() != case.principal.tenant.lower():
        yield problem(
            f"The login is to tenant {case.principal.tenant}, the subscription is in "
            f"{found.tenant}.",
            f"az login --tenant {found.tenant}",
        )


def clock(case: Case) -> Iterator[Finding]:
    """Azure's time by the date of an answer, to the second."""
    date = case.arm.date()
    if date is None:
        yield warning("Azure's answer carries no date: the clock cannot be compared.")
        return
    skew = datetime.now(UTC) - parsedate_to_datetime(date)
    off = f"{abs(skew).total_seconds():.0f} s {'behind' if skew < timedelta() else 'ahead'}"
    if abs(skew) <= SKEW:
        yield ok("this machine's clock is Azure's")
    elif case.target.name == "sandbox":
        yield ok(f"this machine's clock is {off}: the sandbox's has been moved")
    else:
        yield problem(
            f"This machine's clock is {off} of Azure's: tokens will be refused.",
            "sudo timedatectl set-ntp true",
        )
