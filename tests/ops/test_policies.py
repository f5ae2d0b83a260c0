"""`amlops policy`: list, explain, and check an environment that may not be there yet.

- `list` and `explain` need no sandbox, and say what there is when a name is wrong.
- `check` names level, policy, resource, value and how to mend it; its exit code is that of the
  mandatory ones; it leaves neither a stack nor a change in a file.
- A preview that fails for another reason, or a mistake in the pack's files, is one message.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from ops import policies, stacks
from ops.commands import policies as commands
from ops.failure import Failure
from ops.policies import Report, Violation
from ops.watching import Change, Resources
from tests.ops.conftest import ROOT, Amlops, assert_one_message
from tests.ops.test_not_provisioned import git_status
from tests.sandbox.conftest import RunningSandbox


def test_list_has_every_rule_with_its_levels(amlops: Amlops) -> None:
    rules = json.loads(amlops("policy", "list", "--output", "json").stdout)
    assert len(rules) >= 60
    closed = next(rule for rule in rules if rule["id"] == "storage-public-access-off")
    assert closed["levels"] == {"default": "advisory", "prod": "mandatory"}
    assert closed["level"] == "advisory"


def test_list_of_an_environment_has_its_levels(amlops: Amlops) -> None:
    unknown = amlops("policy", "list", "--environment", "prd")
    assert_one_message(unknown)
    assert "There is no stack 'prd'" in unknown.stderr
    told = amlops("policy", "list", "--environment", "prod", "--output", "json")
    levels = {rule["id"]: rule["level"] for rule in json.loads(told.stdout)}
    assert levels["storage-public-access-off"] == "mandatory"
    assert levels["logs-daily-cap"] == "disabled"


def test_list_as_a_table(amlops: Amlops) -> None:
    text = amlops("policy", "list").stdout
    line = next(line for line in text.splitlines() if line.startswith("group-has-budget "))
    assert "advisory, prod: mandatory" in line
    assert "A resource group has a budget." in line


def test_explain_says_what_why_and_how_to_mend(amlops: Amlops) -> None:
    told = amlops("policy", "explain", "storage-https-only").stdout
    for text in ("takes only HTTPS", "readable", "enableHttpsTrafficOnly", "CKV_AZURE_3"):
        assert text in told


def test_explain_of_an_unknown_policy_names_what_is_near(amlops: Amlops) -> None:
    done = amlops("policy", "explain", "budget")
    assert_one_message(done)
    assert "no policy 'budget'. Did you mean: group-has-budget, budget-amount" in done.stderr
    assert "amlops policy list" in amlops("policy", "explain", "nosuch").stderr


@pytest.fixture
def pack(elsewhere: Path) -> Path:
    """A copy of the pack, which a test may spoil."""
    shutil.copytree(ROOT / "policies", elsewhere / "policies")
    return elsewhere / "policies"


def test_explain_tells_who_is_exempt(pack: Path) -> None:
    entry = {
        "rule": "storage-https-only",
        "resource": "storage-*",
        "reason": "An old client cannot do better.",
        "expires": "2027-01-31",
    }
    (pack / "exemptions.yaml").write_text(yaml.safe_dump([entry]))
    granted = policies.rule("storage-https-only")["exemptions"]
    assert granted == [{**entry, "stack": "*"}]
    assert policies.rule("storage-one-tenant")["exemptions"] == []


def test_a_mistake_in_the_pack_is_one_message(pack: Path) -> None:
    (pack / "exemptions.yaml").write_text("- rule: nosuch")
    with pytest.raises(Failure, match=r"policies/exemptions.yaml: exemption 1: resource: field"):
        policies.catalogue("dev")


def test_a_mistake_in_the_exemptions_leaves_the_list_that_mends_it(
    pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pack / "exemptions.yaml").write_text(
        "- {rule: nosuch, resource: x, reason: it is written here, expires: 2027-01-01}"
    )
    done = CliRunner().invoke(commands.policy, ["list"])
    assert done.exit_code == 1
    assert "storage-https-only" in done.stdout
    assert "exemption 1: there is no rule 'nosuch'" in done.stderr


def test_check_of_an_environment_that_is_not_there(running: Amlops) -> None:
    before = git_status()
    done = running("policy", "check", "dev", "--output", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["passed"]
    assert report["counts"]["mandatory"] == 0
    assert report["changes"]["create"] > 20
    one = next(item for item in report["violations"] if item["rule"] == "endpoint-tokens")
    assert one == {
        "level": "advisory",
        "rule": "endpoint-tokens",
        "severity": "medium",
        "resource": "endpoints-bike-rentals",
        "type": "azure-native:machinelearningservices:OnlineEndpoint",
        "found": "authMode is Key",
        "mend": "Set `endpoints.NAME.auth` to aad_token in the stack file.",
    }
    assert git_status() == before
    listed = running("sandbox", "run", "--", "pulumi", "stack", "ls", "--json")
    assert json.loads(listed.stdout) == []


STACKS = sorted(file.name.split(".")[1] for file in (ROOT / "stacks").glob("Pulumi.*.yaml"))


@pytest.mark.parametrize("environment", STACKS)
def test_no_policy_stops_a_stack_of_this_project(running: Amlops, environment: str) -> None:
    done = running("policy", "check", environment, "--output", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["passed"]


def test_check_finds_what_stops(
    start_sandbox: Callable[..., RunningSandbox], pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pack allows only regions that dev is not in."""
    values = yaml.safe_load((pack / "parameters.yaml").read_text())
    values["parameters"]["allowed_regions"]["default"] = ["westeurope"]
    (pack / "parameters.yaml").write_text(yaml.safe_dump(values))
    (pack.parent / ".venv").symlink_to(sys.prefix)
    monkeypatch.setattr(policies, "PACK", pack)
    shutil.copytree(ROOT / "stacks", pack.parent / "stacks", dirs_exist_ok=True)
    start_sandbox(tracking=False).lead(monkeypatch)
    report = policies.check("dev", Resources(planned=True))
    assert not report.passed
    stops = [item for item in report.violations if item.level == "mandatory"]
    assert {item.rule for item in stops} == {"allowed-regions"}
    assert "foundation-group" in {item.resource for item in stops}
    assert stops[0].found == "location is eastus, allowed are westeurope"
    assert stops[0].mend.startswith("Set `location` in the stack file, or add")
    assert any(item["name"] == "foundation-group" for item in report.resources)
    assert stacks.names() == []


