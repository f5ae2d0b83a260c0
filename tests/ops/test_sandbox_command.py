"""`amlops sandbox …`, as a person types it."""

from __future__ import annotations

import functools
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.directory import Directory
from sandbox.supervisor import launch
from tests import checkout
from tests.ops.conftest import run

amlops = functools.partial(run, "sandbox")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="amlops-cli-")) / "sandbox"
    yield path
    launch.stop(Directory(path))
    shutil.rmtree(path.parent, ignore_errors=True)


def test_a_sandboxs_life(folder: Path) -> None:
    where = ("--dir", str(folder))
    started = amlops("start", *where)
    assert started.returncode == 0, started.stderr
    assert f"The sandbox runs in {folder}" in started.stdout
    assert "already runs" in amlops("start", *where).stdout

    status = json.loads(amlops("status", *where, "--output", "json").stdout)
    assert status["ready"] is True
    assert {"supervisor", "azure", "azurite"} <= set(status["services"])
    assert status["services"]["azure"]["memory"] > 10 * 2**20
    assert status["disk"]["azure.db"] > 0
    assert "azurite" in amlops("status", *where).stdout

    exports = amlops("env", *where).stdout.splitlines()
    assert all(line.startswith("export ") for line in exports)
    assert any(line.startswith("export HTTPS_PROXY=http://127.0.0.1:") for line in exports)

    code = "import os, sys; sys.exit(0 if os.environ['AZURE_CLIENT_ID'] else 1)"
    assert amlops("run", *where, "--", sys.executable, "-c", code).returncode == 0
    assert amlops("run", *where, "--", "sh", "-c", "exit 5").returncode == 5
    assert "nosuch: command not found" in amlops("run", *where, "--", "nosuch").stderr

    assert "serving on port" in amlops("logs", *where, "azure").stdout
    assert "There is no service 'x'" in amlops("logs", *where, "x").stderr

    hub = "1f1e1d1c-1b1a-4918-8716-151413121110"
    assert "Hub" in amlops("subscription", *where, hub, "--name", "Hub").stdout
    first, second = json.loads(amlops("subscription", *where, "--output", "json").stdout)
    assert (first["name"], second) == ("Sandbox", {"id": hub, "name": "Hub"})
    assert "one is a GUID" in amlops("subscription", *where, "prod").stderr
    code = f"import os, sys; sys.exit(os.environ['ARM_SUBSCRIPTION_ID'] != '{hub}')"
    chosen = amlops("run", *where, "--", sys.executable, "-c", code, AZURE_SUBSCRIPTION_ID=hub)
    assert chosen.returncode == 0

    used = folder / "environments" / "used"
    unused = folder / "environments" / "unused"
    for home in (used, unused):
        home.mkdir()
        (home / "environment.json").write_text("{}")
    (folder / "deployments" / "d").mkdir()
    (folder / "deployments" / "d" / "release.json").write_text('{"python": "used/bin/python"}')
    assert f"removed {unused}" in amlops("gc", *where).stdout
    assert (used.exists(), unused.exists()) == (True, False)

    assert "is stopped" in amlops("stop", *where).stdout
    assert "did not run" in amlops("stop", *where).stdout
    assert "is stopped" in amlops("status", *where).stdout

    unanswered = amlops("reset", *where).stderr
    assert "Remove everything" in unanswered
    assert "\nError: Nobody answered, so nothing was done. In a pipeline say: --yes" in unanswered
    assert folder.exists(), "nobody said yes"
    assert "is removed" in amlops("reset", *where, "--yes").stdout
    assert not folder.exists()


def test_after_a_pull_the_next_command_starts_it_again(tmp_path: Path) -> None:
    home = checkout.copy(tmp_path / "checkout")
    where = {"AMLOPS_SANDBOX_DIR": str(tmp_path / "sandbox")}
    try:
        assert checkout.amlops(home, "sandbox", "start", **where).returncode == 0
        with (home / "sandbox" / "clock.py").open("a") as code:
            code.write("# newer\n")
        again = checkout.amlops(home, "whoami", "--output", "json", **where)
        assert again.returncode == 0, again.stderr
        assert "The sandbox's code has changed since it was started" in again.stderr
        assert json.loads(again.stdout)["target"] == "sandbox"
        assert "has changed" not in checkout.amlops(home, "whoami", **where).stderr
    finally:
        launch.stop(Directory(tmp_path / "sandbox"))


def test_a_folder_that_is_no_sandboxs_does_not_become_one(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    tmp_path.chmod(0o755)
    refused = amlops("start", "--dir", str(tmp_path))
    assert refused.returncode == 1
    assert "is not empty and no sandbox's directory" in refused.stderr
    assert [item.name for item in tmp_path.iterdir()] == ["thesis.txt"]
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_what_a_killed_start_leaves_is_still_a_sandboxs(tmp_path: Path) -> None:
    directory = Directory(tmp_path / "sandbox")
    directory.create()
    directory.sockets.rmdir()
    assert not directory.lock.exists()
    assert not directory.foreign()


def test_a_folder_that_is_no_sandboxs_is_not_wiped(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    refused = amlops("reset", "--dir", str(tmp_path), "--yes")
    assert refused.returncode == 1
    assert "is not a sandbox's directory; nothing was removed" in refused.stderr
    assert (tmp_path / "thesis.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (["start", "--dir", "/proc/nowhere"], {}, "/proc/nowhere cannot be used"),
        (["start", "--dir", "/proc/nowhere"], {}, "Name another place: AMLOPS_SANDBOX_DIR, or"),
        (["start"], {"AMLOPS_AZURITE": "/nowhere"}, "Azurite is not installed in /nowhere"),
        (["start"], {"PATH": "/nowhere"}, "Node.js is not on PATH"),
        (["logs"], {}, "has this sandbox ever been started?"),
    ],
)
def test_what_is_missing_is_one_line(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], message: str
) -> None:
    failed = amlops(*arguments, AMLOPS_SANDBOX_DIR=str(tmp_path / "d"), **environment)
    assert failed.returncode == 1
    assert message in failed.stderr
    assert failed.stderr.startswith("Error: ")
    assert len(failed.stderr.strip().splitlines()) == 1


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil._ntuple_diskusage(100, 99, 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(launch.SandboxError, match="Only 0 MB are free on the disk"):
        launch.start(Directory(tmp_path / "d"))
