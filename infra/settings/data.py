"""Settings of the data that a workspace refers to: datastores, and connections for the rest.

What Azure ML's v2 service has a datastore for is a datastore; databases and the Databricks file
system, which it has none for, are connections. Neither holds a secret: it names one in Key Vault.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from infra.settings.azure_ids import LakeStoreId, StorageAccountId
from infra.settings.compute_fields import Port
from infra.settings.contacts import without_secret
from infra.settings.faults import Fault, FaultsError
from infra.settings.fields import ContainerName, Section, Uuid, named, table
from infra.settings.hosts import Host
from infra.settings.vault_secrets import SecretName, VaultName


class LogIn(Section):
    """How the other side is told who asks."""

    auth: str = "identity"
    """identity: as the workspace's and the jobs' own, without a secret."""
    secret: SecretName | None = None
    """The secret in Key Vault that holds the key, token or password; never the value itself."""
    vault: VaultName | None = None
    """The vault that has it; None: the environment's own."""
    client: Uuid | None = None
    """Of a service principal: its application id."""
    tenant: Uuid | None = None
    """Of a service principal: its directory; None: the subscription's."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = {"secret"} if self.auth not in ("identity", "none") else set()
        needed |= {"client"} if self.auth == "service_principal" else set()
        allowed = needed | ({"vault"} if "secret" in needed else set())
        allowed |= {"tenant"} if "client" in needed else set()
        for name in ("secret", "vault", "client", "tenant"):
            if name in needed and not getattr(self, name):
                raise ValueError(f"auth: {self.auth} needs {name}; give it a value")
            if name not in allowed and getattr(self, name):
                raise ValueError(f"{name} is not for auth: {self.auth}; leave it out")
        return self


class DatastoreBase(LogIn):
    """What every kind of datastore has."""

    description: Annotated[str, Field(max_length=1000)] = ""
    """Shown in the studio."""


class StorageDatastore(DatastoreBase):
    """A datastore on a storage account."""

    kind: str
    account: StorageAccountId | None = None
    """Id of an account that is there already, also in another subscription; None: ours."""
    read_only: bool = False
    """Whether workspace and jobs may only read."""

    @property
    @abstractmethod
    def place(self) -> str:
        """The name of its container, share or filesystem."""

    @model_validator(mode="after")
    def _read_only_elsewhere(self) -> Self:
        if self.read_only and self.auth != "identity":
            raise ValueError(
                "read_only is a role for identities, and auth is "
                f"{self.auth}; leave it out and use a secret that can only read"
            )
        return self


class BlobDatastore(StorageDatastore):
    """A blob container."""

    kind: Literal["blob"]
    container: ContainerName = "data"
    """The container; made where the account is ours."""
    auth: Literal["identity", "account_key", "sas"] = "identity"

    @property
    def place(self) -> str:
        return self.container


class FilesDatastore(StorageDatastore):
    """An Azure file share."""

    kind: Literal["files"]
    share: ContainerName = "data"
    """The share; made where the account is ours."""
    quota_gb: Annotated[int, Field(ge=1, le=102400)] = 100
    """What a share that is made may hold."""
    auth: Literal["identity", "account_key", "sas"] = "identity"

    @property
    def place(self) -> str:
        return self.share


class Gen2Datastore(StorageDatastore):
    """A filesystem of Data Lake Storage Gen2."""

    kind: Literal["gen2"]
    filesystem: ContainerName = "data"
    """The filesystem; made where the account is ours."""
    auth: Literal["identity", "service_principal"] = "identity"

    @property
    def place(self) -> str:
        return self.filesystem


class Gen1Datastore(DatastoreBase):
    """Data Lake Storage Gen1: one that is there, since Azure makes no new ones."""

    kind: Literal["gen1"]
    account: LakeStoreId
    """Id of the account."""
    auth: Literal["identity", "service_principal"] = "identity"


class OneLakeDatastore(DatastoreBase):
    """A lakehouse in Microsoft Fabric's OneLake."""

    kind: Literal["onelake"]
    workspace: Uuid
    """Of the Fabric workspace."""
    artifact: Uuid
    """Of the lakehouse."""
    auth: Literal["identity", "service_principal"] = "identity"


