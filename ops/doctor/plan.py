"""What the stack would hold, as `python -m infra.inventory` tells without deploying anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import yaml

from ops import programs

IDENTIFIERS = Path(__file__).parent.parent / "resource_ids.yaml"


@dataclass(frozen=True)
class Planned:
    """One resource: Pulumi's type, and the inputs with which it would be declared.

    `kind` is the type in Azure, "Microsoft.Storage/storageAccounts", and `version` an API version
    with which it can be asked for; empty for a type that `resource_ids.yaml` does not have.
    """

    type: str
    inputs: dict[str, Any]
    kind: str
    version: str
    template: str

    @property
    def namespace(self) -> str:
        return self.kind.partition("/")[0]

    @property
    def location(self) -> str:
        return str(self.inputs.get("location") or "").replace(" ", "").lower()

    def id(self, subscription: str, group: str) -> str | None:
        """Where it would be; None when a part of that is known only once it is deployed."""
        known = {"subscriptionId": subscription, "resourceGroupName": group}
        values = {**{k: v for k, v in self.inputs.items() if isinstance(v, str)}, **known}
        fields = [name for _, name, _, _ in Formatter().parse(self.template) if name]
        if not self.template or any(name not in values for name in fields):
            return None
        return self.template.format(**values)


@dataclass(frozen=True)
class Plan:
    resources: list[Planned]

    @classmethod
    def of(cls, environment: str, subscription: str, tenant: str) -> Plan:
        """Raises `Failure` with what is wrong in the stack file."""
        told = programs.ask("infra.inventory", environment, subscription, tenant)
        return cls([_planned(item) for item in json.loads(told)])

    def of_kind(self, kind: str) -> list[Planned]:
        return [item for item in self.resources if item.kind.lower() == kind.lower()]

    @property
    def group(self) -> str:
        """The resource group's name, one that exists already included."""
        for item in self.resources:
            name = item.inputs.get("resourceGroupName")
            if isinstance(name, str):
                return name
        return ""

    @property
    def location(self) -> str:
        """The region of the environment: where its resource group or first resource is."""
        return next((item.location for item in self.resources if item.location), "")

    def kinds(self) -> Iterator[str]:
        """Every type in Azure, once."""
        yield from dict.fromkeys(item.kind for item in self.resources if item.kind)


def _planned(item: dict[str, Any]) -> Planned:
    row = _identifiers().get(item["type"], {"id": "", "version": ""})
    return Planned(item["type"], item["inputs"], _kind(row["id"]), row["version"], row["id"])


@cache
def _identifiers() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = yaml.safe_load(IDENTIFIERS.read_text())
    return found


def _kind(template: str) -> str:
    """Of an id with names in braces: the type, "Microsoft.X/a/b"."""
    if not template:
        return ""
    if "/providers/" not in template:
        return "Microsoft.Resources/resourceGroups"
    namespace, *rest = template.rsplit("/providers/", 1)[1].split("/")
    return "/".join([namespace, *rest[0::2]])
