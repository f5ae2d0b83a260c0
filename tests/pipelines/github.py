"""Reads a workflow of GitHub Actions and runs its jobs: `uses` that is ours is followed, matrices
are multiplied, expressions resolved, conditions and permissions kept. What is not known fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from tests.pipelines.expressions import Scope, Unresolved, text, truth
from tests.pipelines.machine import Done, Machine

EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
STATUS = re.compile(r"\b(?:always|cancelled|failure|success)\(")
BASH = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
"""With `shell: bash`; docs.github.com, "Workflow syntax", jobs.<job_id>.steps[*].shell."""

REPLACED = {
    "actions/checkout": "the machine has a checkout of its own",
    "actions/setup-python": "the Python of the tests' .venv",
    "actions/cache": "nothing is downloaded",
    "pulumi/actions": "the Pulumi of set-up, on the sandbox's PATH",
    "Packages": "the tests' own .venv, linked into the checkout and first on PATH",
}
"""Steps that are not run, and what does their work here."""


@dataclass
class Event:
    """What started the workflow, and what GitHub's repository is set up with."""

    github: dict[str, Any]
    variables: Mapping[str, str]
    environments: Mapping[str, Mapping[str, str]]
    """Variables of a job's environment, which go before those of the repository."""
    oidc: Mapping[str, str]
    """What only a job with `id-token: write` gets."""
    machine: Callable[[], Machine]


@dataclass
class Run:
    """One run of a workflow. `ran` and `replaced` name the steps, `results` the jobs."""

    file: Path
    event: Event
    results: dict[str, str] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)

    def start(self) -> Run:
        workflow = _read(self.file)
        jobs: dict[str, Any] = workflow["jobs"]
        while len(self.results) < len(jobs):
            ready = [
                key
                for key, job in jobs.items()
                if key not in self.results and all(need in self.results for need in _needs(job))
            ]
            assert ready, f"{self.file.name}: jobs that wait for each other"
            for key in ready:
                self.results[key] = self._job(workflow, key, jobs[key])
        return self

    def _job(self, workflow: dict[str, Any], key: str, job: dict[str, Any]) -> str:
        needs = {
            need: {"result": self.results[need], "outputs": self.outputs.get(need, {})}
            for need in _needs(job)
        }
        names = {"github": self.event.github, "vars": _Variables(self.event.variables)}
        names |= {"needs": needs}
        failed = any(need["result"] != "success" for need in needs.values())
        if not _holds(job.get("if"), _scope(names, failed=failed)):
            return "skipped"
        results = [
            self._machine(workflow, key, job, {**names, "matrix": chosen})
            for chosen in _matrix(job)
        ]
        return "success" if all(results) else "failure"

    def _machine(
        self, workflow: dict[str, Any], key: str, job: dict[str, Any], names: dict[str, Any]
    ) -> bool:
        machine = self.event.machine()
        permissions = job.get("permissions", workflow.get("permissions", {}))
        assert isinstance(permissions, dict), f"{key}: permissions are listed one by one"
        assert job.get("timeout-minutes"), f"{key}: has no time-out"
        own = self.event.environments.get(job.get("environment", ""), {})
        names = {**names, "vars": _Variables({**self.event.variables, **own})}
        scope = _scope(names)
        variables = _resolved(workflow.get("env", {}), scope)
        variables |= _resolved(job.get("env", {}), scope)
        variables |= self._github(machine)
        if permissions.get("id-token") == "write":
            variables |= self.event.oidc
        shell = job.get("defaults", workflow.get("defaults", {}))["run"]["shell"]
        assert shell == "bash"
        steps = _Steps(self, machine, f"{self.file.name}: {key}", variables, names)
        succeeded = steps.run(job["steps"])
        final = {**names, "steps": steps.outputs}
        if succeeded:
            self.outputs[key] = _resolved(job.get("outputs", {}), _scope(final))
        self.done += machine.done
        return succeeded

    def _github(self, machine: Machine) -> dict[str, str]:
        github = self.event.github
        for name in ("output", "path"):
            (machine.folder / name).touch()
        return {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": github["api_url"],
            "GITHUB_REPOSITORY": github["repository"],
            "GITHUB_REF": github["ref"],
            "GITHUB_OUTPUT": str(machine.folder / "output"),
            "GITHUB_PATH": str(machine.folder / "path"),
        }


