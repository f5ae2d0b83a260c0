"""A deployed environment, met through its stack's outputs and the official clients."""

from __future__ import annotations

import logging
import os
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ops import stack_files, stacks
from ops.failure import Failure, NotProvisioned
from ops.federation import credential
from ops.target import Target

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from pulumi import automation

WORKSPACE = "azure-native:machinelearningservices:Workspace"


@dataclass
class Platform:
    """`outputs` are the stack's; the clients are made when first used."""

    target: Target
    environment: str
    outputs: dict[str, Any]

    @classmethod
    def of(cls, target: Target, environment: str) -> Platform:
        """Raises `Failure` when the environment is not provisioned, or is no environment."""
        outputs = stacks.outputs(environment)
        if "workspace" not in outputs:
            raise Failure(
                f"'{environment}' is a registry, not an environment: it has no workspace to work "
                "in. Name an environment, such as dev."
            )
        return cls(target, environment, outputs)

    @classmethod
    def partly(cls, target: Target, stack: automation.Stack) -> Platform | None:
        """One that may be half made or half deleted, by what is in its state; None without any."""
        made = stacks.resources(stack)
        outputs = stacks.outputs_in(made)
        for resource in made:
            found = {**resource.get("inputs", {}), **resource.get("outputs", {})}
            if resource["type"] == stacks.GROUP:
                outputs.setdefault("resourceGroup", found.get("name"))
                # One that was there before is only read, and never deleted.
                outputs.setdefault("ownsResourceGroup", not resource.get("external"))
            elif resource["type"] == WORKSPACE:
                outputs.setdefault("workspace", {"name": found.get("name")})
        if not outputs.get("resourceGroup"):
            return None
        outputs.setdefault("subscriptionId", stacks.subscription_in(made) or target.subscription)
        outputs.setdefault("protection", any(resource.get("protect") for resource in made))
        return cls(target, stack.name, outputs)

    @property
    def subscription(self) -> str:
        return str(self.outputs["subscriptionId"])

    @property
    def group(self) -> str:
        return str(self.outputs["resourceGroup"])

    @property
    def workspace(self) -> str:
        return str(self.outputs["workspace"]["name"])

    def endpoint(self, name: str) -> str:
        """The endpoint's name in Azure, for its name in the stack file."""
        endpoints = self.outputs.get("endpoints") or {}
        for key, endpoint in endpoints.items():
            if name in (key, endpoint["name"]):
                return str(endpoint["name"])
        known = ", ".join(endpoints) or "none"
        raise NotProvisioned(
            f"'{self.environment}' has no endpoint '{name}'; it has: {known}. "
            f"Add it under 'endpoints' in {stack_files.shown(self.environment)}, then run: "
            f"amlops up {self.environment}"
        )

    @cached_property
    def credential(self) -> TokenCredential:
        return credential()

    @cached_property
    def client(self) -> Any:
        """`azure.ai.ml.MLClient` of the workspace, without its chatter."""
        quiet()
        from azure.ai.ml import MLClient

        return MLClient(
            self.credential, self.subscription, self.group, self.workspace, show_progress=False
        )

    @cached_property
    def tracking(self) -> Any:
        """`mlflow.MlflowClient` of the workspace."""
        quiet()
        import mlflow

        uri = self.client.workspaces.get(self.workspace).mlflow_tracking_uri
        return mlflow.MlflowClient(tracking_uri=uri)


def quiet() -> None:
    """The SDKs announce experimental classes and uploads on every call; people need neither."""
    os.environ.setdefault("AZURE_ML_CLI_PRIVATE_FEATURES_ENABLED", "false")
    warnings.filterwarnings("ignore")
    for name in ("azure", "msrest", "mlflow", "urllib3", "azure.ai.ml"):
        logging.getLogger(name).setLevel(logging.ERROR)
