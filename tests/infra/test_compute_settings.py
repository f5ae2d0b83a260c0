"""What a stack file may say of computes, and that a mistake in it tells how to mend it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml.constants import TimeZone

from infra.settings import Settings, SettingsError, parse, table
from tests.infra.every_compute import (
    AKS,
    CLUSTERS,
    DATABRICKS,
    HDINSIGHT,
    INSTANCES,
    MACHINE,
    PUBLIC_KEY,
    SPARK,
)
from tests.infra.mocks import MINIMAL, settings

FILE = "stacks/Pulumi.dev.yaml"
STOP = {"action": "stop"}
KEY = {"secret": "vm-key"}
PRIVATE = "PRIVATE KEY-----"

INSTANCE_MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({"idle": "14m"}, "idle", "allowed is 15m to 3d"),
    ({"idle": "4d"}, "idle", "allowed is 15m to 3d"),
    ({"size": "Standard_Z1"}, "size", "not in infra/vm-sizes.yaml; did you mean"),
    ({"identity": "mine"}, "identity", "allowed are 'user', 'system' or 'none'"),
    ({"applications": "public"}, "applications", "allowed are 'personal' or 'shared'"),
    ({"subnet": "compute"}, "subnet", "Microsoft.Network/virtualNetworks/NAME/subnets/NAME"),
    ({"ssh": {"public_key": "ssh-rsa mine"}}, "ssh.public_key", "the text of a .pub file"),
    ({"ssh": {"public_key": "ssh-rsa AAAAB3…"}}, "ssh.public_key", "the text of a .pub file"),
    (
        {"ssh": {"public_key": f"-----BEGIN RSA {PRIVATE}"}},
        "ssh.public_key",
        "private key, which must never stand here",
    ),
    ({"setup": {"start": {}}}, "setup.start", "either 'file' or 'text'"),
    ({"setup": {"start": {"file": "no.sh"}}}, "setup.start.file", "no such file in this repo"),
    ({"setup": {"start": {"file": "../x.sh"}}}, "setup.start.file", "no such file in this repo"),
    (
        {"setup": {"start": {"text": "true", "timeout": "3h"}}},
        "setup.start.timeout",
        "allowed is 1m to 2h",
    ),
    ({"schedules": {"pm": STOP}}, "schedules.pm", "either 'cron' or 'every'"),
    (
        {"schedules": {"pm": STOP | {"cron": "0 19 * * *", "interval": 2}}},
        "schedules.pm",
        "'interval' goes with 'every', not with 'cron'",
    ),
    ({"schedules": {"pm": STOP | {"every": "day"}}}, "schedules.pm", "needs a time of day"),
    (
        {"schedules": {"pm": STOP | {"every": "week", "at": "18:00"}}},
        "schedules.pm",
        "'weekdays' goes with every: week",
    ),
    (
        {"schedules": {"pm": STOP | {"every": "day", "at": "6pm"}}},
        "schedules.pm.at",
        'as "18:30"',
    ),
    (
        {"schedules": {"pm": STOP | {"cron": "0 25 * * *"}}},
        "schedules.pm.cron",
        "hour '25': allowed are 0 to 23",
    ),
    ({"schedules": {"pm": STOP | {"cron": "0 18 * *"}}}, "schedules.pm.cron", "five fields"),
    (
        {"schedules": {"pm": STOP | {"cron": "0 18 * * *", "time_zone": "Asia/Seoul"}}},
        "schedules.pm.time_zone",
        "allowed are Windows' names, such as UTC, Korea Standard Time",
    ),
    ({"schedules": {"pm": {"action": "pause"}}}, "schedules.pm.action", "'start' or 'stop'"),
    (
        {"schedules": {f"at-{hour}": STOP | {"cron": f"0 {hour} * * *"} for hour in range(5)}},
        "schedules",
        "allowed is 4 or less",
    ),
]

CLUSTER_MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({"min": 3, "max": 2}, "max", "min 3 is above max 2; allowed is min ≤ max"),
    ({"ssh": {"public_key": PUBLIC_KEY, "user": "root"}}, "ssh.user", "reserved, as are admin"),
    ({"ssh": {"user": "me"}}, "ssh.public_key", "missing"),
    ({"priority": "spot"}, "priority", "allowed are 'dedicated' or 'low'"),
]

QUANTITY = "allowed are quantities, as 2, 500m or 4Gi"
KUBERNETES_MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({}, "", "either 'create' or 'existing'; allowed is one of the two"),
    ({"create": {}, "existing": AKS}, "", "either 'create' or 'existing'"),
    ({"existing": MACHINE}, "existing", "Microsoft.ContainerService/managedClusters/NAME"),
    ({"create": {}}, "", "inference takes 'tls', or 'insecure: true'"),
    ({"existing": AKS, "instance_types": {}}, "", "instance_types: there is none"),
    *(
        ({"existing": AKS, "instance_types": {"a": {"cpu": cpu}}}, "instance_types.a.cpu", QUANTITY)
        for cpu in ("two", 0.5)
    ),
    (
        {"create": {"pools": {"main": {"mode": "system", "labels": {"a b": "c"}}}}},
        "create.pools.main.labels.a b",
        "allowed are letters, digits and _ . / -, a letter or digit first and last",
    ),
    (
        {"existing": AKS, "training": False, "inference": False},
        "",
        "training and inference are both false",
    ),
    (
        {"existing": AKS, "default_instance_type": "big"},
        "",
        "default_instance_type: 'big'; allowed are defaultinstancetype",
    ),
    (
        {"existing": AKS, "instance_types": {"small": {"memory": "2 GB"}}},
        "instance_types.small.memory",
        QUANTITY,
    ),
    ({"create": {"pools": {"work": {}}}}, "create", "none has mode system"),
    (
        {"create": {"pools": {"system": {"mode": "system", "min": 0}}}},
        "create.pools.system",
        "at least one node",
    ),
    ({"create": {"pools": {"my-pool": {}}}}, "create.pools.my-pool", "lower-case letters and digi"),
    (
        {"create": {"private": True, "authorized_ips": ["1.2.3.4"]}},
        "create",
        "authorized_ips is for a public API",
    ),
    ({"create": {"authorized_ips": ["here"]}}, "create.authorized_ips.0", "an IPv4 address"),
    ({"create": {"version": "latest"}}, "create.version", 'as "1.33"'),
]

ATTACHED_MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "abacus"}, "", "'virtual-machine', 'databricks', 'hdinsight'"),
    ({"kind": "virtual-machine"}, "private_key", "missing"),
    (
        {"kind": "virtual-machine", "private_key": "-----BEGIN RSA"},
        "private_key",
        "expected keys with values",
    ),
    ({"kind": "virtual-machine", "private_key": KEY}, "", "either 'create' or one that is there"),
    (
        {"kind": "virtual-machine", "private_key": KEY, "create": {}, "existing": MACHINE},
        "",
        "either 'create' or one that is there",
    ),
    (
        {"kind": "virtual-machine", "private_key": KEY, "create": {}},
        "",
        "public_key: missing",
    ),
    (
        {"kind": "virtual-machine", "private_key": KEY, "address": "10.0.0.4", "port": 0},
        "port",
        "allowed is 1 or more",
    ),
    (
        {"kind": "virtual-machine", "private_key": KEY, "existing": AKS},
        "existing",
        "write an id, as",
    ),
    ({"kind": "databricks", "existing": DATABRICKS}, "token", "missing"),
    (
        {"kind": "databricks", "existing": DATABRICKS, "token": KEY, "port": 22},
        "port",
        "unknown; allowed are",
    ),
    ({"kind": "hdinsight", "existing": HDINSIGHT}, "", "either 'private_key' or 'password'"),
    (
        {"kind": "synapse-spark", "existing": SPARK, "identity": "none"},
        "identity",
        "allowed are 'user' or 'system'",
    ),
]

MISTAKES = [
    ({kind: {name: settings}}, ".".join(part for part in (kind, name, path) if part), expected)
    for kind, name, mistakes in (
        ("instances", "ws", INSTANCE_MISTAKES),
        ("clusters", "cc", CLUSTER_MISTAKES),
        ("kubernetes", "k8s", KUBERNETES_MISTAKES),
        ("attached", "box", ATTACHED_MISTAKES),
    )
    for settings, path, expected in mistakes
] + [
    ({"attached": {name: {"kind": "databricks"}}}, f"attached.{name}", expected)
    for name, expected in (
        ("a" * 64, "has 64 characters; allowed are 2 to 16"),
        ("my~box", "lower-case letters, digits and single hyphens"),
        ("my.box", "lower-case letters, digits and single hyphens"),
    )
]


@pytest.mark.parametrize(("added", "path", "expected"), MISTAKES)
def test_a_mistake_is_one_line(added: dict[str, Any], path: str, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse({**MINIMAL, **added}, FILE)
    first = str(caught.value).splitlines()[0]
    assert f"amlops:settings.{path}" in first
    assert expected in first


@pytest.mark.parametrize("character", "\\~!@#$%^&*()=+_[]{}|;:'\",<>/?.")
def test_no_name_of_an_attached_machine_has_these(character: str) -> None:
    box = {"kind": "virtual-machine", "address": "10.0.0.4", "private_key": KEY}
    parse({**MINIMAL, "attached": {"box": box}}, FILE)
    with pytest.raises(SettingsError, match="lower-case letters"):
        parse({**MINIMAL, "attached": {f"b{character}x": box}}, FILE)


def test_a_name_is_of_one_compute_only() -> None:
    box = {"kind": "virtual-machine", "address": "10.0.0.4", "private_key": KEY}
    with pytest.raises(SettingsError, match="box is a cluster and an attached compute"):
        parse({**MINIMAL, "clusters": {"box": {}}, "attached": {"box": box}}, FILE)


def test_the_first_instance_type_is_the_first_by_name() -> None:
    theirs = {"existing": AKS, "instance_types": {"small": {}, "big": {}}}
    assert settings(kubernetes={"theirs": theirs}).kubernetes["theirs"].default_type == "big"


def test_a_script_of_the_repository_is_sent_along() -> None:
    chosen = parse({**MINIMAL, "instances": INSTANCES, "clusters": CLUSTERS}, FILE)
    assert isinstance(chosen, Settings)
    setup = chosen.instances["workstation"].setup
    assert setup.creation
    assert base64.b64decode(setup.creation.data) == Path("Pulumi.yaml").read_bytes()
    assert setup.start
    assert base64.b64decode(setup.start.data) == b"echo started"


def test_the_time_zones_are_the_official_clients() -> None:
    assert set(table("time-zones.yaml")) == {str(zone.value) for zone in TimeZone}


@pytest.mark.parametrize("cpu", [2, "2", "500m"])
def test_a_quantity_needs_no_quotes(cpu: object) -> None:
    types = {"small": {"cpu": cpu}}
    chosen = settings(kubernetes={"k8s": {"existing": AKS, "instance_types": types}})
    assert chosen.kubernetes["k8s"].instance_types["small"].cpu == str(cpu)