Datastore = Annotated[
    BlobDatastore | FilesDatastore | Gen2Datastore | Gen1Datastore | OneLakeDatastore,
    Field(discriminator="kind"),
]


class ConnectionBase(LogIn):
    """What every kind of connection has."""

    user: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    """Of auth password: who logs in; of auth access_key: the key's id."""
    shared: bool = True
    """Whether everybody in the workspace may use it, or only who deploys it."""

    @model_validator(mode="after")
    def _user(self) -> Self:
        wanted = self.auth in ("password", "access_key")
        if wanted and not self.user:
            raise ValueError(f"auth: {self.auth} needs user; give it a value")
        if self.user and not wanted:
            raise ValueError(f"user is not for auth: {self.auth}; leave it out")
        return self


class DatabaseConnection(ConnectionBase):
    """A database, which today's service has no datastore for."""

    kind: Literal["sql", "synapse", "postgresql", "mysql"]
    """Whose database it is."""
    server: Host
    """Its host."""
    database: Annotated[str, named(r"[^;={}]+", "names without ; = { and }, as sales", 1, 128)]
    """Its name."""
    port: Port | None = None
    """The port; None: the usual one."""
    auth: Literal["identity", "password", "service_principal"] = "identity"


class DatabricksFilesConnection(ConnectionBase):
    """The file system of a Databricks workspace, which today's service has no datastore for."""

    kind: Literal["databricks-files"]
    server: Host
    """Of the workspace, as adb-1234567890123456.7.azuredatabricks.net."""
    path: Annotated[
        str, named(r"dbfs:/.*", "a path that begins with dbfs:/, as dbfs:/mnt/raw", 6, 1000)
    ] = "dbfs:/"
    """The folder."""
    auth: Literal["identity", "token", "service_principal"] = "identity"


class ExternalConnection(ConnectionBase):
    """Something outside Azure ML that has an address."""

    kind: Literal["snowflake", "s3", "git", "python-feed", "container-registry"]
    """What it leads to."""
    target: Annotated[
        str,
        AfterValidator(
            without_secret("leave it out, and name one in Key Vault by auth and secret")
        ),
        Field(min_length=3, max_length=2048),
    ]
    """Its address."""
    auth: Literal["identity", "password", "service_principal", "token", "access_key", "none"]

    @model_validator(mode="after")
    def _auth_of_the_kind(self) -> Self:
        allowed = table("connection-kinds.yaml")[self.kind]["auth"]
        if self.auth not in allowed:
            raise ValueError(
                f"auth: {self.auth} is not for {self.kind}; allowed are {', '.join(allowed)}"
            )
        return self


Connection = Annotated[
    DatabaseConnection | DatabricksFilesConnection | ExternalConnection,
    Field(discriminator="kind"),
]


def check_accounts(datastores: Mapping[str, DatastoreBase], *, shared_keys: bool) -> None:
    """Raises FaultsError where datastores ask for what the environment's own account is not."""
    found = []
    for key, datastore in datastores.items():
        if not isinstance(datastore, StorageDatastore) or datastore.account:
            continue
        if datastore.read_only:
            text = (
                "is for an account named by `account`; workspace and jobs write to the "
                "environment's own"
            )
            found.append(Fault(("datastores", key, "read_only"), text))
        if datastore.auth in ("account_key", "sas") and not shared_keys:
            text = (
                f"{datastore.auth} needs keys, which the environment's account does not take; "
                "use identity, name another `account`, or set storage.shared_keys: true"
            )
            found.append(Fault(("datastores", key, "auth"), text))
    if found:
        raise FaultsError(found)
