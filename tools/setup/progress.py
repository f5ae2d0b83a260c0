"""Says what set-up does now: a line at each start and end, and one every few seconds between."""

import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from tools.setup.command import last_line

EVERY = 5.0  # seconds
WIDTH = 40  # characters of what a command last printed


@dataclass
class Progress:
    running: dict[str, Path] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    guard: threading.Lock = field(default_factory=threading.Lock)
    ended: threading.Event = field(default_factory=threading.Event)

    def start(self, name: str, text: str, log: Path) -> None:
        with self.guard:
            self.running[name] = log
            self.say(f"{name}: {text}")

    def end(self, name: str, text: str) -> None:
        with self.guard:
            self.running.pop(name, None)
            self.say(f"{name}: {text}")

    def watch(self) -> None:
        """Reports until `close`; meant for a thread of its own."""
        while not self.ended.wait(EVERY):
            with self.guard:
                self.say(" | ".join(_now(name, log) for name, log in self.running.items()))

    def close(self) -> None:
        self.ended.set()

    def say(self, text: str) -> None:
        print(f"set-up {time.monotonic() - self.began:4.0f} s  {text}", file=sys.stderr, flush=True)


def _now(name: str, log: Path) -> str:
    line = last_line(log)
    return f"{name}: {line[:WIDTH]}" if line else name
