"""Where one section of the settings contradicts another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.settings.faults import FaultsError

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
    """Raises FaultsError for the first contradiction, with both settings and what is allowed."""
    _check_registry(settings)
    if (
        settings.encryption.customer_key
        and not settings.encryption.key
        and not settings.vault.purge_protection
    ):
        raise FaultsError.at(
            "encryption.customer_key",
            "puts a key into the vault, and what it encrypts is lost with it; "
            "set vault.purge_protection: true",
        )
    if settings.existing.resource_group and settings.names.resource_group:
        raise FaultsError.at(
            "names.resource_group",
            "existing.resource_group is given too; allowed is that one for a group that is there, "
            "this one for a group to be made",
        )
    builder = settings.workspace.image_build_compute
    if builder and builder not in settings.clusters:
        known = ", ".join(settings.clusters) or "none"
        raise FaultsError.at(
            "workspace.image_build_compute", f"{builder!r} is no cluster; allowed are {known}"
        )


def _check_registry(settings: Settings) -> None:
    reasons = [reason for reason in premium_reasons(settings) if reason != "network.allowed_ips"]
    if settings.registry.create == "lazy" and reasons:
        raise FaultsError.at(
            "registry.create",
            f"lazy leaves the registry to the service, which makes it open and without a key of "
            f"yours, but {reasons[0]} asks for more; set create: now",
        )
    sku = settings.registry.sku
    if sku and sku != "Premium" and premium_reasons(settings):
        raise FaultsError.at(
            "registry.sku",
            f"{sku} cannot do what {premium_reasons(settings)[0]} asks for; allowed is Premium",
        )
