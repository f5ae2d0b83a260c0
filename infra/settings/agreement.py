"""Where one section of the settings contradicts another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.settings.stack import Settings


def premium_reasons(settings: Settings) -> list[str]:
    """The settings that only a container registry of SKU Premium can follow."""
    network = settings.network
    reasons = [f"registry.{name}" for name in settings.registry.asks_for_premium]
    if network.private:
        reasons.append(f"network.mode {network.mode}")
    if network.allowed_ips:
        reasons.append("network.allowed_ips")
    if settings.encryption.customer_key:
        reasons.append("encryption.customer_key")
    return reasons


def registry_is_made(settings: Settings) -> bool:
    """Whether the program makes a container registry, rather than the service when it needs one."""
    if settings.registry.create is None:
        return bool(premium_reasons(settings)) or settings.registry.sku is not None
    return settings.registry.create == "now"


def registry_sku(settings: Settings) -> str:
    return settings.registry.sku or ("Premium" if premium_reasons(settings) else "Standard")


def image_builder(settings: Settings) -> str | None:
    """The cluster that builds images: Azure's own builder does not reach into a network."""
    if settings.workspace.image_build_compute or settings.network.mode != "own":
        return settings.workspace.image_build_compute
    return next(iter(settings.clusters), None)


def check(settings: Settings) -> None:
    """Raises ValueError for the first contradiction, with both settings and what is allowed."""
    _check_registry(settings)
    if (
        settings.encryption.customer_key
        and not settings.encryption.key
        and not settings.vault.purge_protection
    ):
        raise ValueError(
            "encryption.customer_key puts a key into the vault, and what it encrypts is lost with "
            "it; set vault.purge_protection: true"
        )
    if settings.existing.resource_group and settings.names.resource_group:
        raise ValueError(
            "existing.resource_group and names.resource_group are both given; allowed is the first "
            "for a group that is there, the second for one to be made"
        )
    builder = settings.workspace.image_build_compute
    if builder and builder not in settings.clusters:
        known = ", ".join(settings.clusters) or "none"
        raise ValueError(
            f"workspace.image_build_compute {builder!r} is no cluster; allowed are {known}"
        )


def _check_registry(settings: Settings) -> None:
    reasons = [reason for reason in premium_reasons(settings) if reason != "network.allowed_ips"]
    if settings.registry.create == "lazy" and reasons:
        raise ValueError(
            f"registry.create: lazy leaves the registry to the service, which makes it open and "
            f"without a key of yours, but {reasons[0]} asks for more; set registry.create: now"
        )
    sku = settings.registry.sku
    if sku and sku != "Premium" and premium_reasons(settings):
        raise ValueError(
            f"registry.sku {sku} cannot do what {premium_reasons(settings)[0]} asks for; "
            "allowed is Premium"
        )
