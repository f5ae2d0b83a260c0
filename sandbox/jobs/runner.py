"""Runs one job: the process that a compute node's agent would be.

`python -m sandbox.jobs.runner DIRECTORY FOLDER`, a unit of the supervisor's. It reads the job's
plan, prepares, runs the command, brings everything to storage and says in `status.json` how far it
is. With `--upload` it only brings to storage what an earlier runner left in the folder.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.clock import Clock
from sandbox.directory import Directory
from sandbox.jobs import status
from sandbox.jobs.command import gateway, substitute, variables
from sandbox.jobs.environments import prepare
from sandbox.jobs.logs import SYSTEM_LOG, USER_LOG, Log
from sandbox.jobs.plan import Plan
from sandbox.jobs.script import Script
from sandbox.jobs.specification import InvalidEnvironmentError, Specification
from sandbox.jobs.status import Status
from sandbox.jobs.storage import NothingThereError, Storage

NOTICE_SECONDS = 0.05
TIMEOUT = "JobTimeout"
"""The code of a job that ran into its own limit: the service cancels it."""
UPLOADED = ("outputs", "logs")
"""Folders in the script's working directory that become artifacts of the run, as on Azure."""


class JobError(Exception):
    """Why a job fails: a code for programs, a message for its author."""

    def __init__(self, message: str, code: str = "UserError") -> None:
        super().__init__(message)
        self.code = code


