"""A deployment's server processes: one unit of the supervisor for each instance."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.arm.errors import ArmError
from sandbox.arm.resource import Resource
from sandbox.environment import OUTER, client_environment
from sandbox.login.managed import variables
from sandbox.serving import backend
from sandbox.serving.release import (
    UNIT_PREFIX,
    Release,
    folder,
    log,
    seconds,
    serving,
    set_serving,
    socket,
    unit_prefix,
    units,
)
from sandbox.supervisor.client import Unit

if TYPE_CHECKING:
    from sandbox.azure import Azure

SETTINGS = Path(__file__).with_name("gunicorn_settings.py")
APPLICATION = "azureml_inference_server_http.server.entry:app"

DRAIN_SECONDS = 30.0
"""How long a server that is replaced may go on with the requests it has."""
STOP_SECONDS = 1.0
"""The same for one whose deployment goes."""
LOG_TAIL_LINES = 30
PAUSE = 0.05
HEALTHY = 200

# A deployment's process acts for itself, not for the one who started the sandbox.
_NOT_SHARED = (
    *(f"{prefix}_CLIENT_{name}" for prefix in ("AZURE", "ARM") for name in ("ID", "SECRET")),
    "PULUMI_CONFIG_PASSPHRASE",
)
IDENTITY_LIFETIME = timedelta(days=365)
"""How long a server may ask for tokens of its endpoint's identity: as long as one lives."""


async def switch(azure: Azure, deployment: Resource, new: Release) -> None:
    """Start the new release, wait until it answers, then make it the one that serves.

    Raises ArmError with the end of the log, and leaves nothing of it running, when it does not
    get ready; what served before goes on.
    """
    before = serving(deployment)
    try:
        await asyncio.gather(
            *(_start(azure, deployment, new, number) for number in range(new.instances))
        )
    except ArmError:
        kept = set(units(deployment, before)) if before else set()
        await _stop_others(azure, deployment, kept, grace=0.0)
        raise
    set_serving(deployment, new)
    azure.resources.save(deployment)
    await _stop_others(azure, deployment, set(units(deployment, new)), grace=DRAIN_SECONDS)


async def stop(azure: Azure, deployment: Resource) -> None:
    """Stop every process of the deployment."""
    await _stop_others(azure, deployment, set(), grace=STOP_SECONDS)


async def _start(azure: Azure, deployment: Resource, new: Release, number: int) -> None:
    """Start one instance and wait until it is ready. Raises ArmError when it does not get so."""
    name = units(deployment, new)[number]
    unit = await spawn(azure, deployment, new, number)
    probe = deployment.properties.get("readinessProbe") or {}
    limit = seconds(probe.get("initialDelay"), 10) + seconds(probe.get("period"), 10) * int(
        probe.get("failureThreshold") or 30
    )
    ready = asyncio.create_task(_until_healthy(socket(azure, deployment, new, number)))
    ended = asyncio.create_task(azure.supervisor.wait(name))
    try:
        await asyncio.wait({ready, ended}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if ready.done() and not ended.done():
            return
        code = ended.result() if ended.done() else None
    finally:
        ready.cancel()
        ended.cancel()
    what = f"ended with code {code}" if ended.done() else f"did not get ready in {limit:.0f} s"
    path = log(azure, deployment, new, number)
    tail = "\n".join(await asyncio.to_thread(last_lines, path, LOG_TAIL_LINES))
    raise ArmError(
        400,
        "ResourceNotReady",
        f"The server process of deployment '{deployment.name}' (pid {unit.pid}) {what}; its score "
        "script may be broken. Mend it and deploy again. The end of its log:\n" + tail,
    )


async def spawn(azure: Azure, deployment: Resource, new: Release, number: int) -> Unit:
    home = folder(azure, deployment) / new.revision / f"home-{number}"
    await asyncio.to_thread(home.mkdir, parents=True, exist_ok=True)
    shared = client_environment(azure.directory)
    endpoint = azure.resources.get(deployment.id.parent) if deployment.id.parent else None
    env = {
        **{name: value for name, value in shared.items()
           if name not in _NOT_SHARED and not name.startswith(OUTER)},
        "PATH": f"{Path(new.python).parent}{os.pathsep}{shared['PATH']}",
        "HOME": str(home),
        "AMLOPS_SERVING_SOCKET": str(socket(azure, deployment, new, number)),
        **variables(azure, endpoint, IDENTITY_LIFETIME),
        **new.env,
    }  # fmt: skip
    argv = [new.python, "-m", "gunicorn", "--config", str(SETTINGS), APPLICATION]
    return await azure.supervisor.spawn(
        units(deployment, new)[number],
        argv,
        env=env,
        cwd=Path(new.cwd),
        log=log(azure, deployment, new, number),
        inherit=False,
    )


async def _stop_others(azure: Azure, deployment: Resource, kept: set[str], grace: float) -> None:
    prefix = unit_prefix(deployment)
    names = [
        name
        for name in await azure.supervisor.units()
        if name.startswith(prefix) and name not in kept
    ]
    await asyncio.gather(*(_stop(azure, name, grace) for name in names))


async def _stop(azure: Azure, unit: str, grace: float) -> None:
    """Stop a server that has answered, at the latest after `grace` seconds.

    One that is told to end answers whom it has heard, not those whom it has still to accept.
    """
    at = azure.directory.sockets / unit.removeprefix(UNIT_PREFIX)
    clock = asyncio.get_running_loop()
    end = clock.time() + grace
    while backend.under_way[at] and clock.time() < end:
        await asyncio.sleep(PAUSE)
    await azure.supervisor.stop(unit, grace=max(0.0, end - clock.time()))
    at.unlink(missing_ok=True)


async def _until_healthy(socket: Path) -> None:
    while not await healthy(socket, timeout=None):
        await asyncio.sleep(0.05)


async def healthy(at: Path, timeout: float | None) -> bool:
    """Whether the server answers its health address."""
    try:
        async with asyncio.timeout(timeout):
            reply = await backend.send(at, "GET", "/", [], b"")
    except (backend.BackendError, TimeoutError):
        return False
    reply.close()
    return reply.status == HEALTHY


def last_lines(path: Path, count: int) -> list[str]:
    """The end of a log; empty when there is none."""
    try:
        with path.open(errors="replace") as file:
            return [line.rstrip("\n") for line in deque(file, count)]
    except FileNotFoundError:
        return []
