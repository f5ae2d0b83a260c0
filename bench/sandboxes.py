"""Sandboxes to measure in: new ones in temporary folders, gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest
from azure.storage.blob import BlobServiceClient

from bench.waiting import until
from sandbox.directory import Directory
from sandbox.environment import client_environment
from sandbox.supervisor import launch

ARM = "https://management.azure.com"
LOGIN = "https://login.microsoftonline.com"
GROUP, STORAGE, VAULT, IDENTITY, ML = (
    "2025-04-01",
    "2024-01-01",
    "2024-11-01",
    "2024-11-30",
    "2025-12-01",
)


class Transport:
    """The transport of Azure's own clients, with no other setting than those given."""

    def __init__(self, proxy: str | None = None, trust: Path | None = None) -> None:
        self.transport = RequestsTransport(use_env_settings=False)
        self.options: dict[str, Any] = {}
        if proxy:
            self.options["proxies"] = {"https": proxy}
        if trust:
            self.options["connection_verify"] = str(trust)

    def send(self, request: HttpRequest) -> Any:
        """The answer, read to its end. Raises RuntimeError where it is an error."""
        answer = self.transport.send(request, **self.options)
        if answer.status_code >= 400:
            raise RuntimeError(f"{request.method} {request.url}: {answer.text()}")
        return answer


class Sandbox:
    """A running sandbox and a client of it."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.environment = client_environment(directory)
        self.client = Transport(self.environment["HTTPS_PROXY"], directory.ca_bundle)
        self.token = self._token()
        self.subscription = f"/subscriptions/{self.environment['AZURE_SUBSCRIPTION_ID']}"

    def request(
        self, method: str, path: str, version: str, body: Any = None, address: str = ARM
    ) -> HttpRequest:
        """An ARM request; with another `address` it goes there and says it meant ARM."""
        headers = {"authorization": f"Bearer {self.token}", "host": ARM.removeprefix("https://")}
        url = f"{address}{path}?api-version={version}"
        return HttpRequest(method, url, headers=headers, json=body)

    def arm(self, method: str, path: str, version: str, body: Any = None) -> Any:
        answer = self.client.send(self.request(method, path, version, body))
        return answer.json() if answer.content else None

    def workspace(self) -> dict[str, str]:
        """Make a workspace with what it stands on; the ids of `group` and so on."""
        group = f"{self.subscription}/resourceGroups/rg-bench"
        storage = f"{group}/providers/Microsoft.Storage/storageAccounts/stbench"
        vault = f"{group}/providers/Microsoft.KeyVault/vaults/kv-bench"
        workspace = f"{group}/providers/Microsoft.MachineLearningServices/workspaces/mlw-bench"
        here = {"location": "eastus"}
        sku = {"name": "standard", "family": "A"}
        owned = {"tenantId": self.environment["AZURE_TENANT_ID"], "sku": sku}
        self.arm("PUT", group, GROUP, here)
        self.arm("PUT", storage, STORAGE,
                 here | {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}})  # fmt: skip
        self.arm("PUT", vault, VAULT, here | {"properties": owned})
        stands_on = {"storageAccount": storage, "keyVault": vault}
        identity = {"type": "SystemAssigned"}
        self.arm("PUT", workspace, ML, here | {"identity": identity, "properties": stands_on})
        made = {"group": group, "storage": storage, "vault": vault, "workspace": workspace}
        until(
            lambda: self.arm("GET", workspace, ML)["properties"]["provisioningState"] == "Succeeded"
        )
        return made

    def blobs(self, storage: str, *, direct: bool = False) -> BlobServiceClient:
        """A client of the account's blobs: through the gateway, or straight to Azurite."""
        key = self.arm("POST", f"{storage}/listKeys", STORAGE)["keys"][0]["value"]
        name = storage.rpartition("/")[2]
        address = f"https://{name}.blob.core.windows.net"
        options: dict[str, Any] = {"proxies": {"https": self.environment["HTTPS_PROXY"]}}
        if direct:
            address, options = f"https://127.0.0.1:{self.port('azurite')}/{name}", {}
        return BlobServiceClient(
            address,
            credential={"account_name": name, "account_key": key},
            connection_verify=str(self.directory.ca_bundle),
            use_env_settings=False,
            **options,
        )

    def port(self, service: str) -> int:
        """The port that a service listens on."""
        found: int = (launch.state(self.directory) or {})["ports"][service]
        return found

    def _token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.environment["AZURE_CLIENT_ID"],
            "client_secret": self.environment["AZURE_CLIENT_SECRET"],
            "scope": f"{ARM}/.default",
        }
        address = f"{LOGIN}/{self.environment['AZURE_TENANT_ID']}/oauth2/v2.0/token"
        token: str = self.client.send(HttpRequest("POST", address, data=form)).json()[
            "access_token"
        ]
        return token


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder; what a service still writes into it does not hinder its end."""
    with tempfile.TemporaryDirectory(prefix="amlops-bench-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextmanager
def sandbox() -> Iterator[Sandbox]:
    """A new sandbox, running and at rest: MLflow too, which takes its time, is up."""
    with folder() as path:
        directory = Directory(path / "sandbox")
        try:
            launch.start(directory)
            box = Sandbox(directory)
            until(directory.mlflow_socket.is_socket)
            yield box
        finally:
            launch.reset(directory)
