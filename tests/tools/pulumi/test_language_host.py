"""The engine runs Python programs and policy packs through our host, on a backend of files."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[3]
PULUMI = ROOT / ".tools" / "bin" / "pulumi"
HOST = ROOT / ".tools" / "bin" / "pulumi-language-python"

pytestmark = pytest.mark.skipif(
    PULUMI.is_symlink(), reason="an official Pulumi brings its own language host"
)

PROGRAM = """
import os, sys
import pulumi
from beside import greeting

print(greeting)
config = pulumi.Config()
pulumi.ComponentResource("test:index:Box", config.get("name") or "box", {"size": 3})
if config.get_bool("fails"):
    raise ValueError("the box is broken")
if fifo := config.get("fifo"):
    open(fifo, "w").close()
    open(fifo).read()
pulumi.export("directory", os.getcwd())
pulumi.export("root", pulumi.runtime.get_root_directory())
pulumi.export("secret", pulumi.Output.secret("hidden"))
pulumi.export("stack", pulumi.get_stack())
"""
PACK = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def validate(args, report):
    if args.name == "forbidden":
        report("choose another name")

PolicyPack("names", enforcement_level=EnforcementLevel.MANDATORY, policies=[
    ResourceValidationPolicy(name="name", description="Names are checked.", validate=validate)
])
"""

Pulumi = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "state").mkdir()
    return {
        **os.environ,
        "PATH": f"{ROOT / '.venv' / 'bin'}:/usr/bin:/bin",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "of a test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


@pytest.fixture
def project(tmp_path: Path, environment: dict[str, str]) -> Path:
    root = tmp_path / "project"
    (root / "app").mkdir(parents=True)
    (root / "pack").mkdir()
    (root / "Pulumi.yaml").write_text("name: trial\nruntime: python\nmain: app\n")
    (root / "app" / "__main__.py").write_text(PROGRAM)
    (root / "app" / "beside.py").write_text("greeting = 'hello from the program'")
    (root / "pack" / "PulumiPolicy.yaml").write_text(
        "runtime: {name: python, options: {virtualenv: ../.venv}}\n"
    )
    (root / "pack" / "__main__.py").write_text(PACK)
    command = [str(PULUMI), "stack", "init", "dev", "--non-interactive"]
    subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True)
    return root


@pytest.fixture
def pulumi(project: Path, environment: dict[str, str]) -> Pulumi:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(PULUMI), *arguments, "--non-interactive"]
        return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)

    return run


def test_up_with_policies_then_destroy(pulumi: Pulumi, project: Path) -> None:
    up = pulumi("up", "--yes", "--skip-preview", "--policy-pack", "pack")
    assert up.returncode == 0, up.stdout + up.stderr
    assert "hello from the program" in up.stdout
    assert "names@v0.0.1" in up.stdout
    assert "2 created" in up.stdout
    assert pulumi("stack", "output", "directory").stdout.strip() == str(project / "app")
    assert pulumi("stack", "output", "root").stdout.strip() == str(project)
    assert pulumi("stack", "output", "stack").stdout.strip() == "dev"
    assert "hidden" not in pulumi("stack", "output").stdout
    destroy = pulumi("destroy", "--yes", "--skip-preview")
    assert destroy.returncode == 0, destroy.stdout + destroy.stderr
    assert "2 deleted" in destroy.stdout


def test_a_policy_stops_a_preview(pulumi: Pulumi) -> None:
    preview = pulumi("preview", "--policy-pack", "pack", "--config", "name=forbidden")
    assert preview.returncode != 0
    assert "choose another name" in preview.stdout + preview.stderr


def test_a_failing_program_shows_its_own_frames_once(pulumi: Pulumi) -> None:
    preview = pulumi("preview", "--diff", "--config", "fails=true")
    printed = preview.stdout + preview.stderr
    assert preview.returncode != 0
    assert printed.count("ValueError: the box is broken") == 1
    assert "app/__main__.py" in printed
    assert "runpy" not in printed
    assert "language_host" not in printed


def test_about_names_python_and_its_packages(pulumi: Pulumi) -> None:
    about = pulumi("about").stdout
    assert f"executable='{ROOT / '.venv' / 'bin' / 'python'}'" in about
    assert "amlops" in about


def test_install_has_nothing_to_do(pulumi: Pulumi) -> None:
    install = pulumi("install", "--no-plugins")
    assert install.returncode == 0, install.stdout + install.stderr
    assert "nothing to install" in install.stdout + install.stderr


def test_a_dynamic_provider_runs(pulumi: Pulumi, project: Path) -> None:
    program = """
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

class Provider(ResourceProvider):
    def create(self, props):
        return CreateResult("id-1", {**props, "made": "by the provider"})

class Thing(Resource):
    made: object

import pulumi
pulumi.export("made", Thing(Provider(), "thing", {"made": None}).made)
"""
    (project / "app" / "__main__.py").write_text(program)
    up = pulumi("up", "--yes", "--skip-preview")
    assert up.returncode == 0, up.stdout + up.stderr
    assert pulumi("stack", "output", "made").stdout.strip() == "by the provider"


def test_nothing_stays_behind_an_engine_that_was_killed(
    project: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    """As `kill -9` leaves it: no signal, no closed connection that anybody looks at."""
    fifo = tmp_path / "running"
    os.mkfifo(fifo)
    command = [str(PULUMI), "preview", "--non-interactive", "--config", f"fifo={fifo}"]
    command += ["--policy-pack", "pack"]
    engine = subprocess.Popen(command, cwd=project, env=environment, stdout=subprocess.DEVNULL)
    fifo.read_text()
    plugins = psutil.Process(engine.pid).children(recursive=True)
    engine.kill()
    engine.wait()
    assert len(plugins) == 2  # the language host and the policy pack
    assert psutil.wait_procs(plugins, timeout=180)[1] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_host_without_a_word(number: signal.Signals) -> None:
    command = [sys.executable, "-P", "-m", "tools.pulumi.language_host", "127.0.0.1:1"]
    host = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert host.stdout
    assert int(host.stdout.readline()) > 0
    host.send_signal(number)
    # Its input stays open meanwhile: the end of it is a second sign, which ends it in its own way.
    assert host.wait(180) == 0
    assert host.communicate() == ("", "")
