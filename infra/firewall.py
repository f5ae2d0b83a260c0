"""From where a service is reached: anywhere, some addresses, private endpoints alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Firewall:
    """What storage, vault and container registry have in common of it."""

    public: bool = True
    """Whether the service's public address answers at all."""
    allowed_ips: Sequence[str] = ()
    """Public addresses and ranges that it answers to; none: all of them."""

    @property
    def public_network_access(self) -> str:
        return "Enabled" if self.public else "Disabled"

    @property
    def default_action(self) -> str:
        """What becomes of a request that no rule names."""
        return "Allow" if self.public and not self.allowed_ips else "Deny"