@pytest.mark.parametrize(("level", "code"), [("mandatory", 1), ("advisory", 0)])
def test_the_exit_code_is_that_of_the_mandatory_ones(
    level: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies, "check", lambda *_: report(violation(level)))
    monkeypatch.setattr(stacks, "check_settings", lambda _: None)
    monkeypatch.setattr(commands, "enter", lambda _: None)
    done = CliRunner().invoke(commands.check, ["prod", "--output", "json"])
    assert done.exit_code == code
    assert json.loads(done.stdout)["counts"][level] == 1


def test_check_needs_a_stack_file(running: Amlops) -> None:
    done = running("policy", "check", "nosuch")
    assert_one_message(done)
    assert "There is no stack 'nosuch'" in done.stderr


def violation(level: str, rule: str = "https") -> Violation:
    return Violation(level, rule, "high", "account", "storage:StorageAccount", "it|is off", "Mend.")


def report(*violations: Violation) -> Report:
    counts = dict.fromkeys(("mandatory", "advisory", "exempted", "unknown"), 0)
    for item in violations:
        counts[item.level] += 1
    changes = {"create": 2, "same": 3}
    changed = [Change(operation="create", type="t", name="group", differs=[])]
    return Report("prod", list(violations), counts, changes, changed)


def test_only_a_mandatory_violation_is_no_pass() -> None:
    assert report(violation("advisory"), violation("unknown"), violation("exempted")).passed
    assert not report(violation("mandatory")).passed


def test_a_report_for_a_pull_request() -> None:
    text = report(violation("mandatory"), violation("advisory", "tags")).markdown()
    assert text.startswith("## Policies of prod: 1 mandatory, 1 advisory\n")
    assert "| mandatory | 1 |" in text
    assert "| to make | 2 |" in text
    assert "| to delete | 0 |" in text
    assert "| create | group | t |" in text
    stops, told = text.index("### Stops `up`: 1"), text.index("### Told: 1")
    row = "| mandatory | https | account | it\\|is off | Mend. |"
    assert stops < text.index(row) < told < text.index("| advisory | tags | account |")


def test_a_report_without_findings() -> None:
    text = report().markdown()
    assert text.startswith("## Policies of prod: all policies hold\n")
    assert "### Stops" not in text
    assert "### Told" not in text


@pytest.mark.parametrize("level", ["mandatory", "advisory", "exempted", "unknown"])
def test_what_is_said_of_many_alike_is_one_row(level: str) -> None:
    def of(*names: str) -> list[str]:
        alike = [replace(violation(level), resource=name) for name in names]
        return [row[2] for row in report(*alike).rows()]

    assert of("a") == ["a"]
    assert of("a", "b", "c") == ["a, b, c"]
    assert of("a", "b", "c", "d") == ["4 resources"]


def test_what_differs_has_rows_of_its_own() -> None:
    one = violation("mandatory")
    others = [replace(one, found="on"), replace(one, rule="tags"), replace(one, mend="Else.")]
    assert len(report(one, *others).rows()) == 4
