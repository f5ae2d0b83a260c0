"""The committed documents are what the installed SDKs say."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.schemas import __main__ as command


def test_the_committed_schemas_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--check"]) == 0, capsys.readouterr().out


def test_writing_twice_gives_the_same_and_a_difference_fails_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([], tmp_path) == 0
    first = {path: path.read_text() for path in tmp_path.rglob("*.json")}
    assert command.main([], tmp_path) == 0
    assert {path: path.read_text() for path in tmp_path.rglob("*.json")} == first

    changed = tmp_path / "Microsoft.Storage" / "storageAccounts.json"
    changed.write_text("{}")
    (tmp_path / "Microsoft.Resources" / "tags.json").unlink()
    (tmp_path / "left-over.json").write_text("{}")
    capsys.readouterr()
    assert command.main(["--check"], tmp_path) == 1
    assert capsys.readouterr().out.splitlines() == [
        "changed: Microsoft.Storage/storageAccounts.json",
        "new: Microsoft.Resources/tags.json",
        "no longer wanted: left-over.json",
    ]
    assert changed.read_text() == "{}"

    assert command.main([], tmp_path) == 0
    assert {path: path.read_text() for path in tmp_path.rglob("*.json")} == first


RUN_TIME = """
import sys
from sandbox import schemas
schemas.check("Microsoft.KeyVault/vaults", {})
print([name for name in sys.modules if name.split(".")[0] in ("azure", "tools")])
"""


def test_the_run_time_imports_no_sdk() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", RUN_TIME],
        cwd=command.HERE.parents[1],
        check=True,
        capture_output=True,
        text=True,
    )
    assert ran.stdout == "[]\n"
