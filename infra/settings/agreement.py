"""Where one section of the settings contradicts another."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from infra.settings import once
from infra.settings.alerts import QueryRule, alert_rules
from infra.settings.attached import VirtualMachine
from infra.settings.data import Gen2Datastore
from infra.settings.faults import Fault, FaultsError, did_you_mean
from infra.settings.fields import table
from infra.settings.foundation import LogAnalytics

if TYPE_CHECKING:
    from infra.settings.compute import Cluster
    from infra.settings.stack import Settings

NOT_MANAGED = "Azure ML supports none with network.mode managed; use mode own or public"
"""Of Kubernetes and attached machines: "Workspace managed virtual network isolation", Microsoft
Learn, "Limitations"."""


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
    """The cluster that builds images: Azure's own builder does not reach into a network ("Configure
    image builds", Microsoft Learn). Without graphics cards, as the service wants it, and with an
    identity, by which the registry knows it; rather one whose nodes nobody takes away. By name,
    since Pulumi hands on keys sorted, not as the file has them.
    """
    if settings.workspace.image_build_compute or not settings.network.private:
        return settings.workspace.image_build_compute
    able = {
        key: cluster.priority
        for key, cluster in settings.clusters.items()
        if not _unable_to_build(cluster)
    }
    return min(able, key=lambda name: (able[name] == "low", name), default=None)


def unknown_name(name: str, section: str, known: Collection[str]) -> str:
    """What is said of a name that a section does not have."""
    there = f"allowed are {', '.join(known)}" if known else f"there is nothing under {section}"
    return f"{name!r} is not under {section}; {there}"


def _unable_to_build(cluster: Cluster) -> str | None:
    """Why a cluster builds no images."""
    if "gpus" in table("vm-sizes.yaml")[cluster.size]:
        return f"its size {cluster.size} has graphics cards"
    return "its identity is none" if cluster.identity == "none" else None


def check(settings: Settings) -> None:
    """Raises FaultsError for all contradictions, each with both settings and what is allowed."""
    found = [
        *_registry(settings),
        *_what_is_there(settings),
        *_computes_in_the_network(settings),
        *_kubernetes(settings),
        *once.names(settings.names),
        *once.datastores(settings.datastores),
        *once.grants(settings.access),
    ]
    if (
        settings.encryption.customer_key
        and not settings.encryption.key
        and not settings.vault.purge_protection
    ):
        found.append(
            Fault(
                ("encryption", "customer_key"),
                "puts a key into the vault, and what it encrypts is lost with it; "
                "set vault.purge_protection: true",
            )
        )
    builder = settings.workspace.image_build_compute
    if builder and builder not in settings.clusters:
        text = unknown_name(builder, "clusters", settings.clusters)
        if "clusters" not in settings.model_fields_set:
            text += ", which there is where no clusters are given"
        text += did_you_mean(builder, settings.clusters)
        found.append(Fault(("workspace", "image_build_compute"), text))
    elif builder and (reason := _unable_to_build(settings.clusters[builder])):
        text = f"{builder!r} builds no images, as {reason}; name another, or leave it out"
        found.append(Fault(("workspace", "image_build_compute"), text))
    if settings.alerts and not settings.diagnostics:
        rules = alert_rules()
        found += [
            Fault(
                ("alerts", "thresholds", name),
                "asks Log Analytics, and diagnostics: off sends nothing there; leave it out",
            )
            for name in settings.alerts.thresholds
            if isinstance(rules[name], QueryRule)
        ]
    if found:
        raise FaultsError(found)


def _what_is_there(settings: Settings) -> list[Fault]:
    """What is said of something to be made, where one that is there is named."""
    found = []
    existing = settings.existing
    if existing.resource_group and settings.names.resource_group:
        text = (
            "existing.resource_group is given too; allowed is that one for a group that is there, "
            "this one for a group to be made"
        )
        found.append(Fault(("names", "resource_group"), text))
    lakes = (one for one in settings.datastores.values() if isinstance(one, Gen2Datastore))
    idle = {
        "logs": existing.logs and "existing.logs names one that is there",
        "registry": not registry_is_made(settings)
        and "the service makes the registry; set registry.create: now",
        "lake": all(one.account for one in lakes)
        and "no datastore of kind gen2 lies on the environment's own account",
    }
    found += [
        Fault(("names", key), f"names nothing that is made: {reason}")
        for key, reason in idle.items()
        if reason and getattr(settings.names, key)
    ]
    if existing.logs:
        text = "is for a Log Analytics to be made, but existing.logs names one; leave it out"
        given = settings.logs.model_fields_set & set(LogAnalytics.model_fields)
        found += [Fault(("logs", name), text) for name in sorted(given)]
    return found


def _computes_in_the_network(settings: Settings) -> list[Fault]:
    """What has no place there: that nodes without a public address need a subnet or a managed
    network, Terraform's provider checks, too.
    """
    mode = settings.network.mode
    found = []
    for section in ("instances", "clusters"):
        for key, compute in getattr(settings, section).items():
            if mode == "managed" and compute.subnet:
                text = (
                    "mode managed has computes in the service's network, not in a subnet; "
                    "leave it out, or set network.mode: own"
                )
                found.append(Fault((section, key, "subnet"), text))
            if mode == "public" and compute.public_ip is False and not compute.subnet:
                text = (
                    "false needs a network from which nodes reach the service; give subnet, "
                    "or set network.mode: managed or own"
                )
                found.append(Fault((section, key, "public_ip"), text))
    for key, attached in settings.attached.items():
        if not isinstance(attached, VirtualMachine):
            continue
        made = attached.create
        if mode == "managed":
            found.append(Fault(("attached", key), NOT_MANAGED))
        elif made and mode == "public" and not made.public_ip and not made.subnet:
            text = (
                "nobody reaches it: it has neither a public address nor a subnet of yours; "
                "set public_ip: true, or give subnet"
            )
            found.append(Fault(("attached", key, "create"), text))
    return found


def _kubernetes(settings: Settings) -> list[Fault]:
    found = [
        Fault(("kubernetes", key), NOT_MANAGED)
        for key in settings.kubernetes
        if settings.network.mode == "managed"
    ]
    for key, endpoint in settings.endpoints.items():
        cluster = settings.kubernetes.get(endpoint.compute or "")
        if cluster and not cluster.inference:
            text = f"{endpoint.compute} serves none, as its inference is false; set it to true"
            found.append(Fault(("endpoints", key, "compute"), text))
    return found


def _registry(settings: Settings) -> list[Fault]:
    found = []
    reasons = [reason for reason in premium_reasons(settings) if reason != "network.allowed_ips"]
    if settings.registry.create == "lazy" and reasons:
        text = (
            f"lazy leaves the registry to the service, which makes it open and without a key of "
            f"yours, but {reasons[0]} asks for more; set create: now"
        )
        found.append(Fault(("registry", "create"), text))
    if not settings.registry.arm_tokens:
        made = [key for key, cluster in settings.kubernetes.items() if cluster.create]
        if not registry_is_made(settings):
            text = "is for a registry that the program makes, but the service does; set create: now"
            found.append(Fault(("registry", "arm_tokens"), text))
        elif made:
            text = f"the nodes of kubernetes.{made[0]} pull with such tokens; leave it on"
            found.append(Fault(("registry", "arm_tokens"), text))
    sku = settings.registry.sku
    if sku and sku != "Premium" and premium_reasons(settings):
        text = f"{sku} cannot do what {premium_reasons(settings)[0]} asks for; allowed is Premium"
        found.append(Fault(("registry", "sku"), text))
    return found
