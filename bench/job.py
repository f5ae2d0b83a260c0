"""From a job's submission to its first line of log, against the bare process."""

from __future__ import annotations

import itertools
import subprocess
import time
from pathlib import Path

from azure.core.exceptions import ResourceNotFoundError

from bench.pairs import Pairs, in_turns
from bench.sandboxes import ML, Sandbox, folder, sandbox
from bench.waiting import until

SCRIPT = 'print("the first line", flush=True)\n'
CONDA = "dependencies: [python=3.11, pip: []]"
LOG = "ExperimentRun/dcid.{}/user_logs/std_log.txt"


def measure(runs: int) -> dict[str, Pairs]:
    with sandbox() as box, folder() as here:
        jobs = Jobs(box)
        jobs.first_line()  # makes the environment
        python = next(box.directory.environments.glob("*/bin/python"))
        script = here / "first.py"
        script.write_text(SCRIPT)
        return {"job-first-line": in_turns(runs, jobs.first_line, lambda: _bare(python, script))}


class Jobs:
    """Submits the same job again and again to a cluster whose node is warm."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        made = box.workspace()
        self.workspace = made["workspace"]
        self.blobs = box.blobs(made["storage"])
        self.numbers = itertools.count()
        self.blobs.create_container("code").upload_blob("bench/first.py", SCRIPT)
        uri = f"{self.blobs.url.rstrip('/')}/code/bench"
        cluster = {
            "computeType": "AmlCompute",
            "properties": {
                "vmSize": "Standard_DS3_v2",
                "scaleSettings": {
                    "minNodeCount": 0,
                    "maxNodeCount": 1,
                    "nodeIdleTimeBeforeScaleDown": "PT1H",
                },
            },
        }
        self.parts = {
            "computeId": ("computes/cpu-cluster", {"location": "eastus", "properties": cluster}),
            "environmentId": (
                "environments/bare/versions/1",
                {"properties": {"condaFile": CONDA, "image": "mcr.microsoft.com/azureml/base"}},
            ),
            "codeId": ("codes/first/versions/1", {"properties": {"codeUri": uri}}),
        }
        for name, body in self.parts.values():
            box.arm("PUT", f"{self.workspace}/{name}", ML, body)

    def first_line(self) -> float:
        """Seconds from the PUT to the line in the blob; returns when the job has ended."""
        name = f"bench-{next(self.numbers)}"
        properties = {
            "jobType": "Command",
            "command": "python first.py",
            **{key: f"{self.workspace}/{part}" for key, (part, _) in self.parts.items()},
        }
        log = self.blobs.get_blob_client("azureml", LOG.format(name))
        path = f"{self.workspace}/jobs/{name}"

        def written() -> bool:
            try:
                return b"the first line" in log.download_blob().readall()
            except ResourceNotFoundError:
                return False

        begun = time.perf_counter()
        self.box.arm("PUT", path, ML, {"properties": properties})
        until(written)
        taken = time.perf_counter() - begun
        until(lambda: self._state(path) in ("Completed", "Failed"))
        return taken

    def _state(self, path: str) -> str:
        state: str = self.box.arm("GET", path, ML)["properties"]["status"]
        return state


def _bare(python: Path, script: Path) -> float:
    begun = time.perf_counter()
    with subprocess.Popen([str(python), str(script)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        return time.perf_counter() - begun
