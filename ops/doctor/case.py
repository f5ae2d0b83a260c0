"""What every check may look at: where, as whom, and what the stack asks for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ops import stack_files, stacks
from ops.arm import Arm
from ops.doctor.plan import Plan
from ops.identity import Principal
from ops.target import Target

PROVIDERS = "2021-04-01"
"""API version."""


@dataclass
class Case:
    """`environment` need not exist yet. Read by several checks at the same time."""

    target: Target
    environment: str
    arm: Arm
    principal: Principal
    plan: Plan

    @property
    def subscription(self) -> str:
        return self.target.subscription

    @property
    def root(self) -> str:
        return self.arm.root

    @property
    def group(self) -> str:
        """The id of the environment's resource group."""
        return f"{self.root}/resourceGroups/{self.plan.group}"

    @property
    def file(self) -> str:
        return stack_files.shown(self.environment)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What the stack file says, defaults included."""
        return stacks.settings(self.environment)

    @cached_property
    def group_exists(self) -> bool:
        return self.arm.get(self.group, PROVIDERS) is not None

    @cached_property
    def providers(self) -> dict[str, dict[str, Any]]:
        """Every resource provider by its namespace, in lower case."""
        found = self.arm.list(f"{self.root}/providers", PROVIDERS)
        return {str(item["namespace"]).lower(): item for item in found}

    @cached_property
    def machine_sizes(self) -> dict[str, dict[str, Any]]:
        """What Azure Machine Learning offers in the environment's region, by name in lower case."""
        service = "Microsoft.MachineLearningServices"
        path = f"{self.root}/providers/{service}/locations/{self.plan.location}/vmSizes"
        sizes = self.arm.need(path, "2025-12-01")
        return {str(item["name"]).lower(): item for item in sizes["value"]}

    @cached_property
    def skus(self) -> dict[str, dict[str, Any]]:
        """Virtual machine sizes in the region, with family, cores and restrictions."""
        path = f"{self.root}/providers/Microsoft.Compute/skus"
        found = self.arm.list(
            path, "2021-07-01", **{"$filter": f"location eq '{self.plan.location}'"}
        )
        return {
            str(item["name"]).lower(): item
            for item in found
            if item.get("resourceType") == "virtualMachines"
        }
