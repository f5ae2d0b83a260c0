"""While Pulumi works: an interrupt shows nothing of the SDK's threads, other failures are shown."""

from __future__ import annotations

import io
import threading

import pytest

from ops.watching import Resources


def fails(error: Exception) -> None:
    def work() -> None:
        raise error

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_streams_that_an_interrupt_closed_are_nobodys_concern(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda failed: told.append(str(failed.exc_value)))
    closed = io.StringIO()
    closed.close()
    with pytest.raises(ValueError, match="closed file") as caught:
        closed.readline()

    def interrupted() -> None:
        with Resources():
            fails(caught.value)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    fails(caught.value)
    fails(RuntimeError("other"))
    assert told == ["other"]


def test_without_an_interrupt_all_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda failed: told.append(str(failed.exc_value)))
    with Resources():
        pass
    fails(ValueError("I/O operation on closed file"))
    assert told == ["I/O operation on closed file"]
