"""A stack file made out of another: only what was asked for changes, and only what is valid stays.

The files are in a folder of the test's own, beside the real program.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ops.configuration import new_stack_file
from ops.failure import Failure
from ops.stack_files import SETTINGS
from ops.target import ROOT

SOURCE = """\
# dev: for experiments.
encryptionsalt: v1:kK0p5tmVR8Y=:v1:1TvOuXOEkoJMhcQr:ZnBtTXMt6ILaCWm0PgIGIs4bNUq34A==
config:
  amlops:settings:
    workload: bikes
    owner: data-science  # the team, not a person
    cost_centre: "4711"
    clusters:
      # jobs refer to it
      cpu-cluster: {size: Standard_DS3_v2, max: 2}
"""


@pytest.fixture(autouse=True)
def root(elsewhere: Path) -> Path:
    for name in ("infra", "Pulumi.yaml"):
        (elsewhere / name).symlink_to(ROOT / name)
    (elsewhere / "stacks" / "Pulumi.dev.yaml").write_text(SOURCE)
    return elsewhere


def settings(path: Path) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(path.read_text())["config"][SETTINGS]
    return found


def files(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "stacks").iterdir())


def test_a_copy_differs_in_its_title_alone(root: Path) -> None:
    path = new_stack_file("pr-123", "dev", {})
    assert path == root / "stacks" / "Pulumi.pr-123.yaml"
    title, rest = path.read_text().split("\n", 1)
    assert title == "# pr-123: made from dev."
    assert rest == SOURCE.split("\n", 1)[1]


def test_changes_leave_comments_quotes_and_order_alone() -> None:
    path = new_stack_file(
        "qa", "dev", {"clusters.cpu-cluster.max": 4, "logs.retention_days": 60, "owner": "qa"}
    )
    expected = (
        SOURCE.replace("# dev: for experiments.", "# qa: made from dev.")
        .replace("max: 2", "max: 4")
        .replace("owner: data-science ", "owner: qa           ")
    )
    assert path.read_text() == f"{expected}    logs:\n      retention_days: 60\n"


def test_none_takes_a_setting_out() -> None:
    path = new_stack_file("qa", "dev", {"clusters": None, "logs.retention_days": None})
    assert settings(path).keys() == {"workload", "owner", "cost_centre"}


def test_a_text_stays_a_text() -> None:
    path = new_stack_file("qa", "dev", {"cost_centre": "0815", "tags.until": "2026-11-24"})
    assert settings(path)["cost_centre"] == "0815"
    assert settings(path)["tags"] == {"until": "2026-11-24"}


REFUSED: list[tuple[str, str, dict[str, object], str]] = [
    ("dev", "dev", {}, "stacks/Pulumi.dev.yaml exists and is left as it is"),
    ("qa", "nosuch", {}, "There is no stack 'nosuch'. There are: dev."),
    ("qa", "dev", {"clusters.cpu-cluster.maxx": 4}, "clusters.cpu-cluster.maxx: unknown"),
    ("qa", "dev", {"owner.name": "me"}, "'owner.name' cannot be set: 'owner' is 'data-science'"),
    ("too-long-a-name", "dev", {}, "stack name 'too-long-a-name'"),
]


@pytest.mark.parametrize(("environment", "source", "changes", "expected"), REFUSED)
def test_what_is_refused_leaves_no_file(
    root: Path, environment: str, source: str, changes: dict[str, object], expected: str
) -> None:
    with pytest.raises(Failure) as caught:
        new_stack_file(environment, source, changes)
    assert expected in caught.value.message
    assert files(root) == ["Pulumi.dev.yaml"]
    assert (root / "stacks" / "Pulumi.dev.yaml").read_text() == SOURCE
