"""Resource ids: matched without case, kept as they were given."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.arm.errors import ArmError

GROUP = "Microsoft.Resources/resourceGroups"
SUBSCRIPTION = "Microsoft.Resources/subscriptions"
TENANT = "Microsoft.Resources/tenants"

# What no Azure resource name may hold: path separators, controls, and a name of dots alone.
_UNSAFE = re.compile(r"[\x00-\x1f\\/?#%]|^\.+$")


@dataclass(frozen=True)
class ResourceId:
    """An ARM id, taken apart.

    `scope` is what stands before the last ``/providers/``; for a subscription or a resource group
    it is empty and `subscription` and `group` say it all.
    """

    scope: str
    type: str
    names: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> ResourceId:
        """Read an id. Raises `ArmError` 400 ``InvalidResourceId`` on anything malformed."""
        segments = [part for part in text.strip().split("/") if part]
        lowered = [part.lower() for part in segments]
        for part in segments:
            if _UNSAFE.search(part):
                raise ArmError(
                    400, "InvalidResourceId", f"The resource id '{text}' has an unsafe segment."
                )
        if "providers" in lowered[:-1]:
            at = len(lowered) - 1 - lowered[::-1].index("providers")
            rest = segments[at + 1 :]
            if len(rest) >= 3 and len(rest) % 2 == 1:
                scope = "/" + "/".join(segments[:at]) if at else ""
                type_name = "/".join([rest[0], *rest[1::2]])
                return cls(_tidy(scope), type_name, tuple(rest[2::2]))
        elif lowered[:1] == ["subscriptions"] and len(segments) == 2:
            return cls("", SUBSCRIPTION, (segments[1],))
        elif lowered[::2] == ["subscriptions", "resourcegroups"] and len(segments) == 4:
            return cls(f"/subscriptions/{segments[1]}", GROUP, (segments[3],))
        elif not segments:
            return cls("", TENANT, ())
        raise ArmError(400, "InvalidResourceId", f"'{text}' is not a resource id.")

    def __str__(self) -> str:
        if self.type == TENANT:
            return "/"
        if self.type == SUBSCRIPTION:
            return f"/subscriptions/{self.names[0]}"
        if self.type == GROUP:
            return f"{self.scope}/resourceGroups/{self.names[0]}"
        namespace, *kinds = self.type.split("/")
        path = "".join(f"/{kind}/{name}" for kind, name in zip(kinds, self.names, strict=True))
        return f"{self.scope}/providers/{namespace}{path}"

    @property
    def key(self) -> str:
        """The id without case: what two spellings of one id have in common."""
        return str(self).lower()

    @property
    def name(self) -> str:
        return self.names[-1] if self.names else ""

    @property
    def subscription(self) -> str:
        if self.type == SUBSCRIPTION:
            return self.names[0]
        parts = self.scope.split("/")
        return parts[2] if len(parts) > 2 and parts[1].lower() == "subscriptions" else ""

    @property
    def group(self) -> str | None:
        """The resource group's name, of a group its own."""
        if self.type == GROUP:
            return self.names[0]
        parts = self.scope.split("/")
        return parts[4] if len(parts) > 4 and parts[3].lower() == "resourcegroups" else None

    @property
    def group_id(self) -> ResourceId | None:
        if self.group is None:
            return None
        return ResourceId(f"/subscriptions/{self.subscription}", GROUP, (self.group,))

    @property
    def parent(self) -> ResourceId | None:
        """What holds this: the enclosing resource, else the scope; None for the tenant."""
        if self.type == TENANT:
            return None
        if len(self.names) > 1:
            return ResourceId(self.scope, self.type.rsplit("/", 1)[0], self.names[:-1])
        return ResourceId.parse(self.scope)

    @property
    def namespace(self) -> str:
        return self.type.split("/", 1)[0]

    def child(self, kind: str, name: str) -> ResourceId:
        """``workspace.child("jobs", "j1")``; a kind with a namespace is put on it as extension."""
        if "/" in kind or self.type in (GROUP, SUBSCRIPTION, TENANT):
            scope = "" if self.type == TENANT else str(self)
            return ResourceId(scope, kind, (name,))
        return ResourceId(self.scope, f"{self.type}/{kind}", (*self.names, name))

    def within(self, scope: ResourceId) -> bool:
        """Whether this id is `scope` or lies below it."""
        if scope.type == TENANT:
            return True
        return self.key == scope.key or self.key.startswith(scope.key + "/")


def _tidy(scope: str) -> str:
    """`resourcegroups` in whatever case becomes the canonical `resourceGroups`."""
    parts = scope.split("/")
    for at in (1, 3):
        if len(parts) > at:
            canonical = {"subscriptions": "subscriptions", "resourcegroups": "resourceGroups"}
            parts[at] = canonical.get(parts[at].lower(), parts[at])
    return "/".join(parts)
