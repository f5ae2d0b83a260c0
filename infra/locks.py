"""Locks on what a protected stack cannot lose."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_azure_native import authorization


class Locks(pulumi.ComponentResource):
    """Keeps what holds data from being deleted. Does not guard against changes.

    Nor does it lock the resource group or the workspace: clusters could no longer scale there
    ("Create an Azure Machine Learning compute cluster", Microsoft Learn), and nobody could delete a
    deployment or a compute.
    """

    def __init__(
        self,
        name: str,
        scopes: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`scopes`: ids by a name that is part of the lock's in Pulumi."""
        # Not protected itself, or switching the setting off could never remove it.
        free = pulumi.ResourceOptions(protect=False)
        super().__init__("amlops:infra:Locks", name, None, pulumi.ResourceOptions.merge(opts, free))
        for key, scope in scopes.items():
            authorization.ManagementLockByScope(
                f"{name}-{key}",
                lock_name="amlops-protection",
                scope=scope,
                level="CanNotDelete",
                notes="Set `protection: off` in the stack file and run `up` to lift it.",
                opts=pulumi.ResourceOptions(parent=self, protect=False),
            )
        self.register_outputs({"locked": sorted(scopes)})
