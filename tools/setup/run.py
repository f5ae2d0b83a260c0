"""Carries out the steps that are not done yet, side by side where none waits for another."""

import argparse
import fcntl
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from tools.setup import prerequisites
from tools.setup.checkout import Checkout
from tools.setup.command import Commands, StoppedError
from tools.setup.failure import SetUpError
from tools.setup.plan import steps
from tools.setup.progress import Progress
from tools.setup.step import Step, Work

AWAKE = 0.5
"""Seconds: Python sees a signal when it runs code, and one that has come just before it began to
wait would not end the waiting."""


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code: 0 done, 1 one clear message, 130 interrupted."""
    checkout = Checkout(Path(__file__).resolve().parents[2])
    plan = {step.name: step for step in steps(checkout)}
    parser = argparse.ArgumentParser(prog="python3 -m tools.setup", description=__doc__)
    parser.add_argument(
        "step", nargs="*", choices=[*plan, []], help="only these, and what they need"
    )
    asked = parser.parse_args(arguments).step
    wanted = _with_predecessors([plan[name] for name in asked] or list(plan.values()))
    # `kill` is treated like Ctrl-C: the commands are stopped too.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        set_up(checkout, wanted)
    except SetUpError as failure:
        print(f"set-up: {failure}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("set-up: interrupted. The same command goes on from here.", file=sys.stderr)
        return 130
    return 0


def set_up(checkout: Checkout, wanted: Sequence[Step]) -> None:
    """Brings every wanted step to its end.

    Raises:
        SetUpError: a tool is missing, or a step failed; the others have been stopped.
        KeyboardInterrupt: as it was raised; all commands have been stopped.
    """
    if all(step.done(checkout) for step in wanted):
        return
    for folder in (checkout.stamps, checkout.logs, checkout.bin):
        folder.mkdir(parents=True, exist_ok=True)
    with _alone(checkout) as lock:
        todo = [step for step in wanted if not step.done(checkout)]
        if not todo:
            return  # the one that was waited for has done it all
        needed = [tool for step in todo for tool in step.needs]
        prerequisites.check(needed, checkout.root, sum(step.gigabytes for step in todo))
        _carry_out(todo, checkout, Commands(lock))


def _carry_out(todo: Sequence[Step], checkout: Checkout, commands: Commands) -> None:
    progress = Progress()
    count = f"{len(todo)} steps to do, side by side" if len(todo) > 1 else "1 step to do"
    progress.say(f"{count}; what is done now is skipped from now on")
    threading.Thread(target=progress.watch, daemon=True).start()

    def carry_out(step: Step) -> None:
        log = checkout.logs / f"{step.name}.log"
        log.unlink(missing_ok=True)
        began = time.monotonic()
        progress.start(step.name, f"{step.title} ({step.first_time})", log)
        step.carry_out(Work(checkout, commands, log))
        progress.end(step.name, f"done in {time.monotonic() - began:.0f} s")

    waiting = list(todo)
    running: dict[Future[None], Step] = {}
    pool = ThreadPoolExecutor(max_workers=len(todo))
    try:
        while waiting or running:
            unfinished = {step.name for step in [*waiting, *running.values()]}
            for step in list(waiting):
                if not unfinished.intersection(each.name for each in step.after):
                    waiting.remove(step)
                    running[pool.submit(carry_out, step)] = step
            ended, _ = wait(running, timeout=AWAKE, return_when=FIRST_COMPLETED)
            for future in ended:
                step = running.pop(future)
                try:
                    future.result()
                except (SetUpError, OSError) as failure:
                    raise SetUpError(f"{step.title} failed. {failure}") from failure
    finally:
        commands.stop()
        for future in running:
            # Its step has left the mark that it was cut short.
            with suppress(StoppedError, SetUpError, OSError):
                future.result()
        pool.shutdown()
        commands.close()
        progress.close()


@contextmanager
def _alone(checkout: Checkout) -> Iterator[int]:
    """Holds the checkout's set-up lock, and says so when it has to wait for it."""
    with checkout.lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("set-up: another one is at work in this checkout; waiting …", file=sys.stderr)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _with_predecessors(asked: Sequence[Step]) -> list[Step]:
    found: dict[str, Step] = {}

    def add(step: Step) -> None:
        for each in step.after:
            add(each)
        found.setdefault(step.name, step)

    for step in asked:
        add(step)
    return list(found.values())


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
