"""How jobs end that do not end by themselves: cancelled, out of time, killed, lost."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from azure.ai.ml import MLClient, command
from azure.ai.ml.entities import Environment, Job

from sandbox.directory import Directory
from sandbox.jobs import status
from sandbox.jobs.logs import USER_LOG, Log
from sandbox.jobs.plan import Plan
from sandbox.jobs.runner import Runner
from sandbox.jobs.status import Status
from sandbox.ml.locations import Location
from sandbox.supervisor import processes
from tests.sandbox.conftest import Place, RunningSandbox, make_workspace, wait_until
from tests.sandbox.jobs.conftest import ended, log_of

Submit = Callable[..., Job]


def fork(folder: Path) -> str:
    """A script with a grandchild in a session of its own, deaf to TERM; both write their pids."""
    return (
        "echo begun; trap '' TERM; "
        f'setsid bash -c \'trap "" TERM; echo $$ > {folder}/grandchild; '
        "while true; do sleep 0.1; done' & "
        f"echo $$ > {folder}/child; while true; do sleep 0.1; done"
    )


def pids(sandbox: RunningSandbox, job: Job, folder: Path) -> list[int]:
    """Of the script's processes, once its log has what it said: a runner that is killed takes
    with it what it has not read yet.
    """

    def said() -> bool:
        logs = sandbox.directory.jobs.glob(f"*{job.name}*/{USER_LOG}")
        return any(log.read_text() == "begun\n" for log in logs)

    def written() -> list[int] | None:
        files = [folder / name for name in ("child", "grandchild")]
        texts = [file.read_text().strip() if file.exists() else "" for file in files]
        return [int(text) for text in texts] if all(texts) else None

    wait_until(said, what="the script's first line is in its log")
    found: list[int] = wait_until(written, what="the script runs")
    return found


def runner(sandbox: RunningSandbox, job: Job) -> psutil.Process:
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if "sandbox.jobs.runner" in line and f"job-{job.name}-" in line[-1]:
            return process
    raise AssertionError(f"no runner of {job.name}")


def gone(numbers: list[int]) -> bool:
    return not any(processes.started(number) for number in numbers)  # nor zombies


def reason(sandbox: RunningSandbox, scope: str, job: Job) -> dict[str, Any]:
    token = sandbox.credential().get_token("https://ml.azure.com/.default").token
    with sandbox.http() as client:
        answer = client.get(
            f"https://eastus.api.azureml.ms/history/v1.0{scope}/runs/{job.name}",
            headers={"authorization": f"Bearer {token}"},
        )
    found: dict[str, Any] = answer.json()["error"]["error"]
    return found


def test_cancel_ends_the_whole_tree(
    ml: Any, submit: Submit, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    job = submit(fork(tmp_path))
    processes = pids(sandbox, job, tmp_path)
    ml.jobs.begin_cancel(job.name).result()
    assert ml.jobs.get(job.name).status == "Canceled"
    assert gone(processes)
    assert log_of(ml, job, tmp_path) == "begun\n"


def test_a_job_that_waits_is_cancelled_at_once(
    ml: Any, submit: Submit, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    held = f"until test -e {gate}; do sleep 0.05; done"
    running = [submit(held), submit(held)]
    waiting = submit("true")
    wait_until(lambda: ml.jobs.get(waiting.name).status == "Queued")
    ml.jobs.begin_cancel(waiting.name).result()
    assert ml.jobs.get(waiting.name).status == "Canceled"
    gate.touch()
    assert {ended(ml, job).status for job in running} == {"Completed"}


def test_to_cancel_what_has_ended_changes_nothing(ml: Any, submit: Submit) -> None:
    job = ended(ml, submit("true"))
    ml.jobs.begin_cancel(job.name).result()
    assert ml.jobs.get(job.name).status == "Completed"


def test_a_job_over_its_time_is_cancelled(
    ml: Any, submit: Submit, sandbox: RunningSandbox, workspace: Any, tmp_path: Path
) -> None:
    job = command(
        command=fork(tmp_path), compute="cpu-cluster", environment="bare:1",
        name=f"job-{uuid.uuid4().hex[:8]}",
    )  # fmt: skip
    job.set_limits(timeout=3600)
    job = ml.jobs.create_or_update(job)
    processes = pids(sandbox, job, tmp_path)
    sandbox.advance(timedelta(hours=1, seconds=1))
    assert ended(ml, job).status == "Canceled"
    assert reason(sandbox, workspace.id, job)["code"] == "JobTimeout"
    assert gone(processes)


def test_what_a_script_leaves_running_ends_with_it(ml: Any, submit: Submit, tmp_path: Path) -> None:
    job = submit(f"setsid sleep 1000 & echo $! > {tmp_path}/pid")
    assert ended(ml, job).status == "Completed"
    assert gone([int((tmp_path / "pid").read_text())])


def test_a_killed_runner_fails_the_job_by_name_and_keeps_its_log(
    ml: Any, submit: Submit, sandbox: RunningSandbox, workspace: Any, tmp_path: Path
) -> None:
    job = submit(fork(tmp_path))
    processes = pids(sandbox, job, tmp_path)
    runner(sandbox, job).kill()
    assert ended(ml, job).status == "Failed"
    assert reason(sandbox, workspace.id, job)["code"] == "JobRunnerLost"
    assert "signal 9" in reason(sandbox, workspace.id, job)["message"]
    assert gone(processes)
    assert log_of(ml, job, tmp_path) == "begun\n"


def test_a_killed_service_leaves_its_jobs_running(
    ml: Any, submit: Submit, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    job = submit(f"echo one; until test -e {gate}; do sleep 0.05; done; echo two")
    wait_until(lambda: ml.jobs.get(job.name).status == "Running")
    before = runner(sandbox, job).pid
    sandbox.kill("azure")
    wait_until(lambda: sandbox.arm("GET", "/subscriptions", version="2022-12-01").is_success)
    assert ml.jobs.get(job.name).status == "Running"
    assert runner(sandbox, job).pid == before
    gate.touch()
    assert ended(ml, job).status == "Completed"
    assert log_of(ml, job, tmp_path) == "one\ntwo\n"


def test_a_killed_azurite_loses_no_line_of_the_log(
    ml: Any, submit: Submit, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    job = submit(f"echo one; until test -e {gate}; do sleep 0.05; done; echo two")
    wait_until(lambda: ml.jobs.get(job.name).status == "Running")
    sandbox.kill("azurite")
    gate.touch()
    assert ended(ml, job).status == "Completed"
    assert log_of(ml, job, tmp_path) == "one\ntwo\n"


@dataclass
class Doomed:
    """A sandbox of its own with a workspace, to be killed as a whole and started again."""

    sandbox: RunningSandbox
    place: Place
    start: Callable[..., RunningSandbox]
    patch: pytest.MonkeyPatch

    def client(self) -> Any:
        self.sandbox.lead(self.patch)
        place = self.place
        return MLClient(self.sandbox.credential(), place.subscription, place.group, place.workspace)

    def submit(self, text: str, folder: Path) -> Job:
        ml = self.client()
        conda = folder / "conda.yml"
        conda.write_text("dependencies: [pip: []]")
        ml.environments.create_or_update(
            Environment(name="bare", version="1", conda_file=conda, image="mcr/ubuntu")
        )
        made = command(command=text, environment="bare:1", name=f"job-{uuid.uuid4().hex[:8]}")
        return ml.jobs.create_or_update(made)

    def kill_and_restart(self) -> None:
        supervisor = json.loads(self.sandbox.directory.state.read_text())["pid"]
        os.kill(supervisor, signal.SIGKILL)
        self.sandbox.process.wait(180)
        self.sandbox = self.start(directory=self.sandbox.directory)


@pytest.fixture
def doomed(start_sandbox: Any, monkeypatch: Any) -> Doomed:
    started = start_sandbox()
    started.lead(monkeypatch)
    return Doomed(started, make_workspace(started, "rg-doomed"), start_sandbox, monkeypatch)


def test_a_job_lost_with_its_sandbox_fails_by_name_and_keeps_its_log(
    doomed: Doomed, tmp_path: Path
) -> None:
    job = doomed.submit(fork(tmp_path), tmp_path)
    processes = pids(doomed.sandbox, job, tmp_path)
    doomed.kill_and_restart()
    ml = doomed.client()
    assert ended(ml, job).status == "Failed"
    assert reason(doomed.sandbox, doomed.place.id, job)["code"] == "SandboxRestarted"
    wait_until(lambda: gone(processes))
    assert log_of(ml, job, tmp_path) == "begun\n"


def test_what_a_job_stored_just_before_the_sandbox_was_killed_is_there(
    doomed: Doomed, tmp_path: Path
) -> None:
    """Azurite acknowledges a blob up to 5 s before it writes it down."""
    job = doomed.submit("mkdir outputs; echo kept > outputs/kept.txt; echo said", tmp_path)
    assert ended(doomed.client(), job).status == "Completed"
    doomed.kill_and_restart()
    ml = doomed.client()

    def stored() -> bool:
        ml.jobs.download(job.name, download_path=tmp_path)
        return (tmp_path / "artifacts" / "outputs" / "kept.txt").exists()

    wait_until(stored)
    assert ml.jobs.get(job.name).status == "Completed"
    assert log_of(ml, job, tmp_path) == "said\n"


def test_a_deleted_group_leaves_no_process_of_its_jobs(doomed: Doomed, tmp_path: Path) -> None:
    job = doomed.submit(fork(tmp_path), tmp_path)
    processes = pids(doomed.sandbox, job, tmp_path)
    sandbox = doomed.sandbox
    group = f"/subscriptions/{doomed.place.subscription}/resourceGroups/{doomed.place.group}"
    sandbox.arm("DELETE", group, version="2022-09-01")
    wait_until(lambda: sandbox.arm("GET", group, version="2022-09-01").status_code == 404)
    assert gone(processes)
    assert list(sandbox.directory.jobs.iterdir()) == []


def test_a_job_whose_sandbox_is_stopped_fails_by_name(doomed: Doomed, tmp_path: Path) -> None:
    job = doomed.submit(fork(tmp_path), tmp_path)
    processes = pids(doomed.sandbox, job, tmp_path)
    doomed.sandbox.stop()
    assert gone(processes)
    doomed.sandbox = doomed.start(directory=doomed.sandbox.directory)
    ml = doomed.client()
    assert ended(ml, job).status == "Failed"
    found = reason(doomed.sandbox, doomed.place.id, job)
    assert found["code"] in ("SandboxStopped", "SandboxRestarted")
    assert "submit" in found["message"].lower()
    assert log_of(ml, job, tmp_path) == "begun\n"


def test_a_cancellation_that_was_quicker_than_the_runner_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def finished(_log: Log) -> None:
        pass

    monkeypatch.setattr(Log, "start", lambda _log: None)  # there is no storage to write to
    monkeypatch.setattr(Log, "finish", finished)
    directory = Directory(tmp_path)
    directory.state.write_text('{"ports": {"gateway": 1}}')
    home = tmp_path / "job"
    home.mkdir()
    plan = Plan(
        "job", "Default", "job", "", "", "", f"touch {home}/ran", {}, {}, None, None, {}, {},
        Location("st", "azureml", "job"), None, "",
    )  # fmt: skip
    plan.save(home)
    (home / status.CANCEL).touch()
    asyncio.run(Runner(directory, home).run())
    told = Status.load(home)
    assert told
    assert (told.state, told.error) == (status.CANCELED, None)
    assert not (home / "ran").exists()
