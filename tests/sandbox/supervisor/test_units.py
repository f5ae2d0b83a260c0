"""Units by the supervisor's client: they outlive the azure process and leave nothing behind."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.directory import Directory
from sandbox.supervisor import processes, units
from sandbox.supervisor.client import Supervisor, SupervisorError, Unit
from tests.sandbox.conftest import wait_until

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
# A child in a session of its own that ignores TERM, as a daemon would.
BROOD = """
import signal, subprocess, sys, time
child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", child], start_new_session=True)
print("up", flush=True)
{then}
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def spawn(sandbox: Any, name: str, code: str, folder: Path) -> Unit:
    client = Supervisor(sandbox.directory)
    log = folder / f"{name}.log"
    env = {"COLOUR": "red"}
    return asyncio.run(client.spawn(name, python(code), env=env, cwd=folder, log=log))


def members(sandbox: Any, name: str) -> list[int]:
    """Living processes of a unit."""
    marks = {
        processes.SANDBOX_MARK: str(sandbox.directory),
        processes.UNIT_MARK: name,
    }
    return [pid for pid in processes.marked(marks) if processes.started(pid)]


def test_a_unit_runs_where_and_with_what_it_is_told(sandbox: Any, tmp_path: Path) -> None:
    code = "import os; print(os.environ['COLOUR'], os.getcwd()); raise SystemExit(7)"
    client = Supervisor(sandbox.directory)
    spawn(sandbox, "told", code, tmp_path)
    assert asyncio.run(client.wait("told")) == 7
    assert asyncio.run(client.exit_code("told")) == 7
    assert (tmp_path / "told.log").read_text() == f"red {tmp_path}\n"
    assert "told" not in asyncio.run(client.units())


def test_a_unit_that_inherits_nothing_has_no_secret_of_the_starter(
    sandbox: Any, tmp_path: Path
) -> None:
    """`PATH` stands for what the starter has in its environment."""
    client = Supervisor(sandbox.directory)
    code = "import os; print(sorted({'PATH', 'COLOUR', 'AMLOPS_UNIT'} & set(os.environ)))"
    for inherit in (True, False):
        name = f"inherits-{inherit}"
        options: Any = {"cwd": tmp_path, "log": tmp_path / name, "inherit": inherit}
        asyncio.run(client.spawn(name, python(code), env={"COLOUR": "red"}, **options))
        asyncio.run(client.wait(name))
    assert (tmp_path / "inherits-True").read_text() == "['AMLOPS_UNIT', 'COLOUR', 'PATH']\n"
    assert (tmp_path / "inherits-False").read_text() == "['AMLOPS_UNIT', 'COLOUR']\n"


def test_a_unit_under_a_name_runs_once(sandbox: Any, tmp_path: Path) -> None:
    first = spawn(sandbox, "once", SLEEPER, tmp_path)
    assert spawn(sandbox, "once", SLEEPER, tmp_path) == first
    assert processes.alive(first.pid, first.started)
    asyncio.run(Supervisor(sandbox.directory).stop("once"))
    assert not processes.alive(first.pid, first.started)


def test_stopping_takes_the_whole_tree(sandbox: Any, tmp_path: Path) -> None:
    spawn(sandbox, "tree", BROOD.format(then="time.sleep(600)"), tmp_path)
    wait_until(lambda: len(members(sandbox, "tree")) == 2, what="the child")
    asyncio.run(Supervisor(sandbox.directory).stop("tree", grace=60))
    assert members(sandbox, "tree") == []
    assert asyncio.run(Supervisor(sandbox.directory).exit_code("tree")) == -15


def test_what_a_dead_unit_leaves_is_killed(sandbox: Any, tmp_path: Path) -> None:
    spawn(sandbox, "left", BROOD.format(then="raise SystemExit(3)"), tmp_path)
    assert asyncio.run(Supervisor(sandbox.directory).wait("left")) == 3
    assert members(sandbox, "left") == []


def test_a_unit_outlives_the_azure_process(sandbox: Any, tmp_path: Path) -> None:
    unit = spawn(sandbox, "outlives", SLEEPER, tmp_path)
    sandbox.kill("azure")
    assert asyncio.run(Supervisor(sandbox.directory).units())["outlives"] == unit
    asyncio.run(Supervisor(sandbox.directory).stop("outlives"))


def test_a_program_that_is_not_there_is_an_error(sandbox: Any, tmp_path: Path) -> None:
    client = Supervisor(sandbox.directory)
    with pytest.raises(SupervisorError, match="nosuch"):
        asyncio.run(
            client.spawn("none", ["/nosuch"], env={}, cwd=tmp_path, log=tmp_path / "none.log")
        )
    assert "none" not in asyncio.run(client.units())


def test_the_codes_of_the_latest_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "KEPT", 2)

    async def ends() -> dict[str, int | None]:
        ours = units.Units(Directory(tmp_path), {})
        for code, name in enumerate(("old", "again", "new", "again")):
            exits = python(f"raise SystemExit({code})")
            unit = ours.spawn(name, exits, {}, str(tmp_path), str(tmp_path / "log"), True)
            _, status = await asyncio.to_thread(os.waitpid, unit["pid"], 0)
            ours.reaped(unit["pid"], os.waitstatus_to_exitcode(status))
            await ours.wait(name)
        return {name: ours.code(name) for name in ("old", "again", "new")}

    assert asyncio.run(ends()) == {"old": None, "again": 3, "new": 2}


def test_a_unit_is_gone_when_nothing_of_it_is_on_its_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ends has no environment any more, by which it could be found, and still its ports."""
    found = [[1], [1], []]
    monkeypatch.setattr(processes, "leaving", lambda _root: found.pop(0))

    async def end() -> None:
        ours = units.Units(Directory(tmp_path), {})
        unit = ours.spawn("ends", python(""), {}, str(tmp_path), str(tmp_path / "log"), True)
        await asyncio.to_thread(os.waitpid, unit["pid"], 0)
        ours.reaped(unit["pid"], 0)
        await ours.wait("ends")

    asyncio.run(end())
    assert found == []


def test_stopping_what_is_not_there_is_no_error(sandbox: Any) -> None:
    asyncio.run(Supervisor(sandbox.directory).stop("nobody"))
    assert asyncio.run(Supervisor(sandbox.directory).exit_code("nobody")) is None
