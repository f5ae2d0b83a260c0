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
from infra.settings.data import Datastore
from infra.settings.endpoints import Endpoint
from infra.settings.faults import KEY, SettingsError
from infra.settings.fields import Section, iso8601, table
from infra.settings.files import check_environment, load, parse
from infra.settings.foundation import Logs, Storage, Vault, Workspace
from infra.settings.identity import Access
from infra.settings.kubernetes import Kubernetes, NewKubernetes
from infra.settings.stack import Settings

__all__ = [
    "KEY",
    "Access",
    "Attached",
    "Cluster",
    "Databricks",
    "Datastore",
    "Endpoint",
    "HDInsight",
    "Instance",
    "Kubernetes",
    "Logs",
    "NewKubernetes",
    "NewMachine",
    "PowerSchedule",
    "Script",
    "Section",
    "Settings",
    "SettingsError",
    "Storage",
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
