"""Kill -9 at a moment that a seed chooses."""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import dataclass

from sandbox.supervisor import processes
from tests.end_to_end.chain import FINAL, Chain
from tests.end_to_end.commands import Amlops, Running
from tests.sandbox.conftest import wait_until

COMMAND = "command"
ENGINE = "engine"
ENGINE_AT_WORK = "--exec-kind"
"""What Pulumi is given for updates, and not for small questions about a stack."""
SESSION = "session"
SERVICES = {"sandbox": "supervisor", "azure": "azure", "azurite": "azurite", "mlflow": "mlflow"}
TIMES = 5
"""So often a step may be over before what was to be killed in it."""


@dataclass(frozen=True)
class Fault:
    """What is killed while which step runs.

    `command` is the `amlops` process alone, `engine` Pulumi's below it, `session` both at once with
    all that they started; the others are the sandbox's.
    """

    step: str
    victim: str
    seed: int

    def __str__(self) -> str:
        return f"{self.step}-{self.victim}-{self.seed}"

    def strike(self, chain: Chain) -> None:
        """Take the step with the fault in it; then again, until it is done, once is enough.

        A step that was over first, since this process was not let run in time, is taken anew.
        """
        chance = random.Random(self.seed)
        if not any(self._strikes(chain, chance) for _ in range(TIMES)):
            raise AssertionError(f"{self}: the command was over before, {TIMES} times")

    def _strikes(self, chain: Chain, chance: random.Random) -> bool:
        """Whether something was killed in it; the step is done in any case."""
        step = chain.reach(self.step)
        arguments = [*step.command(chain), "--output", "json"]
        running = chain.amlops.start(*arguments)
        try:
            running.wait_for_lines(chance.randint(1, step.lines))
            time.sleep(chance.uniform(0, step.seconds))  # the moment, not a wait for something
            struck = self._kill(chain.amlops, running)
            ended = running.end()
        finally:
            if running.process.poll() is None:
                running.kill()
        for unwanted in ("Traceback", "This is a bug"):
            assert unwanted not in ended.told, f"{self} killed {struck}: {ended}"
        if ended.code and struck:
            ended = chain.amlops.run(*arguments)
        elif self.victim in SERVICES:
            chain.amlops.ok("sandbox", "start")  # The command may have had all it needs of it.
        assert ended.code == 0, f"again after {self} killed {struck}: {ended}"
        chain.done(step, ended)
        self._leaves_nothing_to_do(chain)
        return struck is not None

    def _leaves_nothing_to_do(self, chain: Chain) -> None:
        if self.step.startswith("up-"):
            again = chain.amlops.data("up", self.step.removeprefix("up-"))
            assert list(again["changes"]) == ["same"], again["changes"]
        if self.step == "train":
            jobs = chain.amlops.data("jobs", "list", "dev")
            assert {job["status"] for job in jobs} <= FINAL
            for job in jobs:
                chain.amlops.ok("jobs", "logs", "dev", job["name"])

    def _kill(self, amlops: Amlops, running: Running) -> str | None:
        """What was killed; None where the command was over before."""
        pid = None

        def known() -> bool:
            nonlocal pid
            pid = self._victim(amlops, running)
            return pid is not None or running.process.poll() is not None

        wait_until(known, what=f"{self.victim} runs")
        if pid is None or running.process.poll() is not None:
            return None
        if self.victim == SESSION:
            running.kill()
            return "the whole session"
        what = f"{pid} {processes.command(pid)}"
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return None
        return what

    def _victim(self, amlops: Amlops, running: Running) -> int | None:
        if self.victim in (COMMAND, SESSION):
            return running.process.pid
        if self.victim == ENGINE:
            below = processes.descendants(running.process.pid)
            return next((pid for pid in below if ENGINE_AT_WORK in processes.command(pid)), None)
        return amlops.service(SERVICES[self.victim])
