"""Reads a pipeline of Azure DevOps with its templates, and runs its stages.

`expand` does what happens before a run: templates, `${{ }}`, `${{ if }}`, `${{ each }}`. `Run` does
the rest: `$[ ]` in variables, `$( )` in scripts, conditions, outputs. What is not known fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.pipelines.expressions import Scope, Unresolved, equal, text, truth
from tests.pipelines.machine import COMMAND, Done, Machine

COMPILED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
RUNTIME = re.compile(r"\$\[(.*)\]", re.DOTALL)
MACRO = re.compile(r"\$\(([^()]*)\)")
EACH = re.compile(r"each (\w+) in (.+)", re.DOTALL)
BASH = ["bash", "--noprofile", "--norc"]
"""The task Bash@3, without -e: a script has to say `set -e` itself."""
CLI = ["bash"]
"""The task AzureCLI@2 with `scriptType: bash`: no options either."""

REPLACED = {
    "UsePythonVersion@0": "the Python of the tests' .venv",
    "Cache@2": "nothing is downloaded",
    "checkout": "the machine has a checkout of its own",
    "Pulumi": "the Pulumi of set-up, on the sandbox's PATH",
    "Packages": "the tests' own .venv, linked into the checkout and first on PATH",
}
"""Steps that are not run, and what does their work here."""
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "eq": equal,
    "ne": lambda left, right: not equal(left, right),
    "and": lambda *values: all(truth(value) for value in values),
    "or": lambda *values: any(truth(value) for value in values),
}


def expand(file: Path, root: Path, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A pipeline or template with all of its templates put in."""
    content: dict[str, Any] = yaml.safe_load(file.read_text())
    parameters = {}
    for declared in content.pop("parameters", []):
        name = declared["name"]
        if given is not None and name in given:
            parameters[name] = given[name]
        elif "default" in declared:
            parameters[name] = declared["default"]
        else:
            raise Unresolved(f"{file.name}: '{name}' is not given")
    unknown = set(given or {}) - set(parameters)
    assert not unknown, f"{file.name} has no parameter {unknown}"
    expanded = _Expansion(file, root).node(content, {"parameters": parameters})
    assert isinstance(expanded, dict)
    return expanded


