"""The resource types, a module a service: its `TYPES`, some `ROUTES`, a `run`, a `watch`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.arm.routes import Route
    from sandbox.arm.types import ResourceType
    from sandbox.azure import Azure

MODULES = (
    "sandbox.resources.subscriptions",
    "sandbox.resources.providers",
    "sandbox.resources.groups",
    "sandbox.resources.tags",
    "sandbox.templates.deployments",
    "sandbox.resources.roles",
    "sandbox.resources.identities",
    "sandbox.resources.storage",
    "sandbox.resources.queues",
    "sandbox.resources.vaults",
    "sandbox.resources.vault_keys",
    "sandbox.resources.insights",
    "sandbox.resources.monitoring",
    "sandbox.resources.budgets",
    "sandbox.resources.registries",
    "sandbox.resources.availability",
    "sandbox.resources.quota",
    "sandbox.resources.machine_sizes",
    "sandbox.resources.kubernetes",
    "sandbox.resources.virtual_machines",
    "sandbox.resources.analytics",
    "sandbox.ml.workspaces",
    "sandbox.ml.outbound_rules",
    "sandbox.ml.datastores",
    "sandbox.ml.connections",
    "sandbox.ml.assets",
    "sandbox.ml.models",
    "sandbox.ml.computes",
    "sandbox.ml.jobs",
    "sandbox.ml.endpoints",
    "sandbox.ml.batch_endpoints",
    "sandbox.ml.registries",
    "sandbox.ml.registry_assets",
    "sandbox.resources.events",
    "sandbox.resources.networks",
    "sandbox.resources.private_endpoints",
    "sandbox.resources.private_dns",
)


def _modules() -> list[ModuleType]:
    return [import_module(name) for name in MODULES]


def all_types() -> list[ResourceType]:
    return [kind for module in _modules() for kind in module.TYPES]


def all_routes() -> list[Route]:
    return [route for module in _modules() for route in getattr(module, "ROUTES", [])]


def watchers() -> list[Callable[[Azure], None]]:
    """What has changes of resources noticed: set up before any of them happens."""
    return [module.watch for module in _modules() if hasattr(module, "watch")]


def background() -> list[Callable[[Azure], Awaitable[None]]]:
    """What runs beside the requests: schedulers, reconcilers."""
    return [module.run for module in _modules() if hasattr(module, "run")]
