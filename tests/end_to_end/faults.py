"""Kill -9 at a moment that a seed chooses."""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import dataclass

from sandbox.supervisor import processes
from tests.end_to_end.chain import Chain
from tests.end_to_end.commands import Amlops, Running
from tests.sandbox.conftest import wait_until

COMMAND = "command"
ENGINE = "engine"
SESSION = "session"
RUNNER = "runner"
SERVICES = {"sandbox": "supervisor", "azure": "azure", "azurite": "azurite", "mlflow": "mlflow"}


@dataclass(frozen=True)
class Fault:
    """What is killed while which step runs.

    `command` is the `amlops` process alone, `engine` Pulumi's below it, `session` both at once with
    all that they started; `runner` is the process of a job; the others are the sandbox's.
    """

    step: str
    victim: str
    seed: int

    def __str__(self) -> str:
        return f"{self.step}-{self.victim}-{self.seed}"

    def strike(self, chain: Chain) -> None:
        """Take the step with the fault in it; then again, until it is done, once is enough."""
        step = chain.reach(self.step)
        chance = random.Random(self.seed)
        arguments = [*step.command(chain), "--output", "json"]
        running = chain.amlops.start(*arguments)
        try:
            running.wait_for_lines(chance.randint(1, step.lines))
            time.sleep(chance.uniform(0, 0.4))  # the moment, not a wait for something
            struck = self._kill(chain.amlops, running)
            ended = running.end()
        finally:
            if running.process.poll() is None:
                running.kill()
        for unwanted in ("Traceback", "This is a bug"):
            assert unwanted not in ended.told, f"{self} killed {struck}: {ended}"
        if ended.code:
            ended = chain.amlops.run(*arguments)
        assert ended.code == 0, f"again after {self} killed {struck}: {ended}"
        chain.done(step, ended)

    def _kill(self, amlops: Amlops, running: Running) -> str:
        if self.victim == SESSION:
            running.kill()
            return "the whole session"
        pid = wait_until(lambda: self._victim(amlops, running), 60, f"{self.victim} runs")
        what = f"{pid} {processes.command(pid)}"
        os.kill(pid, signal.SIGKILL)
        return what

    def _victim(self, amlops: Amlops, running: Running) -> int | None:
        assert running.process.poll() is None, f"the command ended too early: {running}"
        if self.victim == COMMAND:
            return running.process.pid
        if self.victim == ENGINE:
            below = processes.descendants(running.process.pid)
            return next((p for p in below if processes.command(p).startswith("pulumi ")), None)
        if self.victim == RUNNER:
            jobs = {name: pid for name, pid in amlops.units().items() if name.startswith("job-")}
            return next(iter(jobs.values()), None)
        return amlops.service(SERVICES[self.victim])
