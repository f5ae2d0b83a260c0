"""The settings of a stack, `amlops:settings` in its file, checked before anything is planned.

Nothing here imports Pulumi, so that a check takes no engine.
"""

from infra.settings.attached import (
    Attached,
    Databricks,
    HDInsight,
    NewMachine,
    SynapseSpark,
    VaultSecret,
    VirtualMachine,
)
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
from infra.settings.endpoints import Endpoint
from infra.settings.faults import KEY, SettingsError
from infra.settings.fields import Section, iso8601, table
from infra.settings.files import check_environment, load, parse
from infra.settings.foundation import Logs, Storage, Vault, Workspace
from infra.settings.identity import DELEGATE, Access
from infra.settings.kubernetes import Kubernetes, NewKubernetes
from infra.settings.stack import Settings

__all__ = [
    "DELEGATE",
    "KEY",
    "Access",
    "Attached",
    "Cluster",
    "Connection",
    "DatabaseConnection",
    "Databricks",
    "DatabricksFilesConnection",
    "Datastore",
    "Endpoint",
    "FilesDatastore",
    "HDInsight",
    "Instance",
    "Kubernetes",
    "Logs",
    "NewKubernetes",
    "NewMachine",
    "OneLakeDatastore",
    "PowerSchedule",
    "Script",
    "Section",
    "Settings",
    "SettingsError",
    "Storage",
    "StorageDatastore",
    "SynapseSpark",
    "Vault",
    "VaultSecret",
    "VirtualMachine",
    "Workspace",
    "check_environment",
    "iso8601",
    "load",
    "parse",
    "table",
]
