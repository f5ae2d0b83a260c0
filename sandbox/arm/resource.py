"""A resource as it is stored."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.arm.ids import ResourceId

SUCCEEDED = "Succeeded"
FAILED = "Failed"
CANCELED = "Canceled"
FINAL_STATES = frozenset({SUCCEEDED, FAILED, CANCELED})


@dataclass
class Resource:
    """`body` is what clients see, `private` what they never do (keys, ports, meter readings)."""

    id: ResourceId
    body: dict[str, Any]
    private: dict[str, Any] = field(default_factory=dict)
    etag: str = ""
    created: datetime | None = None
    modified: datetime | None = None
    created_by: str = ""

    @property
    def properties(self) -> dict[str, Any]:
        """``body["properties"]``, made when absent."""
        properties: dict[str, Any] | None = self.body.get("properties")
        if properties is None:
            properties = self.body["properties"] = {}
        return properties

    @property
    def name(self) -> str:
        return self.id.name

    @property
    def type(self) -> str:
        return self.id.type

    @property
    def location(self) -> str:
        return str(self.body.get("location") or "")

    @property
    def state(self) -> str:
        """The provisioning state; a type without one has always succeeded."""
        return str(self.properties.get("provisioningState") or SUCCEEDED)

    @state.setter
    def state(self, value: str) -> None:
        self.properties["provisioningState"] = value

    def copy(self) -> Resource:
        return copy.deepcopy(self)
