"""Every rule fires in a preview of the real engine, on resources that violate it.

- All violating cases are declared by one program, and each is found.
- Where a value is not known yet, the preview says so, or the rule fires all the same.
- What a preview could not know stops the update, before the resource is made.
- Levels go by the stack; what is exempt stops nothing; a mistake in the pack's files is one line.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.automation.events import EngineEvent

from ops.findings import Finding, Findings
from policies.catalogue import rules
from policies.resource import PREFIX
from tests.policies.cases import CASES, Case, Declared
from tests.policies.test_checks import with_unknowns
from tests.sandbox.conftest import RunningSandbox

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).parent / "program"
LATER = {"$later": True}
AGAIN = "cannot be known before up, which asks again"
FAILING = [case for case in CASES if case.found]


@dataclass
class Engine:
    """Pulumi in a sandbox, on a program that declares what a test lists."""

    sandbox: RunningSandbox
    folder: Path

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            **self.sandbox.environment,
            "PATH": f"{self.folder / 'plugins'}:{self.sandbox.environment['PATH']}",
            "DECLARED": str(self.folder / "declared.json"),
            "PULUMI_DEBUG_COMMANDS": "1",  # it has the flag --event-log only then
        }
        command = ["pulumi", "--non-interactive", "--cwd", str(self.folder / "program"), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def run(
        self, command: str, stack: str, declared: list[dict[str, Any]]
    ) -> tuple[subprocess.CompletedProcess[str], list[Finding]]:
        """What was printed, and what the policies found."""
        (self.folder / "declared.json").write_text(json.dumps(declared))
        log = self.folder / "events.json"
        log.unlink(missing_ok=True)
        self.pulumi("stack", "select", "--create", stack)
        options = ["--policy-pack", str(self.folder / "policies"), "--event-log", str(log)]
        done = self.pulumi(*command.split(), "--stack", stack, *options)
        findings = Findings()
        for line in log.read_text().splitlines() if log.exists() else ():
            findings.watch(EngineEvent.from_json(json.loads(line)))
        return done, findings.all()

    def state(self, stack: str) -> list[dict[str, Any]]:
        """The resources that the stack holds."""
        done = self.pulumi("stack", "export", "--stack", stack)
        resources: list[dict[str, Any]] = json.loads(done.stdout)["deployment"].get("resources", [])
        return resources

    @contextmanager
    def changed(self, file: str, text: str) -> Iterator[None]:
        """The pack with another text in one of its files."""
        path = self.folder / "policies" / file
        before = path.read_text()
        path.write_text(text)
        yield
        path.write_text(before)


@pytest.fixture(scope="module")
def engine(
    start_sandbox: Callable[..., RunningSandbox], tmp_path_factory: pytest.TempPathFactory
) -> Engine:
    folder = tmp_path_factory.mktemp("policies")
    # Copies, because their files are changed and written beside.
    for source in (ROOT / "policies", PROGRAM):
        shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".venv").symlink_to(sys.prefix)
    plugin = folder / "plugins" / "pulumi-resource-azure-native"
    plugin.parent.mkdir()
    plugin.write_text(
        f"#!/bin/sh\nexport PYTHONPATH={ROOT}\nexec {sys.executable} -m tests.policies.provider\n"
    )
    plugin.chmod(0o755)
    return Engine(start_sandbox(tracking=False), folder)


def named(case: Case, resource: str, suffix: str = "") -> str:
    return f"{case.name}-{resource}{suffix}"


def as_json(case: Case, resource: Declared, suffix: str = "", **changes: Any) -> dict[str, Any]:
    return {
        "type": PREFIX + resource.type,
        "name": named(case, resource.name, suffix),
        "properties": {"resourceGroupName": "rg", **resource.properties},
        "protected": resource.protected,
        "refers": {
            property_: [named(case, name, suffix) for name in names]
            for property_, names in resource.refers.items()
        },
        **changes,
    }


def enabled(cases: Iterable[Case], stack: str) -> list[Case]:
    return [case for case in cases if rules()[case.rule].level(stack) != "disabled"]


SHORT_LIVED, DEV, PROD = "pr-1", "dev", "prod"
OF_DEV = enabled(FAILING, DEV)
OF_OTHERS = [case for case in FAILING if case not in OF_DEV]


@pytest.mark.parametrize(
    ("stack", "cases"),
    [
        (DEV, OF_DEV),
        (PROD, enabled(OF_OTHERS, PROD)),
        (SHORT_LIVED, enabled(OF_OTHERS, SHORT_LIVED)),
    ],
    ids=[DEV, PROD, SHORT_LIVED],
)
def test_every_rule_fires(engine: Engine, stack: str, cases: list[Case]) -> None:
    declared = [as_json(case, resource) for case in cases for resource in case.resources]
    done, found = engine.run("preview", stack, declared)
    missing = [
        case.name for case in cases if not told(case, found, rules()[case.rule].level(stack))
    ]
    assert missing == [], last(done)
    assert done.returncode != 0


def told(case: Case, found: list[Finding], level: str) -> bool:
    """Whether the rule told what the case says, about one of its resources."""
    return any(
        case.found in item.text
        for item in found
        if item.rule == case.rule
        and item.level == level
        and item.resource in {named(case, resource.name) for resource in case.resources}
    )


def last(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout[-2000:] + done.stderr[-2000:]


def test_every_rule_is_among_those() -> None:
    seen = {case.rule for case in OF_DEV}
    seen |= {case.rule for case in enabled(OF_OTHERS, PROD)}
    seen |= {case.rule for case in enabled(OF_OTHERS, SHORT_LIVED)}
    assert seen == set(rules())


def unknowns(case: Case) -> list[dict[str, Any]]:
    """The case as often as it has values, each time with another one that is not known yet."""
    first, *others = case.resources
    found = []
    for number, properties in enumerate(with_unknowns(first.properties, LATER)):
        if number:  # the first is the resource as a whole
            one = replace(first, properties=properties)
            found += [as_json(case, item, f"-{number}") for item in (one, *others)]
    return found


def test_what_is_not_known_yet_is_told(engine: Engine) -> None:
    """Neither a crash nor silence, for the first violating case of every rule that reads values."""
    declared, expected = [], set()
    for case in {case.rule: case for case in reversed(OF_DEV)}.values():
        resources = unknowns(case)
        declared += resources
        judged = rules()[case.rule].metadata.types
        of_rule = [item for item in resources if item["type"].removeprefix(PREFIX) in judged]
        expected |= {(case.rule, item["name"]) for item in of_rule}
    done, found = engine.run("preview", DEV, declared)
    assert expected - {(item.rule, item.resource) for item in found} == set(), last(done)
    unknown = [item for item in found if item.level == "unknown"]
    assert len(unknown) > 100
    assert all(
        item.text.endswith(" cannot be known before up, which asks again") for item in unknown
    )


ACCOUNT: dict[str, Any] = {
    "type": f"{PREFIX}storage:StorageAccount",
    "name": "account",
    "properties": {"resourceGroupName": "rg", "enableHttpsTrafficOnly": False},
    "protected": False,
    "refers": {},
}


def test_what_a_preview_could_not_know_stops_the_update(engine: Engine) -> None:
    properties = {
        **ACCOUNT["properties"],
        "minimumTlsVersion": LATER,
        "enableHttpsTrafficOnly": True,
    }
    declared = [{**ACCOUNT, "properties": properties}]
    _, before = engine.run("preview", DEV, declared)
    assert [item.level for item in before if item.rule == "storage-minimum-tls"] == ["unknown"]
    done, found = engine.run("up --yes --skip-preview", DEV, declared)
    assert done.returncode != 0
    of_rule = [item for item in found if item.rule == "storage-minimum-tls"]
    assert [(item.level, item.resource) for item in of_rule] == [("mandatory", "account")], last(
        done
    )
    assert of_rule[0].text.startswith("minimumTlsVersion is TLS1_0. ")
    assert "account" not in {item["urn"].rpartition("::")[2] for item in engine.state(DEV)}


def test_what_is_exempt_stops_nothing(engine: Engine) -> None:
    entry = {
        "rule": "storage-https-only",
        "resource": "acc*",
        "reason": "An old client cannot do better.",
        "expires": date.today() + timedelta(days=1),
    }
    of_nothing = {**entry, "resource": "gone-*", "stack": DEV}
    with engine.changed("exemptions.yaml", yaml.safe_dump([entry, of_nothing])):
        _, found = engine.run("preview", DEV, [ACCOUNT])
    told = {item.text for item in found if item.rule == entry["rule"] and item.level == "exempted"}
    until = f"Exempt until {entry['expires']}: {entry['reason']}"
    assert told == {
        f"enableHttpsTrafficOnly is false. {until}",
        f"gone-*: no such resource is there. {until}",
    }
    assert not [item for item in found if item.rule == entry["rule"] and item.level == "mandatory"]


def test_a_mistake_in_the_packs_files_is_one_line(engine: Engine) -> None:
    with engine.changed("exemptions.yaml", "- {rule: nosuch, resource: x}"):
        done, _ = engine.run("preview", DEV, [ACCOUNT])
    assert done.returncode != 0
    assert "policies/exemptions.yaml: exemption 1: reason: field required" in last(done)
    assert "Traceback" not in last(done)
