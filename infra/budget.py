"""What an environment may cost in a month, and who is told when it is about to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pulumi
from pulumi_azure_native import consumption

NOTICES = (("Actual", 50), ("Actual", 80), ("Actual", 100), ("Forecasted", 100))
"""Per cent of the amount, of what has been spent or of what the month will come to."""


@dataclass(frozen=True)
class BudgetArgs:
    name: str
    scope: pulumi.Input[str]
    """Id of the resource group."""
    monthly: float
    emails: Sequence[str]
    action_group: pulumi.Input[str] | None
    today: date


class Budget(pulumi.ComponentResource):
    """Does not manage spending: Azure stops nothing when a budget is exceeded.

    Azure wants a start in the month in which a budget is made, and never lets it change. The
    program therefore says the present month, and leaves a budget that is there alone.
    """

    def __init__(
        self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:Budget", name, None, opts)
        groups = [args.action_group] if args.action_group else []
        self.budget = consumption.Budget(
            f"{name}-monthly",
            budget_name=args.name,
            scope=args.scope,
            category="Cost",
            time_grain="Monthly",
            amount=args.monthly,
            time_period={"start_date": f"{args.today:%Y-%m}-01T00:00:00Z"},
            notifications={
                f"{kind.lower()}-{percent}": {
                    "enabled": True,
                    "operator": "GreaterThanOrEqualTo",
                    "threshold": percent,
                    "threshold_type": kind,
                    "contact_emails": list(args.emails),
                    "contact_groups": groups,
                    "locale": "en-us",
                }
                for kind, percent in NOTICES
            },
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["timePeriod"]),
        )
        self.register_outputs({"name": self.budget.name})
