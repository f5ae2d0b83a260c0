"""What a stack file may say of network, keys and what is there already; each mistake is one line:

- Ranges that overlap or lie outside, and two things of which only one can be, name both.
- A setting that the mode has no use for is refused, with the modes that have.
- Subnets that nobody gave never overlap and lie within the network.
"""

from __future__ import annotations

import ipaddress
from itertools import combinations, permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.settings import SettingsError, image_builder, parse, registry_is_made, registry_sku
from tests.infra.every_compute import AKS, ATTACHED, SUBNET
from tests.infra.mocks import MINIMAL, SUBSCRIPTION, settings

FILE = "stacks/Pulumi.dev.yaml"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-hub"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet-hub"
LOGS = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/log-hub"
KEY = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-hub/keys/cmk"
THERE = {"virtual_network": NETWORK, "subnets": {"endpoints": "a", "compute": "b"}}
PACKAGES = {"fqdn": "packages.example.com"}

# settings beside the minimal ones, what the message says
MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"network": {"mode": "private"}}, "'public', 'managed' or 'own'"),
    ({"network": {"addresses": "10.0.0.0/16"}}, "it is for mode managed or own"),
    ({"network": {"mode": "own", "allowed_ips": ["198.51.100.1"]}}, "it is for mode public"),
    ({"network": {"mode": "own", "rules": {"p-p": PACKAGES}}}, "it is for mode managed"),
    ({"network": {"mode": "managed", "nat_gateway": True}}, "it is for mode own"),
    ({"network": {"allowed_ips": ["10.1.2.3"]}}, "is private; allowed are addresses that Azure"),
    ({"network": {"allowed_ips": ["198.51.100.0/31"]}}, "ranges up to /30"),
    ({"network": {"mode": "own", "addresses": "10.0.0.1/16"}}, "host bits set"),
    (
        {"network": {"mode": "own", "addresses": "172.16.0.0/12"}},
        "network.addresses: 172.16.0.0/12 overlaps 172.17.0.0/16, Docker's own network on every",
    ),
    (
        {
            "network": {
                "mode": "own",
                "addresses": "10.0.0.0/16",
                "subnets": {
                    "endpoints": "10.0.0.0/24",
                    "compute": "10.0.1.0/24",
                    "kubernetes": "10.0.2.0/24",
                },
            }
        },
        "network.addresses: 10.0.0.0/16 overlaps 10.0.0.0/16, the services of a Kubernetes",
    ),
    ({"network": {"mode": "own", "addresses": "10.0.0.0/30"}}, "from /8 to /29"),
    (
        {"network": {"mode": "own", "subnets": {"endpoints": "10.40.0.0/24"}}},
        "give subnets.compute",
    ),
    (
        {
            "network": {
                "mode": "own",
                "subnets": {"endpoints": "10.40.0.0/23", "compute": "10.40.1.0/24"},
            }
        },
        "subnets.compute: 10.40.1.0/24 overlaps subnets.endpoints 10.40.0.0/23",
    ),
    (
        {
            "network": {
                "mode": "own",
                "subnets": {"endpoints": "10.40.0.0/24", "compute": "10.41.0.0/24"},
            }
        },
        "subnets.compute: 10.41.0.0/24 is outside addresses 10.40.0.0/16",
    ),
    (
        {"network": {"mode": "managed", "subnets": {"compute": "10.40.0.0/24"}}},
        "computes in the service's network",
    ),
    (
        {"network": {"mode": "own", "addresses": "10.0.0.0/16", "existing": THERE}},
        "existing.virtual_network names one; give one of the two",
    ),
    (
        {"network": {"mode": "own", "existing": {"virtual_network": NETWORK}}},
        "virtual_network and subnets go together",
    ),
    (
        {"network": {"mode": "own", "existing": {"dns_zones": "rg-hub"}}},
        "write an id, as /subscriptions/",
    ),
    (
        {"network": {"mode": "managed", "rules": {"p-p": {**PACKAGES, "service_tag": "Storage"}}}},
        "fqdn and service_tag given; allowed is one of",
    ),
    (
        {"network": {"mode": "managed", "rules": {"p-p": {"service_tag": "a b"}}}},
        "'a b': allowed is a service tag, as DataFactory or Storage.WestEurope",
    ),
    ({"network": {"mode": "managed", "rules": {"p-p": {}}}}, "no destination given"),
    (
        {"network": {"mode": "managed", "rules": {"p-p": {**PACKAGES, "ports": 443}}}},
        "protocol and ports are for a service_tag",
    ),
    *(
        (
            {
                "network": {
                    "mode": "managed",
                    "rules": {"p-p": {"service_tag": "A", "ports": ports}},
                }
            },
            f"{part} is none; allowed are ports from 1 to 65535",
        )
        for ports, part in [("90-80, 99999", "90-80"), ("80,99999", "99999"), (0, "0")]
    ),
    *(
        (
            {"network": {"mode": "managed", "rules": {name: PACKAGES}}},
            "is the program's own, as are storage-queue, storage-table, lake-blob, lake-dfs",
        )
        for name in ("storage-queue", "lake-dfs")
    ),
    (
        {"network": {"mode": "managed", "rules": {"p-p": {"resource": KEY}}}},
        "resource and subresource go together",
    ),
    (
        {"network": {"mode": "managed", "outbound": "internet", "rules": {"p-p": PACKAGES}}},
        "outbound: internet allows anyway",
    ),
    ({"network": {"mode": "own"}, "registry": {"create": "lazy"}}, "set create: now"),
    ({"network": {"mode": "own"}, "registry": {"sku": "Basic"}}, "allowed is Premium"),
    ({"registry": {"create": "lazy", "sku": "Basic"}}, "leaves the registry to the service"),
    ({"encryption": {"customer_key": True}}, "set vault.purge_protection: true"),
    ({"encryption": {"key": KEY}}, "set customer_key: true"),
    ({"encryption": {"customer_key": True, "key": f"{KEY}/1"}}, "without a version"),
    ({"encryption": {"customer_key": True, "key": KEY, "key_size": 4096}}, "but key names one"),
    ({"encryption": {"key_size": 4096}}, "encryption: key_size is of a key that is made, but"),
    ({"encryption": {"rotate": "90d"}}, "set customer_key: true, or leave it out"),
    (
        {"network": {"mode": "managed", "outbound": "internet", "firewall": "basic"}},
        "network.firewall: the service makes none for outbound: internet",
    ),
    ({"registry": {"arm_tokens": False}}, "arm_tokens: is for a registry that the program makes"),
    (
        {
            "registry": {"create": "now", "arm_tokens": False},
            "kubernetes": {"made": {"create": {}, "insecure": True}},
        },
        "registry.arm_tokens: the nodes of kubernetes.made pull with such tokens",
    ),
    *(
        (
            {"workspace": {"image_build_compute": "one"}, "clusters": {"one": cluster}},
            f"workspace.image_build_compute: 'one' builds no images, as {reason}",
        )
        for cluster, reason in [
            ({"identity": "none"}, "its identity is none"),
            ({"size": "Standard_NC4as_T4_v3"}, "its size Standard_NC4as_T4_v3 has graphics cards"),
        ]
    ),
    ({"encryption": {"key_size": 2500}}, "multiples of 1024"),
    ({"encryption": {"rotate": "7d"}}, "28d to 730d"),
    (
        {"existing": {"resource_group": "rg-a"}, "names": {"resource_group": "rg-b"}},
        "existing.resource_group is given too",
    ),
    ({"existing": {"logs": "log-hub"}}, "write an id, as /subscriptions/"),
    ({"existing": {"logs": LOGS.replace("Insights/", "/")}}, "here 'Microsoft.Operational' stands"),
    ({"existing": {"logs": LOGS.replace(SUBSCRIPTION, "me")}}, "here 'me' stands for ID"),
    ({"existing": {"logs": f"{LOGS}/tables"}}, "; 'tables' at the end is too much"),
    ({"existing": {"logs": LOGS.rpartition("/")[0]}}, "; NAME is missing at the end"),
    ({"names": {"workspace": "a b"}}, "a letter or digit first"),
    (
        {"workspace": {"image_build_compute": "cpu-clster"}},
        "allowed are cpu-cluster, which there is where no clusters are given; did you mean 'cpu-c",
    ),
    (
        {"workspace": {"image_build_compute": "big"}, "clusters": {"small": {}}},
        "'big' is not under clusters; allowed are small",
    ),
    ({"workspace": {"image_build_compute": "big"}, "clusters": {}}, "nothing under clusters"),
    (
        {"network": {"mode": "managed"}, "clusters": {"cpu-cluster": {"subnet": SUBNET}}},
        "clusters.cpu-cluster.subnet: mode managed has computes in the service's network",
    ),
    (
        {"network": {"mode": "managed"}, "kubernetes": {"theirs": {"existing": AKS}}},
        "kubernetes.theirs: Azure ML supports none with network.mode managed",
    ),
    (
        {"network": {"mode": "managed"}, "attached": {"found": ATTACHED["found"]}},
        "attached.found: Azure ML supports none with network.mode managed",
    ),
    (
        {"instances": {"workstation": {"public_ip": False}}},
        "instances.workstation.public_ip: false needs a network",
    ),
    ({"attached": {"box": {**ATTACHED["box"], "create": {}}}}, "box.create: nobody reaches it"),
    (
        {"existing": {"logs": LOGS}, "logs": {"retention_days": 90}},
        "logs.retention_days: is for a Log Analytics to be made",
    ),
    ({"storage": {"soft_delete_days": 0}}, "allowed is 1 or more"),
    ({"storage": {"sas": "8d"}}, "1h to 7d"),
    ({"logs": {"daily_cap_gb": 0}}, "allowed is 0.023 or more"),
]


