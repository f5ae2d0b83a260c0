"""Fixtures of the room; a real sandbox comes from the sandbox's own tests."""

from __future__ import annotations

import pytest

from infra.settings import Settings, load
from tests.infra.every_compute import ATTACHED, KUBERNETES
from tests.infra.mocks import SUBSCRIPTION, Plan, plan, settings
from tests.sandbox.conftest import start_sandbox

__all__ = ["start_sandbox"]

EVERYTHING = {
    "registry": {"zone_redundant": True, "retention_days": 30},
    "network": {"mode": "own"},
    "encryption": {"customer_key": True},
    "protection": True,
    "vault": {"purge_protection": True},
    "tags": {"expiry": "never"},
    "instances": {"workstation": {"assigned_user": SUBSCRIPTION}},
    "clusters": {"cpu-cluster": {}, "gpu-cluster": {"priority": "low", "public_ip": False}},
    "kubernetes": KUBERNETES,
    "attached": ATTACHED,
    "endpoints": {"bike-rentals": {}, "churn": {"auth": "aad_token", "public_access": False}},
    "datastores": {
        "data": {"kind": "blob"},
        "raw": {"kind": "blob", "container": "raw-data"},
        "reports": {"kind": "files"},
        "lake": {"kind": "gen2"},
    },
    "connections": {"sales": {"kind": "sql", "server": "sales.example.com", "database": "sales"}},
    "access": {
        "scientists": {"principal": SUBSCRIPTION, "roles": ["AzureML Data Scientist"]},
        "pipeline": {
            "principal": SUBSCRIPTION,
            "type": "ServicePrincipal",
            "roles": ["Deployer"],
            "why": "The pipeline deploys what was approved.",
        },
    },
    "batch_endpoints": {"nightly": {}},
    "alerts": {"emails": ["me@example.com"]},
    "events": {"all": {"queue": "ml-events"}},
    "budget": {"monthly": 100},
}


@pytest.fixture(scope="module", params=["dev", "test", "prod", "everything"])
def chosen(request: pytest.FixtureRequest) -> Settings:
    if request.param == "everything":
        return settings(**EVERYTHING)
    found = load(request.param)
    assert isinstance(found, Settings)
    return found


@pytest.fixture(scope="module")
def planned(chosen: Settings) -> Plan:
    return plan(chosen)


@pytest.fixture(scope="module")
def everything() -> Plan:
    return plan(settings(**EVERYTHING))
