"""The official management clients, made once."""

from __future__ import annotations

import importlib
import uuid
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from tests.sandbox.conftest import RunningSandbox

CLIENTS = {
    "resources": ("azure.mgmt.resource.resources", "ResourceManagementClient"),
    "locks": ("azure.mgmt.resource.locks", "ManagementLockClient"),
    "storage": ("azure.mgmt.storage", "StorageManagementClient"),
    "vaults": ("azure.mgmt.keyvault", "KeyVaultManagementClient"),
    "logs": ("azure.mgmt.loganalytics", "LogAnalyticsManagementClient"),
    "insights": ("azure.mgmt.applicationinsights", "ApplicationInsightsManagementClient"),
    "registries": ("azure.mgmt.containerregistry", "ContainerRegistryManagementClient"),
    "identities": ("azure.mgmt.msi", "ManagedServiceIdentityClient"),
    "monitor": ("azure.mgmt.monitor", "MonitorManagementClient"),
    "events": ("azure.mgmt.eventgrid", "EventGridManagementClient"),
    "budgets": ("azure.mgmt.consumption", "ConsumptionManagementClient"),
    "dns": ("azure.mgmt.privatedns", "PrivateDnsManagementClient"),
    "roles": ("azure.mgmt.authorization", "AuthorizationManagementClient"),
    "kubernetes": ("azure.mgmt.containerservice", "ContainerServiceClient"),
    "machines": ("azure.mgmt.compute", "ComputeManagementClient"),
    "disks": ("azure.mgmt.compute", "ComputeManagementClient"),
    "networks": ("azure.mgmt.network", "NetworkManagementClient"),
    "databricks": ("azure.mgmt.databricks", "AzureDatabricksManagementClient"),
    "hdinsight": ("azure.mgmt.hdinsight", "HDInsightManagementClient"),
    "synapse": ("azure.mgmt.synapse", "SynapseManagementClient"),
}


class Clients:
    """``clients.storage`` and so on, by the names of the table above."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox

    def __getattr__(self, name: str) -> Any:
        module, kind = CLIENTS[name]
        make = getattr(importlib.import_module(module), kind)
        client = make(self.sandbox.credential(), self.sandbox.subscription)
        setattr(self, name, client)
        return client


@pytest.fixture(scope="package")
def clients(sandbox: RunningSandbox) -> Clients:
    return Clients(sandbox)


@pytest.fixture
def unique() -> str:
    return uuid.uuid4().hex[:10]


def code(raised: pytest.ExceptionInfo[HttpResponseError]) -> tuple[int | None, str | None]:
    """Status and code of what the client raised."""
    error = raised.value.error
    return raised.value.status_code, error.code if error else None
