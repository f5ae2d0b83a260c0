"""The settings of a stack, `amlops:settings` in its file, checked before anything is planned.

Nothing here imports Pulumi, so that a check takes no engine.
"""

from infra.settings.compute import Cluster, Instance
from infra.settings.data import Datastore
from infra.settings.endpoints import Endpoint
from infra.settings.faults import KEY, SettingsError
from infra.settings.fields import Section, iso8601, table
from infra.settings.files import check_environment, load, parse
from infra.settings.foundation import Logs, Storage, Vault, Workspace
from infra.settings.identity import Access
from infra.settings.stack import Settings

__all__ = [
    "KEY",
    "Access",
    "Cluster",
    "Datastore",
    "Endpoint",
    "Instance",
    "Logs",
    "Section",
    "Settings",
    "SettingsError",
    "Storage",
    "Vault",
    "Workspace",
    "check_environment",
    "iso8601",
    "load",
    "parse",
    "table",
]
