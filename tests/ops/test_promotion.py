"""The gate: a bound, the version that is live, and how much worse than it a model may be.

- A model on the bound passes; without the metric it never does.
- Better than live passes in both directions; worse only within the tolerance.
- A live version without the metric leaves the bound alone to decide.
- A broken gate file is one message with the file and the key.
- It can be asked without a promotion: of an environment that `up` has yet to make as well, but of
  none whose stack file names no such endpoint, and where nobody can tell, it says nothing.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import assume, given
from hypothesis import strategies as st

from ops import cli, promotion
from ops.deployments import Workload
from ops.failure import Failure, NotProvisioned
from ops.models import METRIC, Model
from ops.platform import Platform
from ops.promotion import Check, Gate, judge, read_gate
from ops.target import Target

NUMBERS = st.floats(-1e6, 1e6)
DIRECTIONS = st.sampled_from(["minimize", "maximize"])


def model(value: float | None, version: str = "2") -> Model:
    tags = {} if value is None else {METRIC + "rmse": repr(value)}
    return Model("bikes", version, "mlflow_model", "", "", "", tags)


def gate(direction: str, bound: float, tolerance: float = 0.0) -> Gate:
    given_ = {"direction": direction, "bound": bound, "tolerance": tolerance}
    return Gate.model_validate({"model": "bikes", "metric": "rmse", **given_})


@pytest.mark.parametrize(
    ("direction", "value", "passed"),
    [
        ("minimize", 9.9, True),
        ("minimize", 10.0, True),
        ("minimize", 10.1, False),
        ("maximize", 10.1, True),
        ("maximize", 10.0, True),
        ("maximize", 9.9, False),
        ("minimize", None, False),
        ("maximize", None, False),
        ("minimize", math.nan, False),
        ("maximize", math.nan, False),
    ],
)
def test_the_first_model_meets_the_bound_alone(
    direction: str, value: float | None, passed: bool
) -> None:
    (check,) = judge(gate(direction, 10), model(value), None)
    assert (check.passed, check.limit) == (passed, 10)


@pytest.mark.parametrize(
    ("direction", "live", "tolerance", "value", "passed"),
    [
        ("minimize", 8.0, 0.0, 8.0, True),
        ("minimize", 8.0, 0.0, 8.5, False),
        ("minimize", 8.0, 0.5, 8.5, True),
        ("minimize", 8.0, 0.5, 8.75, False),
        ("maximize", 12.0, 0.0, 12.0, True),
        ("maximize", 12.0, 0.0, 11.5, False),
        ("maximize", 12.0, 0.5, 11.5, True),
        ("maximize", 12.0, 0.5, 11.25, False),
    ],
)
def test_beside_a_live_version(
    direction: str, live: float, tolerance: float, value: float, passed: bool
) -> None:
    checks = judge(gate(direction, 10, tolerance), model(value), model(live, "1"))
    assert [check.passed for check in checks] == [True, passed]
    assert "live 1" in checks[1].name


def test_a_live_version_without_the_metric_leaves_it_to_the_bound() -> None:
    bound, live = judge(gate("minimize", 10), model(9), model(None, "1"))
    assert (bound.passed, live.passed, live.limit) == (True, True, None)


def test_a_model_without_the_metric_fails_both() -> None:
    checks = judge(gate("minimize", 10), model(None), model(9, "1"))
    assert [check.passed for check in checks] == [False, False]


@given(DIRECTIONS, NUMBERS, NUMBERS, st.floats(0, 1e6))
def test_the_other_direction_is_the_mirror(
    direction: str, value: float, live: float, tolerance: float
) -> None:
    mirror = "maximize" if direction == "minimize" else "minimize"
    one = judge(gate(direction, 0, tolerance), model(value), model(live, "1"))
    two = judge(gate(mirror, 0, tolerance), model(-value), model(-live, "1"))
    assert [check.passed for check in one] == [check.passed for check in two]


@given(DIRECTIONS, NUMBERS, NUMBERS, st.floats(0, 1e3), st.floats(0, 1e3))
def test_more_tolerance_never_fails_what_passed(
    direction: str, value: float, live: float, small: float, more: float
) -> None:
    def passed(tolerance: float) -> bool:
        return judge(gate(direction, 0, tolerance), model(value), model(live, "1"))[1].passed

    assume(passed(small))
    assert passed(small + more)


@given(DIRECTIONS, NUMBERS)
def test_a_model_passes_beside_itself(direction: str, value: float) -> None:
    checks = judge(gate(direction, value), model(value), model(value, "1"))
    assert [check.passed for check in checks] == [True, True]


def test_a_check_is_data() -> None:
    check = Check("rmse against the bound", 1.0, 2.0, True)
    expected = {"name": "rmse against the bound", "value": 1.0, "limit": 2.0, "passed": True}
    assert check.data() == expected


BROKEN = [
    ("", "the whole file"),
    ("- a", "the whole file"),
    ("metric: rmse", "model: Field required"),
    ("{model: m, metric: a, direction: down, bound: 1}", "direction: Input should be 'minimize'"),
    ("{model: m, metric: a, direction: minimize, bound: low}", "bound: Input should be a valid"),
    ("{model: m, metric: a, direction: minimize, bound: .nan}", "bound: Input should be a finite"),
    ("{model: m, metric: a, direction: minimize, bound: 1, bund: 2}", "bund: Extra inputs"),
    ("model: [", "is not YAML"),
]


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_a_broken_gate_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "gate.yml"
    file.write_text(text)
    with pytest.raises(Failure) as caught:
        read_gate(file)
    assert caught.value.message.startswith(str(file))
    assert message in caught.value.message
    assert "\n" not in caught.value.message


def test_a_gate_that_is_not_there_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"There is no gate .* Write one: model, metric, direction"):
        read_gate(tmp_path / "gate.yml")


def test_the_workloads_gate_is_one() -> None:
    found = read_gate(Path(__file__).parents[2] / "workloads" / "bike-rentals" / "gate.yml")
    assert (found.model, found.direction) == ("bike-rentals", "minimize")


TARGET = Target("sandbox", "11111111-2222-3333-4444-555555555555")
ENDPOINTS = {"bikes": {"name": "bikes-test-x"}}


@pytest.fixture
def workload(tmp_path: Path) -> Workload:
    (tmp_path / "gate.yml").write_text(
        "{model: bikes, metric: rmse, direction: minimize, bound: 10}"
    )
    return Workload(tmp_path)


@pytest.fixture
def goal(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What `test` consists of (`outputs`; an error where it cannot be told), the model that is
    live there (`live`), and the endpoints in its stack file (`declared`).
    """
    there: dict[str, Any] = {"outputs": {"endpoints": ENDPOINTS}, "live": None, "declared": {}}

    def of(target: Target, environment: str) -> Platform:
        if isinstance(there["outputs"], Failure):
            raise there["outputs"]
        return Platform(target, environment, there["outputs"])

    monkeypatch.setattr(Platform, "of", of)
    monkeypatch.setattr(promotion, "_live_model", lambda *_: there["live"])
    monkeypatch.setattr("ops.stacks.settings", lambda _: {"endpoints": there["declared"]})
    return there


