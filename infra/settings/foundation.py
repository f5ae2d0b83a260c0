"""Settings of the workspace and of what it stands on."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings.azure_ids import LogsId
from infra.settings.fields import ClusterName, Duration, Section, named, within
from infra.settings.vault_secrets import VaultName

# A pattern, and what it allows in words.
_DOTTED = (r"[-\w._()]*[-\w_()]", "letters, digits, _ - . ( and ), not ending with a full stop")
_WORD = (r"[A-Za-z0-9][\w-]*", "letters, digits, _ and -, a letter or digit first")

GroupName = Annotated[str, named(*_DOTTED, 1, 90)]
WorkspaceName = Annotated[str, named(*_WORD, 3, 33)]
AccountName = Annotated[
    str, named(r"[a-z0-9]*", "lower-case letters and digits, unique in Azure", 3, 24)
]
RegistryName = Annotated[str, named(r"[A-Za-z0-9]*", "letters and digits, unique in Azure", 5, 50)]
LogsName = Annotated[
    str,
    named(
        r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?",
        "letters, digits and hyphens, a letter or digit first and last",
        4,
        63,
    ),
]
InsightsName = Annotated[str, named(*_DOTTED, 1, 255)]
IdentityName = Annotated[str, named(*_WORD, 3, 128)]
SasAge = Annotated[Duration, within(timedelta(hours=1), timedelta(days=7), "1h to 7d")]


class OwnNames(Section):
    """Names that a team has already agreed on; None: by the Cloud Adoption Framework. Another name
    later is another resource: what the old one holds is lost.
    """

    resource_group: GroupName | None = None
    """Of the group that is made."""
    workspace: WorkspaceName | None = None
    """Of the workspace that is made."""
    storage: AccountName | None = None
    """Of its storage account."""
    lake: AccountName | None = None
    """Of the storage account with real folders, which datastores of kind gen2 have made."""
    vault: VaultName | None = None
    """Of its Key Vault, unique in Azure."""
    registry: RegistryName | None = None
    """Of the container registry, where the program makes it."""
    logs: LogsName | None = None
    """Of the Log Analytics that is made."""
    insights: InsightsName | None = None
    """Of its Application Insights."""
    workspace_identity: IdentityName | None = None
    """Of the identity that the workspace acts as."""
    compute_identity: IdentityName | None = None
    """Of the identity that instances and clusters act as."""
    endpoint_identity: IdentityName | None = None
    """Of the identity that online deployments act as."""


class Existing(Section):
    """What is there already, and is used instead of made; never deleted."""

    resource_group: GroupName | None = None
    """The group that everything is made in, of the same subscription."""
    logs: LogsId | None = None
    """Id of a Log Analytics workspace, also in another subscription."""


class Storage(Section):
    """The workspace's storage account. The lake, which datastores of kind gen2 have made, follows
    it in all but shared_keys, versioning and change_feed: there these are off.
    """

    redundancy: Literal["LRS", "ZRS", "GRS", "RAGRS", "GZRS", "RAGZRS"] = "LRS"
    """How many copies there are, in how many zones and regions."""
    shared_keys: bool = False
    """Whether account keys open it; off: the workspace reaches it by identity."""
    soft_delete_days: Annotated[int, Field(ge=1, le=365)] = 7
    """How long deleted blobs, containers and file shares can be brought back. Policy
    storage-share-soft-delete refuses less than 7 in every stack (policies/parameters.yaml)."""
    versioning: bool = False
    """Whether what is overwritten is kept as a version; each one costs what it holds."""
    change_feed: bool = False
    """Whether the account writes down what changes in it."""
    infrastructure_encryption: bool = True
    """A second encryption below the first; decided when the account is made."""
    sas: SasAge = timedelta(days=1)
    """Age up to which shared access signatures are taken for in order."""


class Vault(Section):
    """The workspace's Key Vault."""

    soft_delete_days: Annotated[int, Field(ge=7, le=90)] = 7
    """How long a deleted vault or secret can be brought back."""
    purge_protection: bool = False
    """Cannot be switched off again: a deleted vault blocks its name until its days are over."""


class Registry(Section):
    """The container registry for the images of environments."""

    create: Literal["lazy", "now"] | None = None
    """lazy: the service makes one when the first image needs it, with an administrator's password;
    None: now where the network is private or the key is the customer's, else lazy."""
    sku: Literal["Basic", "Standard", "Premium"] | None = None
    """What it can do and costs; None: Premium where something asks for it, else Standard."""
    zone_redundant: bool = False
    """Copies in three zones; decided when the registry is made."""
    retention_days: Annotated[int, Field(ge=0, le=365)] | None = None
    """After how many days manifests without a tag go; None: never."""
    arm_tokens: bool = True
    """Whether tokens for Azure Resource Manager open it: what Kubernetes nodes pull with."""

    @property
    def asks_for_premium(self) -> list[str]:
        """Its own settings that only Premium has."""
        asked = {"zone_redundant": self.zone_redundant, "retention_days": self.retention_days}
        return [name for name, value in asked.items() if value not in (False, None)]

    @model_validator(mode="after")
    def _made_by_the_program(self) -> Self:
        settled = self.model_fields_set - {"create"}
        if self.create == "lazy" and settled:
            raise ValueError(
                f"{sorted(settled)[0]} given, but create: lazy leaves the registry to the service; "
                "set create: now"
            )
        return self


class Workspace(Section):
    """The Azure Machine Learning workspace."""

    description: Annotated[str, Field(max_length=1000)] = ""
    """Shown in the studio."""
    public_access: bool | None = None
    """Whether it is reached from anywhere; None: only where the network's mode is public."""
    high_business_impact: bool = False
    """Less diagnosis by Microsoft, more encryption on nodes; decided when it is made."""
    image_build_compute: ClusterName | None = None
    """The cluster that builds images; None: the service, in a private network a cluster with an
    identity and without graphics cards, rather a dedicated one, of several the first by name."""


class LogAnalytics(Section):
    """Log Analytics, which everything is sent to."""

    retention_days: Annotated[int, Field(ge=30, le=730)] = 30
    """How long Log Analytics keeps what it is sent."""
    daily_cap_gb: Annotated[float, Field(ge=0.023, le=4000)] | None = None
    """Gigabytes a day after which nothing more is taken; None: no end."""


class Logs(LogAnalytics):
    """Log Analytics and Application Insights, which writes to it."""

    local_auth: bool = True
    """Whether Application Insights takes telemetry by its key, as deployments send it."""
