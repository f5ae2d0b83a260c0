"""The bootstrap as a person meets it: a process with an exit code and messages."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[3]
NPM = """#!/bin/sh
case $1 in --version) echo 10.0.0; exit;; esac
mkdir node_modules && echo $$ > node_modules/half && echo started > "$FIFO" && {then}
"""


class Machine:
    """A fresh clone and a PATH that holds only what a test installs."""

    def __init__(self, place: Path) -> None:
        self.path = place / "path"
        self.path.mkdir()
        self.clone = place / "clone"
        for name in ("pyproject.toml", "requirements.lock", "sandbox/tracking/requirements.lock"):
            (self.clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.clone / name)
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "tools", self.clone / "tools", ignore=ignore)
        for name in ("git", "sh", "mkdir", "sleep"):
            (self.path / name).symlink_to(shutil.which(name) or name)
        self.fifo = place / "fifo"
        os.mkfifo(self.fifo)
        self.environment = {"PATH": str(self.path), "FIFO": str(self.fifo)}
        self.started: list[subprocess.Popen[str]] = []

    def install(self, command: str, script: str) -> None:
        program = self.path / command
        program.write_text(script)
        program.chmod(0o755)

    def start(self, *steps: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.setup", *steps],
            cwd=self.clone,
            env=self.environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def run(self, *steps: str) -> tuple[int, str]:
        process = self.start(*steps)
        _, printed = process.communicate(timeout=300)
        return process.returncode, printed


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    yield machine
    for process in machine.started:
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()


@pytest.fixture
def with_node(machine: Machine) -> Machine:
    machine.install("node", "#!/bin/sh\necho v22.1.0\n")
    machine.install("npm", NPM.replace("{then}", "sleep 600"))
    return machine


def let_npm_finish(machine: Machine) -> None:
    machine.install("npm", NPM.replace("{then}", "echo installed > node_modules/whole"))


def half_installed(machine: Machine) -> psutil.Process:
    """Waits until npm has begun, and gives its process."""
    assert machine.fifo.read_text() == "started\n"
    half = machine.clone / ".tools" / "azurite" / "node_modules" / "half"
    return psutil.Process(int(half.read_text()))


def test_every_missing_tool_is_told_before_anything_starts(machine: Machine) -> None:
    code, printed = machine.run()
    assert code == 1
    for name, wanted in [("Go", "Go >= 1.21"), ("Node.js", "Node.js >= 20"), ("npm", "npm >= 9")]:
        assert f"{name} is missing" in printed
        assert f"Wanted: {wanted}" in printed
    assert "Traceback" not in printed
    assert not (machine.clone / ".venv").exists()


def test_old_node_is_told(machine: Machine) -> None:
    machine.install("node", "#!/bin/sh\necho v18.20.4\n")
    machine.install("npm", "#!/bin/sh\necho 10.0.0\n")
    code, printed = machine.run("azurite")
    assert code == 1
    assert f"Node.js 18.20.4 at {machine.path}/node is too old. Wanted: Node.js >= 20" in printed
    assert "Go" not in printed  # not needed by the step that was asked for


def test_old_python_is_told_before_any_module_that_it_cannot_read() -> None:
    script = (
        "import runpy, sys; sys.version_info = (3, 9, 2); sys.version = '3.9.2 (main)'; "
        "runpy.run_module('tools.setup', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"Python 3.9.2 at {sys.executable} is too old. Wanted: Python >= 3.11" in done.stderr
    assert "Traceback" not in done.stderr


def test_python_without_venv_is_told(machine: Machine, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    hide = "import importlib.util as u; find = u.find_spec\n"
    hide += "u.find_spec = lambda n, p=None: None if n == 'ensurepip' else find(n, p)\n"
    (site / "sitecustomize.py").write_text(hide)
    machine.environment["PYTHONPATH"] = str(site)
    code, printed = machine.run("uv")
    assert code == 1
    assert "cannot make virtual environments" in printed


def test_no_network_is_told_with_the_step_and_the_log(machine: Machine) -> None:
    machine.environment["PIP_INDEX_URL"] = "http://127.0.0.1:9/simple"
    machine.environment["PIP_NO_CACHE_DIR"] = "1"
    machine.environment["PIP_CONFIG_FILE"] = os.devnull
    code, printed = machine.run("uv")
    assert code == 1
    assert "uv, the installer of Python packages failed." in printed
    assert "The network, or the package index, cannot be reached." in printed
    assert f"Log: {machine.clone}/.tools/logs/uv.log" in printed


def serve_uv(machine: Machine) -> None:
    """A package of the name that pip finds without an index; the clone's lock file pins it."""
    wheel = machine.clone / "uv-0.0.1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("uv-0.0.1.data/scripts/uv", "#!python\n")
        archive.writestr("uv-0.0.1.dist-info/METADATA", "Metadata-Version: 2.1\nName: uv\n"
                         "Version: 0.0.1\n")  # fmt: skip
        archive.writestr("uv-0.0.1.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: a test\n"
                         "Root-Is-Purelib: true\nTag: py3-none-any\n")  # fmt: skip
        archive.writestr("uv-0.0.1.dist-info/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock = f"uv==0.0.1 \\\n    --hash=sha256:{digest}\n"
    (machine.clone / "requirements.lock").write_text(lock)
    machine.environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(machine.clone)}


