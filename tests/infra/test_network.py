"""What the program declares for each network mode, a team's own key, and what was there before:

- In a private mode no service answers to the internet, and each has its endpoints and names.
- Computes lie in the subnet of mode own, without public addresses, and nowhere in the others.
- The workspace's identity may approve the endpoints of its managed network, and of those only.
- Existing things are read, never made; no lock is put on them.
"""

from __future__ import annotations

import importlib
import ipaddress
from pathlib import Path
from typing import Any

import pytest

from infra.existing import MissingError, elsewhere, look_up, wanted
from infra.network import security_rules
from infra.settings import table
from tests.infra.every_compute import AKS, ATTACHED
from tests.infra.mocks import SUBSCRIPTION, Plan, plan, settings
from tests.infra.test_network_settings import GROUP, KEY, PACKAGES, THERE

APPROVER = "b556d68e-0be0-4f35-a333-ad7ee1ce17ea"
SERVICES = [
    "storage:StorageAccount",
    "containerregistry:Registry",
    "machinelearningservices:Workspace",
]
HUB = {**THERE, "subnets": {"endpoints": "a"}}
PRIVATE: list[dict[str, Any]] = [
    {"mode": "managed", "rules": {"packages": PACKAGES}},
    {"mode": "own"},
    {"mode": "own", "existing": THERE},
]


@pytest.fixture(scope="module", params=PRIVATE, ids=["managed", "own", "existing"])
def private(request: pytest.FixtureRequest) -> Plan:
    return plan(settings(network=request.param, endpoints={"churn": {}}))


def test_nothing_answers_to_the_internet(private: Plan) -> None:
    for kind in SERVICES:
        assert private.only(kind).inputs["publicNetworkAccess"] == "Disabled"
    vault = private.only("keyvault:Vault").inputs["properties"]
    assert vault["publicNetworkAccess"] == "Disabled"
    assert vault["networkAcls"]["defaultAction"] == "Deny"
    endpoint = private.only("machinelearningservices:OnlineEndpoint").inputs["properties"]
    assert endpoint["publicNetworkAccess"] == "Disabled"
    assert private.only("containerregistry:Registry").inputs["sku"]["name"] == "Premium"


@pytest.mark.parametrize(("wanted", "said"), [(True, "Enabled"), (None, "Disabled")])
def test_a_workspace_says_once_whether_it_is_public(wanted: bool | None, said: str) -> None:
    chosen = settings(network={"mode": "own"}, workspace={"public_access": wanted})
    workspace = plan(chosen).only("machinelearningservices:Workspace").inputs
    assert workspace["publicNetworkAccess"] == said
    assert "allowPublicAccessWhenBehindVnet" not in workspace


def test_every_service_has_its_endpoints_and_every_endpoint_its_names(private: Plan) -> None:
    endpoints = private.of_type("network:PrivateEndpoint")
    links = table("private-links.yaml")
    services = ("workspace", "storage", "vault", "registry")
    expected = {group for service in services for group in links[service]}
    leads = {
        connection["groupIds"][0]
        for endpoint in endpoints
        for connection in endpoint.inputs["privateLinkServiceConnections"]
    }
    assert leads == expected
    named = {
        group.inputs["privateEndpointName"]
        for group in private.of_type("network:PrivateDnsZoneGroup")
    }
    assert named == {endpoint.inputs["privateEndpointName"] for endpoint in endpoints}


def test_computes_wait_for_the_private_endpoints(private: Plan) -> None:
    """Without the workspace's the service refuses nodes that have no public address."""
    named = {group.name for group in private.of_type("network:PrivateDnsZoneGroup")}
    for compute in private.of_type("machinelearningservices:Compute"):
        assert named <= set(compute.dependencies)


def test_the_studio_sees_where_its_data_is(private: Plan) -> None:
    reader = table("roles.yaml")["Reader"]
    seen = {
        grant.inputs["scope"]
        for grant in private.of_type("authorization:RoleAssignment")
        if grant.inputs["roleDefinitionId"].endswith(reader)
        and grant.inputs["principalId"] == "principal of id-bikes-dev-workspace"
    }
    parts = ("blob", "file", "queue", "table")
    assert seen == {f"/id/of/pep-bikes-dev-storage-{part}" for part in parts}


