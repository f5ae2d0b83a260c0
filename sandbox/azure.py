"""The one context that every hook and application is handed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from sandbox import ingestion
from sandbox.arm.activity import Activity
from sandbox.arm.authorization import Authorization
from sandbox.arm.deleted import DeletedResources
from sandbox.arm.effects import Effects
from sandbox.arm.faults import Faults
from sandbox.arm.operations import Operations
from sandbox.arm.registry import Types
from sandbox.clock import Clock
from sandbox.directory import Directory
from sandbox.identity import Identity
from sandbox.resources import all_types, background, watchers
from sandbox.resources.providers import Registrations
from sandbox.store import Resources, Store
from sandbox.subscriptions import Subscriptions
from sandbox.supervisor.client import Supervisor

RESTART_SECONDS = 1.0


class Azure:
    """A sandbox's state and services, open for one process."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.identity = Identity.open(directory)
        self.subscriptions = Subscriptions(directory, self.identity.subscription_id)
        self.clock = Clock(directory.clock)
        self.supervisor = Supervisor(directory)
        self.log = logging.getLogger("sandbox")
        self.store = Store(directory.database)
        self.resources = Resources(self.store, self.clock)
        self.types = Types(all_types())
        self.authorization = Authorization(self)
        self.activity = Activity(self)
        self.faults = Faults(self)
        self.registrations = Registrations(self)
        self.deleted = DeletedResources(self)
        self.effects = Effects(self)
        self.operations = Operations(self)
        self.tasks: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Go on with what a kill interrupted and start the background work."""
        for watch in watchers():
            watch(self)
        self.operations.resume()
        for run in background():
            self.spawn(self._for_ever(run))
        self.spawn(self._for_ever(_expire))

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something beside the requests; its failure is logged."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self) -> None:
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.store.close()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and task.exception():
            self.log.error("background work failed", exc_info=task.exception())

    async def _for_ever(self, run: Callable[[Azure], Awaitable[None]]) -> None:
        while True:
            try:
                await run(self)
            except asyncio.CancelledError:
                raise
            except Exception:
                self.log.exception("%s failed, once more", run.__module__)
            await asyncio.sleep(RESTART_SECONDS)


async def _expire(azure: Azure) -> None:
    """What is kept for a time only: at the start, then once a minute."""
    azure.activity.expire()
    azure.operations.expire()
    ingestion.expire(azure)
    await azure.deleted.expire()
    await azure.clock.sleep(60)
