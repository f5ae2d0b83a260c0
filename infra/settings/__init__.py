"""The settings of a stack, `amlops:settings` in its file, checked before anything is planned.

Nothing here imports Pulumi, so that a check takes no engine.
"""

from infra.settings.agreement import image_builder, registry_is_made, registry_sku
from infra.settings.alerts import ActivityRule, Alerts, MetricRule, QueryRule, alert_rules
from infra.settings.attached import (
    Attached,
    Databricks,
    HDInsight,
    NewMachine,
    SynapseSpark,
    VirtualMachine,
)
from infra.settings.azure_ids import ResourceId
from infra.settings.compute import Cluster, Instance, PowerSchedule, Script
from infra.settings.data import (
    Connection,
    DatabaseConnection,
    DatabricksFilesConnection,
    Datastore,
    FilesDatastore,
    OneLakeDatastore,
    StorageDatastore,
)
from infra.settings.encryption import Encryption
from infra.settings.endpoints import BatchEndpoint, Endpoint
from infra.settings.faults import KEY, Fault, FaultsError, SettingsError
from infra.settings.fields import Section, iso8601, table
from infra.settings.files import Stack, check_environment, load, mistaken, parse
from infra.settings.foundation import (
    Existing,
    LogAnalytics,
    Logs,
    Registry,
    Storage,
    Vault,
    Workspace,
)
from infra.settings.governance import Budget, Event
from infra.settings.identity import DELEGATE, Access
from infra.settings.kubernetes import InstanceType, Kubernetes, NewKubernetes, NodePool
from infra.settings.network import Network, OutboundRule
from infra.settings.owned import Owned
from infra.settings.registry import RegistryStack
from infra.settings.stack import Settings
from infra.settings.vault_secrets import NamedSecret, VaultSecret, named_secrets

__all__ = [
    "DELEGATE",
    "KEY",
    "Access",
    "ActivityRule",
    "Alerts",
    "Attached",
    "BatchEndpoint",
    "Budget",
    "Cluster",
    "Connection",
    "DatabaseConnection",
    "Databricks",
    "DatabricksFilesConnection",
    "Datastore",
    "Encryption",
    "Endpoint",
    "Event",
    "Existing",
    "Fault",
    "FaultsError",
    "FilesDatastore",
    "HDInsight",
    "Instance",
    "InstanceType",
    "Kubernetes",
    "LogAnalytics",
    "Logs",
    "MetricRule",
    "NamedSecret",
    "Network",
    "NewKubernetes",
    "NewMachine",
    "NodePool",
    "OneLakeDatastore",
    "OutboundRule",
    "Owned",
    "PowerSchedule",
    "QueryRule",
    "Registry",
    "RegistryStack",
    "ResourceId",
    "Script",
    "Section",
    "Settings",
    "SettingsError",
    "Stack",
    "Storage",
    "StorageDatastore",
    "SynapseSpark",
    "Vault",
    "VaultSecret",
    "VirtualMachine",
    "Workspace",
    "alert_rules",
    "check_environment",
    "image_builder",
    "iso8601",
    "load",
    "mistaken",
    "named_secrets",
    "parse",
    "registry_is_made",
    "registry_sku",
    "table",
]