class Runner:
    """One job from its plan to its end."""

    def __init__(self, directory: Directory, home: Path) -> None:
        self.directory = directory
        self.home = home
        self.clock = Clock(directory.clock)
        self.plan = Plan.load(home)
        self.status = Status(status.PREPARING)
        self.work = home / "code"
        plan = self.plan
        self.storage = Storage(plan.storage_token, gateway(directory), directory.ca_bundle)
        held = plan.managed_identity.get("MSI_SECRET")
        secrets = (plan.storage_token, plan.run_token, *([held] if held else []))
        self.user_log, self.system_log = (
            Log(self.storage, home / name, plan.artifacts.join(name), secrets)
            for name in (USER_LOG, SYSTEM_LOG)
        )
        self.outputs = {name: str(home / "outputs" / name) for name in plan.outputs}

    async def run(self) -> None:
        """Return when the job has ended and its status says how."""
        self.status.save(self.home)
        self.user_log.start()
        self.system_log.start()
        try:
            if (self.home / status.CANCEL).exists():
                # Asked for while this process was being started, when there was none to stop.
                self._stopped()
            else:
                await self._run()
                self.status.state = status.COMPLETED
        except asyncio.CancelledError:
            self._stopped()
        except JobError as error:
            self._failed(error.code, str(error))
            if error.code == TIMEOUT:
                self.status.state = status.CANCELED
        except Exception as error:
            self._failed("SystemError", f"{type(error).__name__}: {error}")
        self.status.ended = self.clock.time()
        self.say(f"The job ended: {self.status.state}.")
        await self._finish_logs()
        self.status.save(self.home)

    async def upload(self) -> None:
        """Bring what lies in the folder to storage, once more if it is there already."""
        await self._upload_outputs()
        await self._finish_logs()

    def say(self, text: str) -> None:
        """A line of the system log."""
        if text.startswith("Warning: "):
            self.status.warnings.append(text.removeprefix("Warning: "))
        now = datetime.fromtimestamp(self.clock.time(), UTC)
        self.system_log.line(f"{now:%Y-%m-%d %H:%M:%S} {text}")

    async def _run(self) -> None:
        for note in self.plan.notes:
            self.say(f"Warning: {note}")
        try:
            async with asyncio.TaskGroup() as together:
                environment = together.create_task(self._environment())
                code = together.create_task(self._code())
                inputs = together.create_task(self._inputs())
                experiment = together.create_task(self._experiment())
        except* (JobError, InvalidEnvironmentError) as group:
            first = group.exceptions[0]
            while isinstance(first, BaseExceptionGroup):
                first = first.exceptions[0]
            raise first if isinstance(first, JobError) else JobError(str(first)) from None
        await code
        await self._execute(environment.result(), inputs.result(), experiment.result())

    async def _environment(self) -> Path:
        context = None
        if self.plan.context:
            context = await asyncio.to_thread(
                self.storage.download, self.plan.context, self.home / "context"
            )
        specification = Specification.of(self.plan.environment, context)
        used = json.dumps({"environment": specification.hash})
        (self.home / status.USES).write_text(used)
        return await prepare(specification, self.directory.environments, self.say)

    async def _code(self) -> None:
        self.work.mkdir(exist_ok=True)
        if self.plan.code:
            self.say(f"Downloading code from {self.plan.code.url}")
            await self._download("The job's code", self.plan.code, self.work)

    async def _inputs(self) -> dict[str, str]:
        values = {}
        for name, given in self.plan.inputs.items():
            if given["kind"] == "literal":
                values[name] = given["value"]
            elif given["mode"].lower() == "direct":
                values[name] = given["uri"]
            else:
                self.say(f"Downloading input '{name}' from {given['location'].url}")
                folder = self.home / "inputs" / name
                values[name] = await self._download(
                    f"The input '{name}'", given["location"], folder
                )
        return values

    async def _download(self, what: str, location: Any, folder: Path) -> str:
        try:
            return str(await asyncio.to_thread(self.storage.download, location, folder))
        except NothingThereError as error:
            raise JobError(f"{what} could not be read: {error}.") from None

    async def _experiment(self) -> str:
        """The id of the run's experiment, as soon as the run is there."""
        file = self.home / status.RUN
        if not file.exists():
            self.say("Waiting for the run to appear in MLflow.")
        while not file.exists():
            await asyncio.sleep(NOTICE_SECONDS)
        run = json.loads(file.read_text())
        if "error" in run:
            raise JobError(f"MLflow did not take the job's run: {run['error']}", "TrackingError")
        return str(run["experiment_id"])

    async def _execute(self, python: Path, inputs: dict[str, str], experiment_id: str) -> None:
        (self.home / "home").mkdir(exist_ok=True)
        for name, path in self.outputs.items():
            folder = Path(path)
            single = self.plan.outputs[name]["kind"] == "uri_file"
            (folder.parent if single else folder).mkdir(parents=True, exist_ok=True)
        script = Script(
            substitute(self.plan.command, inputs, self.outputs),
            self.work,
            variables(
                self.plan,
                self.directory,
                home=self.home,
                python=python,
                experiment_id=experiment_id,
                inputs=inputs,
                outputs=self.outputs,
            ),
            self.user_log,
        )
        self.status.state, self.status.started = status.RUNNING, self.clock.time()
        self.status.save(self.home)
        self.say("Running the command.")
        try:
            code = await self._within_timeout(script)
        finally:
            await script.kill()
            self.status.state = status.FINALIZING
            self.status.save(self.home)
            await self._upload_outputs()
        if code:
            raise JobError(
                f"Execution failed. User process 'bash' exited with status code {code}. Please "
                f"check log file '{USER_LOG}' for error details. Its end:\n{self.user_log.tail()}"
            )

    async def _within_timeout(self, script: Script) -> int:
        running = asyncio.create_task(script.run())
        over = None
        if self.plan.timeout is not None:
            end = datetime.fromtimestamp(self.clock.time() + self.plan.timeout, UTC)
            over = asyncio.create_task(self.clock.sleep_until(end))
        try:
            await asyncio.wait(
                {running, over} if over else {running}, return_when=asyncio.FIRST_COMPLETED
            )
            if running.done():
                return running.result()
        finally:
            running.cancel()
            if over:
                over.cancel()
        raise JobError(
            f"The job was stopped after its limit of {self.plan.timeout:g} seconds "
            "('limits.timeout').",
            TIMEOUT,
        )

    async def _upload_outputs(self) -> None:
        places = [
            (Path(path), self.plan.outputs[name]["location"]) for name, path in self.outputs.items()
        ]
        places += [(self.work / name, self.plan.artifacts.join(name)) for name in UPLOADED]
        for source, location in places:
            if source.exists():
                count = await asyncio.to_thread(self.storage.upload, source, location)
                self.say(f"Uploaded {count} files to {location.url}")

    async def _finish_logs(self) -> None:
        await asyncio.gather(self.user_log.finish(), self.system_log.finish())

    def _stopped(self) -> None:
        if (self.home / status.CANCEL).exists():
            self.status.state = status.CANCELED
        else:
            self._failed(
                "SandboxStopped",
                "The sandbox was stopped while the job ran. Start it and submit the job again.",
            )

    def _failed(self, code: str, message: str) -> None:
        self.status.state = status.FAILED
        self.status.error = {"code": code, "message": message}
        self.say(f"{code}: {message}")


async def _main(directory: Directory, home: Path, *, upload_only: bool) -> None:
    runner = Runner(directory, home)
    work = asyncio.create_task(runner.upload() if upload_only else runner.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    await asyncio.wait({work})
    if not work.cancelled():
        work.result()


def main() -> None:
    parser = argparse.ArgumentParser(prog="sandbox.jobs.runner", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("folder", help="the job's folder below DIRECTORY/jobs")
    parser.add_argument("--upload", action="store_true", help="only bring what is there to storage")
    arguments = parser.parse_args()
    directory = Directory(arguments.directory)
    home = directory.jobs / arguments.folder
    asyncio.run(_main(directory, home, upload_only=arguments.upload))
    sys.stdout.flush()
    os._exit(0)  # no waiting for threads that a cancelled transfer left


if __name__ == "__main__":
    main()
