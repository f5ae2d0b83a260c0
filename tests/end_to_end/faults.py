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
            time.sleep(chance.uniform(0, step.seconds))  # the moment, not a wait for something
            struck = self._kill(chain.amlops, running)
            ended = running.end()
        finally:
            if running.process.poll() is None:
                running.kill()
        for unwanted in ("Traceback", "This is a bug"):
            assert unwanted not in ended.told, f"{self} killed {struck}: {ended}"
        if self.victim == RUNNER:
            assert "ended as Failed" in ended.refusal(), "a lost job has a final state"
        if ended.code:
            ended = chain.amlops.run(*arguments)
        assert ended.code == 0, f"again after {self} killed {struck}: {ended}"
        chain.done(step, ended)
        self._leaves_nothing_to_do(chain)

    def _leaves_nothing_to_do(self, chain: Chain) -> None:
        if self.step.startswith("up-"):
            again = chain.amlops.data("up", self.step.removeprefix("up-"))
            assert list(again["changes"]) == ["same"], again["changes"]
        if self.step == "train":
            jobs = chain.amlops.data("jobs", "list", "dev")
            assert {job["status"] for job in jobs} <= FINAL
            for job in jobs:
                chain.amlops.ok("jobs", "logs", "dev", job["name"])

    def _kill(self, amlops: Amlops, running: Running) -> str:
        if self.victim == SESSION:
            running.kill()
            return "the whole session"
        pid = wait_until(lambda: self._victim(amlops, running), what=f"{self.victim} runs")
        what = f"{pid} {processes.command(pid)}"
        os.kill(pid, signal.SIGKILL)
        return what

    def _victim(self, amlops: Amlops, running: Running) -> int | None:
        assert running.process.poll() is None, f"the command ended too early: {running}"
        if self.victim == COMMAND:
            return running.process.pid
        if self.victim == ENGINE:
            below = processes.descendants(running.process.pid)
            return next((pid for pid in below if ENGINE_AT_WORK in processes.command(pid)), None)
        if self.victim == RUNNER:
            jobs = {name: pid for name, pid in amlops.units().items() if name.startswith("job-")}
            return next(iter(jobs.values()), None)
        return amlops.service(SERVICES[self.victim])
