"""The workflows of GitHub Actions, every step of them, in a sandbox.

- From a push to main a model is trained, judged, promoted and serves in prod.
- A pull request is told what it would change; with the label it has an environment until it is
  closed, or until its time is over.
- They log in by the run's own token: the sandbox's secret is nowhere in their environment.
"""

from __future__ import annotations

from tests.pipelines import github
from tests.pipelines.conftest import PULL_REQUEST, ROOT, Fork

RAN: set[str] = set()


def check(run: github.Run, **results: str) -> None:
    """The jobs ended so; and what was run is noted for the last test."""
    assert run.results == {key.replace("_", "-"): value for key, value in results.items()}, (
        "\n\n".join(map(str, run.done))
    )
    RAN.update(run.ran)


def groups(fork: Fork) -> set[str]:
    path = f"/subscriptions/{fork.sandbox.subscription}/resourcegroups"
    found = fork.sandbox.arm("GET", path, version="2025-04-01").json()
    return {item["name"] for item in found["value"]}


def test_a_push_to_main_is_delivered_to_production(fork: Fork) -> None:
    run = fork.on_github("deliver.yml")
    check(
        run,
        validate="success",
        up_dev="success",
        train="success",
        evaluate="success",
        promote_test="success",
        promote_prod="success",
    )
    assert run.outputs["evaluate"]["version"] == "1"
    assert run.outputs["promote-test"]["model"] == "bike-rentals:1"
    assert {f"rg-bikes-{name}" for name in ("dev", "test", "prod")} <= groups(fork)
    assert fork.services.asked, "they log in with the run's token"


def test_a_pull_request_is_told_what_it_would_change(fork: Fork) -> None:
    check(fork.pull_request("pull-request.yml"), validate="success", preview="success")
    texts = list(fork.services.comments[PULL_REQUEST].values())
    assert len(texts) == 3, "one comment an environment"
    for name in ("dev", "test", "prod"):
        assert any(f"## Policies of {name}: " in text for text in texts)


def test_a_pull_request_has_an_environment_while_it_is_open(fork: Fork) -> None:
    file, group = "pull-request-environment.yml", f"rg-bikes-pr-{PULL_REQUEST}"
    check(fork.pull_request(file, "synchronize"), up="skipped", remove="skipped")
    assert group not in groups(fork)
    labelled = fork.pull_request(file, "labeled", "bug", "environment")
    check(labelled, up="success", remove="skipped")
    assert group in groups(fork)
    check(fork.on_github("nightly.yml", "schedule"), expire="success", drift="success")
    assert group in groups(fork), "its time is not over"
    check(fork.pull_request(file, "closed", "environment"), up="skipped", remove="success")
    assert group not in groups(fork)


def test_a_forks_pull_request_is_validated_only(fork: Fork) -> None:
    """It gets no token; without one nothing could log in."""
    event = {
        "action": "opened",
        "pull_request": {
            "number": 7,
            "labels": [{"name": "environment"}],
            "head": {"repo": {"full_name": "stranger/fork"}},
        },
    }
    run = fork.on_github("pull-request-environment.yml", "pull_request", event=event)
    assert run.results == {"up": "skipped", "remove": "skipped"}


def test_every_step_was_run(fork: Fork) -> None:
    """Of those with a script; the others are named, each with what does its work here."""
    written = {step for _, step in github.run_steps(ROOT)}
    assert written
    assert written - RAN == set()