@dataclass
class _Steps:
    """The steps of one job, those of our own actions among them."""

    run_: Run
    machine: Machine
    job: str
    variables: dict[str, str]
    names: dict[str, Any]
    outputs: dict[str, Any] = field(default_factory=dict)
    failed: bool = False

    def run(self, steps: list[dict[str, Any]]) -> bool:
        for step in steps:
            self._step(step)
        return not self.failed

    def _step(self, step: dict[str, Any]) -> None:
        scope = _scope({**self.names, "steps": self.outputs}, failed=self.failed)
        name = step.get("name") or step["uses"].split("@")[0]
        said = f"{self.job}: {name}"
        if not _holds(step.get("if"), scope):
            return
        uses = step.get("uses", "")
        if uses.startswith("./"):
            assert not step.get("with"), f"{said}: inputs are not known here"
            action = _read(self.machine.root / uses / "action.yml")
            assert action["runs"]["using"] == "composite"
            for inner in action["runs"]["steps"]:
                assert "uses" in inner or inner["shell"] == "bash", "its shell has to be said"
                self._step(inner)
        elif uses.split("@")[0] in REPLACED or name in REPLACED:
            self.run_.replaced.append(said)
        elif uses:
            raise Unresolved(f"{said}: nothing stands in for {uses}")
        else:
            self._script(step, scope, said)

    def _script(self, step: dict[str, Any], scope: Scope, said: str) -> None:
        file = Path(self.variables["GITHUB_OUTPUT"])
        file.write_text("")
        variables = {**self.variables, **_resolved(step.get("env", {}), scope)}
        assert not EXPRESSION.search(step["run"]), f"{said}: values go through variables"
        done = self.machine.run(said, step["run"], BASH, variables)
        self.run_.ran.append(said)
        self.failed = self.failed or done.code != 0
        if "id" in step:
            lines = file.read_text().splitlines()
            self.outputs[step["id"]] = {"outputs": dict(line.split("=", 1) for line in lines)}
        else:
            assert not file.read_text(), f"{said} has an output and no id"


class _Variables(dict[str, str]):
    """Variables that are not set are empty, as GitHub has it."""

    def __contains__(self, _key: object) -> bool:
        return True

    def __missing__(self, _key: str) -> str:
        return ""


def run_steps(root: Path) -> Iterator[tuple[str, str]]:
    """Each step with a script that the workflows have: file and job, and its name."""
    for file in sorted((root / ".github" / "workflows").glob("*.yml")):
        for key, job in _read(file)["jobs"].items():
            for step in job["steps"]:
                if "run" in step:
                    yield file.name, f"{file.name}: {key}: {step['name']}"


def _read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(file.read_text())
    return content


def _needs(job: dict[str, Any]) -> list[str]:
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else list(needs)


def _matrix(job: dict[str, Any]) -> Iterator[dict[str, str]]:
    matrix: dict[str, list[str]] = job.get("strategy", {}).get("matrix", {})
    for values in product(*matrix.values()):
        yield dict(zip(matrix, values, strict=True))


def _scope(names: dict[str, Any], *, failed: bool = False) -> Scope:
    functions: dict[str, Callable[..., Any]] = {
        "always": lambda: True,
        "cancelled": lambda: False,
        "failure": lambda: failed,
        "success": lambda: not failed,
        "contains": lambda where, what: what in where,
    }
    return Scope(names, functions)


def _holds(condition: Any, scope: Scope) -> bool:
    """Without a status function a condition also wants success."""
    if condition is None:
        return truth(scope.evaluate("success()"))
    said = str(condition).strip()
    whole = EXPRESSION.fullmatch(said)
    said = whole[1] if whole else said
    wanted = bool(STATUS.search(said)) or truth(scope.evaluate("success()"))
    return wanted and truth(scope.evaluate(" ".join(said.split())))


def _resolved(values: Mapping[str, Any], scope: Scope) -> dict[str, str]:
    return {
        key: EXPRESSION.sub(lambda match: text(scope.evaluate(match[1])), text(value))
        for key, value in values.items()
    }
