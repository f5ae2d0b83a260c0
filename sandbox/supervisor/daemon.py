"""The supervisor: one process a sandbox, parent of all others."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from sandbox.directory import Directory, write_atomically
from sandbox.supervisor import processes
from sandbox.supervisor.control import Control
from sandbox.supervisor.services import Service, services
from sandbox.supervisor.sources import fingerprint
from sandbox.supervisor.units import Units, base_environment

log = logging.getLogger("sandbox.supervisor")

PORTS = ("gateway", "azurite", "azurite_queue", "azurite_table")
FIRST_PAUSE, LAST_PAUSE = 0.05, 5.0
"""Seconds before a dead service is started again, doubling while it keeps dying."""
SETTLED = 10.0
"""A service that ran for so many seconds has not failed at its start."""
PORT_SECONDS, PORT_PAUSE = 5.0, 0.02
"""So long the ports of the last run are awaited: what ends may have them a little longer."""
LOG_LIMIT = 10 * 2**20
UNIT_GRACE, SERVICE_GRACE = 2.0, 4.0
GATEWAY_DESCRIPTOR = "AMLOPS_GATEWAY_DESCRIPTOR"
READY_DESCRIPTOR = "AMLOPS_READY_DESCRIPTOR"


class LockedError(Exception):
    """Another supervisor has the directory."""


class Supervised:
    """A service with its present process."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.restarts = 0
        self.pause = FIRST_PAUSE
        self.ended = asyncio.Event()
        self.code: int | None = None


