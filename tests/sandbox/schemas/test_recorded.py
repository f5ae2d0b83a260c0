"""What the official clients really sent passes, whatever the models of today say."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import schemas

HERE = Path(__file__).parent / "recorded"
PUTS = yaml.safe_load((HERE / "put.yaml").read_text())
POSTS = yaml.safe_load((HERE / "post.yaml").read_text())


def label(row: dict[str, Any]) -> str:
    return str(row["type"]).rpartition("Services/")[2]


@pytest.mark.parametrize("row", PUTS, ids=label)
def test_a_recorded_put_passes_and_every_property_is_known(row: dict[str, Any]) -> None:
    assert schemas.check(row["type"], row["body"]) == schemas.Findings()


@pytest.mark.parametrize("row", PUTS, ids=label)
def test_the_api_version_of_a_recorded_put_is_accepted(row: dict[str, Any]) -> None:
    assert row["api_version"] in schemas.versions(row["type"])


@pytest.mark.parametrize("row", POSTS, ids=label)
def test_a_recorded_post_passes(row: dict[str, Any]) -> None:
    findings = schemas.check_action(row["type"], row["action"], row["body"])
    assert findings == schemas.Findings()


@pytest.mark.parametrize("row", PUTS, ids=label)
def test_a_recorded_body_comes_back_as_a_response(row: dict[str, Any]) -> None:
    answered = {**row["body"], "id": "/x", "name": "x", "type": row["type"]}
    assert schemas.check_response(row["type"], answered).errors == []
