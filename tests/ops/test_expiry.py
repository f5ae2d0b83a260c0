"""Short-lived environments, made and removed by the real engine in a sandbox whose clock moves.

- What has expired goes, from any checkout: half made, without a stack, without a group, in
  whichever subscription it stands.
- What stays, what has time left, and what is another repository's is never touched.
- One that cannot be removed does not keep the others.
- A name that is taken by what stays is refused, and nothing is written then.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from ops import cli, environments, short_lived
from ops.environments import Inventory, written
from ops.expiry import chosen
from ops.failure import Failure
from tests import checkout
from tests.ops.short_lived import NOW, known
from tests.sandbox.conftest import RunningSandbox

GROUPS = "2025-04-01"
SEEN = Inventory(
    NOW,
    [known("dev", None), known("pr-1", -1), known("pr-2", 0), known("pr-3", 1)],
    frozenset({"theirs"}),
)


def test_what_is_due_is_what_has_a_time_that_is_over() -> None:
    assert [item.name for item in SEEN.due()] == ["pr-1", "pr-2"]


@pytest.mark.parametrize(
    ("name", "now", "expected"),
    [
        (None, False, ["pr-1", "pr-2"]),
        ("pr-1", False, ["pr-1"]),
        ("pr-3", False, []),
        ("pr-3", True, ["pr-3"]),
        ("nosuch", True, []),
    ],
)
def test_one_is_chosen_by_name(name: str | None, now: bool, expected: list[str]) -> None:
    assert [item.name for item in chosen(SEEN, name, now=now)] == expected


def test_what_stays_is_not_removed_by_name_either() -> None:
    with pytest.raises(Failure, match="'dev' has no 'expires': it stays"):
        chosen(SEEN, "dev", now=True)


@pytest.mark.parametrize("text", ["never", "", None, "2026-11-24", "2026-11-24T10:00:00"])
def test_a_tag_that_says_no_time_is_none(text: object) -> None:
    assert environments.read(text) is None


def test_a_time_is_read_as_it_was_written() -> None:
    assert environments.read(written(NOW)) == NOW == environments.read(NOW)


@pytest.fixture
def files(elsewhere: Path) -> Path:
    """A checkout of its own; its folder `stacks`."""
    for name in ("infra", "Pulumi.yaml"):
        (elsewhere / name).symlink_to(checkout.ROOT / name)
    shutil.copytree(checkout.ROOT / "stacks", elsewhere / "stacks", dirs_exist_ok=True)
    return elsewhere / "stacks"


def settings(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text())["config"]["amlops:settings"]
    return found


def test_a_stack_file_is_a_copy_that_expires(files: Path) -> None:
    short_lived.stack_file("pr-9", "dev", timedelta(hours=8), SEEN)
    made = settings(files / "Pulumi.pr-9.yaml")
    assert made.pop("expires") == "2026-11-24T18:00:00Z"
    assert made == settings(files / "Pulumi.dev.yaml")


@pytest.mark.parametrize(
    ("more", "kept", "told"),
    [
        ("vault: {purge_protection: true}", False, "goes without 'vault.purge_protection' of dev"),
        (
            "vault: {purge_protection: true}\n    encryption: {customer_key: true}",
            True,
            "keeps 'vault.purge_protection' of dev, which its own key needs",
        ),
        ("vault: {soft_delete_days: 8}", None, ""),
    ],
)
def test_a_copys_vault_goes_with_it_unless_its_key_needs_it(
    files: Path, more: str, kept: bool | None, told: str
) -> None:
    dev = files / "Pulumi.dev.yaml"
    dev.write_text(f"{dev.read_text()}    {more}\n")
    said = short_lived.stack_file("pr-9", "dev", timedelta(hours=8), SEEN)
    assert told in said
    assert bool(told) == bool(said)
    assert settings(files / "Pulumi.pr-9.yaml")["vault"].get("purge_protection") is kept


def test_made_again_it_follows_its_source_and_its_time_is_renewed(files: Path) -> None:
    short_lived.stack_file("pr-3", "dev", timedelta(hours=8), SEEN)
    dev = files / "Pulumi.dev.yaml"
    dev.write_text(dev.read_text().replace("owner: ", "owner: new-"))
    short_lived.stack_file("pr-3", "dev", timedelta(hours=9), SEEN)
    made = settings(files / "Pulumi.pr-3.yaml")
    assert made["expires"] == "2026-11-24T19:00:00Z"
    assert made["owner"].startswith("new-")


def test_without_a_source_only_its_time_is_renewed(files: Path) -> None:
    short_lived.stack_file("pr-3", "dev", timedelta(hours=8), SEEN)
    before = settings(files / "Pulumi.pr-3.yaml")
    seen = Inventory(NOW, [known("pr-3", 1, file=True)])
    short_lived.stack_file("pr-3", None, timedelta(days=2), seen)
    assert settings(files / "Pulumi.pr-3.yaml") == {**before, "expires": "2026-11-26T10:00:00Z"}


def test_a_copy_has_a_group_of_its_own(files: Path) -> None:
    """What the names of the source would lead to is deleted when the copy expires."""
    dev = files / "Pulumi.dev.yaml"
    text = "    names: {resource_group: rg-ours}\n    existing: {resource_group: rg-theirs}\n"
    dev.write_text(dev.read_text() + text)
    changed: dict[str, object] = {}

    def note_changes(_name: str, _source: str, changes: dict[str, object]) -> None:
        changed.update(changes)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ops.configuration.new_stack_file", note_changes)
        short_lived.stack_file("pr-9", "dev", timedelta(hours=8), SEEN)
    assert changed["names"] is None
    assert changed["existing.resource_group"] is None


REFUSED = [
    ("dev", "test", "'dev' stays: it has no 'expires'"),
    ("theirs", "dev", "belongs to another workload"),
    ("pr-9", "prod", "nothing short-lived is made from it"),
    ("pr-9", "nosuch", "There is no stack 'nosuch'"),
    ("pr-9", None, "There is no stacks/Pulumi.pr-9.yaml"),
]


@pytest.mark.parametrize(("name", "source", "message"), REFUSED)
def test_what_is_refused_leaves_the_files_alone(
    files: Path, name: str, source: str | None, message: str
) -> None:
    before = {file.name: file.read_text() for file in files.iterdir()}
    with pytest.raises(Failure, match=message):
        short_lived.stack_file(name, source, timedelta(hours=8), SEEN)
    assert {file.name: file.read_text() for file in files.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["up", "pr-1", "--from", "dev"], "'--from' wants '--ttl'"),
        (["up", "pr-1", "--from", "dev", "--ttl", "8"], "'8' is no time from 15m to 30d"),
        (["up", "pr-1", "--from", "dev", "--ttl", "14m"], "'14m' is no time"),
        (["up", "pr-1", "--from", "dev", "--ttl", "31d"], "'31d' is no time"),
        (["up", "pr-1", "--from", "De v", "--ttl", "8h"], "'De v' cannot name an environment"),
        (["expire", "--now"], "'--now' removes one environment: name it"),
    ],
)
def test_a_mistake_in_the_command_line(arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(cli.main, arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr


@dataclass
class Team:
    """A sandbox, and fresh checkouts that share it."""

    sandbox: RunningSandbox
    folder: Path

    def run(
        self, *arguments: str, code: int = 0, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        place = {"AMLOPS_SANDBOX_DIR": str(self.sandbox.directory), **variables}
        done = checkout.amlops(self.folder, *arguments, **place)
        assert done.returncode == code, done.stderr + done.stdout
        assert "Traceback" not in done.stderr
        return done

    def data(self, *arguments: str, code: int = 0, **variables: str) -> Any:
        done = self.run(*arguments, "--output", "json", code=code, **variables)
        return json.loads(done.stdout)

    def elsewhere(self) -> None:
        """Another machine: no stack file of what was made here."""
        for file in (self.folder / "stacks").glob("Pulumi.pr-*.yaml"):
            file.unlink()

    def files(self) -> list[str]:
        return sorted(file.name for file in (self.folder / "stacks").glob("Pulumi.pr-*.yaml"))

    def group(self, name: str, **tags: str) -> None:
        body = {"location": "eastus", "tags": tags}
        self.arm("PUT", f"resourceGroups/{name}", GROUPS, body)

    def groups(self, subscription: str = "") -> set[str]:
        found = self.arm("GET", "resourcegroups", GROUPS, subscription=subscription)["value"]
        return {item["name"] for item in found}

    def arm(
        self, method: str, path: str, version: str, body: Any = None, *, subscription: str = ""
    ) -> Any:
        root = f"/subscriptions/{subscription or self.sandbox.subscription}"
        answer = self.sandbox.arm(method, f"{root}/{path}", body, version=version)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def soft_deleted(self, subscription: str = "") -> list[str]:
        vaults = "providers/Microsoft.KeyVault/deletedVaults"
        found = self.arm("GET", vaults, "2024-11-01", subscription=subscription)
        return [item["name"] for item in found["value"]]


@pytest.fixture(scope="module")
def team(
    start_sandbox: Callable[..., RunningSandbox], tmp_path_factory: pytest.TempPathFactory
) -> Team:
    folder = checkout.copy(tmp_path_factory.mktemp("checkout"))
    return Team(start_sandbox(root=folder, tracking=False), folder)


def test_an_environment_lives_as_long_as_it_was_given(team: Team) -> None:
    """Made, renewed, kept, and removed from a checkout that knows nothing of it."""
    made = team.data("up", "pr-7", "--from", "dev", "--ttl", "8h")["outputs"]
    group = team.arm("GET", f"resourceGroups/{made['resourceGroup']}", GROUPS)
    assert group["tags"]["expires"] == made["tags"]["expires"]

    team.sandbox.advance(timedelta(hours=7))
    again = team.data("up", "pr-7", "--from", "dev", "--ttl", "8h")["outputs"]
    renewed = environments.read(again["tags"]["expires"])
    first = environments.read(made["tags"]["expires"])
    assert renewed
    assert first
    assert renewed - first >= timedelta(hours=7), "counted from the sandbox's now"

    team.sandbox.advance(timedelta(hours=2))
    assert team.data("expire") == [], "its first time is over, its second is not"

    team.elsewhere()
    team.sandbox.advance(timedelta(hours=7))
    (shown,) = team.data("expire", "--dry-run")
    assert (shown["environment"], shown["result"]) == ("pr-7", "due")
    assert made["resourceGroup"] in team.groups(), "a dry run removes nothing"

    (done,) = team.data("expire")
    assert (done["environment"], done["result"]) == ("pr-7", "removed")
    assert made["resourceGroup"] not in team.groups()
    assert team.soft_deleted() == []
    assert team.files() == []
    assert "pr-7" not in {item["environment"] for item in team.data("environments")}
    assert team.data("expire") == []


def test_a_removal_that_was_cut_short_is_taken_up_again(team: Team) -> None:
    """Its group is deleted, its vault is not purged, its stack is not forgotten."""
    made = team.data("up", "pr-7", "--from", "dev", "--ttl", "8h")["outputs"]
    group = f"resourceGroups/{made['resourceGroup']}"
    logs = f"providers/Microsoft.OperationalInsights/workspaces/{made['logAnalytics']}"
    team.arm("DELETE", f"{group}/{logs}?force=true", "2025-02-01")
    team.arm("DELETE", group, GROUPS)
    assert team.soft_deleted()
    team.elsewhere()
    (seen,) = [item for item in team.data("environments") if item["environment"] == "pr-7"]
    assert (seen["state"], seen["stack"], seen["group"]) == ("not provisioned", True, None)
    (done,) = team.data("expire", "pr-7", "--now")
    assert done["result"] == "removed"
    assert team.soft_deleted() == []
    assert team.files() == []


def test_one_of_another_subscription_is_listed_there_and_removed_there(team: Team) -> None:
    known = team.data("sandbox", "subscription", "--name", "Others")
    other = next(item["id"] for item in known if item["name"] == "Others")
    made = team.data("up", "pr-7", "--from", "dev", "--ttl", "8h", AZURE_SUBSCRIPTION_ID=other)[
        "outputs"
    ]
    assert made["subscriptionId"] == other
    team.elsewhere()

    (seen,) = [item for item in team.data("environments") if item["environment"] == "pr-7"]
    assert (seen["state"], seen["subscription"]) == ("provisioned", other)
    assert other in team.run("environments").stdout
    where = team.data("whoami")
    assert ("pr-7" in where["environments"], where["elsewhere"]) == (False, {"pr-7": other})
    assert f"pr-7 in subscription {other}" in team.run("whoami").stdout

    team.sandbox.advance(timedelta(hours=9))
    team.group("rg-here", workload="bikes", environment="pr-8", expires="2026-01-01T00:00:00Z")
    done = team.data("expire")
    assert [(item["environment"], item["result"], item["subscription"]) for item in done] == [
        ("pr-7", "removed", other),
        ("pr-8", "removed", team.sandbox.subscription),
    ]
    assert team.groups(other) == set()
    assert team.soft_deleted(other) == []
    assert "pr-7" not in {item["environment"] for item in team.data("environments")}


def test_a_vault_that_is_protected_against_purge_is_told(team: Team) -> None:
    team.group("rg-kept", workload="bikes", environment="pr-9", expires="2026-01-01T00:00:00Z")
    tenant = team.sandbox.environment["AZURE_TENANT_ID"]
    properties = {
        "tenantId": tenant,
        "sku": {"family": "A", "name": "standard"},
        "enablePurgeProtection": True,
    }
    vault = "resourceGroups/rg-kept/providers/Microsoft.KeyVault/vaults/kv-kept-of-pr-9"
    team.arm("PUT", vault, "2024-11-01", {"location": "eastus", "properties": properties})
    done = team.run("expire", "pr-9", "--output", "json")
    (found,) = json.loads(done.stdout)
    assert found["result"] == "removed"
    assert [item.partition(" until ")[0] for item in found["kept"]] == [
        "vault kv-kept-of-pr-9, protected"
    ]


def test_only_what_has_expired_and_is_ours_goes_and_one_failure_keeps_nobody(team: Team) -> None:
    over, later = "2026-01-01T00:00:00Z", "2126-01-01T00:00:00Z"
    ours = {"workload": "bikes"}
    team.group("rg-no-stack", **ours, environment="pr-1", expires=over)
    team.group("rg-locked", **ours, environment="pr-2", expires=over)
    team.group("rg-zlast", **ours, environment="pr-3", expires=over)
    kept = {
        "rg-locked": {},
        "rg-later": {**ours, "environment": "pr-4", "expires": later},
        "rg-stays": {**ours, "environment": "lasting"},
        "rg-no-time": {**ours, "environment": "pr-5", "expires": "never"},
        "rg-other": {"workload": "churn", "environment": "pr-6", "expires": over},
        "rg-whose": {"environment": "pr-8", "expires": over},
        "rg-bare": {},
    }
    for name, tags in kept.items():
        if name != "rg-locked":
            team.group(name, **tags)
    lock = "resourceGroups/rg-locked/providers/Microsoft.Authorization/locks/keep"
    team.arm("PUT", lock, "2020-05-01", {"properties": {"level": "CanNotDelete"}})

    done = team.run("expire", "--output", "json", code=1)
    results = {item["environment"]: item["result"] for item in json.loads(done.stdout)}
    assert results == {"pr-1": "removed", "pr-2": "failed", "pr-3": "removed"}
    assert "1 of 3 could not be removed: pr-2" in done.stderr
    assert team.groups() == set(kept)

    team.arm("DELETE", lock, "2020-05-01")
    (done_again,) = team.data("expire")
    assert (done_again["environment"], done_again["result"]) == ("pr-2", "removed")
    assert team.groups() == set(kept) - {"rg-locked"}
