from pathlib import Path

import pytest

from tools.setup.checkout import Checkout
from tools.setup.command import Commands
from tools.setup.failure import SetUpError
from tools.setup.python import pinned, sync
from tools.setup.step import Work

ROOT = Path(__file__).parents[3]
LOCK = """\
typer==1.0 \\
    --hash=sha256:aa
uv==0.9.1 \\
    --hash=sha256:bb \\
    --hash=sha256:cc
uvicorn==0.38 \\
    --hash=sha256:dd
"""


def test_one_package_with_its_hashes() -> None:
    assert pinned(LOCK, "uv") == "uv==0.9.1 \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n"


def test_unknown_package_is_refused() -> None:
    with pytest.raises(SetUpError, match="does not name pip"):
        pinned(LOCK, "pip")


def test_the_lock_pins_uv_with_hashes() -> None:
    pin = pinned((ROOT / "requirements.lock").read_text(), "uv")
    assert pin.count("--hash=sha256:") >= 2


@pytest.mark.parametrize(
    ("settings", "index"),
    [
        ({"PIP_INDEX_URL": "pips"}, "pips"),
        ({"PIP_INDEX_URL": "pips", "UV_DEFAULT_INDEX": "uvs"}, "uvs"),
        ({}, "none"),
    ],
)
def test_uv_looks_where_pip_is_set_up_to_look(
    settings: dict[str, str], index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    checkout = Checkout(tmp_path)
    program = checkout.uv / "bin" / "uv"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "index ${UV_DEFAULT_INDEX-none}"\n')
    program.chmod(0o755)
    commands, log = Commands(lock=0), tmp_path / "log"
    sync(Work(checkout, commands, log), tmp_path, tmp_path / "lock")
    commands.close()
    assert f"index {index}" in log.read_text().splitlines()
