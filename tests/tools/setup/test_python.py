from pathlib import Path

import pytest

from tools.setup.failure import SetUpError
from tools.setup.python import pinned

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
