"""What a workspace stands on, its associated resources as Azure ML calls them: log, vault, storage,
container registry, with their network and the key that they are encrypted with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pulumi

from infra.datastores import containers, shares
from infra.encryption import CustomerKey, CustomerKeyArgs, customer_key
from infra.firewall import Firewall
from infra.foundation import Foundation, FoundationArgs
from infra.locks import Locks
from infra.names import Names
from infra.network import Network, NetworkArgs, special
from infra.placement import Placement, tags
from infra.registry import Registry, RegistryArgs
from infra.settings import Settings, registry_is_made, registry_sku
from infra.storage import Account, AccountArgs


@dataclass(frozen=True)
class AssociatedArgs:
    settings: Settings
    names: Names
    tenant_id: str
    recover_vault: bool
    versioned_key: str | None
    """The address of `encryption.key` with its version of now."""


@dataclass(frozen=True)
class Associated:
    """Does not manage the registry that the service makes itself where settings leave it that."""

    foundation: Foundation
    storage: Account
    lake: Account | None
    registry: Registry | None
    network: Network | None
    key: CustomerKey | None
    key_granted: Sequence[pulumi.Resource]
    """The grants on that key."""

    @property
    def placement(self) -> Placement:
        return self.foundation.placement

    @property
    def services(self) -> Mapping[str, pulumi.Output[str]]:
        """Ids by the names of private-links.yaml."""
        return {
            "storage": self.storage.account.id,
            "vault": self.foundation.vault.id,
            **({"registry": self.registry.registry.id} if self.registry else {}),
            **({"lake": self.lake.account.id} if self.lake else {}),
        }

    @property
    def images(self) -> pulumi.Output[str]:
        """Id of the container registry; of one that the service makes only the group is known."""
        known: pulumi.Output[str] = (
            self.registry.registry.id if self.registry else self.foundation.group.id
        )
        return known

    @property
    def compute_subnet(self) -> pulumi.Output[str] | None:
        return self.network.compute_subnet if self.network else None

    @property
    def kubernetes_subnet(self) -> pulumi.Output[str] | None:
        return self.network.kubernetes_subnet if self.network else None


def associate(args: AssociatedArgs) -> Associated:
    """Declare all of it."""
    settings, names = args.settings, args.names
    protected = pulumi.ResourceOptions(protect=settings.protection)
    firewall = Firewall(not settings.network.private, settings.network.allowed_ips)
    foundation = Foundation(
        "foundation",
        FoundationArgs(
            names=names,
            location=settings.location,
            tags=tags(settings, names.environment),
            tenant_id=args.tenant_id,
            logs=settings.logs,
            vault=settings.vault,
            recover_vault=args.recover_vault,
            existing=settings.existing,
            firewall=firewall,
        ),
        protected,
    )
    placement = foundation.placement
    key, key_granted = customer_key(
        CustomerKeyArgs(names, placement, settings.encryption, foundation.vault, args.versioned_key)
    )
    storage = Account(
        "storage",
        AccountArgs(
            account_name=names.storage,
            placement=placement,
            storage=settings.storage,
            containers=containers(settings.datastores, "blob"),
            shares=shares(settings.datastores),
            firewall=firewall,
            key=key,
            after=key_granted,
        ),
        protected,
    )
    filesystems = containers(settings.datastores, "gen2")
    lake = (
        Account(
            "lake",
            AccountArgs(
                account_name=names.lake,
                placement=placement,
                storage=settings.storage.model_copy(update={"shared_keys": False}),
                containers=filesystems,
                hierarchical=True,
                firewall=firewall,
                key=key,
                after=key_granted,
            ),
            protected,
        )
        if filesystems
        else None
    )
    registry = (
        Registry(
            "registry",
            RegistryArgs(
                names.registry,
                placement,
                registry_sku(settings),
                settings.registry,
                firewall,
                key,
                key_granted,
            ),
            protected,
        )
        if registry_is_made(settings)
        else None
    )
    made = Associated(foundation, storage, lake, registry, None, key, key_granted)
    if settings.protection:
        kept = {} if settings.existing.logs else {"logs": foundation.logs.id}
        Locks("locks", {**made.services, **kept})
    if not settings.network.private:
        return made
    services = ["workspace", *made.services]
    network = Network(
        "network",
        NetworkArgs(names, placement, settings.network, services, special(settings)),
        protected,
    )
    return replace(made, network=network)
