"""Every kind of mistake in a stack file is one line: the path in the file, and what is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import Settings, SettingsError, parse
from tests.infra.every_compute import AKS
from tests.infra.mocks import MINIMAL

FILE = "stacks/Pulumi.dev.yaml"
RBAC = "Role Based Access Control Administrator"
UUID = "0f0e0d0c-0b0a-4908-8706-050403020100"

# settings added to the minimal ones, path reported, what the message says
MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({"clustres": {}}, "clustres", "unknown; allowed are workload, location,"),
    ({"clusters": {"a-b": {"maxx": 1}}}, "clusters.a-b.maxx", "allowed are size, min, max,"),
    ({"storage": {"key": 1}}, "storage.key", "unknown; allowed are redundancy, shared_keys"),
    ({"clusters": {"a-b": {"max": 0}}}, "clusters.a-b.max", "0 is too small; allowed is 1 or more"),
    ({"clusters": {"a-b": {"max": 101}}}, "clusters.a-b.max", "allowed is 100 or less"),
    ({"clusters": {"a-b": {"min": 3, "max": 1}}}, "clusters.a-b.max", "min 3 is above max 1"),
    ({"clusters": {"a-b": {"min": 3}}}, "clusters.a-b.max", "min 3 is above max 2"),
    ({"clusters": {"a-b": {"max": "two"}}}, "clusters.a-b.max", "whole number, not 'two'"),
    ({"clusters": {"a-b": {"size": "Big"}}}, "clusters.a-b.size", "'Big': not in infra/vm-sizes"),
    ({"clusters": {"A_b": {}}}, "clusters.A_b", "lower-case letters"),
    ({"clusters": {"a" * 33: {}}}, "clusters." + "a" * 33, "33 characters; allowed are 2 to 32"),
    ({"instances": {"a-b": {"idle": "14m"}}}, "instances.a-b.idle", "allowed is 15m to 3d"),
    ({"instances": {"a-b": {"idle": "73h"}}}, "instances.a-b.idle", "allowed is 15m to 3d"),
    ({"instances": {"a-b": {"idle": 30}}}, "instances.a-b.idle", "as 30m, 2h or 1d"),
    ({"workload": "w" * 17}, "workload", "has 17 characters; allowed are 2 to 16"),
    ({"workload": "-bikes"}, "workload", "a letter first"),
    ({"location": "mars"}, "location", "'mars': not in infra/regions.yaml; allowed are"),
    ({"location": "East US"}, "location", "not in infra/regions.yaml; did you mean 'eastus'?"),
    (
        {"clusters": {"a-b": {"size": "Standard_DS3_v3"}}},
        "clusters.a-b.size",
        "not in infra/vm-sizes.yaml; did you mean 'Standard_DS3_v2'?",
    ),
    ({"storage": {"redundancy": "X"}}, "storage.redundancy", "'X'; allowed are 'LRS', 'ZRS'"),
    ({"vault": {"soft_delete_days": 6}}, "vault.soft_delete_days", "allowed is 7 or more"),
    ({"endpoints": {"bike": None}}, "endpoints.bike", "expected keys with values"),
    *[
        (
            {"datastores": {f"workspace{name}": {"kind": "blob"}}},
            f"datastores.workspace{name}",
            "the service makes in every workspace",
        )
        for name in ("blobstore", "filestore", "artifactstore", "workingdirectory")
    ],
    (
        {"names": {"workspace_identity": "id-x", "endpoint_identity": "ID-X"}},
        "names.endpoint_identity",
        "'ID-X' is names.workspace_identity, too",
    ),
    (
        {"names": {"storage": "stx", "lake": "stx"}, "datastores": {"it": {"kind": "gen2"}}},
        "names.lake",
        "'stx' is names.storage, too",
    ),
    (
        {"access": {"team": {"principal": UUID, "roles": ["Reader", "Reader"]}}},
        "access.team.roles.1",
        "Reader is there twice",
    ),
    (
        {
            "access": {
                "team": {"principal": UUID, "roles": ["Reader"]},
                "crew": {"principal": UUID.upper(), "roles": ["Deployer", "Reader"]},
            }
        },
        "access.crew.roles.1",
        "access.team gives this principal Reader on resource_group, too",
    ),
    (
        {
            "access": {
                "team": {"principal": UUID, "may_grant": ["Reader"]},
                "crew": {"principal": UUID, "may_grant": ["Deployer"]},
            }
        },
        "access.crew.may_grant",
        "name all the roles in one of the two",
    ),
    ({"registry": {"create": "off"}}, "registry.create", "allowed are 'lazy' or 'now'"),
    ({"subscription": "mine"}, "subscription", "'mine': allowed is a UUID, as 0f0e"),
    ({"workload": "b"}, "workload", "'b': has 1 character; allowed are 2 to 16"),
    ({"cost_centre": 4711}, "cost_centre", "not the number 4711; write it in quotes"),
    ({"expires": "tomorrow"}, "expires", "write a time in UTC, as 2026-11-24T10:00:00Z"),
    ({"tags": {"expires": "2026-11-24"}}, "tags.expires", "of the program's own: set expires"),
    ({"tags": {"Owner": "me"}}, "tags.Owner", "of the program's own: set owner"),
    ({"tags": {"cost-centre": "4711"}}, "tags.cost-centre", "set cost_centre"),
    ({"tags": {"environment": "dev"}}, "tags.environment", "it is the stack's name"),
    ({"tags": {"team": "a", "Team": "b"}}, "tags.Team", "is team to Azure"),
    ({"tags": {"a/b": "c"}}, "tags.a/b", "texts without < > %"),
    ({"tags": {"a" * 129: "c"}}, "tags." + "a" * 129, "allowed are 1 to 128"),
    ({"tags": {f"t{n}": "c" for n in range(46)}}, "tags", "has too many; allowed is 45 or less"),
    (
        {"endpoints": {"bike": {"tags": {"owner": "me"}}}},
        "endpoints.bike.tags.owner",
        "of the program's own: set owner",
    ),
    ({"expires": "2026-11-24T10:00:00Z", "protection": True}, "expires", "one of the two"),
    (
        {"access": {"us": {"principal": UUID, "roles": ["King"]}}},
        "access.us.roles.0",
        "'King': not in infra/roles.yaml nor infra/role-definitions.yaml; allowed are Contributor",
    ),
    ({"access": {"us": {"principal": UUID}}}, "access.us", "grants nothing; give it roles or"),
    (
        {"access": {"us": {"principal": UUID, "roles": [RBAC]}}},
        "access.us",
        "without bounds; name the roles in may_grant",
    ),
    (
        {"access": {"us": {"principal": UUID, "may_grant": ["Reader", RBAC]}}},
        "access.us",
        "can be given without bounds; leave it out",
    ),
    ({"datastores": {"a_b": {}}}, "datastores.a_b.kind", "missing; give it a value"),
    ({"datastores": {"a_b": {"kind": "ftp"}}}, "datastores.a_b.kind", "allowed are 'blob'"),
    (
        {"datastores": {"a_b": {"kind": "blob", "share": "x"}}},
        "datastores.a_b.share",
        "unknown; allowed are",
    ),
    (
        {"datastores": {"a_b": {"kind": "blob", "auth": "sas"}}},
        "datastores.a_b",
        "auth: sas needs secret; give it a value",
    ),
    (
        {"datastores": {"a_b": {"kind": "gen2", "secret": "x"}}},
        "datastores.a_b",
        "secret is not for auth: identity; leave it out",
    ),
    (
        {"datastores": {"a_b": {"kind": "gen2", "account": "mylake"}}},
        "datastores.a_b.account",
        "/providers/Microsoft.Storage/storageAccounts/NAME",
    ),
    (
        {"datastores": {"a_b": {"kind": "blob", "read_only": True}}},
        "datastores.a_b.read_only",
        "is for an account named by `account`",
    ),
    (
        {"datastores": {"a_b": {"kind": "files", "auth": "account_key", "secret": "x"}}},
        "datastores.a_b.auth",
        "or set storage.shared_keys: true",
    ),
    (
        {"connections": {"a-b": {"kind": "sql", "server": "db.example.com"}}},
        "connections.a-b.database",
        "missing; give it a value",
    ),
    (
        {
            "connections": {
                "a-b": {
                    "kind": "git",
                    "target": "https://x",
                    "auth": "access_key",
                    "user": "u",
                    "secret": "x",
                }
            }
        },
        "connections.a-b",
        "auth: access_key is not for git; allowed are none, token, password",
    ),
    (
        {
            "connections": {
                "a-b": {
                    "kind": "snowflake",
                    "target": "https://x",
                    "auth": "password",
                    "secret": "x",
                }
            }
        },
        "connections.a-b",
        "auth: password needs user; give it a value",
    ),
    *(
        ({"names": {"vault": name}}, "names.vault", "hyphens, a letter first and no hyphen last")
        for name in ("1abc", "abc-")
    ),
    ({"workload": "abc-"}, "workload", "a letter first and no hyphen last"),
    (
        {"budget": {"monthly": 2e12, "emails": ["me@example.com"]}},
        "budget.monthly",
        "2000000000000 is too large; allowed is 1000000000 or less",
    ),
    *(
        (
            {"connections": {"a-b": {"server": "db.example.com", **connection}}},
            f"connections.a-b.{setting}",
            expected,
        )
        for connection, setting, expected in [
            ({"kind": "sql", "database": "a;b"}, "database", "names without ; = { and }, as sales"),
            (
                {"kind": "databricks-files", "path": "/a"},
                "path",
                "begins with dbfs:/, as dbfs:/mnt",
            ),
        ]
    ),
    ({"names": {"vault": "kv--team"}}, "names.vault", "letters, digits and single hyphens"),
    ({"names": {"storage": "st-team"}}, "names.storage", "lower-case letters and digits"),
    ({"names": {"storage": "st" * 13}}, "names.storage", "has 26 characters; allowed are 3 to 24"),
    ({"names": {"logs": "log-"}}, "names.logs", "a letter or digit first and last"),
    ({"names": {"insights": "appi."}}, "names.insights", "not ending with a full stop"),
    ({"names": {"compute_identity": "-id"}}, "names.compute_identity", "a letter or digit first"),
    ({"names": {"registry": "crteam"}}, "names.registry", "set registry.create: now"),
    ({"names": {"lake": "dlsteam"}}, "names.lake", "no datastore of kind gen2 lies on"),
    ({"kind": "cluster"}, "kind", "'cluster'; allowed are environment and registry"),
    ({"diagnostics": "some"}, "diagnostics", "'some'"),
    ({"alerts": {}}, "alerts", "tells nobody; give emails, a webhook or both"),
    ({"alerts": {"emails": ["me"]}}, "alerts.emails.0", "'me': allowed is one address, as team@"),
    ({"alerts": {"emails": ["a@b, c@d.e"]}}, "alerts.emails.0", "one address, as team@example"),
    ({"alerts": {"webhook": "http://here"}}, "alerts.webhook", "begins with https://"),
    (
        {"alerts": {"webhook": "https://example.com/hook?v=1&sig=hidden"}},
        "alerts.webhook",
        "'sig' in its query is a secret, and a stack file is no place for one; give the address",
    ),
    (
        {"events": {"all": {"webhook": "https://example.com/api/hear?code=hidden"}}},
        "events.all.webhook",
        "'code' in its query is a secret",
    ),
    *(
        (
            {"alerts": {"webhook": f"https://{user}@example.com/hook"}},
            "alerts.webhook",
            "what stands before the @ is a secret",
        )
        for user in ("me:hidden", "hidden", "a@b:hidden")
    ),
    *(
        (
            {"connections": {"a-b": {"kind": "git", "target": target, "auth": "none"}}},
            "connections.a-b.target",
            f"{what} is a secret, and a stack file is no place for one; leave it out, and name one",
        )
        for target, what in [
            ("https://me:hidden@example.com/a.git", "what stands before the @"),
            ("me:hidden@example.com/a.git", "what stands before the @"),
            ("ssh://git:hidden@example.com/a.git", "what stands before the @"),
            ("HTTPS://hidden@example.com", "what stands before the @"),
            ("https://example.com/a.git?private_token=hidden", "'private_token' in its query"),
        ]
    ),
    (
        {"alerts": {"emails": ["me@example.com"], "thresholds": {"roles-changed": 5}}},
        "alerts.thresholds.roles-changed",
        "allowed is off",
    ),
    *(
        (
            {"alerts": {"emails": ["me@example.com"], "thresholds": {rule: value}}},
            f"alerts.thresholds.{rule}",
            allowed,
        )
        for rule, value, allowed in [
            ("quota", 101, "101 makes no sense; allowed are 0 to 100"),
            ("storage-availability", -1, "allowed are 0 to 100"),
            ("failed-runs", -1, "allowed are 0 or more"),
            ("failed-jobs", -0.5, "allowed are 0 or more"),
        ]
    ),
    (
        {
            "diagnostics": "off",
            "alerts": {"emails": ["me@example.com"], "thresholds": {"failed-jobs": 5}},
        },
        "alerts.thresholds.failed-jobs",
        "diagnostics: off sends nothing there",
    ),
    (
        {
            "kubernetes": {"theirs": {"existing": AKS, "inference": "off"}},
            "endpoints": {"bike": {"compute": "theirs"}},
        },
        "endpoints.bike.compute",
        "theirs serves none, as its inference is false",
    ),
    (
        {"alerts": {"emails": ["me@example.com"], "thresholds": {"quotas": 5}}},
        "alerts.thresholds.quotas",
        "not in infra/alerts.yaml; did you mean 'quota'?",
    ),
    (
        {"alerts": {"emails": ["me@example.com"], "thresholds": {"quota": True}}},
        "alerts.thresholds.quota",
        "allowed are a number and off",
    ),
    ({"budget": {"monthly": 0, "emails": ["me@example.com"]}}, "budget.monthly", "more than 0"),
    ({"budget": {"monthly": 5}}, "budget", "tells nobody; give it emails, or the stack alerts"),
    ({"events": {"all": {}}}, "events.all", "goes to no place; allowed is one of queue, webhook"),
    (
        {"events": {"all": {"queue": "jobs", "webhook": "https://example.com"}}},
        "events.all",
        "goes to queue and webhook; allowed is one of",
    ),
    ({"events": {"all": {"queue": "Jobs"}}}, "events.all.queue", "lower-case letters"),
    ({"events": {"all": {"event_hub": "hub"}}}, "events.all.event_hub", "write an id, as"),
    (
        {"events": {"all": {"queue": "jobs", "types": ["RunFailed"]}}},
        "events.all.types.0",
        "'RunFailed'; allowed are 'ModelRegistered'",
    ),
    ({"endpoints": {"bike": {"auth": "none"}}}, "endpoints.bike.auth", "allowed are 'key'"),
    (
        {"endpoints": {"bike": {"compute": "aks"}}},
        "endpoints.bike.compute",
        "'aks' is not under kubernetes; there is nothing under kubernetes",
    ),
    (
        {"endpoints": {"bike": {}}, "batch_endpoints": {"bike": {}}},
        "batch_endpoints.bike",
        "an online and a batch endpoint; allowed is one of both",
    ),
    (
        {"instances": {"same": {}}, "clusters": {"same": {}}},
        "clusters.same",
        "same is an instance and a cluster",
    ),
]


@pytest.mark.parametrize(("added", "path", "expected"), MISTAKES)
def test_a_mistake_is_one_line(added: dict[str, Any], path: str, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse({**MINIMAL, **added}, FILE)
    message = str(caught.value)
    place = f"amlops:settings.{path}" if path else "amlops:settings"
    assert message.startswith(f"{FILE}: {place}: ")
    assert expected in message
    assert "\n" not in message
    assert "hidden" not in message


@pytest.mark.parametrize(
    "target", ["ssh://git@example.com/a", "git@example.com:a", "https://a.b/c"]
)
def test_a_user_alone_is_no_secret_where_ssh_is_spoken(target: str) -> None:
    connection = {"kind": "git", "target": target, "auth": "none"}
    assert parse({**MINIMAL, "connections": {"a-b": connection}}, FILE)


@pytest.mark.parametrize("name", ["code", "sig", "key", "token", "access_token", "apiKey"])
@pytest.mark.parametrize("start", ["https://example.com/?", "http://example.com/?v=1&"])
def test_a_secret_in_an_address_is_refused_and_not_shown(start: str, name: str) -> None:
    with pytest.raises(SettingsError, match=f"webhook: '{name}' in its query") as caught:
        parse({**MINIMAL, "alerts": {"webhook": f"{start}{name}=hidden"}}, FILE)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("end", ["", "?zipcode=1&v=code=", "/code=1", "/token?team=ml"])
def test_an_address_without_a_secret_is_taken(end: str) -> None:
    address = f"https://example.com{end}"
    chosen = parse({**MINIMAL, "alerts": {"webhook": address}}, FILE)
    assert isinstance(chosen, Settings)
    assert chosen.alerts is not None
    assert chosen.alerts.webhook == address
