"""Which resource types there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sandbox.arm.errors import ArmError
from sandbox.arm.resource import Resource
from sandbox.arm.types import ResourceType


class Types:
    """The declared types by name, without case."""

    def __init__(self, types: Iterable[ResourceType]) -> None:
        self._types = {kind.key: kind for kind in types}
        self.namespaces = {kind.key.split("/")[0]: kind.name.split("/")[0] for kind in self}

    def __iter__(self) -> Iterator[ResourceType]:
        return iter(self._types.values())

    def get(self, name: str) -> ResourceType | None:
        return self._types.get(name.lower())

    def of(self, resource: Resource) -> ResourceType:
        return self._types[resource.type.lower()]

    def need(self, name: str) -> ResourceType:
        """Raises ARM's 404 for a namespace or type that the sandbox has not."""
        kind = self.get(name)
        if kind:
            return kind
        namespace, _, rest = name.partition("/")
        if namespace.lower() not in self.namespaces:
            raise ArmError(
                404,
                "InvalidResourceNamespace",
                f"The resource namespace '{namespace}' is invalid or not in this sandbox.",
            )
        raise ArmError(
            404,
            "InvalidResourceType",
            f"The resource type '{rest}' could not be found in the namespace '{namespace}' "
            "or is not in this sandbox.",
        )