def test_nodes_have_no_public_address(private: Plan) -> None:
    computes = private.of_type("machinelearningservices:Compute")
    assert computes
    for compute in computes:
        assert compute.inputs["properties"]["properties"]["enableNodePublicIp"] is False


@pytest.mark.parametrize(
    ("network", "subnet"),
    [
        ({"mode": "own"}, "/id/of/vnet-bikes-dev/subnets/snet-compute"),
        ({"mode": "own", "existing": THERE}, f"{THERE['virtual_network']}/subnets/b"),
        ({"mode": "managed"}, None),
        ({}, None),
    ],
)
def test_computes_lie_in_the_subnet_of_mode_own(network: dict[str, Any], subnet: str) -> None:
    planned = plan(settings(network=network))
    (compute,) = planned.of_type("machinelearningservices:Compute")
    found = compute.inputs["properties"]["properties"].get("subnet")
    assert (found or {}).get("id") == subnet
    workspace = planned.only("machinelearningservices:Workspace").inputs
    serverless = workspace.get("serverlessComputeSettings") or {}
    assert serverless.get("serverlessComputeCustomSubnet") == subnet


def test_an_identity_may_approve_what_its_network_reaches() -> None:
    lake = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stlake"
    rules = {"lake": {"resource": lake, "subresource": "dfs"}, "packages": PACKAGES}
    planned = plan(settings(network={"mode": "managed", "rules": rules}))
    scopes = {
        grant.inputs["scope"]
        for grant in planned.of_type("authorization:RoleAssignment")
        if grant.inputs["roleDefinitionId"].endswith(APPROVER)
    }
    own = ["storage:StorageAccount", "keyvault:Vault", "containerregistry:Registry"]
    names = {"accountName", "vaultName", "registryName"}
    ids = {
        f"/id/of/{value}"
        for kind in own
        for key, value in planned.only(kind).inputs.items()
        if key in names
    }
    assert scopes == {*ids, lake}
    assert plan(settings()).of_type("network:VirtualNetwork") == []


def test_rules_are_part_of_the_workspace() -> None:
    rules = {"packages": PACKAGES, "factory": {"service_tag": "DataFactory", "ports": 443}}
    chosen = settings(network={"mode": "managed", "rules": rules, "firewall": "basic"})
    workspace = plan(chosen).only("machinelearningservices:Workspace").inputs
    network = workspace["managedNetwork"]
    assert network["isolationMode"] == "AllowOnlyApprovedOutbound"
    assert network["firewallSku"] == "Basic"
    assert set(network["outboundRules"]) == {*rules, "storage-queue", "storage-table"}
    assert network["outboundRules"]["factory"]["destination"]["portRanges"] == "443"
    assert workspace["provisionNetworkNow"] is True


def test_a_managed_network_reaches_what_parallel_jobs_and_lakes_need() -> None:
    lakes = {"raw": {"kind": "gen2", "filesystem": "raw"}}
    planned = plan(settings(network={"mode": "managed"}, datastores=lakes))
    workspace = planned.only("machinelearningservices:Workspace").inputs
    reached = {
        (rule["destination"]["serviceResourceId"], rule["destination"]["subresourceTarget"])
        for rule in workspace["managedNetwork"]["outboundRules"].values()
    }
    account, lake = (
        f"/id/of/{planned.resources[f'{name}-account'].inputs['accountName']}"
        for name in ("storage", "lake")
    )
    assert reached == {(account, "queue"), (account, "table"), (lake, "blob"), (lake, "dfs")}


def test_rules_of_a_security_group_have_numbers_of_their_own() -> None:
    for name, rows in table("network-rules.yaml").items():
        rules = security_rules(
            rows,
            "eastus",
            closed_outbound=name == "compute",
            special=("public_nodes", "public_machines", "high_business_impact"),
        )
        numbers = [(rule["direction"], rule["priority"]) for rule in rules]
        assert len(set(numbers)) == len(numbers)
        assert all(100 <= rule["priority"] <= 4096 for rule in rules)
    compute = security_rules(table("network-rules.yaml")["compute"], "eastus", closed_outbound=True)
    assert compute[-1]["access"] == "Deny"
    assert "BatchNodeManagement.eastus" in {r["destination_address_prefix"] for r in compute}


MACHINE = {**ATTACHED["box"], "create": {"public_ip": True}}