class Daemon:
    """Holds the lock for as long as it lives; `run` returns when it was asked to stop."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.environment = base_environment(directory)
        self.code = fingerprint()
        self.units = Units(directory, self.environment)
        self.services: dict[str, Supervised] = {}
        self.ports: dict[str, int] = {}
        self.answering = asyncio.Event()
        self.stopping = asyncio.Event()
        self._lock: int | None = None
        self._gateway: socket.socket | None = None
        self._kept: list[socket.socket] = []

    def take_lock(self) -> None:
        """Raises LockedError, OSError."""
        self._lock = os.open(self.directory.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError from None

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGCHLD, self._reap)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self.stopping.set)
        orphans = processes.kill_marked({processes.SANDBOX_MARK: str(self.directory)})
        if orphans:
            log.warning("killed %d processes that a dead supervisor left", orphans)
        await self._choose_ports()
        control = Control(self)
        await control.start(self.directory.control_socket)
        keepers = []
        for service in services(self.directory, self.ports):
            self.services[service.name] = Supervised(service)
            keepers.append(asyncio.create_task(self._keep(self.services[service.name])))
        self.save()
        await self.stopping.wait()
        log.info("stopping")
        await self.units.stop_all(UNIT_GRACE)
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*(self._end(one) for one in self.services.values()))
        control.close()
        processes.kill_marked({processes.SANDBOX_MARK: str(self.directory)})
        self.save(ended=True)
        self.directory.mlflow_socket.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # Somebody else's socket may be in it.
            self.directory.sockets.rmdir()

    def state(self) -> dict[str, Any]:
        """What `supervisor.json` holds."""
        return {
            "pid": os.getpid(),
            "started": processes.started(os.getpid()),
            "code": self.code,
            "ready": self.answering.is_set(),
            "socket": str(self.directory.control_socket),
            "ports": self.ports,
            "services": {
                name: {
                    "pid": one.process.pid if one.process and not one.ended.is_set() else None,
                    "started": one.started,
                    "restarts": one.restarts,
                    "exit_code": one.code,
                }
                for name, one in self.services.items()
            },
        }

    def save(self, *, ended: bool = False) -> None:
        state = self.state()
        if ended:
            state |= {"pid": None, "started": None, "ready": False, "services": {}}
        try:
            write_atomically(self.directory.state, json.dumps(state, indent=2))
        except OSError as error:  # A full disk must not take the sandbox down.
            log.warning("cannot write %s: %s", self.directory.state, error)

    # -- services -----------------------------------------------------------------------------

    async def _keep(self, one: Supervised) -> None:
        """Start a service, and again whenever it dies."""
        for path in one.service.requires:
            while not path.exists():
                await asyncio.sleep(0.02)
        if one.service.waits:
            await self.answering.wait()
        while True:
            begun = time.monotonic()
            try:
                self._start(one)
            except OSError as error:
                log.warning("%s cannot be started: %s", one.service.name, error)
            else:
                self.save()
                await one.ended.wait()
            if one.service.name == "azure":
                self.answering.clear()
            self.save()
            log.warning("%s ended with %s", one.service.name, one.code)
            one.pause = FIRST_PAUSE if time.monotonic() - begun > SETTLED else one.pause
            await asyncio.sleep(one.pause)
            one.pause = min(one.pause * 2, LAST_PAUSE)
            one.restarts += 1

    def _start(self, one: Supervised) -> None:
        """Raises OSError."""
        environment = {**self.environment, **one.service.environment}
        descriptors: list[int] = []
        if one.service.name == "azure" and self._gateway is not None:
            reading, writing = os.pipe()
            descriptors = [self._gateway.fileno(), writing]
            environment[GATEWAY_DESCRIPTOR] = str(descriptors[0])
            environment[READY_DESCRIPTOR] = str(descriptors[1])
            asyncio.get_running_loop().add_reader(reading, self._ready, reading)
        with _log(self.directory.log(one.service.name)).open("ab") as output:
            one.process = subprocess.Popen(
                one.service.argv,
                env=environment,
                cwd=self.directory.path,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=descriptors,
                start_new_session=True,
                preexec_fn=processes.die_with_parent(),
            )
        if descriptors:
            os.close(descriptors[1])
        one.started = processes.started(one.process.pid) or time.time()
        one.ended = asyncio.Event()
        log.info("started %s, pid %d", one.service.name, one.process.pid)

    def _ready(self, reading: int) -> None:
        """The azure process wrote to its pipe, or died and closed it."""
        if os.read(reading, 1):
            self.answering.set()
            self.save()
        asyncio.get_running_loop().remove_reader(reading)
        os.close(reading)

    async def _end(self, one: Supervised) -> None:
        if one.process is None or one.ended.is_set():
            return
        processes.send([one.process.pid], signal.SIGTERM)
        try:
            await asyncio.wait_for(one.ended.wait(), SERVICE_GRACE)
        except TimeoutError:
            log.warning("%s did not stop, killed", one.service.name)
            processes.send([one.process.pid], signal.SIGKILL)
            await one.ended.wait()

    def _reap(self) -> None:
        """Bury every child that ended, adopted ones too."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            code = os.waitstatus_to_exitcode(status)
            if self.units.reaped(pid, code):
                continue
            for one in self.services.values():
                if one.process is not None and one.process.pid == pid:
                    one.process.returncode = one.code = code
                    one.ended.set()

    # -- ports --------------------------------------------------------------------------------

    async def _choose_ports(self) -> None:
        """The ports of the last run where they are free, else new ones.

        The gateway's stays open here: while the azure process restarts, clients wait.
        """
        try:
            kept = json.loads(self.directory.state.read_text())["ports"]
        except (OSError, ValueError, KeyError):
            kept = {}
        held = []
        end = time.monotonic() + PORT_SECONDS
        for name in PORTS:
            port = kept.get(name, 0)
            listener = _bind(port)
            while listener is None and time.monotonic() < end:
                await asyncio.sleep(PORT_PAUSE)
                listener = _bind(port)
            if listener is None:
                log.warning("port %d of %s is taken; it gets another one", port, name)
                listener = _bind(0)
            if listener is None:
                raise OSError("no free port on 127.0.0.1")
            self.ports[name] = listener.getsockname()[1]
            held.append(listener)
        self._gateway = held[0]
        self._gateway.listen(512)
        # Azurite's are bound and never listened at: Linux then gives them to nobody who asks for
        # any port, and to Azurite, which asks for them by number. Elsewhere they would be taken.
        self._kept = held[1:] if sys.platform == "linux" else []
        for listener in held[1 + len(self._kept) :]:
            listener.close()


def _bind(port: int) -> socket.socket | None:
    """A socket bound to the port, to any for 0; None where it is taken."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.close()
        return None
    return listener


def _log(path: Path) -> Path:
    """The log's path; a long one is put aside first."""
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_suffix(".log.1"))
    return path