def test_a_person_whose_pip_installs_elsewhere_gets_uv_where_it_is_looked_for(
    machine: Machine,
) -> None:
    serve_uv(machine)
    elsewhere = machine.path / "elsewhere"
    settings = {"PIP_TARGET": str(elsewhere), "PIP_PREFIX": str(elsewhere), "PIP_USER": "1"}
    machine.environment |= settings
    code, printed = machine.run("uv")
    assert code == 0, printed
    assert (machine.clone / ".tools" / "uv" / "bin" / "uv").exists()
    assert not elsewhere.exists()


def test_unknown_step_is_refused(machine: Machine) -> None:
    code, printed = machine.run("azurit")
    assert code == 2
    assert "azurit" in printed


def test_done_once_it_says_and_needs_nothing(with_node: Machine) -> None:
    let_npm_finish(with_node)
    process = with_node.start("azurite")
    half_installed_then_gone(with_node)
    assert process.wait(300) == 0
    (with_node.path / "npm").unlink()
    (with_node.path / "node").unlink()
    assert with_node.run("azurite") == (0, "")


def half_installed_then_gone(machine: Machine) -> None:
    assert machine.fifo.read_text() == "started\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_stops_its_commands_and_takes_up_again(
    with_node: Machine, number: signal.Signals
) -> None:
    process = with_node.start("azurite")
    npm = half_installed(with_node)
    tree = [npm, *npm.children(recursive=True)]
    process.send_signal(number)
    _, printed = process.communicate(timeout=300)
    assert process.returncode == 130
    assert printed.endswith("set-up: interrupted. The same command goes on from here.\n")
    assert psutil.wait_procs(tree, timeout=300)[1] == []
    taken_up(with_node)


def test_killed_it_leaves_no_command_behind_and_takes_up_again(with_node: Machine) -> None:
    process = with_node.start("azurite")
    npm = half_installed(with_node)
    process.kill()
    process.wait()
    assert psutil.wait_procs([npm], timeout=300)[1] == []
    taken_up(with_node)


def test_a_second_one_waits_for_the_first(with_node: Machine) -> None:
    go_on = with_node.fifo.with_name("go-on")
    os.mkfifo(go_on)
    with_node.install("npm", NPM.replace("{then}", f"read x < {go_on} && echo x > whole"))
    first = with_node.start("azurite")
    half_installed(with_node)
    second = with_node.start("azurite")
    assert second.stderr
    waiting = second.stderr.readline()
    assert waiting == "set-up: another one is at work in this checkout; waiting …\n"
    go_on.write_text("x\n")
    assert first.wait(300) == 0
    assert second.wait(300) == 0
    assert second.stderr.read() == ""  # what the first has done is not done again


def taken_up(machine: Machine) -> None:
    let_npm_finish(machine)
    process = machine.start("azurite")
    half_installed_then_gone(machine)
    _, printed = process.communicate(timeout=300)
    assert process.returncode == 0, printed
    assert_whole(machine)


def assert_whole(machine: Machine) -> None:
    installed = machine.clone / ".tools" / "azurite" / "node_modules" / "whole"
    assert installed.read_text() == "installed\n"