def asked(value: float, workload: Workload, name: str = "bikes") -> list[bool]:
    checks = promotion.check(TARGET, "test", model(value), workload, name)
    return [check.passed for check in checks]


def test_the_gate_is_asked_without_a_promotion(goal: dict[str, Any], workload: Workload) -> None:
    assert asked(9, workload) == [True]
    goal["live"] = model(8, "1")
    assert asked(9, workload) == [True, False]


@pytest.mark.parametrize("there", [NotProvisioned("'test' is not provisioned"), {}])
def test_what_up_has_yet_to_make_has_nothing_live(
    goal: dict[str, Any],
    workload: Workload,
    there: object,
    capsys: pytest.CaptureFixture[str],
) -> None:
    goal.update(outputs=there, declared={"bikes": {}}, live=model(1, "1"))
    assert (asked(9, workload), asked(11, workload)) == ([True], [False])
    assert "'test' has no endpoint 'bikes' yet: the bound alone" in capsys.readouterr().err
    with pytest.raises(Failure, match=r"'test' is to have no endpoint 'bike'. Add it under"):
        asked(9, workload, "bike")


def test_where_nobody_can_tell_what_is_live_no_model_passes(
    goal: dict[str, Any], workload: Workload
) -> None:
    goal.update(outputs=Failure("The backend is out of reach"), declared={"bikes": {}})
    with pytest.raises(Failure, match="The backend is out of reach"):
        asked(9, workload)


@pytest.mark.parametrize(("value", "code"), [(9.0, 0), (11.0, 1)])
def test_the_command_says_so_and_changes_nothing(
    goal: dict[str, Any],
    workload: Workload,
    value: float,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ops.commands.promotion.enter", lambda _: TARGET)
    monkeypatch.setattr("ops.models.get", lambda *_: model(value))
    monkeypatch.setattr(promotion, "promote", None)
    arguments = ["promote", "bikes", "--from", "dev", "--to", "test", "--check"]
    done = CliRunner().invoke(
        cli.main, [*arguments, "--workload", str(workload.folder), "--output", "json"]
    )
    assert done.exit_code == code
    told = json.loads(done.stdout)
    assert (told["passed"], [check["value"] for check in told["checks"]]) == (not code, [value])
    assert ("bikes:2 does not pass the gate to 'test': " in done.stderr) == bool(code)
