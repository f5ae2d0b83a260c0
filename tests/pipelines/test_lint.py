"""Both systems' files as their linters and published schemas see them.

- actionlint, with shellcheck over each script, and zizmor, which looks for what is unsafe.
- The schema of Azure Pipelines has a text wherever YAML has a scalar; it is asked about what comes
  out when the templates are put in: of an expression in the place of a list it knows nothing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from check_jsonschema import builtin_schemas

from tests.pipelines import azure_devops
from tests.pipelines.conftest import ROOT
from tests.pipelines.test_azure_devops import FILES

BIN = ROOT / ".venv" / "bin"
ACTIONLINT = ROOT / ".tools" / "bin" / "actionlint"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))
SCHEMAS = Path(builtin_schemas.__file__).parent / "vendor"
PINNED = re.compile(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def linted(*command: str | Path) -> str:
    """What a linter found; empty for nothing."""
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    done = subprocess.run(
        list(map(str, command)),
        cwd=ROOT,
        env={**os.environ, "PATH": path, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_actionlint_and_shellcheck_find_nothing() -> None:
    if shutil.which("go") is None and not ACTIONLINT.exists():
        pytest.skip("set-up builds actionlint with Go, which is not there")
    assert len(WORKFLOWS) >= 4
    assert linted(ACTIONLINT, "-shellcheck", BIN / "shellcheck", *WORKFLOWS) == ""


def test_zizmor_finds_nothing() -> None:
    assert linted(BIN / "zizmor", "--offline", "--quiet", ROOT / ".github") == ""


@pytest.mark.parametrize("file", [*WORKFLOWS, *ACTIONS], ids=lambda file: file.name)
def test_every_action_is_pinned_to_a_commit(file: Path) -> None:
    for used in re.findall(r"uses: (.+)", file.read_text()):
        assert used.startswith("./") or PINNED.fullmatch(used), used


@pytest.mark.parametrize(
    ("schema", "files"), [("github-workflows", WORKFLOWS), ("github-actions", ACTIONS)]
)
def test_githubs_schema_takes_each_file(schema: str, files: list[Path]) -> None:
    assert linted(BIN / "check-jsonschema", "--builtin-schema", f"vendor.{schema}", *files) == ""


def texts(value: Any) -> Any:
    """Scalars as Azure Pipelines has them."""
    if isinstance(value, dict):
        return {key: texts(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [texts(inner) for inner in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def faults(pipeline: Any) -> list[str]:
    schema = json.loads((SCHEMAS / "azure-pipelines.json").read_text())
    found = jsonschema.Draft7Validator(schema).iter_errors(texts(pipeline))
    return [str(jsonschema.exceptions.best_match([error]).message) for error in found]


def expanded(file: str) -> dict[str, Any]:
    return azure_devops.expand(ROOT / "pipelines" / "azure-devops" / file, ROOT)


@pytest.mark.parametrize("file", FILES)
def test_the_schema_of_azure_pipelines_takes_each_file(file: str) -> None:
    assert faults(expanded(file)) == []


def test_the_schema_of_azure_pipelines_finds_a_mistake() -> None:
    pipeline = expanded("nightly.yml")
    pipeline["stages"][0]["jobs"][0]["environmnt"] = "prod"
    assert faults(pipeline)
    task = expanded("nightly.yml")
    steps = task["stages"][0]["jobs"][0]["strategy"]["runOnce"]["deploy"]["steps"]
    steps[-1]["inputs"]["scriptTipe"] = "bash"
    assert faults(task)


@pytest.mark.parametrize("file", FILES)
def test_scripts_of_azure_pipelines_are_clean_for_shellcheck(file: str, tmp_path: Path) -> None:
    for number, (name, script) in enumerate(azure_devops.written(ROOT, file)):
        assert script.startswith("set -euo pipefail\n"), f"{name}: bash goes on after a mistake"
        path = tmp_path / f"{number}.sh"
        path.write_text(re.sub(r"\$\(([\w.]+)\)", "value", script))
        assert linted(BIN / "shellcheck", "--shell=bash", path) == "", name
