"""The lock on a protected stack's resource group."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import authorization


class Lock(pulumi.ComponentResource):
    """Keeps everything in the group from being deleted. Does not guard against changes."""

    def __init__(
        self, name: str, scope: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        # Not protected itself, or switching the setting off could never remove it.
        free = pulumi.ResourceOptions(protect=False)
        super().__init__("amlops:infra:Lock", name, None, pulumi.ResourceOptions.merge(opts, free))
        authorization.ManagementLockByScope(
            f"{name}-group",
            lock_name="amlops-protection",
            scope=scope,
            level="CanNotDelete",
            notes="Set `protection: off` in the stack file and run `up` to lift it.",
            opts=pulumi.ResourceOptions(parent=self, protect=False),
        )
        self.register_outputs({})
