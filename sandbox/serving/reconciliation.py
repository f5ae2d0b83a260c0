"""Keeps the server processes as the deployments' releases say they should be."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.arm.resource import Resource
from sandbox.serving import servers
from sandbox.serving.release import (
    DEPLOYMENTS,
    UNIT_PREFIX,
    Release,
    seconds,
    serving,
    socket,
    unit_prefix,
    units,
)
from sandbox.supervisor.client import Unit

if TYPE_CHECKING:
    from sandbox.azure import Azure

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds between starts of a server that keeps ending."""


@dataclass
class _Health:
    """pid: of the process that the counts are about."""

    pid: int = 0
    failures: int = 0
    probed: float = 0.0
    pause: float = FIRST_PAUSE
    not_before: float = 0.0


_health: dict[str, _Health] = {}


async def reconcile(azure: Azure) -> None:
    """Start what should run and does not, stop what should not, restart what is not alive."""
    running = await azure.supervisor.units()
    wanted: dict[str, tuple[Resource, Release, int]] = {}
    left_alone = set()
    for deployment in azure.resources.list(DEPLOYMENTS):
        if azure.operations.open_on(deployment.id):
            left_alone.add(unit_prefix(deployment))
        current = serving(deployment)
        if current and deployment.state != "Deleting":
            for number, name in enumerate(units(deployment, current)):
                wanted[name] = deployment, current, number
    for name in running:
        ours = name.startswith(UNIT_PREFIX) and name not in wanted
        if ours and not any(name.startswith(prefix) for prefix in left_alone):
            await azure.supervisor.stop(name)
    for name in set(_health) - set(wanted):
        del _health[name]
    await asyncio.gather(
        *(_keep_alive(azure, name, running.get(name), *rest) for name, rest in wanted.items())
    )


async def _keep_alive(
    azure: Azure, name: str, unit: Unit | None, deployment: Resource, current: Release, number: int
) -> None:
    health = _health.setdefault(name, _Health())
    now = time.monotonic()
    if unit is None:
        if now < health.not_before:
            return
        health.not_before = now + health.pause
        health.pause = min(health.pause * 2, LONGEST_PAUSE)
        azure.log.warning("%s of '%s' does not run, starting it", name, deployment.id)
        await servers.spawn(azure, deployment, current, number)
        return
    if unit.pid != health.pid:
        health.pid, health.failures, health.probed = unit.pid, 0, now
    probe = deployment.properties.get("livenessProbe") or {}
    if now < health.probed + seconds(probe.get("period"), 10):
        return
    health.probed = now
    at = socket(azure, deployment, current, number)
    if await servers.healthy(at, seconds(probe.get("timeout"), 2)):
        health.failures, health.pause = 0, FIRST_PAUSE
        return
    health.failures += 1
    if health.failures >= int(probe.get("failureThreshold") or 30):
        azure.log.warning("%s of '%s' does not answer, stopping it", name, deployment.id)
        await azure.supervisor.stop(name)
