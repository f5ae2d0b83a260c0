"""Diagnostic settings: every resource that can sends its logs and metrics to Log Analytics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import monitor

from infra.settings import table

NAME = "amlops"
"""Of each setting; Azure takes five of different names on one resource."""


@dataclass(frozen=True)
class Subject:
    """A resource that may have logs: its type as in `diagnostics.yaml`, and its id."""

    type: str
    id: pulumi.Input[str]


@dataclass(frozen=True)
class DiagnosticsArgs:
    logs: pulumi.Input[str]
    """Id of the Log Analytics workspace."""
    subjects: Mapping[str, Subject]
    """By a name that is part of the setting's in Pulumi."""


class Diagnostics(pulumi.ComponentResource):
    """Does not manage how long logs are kept, that is Log Analytics', nor settings of others: there
    may be four beside this one, to other places.
    """

    def __init__(
        self, name: str, args: DiagnosticsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:Diagnostics", name, None, opts)
        for key, subject in args.subjects.items():
            sends = table("diagnostics.yaml")[subject.type]
            monitor.DiagnosticSetting(
                f"{name}-{key}",
                name=NAME,
                resource_uri=subject.id,
                workspace_id=args.logs,
                logs=[{"category_group": group, "enabled": True} for group in sends["logs"]],
                metrics=[{"category": metric, "enabled": True} for metric in sends["metrics"]],
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"subjects": sorted(args.subjects)})


def storage_subjects(name: str, account: pulumi.Output[str]) -> dict[str, Subject]:
    """An account has its metrics, its services have the logs."""
    kind = "Microsoft.Storage/storageAccounts"
    services = {"blobs": "blobServices", "files": "fileServices", "queues": "queueServices"}
    return {
        name: Subject(kind, account),
        **{
            f"{name}-{key}": Subject(
                f"{kind}/{service}", pulumi.Output.concat(account, f"/{service}/default")
            )
            for key, service in services.items()
        },
    }
