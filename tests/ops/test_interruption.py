"""Pulumi is let end by itself, by a stand-in of its name that says how it was ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ops import interruption
from tests.sandbox.conftest import wait_until

CHILD = """#!{python}
import pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[1])
def end(*_):
    (folder / "told").touch()
    if "{deaf}" == "no":
        sys.exit(7)
signal.signal(signal.SIGINT, end)
(folder / "begun").touch()
while True:
    time.sleep(0.05)
"""


def pulumi(folder: Path, *, deaf: str = "no") -> Callable[[], int]:
    """Work that lasts until the stand-in for Pulumi ends; its exit code."""
    script = folder / "pulumi"
    script.write_text(CHILD.format(python=sys.executable, deaf=deaf))
    script.chmod(0o755)
    return lambda: subprocess.run([script, folder], check=False).returncode


def interrupt_when(file: Path, number: signal.Signals) -> threading.Thread:
    def send() -> None:
        wait_until(file.exists, what=f"{file.name} exists")
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interruption, "_in_the_foreground", lambda: False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_waits_until_pulumi_has_ended(
    tmp_path: Path, number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    codes: list[int] = []
    work = pulumi(tmp_path)
    sender = interrupt_when(tmp_path / "begun", number)
    with pytest.raises(KeyboardInterrupt):
        interruption.finished(lambda: codes.append(work()))
    sender.join()
    assert (codes, (tmp_path / "told").exists()) == ([7], True)
    assert "once more ends it at once" in capsys.readouterr().err


def test_a_second_interrupt_ends_it_at_once(tmp_path: Path) -> None:
    codes: list[int] = []
    work = pulumi(tmp_path, deaf="yes")
    senders = [
        interrupt_when(tmp_path / "begun", signal.SIGINT),
        interrupt_when(tmp_path / "told", signal.SIGINT),
    ]
    with pytest.raises(KeyboardInterrupt):
        interruption.finished(lambda: codes.append(work()))
    for sender in senders:
        sender.join()
    wait_until(lambda: codes == [-signal.SIGKILL], what="the child was killed")


def test_a_terminals_interrupt_is_not_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interruption, "_in_the_foreground", lambda: True)
    told: list[int] = []
    monkeypatch.setattr(interruption, "_signal", told.append)
    begun, may_end = tmp_path / "begun", threading.Event()

    def work() -> None:
        begun.touch()
        may_end.wait()

    monkeypatch.setattr(interruption, "note", lambda _text: may_end.set())
    sender = interrupt_when(begun, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        interruption.finished(work)
    sender.join()
    assert told == []


def test_without_an_interrupt_it_returns_and_raises_as_the_work_does() -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert interruption.finished(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        interruption.finished(lambda: 1 // 0)
    assert signal.getsignal(signal.SIGTERM) is before
