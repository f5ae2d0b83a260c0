import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tools.setup.command import KNOWN_FIRST, Commands, StoppedError, last_line
from tools.setup.failure import SetUpError


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    lock = os.open(tmp_path, os.O_RDONLY)
    commands = Commands(lock)
    yield commands
    commands.close()
    os.close(lock)


def test_output_goes_to_the_log(commands: Commands, tmp_path: Path) -> None:
    log = tmp_path / "log"
    commands.run(["sh", "-c", "echo out; echo err >&2"], log=log, cwd=tmp_path)
    assert log.read_text() == "$ sh -c echo out; echo err >&2\nout\nerr\n"


def test_failure_shows_what_was_printed_and_where_the_log_is(
    commands: Commands, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with pytest.raises(SetUpError) as raised:
        commands.run(["sh", "-c", "echo something odd; exit 3"], log=log, cwd=tmp_path)
    assert "ended with 3" in str(raised.value)
    assert "something odd" in str(raised.value)
    assert f"Log: {log}" in str(raised.value)


def test_known_failure_shows_advice_and_the_telling_line_only(
    commands: Commands, tmp_path: Path
) -> None:
    script = "echo noise; echo 'dial tcp: no such host'; echo noise; exit 1"
    with pytest.raises(SetUpError, match="cannot be reached") as raised:
        commands.run(["sh", "-c", script], log=tmp_path / "log", cwd=tmp_path)
    assert "\n    dial tcp: no such host\n" in str(raised.value)
    assert "    noise" not in str(raised.value)


def test_advice_comes_from_the_failed_command_not_from_an_earlier_one(
    commands: Commands, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    commands.run(["echo", "retrying: connection refused"], log=log, cwd=tmp_path)
    with pytest.raises(SetUpError) as raised:
        commands.run(["false"], log=log, cwd=tmp_path)
    assert "cannot be reached" not in str(raised.value)


def test_stop_ends_a_command_with_its_children(commands: Commands, tmp_path: Path) -> None:
    fifo = tmp_path / "started"
    os.mkfifo(fifo)
    # The child ignores the polite signal, as a compiler that is busy would.
    child = "import signal,time; signal.signal(15, signal.SIG_IGN); open({!r},'w').write('x'); "
    child = child.format(str(fifo)) + "time.sleep(600)"
    script = f"import subprocess,sys; subprocess.run([sys.executable, '-c', {child!r}])"
    ended: list[BaseException] = []

    def run() -> None:
        try:
            commands.run([sys.executable, "-c", script], log=tmp_path / "log", cwd=tmp_path)
        except StoppedError as error:
            ended.append(error)

    before = psutil.Process().children(recursive=True)
    thread = threading.Thread(target=run)
    thread.start()
    fifo.read_text()
    tree = [each for each in psutil.Process().children(recursive=True) if each not in before]
    assert len(tree) == 2
    commands.stop()
    thread.join(180)
    assert len(ended) == 1
    assert psutil.wait_procs(tree, timeout=180)[1] == []


def test_no_command_starts_after_stop(commands: Commands, tmp_path: Path) -> None:
    commands.stop()
    with pytest.raises(StoppedError):
        commands.run(["touch", "made"], log=tmp_path / "log", cwd=tmp_path)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("", ""),
        ("$ go build\n", ""),
        ("$ go build\nnet/http\n\n", "net/http"),
        ("one\n 10%\r 20%\r", "20%"),
        ("\x1b[2K\x1b[32mPrepared\x1b[0m 3 packages\n", "3 packages"),
    ],
)
def test_last_line(printed: str, shown: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(printed)
    assert last_line(log) == shown


def test_last_line_without_a_log(tmp_path: Path) -> None:
    assert last_line(tmp_path / "none") == ""


def test_a_command_that_nobody_tells_to_go_on_does_nothing(tmp_path: Path) -> None:
    """As where set-up is killed before the keeper knows of the command."""
    made = tmp_path / "made"
    done = subprocess.run([*KNOWN_FIRST, "touch", str(made)], stdin=subprocess.DEVNULL, check=False)
    assert done.returncode != 0
    assert not made.exists()