@pytest.mark.parametrize(
    ("changes", "rule", "port"),
    [
        ({}, None, None),
        ({"clusters": {"open": {"public_ip": True}}}, "AllowPublicNodesInbound", "44224"),
        ({"instances": {"open": {"public_ip": True}}}, "AllowPublicNodesInbound", "44224"),
        ({"attached": {"box": MACHINE}}, "AllowPublicMachinesInbound", "22"),
        ({"workspace": {"high_business_impact": True}}, "AllowVaultOutbound", "443"),
    ],
)
def test_a_door_is_open_only_for_what_needs_it(
    changes: dict[str, Any], rule: str | None, port: str | None
) -> None:
    planned = plan(settings(network={"mode": "own"}, **changes))
    group = planned.resources["network-rules-compute"].inputs["securityRules"]
    rows = table("network-rules.yaml")["compute"]
    seldom = {
        f"Allow{row['name']}{direction.capitalize()}"
        for direction, row in ((way, row) for way, found in rows.items() for row in found)
        if "if" in row
    }
    found = {one["name"]: one["destinationPortRanges"] for one in group if one["name"] in seldom}
    assert found == ({rule: [port]} if rule else {})


def test_outbound_internet_leaves_a_subnet_open() -> None:
    planned = plan(settings(network={"mode": "own", "outbound": "internet"}))
    rules = [
        rule
        for group in planned.of_type("network:NetworkSecurityGroup")
        for rule in group.inputs["securityRules"]
        if rule["direction"] == "Outbound"
    ]
    assert rules
    assert all(rule["access"] == "Allow" for rule in rules)


def test_a_firewall_is_the_same_on_all_that_have_one() -> None:
    planned = plan(settings(network={"allowed_ips": ["198.51.100.0/24"]}))
    account = planned.only("storage:StorageAccount").inputs["networkRuleSet"]
    vault = planned.only("keyvault:Vault").inputs["properties"]["networkAcls"]
    registry = planned.only("containerregistry:Registry").inputs["networkRuleSet"]
    assert {item["defaultAction"] for item in (account, vault, registry)} == {"Deny"}
    assert [rule["value"] for rule in vault["ipRules"]] == ["198.51.100.0/24"]
    for rules in (account["ipRules"], registry["ipRules"]):
        assert [rule["iPAddressOrRange"] for rule in rules] == ["198.51.100.0/24"]


def test_a_key_that_is_there_is_used_and_none_is_made() -> None:
    planned = plan(settings(encryption={"customer_key": True, "key": KEY}))
    assert planned.of_type("keyvault:Key") == []
    encryption = planned.only("storage:StorageAccount").inputs["encryption"]
    assert encryption["keyVaultProperties"]["keyName"] == "cmk"
    grants = [r for r in planned.resources.values() if r.name.endswith("encryption-key")]
    assert [grant.inputs["scope"] for grant in grants] == [KEY]


def test_what_was_there_is_read_and_not_locked() -> None:
    logs = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/log-hub"
    chosen = settings(existing={"resource_group": "rg-team", "logs": logs}, protection=True)
    planned = plan(chosen)
    assert planned.of_type("resources:ResourceGroup") == []
    assert planned.of_type("operationalinsights:Workspace") == []
    locked = {r.inputs["scope"] for r in planned.of_type("authorization:ManagementLockByScope")}
    assert locked
    assert not locked & set(planned.read.values())
    assert set(planned.read.values()) >= {
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-team",
        logs,
    }
    assert planned.outputs["resourceGroup"] == "rg-team"
    assert planned.outputs["ownsResourceGroup"] is False