@pytest.mark.parametrize(("added", "expected"), MISTAKES)
def test_a_mistake_is_one_line(added: dict[str, Any], expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse({**MINIMAL, **added}, FILE)
    first = str(caught.value).splitlines()[0]
    assert first.startswith(FILE)
    assert expected in str(caught.value)
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize("ports", [1, "*", "65535", "80, 8080-8089", "80-80"])
def test_ports_that_are_taken(ports: object) -> None:
    rule = {"service_tag": "DataFactory", "ports": ports}
    chosen = settings(network={"mode": "managed", "rules": {"p-p": rule}})
    assert chosen.network.rules["p-p"].ports == str(ports)


def test_mistakes_of_one_section_do_not_hide_each_other() -> None:
    wrong = {
        "network": {
            "mode": "own",
            "allowed_ips": ["198.51.100.1"],
            "rules": {"p-p": PACKAGES},
            "subnets": {"endpoints": "10.40.0.0/24", "compute": "10.40.0.128/25"},
        },
        "registry": {"sku": "Basic"},
        "clusters": {"a-b": {"size": "Big", "min": 4, "max": 2, "idle": "2 minutes"}},
    }
    with pytest.raises(SettingsError) as caught:
        parse({**MINIMAL, **wrong}, FILE)
    assert {".".join(map(str, fault.path[1:])) for fault in caught.value.faults} == {
        "network.allowed_ips",
        "network.rules",
        "network.subnets.compute",
        "registry.sku",
        "clusters.a-b.size",
        "clusters.a-b.max",
        "clusters.a-b.idle",
    }


def whole_networks() -> st.SearchStrategy[str]:
    """Ranges that a virtual network may have."""
    lengths = st.integers(8, 28)
    return st.builds(
        lambda number, length: str(ipaddress.IPv4Network((number << 8, length), strict=False)),
        st.integers(0, 2**24 - 1),
        lengths,
    )


@given(whole_networks())
def test_subnets_that_nobody_gave_fit(addresses: str) -> None:
    network = settings(network={"mode": "own", "addresses": addresses}).network
    parts = [ipaddress.IPv4Network(text) for text in network.ranges().values()]
    assert set(network.ranges()) == {"endpoints", "compute"}
    assert all(part.subnet_of(ipaddress.IPv4Network(addresses)) for part in parts)
    assert not any(one.overlaps(other) for one, other in combinations(parts, 2))


def test_nothing_is_made_where_it_is_there_already() -> None:
    network = settings(network={"mode": "own", "existing": THERE}).network
    assert network.ranges() == {}
    assert not network.makes_nat_gateway


@pytest.mark.parametrize(
    ("added", "made", "sku"),
    [
        ({}, False, "Standard"),
        ({"registry": {"create": "now"}}, True, "Standard"),
        ({"registry": {"sku": "Basic"}}, True, "Basic"),
        ({"network": {"mode": "managed"}}, True, "Premium"),
        ({"network": {"allowed_ips": ["198.51.100.1"]}}, True, "Premium"),
        ({"registry": {"zone_redundant": True}}, True, "Premium"),
    ],
)
def test_a_registry_is_made_where_something_asks_for_it(
    added: dict[str, Any], made: bool, sku: str
) -> None:
    chosen = settings(**added)
    assert registry_is_made(chosen) is made
    assert registry_sku(chosen) == sku


def test_images_are_built_by_a_cluster_where_the_service_cannot() -> None:
    assert image_builder(settings()) is None
    for mode in ("managed", "own"):
        assert image_builder(settings(network={"mode": mode})) == "cpu-cluster"
    fast = {"gpu-cluster": {"size": "Standard_NC4as_T4_v3"}, "cpu-cluster": {}}
    assert image_builder(settings(network={"mode": "own"}, clusters=fast)) == "cpu-cluster"


def test_the_cluster_that_builds_images_does_not_hang_on_the_order_of_the_file() -> None:
    """Pulumi hands the program sorted keys; who reads the file meets them as they stand there."""
    clusters = {"cpu-b": {}, "cpu-a": {}, "a-low": {"priority": "low"}}
    for order in permutations(clusters.items()):
        assert image_builder(settings(network={"mode": "own"}, clusters=dict(order))) == "cpu-a"
    bare = {"a-bare": {"identity": "none"}, "cpu-a": {}}
    assert image_builder(settings(network={"mode": "own"}, clusters=bare)) == "cpu-a"
    cheap = {name: {"priority": "low"} for name in ("low-b", "low-a")}
    assert image_builder(settings(network={"mode": "own"}, clusters=cheap)) == "low-a"


def test_several_contradictions_are_told_at_once() -> None:
    added = {
        "network": {"mode": "managed"},
        "registry": {"create": "lazy"},
        "kubernetes": {"theirs": {"existing": AKS}},
    }
    with pytest.raises(SettingsError) as caught:
        parse({**MINIMAL, **added}, FILE)
    assert len(str(caught.value).splitlines()) == 2
