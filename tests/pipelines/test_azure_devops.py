"""The pipelines of Azure DevOps, every step of them, in a sandbox: as those of GitHub."""

from __future__ import annotations

from datetime import timedelta

from tests.pipelines import azure_devops
from tests.pipelines.conftest import PULL_REQUEST, ROOT, Fork
from tests.pipelines.test_github import groups

RAN: set[str] = set()
FILES = ("azure-pipelines.yml", "pull-request.yml", "nightly.yml")


def check(run: azure_devops.Run, **results: str) -> None:
    """The stages ended so; and what was run is noted for the last test."""
    assert run.results == results, "\n\n".join(map(str, run.done))
    RAN.update(run.ran)


def test_a_push_to_main_is_delivered_to_production(fork: Fork) -> None:
    run = fork.on_azure_devops("azure-pipelines.yml")
    check(
        run,
        validate="succeeded",
        up_dev="succeeded",
        train="succeeded",
        evaluate="succeeded",
        promote_test="succeeded",
        promote_prod="succeeded",
    )
    assert {f"rg-bikes-{name}" for name in ("dev", "test", "prod")} <= groups(fork)
    assert fork.services.asked, "they log in with the run's token"


def test_a_pull_request_is_told_what_it_would_change(fork: Fork) -> None:
    number = {"System.PullRequest.PullRequestId": PULL_REQUEST}
    run = fork.on_azure_devops("pull-request.yml", **number)
    check(run, validate="succeeded", preview="succeeded", environment="skipped")


def test_a_pull_requests_environment_goes_in_the_night_when_its_time_is_over(fork: Fork) -> None:
    asked = {
        "System.PullRequest.PullRequestId": PULL_REQUEST,
        "ENVIRONMENTS_OF_PULL_REQUESTS": "true",
    }
    run = fork.on_azure_devops("pull-request.yml", **asked)
    check(run, validate="succeeded", preview="succeeded", environment="succeeded")
    texts = list(fork.services.comments[PULL_REQUEST].values())
    assert len(texts) == 3, "one comment an environment, replaced by this run"
    for name in ("dev", "test", "prod"):
        assert any(f"## Policies of {name}: " in text for text in texts)
    group = f"rg-bikes-pr-{PULL_REQUEST}"
    assert group in groups(fork)
    fork.advance(timedelta(hours=9))
    check(fork.on_azure_devops("nightly.yml"), expire="succeeded", drift="succeeded")
    assert group not in groups(fork)
    assert "rg-bikes-dev" in groups(fork)


def test_a_forks_pull_request_is_validated_only(fork: Fork) -> None:
    stranger = {
        "System.PullRequest.PullRequestId": PULL_REQUEST,
        "System.PullRequest.IsFork": "True",
        "ENVIRONMENTS_OF_PULL_REQUESTS": "true",
    }
    run = fork.on_azure_devops("pull-request.yml", **stranger)
    check(run, validate="succeeded", preview="skipped", environment="skipped")


def test_every_step_was_run(fork: Fork) -> None:
    """Of those with a script; the others are named, each with what does its work here."""
    written = {step for file in FILES for step in azure_devops.scripts(ROOT, file)}
    assert written
    assert written - RAN == set()