def test_all_that_is_missing_is_told_at_once() -> None:
    chosen = settings(
        existing={"resource_group": "rg-team"},
        network={"mode": "own", "existing": {**THERE, "dns_zones": GROUP}},
        encryption={"customer_key": True, "key": KEY},
    )
    with pytest.raises(MissingError) as caught:
        look_up(chosen, SUBSCRIPTION, lambda _id, _version: None)
    found = [(".".join(map(str, fault.path)), fault.text) for fault in caught.value.found]
    assert all(text.startswith("there is no ") for _, text in found)
    assert [setting for setting, _ in found] == [w.setting for w in wanted(chosen, SUBSCRIPTION)]
    assert {"existing.resource_group", "network.existing.subnets.compute"} <= dict(found).keys()
    zones = [text for setting, text in found if setting == "network.existing.dns_zones"]
    assert len(zones) == 8


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"network": {"mode": "own", "existing": THERE}}, "network.existing.virtual_network"),
        ({"network": {"mode": "managed", "existing": HUB}}, "network.existing.virtual_network"),
        ({"network": {"mode": "managed", "existing": {"dns_zones": GROUP}}}, None),
        ({"encryption": {"customer_key": True, "key": KEY}}, "encryption.key"),
        ({"kubernetes": {"theirs": {"existing": AKS}}}, "kubernetes.theirs.existing"),
    ],
)
def test_what_has_to_be_in_the_workspaces_subscription_is_told(
    changes: dict[str, Any], setting: str | None
) -> None:
    other = SUBSCRIPTION.replace("0f", "1f")
    chosen = settings(**changes)
    found = [".".join(map(str, fault.path)) for fault in elsewhere(chosen, other)]
    assert found == ([setting] if setting else [])
    assert list(elsewhere(chosen, SUBSCRIPTION.upper())) == []
    if setting:
        with pytest.raises(MissingError, match="is in another subscription"):
            look_up(chosen, other, lambda _id, _version: {"name": "there"})


def test_the_page_lists_the_zones_that_have_to_be_there() -> None:
    page = Path("docs/network.md").read_text(encoding="utf-8")
    rows = table("private-links.yaml")
    listed = {
        line.split("`")[1] for line in page.splitlines() if line.startswith("| `privatelink.")
    }
    assert listed == {zone for links in rows.values() for zones in links.values() for zone in zones}


def test_the_places_of_datastores_on_accounts_of_others_are_looked_up() -> None:
    account = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stdata"
    key = {"auth": "account_key", "secret": "key"}
    there = {
        "kept": {"kind": "blob", "container": "kept"},
        "raw": {"kind": "blob", "container": "raw"},
        "lake": {"kind": "gen2", "filesystem": "lake"},
        "reports": {"kind": "files", "share": "reports"},
        "by_key": {"kind": "blob", "container": "theirs", **key},
    }
    chosen = settings(
        datastores={"own": {"kind": "blob"}}
        | {name: {"account": account, **given} for name, given in there.items()}
    )
    kept = {account, f"{account}/blobServices/default/containers/kept"}
    with pytest.raises(MissingError) as caught:
        look_up(chosen, SUBSCRIPTION, lambda one, _: {"name": one} if one in kept else None)
    told = {".".join(map(str, fault.path)): fault.text for fault in caught.value.found}
    assert told.keys() == {
        "datastores.raw.container",
        "datastores.lake.filesystem",
        "datastores.reports.share",
    }
    assert f"{account}/fileServices/default/shares/reports" in told["datastores.reports.share"]
    assert "; make it, since" in told["datastores.raw.container"]


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (PermissionError("HTTP 403"), "or whoever deploys may not see it"),
        (OSError("no route"), "cannot tell whether .*/rg-team is there: no route"),
    ],
)
def test_a_refusal_and_silence_are_told(raised: OSError, expected: str) -> None:
    def get(_id: str, _version: str) -> None:
        raise raised

    with pytest.raises(MissingError, match=expected):
        look_up(settings(existing={"resource_group": "rg-team"}), SUBSCRIPTION, get)


def test_a_key_is_found_with_its_version_and_its_vault_must_be_protected() -> None:
    chosen = settings(encryption={"customer_key": True, "key": KEY})
    found = {
        KEY: {"name": "cmk", "properties": {"keyUriWithVersion": "https://kv/keys/cmk/7"}},
        KEY.rsplit("/keys/", 1)[0]: {
            "name": "kv-hub",
            "properties": {"enablePurgeProtection": True},
        },
    }
    assert look_up(chosen, SUBSCRIPTION, lambda one, _: found[one]) == "https://kv/keys/cmk/7"
    found[KEY.rsplit("/keys/", 1)[0]]["properties"] = {}
    with pytest.raises(MissingError, match="no purge protection"):
        look_up(chosen, SUBSCRIPTION, lambda one, _: found[one])


def test_the_default_network_has_room() -> None:
    settings_network = importlib.import_module("infra.settings.network")
    assert ipaddress.IPv4Network(settings_network.ADDRESSES).prefixlen <= 23