@dataclass(frozen=True)
class _Expansion:
    file: Path
    root: Path

    def node(self, value: Any, names: dict[str, Any]) -> Any:
        if isinstance(value, dict):
            return self._mapping(value, names)
        if isinstance(value, list):
            return [made for item in value for made in self._item(item, names)]
        return self._text(value, names)

    def _text(self, value: Any, names: dict[str, Any]) -> Any:
        if not isinstance(value, str):
            return value
        scope = Scope(names, FUNCTIONS)
        whole = COMPILED.fullmatch(value.strip())
        if whole and value.count("${{") == 1:
            return scope.evaluate(whole[1])
        return COMPILED.sub(lambda match: text(scope.evaluate(match[1])), value)

    def _mapping(self, value: dict[Any, Any], names: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, inner in value.items():
            found = COMPILED.fullmatch(str(key))
            if found is None:
                made[str(key)] = self.node(inner, names)
            elif found[1].strip().startswith("if "):
                if truth(Scope(names, FUNCTIONS).evaluate(found[1].strip()[3:])):
                    made |= self._mapping(inner, names)
            else:
                raise Unresolved(f"{self.file.name}: {key!r}")
        return made

    def _item(self, item: Any, names: dict[str, Any]) -> Iterator[Any]:
        """What one item of a list becomes: many, where it is a template or an `each`."""
        if isinstance(item, dict) and len(item) == 1:
            (key,) = item
            found = COMPILED.fullmatch(str(key))
            each = EACH.fullmatch(found[1].strip()) if found else None
            if each:
                yield from self._each(each[1], each[2], item[key], names)
                return
        if isinstance(item, dict) and "template" in item:
            yield from self._template(item, names)
            return
        made = self.node(item, names)
        if isinstance(made, list):
            yield from made
        else:
            yield made

    def _each(self, name: str, where: str, body: Any, names: dict[str, Any]) -> Iterator[Any]:
        values = Scope(names, FUNCTIONS).evaluate(where)
        if isinstance(values, dict):
            values = [{"key": key, "value": value} for key, value in values.items()]
        for value in values:
            yield from self.node(body, {**names, name: value})

    def _template(self, item: dict[str, Any], names: dict[str, Any]) -> Iterator[Any]:
        path = item["template"]
        assert path.startswith("/"), f"{self.file.name}: {path}: say it from the repository's root"
        given = self.node(item.get("parameters", {}), names)
        expanded = expand(self.root / path.lstrip("/"), self.root, given)
        ((_, parts),) = expanded.items()
        yield from parts


@dataclass
class Event:
    """What started the pipeline, and what the project in Azure DevOps is set up with."""

    predefined: Mapping[str, str]
    groups: Mapping[str, Mapping[str, str]]
    connections: Mapping[str, Mapping[str, str]]
    secrets: Mapping[str, str]
    """Variables that are not in a step's environment unless it maps them."""
    machine: Callable[[], Machine]


@dataclass
class Run:
    """One run of a pipeline. `ran` and `replaced` name the steps, `results` the stages."""

    file: Path
    root: Path
    event: Event
    results: dict[str, str] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    def start(self) -> Run:
        pipeline = expand(self.file, self.root)
        before: list[str] = []
        for stage in pipeline["stages"]:
            depends = stage.get("dependsOn", before[-1:])
            depends = [depends] if isinstance(depends, str) else depends
            assert all(need in self.results for need in depends), f"{stage['stage']}: {depends}"
            self.results[stage["stage"]] = self._stage(pipeline, stage, depends)
            before.append(stage["stage"])
        return self

    def _stage(self, pipeline: dict[str, Any], stage: dict[str, Any], depends: list[str]) -> str:
        # A stage knows the outputs of those that it names in `dependsOn`.
        before = {need: self.outputs.get(need, {}) for need in depends}
        known = self._variables({}, pipeline.get("variables", []), before)
        known = self._variables(known, stage.get("variables", []), before)
        failed = any(self.results[need] != "succeeded" for need in depends)
        if not self._holds(stage.get("condition"), known, failed=failed):
            return "skipped"
        self.outputs[stage["stage"]] = {}
        results = [self._job(stage["stage"], job, known, before) for job in stage["jobs"]]
        return "succeeded" if all(results) else "failed"

    def _variables(
        self, known: dict[str, str], declared: list[dict[str, Any]], before: dict[str, Any]
    ) -> dict[str, str]:
        made = dict(known)
        for item in declared:
            if "group" in item:
                made |= self.event.groups[item["group"]]
                continue
            value = text(item["value"])
            asked = RUNTIME.fullmatch(value)
            if asked:
                value = text(Scope({"stageDependencies": before}).evaluate(asked[1]))
            made[item["name"]] = value
        return made

    def _holds(self, condition: str | None, known: Mapping[str, str], *, failed: bool) -> bool:
        status = {
            "succeeded": lambda: not failed,
            "succeededOrFailed": lambda: True,
        }
        variables = {**self.event.predefined, **known}
        scope = Scope({"variables": variables}, {**FUNCTIONS, **status})
        return truth(scope.evaluate(" ".join((condition or "succeeded()").split())))

    def _job(
        self, stage: str, job: dict[str, Any], known: dict[str, str], before: dict[str, Any]
    ) -> bool:
        name = job.get("deployment") or job["job"]
        assert job.get("timeoutInMinutes"), f"{name}: has no time-out"
        steps = _steps(job)
        if "deployment" in job:
            assert job["environment"], f"{name}: approvals belong to an environment"
        machine = self.event.machine()
        own = self._variables(known, job.get("variables", []), before)
        variables = {**self.event.predefined, **own}
        # A deployment's outputs are called by the job's name once more.
        prefix = f"{name}." if "deployment" in job else ""
        made: dict[str, str] = {}
        self.outputs[stage][name] = {"outputs": made}
        failed = False
        for step in steps:
            if not self._holds(step.get("condition"), variables, failed=failed):
                continue
            said = f"{self.file.name}: {stage}.{name}: {_name(step)}"
            found = self._step(machine, step, said, variables)
            if found is None:
                self.replaced.append(said)
                continue
            self.ran.append(said)
            failed = failed or found.code != 0
            for key, value in _outputs(found).items():
                assert step.get("name"), f"{said} has an output and no name"
                variables[f"{step['name']}.{key}"] = value
                made[f"{prefix}{step['name']}.{key}"] = value
        self.done += machine.done
        return not failed

    def _step(
        self, machine: Machine, step: dict[str, Any], said: str, variables: Mapping[str, str]
    ) -> Done | None:
        if _is_replaced(step):
            return None
        environment = {name.upper().replace(".", "_"): value for name, value in variables.items()}
        mapped = {**variables, **self.event.secrets}
        environment |= {
            key: _macros(value, mapped, said) for key, value in step.get("env", {}).items()
        }
        if "bash" in step:
            return machine.run(said, _macros(step["bash"], variables, said), BASH, environment)
        if step.get("task") == "AzureCLI@2":
            inputs = step["inputs"]
            kind = (inputs["scriptType"], inputs["scriptLocation"])
            assert kind == ("bash", "inlineScript"), said
            environment |= self.event.connections[inputs["azureSubscription"]]
            return machine.run(
                said, _macros(inputs["inlineScript"], variables, said), CLI, environment
            )
        raise Unresolved(f"{said}: nothing stands in for this step")


def scripts(root: Path, file: str) -> Iterator[str]:
    """Each step with a script that a pipeline runs here, as `Run.ran` names it."""
    for name, step in _all(root, file):
        if not _is_replaced(step):
            yield name


def written(root: Path, file: str) -> Iterator[tuple[str, str]]:
    """Each script of a pipeline, also of steps that are replaced here."""
    for name, step in _all(root, file):
        script = step.get("bash") or step.get("inputs", {}).get("inlineScript")
        if script:
            yield name, script


def _all(root: Path, file: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for stage in expand(root / "pipelines" / "azure-devops" / file, root)["stages"]:
        for job in stage["jobs"]:
            for step in _steps(job):
                name = job.get("deployment") or job["job"]
                yield f"{file}: {stage['stage']}.{name}: {_name(step)}", step


def _steps(job: dict[str, Any]) -> list[dict[str, Any]]:
    where = job["strategy"]["runOnce"]["deploy"] if "deployment" in job else job
    found: list[dict[str, Any]] = where["steps"]
    return found


def _is_replaced(step: dict[str, Any]) -> bool:
    return bool({_name(step), step.get("task"), next(iter(step))} & set(REPLACED))


def _name(step: dict[str, Any]) -> str:
    return str(step.get("displayName") or step.get("task") or next(iter(step)))


def _macros(script: str, variables: Mapping[str, str], said: str) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] not in variables:
            raise Unresolved(f"{said}: $({match[1]}) is no variable")
        return variables[match[1]]

    return MACRO.sub(value, script)


def _outputs(done: Done) -> dict[str, str]:
    """What a step said by logging commands. Raises Unresolved for those not known here."""
    found = {}
    for command in COMMAND.finditer(done.output):
        options = dict(
            part.split("=", 1) for part in command["rest"].strip().split(";") if part.strip()
        )
        if command["what"] != "setvariable" or options.get("isOutput") != "true":
            raise Unresolved(f"{done.name}: {command[0]}")
        found[options["variable"]] = command["value"]
    return found
