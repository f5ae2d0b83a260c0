"""What a job refers to: compute, code, environment, inputs. All of it must be there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import ArmError
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource
from sandbox.jobs.specification import curated_name, is_curated
from sandbox.ml.assets import latest
from sandbox.ml.attached import refuse_job
from sandbox.ml.compute_parts import settings_of
from sandbox.ml.locations import DEFAULT_STORE, Location, in_datastore, resolve

if TYPE_CHECKING:
    from sandbox.azure import Azure

SERVERLESS = "serverless"
_SHORT = re.compile(r"(?P<name>[^:@/]+)(?::(?P<version>[^:@/]+)|@(?P<label>[^:@/]+))?")


def refused(message: str, target: str) -> ArmError:
    """A job that the service does not take."""
    return ArmError(400, "UserError", message, target)


@dataclass(frozen=True)
class References:
    """The resources and places that one job names. Every method raises 400 for what is missing."""

    azure: Azure
    workspace: Resource

    def compute(self, properties: dict[str, Any]) -> str:
        """The key of the compute's id; without one, the workspace's serverless compute."""
        named = str(properties.get("computeId") or "").removeprefix("azureml:")
        if not named or named.lower() == SERVERLESS:
            return self.workspace.id.child("computes", SERVERLESS).key
        at = ResourceId.parse(named) if "/" in named else self.workspace.id.child("computes", named)
        found = self.azure.resources.get(at)
        if found is None or not at.within(self.workspace.id):
            known = ", ".join(
                item.name
                for item in self.azure.resources.children(
                    self.workspace.id, f"{self.workspace.type}/computes"
                )
            )
            raise refused(
                f"The compute '{at.name}' was not found in the workspace '{self.workspace.name}'. "
                f"Its computes: {known or 'none'}.",
                "properties.computeId",
            )
        if found.state in ("Failed", "Deleting"):
            raise refused(
                f"The compute '{at.name}' is '{found.state}' and takes no jobs.",
                "properties.computeId",
            )
        reason = refuse_job(found)
        if reason:
            raise refused(reason, "properties.computeId")
        _check_instance_type(properties, found)
        properties["computeId"] = str(found.id)
        return found.id.key

    def code(self, properties: dict[str, Any]) -> Location | None:
        """Where the job's code lies."""
        named = properties.get("codeId")
        if not named:
            return None
        target = "properties.codeId"
        if "/codes/" not in named:
            return resolve(self.azure, self.workspace, named, target)
        code = self._asset(named, "codes", target)
        return resolve(self.azure, self.workspace, code.properties["codeUri"], target)

    def environment(self, properties: dict[str, Any]) -> dict[str, Any] | str:
        """The properties of the environment's version, or the name of a curated one."""
        named = str(properties.get("environmentId") or "")
        target = "properties.environmentId"
        if curated_name(named) is not None:
            if not is_curated(named):
                raise refused(f"The curated environment '{named}' is not in this sandbox.", target)
            return named
        if not named:
            raise refused("A command job needs an environment.", target)
        try:
            return self._asset(named, "environments", target).properties
        except ArmError:
            name = ResourceId.parse(named).names[1] if named.startswith("/") else named
            if is_curated(name):
                return name
            raise

    def location(self, uri: str, target: str) -> Location:
        """Where an input lies: an asset's place, a datastore's path, a job's output."""
        plain = uri.removeprefix("azureml:") if uri.startswith("azureml:/sub") else uri
        if plain.startswith("/") or re.fullmatch(r"azureml:[^/]+", plain):
            kind = "models" if "/models/" in plain.lower() else "data"
            asset = self._asset(plain, kind, target).properties
            return self.location(asset.get("dataUri") or asset["modelUri"], target)
        return resolve(self.azure, self.workspace, uri, target)

    def output(self, job: str, name: str, output: dict[str, Any]) -> Location:
        """Where an output goes; below ``azureml/JOB/NAME/`` of the default datastore by default."""
        target = f"properties.outputs.{name}.uri"
        uri = output.get("uri")
        if uri:
            return resolve(self.azure, self.workspace, uri.replace("${{name}}", job), target)
        return in_datastore(
            self.azure, self.workspace, DEFAULT_STORE, f"azureml/{job}/{name}/", target
        )

    def _asset(self, named: str, kind: str, target: str) -> Resource:
        """A version of an asset, by id, ``azureml:NAME:VERSION`` or ``azureml:NAME@latest``."""
        at = self._version(named, kind)
        found = self.azure.resources.get(at) if at else None
        if found is None or at is None or not at.within(self.workspace.id):
            raise refused(
                f"'{named}' was not found in the workspace '{self.workspace.name}'.", target
            )
        return found

    def _version(self, named: str, kind: str) -> ResourceId | None:
        if named.startswith("/"):
            at = ResourceId.parse(named)
            names = tuple(name.removeprefix("azureml:") for name in at.names)
            at = ResourceId(at.scope, at.type, names)
            if at.type.lower().endswith("/labels"):
                return self._newest(at.parent) if at.parent else None
            return at
        match = _SHORT.fullmatch(named.removeprefix("azureml:"))
        if match is None:
            return None
        container = self.workspace.id.child(kind, match["name"])
        if match["version"]:
            return container.child("versions", match["version"])
        return self._newest(container)

    def _newest(self, container: ResourceId) -> ResourceId | None:
        found = latest(self.azure, container)
        return found.id if found else None


def _check_instance_type(properties: dict[str, Any], compute: Resource) -> None:
    """On Kubernetes a job may ask for one of the compute's instance types."""
    asked = (properties.get("resources") or {}).get("instanceType")
    known = settings_of(compute).get("instanceTypes")
    if asked and known and asked not in known:
        raise refused(
            f"The compute '{compute.name}' has no instance type '{asked}'. It has: "
            f"{', '.join(known)}.",
            "properties.resources.instanceType",
        )
