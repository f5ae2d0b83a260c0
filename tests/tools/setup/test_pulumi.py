import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.setup import pulumi
from tools.setup.checkout import Checkout
from tools.setup.command import Commands
from tools.setup.failure import SetUpError
from tools.setup.step import Work

ROOT = Path(__file__).parents[3]


def install(folder: Path, version: str, *, host: bool = True) -> Path:
    folder.mkdir()
    program = folder / "pulumi"
    program.write_text(f"#!/bin/sh\n[ $1 = version ] && echo {version}\n")
    program.chmod(0o755)
    if host:
        (folder / pulumi.HOST).write_text("#!/bin/sh\n")
        (folder / pulumi.HOST).chmod(0o755)
    return program


def path(*folders: Path) -> str:
    return os.pathsep.join(map(str, folders))


def test_an_official_installation_is_used(tmp_path: Path) -> None:
    program = install(tmp_path / "a", "v3.220.0")
    assert pulumi.official(path(tmp_path / "a"), tmp_path / "own") == program


def test_found_through_a_link(tmp_path: Path) -> None:
    program = install(tmp_path / "a", "v3.300.1")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "pulumi").symlink_to(program)
    assert pulumi.official(path(tmp_path / "b"), tmp_path / "own") == program


@pytest.mark.parametrize("version", ["v3.219.9", "v2.300.0", "unknown"])
def test_too_old_or_strange_is_passed_over(version: str, tmp_path: Path) -> None:
    install(tmp_path / "a", version)
    newer = install(tmp_path / "b", "v3.221.0")
    assert pulumi.official(path(tmp_path / "a"), tmp_path / "own") is None
    assert pulumi.official(path(tmp_path / "a", tmp_path / "b"), tmp_path / "own") == newer


def test_without_its_language_host_it_is_no_installation(tmp_path: Path) -> None:
    install(tmp_path / "a", "v3.230.0", host=False)
    assert pulumi.official(path(tmp_path / "a"), tmp_path / "own") is None


def test_our_own_build_is_not_taken_for_an_installation(tmp_path: Path) -> None:
    install(tmp_path / "own", "v3.220.0")
    assert pulumi.official(path(tmp_path / "own"), tmp_path / "own") is None


def test_with_an_installation_no_go_is_needed_and_no_host_of_ours_is_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = install(tmp_path / "a", "v3.240.0")
    monkeypatch.setenv("PATH", path(tmp_path / "a"))
    checkout = Checkout(tmp_path / "c")
    checkout.bin.mkdir(parents=True)
    pins = tmp_path / "c" / "tools" / "pulumi"
    pins.mkdir(parents=True)
    (checkout.bin / pulumi.HOST).write_text("of an earlier build")
    step = pulumi.step(checkout)
    assert list(step.needs) == []
    step.run(Work(checkout, Commands(lock=0), tmp_path / "log"))
    assert (checkout.bin / "pulumi").resolve() == program
    assert [each.name for each in checkout.bin.iterdir()] == ["pulumi"]
    assert [each.name for each in checkout.stand_ins.iterdir()] == ["pulumi-resource-azure-native"]


def test_launcher_runs_a_module_of_the_checkout_from_anywhere(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "check out")
    checkout.bin.mkdir(parents=True)
    python = checkout.venv / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (checkout.root / "room.py").write_text("import sys; print(sys.argv[1:])")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "room.py").write_text("print('hidden')")
    pulumi._launch(checkout, checkout.bin / "launcher", "room given")
    done = subprocess.run(
        [checkout.bin / "launcher", "a b", "c"], cwd=elsewhere, capture_output=True, text=True
    )
    assert done.stdout == "['given', 'a b', 'c']\n"


def test_go_that_may_not_fetch_a_newer_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = tmp_path / "go"
    go.write_text(
        "#!/bin/sh\n"
        'case $1 in version) echo "go version go1.22.0 linux/amd64";; env) echo local;; esac\n'
    )
    go.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetUpError, match=r"Go 1\.22\.0 is too old.*Wanted: Go >= 1\.24"):
        pulumi._check_toolchain(ROOT / "tools" / "pulumi")
