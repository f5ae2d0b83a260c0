"""Lock files pin with hashes and name no place to download from: that is the user's choice."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = [ROOT / "requirements.lock", ROOT / "sandbox" / "tracking" / "requirements.lock"]
NPM = ROOT / "tools" / "azurite" / "package-lock.json"


@pytest.mark.parametrize("lock", PYTHON, ids=lambda lock: str(lock.relative_to(ROOT)))
def test_python_lock_names_no_address(lock: Path) -> None:
    assert re.findall(r".*(?:://|index-url|find-links).*", lock.read_text()) == []


def test_npm_lock_names_no_address() -> None:
    # What remains are licences and funding pages, from where nothing is downloaded.
    assert re.findall(r'.*(?:"resolved"|\.tgz|registry\.).*', NPM.read_text()) == []


@pytest.mark.parametrize("lock", PYTHON, ids=lambda lock: str(lock.relative_to(ROOT)))
def test_every_python_pin_is_exact_and_hashed(lock: Path) -> None:
    blocks = re.split(r"\n(?=\S)", lock.read_text().strip())
    pins = [block for block in blocks if not block.startswith("#")]
    assert len(pins) > 10
    for pin in pins:
        assert re.match(r"[\w.\[\],-]+==\S+", pin), pin
        assert "--hash=sha256:" in pin, pin


def test_every_npm_pin_is_hashed() -> None:
    packages = json.loads(NPM.read_text())["packages"]
    pins = {name: pin for name, pin in packages.items() if name}
    assert len(pins) > 100
    assert [name for name, pin in pins.items() if "integrity" not in pin] == []


def test_lower_bounds_hold_in_the_lock() -> None:
    """Without its bound the resolver once fell back to azure-ai-ml 1.23 in silence."""
    lock = (ROOT / "requirements.lock").read_text()
    version = re.search(r"^azure-ai-ml==(\d+)\.(\d+)", lock, re.MULTILINE)
    assert version
    assert (int(version[1]), int(version[2])) >= (1, 35)
