"""Names by the Cloud Adoption Framework: `rg-bikes-dev`, `mlw-bikes-dev`, `stbikesdevk3x9q`.

Names that are unique in all of Azure or in a region end in a suffix that is the same for the same
subscription, workload and environment. Where a name is too long, what varies is shortened and the
suffix stays whole. Lengths and alphabets: learn.microsoft.com, "Naming rules and restrictions for
Azure resources".
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

SUFFIX_LENGTH = 6
"""32**6, a thousand million: two of a hundred environments share a suffix once in 200,000."""

NAMESPACE = uuid.UUID("6f1a0c5e-93a4-5d0b-8d5b-0a4d3b2c7e11")
"""Of the ids of role assignments; changing it replaces every role assignment."""


@dataclass(frozen=True)
class Names:
    """The names of one environment of one workload in one subscription."""

    subscription: str
    workload: str
    environment: str
    own: Mapping[str, str] = field(default_factory=dict)
    """What a team calls some of them, as under `names` in settings; others by the rules here."""

    @property
    def suffix(self) -> str:
        # "/" occurs in none of the parts, so ("a-b", "c") and ("a", "b-c") differ.
        return self._digest(f"{self.subscription.lower()}/{self.workload}/{self.environment}")

    @property
    def resource_group(self) -> str:
        return self.own.get("resource_group") or self._joined("rg", 90)

    @property
    def workspace(self) -> str:
        return self.own.get("workspace") or self._joined("mlw", 33)

    @property
    def logs(self) -> str:
        return self.own.get("logs") or self._joined("log", 63)

    @property
    def insights(self) -> str:
        return self.own.get("insights") or self._joined("appi", 255)

    @property
    def vault(self) -> str:
        """Unique in Azure; 3 to 24 of letters, digits and single hyphens."""
        own = self.own.get("vault")
        varying = f"{self.workload}-{self.environment}"
        return own or self._shortened("kv-", varying, f"-{self.suffix}", 24)

    @property
    def storage(self) -> str:
        """Unique in Azure; 3 to 24 of lower-case letters and digits."""
        own = self.own.get("storage")
        return own or self._shortened("st", _alphanumeric(self), self.suffix, 24)

    @property
    def lake(self) -> str:
        """Unique in Azure; 3 to 24 of lower-case letters and digits."""
        own = self.own.get("lake")
        return own or self._shortened("dls", _alphanumeric(self), self.suffix, 24)

    @property
    def registry(self) -> str:
        """Unique in Azure; 5 to 50 letters and digits."""
        own = self.own.get("registry")
        return own or self._shortened("cr", _alphanumeric(self), self.suffix, 50)

    @property
    def virtual_network(self) -> str:
        return self._joined("vnet", 64)

    def subnet(self, purpose: str) -> str:
        return f"snet-{purpose}"

    def security_group(self, purpose: str) -> str:
        return f"{self._joined('nsg', 60)}-{purpose}"

    def private_endpoint(self, purpose: str) -> str:
        return f"{self._joined('pep', 50)}-{purpose}"

    def public_address(self, purpose: str) -> str:
        return f"{self._joined('pip', 70)}-{purpose}"

    @property
    def nat_gateway(self) -> str:
        return self._joined("ng", 80)

    @property
    def action_group(self) -> str:
        return self._joined("ag", 260)

    def alert(self, rule: str) -> str:
        """Unique in a group, which may be one of several environments."""
        return f"{rule}-{self.workload}-{self.environment}"

    @property
    def budget(self) -> str:
        """Unique in a group, which may be one of several environments; up to 63."""
        return f"monthly-{self.workload}-{self.environment}"

    @property
    def system_topic(self) -> str:
        return self._joined("egst", 128)

    @property
    def shared_registry(self) -> str:
        """Of Azure Machine Learning, found by its name alone; 3 to 33 letters, digits, hyphens."""
        return self._shortened("mlr-", f"{self.workload}-{self.environment}", f"-{self.suffix}", 33)

    def identity(self, purpose: str) -> str:
        return self.own.get(f"{purpose}_identity") or f"{self._joined('id', 100)}-{purpose}"

    def kubernetes(self, key: str) -> str:
        """Of a cluster; 1 to 63 of letters, digits and hyphens, and 54 for its address."""
        return self._purposeful("aks", key, 54)

    def machine(self, prefix: str, key: str) -> str:
        """Of a virtual machine (`vm`) or of what belongs to it (`nic`, `pip`, …); up to 64."""
        return self._purposeful(prefix, key, 64)

    def endpoint(self, key: str) -> str:
        """Unique in a region; 3 to 32 of letters, digits and hyphens, a letter first."""
        return self._regional(key, 32)

    def instance(self, key: str) -> str:
        """Unique in a region; 3 to 24 of letters, digits and hyphens, a letter first and one after
        the last hyphen.
        """
        return self._regional(key, 24)

    def role_assignment(self, grant: str) -> str:
        """Role assignments are named by a UUID: this one is the same in every run."""
        key = f"{self.subscription.lower()}/{self.workload}/{self.environment}/{grant}"
        return str(uuid.uuid5(NAMESPACE, key))

    def role_definition(self, role: str) -> str:
        """Role definitions are named by a UUID, too."""
        return self.role_assignment(f"definition of {role}")

    def _joined(self, prefix: str, limit: int) -> str:
        name = f"{prefix}-{self.workload}-{self.environment}"
        if len(name) <= limit:
            return name
        return self._shortened(
            f"{prefix}-", f"{self.workload}-{self.environment}", f"-{self.suffix}", limit
        )

    def _purposeful(self, prefix: str, key: str, limit: int) -> str:
        """The environment's name for something, then what it is for, which stays whole."""
        return f"{self._joined(prefix, limit - len(key) - 1)}-{key}"

    def _regional(self, key: str, limit: int) -> str:
        """Two long keys may be cut to the same text: the suffix then also depends on the key."""
        name = f"{key}-{self.environment}-{self.suffix}"
        if len(name) <= limit:
            return name
        own = self._digest(f"{self.subscription.lower()}/{self.workload}/{self.environment}/{key}")
        return self._shortened("", f"{key}-{self.environment}", f"-{own}", limit)

    @staticmethod
    def _shortened(prefix: str, variable: str, suffix: str, limit: int) -> str:
        room = limit - len(prefix) - len(suffix)
        return f"{prefix}{variable[:room].rstrip('-')}{suffix}"

    @staticmethod
    def _digest(text: str) -> str:
        """With a letter in it: an instance's name must have one after its last hyphen ("Create a
        compute instance", Microsoft Learn).
        """
        digest = base64.b32encode(hashlib.sha256(text.encode()).digest()).decode().lower()
        parts = (digest[start : start + SUFFIX_LENGTH] for start in range(len(digest)))
        return next(part for part in parts if not part.isdigit())


def _alphanumeric(names: Names) -> str:
    return f"{names.workload}{names.environment}".replace("-", "")
