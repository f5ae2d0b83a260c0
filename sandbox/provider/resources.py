"""What Pulumi asks of a resource, in plain values: create, read, update, delete."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from sandbox.provider.arm import Arm, ArmFailure, Progress
from sandbox.provider.credentials import VAULT
from sandbox.provider.diff import carry_over, without_defaults
from sandbox.provider.table import ResourceType, resource_type
from sandbox.provider.translate import (
    API_VERSION,
    inputs_of,
    outputs,
    path_inputs,
    request_body,
    resource_id,
)
from sandbox.provider.values import UNKNOWN, get, put

VAULT_API_VERSION = "7.4"


class AlreadyExistsError(Exception):
    """A resource that the program would create is there already."""


class IncompleteError(Exception):
    """ARM took the request, but it did not come to a good end; the resource may exist."""

    def __init__(self, identifier: str, reason: str, shown: dict[str, Any]) -> None:
        super().__init__(reason)
        self.identifier = identifier
        self.reason = reason
        self.outputs = shown


@dataclass
class Resources:
    """The resources of one subscription."""

    arm: Arm
    subscription: str
    region: str | None = None
    _regions: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def create(
        self, resource: ResourceType, urn: str, inputs: dict[str, Any], progress: Progress
    ) -> tuple[str, dict[str, Any]]:
        """Create what is not there yet; gives its id and outputs."""
        identifier = resource_id(resource, inputs, self.subscription)
        if not identifier.startswith("/"):
            identifier = f"/{identifier}"
        if not resource.row.get("unchecked"):
            found = self.arm.get(identifier, resource.api_version)
            if found:
                name = urn.rpartition("::")[2]
                raise AlreadyExistsError(
                    f"cannot create already existing resource '{identifier}'. To manage it with "
                    f"this stack: pulumi import {resource.token} {name} {found['id']}"
                )
        for path in resource.maintained:
            if get(inputs, path) is None:
                inputs = put(inputs, path, [])
        return self._put(resource, identifier, inputs, progress)

    def update(
        self, resource: ResourceType, identifier: str, inputs: dict[str, Any], progress: Progress
    ) -> dict[str, Any]:
        """Bring a resource to these inputs; gives its outputs."""
        unsaid = [path for path in resource.maintained if get(inputs, path) is None]
        if unsaid:
            found = self.arm.get(identifier, resource.api_version) or {}
            current = inputs_of(resource, outputs(resource, found))
            for path in unsaid:
                inputs = put(inputs, path, get(current, path) or [])
        return self._put(resource, identifier, inputs, progress)[1]

    def _put(
        self, resource: ResourceType, identifier: str, inputs: dict[str, Any], progress: Progress
    ) -> tuple[str, dict[str, Any]]:
        query = {
            name: str(inputs[name]).lower() if isinstance(inputs[name], bool) else str(inputs[name])
            for name in resource.query
            if name in inputs
        }
        body = request_body(resource, inputs)
        try:
            answer = self.arm.put(
                identifier, resource.api_version, body, query=query, progress=progress
            )
        except ArmFailure as failure:
            if not failure.accepted:
                raise
            raise IncompleteError(
                identifier, str(failure), self._what_is_there(resource, identifier)
            ) from None
        identifier = answer.get("id") or identifier
        # The answer to a PUT is not always what a GET shows; refreshes compare with the latter.
        found = self.arm.get(identifier, resource.api_version)
        return identifier, outputs(resource, found or answer)

    def _what_is_there(self, resource: ResourceType, identifier: str) -> dict[str, Any]:
        try:
            found = self.arm.get(identifier, resource.api_version)
        except ArmFailure:
            return {}
        return outputs(resource, found) if found else {}

    def read(
        self,
        resource: ResourceType,
        identifier: str,
        old_inputs: dict[str, Any],
        old_outputs: dict[str, Any],
    ) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
        """A resource as it is now: id, inputs, outputs; None when it is gone.

        Without old inputs (an import) the inputs are made from the answer, less what the service
        fills in by itself; with them, only what has changed since finds its way into them.
        """
        found = self.arm.get(identifier, resource.api_version)
        if not found:
            return None
        shown = outputs(resource, found)
        current = inputs_of(resource, shown)
        if old_inputs:
            before = inputs_of(resource, old_outputs) if old_outputs else current
            inputs = carry_over(old_inputs, before, current)
        else:
            inputs = {
                name: value
                for name, value in without_defaults(resource, current).items()
                if value not in ({}, []) and name not in resource.filled
            }
            inputs |= path_inputs(resource, identifier)
            inputs[API_VERSION] = resource.api_version
        return found.get("id") or identifier, inputs, shown

    def delete(self, resource: ResourceType, identifier: str, progress: Progress) -> None:
        """Delete a resource; one that is gone already is deleted."""
        if "reset" in resource.row:
            self.arm.put(identifier, resource.api_version, resource.row["reset"])
        elif resource.row.get("delete") == "vault":
            self._delete_from_vault(resource, identifier)
        else:
            self.arm.delete(identifier, resource.api_version, progress=progress)

    def _delete_from_vault(self, resource: ResourceType, identifier: str) -> None:
        vault = path_inputs(resource, identifier)["vaultName"]
        kind, name = identifier.split("/")[-2:]
        answer = self.arm.call(
            "DELETE",
            f"https://{vault}.vault.azure.net/{kind}/{name}?api-version={VAULT_API_VERSION}",
            audience=VAULT,
        )
        if answer.status_code not in (200, 404):
            error = answer.json().get("error", {}) if answer.content else {}
            raise ArmFailure(
                answer.status_code, str(error.get("code", "")), str(error.get("message", ""))
            )

    def group_region(self, group: Any) -> Any:
        """The location of a resource group: what a resource gets that says none."""
        if self.region:
            return self.region
        if not isinstance(group, str):
            return UNKNOWN if group is UNKNOWN else None
        with self._lock:
            if group not in self._regions:
                kind = resource_type("azure-native:resources:ResourceGroup")
                found = self.arm.get(
                    f"/subscriptions/{self.subscription}/resourceGroups/{group}", kind.api_version
                )
                if not found:
                    return None
                self._regions[group] = str(found["location"])
            return self._regions[group]
