"""Reports below a pull request, and values for later stages: what can go wrong with them.

That they arrive, in both services, is shown where the pipelines run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipelines.conftest import ROOT
from tests.pipelines.services import BEARER, Services

NUMBER = "7"


@pytest.fixture
def services() -> Iterator[Services]:
    started = Services(lambda: "token")
    yield started
    started.stop()


def github(services: Services) -> dict[str, str]:
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": f"{services.address}/api",
        "GITHUB_REPOSITORY": "team/fork",
        "GITHUB_REF": f"refs/pull/{NUMBER}/merge",
        "GITHUB_TOKEN": BEARER,
    }


def azure_devops(services: Services) -> dict[str, str]:
    return {
        "TF_BUILD": "True",
        "SYSTEM_COLLECTIONURI": f"{services.address}/team/",
        "SYSTEM_TEAMPROJECT": "fork",
        "BUILD_REPOSITORY_ID": "fork",
        "SYSTEM_PULLREQUEST_PULLREQUESTID": NUMBER,
        "SYSTEM_ACCESSTOKEN": BEARER,
    }


def run(
    module: str, *arguments: str, given: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    known = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    return subprocess.run(
        [sys.executable, "-m", f"pipelines.{module}", *arguments],
        cwd=ROOT,
        env={**known, **variables},
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


@pytest.mark.parametrize("place", [github, azure_devops], ids=["github", "azure-devops"])
def test_a_report_takes_the_place_of_the_one_before(
    services: Services, tmp_path: Path, place: object
) -> None:
    variables = place(services)  # type: ignore[operator]
    file = tmp_path / "report.md"
    for title, text in (("dev", "first"), ("test", "other"), ("dev", "second")):
        file.write_text(text)
        done = run("comment", title, str(file), **variables)
        assert (done.returncode, done.stdout) == (0, f"{text}\n"), done.stderr
    dev, test = services.comments[NUMBER].values()
    assert dev.endswith("\nsecond")
    assert test.endswith("\nother")


def test_a_report_that_is_empty_or_too_long_says_so(services: Services, tmp_path: Path) -> None:
    file = tmp_path / "report.md"
    file.write_text("")
    run("comment", "empty", str(file), **github(services))
    file.write_text("x" * 70_000)
    run("comment", "long", str(file), **github(services))
    empty, long = services.comments[NUMBER].values()
    assert empty.endswith("It failed before it had a result: see the run's log.")
    assert len(long) < 65_536
    assert long.endswith("the whole of it is in the run's log.")


def test_a_refusal_is_one_line(services: Services, tmp_path: Path) -> None:
    file = tmp_path / "report.md"
    file.write_text("text")
    done = run("comment", "dev", str(file), **{**github(services), "GITHUB_TOKEN": "expired"})
    assert done.returncode == 1
    assert "could not be put under the pull request" in done.stderr
    assert "401" in done.stderr
    assert "expired" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "changes", [{}, {"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/main"}]
)
def test_without_a_pull_request_a_report_is_printed(
    services: Services, tmp_path: Path, changes: dict[str, str]
) -> None:
    file = tmp_path / "report.md"
    file.write_text("text")
    done = run("comment", "dev", str(file), **({**github(services), **changes} if changes else {}))
    assert (done.returncode, done.stdout) == (0, "text\n")
    assert services.comments == {}


def test_a_report_without_a_title_is_one_line() -> None:
    done = run("comment", "only.md")
    assert done.returncode == 1
    assert done.stderr == "Error: it is called with a title and the file of a report.\n"


def test_a_report_that_is_not_there_fails(tmp_path: Path) -> None:
    done = run("comment", "dev", str(tmp_path / "none.md"))
    assert done.returncode == 1
    assert "there is no report" in done.stderr


def test_values_go_where_each_service_reads_them(tmp_path: Path) -> None:
    given = json.dumps({"name": "job-1", "model": {"version": 3}})
    wanted = ("job=name", "version=model.version")
    file = tmp_path / "output"
    there = run("outputs", *wanted, given=given, GITHUB_ACTIONS="true", GITHUB_OUTPUT=str(file))
    assert there.stdout == given, "the JSON itself stays in the log"
    assert file.read_text() == "job=job-1\nversion=3\n"
    here = run("outputs", *wanted, given=given, TF_BUILD="True")
    command = "##vso[task.setvariable variable=version;isOutput=true]3"
    assert command in here.stdout.splitlines()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "there is no JSON on standard input"),
        ("{}", "there is no 'name'"),
        ('{"name": {}}', "'name' is no plain word"),
        ('{"name": ""}', "'name' is no plain word"),
        ('{"name": "a\\n##vso[task.prependpath]/tmp"}', "'name' is no plain word"),
        ('{"name": "1\\"; curl example.com #"}', "'name' is no plain word"),
        ('{"name": "$(id)"}', "'name' is no plain word"),
    ],
)
def test_what_is_no_value_fails_the_step(given: str, message: str) -> None:
    done = run("outputs", "job=name", given=given, TF_BUILD="True")
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "##vso[task.setvariable" not in done.stdout
